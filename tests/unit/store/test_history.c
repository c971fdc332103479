/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct seen *seen_new(void)
{
    struct seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    return seen;
}

/* Three logs that talk at once: hlc 100 is taken by 30 events, the rest by one each. */
static void put_talk(struct fixture *f)
{
    put_world(f);
    for (uint32_t log_no = 1; log_no <= 3; log_no++) {
        struct run_spec before = {.room_no = log_no == 3 ? 2 : 1,
                                  .log_no = log_no,
                                  .seq_first = 1,
                                  .count = 5,
                                  .hlc_first = 10 * log_no};
        struct run_spec after = {.room_no = before.room_no,
                                 .log_no = log_no,
                                 .seq_first = 16,
                                 .count = 3,
                                 .hlc_first = 200 - 10 * log_no};
        assert_int_equal(put_run(f, &before), 0);
        for (uint64_t seq = 6; seq < 16; seq++) {
            struct run_spec tie = {.room_no = before.room_no,
                                   .log_no = log_no,
                                   .seq_first = seq,
                                   .count = 1,
                                   .hlc_first = 100};
            assert_int_equal(put_run(f, &tie), 0);
        }
        assert_int_equal(put_run(f, &after), 0);
    }
    assert_int_equal(kith_store_commit(f->store), 0);
}

static int compare(const struct kith_stored_event *a, const struct kith_stored_event *b)
{
    if (a->hlc != b->hlc)
        return a->hlc < b->hlc ? -1 : 1;
    return kith_id_compare(&a->id, &b->id);
}

static void pages_are_in_order(void **state, bool is_newest_first, uint32_t room_no,
                               size_t limit, size_t expected)
{
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    struct kith_cursor cursor;
    struct kith_page_query query = {
        .room_no = room_no, .is_newest_first = is_newest_first, .limit = limit};
    for (;;) {
        size_t before = seen->count;
        assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 0);
        if (seen->count == before)
            break;
        assert_true(seen->count - before <= limit);
        const struct kith_stored_event *last = &seen->events[seen->count - 1];
        cursor = (struct kith_cursor){.hlc = last->hlc, .id = last->id};
        *(is_newest_first ? &query.before : &query.after) = &cursor;
    }
    assert_int_equal(seen->count, expected);
    for (size_t i = 1; i < seen->count; i++) {
        int order = compare(&seen->events[i - 1], &seen->events[i]);
        assert_true(is_newest_first ? order > 0 : order < 0);
    }
    free(seen);
}

static void order_holds_with_ties_across_pages(void **state)
{
    static const size_t limits[] = {1, 2, 7, 1000};
    put_talk(*state);
    for (size_t i = 0; i < COUNT(limits); i++) {
        for (int newest = 0; newest < 2; newest++) {
            pages_are_in_order(state, newest, 1, limits[i], 36);
            pages_are_in_order(state, newest, 2, limits[i], 18);
            pages_are_in_order(state, newest, 0, limits[i], 54);
        }
    }
}

static void an_event_is_told_whole(void **state)
{
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    put_talk(f);
    assert_int_equal(kith_store_event(f->store, 3, 2, see_event, seen), 0);
    const struct kith_stored_event *event = &seen->events[0];
    struct kith_id id = made_event_id(3, 2);
    assert_int_equal(event->room_no, 2);
    assert_int_equal(event->log_no, 3);
    assert_int_equal(event->author_no, 3);
    assert_int_equal(event->seq, 2);
    assert_int_equal(event->arrival, 38);
    assert_int_equal(event->hlc, 31);
    assert_int_equal(event->seen, 1001);
    assert_int_equal(event->kind, KITH_KIND_MESSAGE);
    assert_true(kith_id_equal(&event->id, &id));
    assert_string_equal(seen->text[0], "3 2");
    assert_int_equal(kith_store_event(f->store, 3, 99, see_event, seen), KITH_ENOTFOUND);
    free(seen);
}

static void cursors_bound_a_page_on_both_sides(void **state)
{
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    put_talk(f);
    struct kith_cursor after = {.hlc = 12, .id = made_event_id(1, 3)};
    struct kith_cursor before = {.hlc = 22, .id = made_event_id(2, 3)};
    struct kith_page_query query = {
        .room_no = 1, .limit = 100, .after = &after, .before = &before};
    assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 0);
    assert_int_equal(seen->count, 4);
    assert_string_equal(seen->text[0], "1 4");
    assert_string_equal(seen->text[3], "2 2");
    after.id = (struct kith_id){0};
    seen->count = 0;
    assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 0);
    assert_string_equal(seen->text[0], "1 3");
    free(seen);
}

static void an_impossible_hlc_stays_last(void **state)
{
    static const kith_hlc hlcs[] = {UINT64_MAX, 5, INT64_MAX, (kith_hlc)1 << 63, 6};
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    put_world(f);
    for (size_t i = 0; i < COUNT(hlcs); i++) {
        struct run_spec spec = {
            .log_no = 1, .seq_first = i + 1, .count = 1, .hlc_first = hlcs[i]};
        assert_int_equal(put_run(f, &spec), 0);
    }
    struct kith_page_query query = {.room_no = 1, .limit = 9};
    assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 0);
    assert_int_equal(seen->count, 5);
    assert_int_equal(seen->events[0].seq, 2);
    assert_int_equal(seen->events[1].seq, 5);
    assert_int_equal(seen->events[2].seq, 1);
    assert_int_equal(seen->events[2].hlc, INT64_MAX);
    struct kith_cursor after = {.hlc = UINT64_MAX, .id = made_event_id(1, 3)};
    query.after = &after;
    seen->count = 0;
    assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 0);
    assert_int_equal(seen->count, 1);
    assert_int_equal(seen->events[0].seq, 4);
    free(seen);
}

static void arrivals_resume_anywhere(void **state)
{
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    put_talk(f);
    for (uint64_t from = 0; from <= 55; from++) {
        seen->count = 0;
        assert_int_equal(kith_store_arrivals(f->store, from, 7, see_event, seen), 0);
        uint64_t first = from ? from : 1;
        assert_int_equal(seen->count, first > 54 ? 0 : first > 48 ? 55 - first : 7);
        for (size_t i = 0; i < seen->count; i++)
            assert_int_equal(seen->events[i].arrival, first + i);
    }
    free(seen);
}

static void a_stopped_visit_is_reported(void **state)
{
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    put_talk(f);
    seen->stop_at = 3;
    struct kith_page_query query = {.room_no = 1, .limit = 9};
    assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 1);
    assert_int_equal(seen->count, 3);
    free(seen);
}

static void what_a_branch_shares_is_shown_once(void **state)
{
    struct fixture *f = *state;
    struct seen *seen = seen_new();
    put_world(f);
    struct run_spec base = {.log_no = 1, .seq_first = 1, .count = 6};
    assert_int_equal(put_run(f, &base), 0);
    struct kith_record branch = {
        .type = KITH_RECORD_LOG,
        .log = {.no = 9, .room_no = 1, .author_no = 1, .base_no = 1, .seq_first = 5},
    };
    assert_int_equal(kith_store_put(f->store, &branch), 0);
    struct run_spec other = {.log_no = 9, .seq_first = 4, .count = 2};
    assert_int_equal(put_run(f, &other), 0);
    assert_int_equal(kith_store_commit(f->store), 0);
    for (uint32_t room_no = 0; room_no < 2; room_no++) {
        struct kith_page_query query = {.room_no = room_no, .limit = 100};
        seen->count = 0;
        assert_int_equal(kith_store_page(f->store, &query, see_event, seen), 0);
        assert_int_equal(seen->count, 7);
    }
    seen->count = 0;
    assert_int_equal(kith_store_arrivals(f->store, 1, 100, see_event, seen), 0);
    assert_int_equal(seen->count, 7);
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup_memory, teardown)
        T(order_holds_with_ties_across_pages), T(an_event_is_told_whole),
        T(cursors_bound_a_page_on_both_sides), T(an_impossible_hlc_stays_last),
        T(arrivals_resume_anywhere),           T(a_stopped_visit_is_reported),
        T(what_a_branch_shares_is_shown_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
