/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->arrival_next = 1;
    f->config.self = made_peer_id(0);
    return f;
}

int setup_disk(void **state)
{
    struct fixture *f = fixture_new();
    const char *folder = getenv("TMPDIR");
    snprintf(f->home, sizeof f->home, "%.40s/kith-store-XXXXXX",
             folder ? folder : "/tmp");
    assert_non_null(mkdtemp(f->home));
    snprintf(f->path, sizeof f->path, "%s/kith.db", f->home);
    f->config.path = f->path;
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    *state = f;
    return 0;
}

int setup_memory(void **state)
{
    struct fixture *f = fixture_new();
    f->config.path = ":memory:";
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
    *state = f;
    return 0;
}

static void remove_home(const char *home)
{
    char path[512];
    DIR *folder = opendir(home);
    if (!folder)
        return;
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", home, entry->d_name);
        unlink(path);
    }
    closedir(folder);
    rmdir(home);
}

int teardown(void **state)
{
    struct fixture *f = *state;
    kith_store_close(f->store);
    if (f->home[0])
        remove_home(f->home);
    free(f);
    return 0;
}

void fixture_reopen(struct fixture *f)
{
    kith_store_close(f->store);
    f->store = NULL;
    assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
}

static void write_number(uint8_t *out, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

struct kith_id made_event_id(uint32_t log_no, uint64_t seq)
{
    struct kith_id id = {{'e'}};
    write_number(id.bytes + 1, log_no);
    write_number(id.bytes + 9, seq);
    return id;
}

struct kith_id made_peer_id(uint32_t peer_no)
{
    struct kith_id id = {{'p'}};
    write_number(id.bytes + 1, peer_no);
    return id;
}

static struct kith_log_id made_log_id(uint32_t log_no)
{
    struct kith_log_id id = {{'l'}};
    write_number(id.bytes + 1, log_no);
    return id;
}

static void add_event(struct made_run *out, size_t at, const struct run_spec *spec,
                      size_t index)
{
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    char text[64];
    snprintf(text, sizeof text, "%u %llu", spec->log_no,
             (unsigned long long)(spec->seq_first + index));
    const char *said = spec->text ? spec->text : text;
    kith_hlc first = spec->hlc_first ? spec->hlc_first : spec->seq_first;
    kith_own_encode(&own, &(struct kith_own){
                              .hlc = first + index,
                              .kind = spec->kind ? spec->kind : KITH_KIND_MESSAGE,
                              .body_size = (uint32_t)strlen(said) + 4,
                          });
    kith_writer_bytes(&content, "salt salt salt !", KITH_SALT_SIZE);
    kith_body_message_encode(&content, kith_bytes(said, strlen(said)));
    kith_run_add(&out->bytes, at, kith_writer_view(&own),
                 spec->is_discarded ? kith_bytes(NULL, 0) : kith_writer_view(&content));
    assert_false(own.failed || content.failed || out->bytes.failed);
    kith_writer_deinit(&own);
    kith_writer_deinit(&content);
}

void make_run(struct fixture *f, const struct run_spec *spec, struct made_run *out)
{
    uint32_t author_no = spec->log_no == 4 ? 0 : spec->log_no;
    struct kith_run_head head = {
        .author = made_peer_id(author_no),
        .log = made_log_id(spec->log_no),
        .seq_first = spec->seq_first,
        .prev = spec->prev_of_base,
    };
    if (kith_id_is_zero(&head.prev) && spec->seq_first > 1)
        head.prev = made_event_id(spec->log_no, spec->seq_first - 1);
    uint8_t signature[KITH_SIGNATURE_SIZE];
    memset(signature, (int)(spec->seq_first & 0xff) | 1, sizeof signature);
    out->bytes = kith_writer(&kith_alloc_heap);
    size_t at = kith_run_begin(&out->bytes, &head);
    for (size_t i = 0; i < spec->count; i++)
        add_event(out, at, spec, i);
    kith_run_sign(&out->bytes, at, signature);
    assert_int_equal(kith_run_decode(kith_writer_view(&out->bytes), &out->run), 0);
    for (size_t i = 0; i < spec->count; i++)
        out->run.events[i].id = made_event_id(spec->log_no, spec->seq_first + i);
    out->record = (struct kith_record){
        .type = KITH_RECORD_RUN,
        .run = {.room_no = spec->room_no ? spec->room_no : 1,
                .log_no = spec->log_no,
                .arrival_first = f->arrival_next,
                .seen = spec->seen != 0 ? spec->seen : 1000 + (kith_time)spec->seq_first,
                .run = &out->run},
    };
    f->arrival_next += spec->count;
}

void made_run_deinit(struct made_run *made)
{
    kith_writer_deinit(&made->bytes);
}

int put_run(struct fixture *f, const struct run_spec *spec)
{
    struct made_run made;
    make_run(f, spec, &made);
    int rc = kith_store_put(f->store, &made.record);
    made_run_deinit(&made);
    return rc;
}

int put_log(struct fixture *f, uint32_t log_no, uint32_t room_no, uint32_t author_no)
{
    struct kith_record record = {
        .type = KITH_RECORD_LOG,
        .log = {.no = log_no,
                .room_no = room_no,
                .author_no = author_no,
                .log = made_log_id(log_no),
                .seq_first = 1},
    };
    return kith_store_put(f->store, &record);
}

void put_world(struct fixture *f)
{
    for (uint32_t no = 1; no <= 3; no++) {
        struct kith_record record = {
            .type = KITH_RECORD_PEER,
            .peer = {.no = no, .id = made_peer_id(no), .last_seen = 7},
        };
        snprintf(record.peer.name.text, sizeof record.peer.name.text, "peer %u", no);
        assert_int_equal(kith_store_put(f->store, &record), 0);
    }
    for (uint32_t no = 1; no <= 2; no++) {
        struct kith_record record = {
            .type = KITH_RECORD_ROOM,
            .room = {.no = no,
                     .id = {{'r', (uint8_t)no}},
                     .kind = (enum kith_room_kind)no},
        };
        assert_int_equal(kith_store_put(f->store, &record), 0);
    }
    for (uint32_t no = 1; no <= 4; no++)
        assert_int_equal(put_log(f, no, no < 3 ? 1 : 2, no == 4 ? 0 : no), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
}

int see_event(void *ctx, const struct kith_stored_event *event)
{
    struct seen *seen = ctx;
    struct kith_bytes text = {0};
    assert_true(seen->count < EVENTS_SEEN_MAX);
    seen->events[seen->count] = *event;
    if (event->content.size > KITH_SALT_SIZE)
        kith_body_message_decode(kith_bytes(event->content.data + KITH_SALT_SIZE,
                                            event->content.size - KITH_SALT_SIZE),
                                 &text);
    snprintf(seen->text[seen->count], sizeof seen->text[0], "%.*s", (int)text.size,
             text.data ? (const char *)text.data : "");
    seen->count++;
    return seen->count == seen->stop_at ? 1 : 0;
}
