/* SPDX-License-Identifier: MIT */
#include "home_filler.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "node/clock.h"
#include "node/home.h"
#include "node/identity.h"
#include "node/network.h"
#include "sample.h"
#include "store/store.h"

#define EVENTS_A_COMMIT 1024

struct filler {
    struct kith_identity identity;
    struct kith_store *store;
    struct kith_node *node;
    uint64_t store_no; /* highest put */
};

static void fill_random(void *ctx, void *out, size_t size)
{
    randombytes_buf(out, size);
}

static int restore(void *ctx, const struct kith_record *record)
{
    return kith_node_restore(ctx, record);
}

static void open_store(struct filler *filler, const char *database)
{
    struct kith_store_config config = {.path = database, .self = filler->identity.id};
    bench_must(kith_store_open(&config, &filler->store, NULL) == 0, "opening a store");
}

static void open_node(struct filler *filler, const char *database)
{
    struct kith_node_config config = {.alloc = &kith_alloc_heap,
                                      .rng = {fill_random, NULL},
                                      .signer = kith_identity_signer(&filler->identity),
                                      .id = filler->identity.id,
                                      .name_default = kith_name_default("filler")};
    struct kith_network network = kith_network_default();
    memcpy(config.network_key, network.key, sizeof(config.network_key));
    bench_must(kith_home_marker(database, config.marker) == 0 &&
                   kith_node_new(&config, &filler->node) == 0 &&
                   kith_store_restore(filler->store, restore, filler->node) == 0,
               "making a node");
}

/* Nobody is linked and nothing is read: only rows matter. */
static void step(struct filler *filler, struct kith_input *input)
{
    struct kith_effects effects;
    input->now = kith_clock_now();
    bench_must(kith_node_step(filler->node, input, &effects) == 0, "a step");
    for (size_t i = 0; i < effects.count; i++) {
        const struct kith_effect *effect = &effects.items[i];
        if (effect->type != KITH_EFFECT_STORE)
            continue;
        bench_must(kith_store_put(filler->store, &effect->store.record) == 0, "a row");
        filler->store_no = effect->store.store_no;
    }
}

static void commit(struct filler *filler)
{
    bench_must(kith_store_commit(filler->store) == 0, "a commit");
    struct kith_input input = {.type = KITH_INPUT_STORED,
                               .stored = {.store_no = filler->store_no}};
    step(filler, &input);
}

static void say(struct filler *filler, size_t count)
{
    static uint8_t text[BENCH_TEXT_SIZE];
    struct kith_bytes texts[KITH_SEND_TEXTS_MAX];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < count; i++)
        texts[i] = kith_bytes(text, sizeof text);
    struct kith_input input = {
        .type = KITH_INPUT_COMMAND,
        .command = {.type = KITH_COMMAND_SEND,
                    .send = {.texts = texts, .text_count = count}}};
    step(filler, &input);
}

void bench_home_fill(const char *home, size_t events, size_t runs_of)
{
    struct filler filler = {0};
    char *database = kith_home_file(home, KITH_HOME_DATABASE);
    bench_must(database && sodium_init() >= 0, "libsodium");
    bench_must(kith_home_make(home, NULL) == 0 &&
                   kith_identity_load_or_make(home, &filler.identity, NULL) == 0,
               "making a home");
    open_store(&filler, database);
    open_node(&filler, database);
    struct kith_input start = {.type = KITH_INPUT_START};
    step(&filler, &start);
    for (size_t said = 0, committed = 0; said < events;) {
        size_t count = runs_of < events - said ? runs_of : events - said;
        say(&filler, count);
        said += count;
        if (said - committed < EVENTS_A_COMMIT && said < events)
            continue;
        commit(&filler);
        committed = said;
    }
    kith_node_free(filler.node);
    kith_store_close(filler.store);
    kith_identity_deinit(&filler.identity);
    free(database);
}
