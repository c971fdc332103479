/* SPDX-License-Identifier: MIT */
/* What this node writes, and when it says that it did. */
#include "lone.h"

static struct kith_notice say(struct lone *l)
{
    struct kith_bytes text = BYTES("said here");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
    const struct kith_notice *reply = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_non_null(reply);
    return *reply;
}

/* The peer says something, dated so. */
static void hear(struct lone *l, const struct lone_peer *peer, kith_time wall)
{
    struct kith_writer run;
    struct lone_log log = {.author = &peer->key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(wall)};
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, peer, &peer->lobby_tag, &run);
    kith_writer_deinit(&run);
}

/* Others hold back what is dated more than a day ahead. */
static void once_a_clock_is_put_right_what_is_said_is_of_now(void **state)
{
    struct lone *l = *state;
    l->now.wall += 48 * KITH_HOUR;
    uint32_t ahead = say(l).reply.log_no;
    l->now.wall -= 48 * KITH_HOUR;
    for (int i = 0; i < 2; i++) {
        struct kith_notice reply = say(l);
        assert_int_equal(reply.reply.error, 0);
        assert_int_not_equal(reply.reply.log_no, ahead);
        assert_true(kith_hlc_wall(reply.reply.hlc_first) < l->now.wall + KITH_SECOND);
    }
}

static void within_a_day_what_is_said_later_is_dated_later(void **state)
{
    struct lone *l = *state;
    l->now.wall += 2 * KITH_HOUR;
    struct kith_notice first = say(l);
    l->now.wall -= 2 * KITH_HOUR;
    struct kith_notice second = say(l);
    assert_int_equal(second.reply.log_no, first.reply.log_no);
    assert_true(second.reply.hlc_first > first.reply.hlc_first);
}

/* Two clocks were ahead, that of another by nearly a day more; then ours is put right. */
static void what_others_wrote_ahead_turns_no_log_of_ours_back(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    kith_time right = l->now.wall;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    l->now.wall = right + 10 * KITH_HOUR;
    struct kith_notice first = say(l);
    hear(l, &peer, right + 30 * KITH_HOUR);
    l->now.wall = right;
    struct kith_notice second = say(l);
    assert_int_equal(second.reply.log_no, first.reply.log_no);
    assert_true(second.reply.hlc_first > first.reply.hlc_first);
}

/* Who dates everything as far ahead as is taken would have us all write there, where
 * those whose clocks are a little behind take nothing yet. */
static void what_is_dated_nearly_a_day_ahead_takes_nobody_along(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    hear(l, &peer, l->now.wall + 24 * KITH_HOUR - KITH_SECOND);
    assert_int_equal(lone_count_stored(l), 2); /* our name, and that */
    assert_true(kith_hlc_wall(say(l).reply.hlc_first) < l->now.wall + KITH_SECOND);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(once_a_clock_is_put_right_what_is_said_is_of_now),
        CASE(within_a_day_what_is_said_later_is_dated_later),
        CASE(what_others_wrote_ahead_turns_no_log_of_ours_back),
        CASE(what_is_dated_nearly_a_day_ahead_takes_nobody_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
