/* SPDX-License-Identifier: MIT */
/* What happens before TLS: tickets shown to relays, and tickets shown to us. */
#include "endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/relay.h"

#define PREAMBLE "kithrly1"
#define TICKET   "a ticket holds 32 bytes exactly."

struct stage {
    uv_loop_t loop;
    struct endpoint *alice; /* dials the relay */
    struct endpoint *bob;   /* takes tickets */
    int listening;          /* a relay played by the test */
    struct kith_address relay;
};

static void (*adjust_alice)(struct kith_net_config *config);
static void (*adjust_bob)(struct kith_net_config *config);

static void take_tickets(struct kith_net_config *config)
{
    config->handler.ticket = endpoint_take_ticket;
}

static void takes_none(struct kith_net_config *config)
{
    config->handler.ticket = NULL;
}

static void impatient(struct kith_net_config *config)
{
    config->handshake_ms = 50;
}

static void take_tickets_impatiently(struct kith_net_config *config)
{
    take_tickets(config);
    impatient(config);
}

static void take_tickets_without_room(struct kith_net_config *config)
{
    take_tickets(config);
    config->links_max = 0;
}

static void open_relay(struct stage *stage)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    stage->listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(stage->listening, (struct sockaddr *)&any, size), 0);
    assert_int_equal(listen(stage->listening, 4), 0);
    assert_int_equal(getsockname(stage->listening, (struct sockaddr *)&any, &size), 0);
    stage->relay =
        (struct kith_address){.host = "127.0.0.1", .port = ntohs(any.sin_port)};
}

static int setup(void **state)
{
    static struct stage stage;
    stage = (struct stage){0};
    uv_loop_init(&stage.loop);
    stage.alice = endpoint_new(&stage.loop, seed_alice, &id_alice, adjust_alice);
    stage.bob = endpoint_new(&stage.loop, seed_bob, &id_bob,
                             adjust_bob ? adjust_bob : take_tickets);
    endpoint_listen(stage.bob, "127.0.0.1");
    open_relay(&stage);
    *state = &stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    endpoint_free(&stage->loop, stage->alice);
    endpoint_free(&stage->loop, stage->bob);
    loop_close(&stage->loop);
    close(stage->listening);
    adjust_alice = adjust_bob = NULL;
    return 0;
}

static int setup_impatient_dialler(void **state)
{
    adjust_alice = impatient;
    return setup(state);
}

static int setup_impatient_taker(void **state)
{
    adjust_bob = take_tickets_impatiently;
    return setup(state);
}

static int setup_full_taker(void **state)
{
    adjust_bob = take_tickets_without_room;
    return setup(state);
}

static int setup_no_taker(void **state)
{
    adjust_bob = takes_none;
    return setup(state);
}

static void until(struct stage *stage, const size_t *value, size_t wanted)
{
    turn_until(&stage->loop, stage->alice, stage->bob, value, wanted);
}

static void turn_some(struct stage *stage, uint64_t ms)
{
    turn_for(&stage->loop, stage->alice, stage->bob, ms);
}

/* ---- showing a ticket ---- */

static void dial_relay(struct stage *stage, struct endpoint *who, bool is_listener,
                       const struct kith_id *expected)
{
    const struct kith_net_target target = {
        .addresses = &stage->relay,
        .count = 1,
        .expected = expected,
        .ticket = (const uint8_t *)TICKET,
        .is_listener = is_listener,
    };
    assert_int_equal(kith_net_dial(who->net, 7, &target), 0);
}

static int accept_one(struct stage *stage)
{
    for (int i = 0; i < 4000; i++) {
        int fd = accept4(stage->listening, NULL, NULL, SOCK_NONBLOCK);
        if (fd >= 0)
            return fd;
        turn_some(stage, 1);
    }
    fail();
    return -1;
}

/* At least one byte. */
static size_t receive(struct stage *stage, int fd, uint8_t *out, size_t size_max)
{
    for (int i = 0; i < 4000; i++) {
        ssize_t size = recv(fd, out, size_max, MSG_DONTWAIT);
        if (size > 0)
            return (size_t)size;
        turn_some(stage, 1);
    }
    fail();
    return 0;
}

static void expect_preamble(struct stage *stage, int fd)
{
    uint8_t heard[100];
    assert_int_equal(receive(stage, fd, heard, sizeof heard), 40);
    assert_memory_equal(heard, PREAMBLE TICKET, 40);
}

static void dialler_shows_its_ticket_and_waits_for_the_word(void **state)
{
    struct stage *stage = *state;
    dial_relay(stage, stage->alice, false, &id_bob);
    int fd = accept_one(stage);
    expect_preamble(stage, fd);
    turn_some(stage, 20);
    uint8_t heard[4000];
    assert_int_equal(recv(fd, heard, sizeof heard, MSG_DONTWAIT), -1);
    assert_int_equal(send(fd, "\1", 1, 0), 1);
    assert_true(receive(stage, fd, heard, sizeof heard) > 40);
    assert_int_equal(heard[0], 0x16); /* a TLS handshake */
    close(fd);
    until(stage, &stage->alice->dial_failed_count, 1);
    assert_int_equal(stage->alice->dial_error, KITH_ECLOSED);
}

/* Then it is tried in TLS, which this one hangs up on too. */
static void refuse_tls(struct stage *stage)
{
    uint8_t heard[4000];
    int fd = accept_one(stage);
    assert_true(receive(stage, fd, heard, sizeof heard) > 40);
    assert_int_equal(heard[0], 0x16);
    close(fd);
}

static void relay_that_hangs_up_or_says_else_fails_the_dial(void **state)
{
    struct stage *stage = *state;
    dial_relay(stage, stage->alice, false, NULL);
    int fd = accept_one(stage);
    close(fd);
    refuse_tls(stage);
    until(stage, &stage->alice->dial_failed_count, 1);
    assert_int_equal(stage->alice->dial_error, KITH_ECLOSED);

    dial_relay(stage, stage->alice, false, NULL);
    fd = accept_one(stage);
    assert_int_equal(send(fd, "\2", 1, 0), 1);
    refuse_tls(stage);
    until(stage, &stage->alice->dial_failed_count, 2);
    assert_int_equal(stage->alice->dial_error, KITH_EHANDSHAKE);
    close(fd);
}

static void silent_relay_times_out(void **state)
{
    struct stage *stage = *state;
    dial_relay(stage, stage->alice, true, NULL);
    int fd = accept_one(stage);
    until(stage, &stage->alice->dial_failed_count, 1);
    assert_int_equal(stage->alice->dial_error, KITH_ETIMEDOUT);
    close(fd);
}

static void stop_ends_a_dial_that_waits_for_the_word(void **state)
{
    struct stage *stage = *state;
    dial_relay(stage, stage->alice, false, NULL);
    int fd = accept_one(stage);
    expect_preamble(stage, fd);
    endpoint_stop(&stage->loop, stage->alice);
    assert_int_equal(stage->alice->dial_failed_count, 1);
    assert_int_equal(stage->alice->dial_error, KITH_ECLOSED);
    close(fd);
}

static bool pass(int from, int to)
{
    uint8_t block[65536];
    ssize_t size = recv(from, block, sizeof block, MSG_DONTWAIT);
    if (size == 0)
        shutdown(to, SHUT_WR);
    if (size > 0)
        assert_int_equal(send(to, block, (size_t)size, MSG_NOSIGNAL), size);
    return size > 0;
}

/* Alice begins, Bob waits, the test passes on until `value` is at least `wanted`. */
static void join_by_hand(struct stage *stage, int fds[2], const size_t *value,
                         size_t wanted)
{
    for (int i = 0; i < 4000 && *value < wanted; i++) {
        bool has_passed = pass(fds[0], fds[1]);
        has_passed |= pass(fds[1], fds[0]);
        if (!has_passed)
            turn_some(stage, 1);
        else
            turn_some(stage, 0);
    }
    assert_true(*value >= wanted);
}

static void dial_both(struct stage *stage, int fds[2], const struct kith_id *expected)
{
    dial_relay(stage, stage->alice, false, &id_bob);
    fds[0] = accept_one(stage);
    expect_preamble(stage, fds[0]);
    dial_relay(stage, stage->bob, true, expected);
    fds[1] = accept_one(stage);
    expect_preamble(stage, fds[1]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(send(fds[i], "\1", 1, 0), 1);
}

static void two_dials_joined_are_a_relayed_link(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    dial_both(stage, fds, &id_alice);
    join_by_hand(stage, fds, &stage->bob->up_count, 1);
    const struct kith_net_up *a = &stage->alice->up;
    const struct kith_net_up *b = &stage->bob->up;
    assert_true(kith_id_equal(&a->peer, &id_bob) && kith_id_equal(&b->peer, &id_alice));
    assert_true(a->is_dialler && !b->is_dialler);
    assert_true(a->dial == 7 && b->dial == 7);
    assert_true(a->is_relayed && b->is_relayed && !a->is_lan && !b->is_lan);
    assert_int_equal(a->remote.port, stage->relay.port);
    assert_memory_equal(a->exporter_net, b->exporter_net, 32);
    send_frame(stage->bob, b->link, 5000);
    join_by_hand(stage, fds, &stage->alice->frame_count, 1);
    assert_true(is_pattern(stage->alice->frame, 5000));
    kith_net_close(stage->alice->net, a->link, KITH_EDISCONNECTED);
    join_by_hand(stage, fds, &stage->bob->down_count, 1);
    join_by_hand(stage, fds, &stage->alice->down_count, 1);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

static void who_waits_for_tls_insists_on_the_id_too(void **state)
{
    struct stage *stage = *state;
    int fds[2];
    dial_both(stage, fds, &id_bob);
    join_by_hand(stage, fds, &stage->bob->dial_failed_count, 1);
    assert_int_equal(stage->bob->dial_error, KITH_EIDENTITY);
    assert_int_equal(stage->bob->up_count, 0);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

/* ---- through a real one ---- */

struct through {
    struct kith_relay *relay;
    size_t ended_count;
    uint64_t bytes[2];
    size_t is_done;
};

static struct through through;

static void on_ended(void *ctx, uint64_t pair, uint64_t bytes_a, uint64_t bytes_b,
                     int error)
{
    through.ended_count++;
    through.bytes[0] = bytes_a;
    through.bytes[1] = bytes_b;
}

static void on_done(void *ctx)
{
    through.is_done = true;
    kith_relay_free(through.relay);
}

static void relay_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    kith_relay_take(through.relay, ticket, take_fd);
}

static void relays(struct kith_net_config *config)
{
    config->handler.ticket = relay_ticket;
}

static void dial_through(struct endpoint *who, const struct endpoint *tracker,
                         const char *ticket, bool is_listener,
                         const struct kith_id *expected)
{
    const struct kith_net_target target = {
        .addresses = &tracker->at,
        .count = 1,
        .expected = expected,
        .ticket = (const uint8_t *)ticket,
        .is_listener = is_listener,
    };
    assert_int_equal(kith_net_dial(who->net, 3, &target), 0);
}

static void relay_carries_a_link_between_two_nets(void **state)
{
    static const char other_ticket[] = "another one, for the other side.";
    struct stage *stage = *state;
    struct endpoint *alice = stage->alice;
    struct endpoint *bob = stage->bob;
    const struct kith_relay_config config = {.pairs_max = 1, .ended = on_ended};
    through = (struct through){0};
    assert_int_equal(kith_relay_new(&stage->loop, &config, &through.relay), 0);
    struct endpoint *tracker = endpoint_new(&stage->loop, seed_bob, &id_bob, relays);
    endpoint_listen(tracker, "127.0.0.1");
    assert_int_equal(kith_relay_expect(through.relay, 1, (const uint8_t *)TICKET,
                                       (const uint8_t *)other_ticket),
                     0);
    dial_through(bob, tracker, other_ticket, true, &id_alice);
    dial_through(alice, tracker, TICKET, false, &id_bob);
    until(stage, &bob->up_count, 1);
    assert_true(alice->up.is_relayed && bob->up.is_relayed);
    assert_true(alice->up.is_dialler && !bob->up.is_dialler);
    assert_int_equal(bob->up.remote.port, tracker->at.port);
    bob->has_echo = true;
    for (int i = 0; i < 20; i++)
        send_frame(alice, alice->up.link, 1000000);
    until(stage, &alice->frame_count, 20);
    assert_true(is_pattern(alice->frame, 1000000));
    kith_net_close(alice->net, alice->up.link, KITH_EDISCONNECTED);
    until(stage, &bob->down_count, 1);
    until(stage, &alice->down_count, 1);
    until(stage, &through.ended_count, 1);
    assert_true(through.bytes[0] > 20000000 && through.bytes[1] > 20000000);
    assert_int_equal(tracker->up_count + tracker->stranger_count, 0);
    endpoint_free(&stage->loop, tracker);
    kith_relay_shutdown(through.relay, on_done, NULL);
    until(stage, &through.is_done, 1);
}

/* ---- being shown one ---- */

static void wait_for_handshakes(struct stage *stage, size_t wanted)
{
    for (int i = 0; i < 4000; i++) {
        if (kith_net_counts(stage->bob->net).handshakes == wanted)
            return;
        turn_some(stage, 1);
    }
    fail();
}

static void hang_up_on(struct stage *stage, const char *said, size_t size)
{
    size_t count = stage->bob->stranger_count;
    int fd = plain_connect(&stage->bob->at);
    assert_int_equal(send(fd, said, size, 0), size);
    until(stage, &stage->bob->stranger_count, count + 1);
    close(fd);
}

static void ticket_is_given_away_with_its_connection(void **state)
{
    struct stage *stage = *state;
    static const char said[] = PREAMBLE TICKET;
    hang_up_on(stage, "no TLS",
               6); /* libuv keeps a descriptor from its first stream on */
    size_t before = count_descriptors();
    int fd = plain_connect(&stage->bob->at);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(stage->bob->ticket_count, 0);
        assert_int_equal(send(fd, said + i, 1, 0), 1);
        if (i % 13 == 0)
            turn_some(stage, 2);
    }
    assert_int_equal(send(fd, "behind", 6, 0), 6);
    until(stage, &stage->bob->ticket_count, 1);
    assert_memory_equal(stage->bob->ticket, TICKET, 32);
    wait_for_handshakes(stage, 0);
    turn_some(stage, 5);
    assert_int_equal(count_descriptors(), before + 2); /* both ends, here */
    char heard[10];
    assert_int_equal(recv(stage->bob->ticket_fd, heard, sizeof heard, 0), 6);
    assert_memory_equal(heard, "behind", 6);
    assert_int_equal(send(stage->bob->ticket_fd, "\1", 1, 0), 1);
    assert_int_equal(recv(fd, heard, sizeof heard, 0), 1);
    assert_int_equal(stage->bob->stranger_count, 1);
    assert_int_equal(stage->bob->up_count, 0);
    close(stage->bob->ticket_fd);
    close(fd);
}

static void links_come_up_where_tickets_are_taken(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(endpoint_dial(stage->alice, 3, &stage->bob->at, &id_bob), 0);
    until(stage, &stage->bob->up_count, 1);
    assert_false(stage->bob->up.is_relayed);
    assert_true(stage->bob->up.is_lan);
    send_frame(stage->alice, stage->alice->up.link, 100000);
    until(stage, &stage->bob->frame_count, 1);
    assert_true(is_pattern(stage->bob->frame, 100000));
}

static void what_is_almost_a_ticket_is_a_stranger(void **state)
{
    struct stage *stage = *state;
    hang_up_on(stage, "kithrly2" TICKET, 40);
    assert_int_equal(stage->bob->stranger_error, KITH_EHANDSHAKE);
    hang_up_on(stage, "kith says hello to whom it may concern", 38);
    assert_int_equal(stage->bob->stranger_error, KITH_EHANDSHAKE);
    assert_int_equal(stage->bob->ticket_count, 0);
}

static void half_a_ticket_is_hung_up_on(void **state)
{
    struct stage *stage = *state;
    hang_up_on(stage, PREAMBLE TICKET, 39);
    assert_int_equal(stage->bob->stranger_error, KITH_ETIMEDOUT);
    assert_int_equal(stage->bob->ticket_count, 0);
}

static void ticket_where_none_are_taken_is_a_stranger(void **state)
{
    struct stage *stage = *state;
    hang_up_on(stage, PREAMBLE TICKET, 40);
    assert_int_equal(stage->bob->stranger_error, KITH_EHANDSHAKE);
}

static void full_net_takes_tickets_and_no_links(void **state)
{
    struct stage *stage = *state;
    int fd = plain_connect(&stage->bob->at);
    assert_int_equal(send(fd, PREAMBLE TICKET, 40, 0), 40);
    until(stage, &stage->bob->ticket_count, 1);
    close(stage->bob->ticket_fd);
    close(fd);
    assert_int_equal(endpoint_dial(stage->alice, 3, &stage->bob->at, NULL), 0);
    until(stage, &stage->bob->stranger_count, 1);
    assert_int_equal(stage->bob->stranger_error, KITH_ELIMIT);
    until(stage, &stage->alice->dial_failed_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_ON(name, begin)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_##begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dialler_shows_its_ticket_and_waits_for_the_word),
        TEST(relay_that_hangs_up_or_says_else_fails_the_dial),
        TEST_ON(silent_relay_times_out, impatient_dialler),
        TEST(stop_ends_a_dial_that_waits_for_the_word),
        TEST(two_dials_joined_are_a_relayed_link),
        TEST(who_waits_for_tls_insists_on_the_id_too),
        TEST(relay_carries_a_link_between_two_nets),
        TEST(ticket_is_given_away_with_its_connection),
        TEST(links_come_up_where_tickets_are_taken),
        TEST(what_is_almost_a_ticket_is_a_stranger),
        TEST_ON(half_a_ticket_is_hung_up_on, impatient_taker),
        TEST_ON(ticket_where_none_are_taken_is_a_stranger, no_taker),
        TEST_ON(full_net_takes_tickets_and_no_links, full_taker),
    };
    return cmocka_run_group_tests_name("net conn_begin", tests, NULL, NULL);
}
