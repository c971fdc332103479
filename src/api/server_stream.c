/* SPDX-License-Identifier: MIT */
/* GET /api/v1/stream: what happens, as Server-Sent Events (HTML Standard, section 9.2).
 *
 * Happy path: the request's place is found (after an id, since a time, or now), the
 * client reads on from the store until nothing is left there and is live from then on;
 * a notice is written once and copied to every queue; the connection is resumed, the
 * daemon empties the queue and is suspended again. */
#include "api/server_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/server_object.h"
#include "api/server_request.h"
#include "base/time_format.h"

enum {
    CATCH_UP_COUNT = 128, /* entries asked of the store at once */
};

struct stream {
    struct kith_list link; /* server->streams */
    struct kith_request *request;
    struct kith_writer queue;
    size_t sent;   /* of the queue */
    uint64_t next; /* arrival number to go on with */
    bool is_live;
    bool is_placed;      /* the client has an id to come back with, or was told one */
    bool is_closing;     /* once the queue is empty */
    kith_time since;     /* what is older is left out, */
    uint64_t since_last; /* up to this arrival: what came after the client did is news */
    bool has_target;
    struct kith_target target;
};

/* ---- the queue ---- */

static size_t queued_size(const struct stream *stream)
{
    return stream->queue.size - stream->sent;
}

static void compact(struct stream *stream)
{
    if (stream->sent == 0 || stream->sent < queued_size(stream))
        return;
    memmove(stream->queue.data, stream->queue.data + stream->sent, queued_size(stream));
    stream->queue.size -= stream->sent;
    stream->sent = 0;
}

/* An event that there was no memory to write is empty: then the stream ends, and the
 * client comes back for it. */
static bool append(struct stream *stream, struct kith_bytes event, size_t size_max)
{
    stream->is_closing |= event.size == 0;
    if (event.size == 0)
        return false;
    if (queued_size(stream) > 0 && queued_size(stream) + event.size > size_max)
        return false;
    compact(stream);
    kith_writer_bytes(&stream->queue, event.data, event.size);
    if (stream->queue.failed)
        stream->is_closing = true;
    return true;
}

static void append_string(struct stream *stream, const char *text)
{
    append(stream, kith_bytes(text, strlen(text)), KITH_STREAM_QUEUE_SIZE_MAX);
}

/* ---- events ---- */

static void begin_event(struct kith_writer *w, const char *type, uint64_t id)
{
    char head[64];
    int size = id > 0 ? snprintf(head, sizeof head,
                                 "id: %" PRIu64 "\nevent: %s\ndata: ", id, type)
                      : snprintf(head, sizeof head, "event: %s\ndata: ", type);
    kith_writer_clear(w);
    kith_writer_bytes(w, head, (size_t)size);
}

static struct kith_bytes end_event(struct kith_writer *w)
{
    kith_writer_bytes(w, "\n\n", 2);
    return w->failed ? kith_bytes(NULL, 0) : kith_writer_view(w);
}

static struct kith_bytes message_event(struct kith_server *server,
                                       const struct kith_message *message)
{
    begin_event(&server->scratch, "message", message->arrival);
    kith_object_message(&server->scratch, NULL, server, message);
    return end_event(&server->scratch);
}

/* Rooms get their number when something is first said in them. */
static bool is_wanted(struct stream *stream, uint32_t room_no)
{
    if (!stream->has_target)
        return true;
    struct kith_room_view room;
    struct kith_peer_view peer;
    const struct kith_node *node = kith_server_node(stream->request->server);
    if (stream->target.room_no == 0 && kith_node_room(node, room_no, &room)) {
        bool is_direct = room.kind == KITH_ROOM_DIRECT;
        bool is_lobby = !is_direct && strcmp(room.name, KITH_LOBBY_NAME) == 0;
        if (is_direct == stream->target.is_direct && !room.is_foreign &&
            (is_lobby || (is_direct && kith_node_peer(node, room.peer_no, &peer) &&
                          kith_id_equal(&peer.id, &stream->target.peer))))
            stream->target.room_no = room_no;
    }
    return stream->target.room_no == room_no;
}

/* ---- reading from the store ---- */

static bool is_too_old(const struct stream *stream, const struct kith_message *message)
{
    return message->arrival <= stream->since_last &&
           kith_message_time(message) < stream->since;
}

struct catch_up {
    struct stream *stream;
    bool is_full;
};

static int visit(void *ctx, const struct kith_entry *entry)
{
    struct catch_up *catch_up = ctx;
    struct stream *stream = catch_up->stream;
    struct kith_message message;
    if (kith_message_from_entry(entry, &message) && !is_too_old(stream, &message) &&
        is_wanted(stream, message.room_no)) {
        struct kith_bytes event = message_event(stream->request->server, &message);
        if (!append(stream, event, KITH_STREAM_MESSAGE_SIZE_MAX)) {
            catch_up->is_full = true;
            return 1;
        }
    }
    stream->next = entry->arrival + 1;
    return 0;
}

/* Who comes back before any message misses none either. */
static void tell_place(struct stream *stream)
{
    char text[32];
    if (stream->is_placed)
        return;
    snprintf(text, sizeof text, "id: %" PRIu64 "\n\n", stream->next - 1);
    append_string(stream, text);
    stream->is_placed = true;
}

/* Arrival numbers have no gaps, so a page that was not cut short has gone through this
 * many, shown or not. */
static void catch_up(struct stream *stream)
{
    struct catch_up state = {.stream = stream};
    struct kith_runtime *runtime = stream->request->server->config.runtime;
    uint64_t last = kith_runtime_arrival_last(runtime);
    uint64_t page_end = stream->next + CATCH_UP_COUNT;
    int error =
        kith_runtime_arrivals(runtime, stream->next, CATCH_UP_COUNT, visit, &state);
    if (error < 0) {
        stream->is_closing = true;
        return;
    }
    if (!state.is_full && stream->next < page_end)
        stream->next = page_end <= last ? page_end : last + 1;
    if (stream->next > last) {
        stream->is_live = true;
        tell_place(stream);
    } else if (queued_size(stream) == 0) {
        append_string(stream, ":\n"); /* nothing of this page was asked for: go on */
    }
}

static void take(struct stream *stream, char *out, size_t size)
{
    memcpy(out, stream->queue.data + stream->sent, size);
    stream->sent += size;
    if (queued_size(stream) > 0)
        return;
    stream->sent = 0;
    if (stream->queue.capacity > 2 * KITH_STREAM_QUEUE_SIZE_MAX)
        kith_writer_deinit(&stream->queue);
    else
        kith_writer_clear(&stream->queue);
}

/* The daemon offers all of a connection's memory, which would be touched and stay. */
static ssize_t read_stream(void *ctx, uint64_t position, char *out, size_t size_max)
{
    struct stream *stream = ctx;
    if (stream->request->server->is_stopping)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (queued_size(stream) == 0 && !stream->is_live && !stream->is_closing)
        catch_up(stream);
    size_t size = queued_size(stream);
    if (stream->queue.failed || (size == 0 && stream->is_closing))
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (size == 0) {
        kith_request_suspend(stream->request);
        return 0;
    }
    size_max = size_max < KITH_STREAM_BLOCK_SIZE ? size_max : KITH_STREAM_BLOCK_SIZE;
    size = size < size_max ? size : size_max;
    take(stream, out, size);
    return (ssize_t)size;
}

/* ---- where to begin ---- */

static bool parse_arrival(const char *text, uint64_t *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0' && *out < UINT64_MAX;
}

/* False after having answered what is wrong with the request. */
static bool find_place(struct kith_request *request, struct stream *stream)
{
    const char *after = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                    "Last-Event-ID");
    const char *since = kith_request_query(request, "since");
    struct kith_runtime *runtime = request->server->config.runtime;
    if (!after)
        after = kith_request_query(request, "after");
    if (after && !parse_arrival(after, &stream->next)) {
        kith_request_problem(request, KITH_EINVALID,
                             "“after” and Last-Event-ID must be the id of an event of "
                             "this stream, a number");
        return false;
    }
    if (after) {
        stream->next++;
        stream->is_placed = true;
    } else if (since) {
        if (!kith_request_since(request, since, &stream->since))
            return false;
        stream->next = kith_runtime_arrival_since(runtime, stream->since);
        stream->since_last = kith_runtime_arrival_last(runtime);
    } else {
        stream->next = kith_runtime_arrival_last(runtime) + 1;
        stream->is_live = true;
    }
    return true;
}

/* ---- live ---- */

static void go_on(struct stream *stream)
{
    kith_request_resume(stream->request);
}

static void send_live(struct stream *stream, const struct kith_message *message,
                      struct kith_bytes event)
{
    if (append(stream, event, KITH_STREAM_MESSAGE_SIZE_MAX))
        stream->next = message->arrival + 1;
    else
        stream->is_live = false;
    go_on(stream);
}

static void tell_message(struct kith_server *server, const struct kith_message *message)
{
    struct kith_bytes event = {0};
    kith_list_each (node, &server->streams) {
        struct stream *stream = kith_list_item(node, struct stream, link);
        if (!stream->is_live || message->arrival < stream->next ||
            !is_wanted(stream, message->room_no))
            continue;
        if (event.size == 0)
            event = message_event(server, message);
        send_live(stream, message, event);
    }
}

/* Numbers are without gaps: whoever is not exactly here reads from the store. */
static void check_places(struct kith_server *server, uint64_t arrival)
{
    kith_list_each (node, &server->streams) {
        struct stream *stream = kith_list_item(node, struct stream, link);
        if (!stream->is_live || stream->next >= arrival)
            continue;
        stream->is_live = false;
        go_on(stream);
    }
}

static void pass_places(struct kith_server *server, uint64_t arrival_last)
{
    kith_list_each (node, &server->streams) {
        struct stream *stream = kith_list_item(node, struct stream, link);
        if (stream->is_live && stream->next <= arrival_last)
            stream->next = arrival_last + 1;
    }
}

static void tell_run(struct kith_server *server, const struct kith_notice *notice)
{
    struct kith_peer_view author;
    uint64_t last = notice->message.arrival_first + notice->message.run->count - 1;
    if (kith_list_is_empty(&server->streams))
        return;
    check_places(server, notice->message.arrival_first);
    bool is_blocked =
        kith_node_peer(kith_server_node(server), notice->message.author_no, &author) &&
        author.is_blocked;
    for (size_t i = 0; !is_blocked && i < notice->message.run->count; i++) {
        struct kith_message message;
        if (kith_message_from_notice(notice, i, &message))
            tell_message(server, &message);
    }
    pass_places(server, last);
}

static void tell(struct kith_server *server, uint32_t room_no)
{
    struct kith_bytes event = end_event(&server->scratch);
    kith_list_each (node, &server->streams) {
        struct stream *stream = kith_list_item(node, struct stream, link);
        if (room_no > 0 && !is_wanted(stream, room_no))
            continue;
        if (!append(stream, event, KITH_STREAM_QUEUE_SIZE_MAX))
            stream->is_closing = true;
        go_on(stream);
    }
}

static void tell_peer(struct kith_server *server, const struct kith_notice *notice)
{
    static const char *const changes[] = {
        [KITH_PEER_ONLINE] = "online",
        [KITH_PEER_OFFLINE] = "offline",
        [KITH_PEER_RENAMED] = "renamed",
    };
    struct kith_writer *w = &server->scratch;
    struct kith_peer_view peer;
    if (!kith_node_peer(kith_server_node(server), notice->peer.peer_no, &peer))
        return;
    begin_event(w, "peer", 0);
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "change", changes[notice->peer.change]);
    if (notice->peer.change == KITH_PEER_RENAMED)
        kith_json_string(w, "name_before", notice->peer.name_before.text);
    kith_object_peer(w, "peer", server, &peer);
    kith_json_close(w, '}');
    tell(server, 0);
}

static void tell_delivery(struct kith_server *server, const struct kith_notice *notice)
{
    struct kith_writer *w = &server->scratch;
    const struct kith_node *node = kith_server_node(server);
    struct kith_peer_view peer;
    struct kith_delivery delivery =
        kith_node_delivery(node, notice->delivery.log_no, notice->delivery.seq);
    char room[KITH_ROOM_TEXT_SIZE];
    char id[KITH_ID_TEXT_SIZE];
    if (!kith_node_peer(node, notice->delivery.peer_no, &peer))
        return;
    kith_id_format(&peer.id, id);
    kith_room_text(node, notice->delivery.room_no, room);
    begin_event(w, "delivery", 0);
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "room", room);
    kith_json_string(w, "peer", id);
    kith_json_string(w, "name", kith_names_get(&server->names, node, peer.no));
    kith_json_number(w, "log", notice->delivery.log_no);
    kith_json_number(w, "seq", notice->delivery.seq);
    kith_json_string(w, "state", kith_state_text(delivery));
    kith_json_number(w, "held_by", delivery.held_count);
    kith_json_close(w, '}');
    tell(server, notice->delivery.room_no);
}

static const struct {
    const char *name;
    const char *text;
} warnings[] = {
    [KITH_WARNING_FORK] = {"fork", "this peer signed two different histories: its home "
                                   "was copied, or its key is in other hands"},
    [KITH_WARNING_COPIED_HOME] = {"copied_home",
                                  "this id runs twice at once: one home was copied; give "
                                  "the copy a home of its own"},
    [KITH_WARNING_FAULT] = {"fault", "this peer broke the protocol; its link was closed"},
    [KITH_WARNING_NETWORK] = {"network", "the node there is of another network or has "
                                         "another passphrase"},
    [KITH_WARNING_TRACKER] =
        {"tracker", "this tracker broke the protocol, or shows another key than "
                    "before; it is not used"},
    [KITH_WARNING_FUTURE] = {"future", "this peer writes more than a day ahead of our "
                                       "clock; check both clocks"},
    [KITH_WARNING_FULL] = {"full", "a room of theirs and ours holds as many logs as it "
                                   "may: who is new there, or starts anew, is not heard; "
                                   "go on in another room"},
};

static void tell_warning(struct kith_server *server, const struct kith_notice *notice)
{
    struct kith_writer *w = &server->scratch;
    char id[KITH_ID_TEXT_SIZE];
    kith_id_format(&notice->warning.peer, id);
    begin_event(w, "warning", 0);
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "warning", warnings[notice->warning.warning].name);
    kith_json_string(w, "peer", id);
    kith_json_string(w, "text", warnings[notice->warning.warning].text);
    if (notice->warning.address.host[0]) {
        char address[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&notice->warning.address, address);
        kith_json_string(w, "address", address);
    }
    if (notice->warning.error)
        kith_json_string(w, "reason", kith_error_text(notice->warning.error));
    kith_json_close(w, '}');
    tell(server, 0);
}

static void tell_tracker(struct kith_server *server, const struct kith_notice *notice)
{
    struct kith_writer *w = &server->scratch;
    begin_event(w, "tracker", 0);
    if (!kith_object_tracker(w, NULL, kith_server_node(server), notice->tracker.tracker))
        return;
    tell(server, 0);
}

void kith_streams_notice(struct kith_server *server, const struct kith_notice *notice)
{
    if (notice->type == KITH_NOTICE_MESSAGE)
        tell_run(server, notice);
    else if (kith_list_is_empty(&server->streams))
        return;
    else if (notice->type == KITH_NOTICE_PEER)
        tell_peer(server, notice);
    else if (notice->type == KITH_NOTICE_DELIVERY)
        tell_delivery(server, notice);
    else if (notice->type == KITH_NOTICE_WARNING)
        tell_warning(server, notice);
    else if (notice->type == KITH_NOTICE_TRACKER)
        tell_tracker(server, notice);
}

void kith_streams_heartbeat(struct kith_server *server)
{
    server->heartbeat_ms = 0;
    if (kith_list_is_empty(&server->streams))
        return;
    server->heartbeat_ms = uv_now(server->config.loop) + KITH_STREAM_HEARTBEAT_MS;
    kith_list_each (node, &server->streams) {
        struct stream *stream = kith_list_item(node, struct stream, link);
        if (queued_size(stream) == 0)
            append_string(stream, ":\n");
        go_on(stream);
    }
}

/* ---- the endpoint ---- */

static void end(struct kith_request *request)
{
    struct stream *stream = request->state;
    if (!stream)
        return;
    kith_list_remove(&stream->link);
    kith_writer_deinit(&stream->queue);
    free(stream);
    if (kith_list_is_empty(&request->server->streams))
        request->server->heartbeat_ms = 0;
}

static struct MHD_Response *stream_response(struct stream *stream)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, KITH_STREAM_BLOCK_SIZE, read_stream, stream, NULL);
    if (!response)
        return NULL;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return response;
}

static void handle(struct kith_request *request)
{
    struct kith_server *server = request->server;
    struct stream *stream = kith_request_keep(request, sizeof *stream);
    if (!stream)
        return;
    stream->request = request;
    stream->queue = kith_writer(&kith_alloc_heap);
    kith_list_init(&stream->link);
    const char *room = kith_request_query(request, "room");
    if (room &&
        !kith_request_target(request, kith_bytes(room, strlen(room)), &stream->target))
        return;
    stream->has_target = room != NULL;
    if (!find_place(request, stream))
        return;
    append_string(stream, "retry: 1000\n\n");
    if (stream->is_live)
        tell_place(stream);
    kith_list_push(&server->streams, &stream->link);
    if (server->heartbeat_ms == 0)
        server->heartbeat_ms = uv_now(server->config.loop) + KITH_STREAM_HEARTBEAT_MS;
    kith_request_respond(request, MHD_HTTP_OK, stream_response(stream));
}

const struct kith_endpoint kith_endpoint_stream = {
    .method = "GET",
    .path = "/api/v1/stream",
    .handle = handle,
    .end = end,
};
