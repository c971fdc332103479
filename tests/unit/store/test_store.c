/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct restored {
    size_t counts[KITH_RECORD_ACK + 1];
    enum kith_record_type type_last;
    struct kith_record_meta meta;
    struct kith_record_peer peer; /* the last */
    struct kith_record_room room;
    struct kith_record_log logs[8];
    struct kith_record_ack acks[8];
};

static int see_record(void *ctx, const struct kith_record *record)
{
    struct restored *r = ctx;
    size_t index = r->counts[record->type]++;
    assert_true(record->type >= r->type_last);
    r->type_last = record->type;
    if (record->type == KITH_RECORD_META)
        r->meta = record->meta;
    else if (record->type == KITH_RECORD_PEER)
        r->peer = record->peer;
    else if (record->type == KITH_RECORD_ROOM)
        r->room = record->room;
    else if (record->type == KITH_RECORD_LOG)
        r->logs[index] = record->log;
    else
        r->acks[index] = record->ack;
    return 0;
}

static struct restored restore(struct fixture *f)
{
    struct restored r = {0};
    assert_int_equal(kith_store_restore(f->store, see_record, &r), 0);
    return r;
}

static void an_empty_store_restores_only_meta(void **state)
{
    struct restored r = restore(*state);
    assert_int_equal(r.counts[KITH_RECORD_META], 1);
    assert_int_equal(r.type_last, KITH_RECORD_META);
    assert_int_equal(r.meta.arrival_next, 1);
    assert_int_equal(r.meta.peer_no_next, 1);
    assert_int_equal(r.meta.room_no_next, 1);
    assert_int_equal(r.meta.log_no_next, 1);
    for (size_t i = 0; i < KITH_MARKER_SIZE; i++)
        assert_int_equal(r.meta.marker[i], 0);
}

static int put_ack(struct fixture *f, uint32_t log_no, uint32_t peer_no, uint64_t seq)
{
    struct kith_record record = {.type = KITH_RECORD_ACK, .ack = {log_no, peer_no, seq}};
    return kith_store_put(f->store, &record);
}

static void put_everything(struct fixture *f)
{
    put_world(f);
    struct kith_record meta = {.type = KITH_RECORD_META};
    memset(meta.meta.marker, 'm', KITH_MARKER_SIZE);
    assert_int_equal(kith_store_put(f->store, &meta), 0);
    struct kith_record peer = {
        .type = KITH_RECORD_PEER,
        .peer = {.no = 3,
                 .id = made_peer_id(3),
                 .name = {"Zoë"},
                 .name_hlc = 12345,
                 .last_seen = 1700000000000000,
                 .address = {.host = "fe80::1%eth0", .port = 4747},
                 .is_contact = true},
    };
    assert_int_equal(kith_store_put(f->store, &peer), 0);
    struct kith_record room = {
        .type = KITH_RECORD_ROOM,
        .room = {.no = 2, .id = {{'r', 2}}, .kind = KITH_ROOM_DIRECT, .peer_no = 3},
    };
    assert_int_equal(kith_store_put(f->store, &room), 0);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 1, .seq_first = 1, .count = 5}), 0);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 3, .seq_first = 1, .count = 2}), 0);
    assert_int_equal(put_ack(f, 4, 1, 2), 0);
    assert_int_equal(put_ack(f, 4, 2, 7), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
}

static void check_everything(struct fixture *f)
{
    struct restored r = restore(f);
    assert_int_equal(r.meta.arrival_next, 8);
    assert_int_equal(r.meta.peer_no_next, 4);
    assert_int_equal(r.meta.room_no_next, 3);
    assert_int_equal(r.meta.log_no_next, 5);
    assert_int_equal(r.meta.marker[31], 'm');
    struct kith_id id = made_peer_id(3);
    assert_int_equal(r.counts[KITH_RECORD_PEER], 3);
    assert_true(kith_id_equal(&r.peer.id, &id));
    assert_string_equal(r.peer.name.text, "Zoë");
    assert_int_equal(r.peer.name_hlc, 12345);
    assert_int_equal(r.peer.last_seen, 1700000000000000);
    assert_string_equal(r.peer.address.host, "fe80::1%eth0");
    assert_int_equal(r.peer.address.port, 4747);
    assert_true(r.peer.is_contact);
    assert_int_equal(r.counts[KITH_RECORD_ROOM], 2);
    assert_int_equal(r.room.kind, KITH_ROOM_DIRECT);
    assert_int_equal(r.room.peer_no, 3);
    assert_int_equal(r.counts[KITH_RECORD_LOG], 4);
    assert_int_equal(r.logs[0].seq, 5);
    assert_int_equal(r.logs[0].hlc, 5);
    id = made_event_id(1, 5);
    assert_true(kith_id_equal(&r.logs[0].head, &id));
    assert_int_equal(r.logs[1].seq, 0);
    assert_true(kith_id_is_zero(&r.logs[1].head));
    assert_int_equal(r.logs[2].seq, 2);
    assert_int_equal(r.logs[3].author_no, 0);
    assert_int_equal(r.counts[KITH_RECORD_ACK], 2);
    assert_int_equal(r.acks[1].peer_no, 2);
    assert_int_equal(r.acks[1].seq, 7);
}

/* Puts another name of peer 3, who was called Zoë at 12345. */
static struct kith_record_peer put_name(struct fixture *f, const char *name, kith_hlc hlc,
                                        bool is_told)
{
    struct kith_record record = {
        .type = KITH_RECORD_PEER,
        .peer = {.no = 3,
                 .id = made_peer_id(3),
                 .name_hlc = hlc,
                 .is_name_told = is_told,
                 .last_seen = 1800000000000000},
    };
    snprintf(record.peer.name.text, sizeof(record.peer.name.text), "%s", name);
    assert_int_equal(kith_store_put(f->store, &record), 0);
    struct kith_record_peer row = restore(f).peer;
    assert_int_equal(row.last_seen, 1800000000000000);
    assert_false(row.is_contact);
    return row;
}

/* As of two runs that one transaction stores, the later one first; or where the peer is
 * seen before that is committed. */
static void the_latest_name_of_a_peer_stays_whichever_is_put_last(void **state)
{
    struct fixture *f = *state;
    put_everything(f);
    struct kith_record_peer row = put_name(f, "Zoe of yore", 12344, false);
    assert_string_equal(row.name.text, "Zoë");
    assert_int_equal(row.name_hlc, 12345);
    assert_string_equal(put_name(f, "Anna", 12345, false).name.text, "Zoë");
    row = put_name(f, "Zoë the 2nd", 12345, false);
    assert_string_equal(row.name.text, "Zoë the 2nd"); /* the greater of two at once */
    assert_int_equal(row.name_hlc, 12345);
    struct kith_record other = {
        .type = KITH_RECORD_PEER,
        .peer = {.no = 3, .id = made_peer_id(4), .name = {"Eve"}, .name_hlc = 12344}};
    assert_int_equal(kith_store_put(f->store, &other), 0); /* it has the number now */
    assert_string_equal(restore(f).peer.name.text, "Eve");
}

static void a_name_in_doubt_gives_way_to_any(void **state)
{
    struct fixture *f = *state;
    put_everything(f);
    assert_int_equal(put_name(f, "Zoë", UINT64_MAX, true).name_hlc, 0);
    struct kith_record_peer row = put_name(f, "Zoe of yore", 12344, false);
    assert_string_equal(row.name.text, "Zoe of yore");
    assert_int_equal(row.name_hlc, 12344);
}

/* And may be wrong: a profile event says better. */
static void a_name_that_was_only_told_is_stored_if_it_is_the_latest(void **state)
{
    struct fixture *f = *state;
    put_everything(f);
    assert_string_equal(put_name(f, "Zoe of yore", 12344, true).name.text, "Zoë");
    struct kith_record_peer row = put_name(f, "Zara", 12346, true);
    assert_string_equal(row.name.text, "Zara");
    assert_int_equal(row.name_hlc, 0);
    row = put_name(f, "Zoë", 12345, false);
    assert_string_equal(row.name.text, "Zoë");
    assert_int_equal(row.name_hlc, 12345);
}

static void what_was_stored_is_restored(void **state)
{
    put_everything(*state);
    check_everything(*state);
}

static void what_was_stored_is_restored_after_reopening(void **state)
{
    put_everything(*state);
    fixture_reopen(*state);
    check_everything(*state);
}

static void the_last_log_number_has_a_head(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put_log(f, KITH_LOG_NO_MAX, 1, 0), 0);
    struct run_spec spec = {
        .log_no = KITH_LOG_NO_MAX, .seq_first = KITH_SEQ_MAX, .count = 1};
    assert_int_equal(put_run(f, &spec), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    assert_int_equal(restore(f).logs[0].seq, KITH_SEQ_MAX);
}

static void numbers_out_of_range_are_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put_log(f, KITH_LOG_NO_MAX + 1, 1, 0), KITH_EINVALID);
    assert_int_equal(put_log(f, 0, 1, 0), KITH_EINVALID);
    struct made_run made;
    make_run(f, &(struct run_spec){.log_no = 1, .seq_first = 1, .count = 2}, &made);
    made.record.run.log_no = KITH_LOG_NO_MAX + 1;
    assert_int_equal(kith_store_put(f->store, &made.record), KITH_EINVALID);
    made.record.run.log_no = 1;
    made.run.seq_first = KITH_SEQ_MAX;
    assert_int_equal(kith_store_put(f->store, &made.record), KITH_EINVALID);
    made.run.seq_first = 1;
    made.record.run.arrival_first = INT64_MAX;
    assert_int_equal(kith_store_put(f->store, &made.record), KITH_EINVALID);
    made_run_deinit(&made);
    assert_int_equal(put_ack(f, 1, 1, KITH_SEQ_MAX + 1), KITH_EINVALID);
    assert_false(kith_store_is_dirty(f->store));
}

static void acks_only_rise(void **state)
{
    struct fixture *f = *state;
    size_t count;
    assert_int_equal(put_ack(f, 1, 1, 5), 0);
    assert_int_equal(put_ack(f, 1, 1, 3), 0);
    assert_int_equal(put_ack(f, 1, 2, 4), 0);
    assert_int_equal(kith_store_ack_count(f->store, 1, 4, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(kith_store_ack_count(f->store, 1, 5, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(kith_store_ack_count(f->store, 1, 6, &count), 0);
    assert_int_equal(count, 0);
}

static void a_rollback_forgets_only_what_is_not_committed(void **state)
{
    struct fixture *f = *state;
    put_everything(f);
    assert_false(kith_store_is_dirty(f->store));
    struct run_spec more = {.log_no = 1, .seq_first = 6, .count = 3};
    uint64_t arrival = f->arrival_next;
    assert_int_equal(put_run(f, &more), 0);
    assert_true(kith_store_is_dirty(f->store));
    kith_store_rollback(f->store);
    assert_false(kith_store_is_dirty(f->store));
    check_everything(f);
    f->arrival_next = arrival;
    assert_int_equal(put_run(f, &more), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    assert_int_equal(restore(f).meta.arrival_next, 11);
}

static void storing_an_event_twice_fails_the_whole_transaction(void **state)
{
    struct fixture *f = *state;
    put_everything(f);
    struct run_spec more = {.log_no = 1, .seq_first = 6, .count = 3};
    struct run_spec again = {.log_no = 3, .seq_first = 2, .count = 1};
    assert_int_equal(put_run(f, &more), 0);
    assert_int_equal(put_run(f, &again), KITH_EINVALID);
    assert_string_not_equal(kith_store_detail(f->store), "");
    assert_false(kith_store_is_dirty(f->store));
    check_everything(f);
}

static void an_empty_commit_does_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(kith_store_commit(f->store), 0);
    kith_store_rollback(f->store);
    assert_int_equal(kith_store_commit(f->store), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup_memory, teardown)
#define D(name) cmocka_unit_test_setup_teardown(name, setup_disk, teardown)
        T(the_latest_name_of_a_peer_stays_whichever_is_put_last),
        T(a_name_in_doubt_gives_way_to_any),
        T(a_name_that_was_only_told_is_stored_if_it_is_the_latest),
        T(an_empty_store_restores_only_meta),
        T(what_was_stored_is_restored),
        D(what_was_stored_is_restored_after_reopening),
        T(the_last_log_number_has_a_head),
        T(numbers_out_of_range_are_refused),
        T(acks_only_rise),
        T(a_rollback_forgets_only_what_is_not_committed),
        T(storing_an_event_twice_fails_the_whole_transaction),
        T(an_empty_commit_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
