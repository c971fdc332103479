/* SPDX-License-Identifier: MIT */
/* What a person looks for. Whatever was typed, the index takes the query that is made of
 * it, and answers. */
#include "fuzz.h"

#include "scratch.h"
#include "stored.h"

static struct kith_store *store;

static void open_store(void)
{
    char path[SCRATCH_PATH_SIZE], detail[KITH_STORE_DETAIL_SIZE];
    scratch_path("kith.db", path);
    const struct kith_store_config config = {.path = path, .self = stored_self};
    int error = kith_store_open(&config, &store, detail);
    assert(error == 0);
    stored_rows(store);
    stored_run(store, 1, 1, 2, 1);
    stored_run(store, 2, 1, 3, 3);
    error = kith_store_commit(store);
    assert(error == 0 && kith_store_index_step(store, 100, NULL) == 0);
}

static int see(void *ctx, const struct kith_stored_event *event)
{
    size_t *count = ctx;
    assert(event->content.size > KITH_SALT_SIZE);
    ++*count;
    return 0;
}

void fuzz_input(const uint8_t *data, size_t size)
{
    size_t count = 0;
    if (store == NULL)
        open_store();
    int error = kith_store_search(store, kith_bytes(data, size), 0, 10, see, &count);
    assert(error == 0 && count <= 5);
}
