/* SPDX-License-Identifier: MIT */
#include "core/node.h"

#include <string.h>

#include "core/author.h"
#include "core/beacon.h"
#include "core/candidate.h"
#include "core/command.h"
#include "core/commit.h"
#include "core/compact.h"
#include "core/dial.h"
#include "core/engine.h"
#include "core/exchange.h"
#include "core/fetch.h"
#include "core/fork.h"
#include "core/hearsay.h"
#include "core/import.h"
#include "core/intake.h"
#include "core/link.h"
#include "core/log.h"
#include "core/lookup.h"
#include "core/peer.h"
#include "core/promise.h"
#include "core/recv.h"
#include "core/remember.h"
#include "core/room.h"
#include "core/seek.h"
#include "core/share.h"
#include "core/stream.h"
#include "core/tracker.h"

bool kith_node_grow(struct kith_node *node, void **items, size_t *capacity,
                    size_t count_min, size_t item_size)
{
    size_t before = *capacity;
    if (count_min <= before)
        return true;
    if (kith_alloc_grow(node->alloc, items, capacity, count_min, item_size) != 0) {
        kith_node_break(node);
        return false;
    }
    memset((uint8_t *)*items + before * item_size, 0, (*capacity - before) * item_size);
    return true;
}

/* ---- lifecycle ---- */

static void init(struct kith_node *node, const struct kith_node_config *config)
{
    node->alloc = config->alloc;
    node->rng = config->rng;
    node->signer = config->signer;
    node->name_default = config->name_default;
    node->relays_for_contacts = config->relays_for_contacts;
    node->beacon.is_on = config->has_beacon;
    node->beacon.interval_max =
        config->beacon_interval > 0 ? config->beacon_interval : KITH_BEACON_INTERVAL_MAX;
    memcpy(node->network_key, config->network_key, KITH_NETWORK_KEY_SIZE);
    memcpy(node->open_key, config->open_key, KITH_NETWORK_KEY_SIZE);
    memcpy(node->default_key, config->default_key, KITH_NETWORK_KEY_SIZE);
    memcpy(node->marker, config->marker, KITH_MARKER_SIZE);
    kith_rng_fill(&node->rng, node->instance, sizeof(node->instance));
    kith_rng_fill(&node->rng, node->hash_key, sizeof(node->hash_key));
    kith_outbox_init(&node->out, node->alloc);
    node->scratch = kith_writer(node->alloc);
    node->scratch_body = kith_writer(node->alloc);
    kith_map_init(&node->peer_map, node->alloc, node->hash_key, KITH_ID_SIZE);
    kith_map_init(&node->room_map, node->alloc, node->hash_key, KITH_ID_SIZE);
    kith_list_init(&node->open_rooms);
    kith_list_init(&node->left);
    kith_list_init(&node->spare_peers);
    kith_map_init(&node->link_map, node->alloc, node->hash_key, sizeof(uint32_t));
    kith_map_init(&node->record_map, node->alloc, node->hash_key, KITH_ID_SIZE);
    kith_list_init(&node->record_checks);
    kith_map_init(&node->tracking.candidate_map, node->alloc, node->hash_key,
                  KITH_ID_SIZE);
    kith_list_init(&node->tracking.pins);
    kith_list_init(&node->tracking.candidates);
    kith_list_init(&node->tracking.checks);
    kith_list_init(&node->tracking.lookups);
    kith_list_init(&node->tracking.seeks);
    kith_list_init(&node->dials);
    kith_list_init(&node->links);
    kith_list_init(&node->urgent_shares);
    kith_list_init(&node->wanting);
    kith_list_init(&node->verifying);
    kith_list_init(&node->storing);
    kith_list_init(&node->promises);
    kith_list_init(&node->done);
    kith_list_init(&node->checks);
    kith_list_init(&node->imports);
    node->arrival_next = 1;
    node->peer_no_next = node->room_no_next = node->log_no_next = 1;
    node->announce_at = node->forks_at = node->questions_at = node->more_at =
        node->deadline = KITH_TIME_NEVER;
}

int kith_node_new(const struct kith_node_config *config, struct kith_node **out)
{
    struct kith_node *node = kith_alloc_zero(config->alloc, sizeof(*node));
    if (node == NULL)
        return KITH_ENOMEM;
    init(node, config);
    node->self = kith_alloc_zero(node->alloc, sizeof(*node->self));
    node->run_scratch = kith_alloc(node->alloc, sizeof(*node->run_scratch));
    if (node->self != NULL && node->run_scratch != NULL) {
        struct kith_name lobby = {.text = KITH_LOBBY_NAME};
        node->self->id = config->id;
        node->self->name = config->name;
        node->self->is_kept = true;
        kith_list_init(&node->self->in_left);
        node->lobby = kith_room_get_open(node, &lobby);
    }
    if (node->lobby == NULL) {
        kith_node_free(node);
        return KITH_ENOMEM;
    }
    node->lobby->is_joined = true;
    *out = node;
    return 0;
}

static void free_done(struct kith_node *node)
{
    kith_list_each_safe (item, &node->done)
        kith_pending_free(node, kith_list_item(item, struct kith_pending, in_queue));
}

void kith_node_free(struct kith_node *node)
{
    if (node == NULL)
        return;
    const struct kith_alloc *alloc = node->alloc;
    kith_list_each_safe (item, &node->done)
        kith_release(alloc, kith_list_item(item, struct kith_pending, in_queue));
    kith_promise_free_all(node);
    kith_intake_free_all(node);
    kith_import_free_all(node);
    kith_exchange_free_all(node);
    kith_lookup_free_all(node);
    kith_seek_free_all(node);
    kith_candidate_free_all(node);
    kith_tracker_free_all(node);
    kith_dial_free_all(node);
    kith_link_free_all(node);
    kith_room_free_all(node);
    kith_peer_free_all(node);
    kith_outbox_deinit(&node->out);
    kith_writer_deinit(&node->scratch);
    kith_writer_deinit(&node->scratch_body);
    kith_release(alloc, node->run_scratch);
    kith_release(alloc, node);
}

static bool is_possible(const struct kith_record_meta *meta)
{
    return meta->arrival_next >= 1 &&
           meta->arrival_next <= INT64_MAX - KITH_RUN_COUNT_MAX &&
           meta->peer_no_next - 1 <= KITH_PEER_NO_MAX &&
           meta->room_no_next - 1 <= KITH_ROOM_NO_MAX &&
           meta->log_no_next - 1 <= KITH_LOG_NO_MAX;
}

static int restore_meta(struct kith_node *node, const struct kith_record_meta *meta)
{
    if (!is_possible(meta))
        return KITH_ECORRUPT; /* rows with such numbers would take all memory */
    node->is_marked = memcmp(meta->marker, node->marker, KITH_MARKER_SIZE) == 0;
    node->arrival_next = meta->arrival_next;
    node->peer_no_next = meta->peer_no_next;
    node->room_no_next = meta->room_no_next;
    node->log_no_next = meta->log_no_next;
    return 0;
}

int kith_node_restore(struct kith_node *node, const struct kith_record *record)
{
    switch (record->type) {
    case KITH_RECORD_META:
        return restore_meta(node, &record->meta);
    case KITH_RECORD_PEER:
        return kith_peer_restore(node, &record->peer);
    case KITH_RECORD_ROOM:
        return kith_room_restore(node, &record->room);
    case KITH_RECORD_LOG:
        return kith_log_restore(node, &record->log);
    case KITH_RECORD_ACK:
        return kith_log_restore_ack(node, &record->ack);
    case KITH_RECORD_TRACKER:
        return kith_tracker_restore(node, &record->tracker);
    case KITH_RECORD_RUN:
        break;
    }
    return KITH_ECORRUPT;
}

/* ---- steps ---- */

static void start(struct kith_node *node, const struct kith_input *input)
{
    node->is_started = true;
    if (node->self->name.text[0] == '\0')
        node->self->name = node->name_default;
    kith_author_introduce(node);
    kith_remember_begin(node);
    kith_dial_check_all(node);
    kith_tracker_begin(node, input->start.trackers, input->start.tracker_count);
    kith_beacon_begin(node);
}

static void check_announcements(struct kith_node *node)
{
    if (node->announce_at > node->now.mono) {
        kith_node_wake_at(node, node->announce_at);
        return;
    }
    node->announce_at = KITH_TIME_NEVER;
    kith_share_flush_all(node);
}

/* Everything that waits for a time, asked anew: what is due is done, the rest says when.
 */
static void check_times(struct kith_node *node)
{
    node->deadline = KITH_TIME_NEVER;
    kith_link_check_all(node);
    kith_dial_check_all(node);
    kith_tracker_check_all(node);
    kith_candidate_check_all(node);
    kith_lookup_check_all(node);
    kith_seek_check_all(node);
    kith_beacon_check(node);
    kith_exchange_check(node);
    kith_remember_check(node);
    kith_commit_check(node);
    kith_fetch_check_all(node);
    kith_hearsay_check(node);
    kith_fork_check(node);
    kith_fork_check_asked(node);
    check_announcements(node);
}

static void link_drained(struct kith_node *node, uint32_t no, size_t size)
{
    struct kith_link *link = kith_link_find(node, no);
    if (link != NULL)
        kith_link_drained(node, link, size);
}

static void link_frame(struct kith_node *node, uint32_t no, struct kith_bytes frame)
{
    struct kith_link *link = kith_link_find(node, no);
    if (link != NULL)
        kith_recv_frame(node, link, frame);
}

static void loaded(struct kith_node *node, const struct kith_input *input)
{
    uint64_t no = input->loaded.load_no;
    if (kith_intake_loaded(node, no, input->loaded.error, input->loaded.runs,
                           input->loaded.run_count) ||
        kith_import_loaded(node, no, input->loaded.error, input->loaded.runs,
                           input->loaded.run_count))
        return;
    kith_list_each (item, &node->links) {
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (link->load_no != no)
            continue;
        kith_stream_loaded(node, link, input->loaded.error, input->loaded.runs,
                           input->loaded.run_count);
        return;
    }
}

static void verified(struct kith_node *node, uint64_t verify_no, bool is_valid)
{
    if (!kith_beacon_verified(node, verify_no, is_valid) &&
        !kith_exchange_verified(node, verify_no, is_valid) &&
        !kith_candidate_verified(node, verify_no, is_valid) &&
        !kith_import_verified(node, verify_no, is_valid))
        kith_intake_verified(node, verify_no, is_valid);
}

static void dispatch(struct kith_node *node, const struct kith_input *input)
{
    switch (input->type) {
    case KITH_INPUT_START:
        start(node, input);
        break;
    case KITH_INPUT_TIMEOUT:
        check_times(node);
        break;
    case KITH_INPUT_COMMAND:
        kith_command_run(node, &input->command);
        break;
    case KITH_INPUT_DIAL_FAILED:
        if (!kith_candidate_dialled(node, input->dial_failed.dial,
                                    input->dial_failed.error))
            kith_dial_failed(node, input->dial_failed.dial, input->dial_failed.error);
        break;
    case KITH_INPUT_STORED:
        kith_commit_stored(node, input->stored.store_no);
        break;
    case KITH_INPUT_STORE_FAILED:
        kith_commit_failed(node, input->store_failed.error);
        break;
    case KITH_INPUT_LOADED:
        loaded(node, input);
        break;
    case KITH_INPUT_VERIFIED:
        verified(node, input->verified.verify_no, input->verified.is_valid);
        break;
    case KITH_INPUT_DATAGRAM:
        kith_beacon_heard(node, &input->datagram.from, input->datagram.is_on_link,
                          input->datagram.bytes);
        break;
    case KITH_INPUT_TRACKER_UP:
        kith_tracker_up(node, input->tracker_up.tracker, &input->tracker_up.id,
                        &input->tracker_up.remote);
        break;
    case KITH_INPUT_TRACKER_DOWN:
        kith_tracker_down(node, input->tracker_down.tracker, input->tracker_down.error);
        break;
    case KITH_INPUT_TRACKER_FRAME:
        kith_tracker_frame(node, input->tracker_frame.tracker,
                           input->tracker_frame.bytes);
        break;
    case KITH_INPUT_LINK_UP:
        kith_link_open(node, &input->link_up);
        break;
    case KITH_INPUT_LINK_DOWN:
        kith_link_lost(node, input->link_down.link, input->link_down.error);
        break;
    case KITH_INPUT_LINK_DRAINED:
        link_drained(node, input->drained.link, input->drained.size);
        break;
    case KITH_INPUT_FRAME:
        link_frame(node, input->frame.link, input->frame.bytes);
        break;
    }
}

int kith_node_step(struct kith_node *node, const struct kith_input *input,
                   struct kith_effects *out)
{
    if (node->is_broken)
        return KITH_ENOMEM;
    node->now = input->now;
    kith_outbox_clear(&node->out);
    free_done(node);
    dispatch(node, input);
    kith_share_flush_urgent(node);
    kith_link_close_stuffed(node);
    kith_link_bound_queues(node);
    kith_compact(node);
    if (node->out.failed)
        kith_node_break(node);
    *out = (struct kith_effects){node->out.items, node->out.count};
    return node->is_broken ? KITH_ENOMEM : 0;
}

kith_time kith_node_deadline(const struct kith_node *node)
{
    return node->deadline;
}
