/* SPDX-License-Identifier: MIT */
#include "stored.h"

#include "fuzz.h"

#include <string.h>

const struct kith_id stored_self = {{'s'}};

static void put(struct kith_store *store, const struct kith_record *record)
{
    int error = kith_store_put(store, record);
    assert(error == 0);
}

void stored_rows(struct kith_store *store)
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
    static const char *const texts[] = {"hi there", "a naïve café, \"tomorrow\"",
                                        "漢字 hi"};
    const char *text = texts[hlc % 3];
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    kith_own_encode(&own, &(struct kith_own){.hlc = hlc,
                                             .kind = KITH_KIND_MESSAGE,
                                             .body_size = strlen(text) + 4});
    kith_writer_bytes(&content, "salt salt salt !", KITH_SALT_SIZE);
    kith_body_message_encode(&content, kith_bytes(text, strlen(text)));
    kith_run_add(run, at, kith_writer_view(&own), kith_writer_view(&content));
    kith_writer_deinit(&own);
    kith_writer_deinit(&content);
}

void stored_run(struct kith_store *store, uint32_t log_no, uint64_t seq, size_t count,
                uint64_t arrival)
{
    static struct kith_run run;
    struct kith_writer bytes = kith_writer(&kith_alloc_heap);
    struct kith_run_head head = {.author =
                                     log_no == 1 ? stored_self : (struct kith_id){{'p'}},
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
