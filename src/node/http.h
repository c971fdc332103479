/* SPDX-License-Identifier: MIT */
/* The control API's TCP socket: made and listening, for whoever serves it. */
#ifndef KITH_NODE_HTTP_H
#define KITH_NODE_HTTP_H

#include "base/address.h"
#include "node/problem.h"

#define KITH_HTTP_PORT        8000
#define KITH_HTTP_PORTS_TRIED 100 /* as many nodes on a host as anybody looks at */

bool kith_http_is_ip(const char *host);

/* Is `host` an IP address that leads to nowhere but this machine? */
bool kith_http_is_loopback(const char *host);

/* Bind `address`, whose host is an IP address, and listen. When it is taken: an error if
 * `is_exact`, else the next free port. `*out_fd` does not block and closes on exec.
 * Returns 0 or a named error, explained. */
int kith_http_listen(const struct kith_address *address, bool is_exact, int *out_fd,
                     struct kith_problem *problem);

/* `asked` with the port that a socket of kith_http_listen really has. */
struct kith_address kith_http_bound(int fd, const struct kith_address *asked);

#endif
