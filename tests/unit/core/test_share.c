/* SPDX-License-Identifier: MIT */
/* Vectors and acknowledgements, and a peer that does not read them. */
#include "lone.h"

#include <stdlib.h>

#include "core/link.h"

#define LOGS 600 /* a page of a vector */

struct scene {
    struct lone l;
    struct lone_peer peer;
    struct lone_log logs[LOGS];
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    lone_init(&s->l);
    lone_start(&s->l);
    lone_connect(&s->l, &s->peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &s->peer);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    lone_deinit(&s->l);
    free(s);
    return 0;
}

/* The next message of this log of the peer. */
static void push(struct scene *s, size_t index)
{
    struct lone_log *log = &s->logs[index];
    struct kith_writer run;
    if (log->seq == 0)
        *log = (struct lone_log){.author = &s->peer.key,
                                 .room = lone_lobby(),
                                 .log = {{1, (uint8_t)(index >> 8), (uint8_t)index}},
                                 .hlc = kith_hlc_from_wall(s->l.now.wall)};
    lone_write(log, &run, 1, 'a');
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    lone_forget(&s->l);
}

static struct kith_ref ref_of(const struct scene *s, size_t index)
{
    const struct lone_log *log = &s->logs[index];
    return (struct kith_ref){s->peer.key.id, log->log, log->seq, log->head};
}

static void ask(struct scene *s, enum kith_frame_type type, const struct kith_ref *wanted,
                const struct kith_locator *have, size_t have_count)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, type, &s->peer.lobby_tag, wanted, have, have_count);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_deinit(&w);
}

static size_t queued(const struct scene *s)
{
    const struct kith_link *link = kith_link_find(s->l.node, 1);
    return link != NULL ? link->queued : 0;
}

/* Of everything that this node sends it nothing is read, until not even a PONG fits. */
static void stuff(struct scene *s)
{
    const struct kith_ref first = {.seq = 1}; /* no such log: from the first page on */
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    for (size_t i = 0; i < LOGS; i++)
        push(s, i);
    while (queued(s) < KITH_QUEUE_MAX - 70000) {
        ask(s, KITH_FRAME_MORE, &first, NULL, 0);
        lone_forget(&s->l);
    }
    kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){7});
    while (queued(s) + w.size <= KITH_QUEUE_MAX) {
        lone_say(&s->l, &s->peer, &w);
        lone_forget(&s->l);
    }
    kith_writer_deinit(&w);
    assert_int_equal(s->l.closed[1], 1);
}

static void a_page_is_sent_again_when_it_is_asked_for(void **state)
{
    struct scene *s = *state;
    struct kith_frame_vector page;
    push(s, 0);
    push(s, 1);
    struct kith_ref after = ref_of(s, 0);
    ask(s, KITH_FRAME_MORE, &after, NULL, 0);
    const struct lone_frame *sent = lone_last_sent(&s->l, 1, KITH_FRAME_VECTOR);
    assert_non_null(sent);
    assert_int_equal(
        kith_frame_vector_decode(kith_bytes(sent->fields, sent->size), &page), 0);
    assert_true(page.is_last);
    assert_int_equal(page.count, 1);
    struct kith_vector_entry entry = kith_vector_entry_at(&page, 0);
    assert_memory_equal(&entry.log, &s->logs[1].log, sizeof(entry.log));
}

/* It has another first event than we: there are two histories. */
static void what_would_not_follow_is_not_sent(void **state)
{
    struct scene *s = *state;
    const struct kith_locator have = {1, {{9}}};
    push(s, 0);
    push(s, 0);
    struct kith_ref wanted = ref_of(s, 0);
    ask(s, KITH_FRAME_GRAFT, &wanted, &have, 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_FORK), 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_RUN), 0);
}

/* Two histories of log 0, which part at the second event; the other one comes out. */
static struct lone_log part(struct scene *s)
{
    struct kith_writer run;
    push(s, 0);
    struct lone_log other = s->logs[0];
    push(s, 0);
    lone_write(&other, &run, 1, 'z');
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    lone_forget(&s->l);
    return other;
}

static void of_a_branch_only_what_differs_is_sent(void **state)
{
    struct scene *s = *state;
    struct lone_log other = part(s);
    struct kith_ref wanted = {s->peer.key.id, other.log, other.seq, other.head};
    ask(s, KITH_FRAME_GRAFT, &wanted, NULL, 0);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_RUN), 1);
    /* By an event that both have, or one that nobody knows: the first of them. */
    wanted.seq = 1;
    ask(s, KITH_FRAME_GRAFT, &wanted, NULL, 0);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_RUN), 3);
    wanted.seq = 9;
    ask(s, KITH_FRAME_GRAFT, &wanted, NULL, 0);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_RUN), 5);
}

static void what_is_not_shared_or_not_held_is_not_sent(void **state)
{
    struct scene *s = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const struct kith_vector_entry rumour = {{{9}}, KITH_LOG_CONTENT, {{9}}, 0, 1, {{9}}};
    const struct kith_tag unknown = {{9}};
    push(s, 0);
    struct kith_ref wanted = ref_of(s, 0);
    kith_frame_graft_encode(&w, KITH_FRAME_GRAFT, &unknown, &wanted, NULL, 0);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_clear(&w);
    kith_frame_have_encode(&w, &s->peer.lobby_tag, &rumour, 1);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_deinit(&w);
    wanted = (struct kith_ref){rumour.author, rumour.log, 1, rumour.head};
    ask(s, KITH_FRAME_GRAFT, &wanted, NULL, 0);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_RUN), 0);
    assert_int_equal(s->l.closed[1], 1);
}

static void an_acknowledgement_too_many_closes_the_link(void **state)
{
    struct scene *s = *state;
    stuff(s);
    push(s, 0);
    assert_int_equal(s->l.closed[1], KITH_ELIMIT);
}

/* A run that is held is answered by PRUNE, and then acknowledged again. */
static void a_prune_too_many_closes_the_link(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    struct lone_log again = {.author = &s->peer.key,
                             .room = lone_lobby(),
                             .log = {{1}},
                             .hlc = kith_hlc_from_wall(s->l.now.wall)};
    stuff(s);
    lone_write(&again, &run, 1, 'a');
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(s->l.closed[1], KITH_ELIMIT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_page_is_sent_again_when_it_is_asked_for),
        CASE(an_acknowledgement_too_many_closes_the_link),
        CASE(a_prune_too_many_closes_the_link),
        CASE(what_would_not_follow_is_not_sent),
        CASE(of_a_branch_only_what_differs_is_sent),
        CASE(what_is_not_shared_or_not_held_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
