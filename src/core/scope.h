/* SPDX-License-Identifier: MIT */
/* From where a numeric address can be dialled. */
#ifndef KITH_CORE_SCOPE_H
#define KITH_CORE_SCOPE_H

#include <stdbool.h>

bool kith_scope_is_loopback(const char *host);

/* From everywhere: not private (RFC 1918, RFC 6598, RFC 4193), nor loopback, link-local,
 * unspecified or multicast. A name is of no scope, and not global. */
bool kith_scope_is_global(const char *host);

#endif
