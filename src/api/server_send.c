/* SPDX-License-Identifier: MIT */
/* POST /api/v1/messages {"to": TARGET, "text": …, "wait": "delivered", "timeout":
 * seconds}: say something.
 *
 * Answered with 201 once the message is stored; with "wait" 200 once it is delivered, or
 * a problem with status 504 when that took too long, which says that it is stored and
 * will be delivered later. Delivered means: in a direct room that the other party holds
 * it, in an open one that as many peers hold it as were linked when it was said. */
#include "api/server_send.h"

#include <stdlib.h>
#include <string.h>

#include "api/server_object.h"
#include "base/utf8.h"

#define DELIVERED_MS 30000 /* unless told otherwise */

struct sending {
    struct kith_message message; /* its text points at the request's JSON */
    json_t *body;                /* owned */
    bool wants_delivery;
    bool is_direct;
    size_t held_min; /* in open rooms */
    uint64_t timeout_ms;
};

static bool is_delivered(struct kith_request *request)
{
    const struct sending *sending = request->state;
    struct kith_delivery delivery = kith_node_delivery(
        kith_server_node(request->server), sending->message.log_no, sending->message.seq);
    return sending->is_direct ? delivery.is_delivered
                              : delivery.held_count >= sending->held_min;
}

static void answer(struct kith_request *request, unsigned status)
{
    const struct sending *sending = request->state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_object_message(&w, NULL, request->server, &sending->message);
    kith_request_answer(request, status, &w);
}

static void delivered(struct kith_request *request)
{
    if (is_delivered(request))
        answer(request, MHD_HTTP_OK);
}

/* Of a direct message, whose other side this node was told to disconnect. */
static bool is_held_back(const struct kith_request *request)
{
    const struct sending *sending = request->state;
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_room_view room;
    struct kith_peer_view peer;
    return sending->is_direct && kith_node_room(node, sending->message.room_no, &room) &&
           kith_node_peer(node, room.peer_no, &peer) && peer.is_refused;
}

static void timed_out(struct kith_request *request)
{
    const struct sending *sending = request->state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_problem_open(&w, KITH_ETIMEDOUT, MHD_HTTP_GATEWAY_TIMEOUT,
                      is_held_back(request)
                          ? "not delivered, for that peer was disconnected by hand; the "
                            "message is stored and is delivered after `kith connect`, so "
                            "do not send it again"
                          : "not delivered in time; the message is stored and is "
                            "delivered as soon as the other side is there, so do not "
                            "send it again");
    kith_object_message(&w, "message", request->server, &sending->message);
    kith_request_problem_answer(request, MHD_HTTP_GATEWAY_TIMEOUT, &w);
}

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    struct sending *sending = request->state;
    struct kith_room_view room = {0};
    if (notice->reply.error) {
        kith_send_refuse(request, notice->reply.error);
        return;
    }
    sending->message.room_no = notice->reply.room_no;
    sending->message.log_no = notice->reply.log_no;
    sending->message.seq = notice->reply.seq_first;
    sending->message.id = notice->reply.ids[0];
    sending->message.hlc = notice->reply.hlc_first;
    sending->message.seen = kith_hlc_wall(notice->reply.hlc_first);
    if (!sending->wants_delivery) {
        answer(request, MHD_HTTP_CREATED);
        return;
    }
    kith_node_room(kith_server_node(request->server), notice->reply.room_no, &room);
    sending->held_min = room.online_count > 0 ? room.online_count : 1;
    if (is_delivered(request))
        answer(request, MHD_HTTP_OK);
    else
        kith_request_wait(request, sending->timeout_ms);
}

static void send_text(struct kith_request *request, const struct kith_target *target,
                      struct kith_bytes text)
{
    struct sending *sending = request->state;
    struct kith_command command = {.type = KITH_COMMAND_SEND};
    command.send.is_direct = target->is_direct;
    command.send.peer = target->peer;
    command.send.room_no = target->room_no;
    command.send.texts = &text;
    command.send.text_count = 1;
    sending->is_direct = target->is_direct;
    sending->message.text = text;
    int error = kith_request_command(request, &command, on_reply, NULL);
    if (error)
        kith_request_problem(request, error, "the message was not stored: %s; try again",
                             kith_error_text(error));
}

void kith_send_refuse(struct kith_request *request, int error)
{
    if (error == KITH_ECLOSED)
        kith_request_problem(request, error,
                             "the node ended before it could say whether the message was "
                             "stored; start it again and look at the history before you "
                             "send it again");
    else
        kith_request_problem(request, error,
                             "the message was not stored; %ssend it again",
                             kith_request_before_again(error));
}

bool kith_send_check_text(struct kith_request *request, size_t size)
{
    if (size > KITH_TEXT_SIZE_MAX)
        kith_request_problem(request, KITH_ETEXTSIZE, "this one has %zu bytes; split it",
                             size);
    else if (size == 0)
        kith_request_problem(request, KITH_ETEXT, "a message cannot be empty");
    return size > 0 && size <= KITH_TEXT_SIZE_MAX;
}

static bool is_blocked(struct kith_request *request, const struct kith_target *target)
{
    struct kith_peer_view peer;
    return target->is_direct && target->peer_no > 0 &&
           kith_node_peer(kith_server_node(request->server), target->peer_no, &peer) &&
           peer.is_blocked;
}

static bool is_self(const struct kith_request *request, const struct kith_target *target)
{
    return target->is_direct &&
           kith_id_equal(&target->peer, kith_node_id(kith_server_node(request->server)));
}

bool kith_send_check_target(struct kith_request *request,
                            const struct kith_target *target)
{
    bool is_refused = target->is_foreign || target->is_left || is_self(request, target);
    if (is_blocked(request, target)) {
        kith_request_problem(request, KITH_EBLOCKED,
                             "`kith unblock` takes that back; then send again");
        return false;
    }
    if (target->is_foreign)
        kith_request_problem(request, KITH_ENOTFOUND,
                             "that room is of another network, and can only be read; "
                             "start the node in that network to write there");
    else if (is_self(request, target))
        kith_request_problem(request, KITH_EINVALID,
                             "that is this node itself; name another one");
    else if (target->is_left)
        kith_request_problem(request, KITH_ENOTFOUND,
                             "this node left that room; `kith join` goes back into it");
    return !is_refused;
}

static bool parse_wait(struct kith_request *request, struct sending *sending)
{
    const json_t *wait = json_object_get(sending->body, "wait");
    const char *text = json_string_value(wait);
    if (wait && (!text || strcmp(text, "delivered") != 0)) {
        kith_request_problem(request, KITH_EINVALID,
                             "\"wait\" can only be \"delivered\"");
        return false;
    }
    sending->wants_delivery = wait != NULL;
    return kith_request_timeout(request, sending->body, DELIVERED_MS,
                                &sending->timeout_ms);
}

static void handle(struct kith_request *request)
{
    struct sending *sending = kith_request_keep(request, sizeof *sending);
    if (!sending)
        return;
    sending->body = kith_request_json(request);
    struct kith_target target;
    size_t to_size = 0;
    size_t text_size = 0;
    const char *to;
    const char *text;
    if (sending->body &&
        (to = kith_request_member(request, sending->body, "to", &to_size)) &&
        (text = kith_request_member(request, sending->body, "text", &text_size)) &&
        kith_send_check_text(request, text_size) && parse_wait(request, sending) &&
        kith_request_target(request, kith_bytes(to, to_size), &target) &&
        kith_send_check_target(request, &target))
        send_text(request, &target, kith_bytes(text, text_size));
}

static void end(struct kith_request *request)
{
    struct sending *sending = request->state;
    if (sending)
        json_decref(sending->body);
    free(sending);
}

const struct kith_endpoint kith_endpoint_send = {
    .method = "POST",
    .path = "/api/v1/messages",
    .body = KITH_BODY_JSON,
    .handle = handle,
    .end = end,
    .delivered = delivered,
    .timed_out = timed_out,
};
