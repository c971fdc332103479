/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

struct searched {
    struct fixture *f;
    struct seen *seen;
    uint64_t seq_next;
};

static int setup(void **state)
{
    struct searched *s = calloc(1, sizeof *s);
    assert_non_null(s);
    void *fixture;
    setup_memory(&fixture);
    s->f = fixture;
    s->seen = calloc(1, sizeof *s->seen);
    assert_non_null(s->seen);
    s->seq_next = 1;
    put_world(s->f);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct searched *s = *state;
    void *fixture = s->f;
    teardown(&fixture);
    free(s->seen);
    free(s);
    return 0;
}

static void say(struct searched *s, const char *text)
{
    struct run_spec spec = {
        .log_no = 1, .seq_first = s->seq_next++, .count = 1, .text = text};
    assert_int_equal(put_run(s->f, &spec), 0);
    assert_int_equal(kith_store_commit(s->f->store), 0);
}

static size_t find(struct searched *s, const char *text)
{
    s->seen->count = 0;
    assert_int_equal(kith_store_search(s->f->store, kith_bytes(text, strlen(text)), 0,
                                       100, see_event, s->seen),
                     0);
    return s->seen->count;
}

static void words_are_found_in_any_order_and_case(void **state)
{
    struct searched *s = *state;
    say(s, "The quick brown fox");
    say(s, "a lazy dog");
    assert_int_equal(find(s, "fox QUICK"), 1);
    assert_string_equal(s->seen->text[0], "The quick brown fox");
    assert_int_equal(find(s, "fox dog"), 0);
    assert_int_equal(find(s, "cat"), 0);
}

static void the_last_word_may_be_unfinished(void **state)
{
    struct searched *s = *state;
    say(s, "meeting tomorrow");
    assert_int_equal(find(s, "meeting tom"), 1);
    assert_int_equal(find(s, "meet tomorrow"), 0);
}

static void a_phrase_in_quotes_is_found_whole(void **state)
{
    struct searched *s = *state;
    say(s, "New York in spring");
    say(s, "York has a new minster");
    assert_int_equal(find(s, "new york"), 2);
    assert_int_equal(find(s, "\"new york\""), 1);
    assert_string_equal(s->seen->text[0], "New York in spring");
    assert_int_equal(find(s, "\"york in\" new"), 1);
    assert_int_equal(find(s, "\"new yor\""), 0); /* closed: finished */
    assert_int_equal(find(s, "\"new yor"), 1);
    assert_int_equal(find(s, "new-york"), 1);
}

static void an_unfinished_word_has_three_bytes_at_least(void **state)
{
    struct searched *s = *state;
    say(s, "continue");
    say(s, "co");
    assert_int_equal(find(s, "con"), 1);
    assert_int_equal(find(s, "co"), 1);
    assert_string_equal(s->seen->text[0], "co");
}

static void an_unfinished_word_may_become_very_many(void **state)
{
    struct searched *s = *state;
    char text[32];
    for (int i = 0; i < 250; i++) {
        snprintf(text, sizeof text, "seen item%d", i);
        say(s, text);
    }
    assert_int_equal(find(s, "item"), 100);
    assert_string_equal(s->seen->text[0], "seen item249");
    assert_int_equal(find(s, "seen item24"), 11);
    assert_int_equal(find(s, "item249"), 1);
}

static void any_text_is_a_valid_query(void **state)
{
    static const char *const texts[] = {
        "\"",
        "\"\"",
        "*",
        "a AND",
        "NOT",
        "(",
        ")",
        "^hello",
        "text:hello",
        "-hello",
        "hello*",
        "NEAR(a b",
        "a\"b",
        "!!!",
        "'",
        ";",
        "\\",
        "{a b}:c",
        "+",
        "\xff\xfe",
        "OR OR OR",
        "a\x01"
        "b",
        "hello \"\" !!!",
        ":-)",
    };
    struct searched *s = *state;
    say(s, "hello there");
    for (size_t i = 0; i < COUNT(texts); i++)
        find(s, texts[i]);
    assert_int_equal(find(s, "\"hello\""), 1);
    assert_int_equal(find(s, "hello !!! there"), 1);
    assert_int_equal(find(s, "hello \"\" !!!"), 1);
    s->seen->count = 0;
    assert_int_equal(kith_store_search(s->f->store, kith_bytes("hel\0lo\"", 7), 0, 9,
                                       see_event, s->seen),
                     0);
}

static void a_text_without_a_word_finds_nothing(void **state)
{
    struct searched *s = *state;
    say(s, "hello");
    assert_int_equal(find(s, ""), 0);
    assert_int_equal(find(s, "  \t\n"), 0);
    assert_int_equal(find(s, "!!!"), 0);
}

static void a_query_beyond_the_limits_is_cut(void **state)
{
    struct searched *s = *state;
    static char text[3 * KITH_STORE_QUERY_SIZE_MAX];
    say(s, "hello");
    for (size_t i = 0; i + 6 < sizeof text; i += 6)
        memcpy(text + i, "hello ", 6);
    assert_int_equal(find(s, text), 1);
    memset(text, '"', sizeof text - 1);
    find(s, text);
}

static void every_word_of_a_query_counts(void **state)
{
    struct searched *s = *state;
    char words[KITH_STORE_QUERY_SIZE_MAX];
    size_t size = 0;
    for (int i = 0; i < 300; i++)
        size += (size_t)snprintf(words + size, sizeof words - size, "%c%c ", 'a' + i / 26,
                                 'a' + i % 26);
    say(s, words);
    assert_int_equal(find(s, words), 1);
    snprintf(words + size, sizeof words - size, "absent");
    assert_int_equal(find(s, words), 0);
    words[size] = '\0';
    memcpy(words, "zz", 2);
    assert_int_equal(find(s, words), 0);
}

static void other_scripts_and_accents_are_found(void **state)
{
    struct searched *s = *state;
    say(s, "Crème brûlée für Zoë");
    say(s, "привет мир");
    say(s, "こんにちは世界");
    say(s, "🦊 fox");
    assert_int_equal(find(s, "creme zoe"), 1);
    assert_int_equal(find(s, "CRÈME"), 1);
    assert_int_equal(find(s, "ПРИВЕТ"), 1);
    assert_int_equal(find(s, "こんにちは"), 1);
    assert_int_equal(find(s, "🦊 fox"), 1);
}

static void only_messages_are_searched(void **state)
{
    struct searched *s = *state;
    struct run_spec profile = {
        .log_no = 2, .seq_first = 1, .count = 1, .text = "hidden", .kind = 2};
    struct run_spec discarded = {
        .log_no = 3, .seq_first = 1, .count = 1, .text = "hidden", .is_discarded = true};
    assert_int_equal(put_run(s->f, &profile), 0);
    assert_int_equal(put_run(s->f, &discarded), 0);
    say(s, "visible");
    assert_int_equal(find(s, "hidden"), 0);
    assert_int_equal(find(s, "visible"), 1);
}

static size_t count_arrived(struct searched *s)
{
    s->seen->count = 0;
    assert_int_equal(kith_store_arrivals(s->f->store, 1, 100, see_event, s->seen), 0);
    return s->seen->count;
}

static void make_control(struct searched *s, uint32_t log_no)
{
    struct kith_record record = {
        .type = KITH_RECORD_LOG,
        .log = {.no = log_no,
                .room_no = 1,
                .author_no = log_no,
                .log = {{(uint8_t)log_no}},
                .log_class = KITH_LOG_CONTROL,
                .seq_first = 1},
    };
    assert_int_equal(kith_store_put(s->f->store, &record), 0);
}

/* That is none, whoever signed it, and though an older version had it in the index. */
static void a_message_in_a_control_log_has_no_kind_and_is_not_found(void **state)
{
    struct searched *s = *state;
    struct run_spec before = {.log_no = 2, .seq_first = 1, .count = 1, .text = "a fox"};
    struct run_spec odd = {.log_no = 3, .seq_first = 1, .count = 1, .text = "a fox too"};
    struct run_spec profile = {.log_no = 3, .seq_first = 2, .count = 1, .kind = 2};
    const struct kith_id ids[] = {made_event_id(2, 1), made_event_id(3, 1)};
    assert_int_equal(put_run(s->f, &before), 0);
    assert_int_equal(kith_store_commit(s->f->store), 0);
    assert_int_equal(find(s, "fox"), 1);
    make_control(s, 2);
    make_control(s, 3);
    assert_int_equal(put_run(s->f, &odd), 0);
    assert_int_equal(put_run(s->f, &profile), 0);
    say(s, "the fox");
    assert_int_equal(find(s, "fox"), 2); /* the first was indexed before */
    assert_string_equal(s->seen->text[0], "the fox");
    assert_int_equal(s->seen->events[1].kind, 0);
    assert_int_equal(count_arrived(s), 4);
    assert_int_equal(s->seen->events[0].kind, 0);
    assert_int_equal(s->seen->events[1].kind, 0);
    assert_int_equal(s->seen->events[2].kind, KITH_KIND_PROFILE);
    assert_int_equal(s->seen->events[3].kind, KITH_KIND_MESSAGE);
    for (size_t i = 0; i < COUNT(ids); i++)
        assert_int_equal(kith_store_message(s->f->store, &ids[i], see_event, s->seen),
                         KITH_ENOTFOUND);
}

static void the_latest_come_first_page_by_page(void **state)
{
    struct searched *s = *state;
    uint64_t before = 0;
    struct run_spec spec = {.log_no = 1, .seq_first = 1, .count = 25, .text = "same"};
    assert_int_equal(put_run(s->f, &spec), 0);
    spec.log_no = 2;
    assert_int_equal(put_run(s->f, &spec), 0);
    assert_int_equal(kith_store_commit(s->f->store), 0);
    s->seen->count = 0;
    for (size_t page = 0; page < 6; page++) {
        assert_int_equal(
            kith_store_search(s->f->store, BYTES("same"), before, 10, see_event, s->seen),
            0);
        before = s->seen->events[s->seen->count - 1].arrival;
    }
    assert_int_equal(s->seen->count, 50);
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(s->seen->events[i].arrival, 50 - i);
}

static void a_message_is_found_by_its_id(void **state)
{
    struct searched *s = *state;
    struct kith_id id = made_event_id(1, 2);
    say(s, "one");
    say(s, "two");
    say(s, "three");
    s->seen->count = 0;
    assert_int_equal(kith_store_message(s->f->store, &id, see_event, s->seen),
                     KITH_ENOTFOUND); /* not in the index yet */
    assert_int_equal(kith_store_index_step(s->f->store, 10, NULL), 0);
    assert_int_equal(kith_store_message(s->f->store, &id, see_event, s->seen), 0);
    assert_int_equal(s->seen->count, 1);
    assert_string_equal(s->seen->text[0], "two");
    id.bytes[KITH_ID_SIZE - 1] ^= 1; /* the indexed part is the same */
    assert_int_equal(kith_store_message(s->f->store, &id, see_event, s->seen),
                     KITH_ENOTFOUND);
}

/* 5000 messages, a millisecond between each; the clock goes as the test says. */
static void say_at(struct searched *s, kith_time (*clock)(kith_time at))
{
    for (kith_time at = 1; at <= 5000; at++) {
        struct run_spec spec = {.log_no = 1,
                                .seq_first = s->seq_next++,
                                .count = 1,
                                .seen = clock(at * KITH_MS)};
        assert_int_equal(put_run(s->f, &spec), 0);
    }
    assert_int_equal(kith_store_commit(s->f->store), 0);
}

static uint64_t since(struct searched *s, kith_time at)
{
    uint64_t out = 0;
    assert_int_equal(kith_store_arrival_since(s->f->store, at, &out), 0);
    return out;
}

static kith_time sane(kith_time at)
{
    return at;
}

static kith_time slow_for_a_while(kith_time at)
{
    return at > 2000 * KITH_MS && at <= 4500 * KITH_MS ? at - 1900 * KITH_MS : at;
}

static kith_time ahead_for_a_while(kith_time at)
{
    return at > 2000 * KITH_MS && at <= 2500 * KITH_MS ? at + KITH_HOUR : at;
}

static void nothing_seen_since_a_time_came_before_the_place_told(void **state)
{
    struct searched *s = *state;
    say_at(s, sane);
    assert_int_equal(since(s, KITH_HOUR),
                     1); /* of what is not indexed nothing is known */
    find(s, "nothing");
    assert_int_equal(since(s, 0), 0);
    for (kith_time at = 1; at <= 5000; at += 7)
        assert_in_range(since(s, at * KITH_MS), at < 1024 ? 0 : at - 1023, at);
    assert_int_equal(since(s, KITH_HOUR), 5001);
}

static void a_clock_that_was_slow_hides_nothing(void **state)
{
    struct searched *s = *state;
    say_at(s, slow_for_a_while);
    find(s, "nothing");
    assert_in_range(since(s, 1999 * KITH_MS), 1000, 1999);
    assert_in_range(since(s, 2601 * KITH_MS), 3478, 4501);
    assert_in_range(since(s, 4700 * KITH_MS), 3677, 4700);
}

static void a_clock_that_was_ahead_hides_nothing(void **state)
{
    struct searched *s = *state;
    say_at(s, ahead_for_a_while);
    find(s, "nothing");
    assert_in_range(since(s, 4700 * KITH_MS), 977, 2001);
}

static void the_index_is_filled_step_by_step(void **state)
{
    struct searched *s = *state;
    bool more = false;
    struct run_spec spec = {.log_no = 1, .seq_first = 1, .count = 25, .text = "same"};
    assert_int_equal(put_run(s->f, &spec), 0);
    assert_int_equal(kith_store_index_step(s->f->store, 10, &more), 0);
    assert_true(more); /* dirty: not now */
    assert_int_equal(find(s, "same"), 0);
    assert_int_equal(kith_store_commit(s->f->store), 0);
    assert_int_equal(kith_store_index_step(s->f->store, 10, &more), 0);
    assert_true(more);
    assert_int_equal(kith_store_index_step(s->f->store, 20, &more), 0);
    assert_false(more);
    assert_int_equal(kith_store_index_step(s->f->store, 20, &more), 0);
    assert_false(more);
    assert_false(kith_store_is_dirty(s->f->store));
    assert_int_equal(find(s, "same"), 25);
}

static void long_texts_make_a_step_shorter(void **state)
{
    struct searched *s = *state;
    static char text[4001];
    size_t steps = 0;
    bool more = true;
    memset(text, 'x', sizeof text - 1);
    struct run_spec spec = {.log_no = 1, .seq_first = 1, .count = 25, .text = text};
    assert_int_equal(put_run(s->f, &spec), 0);
    assert_int_equal(kith_store_commit(s->f->store), 0);
    for (; more; steps++)
        assert_int_equal(kith_store_index_step(s->f->store, 32, &more), 0);
    assert_true(steps > 10);
    assert_int_equal(find(s, text), 25);
}

static void the_index_is_merged_as_it_is_filled(void **state)
{
    struct searched *s = *state;
    int64_t segments = 0;
    for (int i = 0; i < 300; i++) {
        bool more = true;
        say(s, "same");
        while (more)
            assert_int_equal(kith_store_index_step(s->f->store, 4, &more), 0);
    }
    assert_int_equal(kith_db_number(s->f->store,
                                    "SELECT count(DISTINCT segid) FROM search_idx",
                                    &segments),
                     0);
    assert_in_range(segments, 1, 20);
    assert_int_equal(find(s, "same"), 100);
    assert_int_equal(kith_db_exec(s->f->store,
                                  "INSERT INTO search(search) VALUES('integrity-check')",
                                  "check the search index"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, end)
        T(words_are_found_in_any_order_and_case),
        T(the_last_word_may_be_unfinished),
        T(a_phrase_in_quotes_is_found_whole),
        T(an_unfinished_word_has_three_bytes_at_least),
        T(an_unfinished_word_may_become_very_many),
        T(any_text_is_a_valid_query),
        T(a_text_without_a_word_finds_nothing),
        T(a_query_beyond_the_limits_is_cut),
        T(every_word_of_a_query_counts),
        T(other_scripts_and_accents_are_found),
        T(only_messages_are_searched),
        T(a_message_in_a_control_log_has_no_kind_and_is_not_found),
        T(the_latest_come_first_page_by_page),
        T(a_message_is_found_by_its_id),
        T(nothing_seen_since_a_time_came_before_the_place_told),
        T(a_clock_that_was_slow_hides_nothing),
        T(a_clock_that_was_ahead_hides_nothing),
        T(the_index_is_filled_step_by_step),
        T(long_texts_make_a_step_shorter),
        T(the_index_is_merged_as_it_is_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
