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

/* A client that never reads costs its connection's memory and a queue of messages, less
 * than 64 KiB together, so that 200 of them are bearable. A queue holds most of what one
 * run brings: those who keep up rarely need the store. A message longer than a queue is
 * let in when that is empty, and its memory is given back. */
#define KITH_STREAM_QUEUE_SIZE_MAX   (48 * 1024)
#define KITH_STREAM_MESSAGE_SIZE_MAX (32 * 1024) /* the rest is for other events */
#define KITH_STREAM_BLOCK_SIZE       (4 * 1024)  /* given to the daemon at once */
#define KITH_STREAM_HEARTBEAT_MS     15000 /* what is gone keeps a descriptor so long */

/* Something was committed or changed. */
void kith_streams_notice(struct kith_server *server, const struct kith_notice *notice);

/* A comment to every client, so that those that are gone are noticed. */
void kith_streams_heartbeat(struct kith_server *server);

#endif
