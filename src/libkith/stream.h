/* SPDX-License-Identifier: MIT */
/* The node's stream of events, read by a thread and kept in a short queue for whoever
 * pulls. When the queue is full the thread reads no more; the node then keeps the place,
 * and what was said waits in its store. */
#ifndef KITH_LIBKITH_STREAM_H
#define KITH_LIBKITH_STREAM_H

#include <jansson.h>

#include "kith/kith.h"

/* Enough that a burst costs one switch between threads; a message is at most 64 KiB of
 * text, so the queue holds 16 MiB at the worst. */
#define KITH_STREAM_NEWS_MAX 256

struct kith_stream; /* opaque */

/* Follow the node of `home` from after the message of arrival number `after`. Returns
 * once the stream is open, or the error; `detail` (KITH_WHY_SIZE bytes) then says more.
 */
int kith_stream_new(const char *home, uint64_t after, struct kith_stream **out,
                    char *detail);
void kith_stream_free(struct kith_stream *stream);

/* As kith_next and kith_fd. */
int kith_stream_next(struct kith_stream *stream, int timeout_ms,
                     const struct kith_news **out);
int kith_stream_fd(const struct kith_stream *stream);

/* Why the stream has ended; valid once kith_stream_next has returned that error. */
const char *kith_stream_detail(const struct kith_stream *stream);

#endif
