/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct loaded {
    struct kith_writer bytes; /* of all runs, one after the other */
    size_t count;
    uint64_t seq_first;
    uint64_t seq_last;
    struct kith_id head;
};

static int see_run(void *ctx, const struct kith_stored_run *run)
{
    struct loaded *loaded = ctx;
    if (loaded->count++ == 0)
        loaded->seq_first = run->seq_first;
    loaded->seq_last = run->seq_last;
    loaded->head = run->head;
    kith_writer_bytes(&loaded->bytes, run->bytes.data, run->bytes.size);
    return 0;
}

static struct loaded load(struct fixture *f, uint32_t log_no, uint64_t seq, size_t max)
{
    struct loaded loaded = {.bytes = kith_writer(&kith_alloc_heap)};
    assert_int_equal(
        kith_store_load(f->store, log_no, seq, KITH_SEQ_MAX, max, see_run, &loaded), 0);
    return loaded;
}

/* Put runs of these sizes into a log and keep their bytes. */
static struct kith_writer put_runs(struct fixture *f, uint32_t log_no, size_t run_count,
                                   const size_t *sizes)
{
    struct kith_writer all = kith_writer(&kith_alloc_heap);
    uint64_t seq = 1;
    for (size_t i = 0; i < run_count; i++) {
        struct made_run made;
        make_run(f,
                 &(struct run_spec){.log_no = log_no,
                                    .seq_first = seq,
                                    .count = sizes[i],
                                    .is_discarded = i == 2},
                 &made);
        kith_writer_bytes(&all, made.bytes.data, made.bytes.size);
        assert_int_equal(kith_store_put(f->store, &made.record), 0);
        seq += sizes[i];
        made_run_deinit(&made);
    }
    assert_int_equal(kith_store_commit(f->store), 0);
    return all;
}

static void what_lies_behind_the_last_event_wanted_stays_unread(void **state)
{
    static const size_t sizes[] = {1, 128, 3, 1, 16};
    struct fixture *f = *state;
    put_world(f);
    struct kith_writer all = put_runs(f, 1, COUNT(sizes), sizes);
    for (uint64_t last = 2; last <= 130; last += 128) { /* in the second and the third */
        struct loaded some = {.bytes = kith_writer(&kith_alloc_heap)};
        assert_int_equal(kith_store_load(f->store, 1, 2, last, SIZE_MAX, see_run, &some),
                         0);
        assert_int_equal(some.count, last == 2 ? 1 : 2);
        assert_int_equal(some.seq_last, last == 2 ? 129 : 132);
        kith_writer_deinit(&some.bytes);
    }
    kith_writer_deinit(&all);
}

static void bytes_come_back_as_they_went(void **state)
{
    static const size_t sizes[] = {1, 128, 3, 1, 16};
    struct fixture *f = *state;
    put_world(f);
    for (uint32_t log_no = 1; log_no <= 4; log_no++) {
        struct kith_writer put = put_runs(f, log_no, COUNT(sizes), sizes);
        struct loaded loaded = load(f, log_no, 1, SIZE_MAX);
        assert_int_equal(loaded.count, COUNT(sizes));
        assert_int_equal(loaded.seq_last, 149);
        struct kith_id head = made_event_id(log_no, 149);
        assert_true(kith_id_equal(&loaded.head, &head));
        assert_int_equal(loaded.bytes.size, put.size);
        assert_memory_equal(loaded.bytes.data, put.data, put.size);
        kith_writer_deinit(&put);
        kith_writer_deinit(&loaded.bytes);
    }
}

static void loading_begins_with_the_run_that_holds_the_event(void **state)
{
    static const size_t sizes[] = {1, 128, 3, 1, 16};
    static const struct {
        uint64_t from, first;
    } cases[] = {{0, 1},     {1, 1},     {2, 2},     {129, 2},   {130, 130},
                 {132, 130}, {133, 133}, {134, 134}, {149, 134}, {150, 0}};
    struct fixture *f = *state;
    put_world(f);
    struct kith_writer put = put_runs(f, 2, COUNT(sizes), sizes);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loaded loaded = load(f, 2, cases[i].from, SIZE_MAX);
        assert_int_equal(loaded.seq_first, cases[i].first);
        assert_memory_equal(loaded.bytes.data, put.data + (put.size - loaded.bytes.size),
                            loaded.bytes.size);
        kith_writer_deinit(&loaded.bytes);
    }
    kith_writer_deinit(&put);
}

static void loading_stays_within_the_size_but_for_the_first_run(void **state)
{
    static const size_t sizes[] = {16, 16, 16, 16, 16};
    struct fixture *f = *state;
    put_world(f);
    struct kith_writer put = put_runs(f, 1, COUNT(sizes), sizes);
    struct loaded one = load(f, 1, 49, 1);
    assert_int_equal(one.count, 1);
    struct loaded two = load(f, 1, 49, one.bytes.size * 2);
    assert_int_equal(two.count, 2);
    struct loaded less = load(f, 1, 49, one.bytes.size * 2 - 1);
    assert_int_equal(less.count, 1);
    kith_writer_deinit(&one.bytes);
    kith_writer_deinit(&two.bytes);
    kith_writer_deinit(&less.bytes);
    kith_writer_deinit(&put);
}

static void a_branch_follows_the_log_it_left(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 1, .seq_first = 1, .count = 6}), 0);
    struct kith_record branch = {
        .type = KITH_RECORD_LOG,
        .log = {.no = 9, .room_no = 1, .author_no = 1, .base_no = 1, .seq_first = 5},
    };
    assert_int_equal(kith_store_put(f->store, &branch), 0);
    struct made_run made;
    make_run(
        f,
        &(struct run_spec){
            .log_no = 9, .seq_first = 4, .count = 3, .prev_of_base = made_event_id(1, 3)},
        &made);
    assert_int_equal(kith_store_put(f->store, &made.record), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    struct loaded loaded = load(f, 9, 5, SIZE_MAX);
    struct kith_run run;
    assert_int_equal(kith_run_decode(kith_writer_view(&loaded.bytes), &run), 0);
    assert_int_equal(run.seq_first, 4);
    assert_true(kith_id_equal(&run.prev, &made.run.prev));
    kith_writer_deinit(&loaded.bytes);
    made_run_deinit(&made);
}

static void an_unknown_log_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct kith_id id;
    struct loaded loaded = {0};
    put_world(f);
    assert_int_equal(
        kith_store_load(f->store, 77, 1, KITH_SEQ_MAX, 100, see_run, &loaded),
        KITH_ENOTFOUND);
    assert_int_equal(kith_store_event_id(f->store, 1, 1, &id), KITH_ENOTFOUND);
    assert_int_equal(kith_store_event_id(f->store, UINT32_MAX, UINT64_MAX, &id),
                     KITH_ENOTFOUND);
    assert_int_equal(
        kith_store_load(f->store, 1, UINT64_MAX, KITH_SEQ_MAX, 100, see_run, &loaded), 0);
    assert_int_equal(loaded.count, 0);
}

static void an_id_is_found_by_its_place(void **state)
{
    struct fixture *f = *state;
    put_world(f);
    assert_int_equal(
        put_run(f, &(struct run_spec){.log_no = 3, .seq_first = 1, .count = 5}), 0);
    struct kith_id id, expected = made_event_id(3, 4);
    assert_int_equal(kith_store_event_id(f->store, 3, 4, &id), 0);
    assert_true(kith_id_equal(&id, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup_memory, teardown)
        T(bytes_come_back_as_they_went),
        T(what_lies_behind_the_last_event_wanted_stays_unread),
        T(loading_begins_with_the_run_that_holds_the_event),
        T(loading_stays_within_the_size_but_for_the_first_run),
        T(a_branch_follows_the_log_it_left),
        T(an_unknown_log_is_not_found),
        T(an_id_is_found_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
