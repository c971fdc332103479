/* SPDX-License-Identifier: MIT */
/* A home whose database is not what kith left there. One is made at the start, with part
 * of it in the write-ahead log; the input says what becomes of it: bytes written over,
 * files cut short, or rows that SQL can write and kith would not. Then everything that
 * reads a store does, and a node takes back what it can. Whatever it finds: no crash, and
 * errors that the store may return. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <sqlite3.h>

#include "base/reader.h"
#include "core/node.h"
#include "scratch.h"
#include "store/store.h"

#define TEXT_SIZE_MAX 200 /* of a value put by SQL */

static struct image {
    uint8_t *bytes;
    size_t size;
} database, wal;

static const struct kith_id self = {{'s'}};
static const uint8_t network_key[KITH_NETWORK_KEY_SIZE] = {7};

/* ---- what kith left ---- */

static void put(struct kith_store *store, const struct kith_record *record)
{
    int error = kith_store_put(store, record);
    assert(error == 0);
}

static void put_rows(struct kith_store *store)
{
    struct kith_record peer = {.type = KITH_RECORD_PEER,
                               .peer = {1,
                                        {{'p'}},
                                        {"bob"},
                                        1,
                                        2,
                                        {.host = "10.0.0.9", .port = 4747},
                                        .is_contact = true}};
    struct kith_record tracker = {
        .type = KITH_RECORD_TRACKER,
        .tracker = {{.host = "t.example", .port = 55555}, {{'t'}}, true}};
    put(store, &peer);
    put(store, &tracker);
    struct kith_record room = {.type = KITH_RECORD_ROOM,
                               .room = {1, {{'f'}}, KITH_ROOM_OPEN, {"garden"}, 0, true}};
    put(store, &room);
    for (uint32_t no = 1; no <= 2; no++) {
        struct kith_record log = {.type = KITH_RECORD_LOG,
                                  .log = {.no = no,
                                          .room_no = 1,
                                          .author_no = no - 1,
                                          .log = {{(uint8_t)no}},
                                          .seq_first = 1}};
        put(store, &log);
    }
    struct kith_record ack = {.type = KITH_RECORD_ACK, .ack = {1, 1, 1}};
    put(store, &ack);
}

static void add_event(struct kith_writer *run, size_t at, uint64_t hlc)
{
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    kith_own_encode(
        &own, &(struct kith_own){.hlc = hlc, .kind = KITH_KIND_MESSAGE, .body_size = 12});
    kith_writer_bytes(&content, "salt salt salt !", KITH_SALT_SIZE);
    kith_body_message_encode(&content, kith_bytes("hi there", 8));
    kith_run_add(run, at, kith_writer_view(&own), kith_writer_view(&content));
    kith_writer_deinit(&own);
    kith_writer_deinit(&content);
}

static void put_run(struct kith_store *store, uint32_t log_no, uint64_t seq, size_t count,
                    uint64_t arrival)
{
    static struct kith_run run;
    struct kith_writer bytes = kith_writer(&kith_alloc_heap);
    struct kith_run_head head = {.author = log_no == 1 ? self : (struct kith_id){{'p'}},
                                 .log = {{(uint8_t)log_no}},
                                 .seq_first = seq};
    if (seq > 1)
        head.prev = (struct kith_id){{'e', (uint8_t)log_no, (uint8_t)(seq - 1)}};
    size_t at = kith_run_begin(&bytes, &head);
    for (size_t i = 0; i < count; i++)
        add_event(&bytes, at, arrival + i);
    int error = kith_run_decode(kith_writer_view(&bytes), &run);
    assert(error == 0);
    for (size_t i = 0; i < count; i++)
        run.events[i].id = (struct kith_id){{'e', (uint8_t)log_no, (uint8_t)(seq + i)}};
    struct kith_record record = {.type = KITH_RECORD_RUN,
                                 .run = {1, log_no, arrival, 3, &run}};
    put(store, &record);
    kith_writer_deinit(&bytes);
}

static struct image read_image(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct image image = {0};
    scratch_path(name, path);
    FILE *file = fopen(path, "rb");
    assert(file != NULL && fseek(file, 0, SEEK_END) == 0);
    image.size = (size_t)ftell(file);
    image.bytes = malloc(image.size + 1);
    rewind(file);
    size_t got = fread(image.bytes, 1, image.size, file);
    assert(got == image.size);
    fclose(file);
    return image;
}

static struct kith_store *open_store(int *out_error)
{
    char path[SCRATCH_PATH_SIZE], detail[KITH_STORE_DETAIL_SIZE] = "";
    struct kith_store *store = NULL;
    scratch_path("kith.db", path);
    const struct kith_store_config config = {.path = path, .self = self};
    *out_error = kith_store_open(&config, &store, detail);
    assert((*out_error == 0) == (store != NULL) &&
           (*out_error == 0) == (detail[0] == '\0'));
    return store;
}

static void make_images(void)
{
    int error;
    struct kith_store *store = open_store(&error);
    assert(error == 0);
    put_rows(store);
    put_run(store, 1, 1, 2, 1);
    put_run(store, 2, 1, 3, 3);
    error = kith_store_commit(store);
    assert(error == 0 && kith_store_index_step(store, 100, NULL) == 0);
    kith_store_close(store);
    database = read_image("kith.db");
    store = open_store(&error);
    put_run(store, 2, 4, 1, 6);
    error = kith_store_commit(store);
    assert(error == 0);
    wal = read_image("kith.db-wal");
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
};

static void bind(sqlite3_stmt *statement, struct kith_reader *in)
{
    uint8_t kind = kith_reader_u8(in);
    size_t size = kith_reader_u8(in) % TEXT_SIZE_MAX;
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    if (kind % 6 == 1)
        sqlite3_bind_int64(statement, 1, (int64_t)kith_reader_u64(in));
    else if (kind % 6 == 2)
        sqlite3_bind_int64(statement, 1, kind / 6 - 10);
    else if (kind % 6 == 3)
        sqlite3_bind_text(statement, 1, (const char *)kith_reader_bytes(in, size),
                          (int)size, SQLITE_TRANSIENT);
    else if (kind % 6 == 5)
        sqlite3_bind_zeroblob(statement, 1,
                              (int)size * 1024); /* longer than u16 counts */
    else if (kind % 6 == 4)
        sqlite3_bind_blob(statement, 1, kith_reader_bytes(in, size), (int)size,
                          SQLITE_TRANSIENT);
}

static void run_sql(struct kith_reader *in)
{
    char path[SCRATCH_PATH_SIZE];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    scratch_path("kith.db", path);
    if (sqlite3_open(path, &db) == SQLITE_OK) {
        uint8_t which = kith_reader_u8(in) % (sizeof(statements) / sizeof(statements[0]));
        sqlite3_prepare_v2(db, statements[which], -1, &statement, NULL);
        if (statement != NULL) {
            bind(statement, in);
            sqlite3_step(statement);
        }
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

static void write_over(struct image *image, struct kith_reader *in)
{
    size_t at = (size_t)kith_reader_u32(in) % image->size;
    size_t size = 1 + kith_reader_u8(in) % 16;
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    size = size < image->size - at ? size : image->size - at;
    memcpy(image->bytes + at, kith_reader_bytes(in, size), size);
}

static struct image copy_of(const struct image *image)
{
    struct image copy = {malloc(image->size), image->size};
    memcpy(copy.bytes, image->bytes, image->size);
    return copy;
}

/* Bytes first; then, on the files, SQL. */
static void spoil(struct kith_reader *in)
{
    struct image db = copy_of(&database), log = copy_of(&wal);
    uint8_t how = kith_reader_u8(in);
    for (int i = 0; i < (how & 3); i++)
        write_over(&db, in);
    for (int i = 0; i < (how >> 2 & 3); i++)
        write_over(&log, in);
    if (how & 0x10)
        db.size = kith_reader_u32(in) % db.size;
    if (how & 0x20)
        log.size = kith_reader_u32(in) % log.size;
    scratch_write("kith.db", db.bytes, db.size);
    if (how & 0x40)
        scratch_write("kith.db-wal", log.bytes, log.size);
    free(db.bytes);
    free(log.bytes);
    for (int i = 0; kith_reader_left(in) > 0 && i < 8; i++)
        run_sql(in);
}

/* ---- what is made of it ---- */

static void check_error(int error)
{
    /* A header may say that only readers of a later format may write. */
    assert(error == 0 || error == KITH_ECORRUPT || error == KITH_ENOTFOUND ||
           error == KITH_EIO || error == KITH_EINVALID || error == KITH_EFULL ||
           error == KITH_EREADONLY);
}

static int see_event(void *ctx, const struct kith_stored_event *event)
{
    struct kith_event own;
    struct kith_bytes text;
    (void)ctx;
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
        check_error(kith_store_load(store, no, 1, 100000, see_run, &next));
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
                                      .id = self,
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

void fuzz_input(const uint8_t *data, size_t size)
{
    if (database.bytes == NULL)
        make_images();
    int error;
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    spoil(&in);
    struct kith_store *store = open_store(&error);
    assert(error == KITH_ENEWER || error != KITH_ENOTFOUND);
    if (error != KITH_ENEWER)
        check_error(error);
    if (error == 0) {
        read_all(store);
        live(store);
    }
    kith_store_close(store);
    scratch_clear();
}
