/* SPDX-License-Identifier: MIT */
/* Branches of forked logs: taken in whatever came before, once each (test_intake.c has
 * the plain cases), and told of until the peer has them. */
#include "core/limits.h"
#include "hearing.h"

static void say_again(struct scene *s, const struct kith_writer *run)
{
    say_run(s, run);
    assert_int_equal(s->l.closed[1], 1);
}

/* As content does that goes on with a log. */
static void a_branch_waits_for_the_control_event_it_names(void **state)
{
    struct scene *s = *state;
    struct lone_log control = s->log, other = s->log;
    push(s, 2);
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    struct kith_writer profile, run, w = kith_writer(&kith_alloc_heap);
    lone_write(&control, &profile, 1, 'n');
    struct kith_ref ctl = {s->peer.key.id, control.log, 1, control.head};
    other.ctl = &ctl;
    lone_write(&other, &run, 1, 'z');
    struct kith_ref head = {s->peer.key.id, other.log, other.seq, other.head};
    kith_frame_graft_encode(&w, KITH_FRAME_FORK, &s->peer.lobby_tag, &head, NULL, 0);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_deinit(&w);
    say_again(s, &run);
    assert_int_equal(messages(s), 2);
    lone_forget(&s->l);
    say_again(s, &profile);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
    say_again(s, &run);
    assert_int_equal(messages(s), 2 + 1 + 1);
    kith_writer_deinit(&profile);
    kith_writer_deinit(&run);
}

/* As one that came while another was asked for. */
static void one_that_nobody_asked_for_is_asked_for_by_its_name(void **state)
{
    struct scene *s = *state;
    struct lone_log control = s->log, other = s->log;
    struct kith_writer profile, run;
    push(s, 1);
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    lone_write(&control, &profile, 1, 'n');
    struct kith_ref ctl = {s->peer.key.id, control.log, 1, control.head};
    other.ctl = &ctl;
    lone_write(&other, &run, 1, 'z');
    say_again(s, &run);
    lone_forget(&s->l);
    say_again(s, &profile);
    const struct lone_frame *asked = lone_last_sent(&s->l, 1, KITH_FRAME_GRAFT);
    struct kith_frame_graft graft;
    assert_non_null(asked);
    assert_int_equal(
        kith_frame_graft_decode(kith_bytes(asked->fields, asked->size), &graft), 0);
    assert_true(kith_id_equal(&graft.wanted.id, &other.head));
    kith_writer_deinit(&profile);
    kith_writer_deinit(&run);
}

/* It begins before our last event, and ends behind it. */
static void a_fork_that_reaches_further_at_once_is_found(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    struct lone_log other = s->log;
    push(s, 1);
    struct kith_writer run;
    lone_write(&other, &run, 5, 'q');
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 3 + 5);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FORK);
}

/* Once a branch was kept open for what had not come of it: and the run that it leaves
 * seemed to begin it. */
static void a_branch_that_is_not_taken_lets_nothing_in_twice(void **state)
{
    struct scene *s = *state;
    struct lone_log other = s->log;
    other.hlc = kith_hlc_from_wall(s->l.now.wall + 25 * KITH_HOUR);
    struct kith_writer run, parked;
    lone_write(&s->log, &run, 1, 'a');
    lone_write(&other, &parked, 1, 'z');
    say_again(s, &run);
    say_again(s, &parked);
    say_again(s, &run);
    say_again(s, &parked);
    assert_int_equal(messages(s), 1);
    s->l.now.wall += 2 * KITH_HOUR;
    say_again(s, &parked);
    say_again(s, &run);
    assert_int_equal(messages(s), 2);
    kith_writer_deinit(&run);
    kith_writer_deinit(&parked);
}

/* Three histories: what is held of any is held, and each may be left in turn. */
static void a_run_is_compared_with_every_branch(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    struct lone_log second = s->log, third;
    struct kith_writer runs[4];
    push(s, 3);
    lone_write(&second, &runs[0], 1, 'z');
    third = second; /* leaves the second behind its first event */
    lone_write(&second, &runs[1], 2, 'y');
    lone_write(&third, &runs[2], 1, 'x');
    lone_write(&third, &runs[3], 1, 'w');
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(runs); i++)
            say_again(s, &runs[i]);
        assert_int_equal(messages(s), 5 + 5);
    }
    for (size_t i = 0; i < COUNT(runs); i++)
        kith_writer_deinit(&runs[i]);
}

static void say_have(struct scene *s, const struct lone_peer *peer,
                     const struct lone_log *log)
{
    struct kith_vector_entry held = {s->peer.key.id, KITH_LOG_CONTENT, log->log, 0,
                                     log->seq,       log->head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_have_encode(&w, &peer->lobby_tag, &held, 1);
    lone_say(&s->l, peer, &w);
    kith_writer_deinit(&w);
}

/* A peer that was not heard to hold a branch is told of it, and again, until it says so.
 */
static void branches_are_told_of_until_they_are_held(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    struct lone_log other = s->log;
    push(s, 1);
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z');
    say_again(s, &run);
    kith_writer_deinit(&run);
    struct lone_peer second;
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    lone_pass(&s->l, 2 * KITH_SECOND);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_FORK), 2);
    say_have(s, &second, &other);
    lone_forget(&s->l);
    for (int i = 0; i < 8; i++) { /* it lives */
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){1});
        lone_say(&s->l, &second, &w);
        kith_writer_deinit(&w);
        lone_pass(&s->l, 4 * KITH_SECOND);
    }
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_FORK), 1); /* the other one */
}

/* A second peer tells of an event that comes, or another in its place, by the first.
 * How often it is told of ours. */
static size_t told_back(struct scene *s, bool is_another)
{
    struct lone_peer second;
    struct lone_log other = s->log;
    struct kith_writer run;
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    lone_write(&other, &run, 1, is_another ? 'z' : 'a');
    kith_writer_deinit(&run);
    say_have(s, &second, &other);
    lone_forget(&s->l);
    push(s, 1);
    lone_pass(&s->l, KITH_SECOND);
    return lone_count_sent(&s->l, 2, KITH_FRAME_HAVE);
}

/* Else neither would ever know: the one takes the other for a peer that has all. */
static void who_told_of_another_event_is_told_of_the_one_that_came(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    assert_int_equal(told_back(s, true), 1);
}

static void who_told_of_just_that_event_is_not(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    assert_int_equal(told_back(s, false), 0);
}

/* What a peer told of turns out to be of another branch, which has come meanwhile. */
static void who_answers_with_a_branch_that_is_held_is_not_asked_again(void **state)
{
    struct scene *s = *state;
    struct lone_peer second;
    push(s, 1);
    struct lone_log other = s->log;
    push(s, 1);
    struct kith_writer run, w = kith_writer(&kith_alloc_heap);
    lone_write(&other, &run, 2, 'z');
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    say_have(s, &second, &other);
    say_again(s, &run);
    kith_writer_deinit(&run);
    lone_pass(&s->l,
              KITH_STALL_TIME + KITH_SECOND); /* in which the first brings nothing */
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
    struct kith_ref head = {s->peer.key.id, other.log, other.seq, other.head};
    kith_frame_graft_encode(&w, KITH_FRAME_FORK, &second.lobby_tag, &head, NULL, 0);
    lone_say(&s->l, &second, &w);
    kith_writer_deinit(&w);
    lone_forget(&s->l);
    lone_pass(&s->l, KITH_STALL_TIME + KITH_SECOND);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
}

/* Who is told of what it holds says so. */
static void a_fork_that_is_held_is_answered_with_have(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    lone_forget(&s->l);
    struct kith_ref head = {s->peer.key.id, s->log.log, s->log.seq, s->log.head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, KITH_FRAME_FORK, &s->peer.lobby_tag, &head, NULL, 0);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_deinit(&w);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_branch_waits_for_the_control_event_it_names),
        TEST(one_that_nobody_asked_for_is_asked_for_by_its_name),
        TEST(a_fork_that_reaches_further_at_once_is_found),
        TEST(a_branch_that_is_not_taken_lets_nothing_in_twice),
        TEST(a_run_is_compared_with_every_branch),
        TEST(branches_are_told_of_until_they_are_held),
        TEST(who_told_of_another_event_is_told_of_the_one_that_came),
        TEST(who_told_of_just_that_event_is_not),
        TEST(who_answers_with_a_branch_that_is_held_is_not_asked_again),
        TEST(a_fork_that_is_held_is_answered_with_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
