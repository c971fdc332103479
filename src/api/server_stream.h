/* SPDX-License-Identifier: MIT */
/* Clients of GET /stream, fed from the store until they have caught up, then by
 * notices.
 *
 * Memory per client is bounded. Messages that do not fit into a queue are left to the
 * store: the client is behind, and reads on from there once it has drained. Other events
 * exist only live; when even they do not fit, the stream is closed, and the client comes
 * back by the id it saw last and asks for the peers anew. */
#ifndef KITH_API_SERVER_STREAM_H
#define KITH_API_SERVER_STREAM_H

#include "api/server_state.h"

#define KITH_STREAM_QUEUE_SIZE_MAX   (256 * 1024)
#define KITH_STREAM_MESSAGE_SIZE_MAX (192 * 1024) /* the rest is for other events */
#define KITH_STREAM_HEARTBEAT_MS     15000 /* what is gone keeps a descriptor so long */

/* Something was committed or changed. */
void kith_streams_notice(struct kith_server *server, const struct kith_notice *notice);

/* A comment to every client, so that those that are gone are noticed. */
void kith_streams_heartbeat(struct kith_server *server);

#endif
