/* SPDX-License-Identifier: MIT */
/* Where others can reach what this node listens on. */
#ifndef KITH_NODE_REACH_H
#define KITH_NODE_REACH_H

#include "base/address.h"
#include <stddef.h>

/* The bound addresses, a wildcard replaced by the addresses this host has now: those of
 * real interfaces first, loopback only when there is none, link-local ones never (their
 * scope means nothing elsewhere). Returns how many of at most `out_max`. */
size_t kith_reach(const struct kith_address *bound, size_t bound_count,
                  struct kith_address *out, size_t out_max);

#endif
