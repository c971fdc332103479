/* SPDX-License-Identifier: MIT */
/* What a running tracker answers over HTTP: on the Unix socket in its home what `kith
 * tracker list` and `stats` ask, in JSON; on a TCP port, where one is wanted, GET
 * /metrics in Prometheus' text format (version 0.0.4), and nothing else. */
#ifndef KITH_TRACKER_HTTP_H
#define KITH_TRACKER_HTTP_H

#include <uv.h>

#include "tracker/tracker.h"

/* Of each door: a person or two with a command, a collector or two. Past it the next ones
 * wait in the kernel's queue, so that whoever reaches one door leaves the other open. */
#define KITH_TRACKER_CLIENTS_MAX 64

enum kith_tracker_door { KITH_TRACKER_CONTROL, KITH_TRACKER_METRICS };
#define KITH_TRACKER_DOORS 2

struct kith_tracker_http; /* opaque */

/* `tracker` is borrowed. KITH_ENOMEM or KITH_EIO. */
int kith_tracker_http_new(uv_loop_t *loop, const struct kith_tracker *tracker,
                          struct kith_tracker_http **out);

/* `take_fd` listens and does not block. At most one of each kind. */
int kith_tracker_http_listen(struct kith_tracker_http *http, enum kith_tracker_door door,
                             int take_fd);

/* Connections that came in there and have not ended. */
size_t kith_tracker_http_clients(const struct kith_tracker_http *http,
                                 enum kith_tracker_door door);

/* kith_tracker_http_free only after `done`. */
void kith_tracker_http_stop(struct kith_tracker_http *http, void (*done)(void *ctx),
                            void *ctx);
void kith_tracker_http_free(struct kith_tracker_http *http); /* accepts NULL */

#endif
