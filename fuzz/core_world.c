/* SPDX-License-Identifier: MIT */
#include "core_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"

#define LOADED_MAX       64
#define SLEEPLESS_MAX    64 /* wake-ups at one moment */
#define NODE_BYTE        0x80
#define WORLD_WALL_START (1700000000 * KITH_SECOND)

const uint8_t world_network_key[KITH_NETWORK_KEY_SIZE] = {7};

enum { OPTION_BEACON = 1, OPTION_RELAYS = 2, OPTION_NAMED = 4 };

/* ---- who is who ---- */

void world_sign(const struct kith_id *author, const uint8_t *message, size_t size,
                uint8_t out[static KITH_SIGNATURE_SIZE])
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < KITH_ID_SIZE; i++)
        sum = (sum ^ author->bytes[i]) * UINT64_C(1099511628211);
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ message[i]) * UINT64_C(1099511628211);
    memset(out, 0, KITH_SIGNATURE_SIZE);
    memcpy(out, &sum, sizeof(sum));
}

static void sign(void *ctx, const uint8_t *message, size_t size,
                 uint8_t out[static KITH_SIGNATURE_SIZE])
{
    const struct world *w = ctx;
    world_sign(&w->id, message, size, out);
}

struct kith_id world_room_id(const struct world *w, enum world_room room, uint8_t peer)
{
    if (room == WORLD_DIRECT)
        return kith_digest_direct_room(&w->id, &w->peers[peer]);
    return kith_digest_open_room(world_network_key,
                                 room == WORLD_LOBBY ? KITH_LOBBY_NAME : "garden");
}

struct world_link *world_link(struct world *w, uint32_t no)
{
    for (size_t i = 0; i < WORLD_LINKS_MAX; i++)
        if (w->links[i].no == no && no != 0)
            return &w->links[i];
    return NULL;
}

struct kith_address world_address(uint8_t choice)
{
    static const char *const hosts[] = {
        "10.0.0.9",    "192.0.2.20", "203.0.113.77",      "fe80::1%2",
        "2001:db8::5", "127.0.0.1",  "somewhere.example", "169.254.7.7"};
    struct kith_address address = {.port = (uint16_t)(4747 + (choice >> 3))};
    snprintf(address.host, sizeof(address.host), "%s", hosts[choice % 8]);
    return address;
}

bool world_rooms_have(const struct kith_frame_rooms *rooms, const struct kith_tag *tag)
{
    for (size_t i = 0; i < rooms->count; i++)
        if (memcmp(rooms->tags + i * KITH_TAG_SIZE, tag, KITH_TAG_SIZE) == 0)
            return true;
    return false;
}

/* ---- lifecycle ---- */

static void make_node(struct world *w)
{
    struct kith_node_config config = {
        .alloc = &w->memory.alloc,
        .rng = w->rng.rng,
        .signer = {sign, w},
        .id = w->id,
        .name_default = {.text = "lone"},
        .has_beacon = (w->options & OPTION_BEACON) != 0,
        .relays_for_contacts = (w->options & OPTION_RELAYS) != 0,
    };
    if (w->options & OPTION_NAMED)
        config.name = (struct kith_name){.text = "named"};
    memcpy(config.network_key, world_network_key, sizeof(world_network_key));
    config.network_key[0] += w->is_abroad;
    memset(config.marker, w->marker, sizeof(config.marker));
    int error = kith_node_new(&config, &w->node);
    assert(error == 0);
}

static void start(struct world *w)
{
    world_step(w, &(struct kith_input){.type = KITH_INPUT_START});
    world_settle(w, false);
}

void world_begin(struct world *w, uint8_t options)
{
    memset(w, 0, offsetof(struct world, runs));
    alloc_failing_init(&w->memory);
    rng_seeded_init(&w->rng, options);
    w->options = options;
    memset(w->id.bytes, NODE_BYTE, sizeof(w->id.bytes));
    w->peers[WORLD_PEERS] = w->id;
    /* Ids below the node's and above. */
    for (uint8_t i = 0; i < WORLD_PEERS; i++)
        memset(w->peers[i].bytes, i % 2 ? NODE_BYTE + 1 + i : i + 1, KITH_ID_SIZE);
    w->now = (struct kith_now){.mono = KITH_HOUR, .wall = WORLD_WALL_START};
    w->marker = 1;
    w->arrival_next = 1;
    make_node(w);
    start(w);
}

static void end_node(struct world *w)
{
    kith_node_free(w->node);
    assert(w->memory.live_blocks == 0 && w->memory.live_bytes == 0);
}

void world_end(struct world *w)
{
    end_node(w);
    world_disk_roll_back(w, 0);
    for (size_t i = 0; i < w->run_count; i++)
        free(w->runs[i].bytes);
}

void world_restart(struct world *w, bool is_marked, bool is_abroad)
{
    alloc_failing_arm(&w->memory, 0);
    end_node(w);
    world_disk_roll_back(w, w->committed_count);
    memset(w->links, 0, sizeof(w->links));
    memset(w->dials, 0, sizeof(w->dials));
    memset(w->is_online, 0, sizeof(w->is_online));
    memset(w->tokens, 0, sizeof(w->tokens));
    memset(w->is_tracker_dialled, 0, sizeof(w->is_tracker_dialled));
    memset(w->is_tracker_up, 0, sizeof(w->is_tracker_up));
    w->verdict_count = w->load_count = 0;
    w->link_no = w->dial_no = 0;
    w->store_no = w->verify_no = w->load_no = 0;
    w->is_disk_full = w->has_stopped = false;
    w->marker = is_marked ? w->marker : (uint8_t)(w->marker + 1);
    w->is_abroad = is_abroad;
    make_node(w);
    world_disk_restore(w);
    start(w);
}

/* ---- effects ---- */

static void send(struct world *w, const struct kith_effect *effect)
{
    struct world_link *link = world_link(w, effect->send.link);
    assert(link != NULL && !link->is_closing);
    world_check_frame(w, link, effect->send.bytes);
    link->queued += effect->send.bytes.size;
    assert(link->queued <= 8 * 1024 * 1024 + KITH_FRAME_SIZE_MAX); /* KITH_QUEUE_MAX */
}

static void dial(struct world *w, const struct kith_effect *effect)
{
    world_check_dial(effect);
    assert(effect->dial.dial > w->dial_no);
    w->dial_no = effect->dial.dial;
    for (size_t i = 0; i < WORLD_DIALS_MAX; i++) {
        if (w->dials[i] == 0) {
            w->dials[i] = effect->dial.dial;
            return;
        }
    }
    w->dials[effect->dial.dial % WORLD_DIALS_MAX] = effect->dial.dial; /* one is lost */
}

static void close_link(struct world *w, const struct kith_effect *effect)
{
    struct world_link *link = world_link(w, effect->close.link);
    assert(link != NULL && !link->is_closing && effect->close.error < 0);
    link->is_closing = true;
}

static void trust(struct world *w, const struct kith_effect *effect)
{
    struct world_link *link = world_link(w, effect->trust.link);
    assert(link != NULL && !link->is_closing && !link->is_trusted && link->has_proven);
    link->is_trusted = true;
}

static void verify(struct world *w, const struct kith_effect *effect)
{
    assert(effect->verify.verify_no > w->verify_no);
    w->verify_no = effect->verify.verify_no;
    uint8_t signature[KITH_SIGNATURE_SIZE];
    world_sign(&effect->verify.author, effect->verify.message, KITH_VERIFY_SIZE,
               signature);
    if (w->verdict_count == WORLD_WAITING_MAX)
        return; /* a verifier that never answers */
    struct kith_input *verdict = &w->verdicts[w->verdict_count++];
    *verdict = (struct kith_input){.type = KITH_INPUT_VERIFIED};
    verdict->verified.verify_no = effect->verify.verify_no;
    verdict->verified.is_valid =
        memcmp(signature, effect->verify.signature, sizeof(signature)) == 0;
}

static void ask_load(struct world *w, const struct kith_effect *effect)
{
    assert(effect->load.load_no > w->load_no && effect->load.bytes_max > 0);
    assert(effect->load.log_no >= 1 && effect->load.seq_from >= 1 &&
           effect->load.seq_from <= effect->load.seq_last);
    w->load_no = effect->load.load_no;
    if (w->load_count == WORLD_WAITING_MAX)
        return;
    size_t at = w->load_count++;
    w->loads[at].load_no = effect->load.load_no;
    w->loads[at].log_no = effect->load.log_no;
    w->loads[at].seq_from = effect->load.seq_from;
    w->loads[at].seq_last = effect->load.seq_last;
    w->loads[at].bytes_max = effect->load.bytes_max;
}

static void tracker(struct world *w, const struct kith_effect *effect)
{
    uint32_t no = effect->type == KITH_EFFECT_TRACKER_DIAL ? effect->tracker_dial.tracker
                  : effect->type == KITH_EFFECT_TRACKER_SEND
                      ? effect->tracker_send.tracker
                      : effect->tracker_close.tracker;
    assert(no >= 1 && no <= KITH_TRACKERS_MAX);
    if (effect->type == KITH_EFFECT_TRACKER_DIAL) {
        assert(!w->is_tracker_dialled[no] && !w->is_tracker_up[no]);
        assert(effect->tracker_dial.address.host[0] != '\0');
        w->is_tracker_dialled[no] = true;
    } else if (effect->type == KITH_EFFECT_TRACKER_SEND) {
        assert(w->is_tracker_up[no]);
        world_check_tracker_frame(w, effect->tracker_send.bytes);
    } else {
        assert(w->is_tracker_up[no] || w->is_tracker_dialled[no]);
        w->is_tracker_dialled[no] = w->is_tracker_up[no] = false;
    }
}

static void carry_out(struct world *w, const struct kith_effect *effect)
{
    switch (effect->type) {
    case KITH_EFFECT_SEND:
        send(w, effect);
        break;
    case KITH_EFFECT_DIAL:
        dial(w, effect);
        break;
    case KITH_EFFECT_CLOSE:
        close_link(w, effect);
        break;
    case KITH_EFFECT_TRUST:
        trust(w, effect);
        break;
    case KITH_EFFECT_PAUSE:
        assert(world_link(w, effect->pause.link) != NULL);
        world_link(w, effect->pause.link)->is_paused = effect->pause.is_paused;
        break;
    case KITH_EFFECT_STORE:
        world_disk_put(w, effect);
        break;
    case KITH_EFFECT_LOAD:
        ask_load(w, effect);
        break;
    case KITH_EFFECT_VERIFY:
        verify(w, effect);
        break;
    case KITH_EFFECT_DATAGRAM:
        assert(effect->datagram.bytes.size == KITH_BEACON_SIZE);
        assert(effect->datagram.is_to_all || effect->datagram.to.host[0] != '\0');
        break;
    case KITH_EFFECT_RELAY:
        assert(w->options & OPTION_RELAYS);
        break;
    case KITH_EFFECT_TRACKER_DIAL:
    case KITH_EFFECT_TRACKER_SEND:
    case KITH_EFFECT_TRACKER_CLOSE:
        tracker(w, effect);
        break;
    case KITH_EFFECT_TELL:
        world_check_notice(w, &effect->tell);
        break;
    }
}

static bool has_goodbye(const struct kith_effects *effects)
{
    bool has_close = false;
    for (size_t i = 0; i < effects->count; i++)
        has_close |= effects->items[i].type == KITH_EFFECT_CLOSE;
    return has_close;
}

/* Where memory runs short the step says so, or something of it would be lost unnoticed:
 * of what it sends only a goodbye may be. Nothing of it is carried out then, and the node
 * can only be freed; that what it held is all given back is seen there. */
static void one_step(struct world *w, const struct kith_input *input)
{
    struct kith_effects effects;
    struct kith_input in = *input;
    in.now = w->now;
    size_t refused = w->memory.refused;
    int error = kith_node_step(w->node, &in, &effects);
    if (w->memory.refused == refused)
        assert(error == 0);
    else
        assert(error == KITH_ENOMEM || (error == 0 && has_goodbye(&effects)));
    if (error != 0) {
        world_restart(w, true, w->is_abroad);
        return;
    }
    for (size_t i = 0; i < effects.count; i++)
        carry_out(w, &effects.items[i]);
    assert(w->memory.live_bytes <= WORLD_HEAP_MAX);
}

/* ---- what follows ---- */

static bool close_one(struct world *w)
{
    for (size_t i = 0; i < WORLD_LINKS_MAX; i++) {
        if (!w->links[i].is_closing)
            continue;
        struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
        in.link_down.link = w->links[i].no;
        in.link_down.error = KITH_ECLOSED;
        w->links[i] = (struct world_link){0};
        one_step(w, &in);
        return true;
    }
    return false;
}

void world_verify(struct world *w, size_t index, bool is_valid)
{
    if (w->verdict_count == 0)
        return;
    index %= w->verdict_count;
    struct kith_input verdict = w->verdicts[index];
    verdict.verified.is_valid &= is_valid;
    w->verdict_count--;
    memmove(&w->verdicts[index], &w->verdicts[index + 1],
            (w->verdict_count - index) * sizeof(w->verdicts[0]));
    one_step(w, &verdict);
}

void world_load(struct world *w, int error)
{
    static struct kith_stored_run runs[LOADED_MAX];
    if (w->load_count == 0)
        return;
    struct kith_input in = {.type = KITH_INPUT_LOADED};
    in.loaded.load_no = w->loads[0].load_no;
    in.loaded.error = error;
    in.loaded.runs = runs;
    if (error == 0)
        in.loaded.run_count = world_disk_load(w, w->loads[0].log_no, w->loads[0].seq_from,
                                              w->loads[0].seq_last, w->loads[0].bytes_max,
                                              runs, LOADED_MAX);
    w->load_count--;
    memmove(&w->loads[0], &w->loads[1], w->load_count * sizeof(w->loads[0]));
    one_step(w, &in);
}

void world_drain(struct world *w, struct world_link *link, size_t size)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DRAINED};
    in.drained.link = link->no;
    in.drained.size = size < link->queued ? size : link->queued;
    link->queued -= in.drained.size;
    one_step(w, &in);
}

static bool drain_one(struct world *w)
{
    for (size_t i = 0; i < WORLD_LINKS_MAX; i++) {
        if (w->links[i].no == 0 || w->links[i].queued == 0)
            continue;
        world_drain(w, &w->links[i], w->links[i].queued);
        return true;
    }
    return false;
}

void world_settle(struct world *w, bool fails)
{
    if (!w->is_disk_full && w->row_count == w->committed_count)
        return;
    struct kith_input in = {.type = KITH_INPUT_STORED};
    if (w->is_disk_full || fails) {
        in = (struct kith_input){.type = KITH_INPUT_STORE_FAILED};
        in.store_failed.error = KITH_EFULL;
        world_disk_roll_back(w, w->committed_count);
        w->is_disk_full = false;
    } else {
        w->committed_count = w->row_count;
        in.stored.store_no = w->store_no;
    }
    one_step(w, &in);
}

void world_step(struct world *w, const struct kith_input *input)
{
    one_step(w, input);
    for (size_t round = 0;; round++) {
        assert(round < 100000); /* else it feeds on its own effects */
        if (close_one(w) || (!w->holds_drains && drain_one(w)))
            continue;
        if (!w->holds_verdicts && w->verdict_count > 0)
            world_verify(w, 0, true);
        else if (!w->holds_loads && w->load_count > 0)
            world_load(w, 0);
        else if (w->is_disk_full ||
                 (!w->holds_commits && w->row_count != w->committed_count))
            world_settle(w, false);
        else
            return;
    }
}

/* ---- time ---- */

static void wake(struct world *w)
{
    for (int i = 0; kith_node_deadline(w->node) <= w->now.mono; i++) {
        assert(i < SLEEPLESS_MAX);
        world_step(w, &(struct kith_input){.type = KITH_INPUT_TIMEOUT});
    }
}

void world_pass(struct world *w, kith_time mono, kith_time wall)
{
    w->now.mono += mono;
    w->now.wall += wall;
    if (w->now.wall < KITH_HOUR)
        w->now.wall = KITH_HOUR;
    wake(w);
}

void world_sleep(struct world *w)
{
    kith_time at = kith_node_deadline(w->node);
    if (at == KITH_TIME_NEVER)
        return;
    kith_time wait = at > w->now.mono ? at - w->now.mono : 0;
    world_pass(w, wait, wait);
}

uint64_t world_token(struct world *w)
{
    for (size_t i = 0; i < WORLD_TOKENS_MAX; i++)
        if (w->tokens[i] == 0)
            return w->tokens[i] = ++w->token;
    return 0;
}
