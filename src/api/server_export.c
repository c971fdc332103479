/* SPDX-License-Identifier: MIT */
/* GET /api/v1/export?room=&since=: history as JSON Lines, with the signed bytes.
 *
 * A head, a line a run in the order of arrival, and an end, without which something is
 * missing. Written as the client reads, a few runs at a time, so neither memory nor the
 * other work of the node depends on how much there is. */
#include "api/server_object.h"
#include "api/server_request.h"

#include <stdlib.h>
#include <string.h>

#include "api/server_import_line.h"
#include "base/base64.h"

#define BLOCK_SIZE (64 * 1024)
#define PAUSE_MS   1 /* the others' turn */

enum { PART_HEAD, PART_RUNS, PART_END, PART_DONE };

struct export
{
    struct kith_request *request;
    struct kith_server *server;
    struct kith_export place;
    struct kith_writer w; /* written and not yet sent, from `at` on */
    size_t at;
    int part;
    bool is_empty; /* of a room where nothing was said */
    uint64_t runs;
    uint64_t messages;
};

/* ---- lines ---- */

static void end_line(struct export *export)
{
    kith_json_close(&export->w, '}');
    kith_writer_u8(&export->w, '\n');
}

static void write_head(struct export *export)
{
    struct kith_writer *w = &export->w;
    struct kith_runtime *runtime = export->server->config.runtime;
    const struct kith_node *node = kith_server_node(export->server);
    struct kith_network_view network = kith_runtime_network(runtime);
    char id[KITH_ID_TEXT_SIZE];
    kith_id_format(kith_node_id(node), id);
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "kind", "kith export");
    kith_json_number(w, "version", KITH_EXPORT_VERSION);
    kith_json_string(w, "network", network.name);
    kith_json_string(w, "fingerprint", network.fingerprint);
    kith_json_string(w, "node", id);
    kith_json_string(w, "name", kith_node_name(node));
    kith_json_time(w, "time", kith_runtime_now(runtime).wall);
    end_line(export);
}

static void write_parties(struct kith_writer *w, const struct kith_node *node,
                          uint32_t peer_no)
{
    struct kith_peer_view peer;
    char id[KITH_ID_TEXT_SIZE];
    kith_json_open(w, "between", '[');
    kith_id_format(kith_node_id(node), id);
    kith_json_string(w, NULL, id);
    if (kith_node_peer(node, peer_no, &peer)) {
        kith_id_format(&peer.id, id);
        kith_json_string(w, NULL, id);
    }
    kith_json_close(w, ']');
}

static void write_place(struct kith_writer *w, const struct kith_node *node,
                        const struct kith_export_run *run)
{
    struct kith_room_view room;
    char text[KITH_ROOM_TEXT_SIZE];
    kith_room_text(node, run->room_no, text);
    kith_json_string(w, "room", text);
    if (!kith_node_room(node, run->room_no, &room))
        return;
    kith_id_format(&room.id, text);
    kith_json_string(w, "room_id", text);
    kith_json_bool(w, "direct", room.kind == KITH_ROOM_DIRECT);
    if (room.kind == KITH_ROOM_DIRECT)
        write_parties(w, node, room.peer_no);
}

static bool read_message(const struct kith_export_run *run, size_t index,
                         struct kith_message *out)
{
    const struct kith_event *event = &run->run->events[index];
    struct kith_entry entry = {
        .room_no = run->room_no,
        .log_no = run->log_no,
        .author_no = run->author_no,
        .seq = event->seq,
        .id = event->id,
        .hlc = event->hlc,
        .kind = event->kind,
        .seen = kith_hlc_wall(event->hlc), /* the time is as it was written */
    };
    if (run->run->log_class == KITH_LOG_CONTENT && event->content.size > KITH_SALT_SIZE)
        entry.body = kith_bytes(event->content.data + KITH_SALT_SIZE,
                                event->content.size - KITH_SALT_SIZE);
    return kith_message_from_entry(&entry, out);
}

static int write_run(void *ctx, const struct kith_export_run *run)
{
    struct export *export = ctx;
    struct kith_writer *w = &export->w;
    struct kith_message message;
    char author[KITH_ID_TEXT_SIZE];
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "kind", "run");
    write_place(w, kith_server_node(export->server), run);
    kith_id_format(&run->run->author, author);
    kith_json_string(w, "author", author);
    kith_json_open(w, "messages", '[');
    for (size_t i = 0; i < run->run->count; i++) {
        if (!read_message(run, i, &message))
            continue;
        kith_object_message(w, NULL, export->server, &message);
        export->messages++;
    }
    kith_json_close(w, ']');
    kith_writer_bytes(w, ",\"run\":\"", 8);
    kith_base64_write(w, run->run->bytes);
    kith_writer_u8(w, '"');
    end_line(export);
    export->runs++;
    return w->failed ? KITH_ENOMEM : 0;
}

static void write_end(struct export *export)
{
    struct kith_writer *w = &export->w;
    kith_json_open(w, NULL, '{');
    kith_json_string(w, "kind", "end");
    kith_json_number(w, "run_count", export->runs);
    kith_json_number(w, "message_count", export->messages);
    if (export->place.left_out > 0)
        kith_json_number(w, "damaged_event_count", export->place.left_out);
    end_line(export);
}

/* ---- the stream ---- */

static int write_more(struct export *export)
{
    bool has_more = false;
    int error = 0;
    kith_writer_clear(&export->w);
    export->at = 0;
    if (export->part == PART_HEAD)
        write_head(export);
    else if (export->part == PART_RUNS && !export->is_empty)
        error = kith_runtime_export_step(export->server->config.runtime, &export->place,
                                         write_run, export, &has_more);
    else if (export->part == PART_END)
        write_end(export);
    if (!has_more)
        export->part++;
    return export->w.failed ? KITH_ENOMEM : error;
}

static ssize_t read_export(void *ctx, uint64_t position, char *out, size_t size)
{
    struct export *export = ctx;
    (void)position;
    if (export->server->is_stopping)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (export->at == export->w.size && export->part == PART_DONE)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (export->at == export->w.size && write_more(export) != 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (export->at == export->w.size) { /* much was looked at, and none of it wanted */
        kith_request_suspend(export->request);
        kith_request_wait(export->request, PAUSE_MS);
        return 0;
    }
    size_t left = export->w.size - export->at;
    if (size > left)
        size = left;
    memcpy(out, export->w.data + export->at, size);
    export->at += size;
    return (ssize_t)size;
}

static void end(struct kith_request *request)
{
    struct export *export = request->state;
    if (!export)
        return;
    kith_writer_deinit(&export->w);
    free(export);
}

static void respond(struct kith_request *request, struct export *export)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_export, export, NULL);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "application/jsonl");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    kith_request_respond(request, MHD_HTTP_OK, response);
}

static void handle(struct kith_request *request)
{
    struct kith_target target = {0};
    kith_time since = 0;
    const char *room = kith_request_query(request, "room");
    const char *since_text = kith_request_query(request, "since");
    if (room && !kith_request_target(request, kith_bytes(room, strlen(room)), &target))
        return;
    if (since_text && !kith_request_since(request, since_text, &since))
        return;
    struct export *export = kith_request_keep(request, sizeof *export);
    if (!export)
        return;
    export->request = request;
    export->server = request->server;
    export->w = kith_writer(&kith_alloc_heap);
    export->is_empty = room && target.room_no == 0;
    export->place =
        kith_runtime_export(request->server->config.runtime, target.room_no, since);
    respond(request, export);
}

const struct kith_endpoint kith_endpoint_export = {
    .method = "GET",
    .path = "/api/v1/export",
    .handle = handle,
    .timed_out = kith_request_resume,
    .end = end,
};
