/* SPDX-License-Identifier: MIT */
#include "ground.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- life ---- */

void ground_init(struct ground *g, struct kith_registry_config config)
{
    *g = (struct ground){.now = {KITH_HOUR, (kith_time)START_S * KITH_SECOND}};
    alloc_failing_init(&g->memory);
    rng_seeded_init(&g->rng, 7);
    config.alloc = &g->memory.alloc;
    config.rng = g->rng.rng;
    if (config.peers_max == 0)
        config.peers_max = KITH_REGISTRY_PEERS_MAX;
    if (config.per_address_max == 0)
        config.per_address_max = KITH_REGISTRY_PER_ADDRESS_MAX;
    assert_int_equal(kith_registry_new(&config, &g->registry), 0);
}

void ground_forget(struct ground *g)
{
    for (size_t i = 0; i < g->frame_count; i++)
        free((void *)g->frames[i].fields.data);
    g->frame_count = 0;
    g->other_count = 0;
}

void ground_deinit(struct ground *g)
{
    ground_forget(g);
    kith_registry_free(g->registry);
    assert_int_equal(g->memory.live_blocks, 0);
    free(g->frames);
    free(g->others);
}

int ground_setup(void **state)
{
    struct ground *g = malloc(sizeof *g);
    assert_non_null(g);
    ground_init(g, (struct kith_registry_config){.has_relay = false});
    *state = g;
    return 0;
}

int ground_teardown(void **state)
{
    ground_deinit(*state);
    free(*state);
    return 0;
}

/* ---- effects ---- */

static void *grown(void *items, size_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity)
        return items;
    *capacity = 2 * count;
    items = realloc(items, *capacity * size);
    assert_non_null(items);
    return items;
}

static void keep_frame(struct ground *g, uint32_t link, struct kith_bytes bytes)
{
    struct kith_bytes fields = kith_bytes(bytes.data + 5, bytes.size - 5);
    uint8_t *copy = malloc(fields.size + 1);
    assert_non_null(copy);
    memcpy(copy, fields.data, fields.size);
    g->frames =
        grown(g->frames, &g->frame_capacity, g->frame_count + 1, sizeof *g->frames);
    g->frames[g->frame_count++] =
        (struct ground_frame){link, bytes.data[4], kith_bytes(copy, fields.size)};
    if (bytes.data[4] == KITH_FRAME_BYE)
        g->byes[link] = (uint8_t)(1 + fields.data[0]);
}

static void keep_effect(struct ground *g, const struct kith_registry_effect *effect)
{
    if (effect->type == KITH_REGISTRY_SEND) {
        keep_frame(g, effect->send.link, effect->send.bytes);
    } else if (effect->type == KITH_REGISTRY_CLOSE) {
        assert_int_equal(g->closed[effect->close.link], 0);
        g->closed[effect->close.link] = effect->close.error;
    } else {
        g->others =
            grown(g->others, &g->other_capacity, g->other_count + 1, sizeof *g->others);
        g->others[g->other_count++] = *effect;
    }
}

void ground_step(struct ground *g, struct kith_registry_input *input)
{
    struct kith_registry_effects effects;
    input->now = g->now;
    g->error = kith_registry_step(g->registry, input, &effects);
    for (size_t i = 0; i < effects.count; i++)
        keep_effect(g, &effects.items[i]);
}

void ground_pass(struct ground *g, kith_time time)
{
    struct kith_registry_input timeout = {.type = KITH_REGISTRY_TIMEOUT};
    kith_time end = g->now.mono + time;
    kith_time due;
    while (g->error == 0 && (due = kith_registry_deadline(g->registry)) <= end) {
        kith_time step = due > g->now.mono ? due - g->now.mono : 0;
        g->now.mono += step;
        g->now.wall += step;
        ground_step(g, &timeout);
    }
    g->now.wall += end - g->now.mono;
    g->now.mono = end;
}

/* ---- inputs ---- */

struct kith_id ground_id(uint32_t who)
{
    struct kith_id id = {{0}};
    id.bytes[0] = (uint8_t)who;
    id.bytes[1] = (uint8_t)(who >> 8);
    id.bytes[2] = (uint8_t)(who >> 16);
    return id;
}

void ground_up_as(struct ground *g, uint32_t link, uint32_t who, const char *host)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_UP};
    assert_true(link < GROUND_LINKS_MAX);
    g->closed[link] = 0;
    g->byes[link] = 0;
    input.link_up.link = link;
    input.link_up.peer = ground_id(who);
    input.link_up.remote.port = (uint16_t)(40000 + who);
    snprintf(input.link_up.remote.host, sizeof input.link_up.remote.host, "%s", host);
    ground_step(g, &input);
}

void ground_up(struct ground *g, uint32_t who, const char *host)
{
    ground_up_as(g, who, who, host);
}

void ground_down(struct ground *g, uint32_t link)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_DOWN};
    input.link_down.link = link;
    ground_step(g, &input);
}

void ground_drained(struct ground *g, uint32_t link, size_t size)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_DRAINED};
    input.drained.link = link;
    input.drained.size = size;
    ground_step(g, &input);
}

static void receive(struct ground *g, uint32_t link, struct kith_bytes bytes)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_FRAME};
    input.frame.link = link;
    input.frame.bytes = bytes;
    ground_step(g, &input);
}

void ground_frame(struct ground *g, uint32_t link, uint8_t type, struct kith_bytes fields)
{
    uint8_t *bytes = malloc(1 + fields.size);
    assert_non_null(bytes);
    bytes[0] = type;
    if (fields.size > 0)
        memcpy(bytes + 1, fields.data, fields.size);
    receive(g, link, kith_bytes(bytes, 1 + fields.size));
    free(bytes);
}

/* What was encoded arrives, without its length. */
static void deliver(struct ground *g, uint32_t link, struct kith_writer *w)
{
    receive(g, link, kith_bytes(w->data + 4, w->size - 4));
    kith_writer_deinit(w);
}

void ground_register(struct ground *g, uint32_t link, struct ground_register fields)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_register frame = {
        .version_min = fields.version_min != 0 ? fields.version_min : 1,
        .version_max = fields.version_max != 0 ? fields.version_max : 1,
        .wants_check = fields.wants_check,
        .port = fields.port,
        .record_public = fields.record_public,
        .record_local = fields.record_local,
    };
    memset(frame.tag, fields.tag != 0 ? fields.tag : HOME_TAG, sizeof frame.tag);
    if (fields.name != NULL)
        frame.name = kith_bytes(fields.name, strlen(fields.name));
    kith_frame_register_encode(&w, &frame);
    deliver(g, link, &w);
}

void ground_join(struct ground *g, uint32_t who, const char *name)
{
    char host[32];
    snprintf(host, sizeof host, "192.0.%u.%u", 2 + who / 250, 1 + who % 250);
    ground_up(g, who, host);
    ground_register(g, who, (struct ground_register){.name = name});
}

void ground_ping(struct ground *g, uint32_t link)
{
    ground_frame(g, link, KITH_FRAME_PING, BYTES("\1\2\3\4\5\6\7\10"));
}

void ground_lookup_id(struct ground *g, uint32_t link, uint64_t token, uint32_t who)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_id id = ground_id(who);
    struct kith_frame_lookup frame = {token, KITH_LOOKUP_ID, kith_bytes(id.bytes, 32)};
    kith_frame_lookup_encode(&w, &frame);
    deliver(g, link, &w);
}

void ground_lookup_name(struct ground *g, uint32_t link, uint64_t token, const char *name)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_lookup frame = {token, KITH_LOOKUP_NAME,
                                      kith_bytes(name, strlen(name))};
    kith_frame_lookup_encode(&w, &frame);
    deliver(g, link, &w);
}

void ground_call(struct ground *g, uint32_t link, uint64_t token, uint32_t who,
                 uint8_t how)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_call frame = {token, ground_id(who), how};
    kith_frame_call_encode(&w, &frame);
    deliver(g, link, &w);
}

void ground_checked(struct ground *g, uint32_t check, enum kith_check_outcome outcome)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_CHECKED};
    input.checked.check = check;
    input.checked.outcome = outcome;
    ground_step(g, &input);
}

void ground_paired(struct ground *g, uint32_t pair, int error)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_PAIRED};
    input.paired.pair = pair;
    input.paired.error = error;
    ground_step(g, &input);
}

struct kith_bytes ground_record(int which, uint32_t who, struct ground_record record)
{
    static uint8_t space[2][KITH_SIGNED_ADDRESSES_SIZE_MAX];
    static const uint8_t signature[KITH_SIGNATURE_SIZE];
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_signed_addresses fields = {.id = ground_id(who),
                                           .counter = record.counter};
    fields.expiry = record.expiry_s != 0 ? record.expiry_s : START_S + 24 * 60 * 60;
    for (size_t i = 0; i < 2 && record.addresses[i] != NULL; i++)
        fields.addresses[fields.address_count++] =
            kith_bytes(record.addresses[i], strlen(record.addresses[i]));
    kith_signed_addresses_fields(&w, &fields);
    kith_writer_bytes(&w, signature, sizeof signature);
    size_t size = w.size;
    memcpy(space[which], w.data, size);
    kith_writer_deinit(&w);
    return kith_bytes(space[which], size);
}

/* ---- what came of it ---- */

size_t ground_sent(const struct ground *g, uint32_t link, uint8_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < g->frame_count; i++)
        count += g->frames[i].link == link && g->frames[i].type == type;
    return count;
}

struct kith_bytes ground_last(const struct ground *g, uint32_t link, uint8_t type)
{
    for (size_t i = g->frame_count; i-- > 0;)
        if (g->frames[i].link == link && g->frames[i].type == type)
            return g->frames[i].fields;
    fail_msg("no frame of type %#x to link %u", type, link);
    return kith_bytes(NULL, 0);
}

struct kith_frame_welcome ground_welcome(const struct ground *g, uint32_t link)
{
    struct kith_frame_welcome welcome;
    struct kith_bytes fields = ground_last(g, link, KITH_FRAME_WELCOME);
    assert_int_equal(kith_frame_welcome_decode(fields, &welcome), 0);
    return welcome;
}

/* Decoded into the one place that all callers share. */
static struct kith_frame_peers *decoded(const struct ground_frame *frame)
{
    static struct kith_frame_peers peers;
    assert_int_equal(kith_frame_peers_decode(frame->fields, &peers), 0);
    return &peers;
}

const struct kith_frame_peers *ground_peers(const struct ground *g, uint32_t link,
                                            uint64_t token)
{
    for (size_t i = g->frame_count; i-- > 0;) {
        const struct ground_frame *frame = &g->frames[i];
        if (frame->link == link && frame->type == KITH_FRAME_PEERS &&
            decoded(frame)->token == token)
            return decoded(frame);
    }
    fail_msg("no PEERS with token %u to link %u", (unsigned)token, link);
    return NULL;
}

const struct kith_tracked *ground_told(const struct ground *g, uint32_t link,
                                       uint32_t who, uint64_t token)
{
    struct kith_id id = ground_id(who);
    for (size_t i = g->frame_count; i-- > 0;) {
        const struct ground_frame *frame = &g->frames[i];
        if (frame->link != link || frame->type != KITH_FRAME_PEERS)
            continue;
        const struct kith_frame_peers *peers = decoded(frame);
        for (size_t j = peers->count; peers->token == token && j-- > 0;)
            if (kith_id_equal(&peers->peers[j].id, &id))
                return &peers->peers[j];
    }
    return NULL;
}

size_t ground_count(const struct ground *g, enum kith_registry_effect_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < g->other_count; i++)
        count += g->others[i].type == type;
    return count;
}

const struct kith_registry_effect *ground_effect(const struct ground *g,
                                                 enum kith_registry_effect_type type)
{
    for (size_t i = g->other_count; i-- > 0;)
        if (g->others[i].type == type)
            return &g->others[i];
    fail_msg("no effect of type %d", type);
    return NULL;
}

void ground_is_here(const struct ground *g, uint32_t link, uint32_t who, const char *name)
{
    const struct kith_tracked *told = ground_told(g, link, who, 0);
    assert_non_null(told);
    assert_int_equal(told->state, KITH_TRACKED_HERE);
    assert_true(kith_bytes_equal(told->name, kith_bytes(name, strlen(name))));
}

void ground_is_away(const struct ground *g, uint32_t link, uint32_t who)
{
    const struct kith_tracked *told = ground_told(g, link, who, 0);
    assert_non_null(told);
    assert_int_equal(told->state, KITH_TRACKED_AWAY);
}

void ground_ended(const struct ground *g, uint32_t link, int error, int bye)
{
    assert_int_equal(g->closed[link], error);
    assert_int_equal(g->byes[link], bye + 1); /* -1: none was said */
}
