/* SPDX-License-Identifier: MIT */
/* One order everywhere: the history of a room, as the store pages it, ascends by
 * (hlc, id) and is the same at every member, what liars wrote of it too. */
#include "checker.h"

#include "world.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE_LIMIT 256

struct history {
    crypto_generichash_state state;
    uint64_t count;
    size_t page_count;
    struct kith_cursor last;
    bool has_last;
    bool is_ascending;
};

static int add_event(void *ctx, const struct kith_stored_event *event)
{
    struct history *history = ctx;
    const struct kith_cursor *last = &history->last;
    assert(!event->is_damaged);
    if (history->has_last &&
        (event->hlc < last->hlc ||
         (event->hlc == last->hlc && kith_id_compare(&event->id, &last->id) <= 0)))
        history->is_ascending = false;
    history->last = (struct kith_cursor){.hlc = event->hlc, .id = event->id};
    history->has_last = true;
    history->page_count++;
    if (event->kind != KITH_KIND_MESSAGE)
        return 0;
    crypto_generichash_update(&history->state, (const uint8_t *)&event->hlc,
                              sizeof(event->hlc));
    crypto_generichash_update(&history->state, event->id.bytes, sizeof(event->id.bytes));
    history->count++;
    return 0;
}

static int read_history(struct sim_host *host, uint32_t room_no, struct history *out)
{
    int error = 0;
    do {
        const struct kith_cursor after = out->last;
        const struct kith_page_query query = {.room_no = room_no,
                                              .limit = PAGE_LIMIT,
                                              .after = out->has_last ? &after : NULL};
        out->page_count = 0;
        error = kith_store_page(host->disk.store, &query, add_event, out);
    } while (error == 0 && out->page_count == PAGE_LIMIT);
    return error;
}

static uint32_t room_of(const struct sim_host *host, const struct kith_id *id)
{
    for (uint32_t no = 1; no <= host->disk.room_no_max; no++) {
        if (kith_id_equal(&host->disk.rooms[no].id, id))
            return no;
    }
    return 0;
}

static bool history_of(struct sim_host *host, const struct kith_id *room, uint64_t *count,
                       uint8_t out[static 32], char why[static SIM_WHY_SIZE])
{
    struct history history = {.is_ascending = true};
    crypto_generichash_init(&history.state, NULL, 0, 32);
    const uint32_t room_no = room_of(host, room);
    if (room_no != 0) {
        const int error = read_history(host, room_no, &history);
        if (error != 0 || !history.is_ascending) {
            snprintf(why, SIM_WHY_SIZE, "the history of a room of host %" PRIu32 " %s",
                     host->no, error != 0 ? kith_error_text(error) : "does not ascend");
            return false;
        }
    }
    *count = history.count;
    crypto_generichash_final(&history.state, out, 32);
    return true;
}

static bool same_history(struct sim_host *a, struct sim_host *b,
                         const struct kith_id *room, char why[static SIM_WHY_SIZE])
{
    uint64_t count_a = 0, count_b = 0;
    uint8_t hash_a[32], hash_b[32];
    if (!history_of(a, room, &count_a, hash_a, why) ||
        !history_of(b, room, &count_b, hash_b, why))
        return false;
    if (count_a == count_b && memcmp(hash_a, hash_b, sizeof(hash_a)) == 0)
        return true;
    snprintf(why, SIM_WHY_SIZE,
             "the history of a room differs: %" PRIu64 " messages at host %" PRIu32
             ", %" PRIu64 " at host %" PRIu32,
             count_a, a->no, count_b, b->no);
    return false;
}

static struct sim_host *first_in(const struct sim_world *world, const struct kith_id *id)
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        const uint32_t room_no = room_of(world->hosts[no], id);
        if (room_no != 0 && !world->hosts[no]->has_left &&
            world->hosts[no]->disk.rooms[room_no].is_joined)
            return world->hosts[no];
    }
    return NULL;
}

/* The room's other members: who is in an open one, the other party of a direct one. */
static bool room_settled(struct sim_world *world, struct sim_host *host,
                         const struct kith_record_room *room,
                         char why[static SIM_WHY_SIZE])
{
    if (room->kind == KITH_ROOM_DIRECT) {
        struct sim_host *peer =
            sim_world_host_of(world, &host->disk.peers[room->peer_no]);
        return peer == NULL || peer->has_left || peer->liar != NULL ||
               same_history(host, peer, &room->id, why);
    }
    /* Each is compared with the first that is in it: so all are with one another. */
    struct sim_host *first = first_in(world, &room->id);
    return !room->is_joined || host == first || same_history(first, host, &room->id, why);
}

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        struct sim_host *host = world->hosts[no];
        for (uint32_t room = 1; room <= host->disk.room_no_max && !host->has_left;
             room++) {
            if (host->disk.rooms[room].no != 0 &&
                !room_settled(world, host, &host->disk.rooms[room], why))
                return false;
        }
    }
    return true;
}

const struct sim_checker sim_checker_order = {
    .name = "order",
    .claim = "the history of a room is the same at every member",
    .settled = settled,
};
