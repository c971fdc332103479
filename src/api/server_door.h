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

/* A connection. Through TCP strangers come too, so a request has to be there in time as a
 * whole, however busily its single bytes arrive. */
struct kith_visitor {
    struct kith_list link; /* server->visitors */
    struct kith_server *server;
    enum kith_door door;
    struct kith_gate gate; /* KITH_DOOR_TCP */
    int fd;                /* the daemon's */
    uint64_t deadline_ms;  /* loop time, for what is awaited of it; 0: nothing is */
};

/* NULL when there was no memory for it. */
struct kith_visitor *kith_visitor_of(struct MHD_Connection *connection);

/* For libmicrohttpd: a connection begins or ends. */
void kith_visitor_notify(void *ctx, struct MHD_Connection *connection, void **slot,
                         enum MHD_ConnectionNotificationCode code);

/* What is awaited of a visitor (NULL: there was no memory for it): the body of its
 * request, or for now nothing, because the request is there as a whole. */
void kith_visitor_await_body(struct kith_visitor *visitor);
void kith_visitor_await_nothing(struct kith_visitor *visitor);

/* Its request is over: it may ask again, or keep quiet for a while. */
void kith_visitor_await_next(struct kith_visitor *visitor);

/* Its client has closed the connection, or at least its side of it. */
bool kith_visitor_is_gone(const struct kith_visitor *visitor);

/* The earliest deadline of all; UINT64_MAX when there is none. */
uint64_t kith_visitors_deadline_ms(const struct kith_server *server);

/* Hang up on those whose deadline is over. */
void kith_visitors_hang_up(struct kith_server *server, uint64_t now_ms);

/* How many each kind of door lets in, by the descriptors this process may have. */
void kith_doors_share(struct kith_server *server);

void kith_doors_set_accepting(struct kith_server *server, bool is_accepting);

#endif
