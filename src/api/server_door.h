/* SPDX-License-Identifier: MIT */
/* Doors: the listening sockets, and the connections that come in through them.
 *
 * Each kind of door has its own number of connections, so that whoever fills one of them
 * does not shut the other. Accepting is done here and not by libmicrohttpd: so that
 * credentials are looked at before a byte is read, and so that running out of descriptors
 * pauses it instead of spinning. */
#ifndef KITH_API_SERVER_DOOR_H
#define KITH_API_SERVER_DOOR_H

#include <microhttpd.h>

#include "api/server_state.h"

/* A connection. */
struct kith_visitor {
    struct kith_server *server;
    enum kith_door door;
    struct kith_gate gate; /* KITH_DOOR_TCP */
};

/* NULL when there was no memory for it. */
struct kith_visitor *kith_visitor_of(struct MHD_Connection *connection);

/* For libmicrohttpd: a connection begins or ends. */
void kith_visitor_notify(void *ctx, struct MHD_Connection *connection, void **slot,
                         enum MHD_ConnectionNotificationCode code);

void kith_doors_set_accepting(struct kith_server *server, bool is_accepting);

#endif
