/* SPDX-License-Identifier: MIT */
/* How two connections are joined by their tickets, and how they are not. */
#include "relay_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

static void both_are_told_and_bytes_go_both_ways(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    char heard[10];
    relay_expect(stage, 5);
    fds[1] = relay_bring(stage, 5, 1);
    relay_turn(stage);
    assert_int_equal(relay_hear(fds[1], heard, 1),
                     -1); /* not before the other is there */
    assert_int_equal(kith_relay_counts(stage->relay).joined, 0);
    fds[0] = relay_bring(stage, 5, 0);
    relay_hear_word(stage, fds[0]);
    relay_hear_word(stage, fds[1]);
    assert_int_equal(kith_relay_counts(stage->relay).joined, 1);
    assert_int_equal(send(fds[0], "to b", 4, 0), 4);
    assert_int_equal(relay_hear_some(stage, fds[1], heard, sizeof heard), 4);
    assert_memory_equal(heard, "to b", 4);
    assert_int_equal(send(fds[1], "to you", 6, 0), 6);
    assert_int_equal(relay_hear_some(stage, fds[0], heard, sizeof heard), 6);
    assert_memory_equal(heard, "to you", 6);
    relay_close_both(fds);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.pair, 5);
    assert_int_equal(stage->ended.bytes_a, 4);
    assert_int_equal(stage->ended.bytes_b, 6);
    assert_int_equal(stage->ended.error, 0);
    assert_int_equal(kith_relay_counts(stage->relay).pairs, 0);
    assert_int_equal(kith_relay_counts(stage->relay).joined, 0);
    assert_int_equal(kith_relay_counts(stage->relay).bytes, 10);
}

static void tickets_are_good_once_and_for_whom_they_were_made(void **state)
{
    struct relay_stage *stage = *state;
    int stranger = relay_bring(stage, 1, 0);
    relay_is_hung_up(stage, stranger);
    close(stranger);
    int fds[2];
    relay_join(stage, 1, fds);
    for (int side = 0; side < 2; side++) {
        int second = relay_bring(stage, 1, side);
        relay_is_hung_up(stage, second);
        close(second);
    }
    assert_int_equal(stage->ended_count, 0);
    relay_close_both(fds);
    relay_until_ended(stage, 1);
}

static void side_that_does_not_come_ends_the_pair(void **state)
{
    struct relay_stage *stage = *state;
    relay_close(stage);
    stage->config.wait_ms = 30;
    relay_open(stage);
    relay_expect(stage, 1);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ETIMEDOUT);
    relay_expect(stage, 2);
    int fd = relay_bring(stage, 2, 0);
    relay_is_hung_up(stage, fd);
    relay_until_ended(stage, 2);
    assert_int_equal(stage->ended.pair, 2);
    assert_int_equal(stage->ended.error, KITH_ETIMEDOUT);
    close(fd);
    fd = relay_bring(stage, 2, 1); /* too late */
    relay_is_hung_up(stage, fd);
    close(fd);
}

static void side_that_goes_before_the_other_came_may_come_again(void **state)
{
    struct relay_stage *stage = *state;
    relay_expect(stage, 1);
    int gone = relay_bring(stage, 1, 0);
    relay_turn(stage);
    close(gone);
    relay_turn(stage);
    int fds[2] = {-1, relay_bring(stage, 1, 1)};
    relay_turn(stage);
    assert_int_equal(kith_relay_counts(stage->relay).joined, 0);
    fds[0] = relay_bring(stage, 1, 0);
    relay_hear_word(stage, fds[0]);
    relay_hear_word(stage, fds[1]);
    assert_int_equal(stage->ended_count, 0);
    relay_close_both(fds);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
}

static void side_that_goes_and_does_not_come_again_ends_the_pair_in_time(void **state)
{
    struct relay_stage *stage = *state;
    relay_close(stage);
    stage->config.wait_ms = 30;
    relay_open(stage);
    relay_turn(stage);
    size_t before = count_descriptors();
    relay_expect(stage, 1);
    close(relay_bring(stage, 1, 0));
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ETIMEDOUT);
    assert_int_equal(count_descriptors(), before);
}

static void ticket_shown_again_replaces_the_connection_that_waits(void **state)
{
    struct relay_stage *stage = *state;
    relay_expect(stage, 1);
    int first = relay_bring(stage, 1, 0);
    relay_turn(stage);
    int fds[2] = {relay_bring(stage, 1, 0)};
    relay_is_hung_up(stage, first);
    close(first);
    fds[1] = relay_bring(stage, 1, 1);
    relay_hear_word(stage, fds[0]);
    relay_hear_word(stage, fds[1]);
    char heard[5];
    assert_int_equal(send(fds[1], "bytes", 5, 0), 5);
    assert_int_equal(relay_hear_some(stage, fds[0], heard, 5), 5);
    relay_close_both(fds);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
}

static void pairs_are_limited_and_tickets_differ(void **state)
{
    struct relay_stage *stage = *state;
    for (uint64_t i = 0; i < RELAY_PAIRS_MAX; i++)
        relay_expect(stage, i);
    assert_int_equal(kith_relay_expect(stage->relay, 99, relay_ticket_of(99, 0),
                                       relay_ticket_of(99, 1)),
                     KITH_ELIMIT);
    int fds[2] = {relay_bring(stage, 3, 0), relay_bring(stage, 3, 1)};
    relay_close_both(fds);
    relay_until_ended(stage, 1);
    assert_int_equal(kith_relay_expect(stage->relay, 99, relay_ticket_of(99, 0),
                                       relay_ticket_of(99, 0)),
                     KITH_EINVALID);
    assert_int_equal(kith_relay_expect(stage->relay, 99, relay_ticket_of(99, 0),
                                       relay_ticket_of(4, 1)),
                     KITH_EINVALID);
    relay_expect(stage, 99);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_are_told_and_bytes_go_both_ways),
        TEST(tickets_are_good_once_and_for_whom_they_were_made),
        TEST(side_that_does_not_come_ends_the_pair),
        TEST(side_that_goes_before_the_other_came_may_come_again),
        TEST(side_that_goes_and_does_not_come_again_ends_the_pair_in_time),
        TEST(ticket_shown_again_replaces_the_connection_that_waits),
        TEST(pairs_are_limited_and_tickets_differ),
    };
    return cmocka_run_group_tests_name("net relay tickets", tests, NULL, NULL);
}
