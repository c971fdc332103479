/* SPDX-License-Identifier: MIT */
/* Runs that contradict what is held: how many histories of a log are followed, and what
 * becomes of those that are broken. */
#include "hearing.h"

static size_t branches(const struct scene *s, uint32_t nos[static KITH_RUN_COUNT_MAX])
{
    return kith_node_log_nos(s->l.node, &s->log.room, &s->peer.key.id, &s->log.log, nos,
                             KITH_RUN_COUNT_MAX);
}

static void a_log_is_followed_in_sixteen_histories_and_no_more(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    for (char text = 'a'; text <= 'z'; text++) {
        struct lone_log history = s->log;
        push_to(s, &history, 1, text);
    }
    assert_int_equal(branches(s, nos), 16);
    assert_int_equal(s->l.closed[1], 1);
}

/* Of a history without a place all of the log would come each time that it is told of. */
static void one_too_many_is_seldom_asked_for(void **state)
{
    struct scene *s = *state;
    struct lone_log history;
    for (char text = 'a'; text <= 'q'; text++) {
        history = s->log;
        push_to(s, &history, 1, text);
    }
    const struct kith_ref head = {s->peer.key.id, history.log, 1, history.head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, KITH_FRAME_FORK, &s->peer.lobby_tag, &head, NULL, 0);
    lone_forget(&s->l);
    for (kith_time t = 0; t < 2 * KITH_HOUR; t += 5 * KITH_SECOND) {
        lone_say(&s->l, &s->peer, &w);
        lone_pass(&s->l, 5 * KITH_SECOND);
        assert_int_equal(s->l.closed[1], 1);
    }
    kith_writer_deinit(&w);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 2);
}

/* Each history is known by its head, and goes on by itself. */
static void a_history_goes_on_where_it_left(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    struct kith_log_view view;
    struct lone_log third;
    for (char text = 'a'; text <= 'c'; text++) {
        third = s->log;
        push_to(s, &third, 1, text);
    }
    push_to(s, &third, 1, 'd');
    assert_int_equal(branches(s, nos), 3);
    assert_true(kith_node_log(s->l.node, nos[2], &view));
    assert_int_equal(view.head_seq, 2);
    /* And is sent to whoever asks for it by its head. */
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const struct kith_ref wanted = {s->peer.key.id, third.log, 2, third.head};
    kith_frame_graft_encode(&w, KITH_FRAME_GRAFT, &s->peer.lobby_tag, &wanted, NULL, 0);
    lone_forget(&s->l);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_deinit(&w);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_RUN), 2);
}

/* Or whoever repeats one has all of a long log read, as often as he likes. */
static void a_run_that_is_held_is_compared_with_nothing_behind_it(void **state)
{
    struct scene *s = *state;
    struct kith_writer first;
    lone_write(&s->log, &first, 1, 'a');
    say_run(s, &first);
    for (int i = 0; i < 9; i++)
        push(s, 1);
    say_run(s, &first);
    kith_writer_deinit(&first);
    assert_int_equal(s->l.loaded_count, 1);
    assert_int_equal(messages(s), 10);
}

static void what_follows_an_unknown_event_is_fetched_from_the_beginning(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    struct kith_frame_graft graft;
    struct lone_log other = s->log;
    push_to(s, &s->log, 1, 'a');
    lone_write(&other, &run, 1, 'x'); /* not sent */
    kith_writer_deinit(&run);
    push_to(s, &other, 1, 'y');
    const struct lone_frame *asked = lone_last_sent(&s->l, 1, KITH_FRAME_GRAFT);
    assert_non_null(asked);
    assert_int_equal(
        kith_frame_graft_decode(kith_bytes(asked->fields, asked->size), &graft), 0);
    assert_int_equal(graft.wanted.seq, 2);
    assert_int_equal(graft.have_count, 0);
    /* Then it comes, as another history. */
    uint32_t nos[KITH_RUN_COUNT_MAX];
    struct lone_log again = {.author = &s->peer.key,
                             .room = s->log.room,
                             .log = s->log.log,
                             .hlc = kith_hlc_from_wall(s->l.now.wall)};
    push_to(s, &again, 1, 'x');
    push_to(s, &again, 1, 'y');
    assert_int_equal(branches(s, nos), 2);
}

static void a_history_of_another_class_is_a_fault_and_leaves_nothing(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'a');
    struct lone_log other = s->log;
    push_to(s, &s->log, 1, 'b');
    other.log_class = KITH_LOG_CONTROL;
    push_to(s, &other, 1, 'x');
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
    assert_int_equal(branches(s, nos), 1);
}

static void nor_does_it_take_another_history_along(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'a');
    struct lone_log second = s->log, other = s->log;
    push_to(s, &s->log, 1, 'b');
    push_to(s, &second, 1, 'c');
    assert_int_equal(branches(s, nos), 2);
    other.log_class = KITH_LOG_CONTROL;
    push_to(s, &other, 1, 'x');
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
    assert_int_equal(branches(s, nos), 2);
}

static void a_forged_run_does_not_take_what_came_before_it_along(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    s->l.is_store_held = true;
    push_to(s, &s->log, 1, 'a');
    struct lone_key thief;
    struct lone_log forged = s->log;
    lone_key_make(&thief, 2);
    thief.id = s->peer.key.id; /* the name of one, the secret of another */
    forged.author = &thief;
    lone_write(&forged, &run, 1, 'b');
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
    s->l.is_store_held = false;
    lone_commit(&s->l);
    struct kith_log_view view;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    assert_int_equal(branches(s, nos), 1);
    assert_true(kith_node_log(s->l.node, nos[0], &view));
    assert_int_equal(view.head_seq, 1);
}

/* Two histories of a log, and the second run of the later one, which came too early, is
 * being compared with it as far as it is stored: its first run. */
static struct lone_log compare_late(struct scene *s, struct kith_writer *second)
{
    struct kith_writer first;
    struct lone_log later = s->log;
    push_to(s, &s->log, 1, 'a');
    lone_write(&later, &first, 1, 'x');
    lone_write(&later, second, 1, 'y');
    s->l.is_load_held = true;
    say_run(s, second);
    say_run(s, &first);
    kith_writer_deinit(&first);
    s->l.is_load_held = true;
    lone_load(&s->l); /* not of the earlier history */
    assert_int_equal(messages(s), 2);
    return later;
}

static void nothing_was_doubled(const struct scene *s, size_t stored)
{
    uint32_t nos[KITH_RUN_COUNT_MAX];
    assert_int_equal(messages(s), stored);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_MESSAGE), stored);
    assert_int_equal(branches(s, nos), 2);
    assert_int_equal(s->l.closed[1], 1);
}

static void a_run_stored_while_it_is_compared_is_no_history_of_its_own(void **state)
{
    struct scene *s = *state;
    struct kith_writer second;
    compare_late(s, &second);
    say_run(s, &second);
    lone_load(&s->l);
    kith_writer_deinit(&second);
    nothing_was_doubled(s, 3);
}

static void nor_is_it_while_it_is_being_stored(void **state)
{
    struct scene *s = *state;
    struct kith_writer second;
    compare_late(s, &second);
    s->l.is_store_held = true;
    say_run(s, &second);
    lone_load(&s->l);
    s->l.is_store_held = false;
    lone_commit(&s->l);
    kith_writer_deinit(&second);
    nothing_was_doubled(s, 3);
}

static void nor_is_it_when_more_was_stored_since(void **state)
{
    struct scene *s = *state;
    struct kith_writer second;
    struct lone_log later = compare_late(s, &second);
    say_run(s, &second);
    push_to(s, &later, 1, 'z');
    lone_load(&s->l);
    kith_writer_deinit(&second);
    nothing_was_doubled(s, 4);
}

/* Whoever holds only what it leaves would find it broken, and close the link. */
static void a_history_that_turns_back_where_it_leaves_is_broken(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    struct lone_log other = s->log;
    push(s, 1);
    other.hlc -= (kith_hlc)KITH_HOUR;
    push_to(s, &other, 1, 'x');
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
    assert_int_equal(messages(s), 2);
}

/* An event knows no boundaries of runs: who signs one twice, alone and with what follows,
 * has said it once. */
static void what_a_run_begins_with_may_be_held(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    struct lone_log longer = s->log;
    push_to(s, &s->log, 1, 'a');
    push_to(s, &longer, 3, 'a');
    assert_int_equal(messages(s), 3);
    assert_int_equal(branches(s, nos), 1);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 0);
    struct lone_log other = s->log;
    push_to(s, &other, 4, 'b'); /* the two that are held, and two more */
    assert_int_equal(messages(s), 5);
    assert_int_equal(branches(s, nos), 1);
    assert_int_equal(s->l.closed[1], 1);
}

static void so_it_may_be_on_its_way_to_the_store(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'z');
    struct lone_log longer = s->log;
    s->l.is_store_held = true;
    push_to(s, &s->log, 1, 'a');
    push_to(s, &longer, 3, 'a');
    s->l.is_store_held = false;
    lone_commit(&s->l);
    assert_int_equal(branches(s, nos), 1);
    assert_int_equal(messages(s), 4);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 0);
}

/* The first of them ends before it does. */
static void a_history_may_leave_any_other(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'z');
    struct lone_log second = s->log;
    push_to(s, &s->log, 1, 'a');
    push_to(s, &second, 1, 'b');
    push_to(s, &second, 1, 'c');
    struct lone_log third = second;
    push_to(s, &second, 1, 'd');
    assert_int_equal(branches(s, nos), 2);
    push_to(s, &third, 1, 'x');
    assert_int_equal(branches(s, nos), 3);
    assert_int_equal(messages(s), 6);
}

/* It leaves what may still be refused. */
static void what_leaves_the_unstored_has_to_come_again(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'z');
    struct lone_log other = s->log;
    s->l.is_store_held = true;
    push_to(s, &s->log, 1, 'a');
    push_to(s, &s->log, 1, 'k');
    struct lone_log again = other;
    push_to(s, &other, 2, 'a'); /* its second is another one */
    s->l.is_store_held = false;
    lone_commit(&s->l);
    assert_int_equal(branches(s, nos), 1);
    assert_int_equal(messages(s), 3);
    push_to(s, &again, 2, 'a');
    assert_int_equal(branches(s, nos), 2);
    assert_int_equal(messages(s), 4);
}

/* A second peer brings what follows this history, in its author's name, but signed by
 * somebody else. */
static void forge(struct scene *s, struct lone_peer *other, struct lone_log log)
{
    struct lone_key thief;
    struct kith_writer run;
    lone_connect(&s->l, other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, other);
    lone_key_make(&thief, 3);
    thief.id = s->peer.key.id;
    log.author = &thief;
    lone_write(&log, &run, 1, 'b');
    lone_say_run(&s->l, other, &other->lobby_tag, &run);
    kith_writer_deinit(&run);
}

/* The same, and it is being verified. */
static void bring_forged(struct scene *s, struct lone_peer *other, struct lone_log log)
{
    s->l.is_verify_held = true;
    forge(s, other, log);
}

/* It did not follow when it came: a forged run was in its place, from somebody else. */
static void what_follows_after_all_is_looked_at_as_any_other(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'a');
    struct lone_log next = s->log;
    bring_forged(s, &other, s->log);
    s->l.is_load_held = true;
    next.log_class = KITH_LOG_CONTROL;
    push_to(s, &next, 1, 'x');
    s->l.is_verify_held = false;
    lone_verify(&s->l);
    assert_int_equal(s->l.closed[2], KITH_ESIGNATURE);
    assert_int_equal(s->l.closed[1], 1);
    lone_load(&s->l);
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
    assert_int_equal(branches(s, nos), 1);
}

/* The true one comes while the forged one is being verified. */
static void a_forged_run_in_place_of_the_true_one_makes_no_fork(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    struct kith_writer run;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'a');
    bring_forged(s, &other, s->log);
    s->l.is_verify_held = false;
    lone_write(&s->log, &run, 1, 'x');
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    lone_forget(&s->l);
    lone_verify(&s->l);
    assert_int_equal(s->l.closed[2], KITH_ESIGNATURE);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1); /* of the forger */
    assert_int_equal(branches(s, nos), 1);
    assert_int_equal(messages(s), 2);
}

/* What it rests on seemed to be here: a forged run, of the same number. */
static void what_rests_on_a_forged_control_event_is_not_stored(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    struct kith_writer run, profile;
    struct lone_log control = s->log;
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    bring_forged(s, &other, control);
    s->l.is_verify_held = false;
    lone_write(&control, &profile, 1, 'n');
    struct kith_ref ctl = {s->peer.key.id, control.log, 1, control.head};
    s->log.ctl = &ctl;
    lone_write(&s->log, &run, 1, 'x');
    size_t before = messages(s);
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    assert_int_equal(messages(s), before); /* nor while that is not clear */
    lone_verify(&s->l);
    assert_int_equal(messages(s), before);
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &profile);
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    assert_int_equal(messages(s), before + 2);
    assert_int_equal(s->l.closed[1], 1);
    kith_writer_deinit(&run);
    kith_writer_deinit(&profile);
}

/* It may be verified first. */
static void what_rests_on_a_control_event_is_stored_with_it(void **state)
{
    struct scene *s = *state;
    struct kith_writer run, profile;
    struct lone_log control = s->log;
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    lone_write(&control, &profile, 1, 'n');
    struct kith_ref ctl = {s->peer.key.id, control.log, 1, control.head};
    s->log.ctl = &ctl;
    lone_write(&s->log, &run, 1, 'x');
    size_t before = messages(s);
    s->l.is_verify_held = true;
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &profile);
    s->l.is_verify_held = false;
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    assert_int_equal(messages(s), before);
    lone_verify(&s->l);
    assert_int_equal(messages(s), before + 2);
    kith_writer_deinit(&run);
    kith_writer_deinit(&profile);
}

static void a_forged_run_behind_what_rests_lets_it_rest(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    struct lone_log control = s->log;
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    s->l.is_verify_held = true;
    push_to(s, &control, 1, 'n');
    struct kith_ref ctl = {s->peer.key.id, control.log, 1, control.head};
    s->log.ctl = &ctl;
    s->l.is_verify_held = false;
    push_to(s, &s->log, 1, 'x');
    forge(s, &other, s->log);
    assert_int_equal(s->l.closed[2], KITH_ESIGNATURE);
    lone_verify(&s->l);
    push_to(s, &s->log, 1, 'y');
    assert_int_equal(messages(s), 3);
}

/* Whatever kind of log it is that a peer has its messages rest on. */
static void what_rests_on_another_message_is_stored_with_it(void **state)
{
    struct scene *s = *state;
    struct lone_log first = s->log;
    first.log = (struct kith_log_id){{2}};
    s->l.is_verify_held = true;
    push_to(s, &first, 1, 'a');
    struct kith_ref ctl = {s->peer.key.id, first.log, 1, first.head};
    s->log.ctl = &ctl;
    s->l.is_verify_held = false;
    push_to(s, &s->log, 1, 'x');
    assert_int_equal(messages(s), 0);
    lone_verify(&s->l);
    assert_int_equal(messages(s), 2);
}

/* What it rests on was in the other history of its log, and has gone: then it is itself
 * what comes as this number. */
static void nothing_rests_on_itself(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    struct lone_log control = s->log;
    control.log_class = KITH_LOG_CONTROL;
    push_to(s, &control, 1, 'a');
    struct lone_log other = control;
    push_to(s, &control, 1, 'b');
    push_to(s, &other, 1, 'c');
    assert_int_equal(branches(s, nos), 2);
    struct lone_log again = other;
    control.hlc += kith_hlc_from_wall(72 * KITH_HOUR);
    s->l.is_verify_held = true;
    push_to(s, &control, 1, 'd'); /* of a day to come: it will not be kept */
    struct kith_ref ctl = {s->peer.key.id, control.log, 3, control.head};
    other.ctl = &ctl;
    s->l.is_verify_held = false;
    push_to(s, &other, 1, 'e');
    lone_verify(&s->l);
    assert_int_equal(messages(s), 3);
    push_to(s, &again, 1, 'f');
    assert_int_equal(messages(s), 4);
}

static void a_history_begins_with_what_differs(void **state)
{
    struct scene *s = *state;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    struct kith_log_view view;
    struct lone_log other = s->log;
    push_to(s, &s->log, 1, 'a');
    push_to(s, &s->log, 1, 'x');
    push_to(s, &other, 3, 'a'); /* its second is another one */
    assert_int_equal(branches(s, nos), 2);
    assert_true(kith_node_log(s->l.node, nos[1], &view));
    assert_int_equal(view.head_seq, 3);
    assert_int_equal(messages(s), 2 + 2);
}

/* Of a history that could not be stored nothing can be compared. */
static void a_history_that_a_full_disk_refused_is_taken_when_it_comes_again(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    uint32_t nos[KITH_RUN_COUNT_MAX];
    push_to(s, &s->log, 1, 'a');
    struct lone_log other = s->log;
    push_to(s, &s->log, 1, 'b');
    lone_write(&other, &run, 1, 'x');
    s->l.store_error = KITH_EFULL;
    say_run(s, &run);
    assert_int_equal(messages(s), 2);
    s->l.store_error = 0;
    lone_pass(&s->l, 3 * KITH_SECOND);
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 3);
    assert_int_equal(branches(s, nos), 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_log_is_followed_in_sixteen_histories_and_no_more),
        CASE(one_too_many_is_seldom_asked_for),
        CASE(a_history_goes_on_where_it_left),
        CASE(a_run_that_is_held_is_compared_with_nothing_behind_it),
        CASE(what_follows_an_unknown_event_is_fetched_from_the_beginning),
        CASE(a_history_of_another_class_is_a_fault_and_leaves_nothing),
        CASE(nor_does_it_take_another_history_along),
        CASE(a_run_stored_while_it_is_compared_is_no_history_of_its_own),
        CASE(nor_is_it_while_it_is_being_stored),
        CASE(nor_is_it_when_more_was_stored_since),
        CASE(a_forged_run_does_not_take_what_came_before_it_along),
        CASE(a_history_that_turns_back_where_it_leaves_is_broken),
        CASE(what_a_run_begins_with_may_be_held),
        CASE(so_it_may_be_on_its_way_to_the_store),
        CASE(a_history_may_leave_any_other),
        CASE(what_leaves_the_unstored_has_to_come_again),
        CASE(what_follows_after_all_is_looked_at_as_any_other),
        CASE(a_forged_run_in_place_of_the_true_one_makes_no_fork),
        CASE(what_rests_on_a_forged_control_event_is_not_stored),
        CASE(what_rests_on_a_control_event_is_stored_with_it),
        CASE(a_forged_run_behind_what_rests_lets_it_rest),
        CASE(what_rests_on_another_message_is_stored_with_it),
        CASE(nothing_rests_on_itself),
        CASE(a_history_begins_with_what_differs),
        CASE(a_history_that_a_full_disk_refused_is_taken_when_it_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
