/* SPDX-License-Identifier: MIT */
/* A link that was closed and is not down yet: the shell may still bring what came on it
 * before. */
#include "hearing.h"

static void command(struct scene *s, enum kith_command_type type)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = type;
    in.command.token = 5;
    if (type == KITH_COMMAND_DISCONNECT)
        in.command.disconnect = s->peer.key.id;
    lone_step(&s->l, in);
}

/* Closed by hand. */
static void close_link(struct scene *s)
{
    s->l.is_down_held = true;
    command(s, KITH_COMMAND_DISCONNECT);
    assert_int_equal(s->l.closed[1], KITH_EDISCONNECTED);
    lone_forget(&s->l);
    s->l.closed[1] = 1;
}

/* Nothing was said on it, and it was not closed again. */
static void check_quiet(const struct scene *s)
{
    for (size_t i = 0; i < s->l.sent_count; i++)
        assert_int_not_equal(s->l.sent[i].link, 1);
    assert_int_equal(s->l.closed[1], 1);
}

static void what_comes_on_it_is_not_heard(void **state)
{
    struct scene *s = *state;
    close_link(s);
    push(s, 1);
    assert_int_equal(messages(s), 0);
    lone_say_raw(&s->l, &s->peer, BYTES("\x05")); /* a BYE cut short */
    check_quiet(s);
}

static void it_is_neither_asked_for_a_sign_of_life_nor_given_up(void **state)
{
    struct scene *s = *state;
    close_link(s);
    lone_pass(&s->l, KITH_MINUTE);
    check_quiet(s);
}

static void a_stop_does_not_close_it_again(void **state)
{
    struct scene *s = *state;
    close_link(s);
    command(s, KITH_COMMAND_STOP);
    check_quiet(s);
}

static void a_forgery_that_came_before_is_not_told(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    struct lone_key forged = s->peer.key, other;
    lone_key_make(&other, 77);
    memcpy(forged.secret, other.secret, sizeof(forged.secret));
    s->log.author = &forged;
    s->l.is_verify_held = true;
    lone_write(&s->log, &run, 1, 'a');
    say_run(s, &run);
    kith_writer_deinit(&run);
    close_link(s);
    lone_verify(&s->l);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 0);
    assert_int_equal(messages(s), 0);
    check_quiet(s);
}

/* Runs of another peer until the node has the others hold back. */
static void fill(struct scene *s, struct lone_peer *peer)
{
    struct lone_log log = {.author = &peer->key,
                           .room = lone_lobby(),
                           .log = {{2}},
                           .hlc = kith_hlc_from_wall(s->l.now.wall)};
    s->l.is_store_held = true;
    for (int i = 0; i < 1000 && !s->l.paused[peer->link]; i++) {
        struct kith_writer run;
        lone_write(&log, &run, KITH_RUN_COUNT_MAX, 0);
        lone_say_run(&s->l, peer, &peer->lobby_tag, &run);
        kith_writer_deinit(&run);
    }
    assert_true(s->l.paused[peer->link]);
}

static void only_the_others_are_held_back_while_the_disk_is_behind(void **state)
{
    struct scene *s = *state;
    struct lone_peer other;
    lone_connect(&s->l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &other);
    close_link(s);
    fill(s, &other);
    assert_false(s->l.paused[1]);
    s->l.is_store_held = false;
    lone_commit(&s->l);
    lone_pass(&s->l, KITH_MS);
    lone_say_raw(&s->l, &other, BYTES("\x7f"));
    assert_false(s->l.paused[2]);
}

static void who_comes_meanwhile_is_held_back_too(void **state)
{
    struct scene *s = *state;
    struct lone_peer other, late;
    lone_connect(&s->l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &other);
    fill(s, &other);
    lone_connect(&s->l, &late, 3, 3, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &late);
    assert_true(s->l.paused[3]);
    s->l.is_store_held = false;
    lone_commit(&s->l);
    lone_pass(&s->l, KITH_MS);
    lone_say_raw(&s->l, &late, BYTES("\x7f"));
    assert_false(s->l.paused[3]);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_comes_on_it_is_not_heard),
        CASE(it_is_neither_asked_for_a_sign_of_life_nor_given_up),
        CASE(a_stop_does_not_close_it_again),
        CASE(a_forgery_that_came_before_is_not_told),
        CASE(only_the_others_are_held_back_while_the_disk_is_behind),
        CASE(who_comes_meanwhile_is_held_back_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
