/* SPDX-License-Identifier: MIT */
/* A home whose database is not what kith left there. One is made at the start, with part
 * of it in the write-ahead log; the input says what becomes of it: bytes written over,
 * files cut short, or rows that SQL can write and kith would not. Then everything that
 * reads a store does, and a node takes back what it can. Whatever it finds: no crash, and
 * errors that the store may return. */
#include "fuzz.h"

#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "core/node.h"
#include "spoil.h"
#include "stored.h"
#include "store/db.h"

static struct spoil_image database, wal;

static const uint8_t network_key[KITH_NETWORK_KEY_SIZE] = {7};

/* ---- what kith left ---- */

static struct kith_store *open_store(int *out_error)
{
    char path[SCRATCH_PATH_SIZE], detail[KITH_STORE_DETAIL_SIZE] = "";
    struct kith_store *store = NULL;
    scratch_path("kith.db", path);
    const struct kith_store_config config = {.path = path, .self = stored_self};
    *out_error = kith_store_open(&config, &store, detail);
    assert((*out_error == 0) == (store != NULL) &&
           (*out_error == 0) == (detail[0] == '\0'));
    return store;
}

/* As rows were before they had any: what comes behind the checksum is to meet damage. */
static void drop_checksums(struct kith_store *store)
{
    int rc =
        sqlite3_exec(store->db, "UPDATE events SET checksum = NULL", NULL, NULL, NULL);
    assert(rc == SQLITE_OK);
}

static void make_images(void)
{
    int error;
    struct kith_store *store = open_store(&error);
    assert(error == 0);
    stored_rows(store);
    stored_run(store, 1, 1, 2, 1);
    stored_run(store, 2, 1, 3, 3);
    error = kith_store_commit(store);
    assert(error == 0 && kith_store_index_step(store, 100, NULL) == 0);
    drop_checksums(store);
    kith_store_close(store);
    database = spoil_read("kith.db");
    store = open_store(&error);
    stored_run(store, 2, 4, 1, 6);
    error = kith_store_commit(store);
    assert(error == 0);
    drop_checksums(store);
    wal = spoil_read("kith.db-wal");
    kith_store_close(store);
    scratch_clear();
}

/* ---- what becomes of it ---- */

static const char *const statements[] = {
    "UPDATE peers SET id = ?1",
    "UPDATE peers SET no = ?1",
    "UPDATE peers SET name = ?1",
    "UPDATE peers SET host = ?1",
    "UPDATE peers SET port = ?1",
    "UPDATE peers SET name_hlc = ?1, last_seen = ?1",
    "UPDATE rooms SET id = ?1",
    "UPDATE rooms SET no = ?1",
    "UPDATE rooms SET kind = ?1, peer = ?1",
    "UPDATE rooms SET name = ?1",
    "UPDATE logs SET room = ?1",
    "UPDATE logs SET author = ?1",
    "UPDATE logs SET log = ?1",
    "UPDATE logs SET class = ?1",
    "UPDATE logs SET base = ?1",
    "UPDATE logs SET seq_first = ?1",
    "UPDATE OR REPLACE logs SET no = ?1",
    "UPDATE OR REPLACE events SET key = ?1",
    "UPDATE events SET key = key + ?1",
    "UPDATE events SET room = ?1",
    "UPDATE events SET hlc = ?1",
    "UPDATE events SET kind = ?1",
    "UPDATE events SET arrival = ?1",
    "UPDATE events SET id = ?1",
    "UPDATE events SET own = ?1",
    "UPDATE events SET signature = ?1",
    "UPDATE events SET content = ?1",
    "DELETE FROM events WHERE arrival = ?1",
    "UPDATE arrivals SET log = ?1",
    "UPDATE arrivals SET seq = ?1",
    "UPDATE arrivals SET count = ?1",
    "UPDATE OR REPLACE arrivals SET first = ?1",
    "UPDATE acks SET seq = ?1",
    "UPDATE OR REPLACE acks SET log = ?1, peer = ?1",
    "UPDATE meta SET marker = ?1",
    "DELETE FROM meta",
    "UPDATE trackers SET address = ?1",
    "UPDATE trackers SET id = ?1",
    "UPDATE search_state SET next = ?1",
    "DELETE FROM search_state",
    "UPDATE OR REPLACE ids SET beginning = ?1",
    "UPDATE OR REPLACE ids SET arrival = ?1",
    "DROP TABLE search",
    "DROP TABLE acks",
    "DROP INDEX events_by_time",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 5",
    "DELETE FROM rooms",
    "DELETE FROM logs WHERE no = 1",
    "DELETE FROM peers",
    "UPDATE search_data SET block = ?1",
    "DELETE FROM search_data",
    "UPDATE meta SET self = ?1",
};

/* ---- what is made of it ---- */

static void check_error(int error)
{
    /* A header may say that only readers of a later format may write; and a length that
     * is nonsense is for SQLite one that there is no memory for. */
    assert(error == 0 || error == KITH_ECORRUPT || error == KITH_ENOTFOUND ||
           error == KITH_EIO || error == KITH_EINVALID || error == KITH_EFULL ||
           error == KITH_EREADONLY || error == KITH_ENOMEM);
}

static int see_event(void *ctx, const struct kith_stored_event *event)
{
    struct kith_event own;
    struct kith_bytes text;
    (void)ctx;
    if (event->is_damaged)
        return 0;
    assert(event->hlc <= INT64_MAX);
    kith_own_decode(event->own, &own);
    if (event->content.size >= KITH_SALT_SIZE)
        kith_body_message_decode(kith_bytes(event->content.data + KITH_SALT_SIZE,
                                            event->content.size - KITH_SALT_SIZE),
                                 &text);
    return 0;
}

static int see_run(void *ctx, const struct kith_stored_run *stored)
{
    uint64_t *next = ctx;
    assert(stored->seq_first <= stored->seq_last && stored->seq_last <= KITH_SEQ_MAX);
    assert(*next == 0 || stored->seq_first == *next);
    *next = stored->seq_last + 1;
    return 0;
}

static void read_all(struct kith_store *store)
{
    struct kith_arrival_group group;
    struct kith_id id;
    size_t count;
    const struct kith_id event = {{'e', 2, 1}};
    const struct kith_page_query page = {.limit = 10, .is_newest_first = true};
    for (uint32_t no = 0; no <= 3; no++) {
        uint64_t next = 0;
        check_error(kith_store_load(store, no, 1, KITH_SEQ_MAX, 100000, see_run, &next));
        check_error(kith_store_event_id(store, no, 2, &id));
        check_error(kith_store_event(store, no, 2, see_event, NULL));
        check_error(kith_store_ack_count(store, no, 1, &count));
    }
    check_error(kith_store_page(store, &page, see_event, NULL));
    check_error(kith_store_arrivals(store, 0, 10, see_event, NULL));
    check_error(kith_store_arrival_group(store, 1, &group));
    check_error(kith_store_index_step(store, 10, NULL));
    check_error(
        kith_store_search(store, kith_bytes("hi the", 6), 0, 10, see_event, NULL));
    check_error(kith_store_message(store, &event, see_event, NULL));
}

/* ---- a node ---- */

static void fill(void *ctx, void *out, size_t size)
{
    (void)ctx;
    memset(out, 5, size);
}

static void sign(void *ctx, const uint8_t *message, size_t size,
                 uint8_t out[static KITH_SIGNATURE_SIZE])
{
    (void)ctx, (void)message, (void)size;
    memset(out, 0, KITH_SIGNATURE_SIZE);
}

static int restore(void *ctx, const struct kith_record *record)
{
    return kith_node_restore(ctx, record);
}

static void store_effects(struct kith_store *store, const struct kith_effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->items[i].type != KITH_EFFECT_STORE)
            continue;
        int error = kith_store_put(store, &effects->items[i].store.record);
        check_error(error);
        if (error != 0)
            return;
    }
    check_error(kith_store_commit(store));
}

static void live(struct kith_store *store)
{
    struct kith_node_config config = {.alloc = &kith_alloc_heap,
                                      .rng = {.fill = fill},
                                      .signer = {.sign = sign},
                                      .id = stored_self,
                                      .name_default = {.text = "lone"}};
    struct kith_node *node;
    struct kith_effects effects;
    memcpy(config.network_key, network_key, sizeof(network_key));
    int error = kith_node_new(&config, &node);
    assert(error == 0);
    error = kith_store_restore(store, restore, node);
    check_error(error);
    if (error == 0) {
        struct kith_input in = {.type = KITH_INPUT_START,
                                .now = {KITH_HOUR, 1700000000 * KITH_SECOND}};
        error = kith_node_step(node, &in, &effects);
        assert(error == 0);
        store_effects(store, &effects);
    }
    kith_node_free(node);
}

static long size_of(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat is;
    scratch_path(name, path);
    return stat(path, &is) == 0 ? (long)is.st_size : 0;
}

void fuzz_input(const uint8_t *data, size_t size)
{
    if (database.bytes == NULL)
        make_images();
    int error;
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    spoil_files("kith.db", &database, &wal, &in);
    spoil_rows("kith.db", statements, sizeof(statements) / sizeof(statements[0]), &in);
    bool is_log_alone = size_of("kith.db") == 0 && size_of("kith.db-wal") > 0;
    struct kith_store *store = open_store(&error);
    assert((error == KITH_ENOTFOUND) == is_log_alone);
    if (error != KITH_ENEWER)
        check_error(error);
    if (error == 0) {
        read_all(store);
        live(store);
    }
    kith_store_close(store);
    scratch_clear();
}
