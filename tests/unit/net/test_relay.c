/* SPDX-License-Identifier: MIT */
#include "endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/relay.h"

#define PAIRS_MAX 8

struct ending {
    uint64_t pair, bytes_a, bytes_b;
    int error;
};

struct stage {
    uv_loop_t loop;
    struct kith_relay *relay;
    struct kith_relay_config config;
    size_t ended_count;
    struct ending ended; /* the last */
    bool is_done;
};

static void on_ended(void *ctx, uint64_t pair, uint64_t bytes_a, uint64_t bytes_b,
                     int error)
{
    struct stage *stage = ctx;
    stage->ended_count++;
    stage->ended = (struct ending){pair, bytes_a, bytes_b, error};
}

static void on_done(void *ctx)
{
    struct stage *stage = ctx;
    stage->is_done = true;
    kith_relay_free(stage->relay);
}

static void open_relay(struct stage *stage)
{
    stage->is_done = false;
    assert_int_equal(kith_relay_new(&stage->loop, &stage->config, &stage->relay), 0);
}

static void close_relay(struct stage *stage)
{
    if (stage->is_done)
        return;
    kith_relay_shutdown(stage->relay, on_done, stage);
    assert_false(stage->is_done);
    while (!stage->is_done)
        uv_run(&stage->loop, UV_RUN_ONCE);
}

static int setup(void **state)
{
    static struct stage stage;
    stage = (struct stage){
        .config = {.pairs_max = PAIRS_MAX, .ended = on_ended, .ctx = &stage}};
    uv_loop_init(&stage.loop);
    open_relay(&stage);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    close_relay(stage);
    loop_close(&stage->loop);
    return 0;
}

/* ---- ends ---- */

static void turn(struct stage *stage)
{
    turn_for(&stage->loop, NULL, NULL, 1);
}

static void until_ended(struct stage *stage, size_t count)
{
    turn_until(&stage->loop, NULL, NULL, &stage->ended_count, count);
}

/* A TCP connection over loopback: the test's end, not blocking, and the relay's. */
static void connect_ends(int *out_own, int *out_other)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&any, size), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&any, &size), 0);
    *out_own = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*out_own, (struct sockaddr *)&any, size), 0);
    *out_other = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    assert_true(*out_other >= 0);
    assert_int_equal(fcntl(*out_own, F_SETFL, O_NONBLOCK), 0);
    close(listening);
}

static const uint8_t *ticket_of(uint64_t pair, int side)
{
    static uint8_t tickets[2][KITH_TICKET_SIZE];
    memset(tickets[side], side, sizeof tickets[side]);
    memcpy(tickets[side], &pair, sizeof pair);
    return tickets[side];
}

static void expect(struct stage *stage, uint64_t pair)
{
    assert_int_equal(
        kith_relay_expect(stage->relay, pair, ticket_of(pair, 0), ticket_of(pair, 1)), 0);
}

static int bring(struct stage *stage, uint64_t pair, int side)
{
    int own, other;
    connect_ends(&own, &other);
    kith_relay_take(stage->relay, ticket_of(pair, side), other);
    return own;
}

/* -1: nothing is there; 0: the other has ended, or broken. */
static ssize_t hear(int fd, void *out, size_t size)
{
    ssize_t got = recv(fd, out, size, MSG_DONTWAIT);
    if (got >= 0)
        return got;
    return errno == EAGAIN ? -1 : 0;
}

static size_t hear_some(struct stage *stage, int fd, void *out, size_t size)
{
    for (int i = 0; i < 4000; i++) {
        ssize_t got = hear(fd, out, size);
        if (got >= 0)
            return (size_t)got;
        turn(stage);
    }
    fail();
    return 0;
}

static void hear_word(struct stage *stage, int fd)
{
    uint8_t word = 0;
    assert_int_equal(hear_some(stage, fd, &word, 1), 1);
    assert_int_equal(word, KITH_TICKET_ACCEPTED);
}

static void join(struct stage *stage, uint64_t pair, int fds[2])
{
    expect(stage, pair);
    for (int i = 0; i < 2; i++)
        fds[i] = bring(stage, pair, i);
    for (int i = 0; i < 2; i++)
        hear_word(stage, fds[i]);
}

static void close_both(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void is_hung_up(struct stage *stage, int fd)
{
    uint8_t byte;
    assert_int_equal(hear_some(stage, fd, &byte, 1), 0);
}

/* ---- meeting ---- */

static void both_are_told_and_bytes_go_both_ways(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    char heard[10];
    expect(stage, 5);
    fds[1] = bring(stage, 5, 1);
    turn(stage);
    assert_int_equal(hear(fds[1], heard, 1), -1); /* not before the other is there */
    assert_int_equal(kith_relay_counts(stage->relay).joined, 0);
    fds[0] = bring(stage, 5, 0);
    hear_word(stage, fds[0]);
    hear_word(stage, fds[1]);
    assert_int_equal(kith_relay_counts(stage->relay).joined, 1);
    assert_int_equal(send(fds[0], "to b", 4, 0), 4);
    assert_int_equal(hear_some(stage, fds[1], heard, sizeof heard), 4);
    assert_memory_equal(heard, "to b", 4);
    assert_int_equal(send(fds[1], "to you", 6, 0), 6);
    assert_int_equal(hear_some(stage, fds[0], heard, sizeof heard), 6);
    assert_memory_equal(heard, "to you", 6);
    close_both(fds);
    until_ended(stage, 1);
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
    struct stage *stage = *state;
    int stranger = bring(stage, 1, 0);
    is_hung_up(stage, stranger);
    close(stranger);
    int fds[2];
    join(stage, 1, fds);
    for (int side = 0; side < 2; side++) {
        int second = bring(stage, 1, side);
        is_hung_up(stage, second);
        close(second);
    }
    assert_int_equal(stage->ended_count, 0);
    close_both(fds);
    until_ended(stage, 1);
}

static void side_that_does_not_come_ends_the_pair(void **state)
{
    struct stage *stage = *state;
    close_relay(stage);
    stage->config.wait_ms = 30;
    open_relay(stage);
    expect(stage, 1);
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ETIMEDOUT);
    expect(stage, 2);
    int fd = bring(stage, 2, 0);
    is_hung_up(stage, fd);
    until_ended(stage, 2);
    assert_int_equal(stage->ended.pair, 2);
    assert_int_equal(stage->ended.error, KITH_ETIMEDOUT);
    close(fd);
    fd = bring(stage, 2, 1); /* too late */
    is_hung_up(stage, fd);
    close(fd);
}

static void side_that_goes_before_the_other_came_may_come_again(void **state)
{
    struct stage *stage = *state;
    expect(stage, 1);
    int gone = bring(stage, 1, 0);
    turn(stage);
    close(gone);
    turn(stage);
    int fds[2] = {-1, bring(stage, 1, 1)};
    turn(stage);
    assert_int_equal(kith_relay_counts(stage->relay).joined, 0);
    fds[0] = bring(stage, 1, 0);
    hear_word(stage, fds[0]);
    hear_word(stage, fds[1]);
    assert_int_equal(stage->ended_count, 0);
    close_both(fds);
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
}

static void side_that_goes_and_does_not_come_again_ends_the_pair_in_time(void **state)
{
    struct stage *stage = *state;
    close_relay(stage);
    stage->config.wait_ms = 30;
    open_relay(stage);
    turn(stage);
    size_t before = count_descriptors();
    expect(stage, 1);
    close(bring(stage, 1, 0));
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ETIMEDOUT);
    assert_int_equal(count_descriptors(), before);
}

static void ticket_shown_again_replaces_the_connection_that_waits(void **state)
{
    struct stage *stage = *state;
    expect(stage, 1);
    int first = bring(stage, 1, 0);
    turn(stage);
    int fds[2] = {bring(stage, 1, 0)};
    is_hung_up(stage, first);
    close(first);
    fds[1] = bring(stage, 1, 1);
    hear_word(stage, fds[0]);
    hear_word(stage, fds[1]);
    char heard[5];
    assert_int_equal(send(fds[1], "bytes", 5, 0), 5);
    assert_int_equal(hear_some(stage, fds[0], heard, 5), 5);
    close_both(fds);
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
}

static void pairs_are_limited_and_tickets_differ(void **state)
{
    struct stage *stage = *state;
    for (uint64_t i = 0; i < PAIRS_MAX; i++)
        expect(stage, i);
    assert_int_equal(
        kith_relay_expect(stage->relay, 99, ticket_of(99, 0), ticket_of(99, 1)),
        KITH_ELIMIT);
    int fds[2] = {bring(stage, 3, 0), bring(stage, 3, 1)};
    close_both(fds);
    until_ended(stage, 1);
    assert_int_equal(
        kith_relay_expect(stage->relay, 99, ticket_of(99, 0), ticket_of(99, 0)),
        KITH_EINVALID);
    assert_int_equal(
        kith_relay_expect(stage->relay, 99, ticket_of(99, 0), ticket_of(4, 1)),
        KITH_EINVALID);
    expect(stage, 99);
}

/* ---- ends of links ---- */

static void half_close_is_passed_on(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    char heard[10];
    join(stage, 1, fds);
    assert_int_equal(send(fds[0], "last", 4, 0), 4);
    shutdown(fds[0], SHUT_WR);
    assert_int_equal(hear_some(stage, fds[1], heard, 4), 4);
    assert_int_equal(hear_some(stage, fds[1], heard, 4), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(send(fds[1], "more", 4, 0), 4);
        assert_int_equal(hear_some(stage, fds[0], heard, sizeof heard), 4);
    }
    assert_int_equal(stage->ended_count, 0);
    close(fds[1]);
    is_hung_up(stage, fds[0]);
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
    close(fds[0]);
}

static void broken_side_ends_the_other(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    join(stage, 1, fds);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fds[1]);
    is_hung_up(stage, fds[0]);
    until_ended(stage, 1);
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
    struct stage *stage = *state;
    int own, other;
    expect(stage, 1);
    connect_ends(&own, &other);
    kith_relay_take(stage->relay, ticket_of(1, 0), other);
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
    struct stage *stage = *state;
    int fds[2];
    join(stage, 1, fds);
    expect(stage, 2);
    int half = bring(stage, 2, 0);
    expect(stage, 3);
    kith_relay_shutdown(stage->relay, on_done, stage);
    assert_int_equal(stage->ended_count, 0);
    assert_int_equal(kith_relay_expect(stage->relay, 4, ticket_of(4, 0), ticket_of(4, 1)),
                     KITH_ELIMIT);
    int late = bring(stage, 3, 0);
    while (!stage->is_done)
        uv_run(&stage->loop, UV_RUN_ONCE);
    assert_int_equal(stage->ended_count, 3);
    assert_int_equal(stage->ended.error, KITH_ECLOSED);
    const int all[] = {fds[0], fds[1], half, late};
    for (size_t i = 0; i < COUNT(all); i++) {
        is_hung_up(stage, all[i]);
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
    while ((got = hear(fd, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(block[i], pattern(*at + (size_t)i));
        *at += (size_t)got;
    }
    return *at > before;
}

static void slow_receiver_slows_the_sender_and_loses_nothing(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    join(stage, 1, fds);
    size_t poured = 0;
    size_t size = 64 * 1024 * 1024;
    for (int idle = 0; idle < 20; idle++) {
        if (pour(fds[0], &poured, size))
            idle = 0;
        turn(stage);
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
            turn(stage);
    }
    assert_int_equal(kith_relay_counts(stage->relay).waiting_size, 0);
    shutdown(fds[0], SHUT_WR);
    is_hung_up(stage, fds[1]);
    close_both(fds);
    until_ended(stage, 1);
    assert_int_equal(stage->ended.bytes_a, rest);
    assert_int_equal(stage->ended.error, 0);
}

static void end_waits_for_what_a_slow_receiver_has_not_taken(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    join(stage, 1, fds);
    size_t poured = 0;
    for (int idle = 0; idle < 20; idle++) {
        if (pour(fds[0], &poured, SIZE_MAX))
            idle = 0;
        turn(stage);
    }
    shutdown(fds[0], SHUT_WR);
    turn(stage);
    size_t drained = 0;
    while (drained < poured)
        if (!drain(fds[1], &drained))
            turn(stage);
    is_hung_up(stage, fds[1]);
    close_both(fds);
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, 0);
}

static void receiver_that_dies_frees_what_waits(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    join(stage, 1, fds);
    size_t poured = 0;
    for (int idle = 0; idle < 20; idle++) {
        if (pour(fds[0], &poured, SIZE_MAX))
            idle = 0;
        turn(stage);
    }
    assert_true(kith_relay_counts(stage->relay).waiting_size > 0);
    close(fds[1]); /* with bytes unread: a reset */
    until_ended(stage, 1);
    assert_int_equal(stage->ended.error, KITH_ECLOSED);
    assert_int_equal(kith_relay_counts(stage->relay).waiting_size, 0);
    is_hung_up(stage, fds[0]);
    close(fds[0]);
}

static void pairs_have_equal_shares(void **state)
{
    struct stage *stage = *state;
    close_relay(stage);
    stage->config.share_size = 4096;
    open_relay(stage);
    int fds[PAIRS_MAX][2];
    size_t poured[PAIRS_MAX] = {0};
    size_t drained[PAIRS_MAX] = {0};
    for (size_t i = 0; i < PAIRS_MAX; i++)
        join(stage, i, fds[i]);
    for (size_t i = 0; i < PAIRS_MAX; i++) /* the first before the others */
        pour(fds[i][0], &poured[i], 400000);
    for (int round = 0; round < 20; round++) {
        uv_run(&stage->loop, UV_RUN_NOWAIT);
        for (size_t i = 0; i < PAIRS_MAX; i++)
            drain(fds[i][1], &drained[i]);
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        assert_true(poured[i] > 20 * 4096);
        assert_in_range(drained[i], 4096 * 15, 4096 * 20);
        close_both(fds[i]);
    }
    until_ended(stage, PAIRS_MAX);
}

static void bandwidth_of_a_pair_is_limited_and_of_another_not_touched(void **state)
{
    struct stage *stage = *state;
    close_relay(stage);
    stage->config.bytes_per_s = 1000000;
    open_relay(stage);
    int fds[2], quiet[2];
    join(stage, 1, fds);
    join(stage, 2, quiet);
    size_t poured = 0, drained = 0, chatted = 0;
    uv_update_time(&stage->loop);
    uint64_t begin_ms = uv_now(&stage->loop);
    while (drained < 550000) {
        pour(fds[0], &poured, 550000);
        if (!drain(fds[1], &drained))
            turn(stage);
        if (chatted < 100000 && drained > 250000) { /* the first is at its limit */
            pour(quiet[1], &chatted, 100000);
            size_t heard = 0;
            while (heard < 100000)
                if (!drain(quiet[0], &heard))
                    turn(stage);
            assert_true(drained < 550000);
        }
    }
    uint64_t took_ms = uv_now(&stage->loop) - begin_ms;
    assert_in_range(took_ms, 280, 5000); /* 250,000 at once, the rest in 300 ms */
    close_both(fds);
    close_both(quiet);
    until_ended(stage, 2);
}

static void thousands_of_pairs_leave_nothing_behind(void **state)
{
    struct stage *stage = *state;
    turn(stage);
    size_t before = count_descriptors();
    for (uint64_t i = 0; i < 3000; i++) {
        int fds[2];
        join(stage, i, fds);
        assert_int_equal(send(fds[i % 2], "bytes", 5, 0), 5);
        if (i % 3 == 0) {
            char heard[5];
            assert_int_equal(hear_some(stage, fds[(i + 1) % 2], heard, 5), 5);
        }
        close_both(fds);
        until_ended(stage, i + 1);
    }
    assert_int_equal(count_descriptors(), before);
    struct kith_relay_counts counts = kith_relay_counts(stage->relay);
    assert_int_equal(counts.pairs + counts.joined + counts.waiting_size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
