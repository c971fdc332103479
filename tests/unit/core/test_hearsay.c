/* SPDX-License-Identifier: MIT */
/* Logs that are told of: few are believed at a time, none for long, and none is lost. */
#include "hearing.h"

#include <stdlib.h>

#include "core/engine.h"

static void meet(struct lone *l, struct lone_peer *peer, uint8_t seed)
{
    lone_connect(l, peer, seed, seed, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
    lone_forget(l);
}

static void much_hearsay_is_bounded_and_makes_no_peers(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    meet(l, &peer, 1);
    size_t grafts = 0;
    for (uint32_t page = 0; page < 100; page++) {
        rumour(l, &peer, page * 600, 600, page == 99);
        grafts += lone_count_sent(l, 1, KITH_FRAME_GRAFT);
        lone_forget(l);
    }
    assert_int_equal(grafts, KITH_HEARSAY_MAX);
    assert_int_equal(kith_node_peer_count(l->node), 1);
    assert_true(l->node->lobby->log_count <= KITH_HEARSAY_MAX + 1);
}

/* The first to come may tell of as many as all together; who comes later is heard, too.
 */
static void a_room_believes_a_bounded_number_whoever_comes_first(void **state)
{
    struct lone *l = *state;
    static struct lone_peer peers[40];
    for (uint32_t i = 0; i < COUNT(peers); i++) {
        meet(l, &peers[i], (uint8_t)(i + 1));
        size_t before = l->node->lobby->hearsay_count;
        for (uint32_t page = 0; page < 2; page++)
            rumour(l, &peers[i], (2 * i + page) * 600, 600, page == 1);
        lone_forget(l);
        assert_true(l->node->lobby->hearsay_count > before);
    }
    assert_in_range(l->node->lobby->hearsay_count, KITH_HEARSAY_ROOM_MAX,
                    KITH_HEARSAY_ROOM_MAX + COUNT(peers) * KITH_HEARSAY_FEW);
}

/* It would come again and again: nothing of it is taken. */
static void in_a_room_that_is_full_no_page_is_asked_for(void **state)
{
    struct lone *l = *state;
    static struct lone_peer peers[17];
    for (uint32_t i = 0; i < COUNT(peers); i++) {
        meet(l, &peers[i], (uint8_t)(i + 1));
        rumour(l, &peers[i], 1200 * i, 600, false);
        lone_forget(l);
        rumour(l, &peers[i], 1200 * i + 600, 600, true);
        bool is_full = l->node->lobby->hearsay_count >= KITH_HEARSAY_ROOM_MAX;
        assert_int_equal(is_full, i + 1 == COUNT(peers));
        if (is_full)
            assert_int_equal(lone_count_sent(l, peers[i].link, KITH_FRAME_MORE), 0);
        lone_forget(l);
    }
}

static void logs_of_who_may_not_write_in_a_direct_room_are_no_hearsay(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    meet(l, &peer, 1);
    struct kith_id strangers = {{9}};
    for (int is_page = 0; is_page < 2; is_page++) {
        struct kith_vector_entry entries[] = {
            {strangers, KITH_LOG_CONTENT, {{1}}, 0, 1, {{9}}},
            {strangers, KITH_LOG_CONTROL, {{2}}, 0, 1, {{9}}},
        };
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        if (is_page)
            kith_frame_vector_encode(&w, &peer.direct_tag, true, entries, COUNT(entries));
        else
            kith_frame_have_encode(&w, &peer.direct_tag, entries, COUNT(entries));
        lone_say(l, &peer, &w);
        assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 0);
        entries[0].author = peer.key.id; /* who may: asked for once */
        kith_writer_clear(&w);
        kith_frame_have_encode(&w, &peer.direct_tag, entries, COUNT(entries));
        lone_say(l, &peer, &w);
        assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 1 - is_page);
        kith_writer_deinit(&w);
        lone_forget(l);
    }
    assert_int_equal(l->closed[1], 1);
}

static void hearsay_that_nobody_brings_is_forgotten(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    meet(l, &peer, 1);
    rumour(l, &peer, 0, 600, true);
    lone_forget(l);
    lone_pass(l, 6 * KITH_SECOND);
    assert_int_equal(l->node->lobby->hearsay_count, 0);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 0);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_MORE), 0);
}

/* How often MORE comes in that time; the answer is three logs that nobody brings. */
static size_t mores_within(struct lone *l, const struct lone_peer *peer,
                           kith_time duration)
{
    size_t count = 0;
    for (kith_time t = 0; t < duration; t += 2 * KITH_SECOND) {
        lone_say_raw(l, peer,
                     BYTES("\x03"
                           "12345678")); /* PING: it lives */
        lone_pass(l, 2 * KITH_SECOND);
        size_t more = lone_count_sent(l, peer->link, KITH_FRAME_MORE);
        lone_forget(l);
        if (more > 0)
            rumour(l, peer, 0, 3, true);
        count += more;
    }
    return count;
}

/* Its disk may have failed. */
static void what_nobody_brought_is_asked_for_ever_more_seldom(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    meet(l, &peer, 1);
    rumour(l, &peer, 0, 3, true);
    assert_int_equal(mores_within(l, &peer, KITH_MINUTE), 1);
    assert_in_range(mores_within(l, &peer, KITH_HOUR), 5, 9);
    struct lone_log log = {.author = &peer.key,
                           .room = lone_lobby(),
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_stored(l), 1 + 1);
    assert_int_equal(mores_within(l, &peer, KITH_MINUTE), 2);
}

static void hearsay_goes_with_its_link_unless_another_told_of_it_too(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    meet(l, &first, 1);
    meet(l, &second, 2);
    rumour(l, &first, 0, 20, true);
    rumour(l, &second, 15, 20, true);
    assert_int_equal(l->node->lobby->hearsay_count, 35);
    lone_forget(l);
    lone_say_raw(l, &first, BYTES("\x05\x00"));
    assert_int_equal(l->node->lobby->hearsay_count, 20);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 5);
}

static void a_forged_run_leaves_neither_log_nor_peer(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct lone_key forged, stranger;
    meet(l, &peer, 1);
    lone_key_make(&forged, 70);
    lone_key_make(&stranger, 71);
    memcpy(forged.secret, stranger.secret, sizeof(forged.secret));
    struct lone_log log = {.author = &forged,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(l->closed[1], KITH_ESIGNATURE);
    assert_int_equal(l->node->lobby->hearsay_count, 0);
    assert_int_equal(kith_node_peer_count(l->node), 1);
}

#define LOGS 1500

/* All logs of one author, of one event each, as the peer has them. */
struct archive {
    struct lone_log logs[LOGS];
    struct kith_writer runs[LOGS];
};

static void write_all(struct lone *l, struct archive *a, const struct lone_peer *peer)
{
    for (uint32_t i = 0; i < LOGS; i++) {
        uint32_t no = i + 1;
        a->logs[i] = (struct lone_log){.author = &peer->key,
                                       .room = lone_lobby(),
                                       .hlc = kith_hlc_from_wall(l->now.wall)};
        memcpy(a->logs[i].log.bytes, &no, sizeof(no));
        lone_write(&a->logs[i], &a->runs[i], 1, 'a');
    }
}

static void free_all(struct archive *a)
{
    for (size_t i = 0; i < LOGS; i++)
        kith_writer_deinit(&a->runs[i]);
}

/* Of the logs from `first` to before `end`. */
static void send_page(struct lone *l, const struct lone_peer *peer,
                      const struct archive *a, size_t first, size_t end)
{
    struct kith_vector_entry page[KITH_VECTOR_ENTRIES_MAX];
    size_t count = end - first < COUNT(page) ? end - first : COUNT(page);
    for (size_t i = 0; i < count; i++)
        page[i] = (struct kith_vector_entry){
            a->logs[first + i].author->id, KITH_LOG_CONTENT, a->logs[first + i].log, 0, 1,
            a->logs[first + i].head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_vector_encode(&w, &peer->lobby_tag, first + count == end, page, count);
    lone_forget(l);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

/* Queue what is asked for by GRAFT. The index behind that named in MORE, or LOGS. */
static size_t note_asked(struct lone *l, bool *queue)
{
    size_t more = LOGS;
    for (size_t i = 0; i < l->sent_count; i++) {
        struct kith_frame_graft frame;
        uint32_t no;
        if ((l->sent[i].type != KITH_FRAME_GRAFT && l->sent[i].type != KITH_FRAME_MORE) ||
            kith_frame_graft_decode(kith_bytes(l->sent[i].fields, l->sent[i].size),
                                    &frame) != 0)
            continue;
        memcpy(&no, frame.wanted.log.bytes, sizeof(no));
        if (l->sent[i].type == KITH_FRAME_GRAFT)
            queue[no - 1] = true;
        else
            more = no;
    }
    lone_forget(l);
    return more;
}

static void a_room_of_more_logs_than_are_believed_is_fetched_whole(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    static struct archive a;
    static bool queue[LOGS];
    meet(l, &peer, 1);
    write_all(l, &a, &peer);
    size_t more = LOGS;
    for (size_t first = 0; first < LOGS; first += KITH_VECTOR_ENTRIES_MAX) {
        send_page(l, &peer, &a, first, LOGS);
        note_asked(l, queue);
    }
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < LOGS; i++) {
            if (!queue[i])
                continue;
            queue[i] = false;
            lone_say_run(l, &peer, &peer.lobby_tag, &a.runs[i]);
            size_t asked = note_asked(l, queue);
            more = asked < LOGS ? asked : more;
        }
        if (more < LOGS) {
            size_t first = more;
            more = LOGS;
            send_page(l, &peer, &a, first, LOGS);
            more = note_asked(l, queue);
        }
    }
    assert_int_equal(lone_count_stored(l), LOGS + 1);
    assert_int_equal(l->node->lobby->hearsay_count, 0);
    free_all(&a);
}

/* It told of one log too many to answer for that, too, when the other one went. */
static void what_a_full_peer_told_of_as_well_is_asked_for_again(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    static struct archive a;
    meet(l, &first, 1);
    meet(l, &second, 2);
    write_all(l, &a, &second);
    send_page(l, &first, &a, 0, 1);
    for (size_t at = 0; at <= KITH_HEARSAY_MAX; at += KITH_VECTOR_ENTRIES_MAX)
        send_page(l, &second, &a, at, KITH_HEARSAY_MAX + 1);
    assert_int_equal(l->node->lobby->hearsay_count, KITH_HEARSAY_MAX + 1);
    lone_say_raw(l, &first, BYTES("\x05\x00"));
    assert_int_equal(l->node->lobby->hearsay_count, KITH_HEARSAY_MAX);
    lone_forget(l);
    for (size_t i = 1; i <= KITH_VECTOR_ENTRIES_MAX; i++)
        lone_say_run(l, &second, &second.lobby_tag, &a.runs[i]);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_MORE), 1); /* for it has place */
    free_all(&a);
}

/* So many links share the room that not even a page is believed: what asks for the rest
 * is to be a frame that can be read. */
static void the_first_page_may_be_more_than_is_believed(void **state)
{
    struct lone *l = *state;
    static struct lone_peer peers[120];
    static struct archive a;
    for (uint32_t i = 0; i < COUNT(peers); i++)
        meet(l, &peers[i], (uint8_t)(i + 1));
    write_all(l, &a, &peers[0]);
    send_page(l, &peers[0], &a, 0, KITH_VECTOR_ENTRIES_MAX);
    size_t believed = l->node->lobby->hearsay_count;
    assert_in_range(believed, 1, KITH_VECTOR_ENTRIES_MAX - 1);
    lone_forget(l);
    for (size_t i = 0; i < believed; i++)
        lone_say_run(l, &peers[0], &peers[0].lobby_tag, &a.runs[i]);
    const struct lone_frame *more = lone_last_sent(l, 1, KITH_FRAME_MORE);
    struct kith_frame_graft frame;
    assert_non_null(more);
    assert_int_equal(
        kith_frame_graft_decode(kith_bytes(more->fields, more->size), &frame), 0);
    free_all(&a);
}

/* ---- who is asked ---- */

static void claim(struct lone *l, const struct lone_peer *peer,
                  const struct kith_vector_entry *entry)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_have_encode(&w, &peer->lobby_tag, entry, 1);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

static void a_lie_about_the_class_of_a_log_keeps_nobody_from_it(void **state)
{
    struct lone *l = *state;
    struct lone_peer liar, honest;
    struct kith_vector_entry entry = {{{9}}, KITH_LOG_CONTROL, {{9}}, 0, 3, {{9}}};
    meet(l, &liar, 1);
    meet(l, &honest, 2);
    claim(l, &liar, &entry);
    entry.log_class = KITH_LOG_CONTENT;
    claim(l, &honest, &entry);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 0);
    lone_say_raw(l, &liar, BYTES("\x05\x00"));
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 1);
}

static void two_who_bring_nothing_keep_a_third_from_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_peer peers[3];
    struct kith_writer run;
    for (uint8_t i = 0; i < 3; i++)
        meet(l, &peers[i], (uint8_t)(i + 1));
    struct lone_log log = {.author = &peers[2].key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peers[0], &peers[0].lobby_tag, &run);
    kith_writer_deinit(&run);
    struct kith_vector_entry entry = {log.author->id, KITH_LOG_CONTENT, log.log, 0, 9,
                                      {{9}}};
    for (int i = 0; i < 3; i++)
        claim(l, &peers[i], &entry);
    for (int i = 0; i < 20; i++) {
        for (int j = 0; j < 3; j++)
            lone_say_raw(l, &peers[j],
                         BYTES("\x03"
                               "12345678")); /* PING: it lives */
        lone_pass(l, KITH_SECOND);
    }
    for (uint32_t link = 1; link <= 3; link++)
        assert_true(lone_count_sent(l, link, KITH_FRAME_GRAFT) > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(much_hearsay_is_bounded_and_makes_no_peers),
        TEST(a_room_believes_a_bounded_number_whoever_comes_first),
        TEST(in_a_room_that_is_full_no_page_is_asked_for),
        TEST(logs_of_who_may_not_write_in_a_direct_room_are_no_hearsay),
        TEST(hearsay_that_nobody_brings_is_forgotten),
        TEST(what_nobody_brought_is_asked_for_ever_more_seldom),
        TEST(hearsay_goes_with_its_link_unless_another_told_of_it_too),
        TEST(a_forged_run_leaves_neither_log_nor_peer),
        TEST(a_room_of_more_logs_than_are_believed_is_fetched_whole),
        TEST(what_a_full_peer_told_of_as_well_is_asked_for_again),
        TEST(the_first_page_may_be_more_than_is_believed),
        TEST(a_lie_about_the_class_of_a_log_keeps_nobody_from_it),
        TEST(two_who_bring_nothing_keep_a_third_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
