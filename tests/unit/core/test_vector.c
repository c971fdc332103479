/* SPDX-License-Identifier: MIT */
/* Our vector, of rooms that somebody has filled. */
#include "hearing.h"

#include <stdlib.h>

#include "core/link.h"

#define SEED 1

/* The lobby and the direct room with the peer of SEED hold so many logs each. */
static void restore_rooms(struct lone *l, uint32_t count)
{
    struct lone_peer peer;
    lone_key_make(&peer.key, SEED);
    struct kith_record records[] = {
        {.type = KITH_RECORD_META,
         .meta = {.arrival_next = 1,
                  .peer_no_next = 2,
                  .room_no_next = 3,
                  .log_no_next = 2 * count + 1}},
        {.type = KITH_RECORD_PEER, .peer = {.id = l->key.id, .name_hlc = 5}},
        {.type = KITH_RECORD_PEER, .peer = {.no = 1, .id = peer.key.id}},
        {.type = KITH_RECORD_ROOM,
         .room = {.no = 1,
                  .id = lone_lobby(),
                  .kind = KITH_ROOM_OPEN,
                  .name = {.text = "lobby"},
                  .is_joined = true}},
        {.type = KITH_RECORD_ROOM,
         .room = {.no = 2,
                  .id = lone_direct(l, &peer),
                  .kind = KITH_ROOM_DIRECT,
                  .peer_no = 1,
                  .is_joined = true}},
    };
    for (size_t i = 0; i < COUNT(records); i++)
        assert_int_equal(kith_node_restore(l->node, &records[i]), 0);
    for (uint32_t no = 1; no <= 2 * count; no++) {
        struct kith_record log = {.type = KITH_RECORD_LOG,
                                  .log = {.no = no,
                                          .room_no = 1 + no % 2,
                                          .author_no = 1,
                                          .seq_first = 1,
                                          .seq = 1,
                                          .hlc = 5}};
        memcpy(log.log.log.bytes, &no, sizeof(no));
        memcpy(log.log.head.bytes, &no, sizeof(no));
        assert_int_equal(kith_node_restore(l->node, &log), 0);
    }
    l->is_restored = true;
}

static int setup_with(void **state, uint32_t count)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    restore_rooms(l, count);
    lone_start(l);
    *state = l;
    return 0;
}

static int setup_full(void **state)
{
    return setup_with(state, KITH_ROOM_LOGS_MAX);
}

/* More than a link's queue takes at once. */
static int setup_large(void **state)
{
    return setup_with(state, KITH_QUEUE_HIGH / 97);
}

/* What was sent since the last time: the pages in it, the entries of those, and how many
 * of them were a last one. */
struct told {
    size_t pages, entries, last;
};

static struct told take(struct lone *l)
{
    struct told told = {0};
    for (size_t i = 0; i < l->sent_count; i++) {
        const struct lone_frame *frame = &l->sent[i];
        if (frame->type != KITH_FRAME_VECTOR)
            continue;
        told.pages++;
        told.last += frame->fields[16] & 1;
        told.entries += (size_t)(frame->fields[17] << 8 | frame->fields[18]);
    }
    lone_forget(l);
    return told;
}

#define PAGE_SIZE ((size_t)KITH_VECTOR_ENTRIES_MAX * 97)

static void drain_some(struct lone *l, size_t size)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DRAINED};
    in.drained.link = 1;
    in.drained.size = size;
    lone_step(l, in);
}

static void drain(struct lone *l)
{
    drain_some(l, KITH_QUEUE_MAX);
}

static void vectors_of_full_rooms_are_sent_as_fast_as_they_are_read(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, SEED, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct told all = {0};
    for (int rounds = 0; rounds < 100 && all.last < 2; rounds++) {
        struct told told = take(l);
        assert_int_equal(l->closed[1], 1);
        assert_in_range(told.pages, 1, KITH_QUEUE_HIGH / PAGE_SIZE + 1);
        all.pages += told.pages;
        all.entries += told.entries;
        all.last += told.last;
        drain(l);
    }
    assert_int_equal(all.last, 2); /* one of each room, and each log told once */
    assert_int_equal(all.entries, 2 * KITH_ROOM_LOGS_MAX + 1); /* and our profile */
    drain(l);
    assert_int_equal(take(l).pages, 0);
}

static void what_is_no_longer_shared_is_not_told_on(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, SEED, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_rooms_encode(&w, &(struct kith_frame_rooms){0});
    for (int i = 0; i < 1000; i++) { /* offered and taken back, and never read */
        lone_say(l, &peer, &w);
        lone_rooms(l, &peer);
    }
    assert_int_equal(l->closed[1], 1);
    assert_in_range(take(l).pages, 1, KITH_QUEUE_HIGH / PAGE_SIZE + 1);
    lone_say(l, &peer, &w);
    kith_writer_deinit(&w);
    drain(l);
    assert_int_equal(take(l).pages, 0);
}

/* Asks for a page, over and over, until so much waits for it, and reads none. */
static void ask_for_pages(struct lone *l, const struct lone_peer *peer, size_t most)
{
    static const struct kith_ref from_the_first = {.seq = 1};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, KITH_FRAME_MORE, &peer->lobby_tag, &from_the_first, NULL,
                            0);
    for (size_t size = 0; size < most; size += PAGE_SIZE) {
        lone_say(l, peer, &w);
        lone_forget(l);
    }
    kith_writer_deinit(&w);
}

static void what_waits_for_all_links_together_is_bounded(void **state)
{
    struct lone *l = *state;
    struct lone_peer honest, peer;
    uint32_t link = 2, closed = 0;
    lone_connect(l, &honest, SEED, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &honest);
    for (; link < LONE_LINKS_MAX && closed == 0; link++) {
        lone_connect(l, &peer, (uint8_t)(SEED + link), link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &peer);
        ask_for_pages(l, &peer, KITH_QUEUE_MAX - 2 * KITH_QUEUE_HIGH);
        for (uint32_t no = 2; no <= link; no++)
            closed += l->closed[no] == KITH_ELIMIT;
    }
    assert_int_equal(closed, 1);
    assert_in_range(link, KITH_QUEUES_MAX / KITH_QUEUE_MAX, LONE_LINKS_MAX - 1);
    assert_int_equal(l->closed[1], 1);
    lone_forget(l);
    drain(l); /* who reads gets on */
    assert_true(take(l).pages > 0);
}

static void offer_anew(struct lone *l, struct lone_peer *peer)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_rooms_encode(&w, &(struct kith_frame_rooms){0});
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
    lone_rooms(l, peer);
}

/* Of each log an event. */
static void write_logs(struct lone *l, const struct lone_peer *author, uint32_t count)
{
    for (uint32_t no = 1; no <= count; no++) {
        struct kith_writer run;
        struct lone_log log = {.author = &author->key,
                               .room = lone_lobby(),
                               .hlc = kith_hlc_from_wall(l->now.wall)};
        memcpy(log.log.bytes, &no, sizeof(no));
        lone_write(&log, &run, 1, 'a');
        lone_say_run(l, author, &author->lobby_tag, &run);
        kith_writer_deinit(&run);
        lone_forget(l);
    }
}

/* Two told of logs that stand before these, and leave when there was room in the queue of
 * a slow reader for one page. */
static void what_is_left_is_told_when_logs_before_it_are_forgotten(void **state)
{
    struct lone *l = *state;
    struct lone_peer reader, flooders[2], author;
    struct kith_room *lobby = l->node->lobby;
    for (uint32_t i = 0; i < COUNT(flooders); i++) {
        lone_connect(l, &flooders[i], SEED + 1 + i, 2 + i, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &flooders[i]);
        rumour(l, &flooders[i], 600 * i, 600, true);
        lone_forget(l);
    }
    lone_connect(l, &author, SEED + 3, 4, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &author);
    write_logs(l, &author, 700);
    lone_connect(l, &reader, SEED, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &reader);
    ask_for_pages(l, &reader, KITH_QUEUE_HIGH);
    drain_some(l, kith_link_find(l->node, 1)->queued - (KITH_QUEUE_HIGH - PAGE_SIZE / 2));
    offer_anew(l, &reader);
    struct told told = take(l);
    assert_int_equal(told.entries, KITH_VECTOR_ENTRIES_MAX);
    size_t log_count = lobby->log_count;
    lone_say_raw(l, &flooders[0], BYTES("\x05\x00")); /* BYE */
    lone_say_raw(l, &flooders[1], BYTES("\x05\x00"));
    assert_true(lobby->log_count < log_count);
    drain(l);
    told = take(l);
    assert_int_equal(told.entries, 700 + 1 - KITH_VECTOR_ENTRIES_MAX); /* our profile */
}

int main(void)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(vectors_of_full_rooms_are_sent_as_fast_as_they_are_read, setup_full),
        TEST(what_is_no_longer_shared_is_not_told_on, setup_large),
        TEST(what_waits_for_all_links_together_is_bounded, setup_large),
        TEST(what_is_left_is_told_when_logs_before_it_are_forgotten, lone_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
