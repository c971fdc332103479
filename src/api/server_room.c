/* SPDX-License-Identifier: MIT */
#include "api/server_room.h"

#include "api/server_object.h"

void kith_request_room_answer(struct kith_request *request,
                              const struct kith_notice *notice)
{
    struct kith_room_view room = {0};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_node_room(kith_server_node(request->server), notice->reply.room_no, &room);
    kith_object_room(&w, NULL, request->server, &room);
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

void kith_request_room(struct kith_request *request, enum kith_command_type type,
                       kith_request_reply_cb *reply)
{
    size_t size = 0;
    struct kith_command command = {.type = type};
    const char *why = "";
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *room = kith_request_member(request, body, "room", &size);
    if (room && kith_name_parse_room(kith_bytes(room, size), &command.room, &why))
        kith_request_problem(request, KITH_ENAME, "%s; choose another one for the room",
                             why);
    else if (room && kith_request_command(request, &command, reply, NULL))
        kith_request_problem(request, KITH_ELIMIT, "the node is busy; try again");
    json_decref(body);
}

void kith_request_room_joined(struct kith_request *request,
                              const struct kith_notice *notice, void *extra)
{
    int error = notice->reply.error;
    if (!error)
        kith_request_room_answer(request, notice);
    else if (error == KITH_ELIMIT)
        kith_request_problem(request, error,
                             "a node is in at most %d rooms; leave one first, `kith "
                             "rooms` lists them",
                             KITH_JOINED_MAX);
    else
        kith_request_problem(request, error, "the room was not joined: %s; try again",
                             kith_error_text(error));
}
