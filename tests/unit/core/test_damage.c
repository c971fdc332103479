/* SPDX-License-Identifier: MIT */
/* A disk that cannot be read, or brings back what was not written: nothing of that is
 * sent, and nothing is taken for new because of it. */
#include "hearing.h"

/* Somebody asks for the peer's log, of which two runs are stored; the second answer of
 * the disk waits. */
static void ask(struct scene *s, struct lone_peer *other, const struct kith_locator *have)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const struct kith_ref wanted = {s->peer.key.id, s->log.log, s->log.seq, s->log.head};
    s->l.is_load_held = true;
    kith_frame_graft_encode(&w, KITH_FRAME_GRAFT, &other->lobby_tag, &wanted, have,
                            have != NULL);
    lone_say(&s->l, other, &w);
    kith_writer_deinit(&w);
}

static struct kith_locator store_two(struct scene *s, struct lone_peer *other)
{
    push(s, 1);
    struct kith_locator first = {1, s->log.head};
    push(s, 1);
    lone_connect(&s->l, other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, other);
    lone_forget(&s->l);
    return first;
}

static void damage(struct scene *s, size_t at)
{
    s->l.held_runs[at].bytes.size--;
}

static void change_first_text(struct scene *s, size_t at)
{
    struct kith_run run;
    assert_int_equal(kith_run_decode(s->l.held_runs[at].bytes, &run), 0);
    struct kith_bytes content = run.events[0].content;
    ((uint8_t *)(uintptr_t)content.data)[content.size - 1] ^= 1;
}

static void what_cannot_be_read_is_not_sent_and_may_be_asked_for_again(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    store_two(s, &other);
    ask(s, &other, NULL);
    s->l.held_load.loaded.error = KITH_EIO;
    s->l.held_load.loaded.run_count = 0;
    lone_load(&s->l);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_RUN), 0);
    ask(s, &other, NULL);
    lone_load(&s->l);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_RUN), 2);
}

static void what_comes_before_it_is_sent(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    const struct kith_locator first = store_two(s, &other);
    ask(s, &other, NULL);
    s->l.held_load.loaded.error = KITH_ECORRUPT;
    s->l.held_load.loaded.run_count = 1;
    lone_load(&s->l);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_RUN), 1);
    lone_pass(&s->l, KITH_SECOND); /* it is not asked of the disk over and over */
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_RUN), 1);
    ask(s, &other, &first);
    lone_load(&s->l);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_RUN), 2);
}

static void what_follows_is_not_sent_when_nothing_shows_that_it_does(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    const struct kith_locator first = store_two(s, &other);
    ask(s, &other, &first);
    damage(s, 0);
    lone_load(&s->l);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_RUN), 0);
    assert_int_equal(s->l.closed[2], 1);
}

/* A run of two events comes twice; meanwhile the disk did this to it. */
static void say_twice(struct scene *s, void (*spoil)(struct scene *s, size_t at))
{
    struct kith_writer run;
    struct kith_id lobby = lone_lobby();
    uint32_t nos[KITH_RUN_COUNT_MAX];
    lone_write(&s->log, &run, 2, 'a');
    say_run(s, &run);
    push(s, 1);
    s->l.is_load_held = true;
    say_run(s, &run);
    spoil(s, 0);
    lone_load(&s->l);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 3);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 0);
    assert_int_equal(kith_node_log_nos(s->l.node, &lobby, &s->peer.key.id, &s->log.log,
                                       nos, KITH_RUN_COUNT_MAX),
                     1);
}

static void what_comes_again_is_not_taken_for_another_history(void **state)
{
    say_twice(*state, damage);
}

/* It still decodes, but what its first event said is not what its hash is of. */
static void nor_is_it_when_another_text_is_stored(void **state)
{
    say_twice(*state, change_first_text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_cannot_be_read_is_not_sent_and_may_be_asked_for_again),
        CASE(what_comes_before_it_is_sent),
        CASE(what_follows_is_not_sent_when_nothing_shows_that_it_does),
        CASE(what_comes_again_is_not_taken_for_another_history),
        CASE(nor_is_it_when_another_text_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
