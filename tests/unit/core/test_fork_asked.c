/* SPDX-License-Identifier: MIT */
/* Branches that a peer is asked for from their beginning: how long, how often, how many.
 */
#include "hearing.h"

#include <stdlib.h>

#include "core/limits.h"

/* Of a run: behind version, author, class, log, seq and prev. */
#define SIGNATURE_OFFSET (1 + KITH_ID_SIZE + 1 + KITH_LOG_ID_SIZE + 8 + KITH_ID_SIZE)

/* Of a log of its own, as many times as there are: the first peer pushes two events, and
 * a second one tells of another second. What it has to say then. */
struct forked {
    struct scene *scene;
    struct lone_peer second;
    struct lone_log log[KITH_QUESTIONS_MAX + 1], other[KITH_QUESTIONS_MAX + 1];
    struct kith_writer shared[KITH_QUESTIONS_MAX + 1], own[KITH_QUESTIONS_MAX + 1];
};

static void say_vector(struct scene *s, const struct lone_peer *peer,
                       const struct lone_log *logs, size_t count)
{
    struct kith_vector_entry page[KITH_QUESTIONS_MAX + 1];
    for (size_t i = 0; i < count; i++)
        page[i] = (struct kith_vector_entry){
            s->peer.key.id, logs[i].log_class, logs[i].log, 0, logs[i].seq, logs[i].head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_vector_encode(&w, &peer->lobby_tag, true, page, count);
    lone_say(&s->l, peer, &w);
    kith_writer_deinit(&w);
}

static void fork_logs(struct forked *f, size_t count)
{
    struct scene *s = f->scene;
    struct lone_peer *second = &f->second;
    for (size_t i = 0; i < count; i++) {
        struct lone_log log = s->log;
        log.log.bytes[1] = (uint8_t)i;
        lone_write(&log, &f->shared[i], 1, 'a');
        say_again(s, &f->shared[i]);
        f->other[i] = log;
        push_to(s, &log, 1, 'b');
        f->log[i] = log;
        lone_write(&f->other[i], &f->own[i], 1, 'z');
    }
    lone_connect(&s->l, second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, second);
    lone_forget(&s->l);
    say_vector(s, second, f->other, count);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), count);
    lone_forget(&s->l);
}

static void bring(struct scene *s, const struct lone_peer *peer,
                  const struct kith_writer *run)
{
    lone_say_run(&s->l, peer, &peer->lobby_tag, run);
    assert_int_equal(lone_count_sent(&s->l, peer->link, KITH_FRAME_PRUNE), 0);
}

static int setup_forked(void **state)
{
    struct forked *f = calloc(1, sizeof(*f));
    for (size_t i = 0; i < COUNT(f->own); i++)
        f->shared[i] = f->own[i] = kith_writer(&kith_alloc_heap);
    setup(state);
    f->scene = *state;
    *state = f;
    return 0;
}

static int teardown_forked(void **state)
{
    struct forked *f = *state;
    for (size_t i = 0; i < COUNT(f->own); i++) {
        kith_writer_deinit(&f->shared[i]);
        kith_writer_deinit(&f->own[i]);
    }
    *state = f->scene;
    free(f);
    return teardown(state);
}

/* The way is slow. */
static void a_branch_that_is_long_in_coming_is_let_come(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    pass_alive(s, &f->second, 6 * KITH_SECOND);
    bring(s, &f->second, &f->shared[0]);
    pass_alive(s, &f->second, 6 * KITH_SECOND);
    bring(s, &f->second, &f->own[0]);
    assert_int_equal(messages(s), 2 + 1);
    pass_alive(s, &f->second, 6 * KITH_SECOND);
    lone_say_run(&s->l, &f->second, &f->second.lobby_tag, &f->shared[0]);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_PRUNE), 1); /* it is over */
}

static void branches_of_two_logs_come_from_one_peer(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 2);
    for (size_t i = 0; i < 2; i++)
        bring(s, &f->second, &f->shared[i]);
    for (size_t i = 0; i < 2; i++)
        bring(s, &f->second, &f->own[i]);
    assert_int_equal(messages(s), 2 * (2 + 1));
}

static void a_branch_is_asked_for_until_it_comes(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    pass_alive(s, &f->second, 4 * KITH_FORK_RETRY);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 2);
    bring(s, &f->second, &f->shared[0]);
    bring(s, &f->second, &f->own[0]);
    lone_forget(&s->l);
    pass_alive(s, &f->second, 4 * KITH_FORK_RETRY);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
}

static void what_comes_slowly_and_is_no_branch_is_not_asked_for_again(void **state)
{
    struct scene *s = *state;
    struct lone_peer second;
    struct kith_writer runs[12];
    push(s, 1);
    struct lone_log whole = s->log;
    for (size_t i = 0; i < COUNT(runs); i++)
        lone_write(&whole, &runs[i], 1, 'a');
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    say_fork(s, &second, &whole);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
    lone_forget(&s->l);
    for (size_t i = 0; i < COUNT(runs); i++) {
        bring(s, &second, &runs[i]);
        kith_writer_deinit(&runs[i]);
        pass_alive(s, &second, 6 * KITH_SECOND);
    }
    assert_int_equal(messages(s), 1 + COUNT(runs));
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
}

static void a_branch_that_could_not_be_compared_is_asked_for_again(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    bring(s, &f->second, &f->shared[0]);
    s->l.is_load_held = true;
    bring(s, &f->second, &f->own[0]);
    s->l.held_load.loaded.error = KITH_EIO;
    lone_load(&s->l);
    pass_alive(s, &f->second, KITH_FORK_RETRY + KITH_STALL_TIME);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
}

/* Its head comes all the same, and has nothing to follow. */
static void also_if_that_was_the_first_of_several(void **state)
{
    struct scene *s = *state;
    struct lone_peer second;
    struct lone_log log = s->log, other;
    struct kith_writer runs[4];
    lone_write(&log, &runs[0], 1, 'a');
    say_again(s, &runs[0]);
    other = log;
    push_to(s, &log, 1, 'b');
    for (size_t i = 1; i < COUNT(runs); i++)
        lone_write(&other, &runs[i], 1, 'z');
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    say_fork(s, &second, &other);
    bring(s, &second, &runs[0]);
    s->l.is_load_held = true;
    bring(s, &second, &runs[1]);
    s->l.held_load.loaded.error = KITH_EIO;
    s->l.is_load_held = false;
    lone_load(&s->l);
    for (size_t i = 2; i < COUNT(runs); i++)
        bring(s, &second, &runs[i]);
    lone_forget(&s->l);
    pass_alive(s, &second, KITH_FORK_RETRY + KITH_STALL_TIME);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
    for (size_t i = 0; i < COUNT(runs); i++) {
        bring(s, &second, &runs[i]);
        kith_writer_deinit(&runs[i]);
    }
    assert_int_equal(messages(s), 2 + 3);
    lone_forget(&s->l);
    pass_alive(s, &second, 4 * KITH_FORK_RETRY);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
}

/* The true one came while the forged one was being verified. */
static void also_if_a_forgery_was_on_its_way(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    struct lone_peer third;
    fork_logs(f, 1);
    lone_connect(&s->l, &third, 3, 3, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &third);
    struct kith_writer forged = kith_writer(&kith_alloc_heap);
    kith_writer_bytes(&forged, f->own[0].data, f->own[0].size);
    forged.data[SIGNATURE_OFFSET] ^= 1;
    s->l.is_verify_held = true;
    lone_say_run(&s->l, &third, &third.lobby_tag, &forged);
    kith_writer_deinit(&forged);
    bring(s, &f->second, &f->shared[0]);
    bring(s, &f->second, &f->own[0]);
    s->l.is_verify_held = false;
    lone_verify(&s->l);
    assert_int_equal(s->l.closed[3], KITH_ESIGNATURE);
    lone_forget(&s->l);
    pass_alive(s, &f->second, KITH_FORK_RETRY + KITH_STALL_TIME);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
    bring(s, &f->second, &f->shared[0]);
    bring(s, &f->second, &f->own[0]);
    assert_int_equal(messages(s), 2 + 1);
}

static void nor_does_what_is_said_meanwhile_put_it_off(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    for (int i = 0; i < 7; i++) {
        struct kith_writer run;
        lone_write(&f->log[0], &run, 1, 'c');
        bring(s, &f->second, &run);
        kith_writer_deinit(&run);
        pass_alive(s, &f->second, 6 * KITH_SECOND);
    }
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
}

/* The disk is full by then. */
static void a_branch_that_had_no_place_is_asked_for_again(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    bring(s, &f->second, &f->shared[0]);
    s->l.is_load_held = true;
    bring(s, &f->second, &f->own[0]);
    s->l.store_error = KITH_EFULL;
    push_to(s, &f->log[0], 1, 'c');
    s->l.store_error = 0;
    lone_load(&s->l);
    pass_alive(s, &f->second, KITH_FORK_RETRY);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
}

static void what_came_of_it_then_is_asked_for_when_that_is_over(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    s->l.store_error = KITH_EFULL;
    push_to(s, &f->log[0], 1, 'c');
    s->l.store_error = 0;
    bring(s, &f->second, &f->shared[0]);
    bring(s, &f->second, &f->own[0]);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
    pass_alive(s, &f->second, 6 * KITH_SECOND);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
}

/* As where its log is damaged there. */
static void a_branch_that_never_comes_is_asked_for_ever_more_seldom(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    size_t asked = 0;
    fork_logs(f, 1);
    for (kith_time t = 0; t < 4 * KITH_HOUR; t += 12 * KITH_SECOND) {
        pass_alive(s, &f->second, 12 * KITH_SECOND);
        size_t now = lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT);
        lone_forget(&s->l);
        if (now > 0)
            bring(s, &f->second, &f->shared[0]);
        asked += now;
    }
    assert_in_range(asked, 6, 10);
}

/* It came from elsewhere. */
static void a_branch_that_is_held_is_not_asked_for_again(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, 1);
    say_again(s, &f->own[0]);
    lone_forget(&s->l);
    pass_alive(s, &f->second, 4 * KITH_FORK_RETRY);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 0);
}

static void a_question_that_is_over_makes_room_for_another(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    size_t open = KITH_QUESTIONS_MAX;
    fork_logs(f, KITH_QUESTIONS_MAX);
    bring(s, &f->second, &f->shared[3]);
    bring(s, &f->second, &f->own[3]);
    lone_forget(&s->l);
    pass_alive(s, &f->second, 6 * KITH_SECOND);
    s->log.log.bytes[1] = (uint8_t)open;
    struct lone_log other = s->log;
    push(s, 1);
    lone_write(&other, &f->shared[open], 1, 'z');
    lone_write(&other, &f->own[open], 1, 'z');
    say_fork(s, &f->second, &other);
    pass_alive(s, &f->second, KITH_FORK_RETRY + 2 * KITH_STALL_TIME);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1 + open);
}

static void questions_of_one_peer_are_bounded(void **state)
{
    struct forked *f = *state;
    struct scene *s = f->scene;
    fork_logs(f, KITH_QUESTIONS_MAX + 1);
    pass_alive(s, &f->second, KITH_FORK_RETRY + KITH_STALL_TIME);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), KITH_QUESTIONS_MAX);
}

#define TEST(name)   cmocka_unit_test_setup_teardown(name, setup, teardown)
#define FORKED(name) cmocka_unit_test_setup_teardown(name, setup_forked, teardown_forked)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FORKED(a_branch_that_is_long_in_coming_is_let_come),
        FORKED(branches_of_two_logs_come_from_one_peer),
        FORKED(a_branch_is_asked_for_until_it_comes),
        TEST(what_comes_slowly_and_is_no_branch_is_not_asked_for_again),
        FORKED(a_branch_that_could_not_be_compared_is_asked_for_again),
        TEST(also_if_that_was_the_first_of_several),
        FORKED(also_if_a_forgery_was_on_its_way),
        FORKED(nor_does_what_is_said_meanwhile_put_it_off),
        FORKED(a_branch_that_had_no_place_is_asked_for_again),
        FORKED(what_came_of_it_then_is_asked_for_when_that_is_over),
        FORKED(a_branch_that_never_comes_is_asked_for_ever_more_seldom),
        FORKED(a_branch_that_is_held_is_not_asked_for_again),
        FORKED(a_question_that_is_over_makes_room_for_another),
        FORKED(questions_of_one_peer_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
