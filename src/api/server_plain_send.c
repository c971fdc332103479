/* SPDX-License-Identifier: MIT */
/* POST /send {"ip": …, "msg": …}: say something to one peer, for scripts.
 *
 * 200 {"status": "sent"} once the other side has it. 202 {"status": "pending"} when it is
 * away or does not acknowledge soon: the message is stored and will be delivered. */
#include <stdlib.h>

#include "api/server_send.h"

#define ACKNOWLEDGED_MS                                                                  \
    2000 /* a hundred times what it takes on the other side of Earth */

/* A longest text of which each byte is escaped (\u0001), and whom it is for. */
#define BODY_SIZE_MAX (6 * KITH_TEXT_SIZE_MAX + 4096)

struct sending {
    json_t *body; /* owned */
    struct kith_target target;
    uint32_t log_no;
    uint64_t seq;
};

static void answer(struct kith_request *request, bool is_sent)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "status", is_sent ? "sent" : "pending");
    kith_json_close(&w, '}');
    kith_request_answer(request, is_sent ? MHD_HTTP_OK : MHD_HTTP_ACCEPTED, &w);
}

static void timed_out(struct kith_request *request)
{
    answer(request, false);
}

static void delivered(struct kith_request *request)
{
    const struct sending *sending = request->state;
    struct kith_delivery delivery = kith_node_delivery(kith_server_node(request->server),
                                                       sending->log_no, sending->seq);
    if (sending->target.is_direct ? delivery.is_delivered : delivery.held_count > 0)
        answer(request, true);
}

static bool is_anybody_there(struct kith_request *request, uint32_t room_no)
{
    struct kith_room_view room;
    return kith_node_room(kith_server_node(request->server), room_no, &room) &&
           room.online_count > 0;
}

static void on_reply(struct kith_request *request, const struct kith_notice *notice,
                     void *extra)
{
    struct sending *sending = request->state;
    if (notice->reply.error) {
        kith_send_refuse(request, notice->reply.error);
        return;
    }
    sending->log_no = notice->reply.log_no;
    sending->seq = notice->reply.seq_first;
    if (!is_anybody_there(request, notice->reply.room_no)) {
        answer(request, false);
        return;
    }
    kith_request_wait(request, ACKNOWLEDGED_MS);
    delivered(request);
}

static bool find_target(struct kith_request *request, struct kith_bytes text)
{
    struct sending *sending = request->state;
    return kith_request_target(request, text, &sending->target) &&
           kith_send_check_target(request, &sending->target);
}

static void send_text(struct kith_request *request, struct kith_bytes text)
{
    const struct sending *sending = request->state;
    struct kith_command command = {.type = KITH_COMMAND_SEND};
    command.send.is_direct = sending->target.is_direct;
    command.send.peer = sending->target.peer;
    command.send.room_no = sending->target.room_no;
    command.send.texts = &text;
    command.send.text_count = 1;
    int error = kith_request_command(request, &command, on_reply, NULL);
    if (error)
        kith_request_problem(request, error, "the message was not stored: %s; try again",
                             kith_error_text(error));
}

static void handle(struct kith_request *request)
{
    struct sending *sending = kith_request_keep(request, sizeof *sending);
    if (!sending)
        return;
    sending->body = kith_request_json(request);
    size_t ip_size = 0;
    size_t text_size = 0;
    const char *ip;
    const char *text;
    if (sending->body &&
        (ip = kith_request_member(request, sending->body, "ip", &ip_size)) &&
        (text = kith_request_member(request, sending->body, "msg", &text_size)) &&
        kith_send_check_text(request, text_size) &&
        find_target(request, kith_bytes(ip, ip_size)))
        send_text(request, kith_bytes(text, text_size));
}

static void end(struct kith_request *request)
{
    struct sending *sending = request->state;
    if (sending)
        json_decref(sending->body);
    free(sending);
}

const struct kith_endpoint kith_endpoint_plain_send = {
    .method = "POST",
    .path = "/send",
    .access = KITH_ACCESS_PLAIN,
    .body = KITH_BODY_JSON,
    .body_size_max = BODY_SIZE_MAX,
    .handle = handle,
    .end = end,
    .delivered = delivered,
    .timed_out = timed_out,
};
