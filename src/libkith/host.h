/* SPDX-License-Identifier: MIT */
/* A node inside this process: the runtime and its control API on a thread and a loop of
 * their own. Whoever wants something of it asks through the socket in the home, as any
 * other program does. */
#ifndef KITH_LIBKITH_HOST_H
#define KITH_LIBKITH_HOST_H

#include "libkith/options.h"
#include "node/problem.h"

struct kith_host; /* opaque */

/* Start the node of `home`; `options` may be NULL. Returns once it can be asked, or the
 * error, explained: KITH_ELOCKED when one runs already. */
int kith_host_new(const char *home, const struct kith_options *options,
                  struct kith_host **out, struct kith_problem *problem);

/* Stop it cleanly, if it has not been (by POST /shutdown), and wait for its end. */
void kith_host_free(struct kith_host *host);

#endif
