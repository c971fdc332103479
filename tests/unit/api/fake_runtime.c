/* SPDX-License-Identifier: MIT */
#include "fake_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kith_node *kith_runtime_node(const struct kith_runtime *runtime)
{
    return &runtime->node;
}

size_t kith_runtime_listening(const struct kith_runtime *runtime,
                              const struct kith_address **out)
{
    *out = runtime->listen;
    return 1;
}

struct kith_network_view kith_runtime_network(const struct kith_runtime *runtime)
{
    (void)runtime;
    return (struct kith_network_view){"home", false, "abcdefghijkl"};
}

const char *kith_runtime_home(const struct kith_runtime *runtime)
{
    return "/home/of/fake";
}

void kith_runtime_observe(struct kith_runtime *runtime, struct kith_observer *observer)
{
    kith_list_push(&runtime->observers, &observer->link);
}

void kith_runtime_unobserve(struct kith_observer *observer)
{
    kith_list_remove(&observer->link);
}

static void tell(struct kith_runtime *runtime, const struct kith_notice *notice)
{
    kith_list_each_safe (node, &runtime->observers) {
        struct kith_observer *observer = kith_list_item(node, struct kith_observer, link);
        observer->notice(observer->ctx, notice);
    }
}

static struct fake_entry *store(struct kith_runtime *runtime, uint32_t room_no,
                                uint32_t log_no, uint32_t author_no,
                                struct kith_bytes text, kith_time written)
{
    if (runtime->entry_count == runtime->entry_capacity) {
        runtime->entry_capacity = runtime->entry_capacity * 2 + 64;
        runtime->entries =
            realloc(runtime->entries, runtime->entry_capacity * sizeof *runtime->entries);
    }
    struct fake_entry *entry = &runtime->entries[runtime->entry_count++];
    runtime->wall += KITH_MS;
    *entry = (struct fake_entry){
        .room_no = room_no,
        .log_no = log_no,
        .author_no = author_no,
        .seq = ++runtime->seqs[log_no],
        .arrival = runtime->entry_count,
        .seen = runtime->wall,
        .hlc = kith_hlc_from_wall(written ? written : runtime->wall),
        .id = fake_id(1, runtime->entry_count),
        .text = malloc(text.size + 1),
        .size = text.size,
    };
    memcpy(entry->text, text.data, text.size);
    entry->text[text.size] = '\0';
    return entry;
}

static void tell_stored(struct kith_runtime *runtime, uint64_t arrival_first,
                        size_t count)
{
    static const uint8_t salt[KITH_SALT_SIZE];
    const struct fake_entry *first = &runtime->entries[arrival_first - 1];
    struct kith_writer contents[KITH_RUN_COUNT_MAX];
    struct kith_run *run = &runtime->run;
    *run = (struct kith_run){.seq_first = first->seq, .count = count};
    for (size_t i = 0; i < count; i++) {
        const struct fake_entry *entry = &first[i];
        contents[i] = kith_writer(&kith_alloc_heap);
        kith_writer_bytes(&contents[i], salt, sizeof salt);
        kith_body_message_encode(&contents[i], kith_bytes(entry->text, entry->size));
        run->events[i] = (struct kith_event){
            .seq = entry->seq,
            .hlc = entry->hlc,
            .kind = KITH_KIND_MESSAGE,
            .content = kith_writer_view(&contents[i]),
            .id = entry->id,
        };
    }
    struct kith_notice notice = {.type = KITH_NOTICE_MESSAGE};
    notice.message.room_no = first->room_no;
    notice.message.log_no = first->log_no;
    notice.message.author_no = first->author_no;
    notice.message.arrival_first = arrival_first;
    notice.message.seen = first->seen;
    notice.message.run = run;
    tell(runtime, &notice);
    for (size_t i = 0; i < count; i++)
        kith_writer_deinit(&contents[i]);
}

static uint32_t direct_room(struct kith_node *node, uint32_t peer_no)
{
    uint32_t room_no = fake_find_direct(node, peer_no);
    if (room_no == 0) {
        room_no = (uint32_t)++node->room_count;
        node->room_peer[room_no] = peer_no;
    }
    return room_no;
}

static uint32_t peer_of(const struct kith_node *node, const struct kith_id *id)
{
    for (uint32_t no = 1; no <= node->peer_count; no++)
        if (kith_id_equal(&node->peers[no].id, id))
            return no;
    return 0;
}

static uint32_t open_room(const struct kith_command *command)
{
    return command->send.room_no ? command->send.room_no : LOBBY;
}

static int do_join(struct kith_node *node, const struct kith_command *command,
                   struct fake_reply *reply)
{
    uint32_t no = fake_find_open(node, command->room.text);
    bool is_join = command->type == KITH_COMMAND_JOIN;
    if (!is_join && (no == 0 || node->room_left[no]))
        return KITH_ENOTFOUND;
    if (!is_join && no == LOBBY)
        return KITH_EINVALID;
    if (no == 0) {
        no = (uint32_t)++node->room_count;
        node->room_name[no] = command->room;
    }
    node->room_left[no] = !is_join;
    reply->notice.reply.room_no = no;
    return 0;
}

static void do_mark(struct kith_node *node, const struct kith_command *command,
                    struct fake_reply *reply)
{
    uint32_t no = peer_of(node, &command->mark.peer);
    reply->notice.reply.peer_no = no;
    if (no == 0)
        reply->notice.reply.error = KITH_ESELF;
    else if (command->type == KITH_COMMAND_BLOCK)
        node->peers[no].is_blocked = command->mark.is_on;
    else
        node->peers[no].is_verified = command->mark.is_on;
}

static void do_send(struct kith_runtime *runtime, const struct kith_command *command,
                    struct fake_reply *reply)
{
    size_t count = command->send.text_count;
    uint32_t room_no =
        command->send.is_direct
            ? direct_room(&runtime->node, peer_of(&runtime->node, &command->send.peer))
            : open_room(command);
    uint32_t log_no = OWN_LOG_FIRST + room_no;
    reply->ids = calloc(count, sizeof *reply->ids);
    reply->arrival_first = runtime->entry_count + 1;
    for (size_t i = 0; i < count; i++)
        reply->ids[i] = store(runtime, room_no, log_no, 0, command->send.texts[i], 0)->id;
    const struct fake_entry *first = &runtime->entries[reply->arrival_first - 1];
    reply->notice.reply.room_no = room_no;
    reply->notice.reply.log_no = log_no;
    reply->notice.reply.seq_first = first->seq;
    reply->notice.reply.count = count;
    reply->notice.reply.ids = reply->ids;
    reply->notice.reply.hlc_first = first->hlc;
    if (count > runtime->batch_max)
        runtime->batch_max = count;
}

static void do_lookup(struct kith_runtime *runtime, const struct kith_command *command,
                      struct fake_reply *reply)
{
    runtime->asked = *command;
    reply->notice.reply.found = runtime->found;
    reply->notice.reply.count = runtime->found_count;
    if (runtime->found_count == 0)
        reply->notice.reply.error = KITH_ENOTFOUND;
}

static void do_command(struct kith_runtime *runtime, const struct kith_command *command,
                       struct fake_reply *reply)
{
    struct kith_node *node = &runtime->node;
    int error = runtime->reply_error;
    reply->notice.reply.error = error;
    if (error)
        return;
    switch (command->type) {
    case KITH_COMMAND_SEND:
        do_send(runtime, command, reply);
        break;
    case KITH_COMMAND_RENAME:
        node->name = command->rename;
        break;
    case KITH_COMMAND_CONNECT:
        reply->notice.reply.peer_no = 1;
        break;
    case KITH_COMMAND_DISCONNECT:
        reply->notice.reply.peer_no = peer_of(node, &command->disconnect);
        node->peers[reply->notice.reply.peer_no].is_online = false;
        break;
    case KITH_COMMAND_LOOKUP:
        do_lookup(runtime, command, reply);
        break;
    case KITH_COMMAND_IMPORT:
        reply->notice.reply.count = 1;
        break;
    case KITH_COMMAND_BLOCK:
    case KITH_COMMAND_VERIFY:
        do_mark(node, command, reply);
        break;
    case KITH_COMMAND_JOIN:
    case KITH_COMMAND_LEAVE:
        reply->notice.reply.error = do_join(node, command, reply);
        break;
    default:
        break;
    }
}

static void on_idle(uv_idle_t *idle)
{
}

int kith_runtime_command(struct kith_runtime *runtime, const struct kith_command *command,
                         kith_reply_cb *reply, void *ctx)
{
    if (runtime->unanswered >= runtime->unanswered_max)
        return KITH_ELIMIT;
    struct fake_reply *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return KITH_ENOMEM;
    *pending = (struct fake_reply){.reply = reply, .ctx = ctx};
    pending->notice.type = KITH_NOTICE_REPLY;
    do_command(runtime, command, pending);
    runtime->unanswered++;
    runtime->command_count++;
    kith_list_push(&runtime->replies, &pending->link);
    if (!runtime->is_holding)
        uv_idle_start(&runtime->idle, on_idle);
    return 0;
}

static void on_check(uv_check_t *check)
{
    struct kith_runtime *runtime = check->data;
    uv_idle_stop(&runtime->idle);
    while (!runtime->is_holding && !kith_list_is_empty(&runtime->replies)) {
        struct fake_reply *pending =
            kith_list_item(runtime->replies.next, struct fake_reply, link);
        kith_list_remove(&pending->link);
        runtime->unanswered--;
        if (pending->reply)
            pending->reply(pending->ctx, &pending->notice);
        if (pending->ids)
            tell_stored(runtime, pending->arrival_first, pending->notice.reply.count);
        free(pending->ids);
        free(pending);
    }
}

static struct kith_entry entry_view(const struct fake_entry *entry, struct kith_writer *w)
{
    kith_writer_clear(w);
    kith_body_message_encode(w, kith_bytes(entry->text, entry->size));
    return (struct kith_entry){
        .room_no = entry->room_no,
        .log_no = entry->log_no,
        .author_no = entry->author_no,
        .seq = entry->seq,
        .id = entry->id,
        .hlc = entry->hlc,
        .kind = KITH_KIND_MESSAGE,
        .arrival = entry->arrival,
        .seen = entry->seen,
        .body = kith_writer_view(w),
    };
}

int kith_runtime_arrivals(struct kith_runtime *runtime, uint64_t first, size_t limit,
                          kith_entry_cb *visit, void *ctx)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    for (size_t i = first > 0 ? (size_t)first - 1 : 0;
         i < runtime->entry_count && limit > 0; i++, limit--) {
        struct kith_entry entry = entry_view(&runtime->entries[i], &w);
        if (w.failed || visit(ctx, &entry))
            break;
    }
    int error = w.failed ? KITH_ENOMEM : 0;
    kith_writer_deinit(&w);
    return error;
}

/* A few too early, as the real one. */
uint64_t kith_runtime_arrival_since(struct kith_runtime *runtime, kith_time since)
{
    size_t i = 0;
    while (i < runtime->entry_count && runtime->entries[i].seen < since)
        i++;
    return i > 10 ? i - 10 : 0;
}

uint64_t kith_runtime_arrival_last(const struct kith_runtime *runtime)
{
    return runtime->entry_count;
}

struct kith_now kith_runtime_now(const struct kith_runtime *runtime)
{
    return (struct kith_now){.wall = runtime->wall, .mono = runtime->wall};
}

static int compare_shown(kith_hlc hlc, const struct kith_id *id,
                         const struct fake_entry *entry)
{
    if (hlc != entry->hlc)
        return hlc < entry->hlc ? -1 : 1;
    return kith_id_compare(id, &entry->id);
}

static int compare_entries(const void *a, const void *b)
{
    const struct fake_entry *entry = *(const struct fake_entry *const *)a;
    return compare_shown(entry->hlc, &entry->id, *(const struct fake_entry *const *)b);
}

static bool is_asked(const struct kith_history_query *query,
                     const struct fake_entry *entry)
{
    if (query->room_no && query->room_no != entry->room_no)
        return false;
    if (kith_hlc_wall(entry->hlc) < query->since)
        return false;
    if (!query->has_after)
        return true;
    int order = compare_shown(query->after_hlc, &query->after_id, entry);
    return query->newest_first ? order > 0 : order < 0;
}

int kith_runtime_history(struct kith_runtime *runtime, struct kith_history_query *query,
                         kith_entry_cb *visit, void *ctx, bool *out_more)
{
    *out_more = runtime->history_steps > 0;
    if (*out_more) {
        runtime->history_steps--;
        return 0;
    }
    size_t count = runtime->entry_count;
    const struct fake_entry **sorted = calloc(count + 1, sizeof(void *));
    if (sorted == NULL)
        return KITH_ENOMEM;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    size_t given = 0;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &runtime->entries[i];
    qsort(sorted, count, sizeof(void *), compare_entries);
    for (size_t i = 0; i < count && given < query->limit; i++) {
        const struct fake_entry *entry = sorted[query->newest_first ? count - 1 - i : i];
        if (!is_asked(query, entry))
            continue;
        struct kith_entry view = entry_view(entry, &w);
        given++;
        if (visit(ctx, &view))
            break;
    }
    kith_writer_deinit(&w);
    free(sorted);
    return 0;
}

bool kith_runtime_index(struct kith_runtime *runtime)
{
    if (runtime->index_steps > 0)
        runtime->index_steps--;
    return runtime->index_steps == 0;
}

int kith_runtime_message(struct kith_runtime *runtime, const struct kith_id *id,
                         kith_entry_cb *visit, void *ctx)
{
    int result = KITH_ENOTFOUND;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    for (size_t i = 0; i < runtime->entry_count && runtime->index_steps == 0; i++) {
        struct kith_entry view = entry_view(&runtime->entries[i], &w);
        if (result == KITH_ENOTFOUND && kith_id_equal(&view.id, id))
            result = visit(ctx, &view);
    }
    kith_writer_deinit(&w);
    return result;
}

/* The store is not here: the text is looked for as it stands. */
int kith_runtime_search(struct kith_runtime *runtime,
                        const struct kith_runtime_search_query *query,
                        kith_entry_cb *visit, void *ctx, uint64_t *out_before)
{
    char text[256];
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    size_t i = runtime->entry_count;
    size_t looked = 0;
    int result = runtime->index_error;
    snprintf(text, sizeof text, "%.*s", (int)query->text.size,
             (const char *)query->text.data);
    if (query->arrival_before > 0 && query->arrival_before <= i)
        i = (size_t)query->arrival_before - 1;
    *out_before = 0;
    while (i > 0 && i >= query->arrival_from && result == 0 && looked < query->limit) {
        const struct fake_entry *entry = &runtime->entries[--i];
        if (!strstr(entry->text, text))
            continue;
        looked++;
        *out_before = entry->arrival;
        struct kith_entry view = entry_view(entry, &w);
        if (query->room_no == 0 || query->room_no == entry->room_no)
            result = visit(ctx, &view);
    }
    if (result == 0 && looked < query->limit)
        *out_before = 0;
    kith_writer_deinit(&w);
    return result;
}

/* ---- the test's side ---- */

struct kith_runtime *fake_runtime_new(uv_loop_t *loop)
{
    struct kith_runtime *runtime = calloc(1, sizeof *runtime);
    runtime->loop = loop;
    runtime->node.id = fake_id(9, 1);
    snprintf(runtime->node.name.text, sizeof runtime->node.name.text, "ada");
    runtime->node.room_count = LOBBY;
    runtime->wall = 1763700000 * KITH_SECOND;
    runtime->unanswered_max = SIZE_MAX;
    snprintf(runtime->listen[0].host, sizeof runtime->listen[0].host, "0.0.0.0");
    runtime->listen[0].port = KITH_PORT_DEFAULT;
    runtime->lan = (struct kith_lan_view){
        .is_wanted = true, .port = KITH_PORT_DEFAULT, .sent = 6, .received = 4};
    runtime->mapping = (struct kith_mapping_view){
        .is_wanted = true,
        .router = {.state = KITH_PORTMAP_MAPPED,
                   .protocol = "NAT-PMP",
                   .external = {.host = "203.0.113.7", .port = 50123},
                   .port = KITH_PORT_DEFAULT,
                   .router = "10.0.0.254"}};
    runtime->node.beacons = (struct kith_beacon_counts){.sent = 2, .own = 2, .heard = 2};
    runtime->interface_count = 1;
    kith_list_init(&runtime->observers);
    kith_list_init(&runtime->replies);
    uv_check_init(loop, &runtime->check);
    uv_idle_init(loop, &runtime->idle);
    runtime->check.data = runtime;
    uv_check_start(&runtime->check, on_check);
    return runtime;
}

void fake_runtime_close(struct kith_runtime *runtime)
{
    uv_close((uv_handle_t *)&runtime->check, NULL);
    uv_close((uv_handle_t *)&runtime->idle, NULL);
}

void fake_runtime_free(struct kith_runtime *runtime)
{
    kith_list_each_safe (node, &runtime->replies) {
        struct fake_reply *pending = kith_list_item(node, struct fake_reply, link);
        free(pending->ids);
        free(pending);
    }
    for (size_t i = 0; i < runtime->entry_count; i++)
        free(runtime->entries[i].text);
    free(runtime->entries);
    free(runtime);
}

static void tell_peer(struct kith_runtime *runtime, uint32_t peer_no,
                      enum kith_peer_change change, struct kith_name before)
{
    struct kith_notice notice = {.type = KITH_NOTICE_PEER};
    notice.peer.peer_no = peer_no;
    notice.peer.change = change;
    notice.peer.name_before = before;
    tell(runtime, &notice);
}

uint32_t fake_add_peer(struct kith_runtime *runtime, const char *name, bool is_online)
{
    uint32_t no = (uint32_t)++runtime->node.peer_count;
    struct fake_peer *peer = &runtime->node.peers[no];
    peer->id = fake_id(2, no);
    snprintf(peer->name.text, sizeof peer->name.text, "%s", name);
    if (is_online)
        fake_set_online(runtime, no, true);
    return no;
}

void fake_rename_peer(struct kith_runtime *runtime, uint32_t peer_no, const char *name)
{
    struct fake_peer *peer = &runtime->node.peers[peer_no];
    struct kith_name before = peer->name;
    snprintf(peer->name.text, sizeof peer->name.text, "%s", name);
    tell_peer(runtime, peer_no, KITH_PEER_RENAMED, before);
}

void fake_set_online(struct kith_runtime *runtime, uint32_t peer_no, bool is_online)
{
    runtime->node.peers[peer_no].is_online = is_online;
    tell_peer(runtime, peer_no, is_online ? KITH_PEER_ONLINE : KITH_PEER_OFFLINE,
              (struct kith_name){{0}});
}

void fake_receive(struct kith_runtime *runtime, uint32_t author_no, bool is_direct,
                  const char *text, kith_time written)
{
    uint32_t room_no = is_direct ? direct_room(&runtime->node, author_no) : LOBBY;
    const struct fake_entry *entry =
        store(runtime, room_no, PEER_LOG_FIRST + author_no, author_no,
              kith_bytes(text, strlen(text)), written);
    tell_stored(runtime, entry->arrival, 1);
}

void fake_deliver(struct kith_runtime *runtime, uint32_t log_no, uint64_t seq,
                  uint32_t peer_no)
{
    struct kith_notice notice = {.type = KITH_NOTICE_DELIVERY};
    runtime->node.acks[runtime->node.ack_count++] =
        (struct fake_ack){.log_no = log_no, .peer_no = peer_no, .seq = seq};
    notice.delivery.room_no = log_no - OWN_LOG_FIRST;
    notice.delivery.log_no = log_no;
    notice.delivery.seq = seq;
    notice.delivery.peer_no = peer_no;
    tell(runtime, &notice);
}

void fake_tell_tracker(struct kith_runtime *runtime, uint32_t no)
{
    struct kith_notice notice = {.type = KITH_NOTICE_TRACKER};
    notice.tracker.tracker = no;
    notice.tracker.is_registered = runtime->node.trackers[no - 1].is_registered;
    notice.tracker.error = runtime->node.trackers[no - 1].error;
    tell(runtime, &notice);
}

void fake_release(struct kith_runtime *runtime)
{
    runtime->is_holding = false;
    uv_idle_start(&runtime->idle, on_idle);
}
