/* SPDX-License-Identifier: MIT */
/* Requests that name an open room and are answered with it. */
#ifndef KITH_API_SERVER_ROOM_H
#define KITH_API_SERVER_ROOM_H

#include "api/server_request.h"

/* {"room": "#garden"}, with or without the `#`: give the runtime a JOIN or LEAVE. */
void kith_request_room(struct kith_request *request, enum kith_command_type type,
                       kith_request_reply_cb *reply);

/* What came of a JOIN; for kith_request_command, without `extra`. */
void kith_request_room_joined(struct kith_request *request,
                              const struct kith_notice *notice, void *extra);

/* 200, with the room that a reply names, as it is now. */
void kith_request_room_answer(struct kith_request *request,
                              const struct kith_notice *notice);

#endif
