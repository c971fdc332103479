/* SPDX-License-Identifier: MIT */
/* Where a node can be reached, as people write it.
 *
 * `host`, `host:port`, `1.2.3.4`, `1.2.3.4:port`, `::1`, `[::1]`, `[::1]:port`,
 * `[fe80::1%eth0]:port`. Host names are resolved later, and again at each dial. */
#ifndef KITH_BASE_ADDRESS_H
#define KITH_BASE_ADDRESS_H

#include "base/bytes.h"

#define KITH_PORT_DEFAULT 4747

/* RFC 1035 section 2.3.4 */
#define KITH_HOST_SIZE_MAX 255

/* [host]:65535 and the terminator */
#define KITH_ADDRESS_TEXT_SIZE (KITH_HOST_SIZE_MAX + 9)

/* In its one form: names in lower case, IP addresses as inet_ntop writes them. */
struct kith_address {
    char host[KITH_HOST_SIZE_MAX + 1]; /* without brackets; "" means every interface */
    uint16_t port;
};

/* `port_default` is used where the text names none. An empty host is allowed only with
 * `allow_any` (":4747", for --listen), and so is port 0, given or by default. A host
 * that ends in a number must be a whole IPv4 address ("4747" and "1.2.3" are none). A
 * host name may be in Unicode; its labels are checked as the resolver wants them: 1 to
 * 63 bytes of letters, digits, - and _. Returns 0 or KITH_EADDRESS, `out` untouched;
 * `*why` (may be NULL) gets a static clause. */
int kith_address_parse(struct kith_bytes text, uint16_t port_default, bool allow_any,
                       struct kith_address *out, const char **why);

/* `host:port`, with brackets around an IPv6 address; `:port` for an empty host. */
void kith_address_format(const struct kith_address *address,
                         char out[static KITH_ADDRESS_TEXT_SIZE]);

/* Host names are compared without regard to (ASCII) case. */
bool kith_address_equal(const struct kith_address *a, const struct kith_address *b);

#endif
