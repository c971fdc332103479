/* SPDX-License-Identifier: MIT */
/* Bytes between two connections that are joined, and the end of that. */
#include "relay_fixture.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- ends of links ---- */

static void half_close_is_passed_on(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    char heard[10];
    relay_join(stage, 1, fds);
    assert_int_equal(send(fds[0], "last", 4, 0), 4);
    shutdown(fds[0], SHUT_WR);
    assert_int_equal(relay_hear_some(stage, fds[1], heard, 4), 4);
    assert_int_equal(relay_hear_some(stage, fds[1], heard, 4), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(fds[1], "more", 4, 0), 4);
        assert_int_equal(relay_hear_some(stage, fds[0], heard, sizeof heard), 4);
    }
    assert_int_equal(stage->ended_count, 0);
    close(fds[1]);
    relay_is_hung_up(stage, fds[0]);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
    close(fds[0]);
}

static void broken_side_ends_the_other(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    relay_join(stage, 1, fds);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[1]);
    relay_is_hung_up(stage, fds[0]);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ECLOSED);
    close(fds[0]);
}

static int option_of(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

/* That it works is the kernel's; it takes 45 s. */
static void dead_sides_are_watched_for(void **state)
{
    struct relay_stage *stage = *state;
    int own, other;
    relay_expect(stage, 1);
    relay_connect_ends(&own, &other);
    kith_relay_take(stage->relay, relay_ticket_of(1, 0), other);
    assert_int_equal(option_of(other, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(other, IPPROTO_TCP, TCP_USER_TIMEOUT),
                     KITH_RELAY_PATIENCE_MS);
    int found_s = option_of(other, IPPROTO_TCP, TCP_KEEPIDLE) +
                  option_of(other, IPPROTO_TCP, TCP_KEEPINTVL) *
                      option_of(other, IPPROTO_TCP, TCP_KEEPCNT);
    assert_int_equal(found_s * 1000, KITH_RELAY_PATIENCE_MS);
    close(own);
}

static void stop_ends_all_pairs(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    relay_join(stage, 1, fds);
    relay_expect(stage, 2);
    int half = relay_bring(stage, 2, 0);
    relay_expect(stage, 3);
    kith_relay_shutdown(stage->relay, relay_done, stage);
    assert_int_equal(stage->ended_count, 0);
    assert_int_equal(
        kith_relay_expect(stage->relay, 4, relay_ticket_of(4, 0), relay_ticket_of(4, 1)),
        KITH_ELIMIT);
    int late = relay_bring(stage, 3, 0);
    while (!stage->is_done)
        uv_run(&stage->loop, UV_RUN_ONCE);
    assert_int_equal(stage->ended_count, 3);
    assert_int_equal(stage->ended.error, KITH_ECLOSED);
    const int all[] = {fds[0], fds[1], half, late};
    for (size_t i = 0; i < COUNT(all); i++) {
        relay_is_hung_up(stage, all[i]);
        close(all[i]);
    }
}

/* ---- slow and fast ---- */

static uint8_t pattern(size_t index)
{
    return (uint8_t)(index * 7 + (index >> 9));
}

/* Send while the kernel takes it, from `*at` on, up to `size` in all. */
static bool pour(int fd, size_t *at, size_t size)
{
    uint8_t block[10000];
    size_t before = *at;
    while (*at < size) {
        size_t count = size - *at < sizeof block ? size - *at : sizeof block;
        for (size_t i = 0; i < count; i++)
            block[i] = pattern(*at + i);
        ssize_t sent = send(fd, block, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0)
            break;
        *at += (size_t)sent;
    }
    return *at > before;
}

static bool drain(int fd, size_t *at)
{
    uint8_t block[10000];
    size_t before = *at;
    ssize_t got;
    while ((got = relay_hear(fd, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(block[i], pattern(*at + (size_t)i));
        *at += (size_t)got;
    }
    return *at > before;
}

static void slow_receiver_slows_the_sender_and_loses_nothing(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    relay_join(stage, 1, fds);
    size_t poured = 0;
    size_t size = 64 * 1024 * 1024;
    for (int idle = 0; idle < 20; idle++) {
        if (pour(fds[0], &poured, size))
            idle = 0;
        relay_turn(stage);
    }
    assert_true(poured < size); /* as much as kernels buffer, and no more */
    struct kith_relay_counts counts = kith_relay_counts(stage->relay);
    assert_true(counts.waiting_size > 0);
    assert_true(counts.waiting_size <= KITH_RELAY_SHARE_SIZE_MAX);
    size_t drained = 0;
    size_t rest = poured + 1000000;
    while (drained < rest) {
        pour(fds[0], &poured, rest);
        if (!drain(fds[1], &drained))
            relay_turn(stage);
    }
    assert_int_equal(kith_relay_counts(stage->relay).waiting_size, 0);
    shutdown(fds[0], SHUT_WR);
    relay_is_hung_up(stage, fds[1]);
    relay_close_both(fds);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.bytes_a, rest);
    assert_int_equal(stage->ended.error, 0);
}

static void end_waits_for_what_a_slow_receiver_has_not_taken(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    relay_join(stage, 1, fds);
    size_t poured = 0;
    for (int idle = 0; idle < 20; idle++) {
        if (pour(fds[0], &poured, SIZE_MAX))
            idle = 0;
        relay_turn(stage);
    }
    shutdown(fds[0], SHUT_WR);
    relay_turn(stage);
    size_t drained = 0;
    while (drained < poured)
        if (!drain(fds[1], &drained))
            relay_turn(stage);
    relay_is_hung_up(stage, fds[1]);
    relay_close_both(fds);
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
}

static void receiver_that_dies_frees_what_waits(void **state)
{
    struct relay_stage *stage = *state;
    int fds[2];
    relay_join(stage, 1, fds);
    size_t poured = 0;
    for (int idle = 0; idle < 20; idle++) {
        if (pour(fds[0], &poured, SIZE_MAX))
            idle = 0;
        relay_turn(stage);
    }
    assert_true(kith_relay_counts(stage->relay).waiting_size > 0);
    close(fds[1]); /* with bytes unread: a reset */
    relay_until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ECLOSED);
    assert_int_equal(kith_relay_counts(stage->relay).waiting_size, 0);
    relay_is_hung_up(stage, fds[0]);
    close(fds[0]);
}

static void pairs_have_equal_shares(void **state)
{
    struct relay_stage *stage = *state;
    relay_close(stage);
    stage->config.share_size = 4096;
    relay_open(stage);
    int fds[RELAY_PAIRS_MAX][2];
    size_t poured[RELAY_PAIRS_MAX] = {0};
    size_t drained[RELAY_PAIRS_MAX] = {0};
    for (size_t i = 0; i < RELAY_PAIRS_MAX; i++)
        relay_join(stage, i, fds[i]);
    for (size_t i = 0; i < RELAY_PAIRS_MAX; i++) /* the first before the others */
        pour(fds[i][0], &poured[i], 400000);
    for (int round = 0; round < 20; round++) {
        uv_run(&stage->loop, UV_RUN_NOWAIT);
        for (size_t i = 0; i < RELAY_PAIRS_MAX; i++)
            drain(fds[i][1], &drained[i]);
    }
    for (size_t i = 0; i < RELAY_PAIRS_MAX; i++) {
        assert_true(poured[i] > 20 * 4096);
        assert_in_range(drained[i], 4096 * 15, 4096 * 20);
        relay_close_both(fds[i]);
    }
    relay_until_ended(stage, RELAY_PAIRS_MAX);
}

static void bandwidth_of_a_pair_is_limited_and_of_another_not_touched(void **state)
{
    struct relay_stage *stage = *state;
    relay_close(stage);
    stage->config.bytes_per_s = 1000000;
    relay_open(stage);
    int fds[2], quiet[2];
    relay_join(stage, 1, fds);
    relay_join(stage, 2, quiet);
    size_t poured = 0, drained = 0, chatted = 0;
    uv_update_time(&stage->loop);
    uint64_t begin_ms = uv_now(&stage->loop);
    while (drained < 550000) {
        pour(fds[0], &poured, 550000);
        if (!drain(fds[1], &drained))
            relay_turn(stage);
        if (chatted < 100000 && drained > 250000) { /* the first is at its limit */
            pour(quiet[1], &chatted, 100000);
            size_t heard = 0;
            while (heard < 100000)
                if (!drain(quiet[0], &heard))
                    relay_turn(stage);
            assert_true(drained < 550000);
        }
    }
    uint64_t took_ms = uv_now(&stage->loop) - begin_ms;
    assert_in_range(took_ms, 280, 5000); /* 250,000 at once, the rest in 300 ms */
    relay_close_both(fds);
    relay_close_both(quiet);
    relay_until_ended(stage, 2);
}

static void thousands_of_pairs_leave_nothing_behind(void **state)
{
    struct relay_stage *stage = *state;
    relay_turn(stage);
    size_t before = count_descriptors();
    for (uint64_t i = 0; i < 3000; i++) {
        int fds[2];
        relay_join(stage, i, fds);
        assert_int_equal(send(fds[i % 2], "bytes", 5, 0), 5);
        if (i % 3 == 0) {
            char heard[5];
            assert_int_equal(relay_hear_some(stage, fds[(i + 1) % 2], heard, 5), 5);
        }
        relay_close_both(fds);
        relay_until_ended(stage, i + 1);
    }
    assert_int_equal(count_descriptors(), before);
    struct kith_relay_counts counts = kith_relay_counts(stage->relay);
    assert_int_equal(counts.pairs + counts.joined + counts.waiting_size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_close_is_passed_on),
        TEST(broken_side_ends_the_other),
        TEST(dead_sides_are_watched_for),
        TEST(stop_ends_all_pairs),
        TEST(slow_receiver_slows_the_sender_and_loses_nothing),
        TEST(end_waits_for_what_a_slow_receiver_has_not_taken),
        TEST(receiver_that_dies_frees_what_waits),
        TEST(pairs_have_equal_shares),
        TEST(bandwidth_of_a_pair_is_limited_and_of_another_not_touched),
        TEST(thousands_of_pairs_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("net relay", tests, NULL, NULL);
}
