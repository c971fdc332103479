/* SPDX-License-Identifier: MIT */
/* Peers that come and go for a day: what each was told is what is so, and memory does not
 * grow. */
#include "ground.h"

#include <stdio.h>
#include <stdlib.h>

#define PEERS                                                                            \
    480 /* in three networks: of the first about as many are here as are told of */
#define SESSION_S 1200
#define STEP_S    20
#define DAY_S     (24 * 60 * 60)

struct world {
    struct ground *g;
    bool is_here[PEERS + 1];
    uint8_t known[PEERS + 1][PEERS + 1]; /* 1: told to be here */
};

static uint8_t tag_of(uint32_t who)
{
    return who % 12 == 0 ? 9 : who % 12 == 1 ? 8 : HOME_TAG;
}

static uint32_t who_of(const struct kith_id *id)
{
    return (uint32_t)id->bytes[0] | (uint32_t)id->bytes[1] << 8;
}

/* Takes in what everybody was told since the last time. */
static void hear(struct world *world)
{
    struct ground *g = world->g;
    for (size_t i = 0; i < g->frame_count; i++) {
        struct kith_frame_peers peers;
        const struct ground_frame *frame = &g->frames[i];
        if (frame->type != KITH_FRAME_PEERS)
            continue;
        assert_int_equal(kith_frame_peers_decode(frame->fields, &peers), 0);
        for (size_t j = 0; j < peers.count; j++)
            world->known[frame->link][who_of(&peers.peers[j].id)] =
                peers.peers[j].state == KITH_TRACKED_HERE;
    }
    ground_forget(g);
}

static void come(struct world *world, uint32_t who)
{
    char host[32];
    memset(world->known[who], 0, sizeof world->known[who]);
    snprintf(host, sizeof host, "192.0.%u.%u", 2 + who / 250, 1 + who % 250);
    ground_up(world->g, who, host);
    ground_register(world->g, who,
                    (struct ground_register){.name = "one", .tag = tag_of(who)});
    assert_int_equal(world->g->closed[who], 0);
    world->is_here[who] = true;
}

static void go(struct world *world, uint32_t who)
{
    ground_down(world->g, who);
    world->is_here[who] = false;
}

/* Twenty seconds: a session ends after twenty minutes in the middle, and so does a pause.
 */
static void live(struct world *world, struct rng_seeded *rng)
{
    for (uint32_t who = 1; who <= PEERS; who++) {
        bool changes = kith_rng_below(&rng->rng, 144 * SESSION_S / (100 * STEP_S)) == 0;
        if (changes && world->is_here[who])
            go(world, who);
        else if (changes)
            come(world, who);
        else if (world->is_here[who])
            ground_ping(world->g, who);
    }
    ground_pass(world->g, STEP_S * KITH_SECOND);
    hear(world);
    for (uint32_t who = 1; who <= PEERS; who++)
        ground_drained(world->g, who, SIZE_MAX);
}

static void check(struct world *world)
{
    for (uint32_t who = 1; who <= PEERS; who++) {
        size_t here = 0, known = 0;
        if (!world->is_here[who])
            continue;
        for (uint32_t other = 1; other <= PEERS; other++) {
            bool is_mine = other != who && tag_of(other) == tag_of(who);
            here += is_mine && world->is_here[other];
            known += world->known[who][other];
            if (world->known[who][other])
                assert_true(is_mine && world->is_here[other]); /* nobody who is not */
        }
        assert_int_equal(
            known, here < KITH_REGISTRY_WATCHED_MAX ? here : KITH_REGISTRY_WATCHED_MAX);
    }
}

static void what_was_told_is_what_is_so_all_day_and_memory_is_flat(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct rng_seeded rng;
    assert_non_null(world);
    rng_seeded_init(&rng, 11);
    world->g = *state;
    for (uint32_t who = 1; who <= PEERS; who++)
        come(world, who);
    size_t morning = 0;
    for (int second = 0; second < DAY_S; second += STEP_S) {
        live(world, &rng);
        if (second % 3600 == 0) { /* what was drawn anew since the last ping is told */
            for (int i = 0; i < 3; i++)
                for (uint32_t who = 1; who <= PEERS; who++)
                    if (world->is_here[who])
                        ground_ping(world->g, who);
            ground_pass(world->g, KITH_SECOND);
            hear(world);
            check(world);
        }
        if (second == 4 * 3600)
            morning = world->g->memory.live_bytes;
    }
    assert_int_equal(kith_registry_counts(world->g->registry).networks, 3);
    assert_true(world->g->memory.live_bytes < morning + morning / 8);
    free(world);
}

/* ---- noise ---- */

#define NOISES     100000
#define NOISE_SIZE 512

static void encode_register(struct kith_writer *w, const struct kith_rng *rng)
{
    struct ground_record fields = {.counter = kith_rng_below(rng, 4),
                                   .addresses = {"192.0.2.3:1", "203.0.113.1:1"}};
    struct kith_frame_register frame = {
        .version_min = 1,
        .version_max = 1,
        .wants_check = true,
        .port = 1,
        .tag = {(uint8_t)kith_rng_below(rng, 2)},
        .name = BYTES("name"),
        .record_public = ground_record(0, 1 + (uint32_t)kith_rng_below(rng, 2), fields)};
    if (kith_rng_below(rng, 2) == 0)
        frame.record_public.size = 0;
    kith_frame_register_encode(w, &frame);
}

static void encode_any(struct kith_writer *w, const struct kith_rng *rng)
{
    struct kith_id id = ground_id(1 + (uint32_t)kith_rng_below(rng, 8));
    struct kith_frame_lookup lookup = {7, (uint8_t)kith_rng_below(rng, 2),
                                       kith_bytes(id.bytes, sizeof id.bytes)};
    struct kith_frame_call call = {7, id, (uint8_t)kith_rng_below(rng, 3)};
    struct kith_frame_ping ping = {7};
    switch (kith_rng_below(rng, 5)) {
    case 0:
        kith_frame_lookup_encode(w, &lookup);
        break;
    case 1:
        kith_frame_call_encode(w, &call);
        break;
    case 2:
        kith_frame_ping_encode(w, KITH_FRAME_PING, &ping);
        break;
    default:
        encode_register(w, rng);
        break;
    }
}

/* A frame that is right, but sometimes for a byte or for its end. */
static size_t make_noise(const struct kith_rng *rng, uint8_t out[static NOISE_SIZE])
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    encode_any(&w, rng);
    size_t size = w.size - 4;
    assert_true(size <= NOISE_SIZE);
    memcpy(out, w.data + 4, size);
    kith_writer_deinit(&w);
    if (kith_rng_below(rng, 4) == 0)
        out[kith_rng_below(rng, size)] = (uint8_t)kith_rng_u64(rng);
    return kith_rng_below(rng, 16) == 0 ? 1 + kith_rng_below(rng, size) : size;
}

static void whatever_is_sent_leaves_it_whole(void **state)
{
    struct ground *g = *state;
    struct rng_seeded rng;
    uint8_t noise[NOISE_SIZE];
    rng_seeded_init(&rng, 5);
    for (int i = 0; i < NOISES; i++) {
        uint32_t who = 1 + (uint32_t)kith_rng_below(&rng.rng, 8);
        bool is_gone = g->closed[who] != 0 || i < 8;
        if (is_gone || kith_rng_below(&rng.rng, 200) == 0) {
            ground_down(g, who);
            ground_up(g, who, who % 2 == 0 ? "192.0.2.3" : "127.0.0.1");
        }
        size_t size = make_noise(&rng.rng, noise);
        ground_frame(g, who, noise[0], kith_bytes(noise + 1, size - 1));
        ground_checked(g, (uint32_t)kith_rng_below(&rng.rng, 1000),
                       (enum kith_check_outcome)(i % 3));
        ground_pass(g, (kith_time)kith_rng_below(&rng.rng, 2 * KITH_SECOND));
        assert_int_equal(g->error, 0);
        ground_forget(g);
    }
    struct kith_registry_counts counts = kith_registry_counts(g->registry);
    assert_true(counts.registered > NOISES / 100);
    assert_true(counts.lookups > NOISES / 1000 && counts.calls > 0 && counts.faults > 0);
    assert_true(counts.here + counts.away <= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_told_is_what_is_so_all_day_and_memory_is_flat, ground_setup,
            ground_teardown),
        cmocka_unit_test_setup_teardown(whatever_is_sent_leaves_it_whole, ground_setup,
                                        ground_teardown),
    };
    return cmocka_run_group_tests_name("tracker/churn", tests, NULL, NULL);
}
