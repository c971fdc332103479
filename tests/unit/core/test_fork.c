/* SPDX-License-Identifier: MIT */
/* Branches of forked logs: taken in whatever came before, once each (test_intake.c has
 * the plain cases), and told of until the peer has them. */
#include "core/limits.h"
#include "hearing.h"

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

/* ---- what was asked for ---- */

/* FORKs to the second peer, in that time. */
static size_t forks_within(struct scene *s, const struct lone_peer *second,
                           kith_time duration)
{
    size_t count = 0;
    for (kith_time t = 0; t < duration; t += KITH_MINUTE) {
        lone_forget(&s->l);
        pass_alive(s, second, KITH_MINUTE);
        count += lone_count_sent(&s->l, 2, KITH_FRAME_FORK);
    }
    return count;
}

/* It may be unable to hold them. */
static void who_says_nothing_of_branches_is_told_of_them_ever_more_seldom(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    struct lone_log other = s->log;
    push(s, 1);
    push_to(s, &other, 1, 'z');
    struct lone_peer second;
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    assert_in_range(forks_within(s, &second, 2 * KITH_HOUR), 2 * 5, 2 * 8);
    push_to(s, &other, 1, 'y');
    assert_int_equal(forks_within(s, &second, KITH_MINUTE), 2 * 2);
    forks_within(s, &second, 2 * KITH_HOUR);
    say_have(s, &second, &other);
    assert_int_equal(forks_within(s, &second, KITH_MINUTE), 2); /* of the other one */
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

/* What a run rests on is no word of what its bringer holds of two histories. */
static void who_brings_what_rests_on_one_event_has_not_told_of_it(void **state)
{
    struct scene *s = *state;
    struct lone_peer second;
    struct lone_log control = s->log, content = s->log;
    struct kith_writer profile, run;
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    struct lone_log another = control;
    lone_write(&another, &profile, 1, 'm');
    kith_writer_deinit(&profile);
    lone_write(&control, &profile, 1, 'n');
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    say_have(s, &s->peer, &control);
    say_have(s, &second, &another);
    struct kith_ref ctl = {s->peer.key.id, control.log, control.seq, control.head};
    content.ctl = &ctl;
    lone_write(&content, &run, 1, 'c');
    lone_say_run(&s->l, &second, &second.lobby_tag, &run);
    lone_forget(&s->l);
    say_again(s, &profile);
    lone_pass(&s->l, KITH_SECOND);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_HAVE), 1);
    kith_writer_deinit(&profile);
    kith_writer_deinit(&run);
}

/* What a peer told of turns out to be of another branch, which has come meanwhile: it
 * says so itself when it is asked, of what is its head by then. */
static void not_asked_again(struct scene *s, size_t more)
{
    struct lone_peer second;
    push(s, 1);
    struct lone_log other = s->log;
    push(s, 1);
    struct kith_writer run, next;
    lone_write(&other, &run, 2, 'z');
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    say_have(s, &second, &other);
    if (more > 0) {
        lone_write(&other, &next, more, 'y');
        say_again(s, &run);
        say_again(s, &next);
        kith_writer_deinit(&next);
    } else {
        say_again(s, &run);
    }
    kith_writer_deinit(&run);
    lone_pass(&s->l,
              KITH_STALL_TIME + KITH_SECOND); /* in which the first brings nothing */
    say_fork(s, &second, &other);
    lone_forget(&s->l);
    lone_pass(&s->l, KITH_STALL_TIME + KITH_SECOND);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
}

static void who_answers_with_a_branch_that_is_held_is_not_asked_again(void **state)
{
    not_asked_again(*state, 0);
}

static void who_answers_with_what_came_to_that_branch_since_is_not_either(void **state)
{
    not_asked_again(*state, 2);
}

/* As each who holds several branches tells of all of them, to whoever may not know. */
static void a_fork_told_amid_what_comes_has_nothing_come_anew(void **state)
{
    struct scene *s = *state;
    struct lone_log whole = s->log;
    struct kith_writer runs[3];
    for (size_t i = 0; i < 3; i++)
        lone_write(&whole, &runs[i], 2, 'a');
    say_have(s, &s->peer, &whole);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
    say_fork(s, &s->peer, &whole); /* before the first comes, too */
    for (size_t i = 0; i < 3; i++) {
        s->l.is_verify_held = i == 2;
        say_again(s, &runs[i]);
        lone_pass(&s->l, KITH_STALL_TIME - KITH_SECOND);
        say_fork(s, &s->peer, &whole);
        kith_writer_deinit(&runs[i]);
    }
    lone_verify(&s->l);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
    assert_int_equal(messages(s), 6);
}

static void a_fork_told_after_another_event_came_is_asked_for(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    push(s, 1);
    struct lone_log other = s->log;
    push(s, 1);
    lone_write(&other, &run, 2, 'x'); /* not sent */
    kith_writer_deinit(&run);
    say_have(s, &s->peer, &other); /* one ahead, as it seems */
    say_fork(s, &s->peer, &other);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 0);
    push(s, 1);
    say_fork(s, &s->peer, &other);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
}

/* It seemed to hold what is before it, which it does not. */
static void a_branch_that_was_not_stored_is_nowhere(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    struct lone_log before = s->log, other = s->log;
    push(s, 1);
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z');
    s->l.store_error = KITH_EIO;
    say_again(s, &run);
    kith_writer_deinit(&run);
    s->l.store_error = 0;
    lone_forget(&s->l);
    say_fork(s, &s->peer, &before);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
}

/* Who is told of what it holds says so. */
static void a_fork_that_is_held_is_answered_with_have(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    lone_forget(&s->l);
    say_fork(s, &s->peer, &s->log);
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
        TEST(who_says_nothing_of_branches_is_told_of_them_ever_more_seldom),
        TEST(who_told_of_another_event_is_told_of_the_one_that_came),
        TEST(who_told_of_just_that_event_is_not),
        TEST(who_answers_with_a_branch_that_is_held_is_not_asked_again),
        TEST(who_answers_with_what_came_to_that_branch_since_is_not_either),
        TEST(a_fork_told_amid_what_comes_has_nothing_come_anew),
        TEST(a_fork_told_after_another_event_came_is_asked_for),
        TEST(who_brings_what_rests_on_one_event_has_not_told_of_it),
        TEST(a_branch_that_was_not_stored_is_nowhere),
        TEST(a_fork_that_is_held_is_answered_with_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
