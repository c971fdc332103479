/* SPDX-License-Identifier: MIT */
#include "relay_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_ended(void *ctx, uint64_t pair, uint64_t bytes_a, uint64_t bytes_b,
                     int error)
{
    struct relay_stage *stage = ctx;
    stage->ended_count++;
    stage->ended = (struct relay_ending){pair, bytes_a, bytes_b, error};
}

void relay_done(void *ctx)
{
    struct relay_stage *stage = ctx;
    stage->is_done = true;
    kith_relay_free(stage->relay);
}

void relay_open(struct relay_stage *stage)
{
    stage->is_done = false;
    assert_int_equal(kith_relay_new(&stage->loop, &stage->config, &stage->relay), 0);
}

void relay_close(struct relay_stage *stage)
{
    if (stage->is_done)
        return;
    kith_relay_shutdown(stage->relay, relay_done, stage);
    assert_false(stage->is_done);
    while (!stage->is_done)
        uv_run(&stage->loop, UV_RUN_ONCE);
}

int relay_setup(void **state)
{
    static struct relay_stage stage;
    stage = (struct relay_stage){
        .config = {.pairs_max = RELAY_PAIRS_MAX, .ended = on_ended, .ctx = &stage}};
    uv_loop_init(&stage.loop);
    relay_open(&stage);
    *state = &stage;
    return 0;
}

int relay_teardown(void **state)
{
    struct relay_stage *stage = *state;
    relay_close(stage);
    loop_close(&stage->loop);
    return 0;
}

/* ---- ends ---- */

void relay_turn(struct relay_stage *stage)
{
    turn_for(&stage->loop, NULL, NULL, 1);
}

void relay_until_ended(struct relay_stage *stage, size_t count)
{
    turn_until(&stage->loop, NULL, NULL, &stage->ended_count, count);
}

/* A TCP connection over loopback: the test's end, not blocking, and the relay's. */
void relay_connect_ends(int *out_own, int *out_other)
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

const uint8_t *relay_ticket_of(uint64_t pair, int side)
{
    static uint8_t tickets[2][KITH_TICKET_SIZE];
    memset(tickets[side], side, sizeof tickets[side]);
    memcpy(tickets[side], &pair, sizeof pair);
    return tickets[side];
}

void relay_expect(struct relay_stage *stage, uint64_t pair)
{
    assert_int_equal(kith_relay_expect(stage->relay, pair, relay_ticket_of(pair, 0),
                                       relay_ticket_of(pair, 1)),
                     0);
}

int relay_bring(struct relay_stage *stage, uint64_t pair, int side)
{
    int own, other;
    relay_connect_ends(&own, &other);
    kith_relay_take(stage->relay, relay_ticket_of(pair, side), other);
    return own;
}

/* -1: nothing is there; 0: the other has ended, or broken. */
ssize_t relay_hear(int fd, void *out, size_t size)
{
    ssize_t got = recv(fd, out, size, MSG_DONTWAIT);
    if (got >= 0)
        return got;
    return errno == EAGAIN ? -1 : 0;
}

size_t relay_hear_some(struct relay_stage *stage, int fd, void *out, size_t size)
{
    for (int i = 0; i < 4000; i++) {
        ssize_t got = relay_hear(fd, out, size);
        if (got >= 0)
            return (size_t)got;
        relay_turn(stage);
    }
    fail();
    return 0;
}

void relay_hear_word(struct relay_stage *stage, int fd)
{
    uint8_t word = 0;
    assert_int_equal(relay_hear_some(stage, fd, &word, 1), 1);
    assert_int_equal(word, KITH_TICKET_ACCEPTED);
}

void relay_join(struct relay_stage *stage, uint64_t pair, int fds[2])
{
    relay_expect(stage, pair);
    for (int i = 0; i < 2; i++)
        fds[i] = relay_bring(stage, pair, i);
    for (int i = 0; i < 2; i++)
        relay_hear_word(stage, fds[i]);
}

void relay_close_both(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

void relay_is_hung_up(struct relay_stage *stage, int fd)
{
    uint8_t byte;
    assert_int_equal(relay_hear_some(stage, fd, &byte, 1), 0);
}
