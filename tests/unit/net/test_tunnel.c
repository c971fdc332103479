/* SPDX-License-Identifier: MIT */
/* Relayed through TLS to the relay, past a box that lets nothing else through. */
#include "endpoint.h"
#include "middlebox.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/ticket.h"
#include "net/relay.h"

/* RFC 8032 section 7.1, test 3. */
static const uint8_t seed_carol[32] = {0xc5, 0xaa, 0x8d, 0xf4, 0x3f, 0x9f, 0x83, 0x7b,
                                       0xed, 0xb7, 0x44, 0x2f, 0x31, 0xdc, 0xb7, 0xb1,
                                       0x66, 0xd3, 0x85, 0x35, 0x07, 0x6f, 0x09, 0x4b,
                                       0x85, 0xce, 0x3a, 0x2e, 0x0b, 0x44, 0x58, 0xf7};
static const struct kith_id id_carol = {{0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3,
                                         0x8d, 0xa4, 0x7e, 0xd0, 0x02, 0x30, 0xf0, 0x58,
                                         0x08, 0x16, 0xed, 0x13, 0xba, 0x33, 0x03, 0xac,
                                         0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25}};

static const uint8_t tickets[2][KITH_TICKET_SIZE] = {"Alice's, which admits her once.",
                                                     "Bob's, which admits him as well"};

/* Alice and Bob dial Carol, who relays; each through a box of their own. */
struct stage {
    uv_loop_t loop;
    struct endpoint *ends[2];
    struct endpoint *carol;
    struct kith_relay *relay;
    struct middlebox *boxes[2];
    struct kith_address at[2]; /* of the boxes */
    uint64_t pair;
    size_t ended_count;
    int ended_error;
    size_t is_done;
};

static struct stage *stage;

static void on_ended(void *ctx, uint64_t pair, uint64_t bytes_a, uint64_t bytes_b,
                     int error)
{
    stage->ended_count++;
    stage->ended_error = error;
}

static void on_done(void *ctx)
{
    stage->is_done = 1;
    kith_relay_free(stage->relay);
}

static void on_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    struct endpoint *carol = ctx;
    carol->ticket_count++;
    kith_relay_take(stage->relay, ticket, take_fd);
}

static void relays(struct kith_net_config *config)
{
    config->handler.ticket = on_ticket;
}

static void lingers(struct kith_net_config *config)
{
    config->linger_ms = 5000; /* on any machine */
}

static void relays_hastily(struct kith_net_config *config)
{
    relays(config);
    config->tunnel_half_ms = 300;
}

static int setup_all(void (*adjust_ends)(struct kith_net_config *config),
                     void (*adjust_carol)(struct kith_net_config *config))
{
    static struct stage only;
    const struct kith_relay_config config = {.pairs_max = 2, .ended = on_ended};
    only = (struct stage){0};
    stage = &only;
    uv_loop_init(&stage->loop);
    stage->ends[0] = endpoint_new(&stage->loop, seed_alice, &id_alice, adjust_ends);
    stage->ends[1] = endpoint_new(&stage->loop, seed_bob, &id_bob, adjust_ends);
    stage->carol = endpoint_new(&stage->loop, seed_carol, &id_carol, adjust_carol);
    endpoint_listen(stage->carol, "127.0.0.1");
    assert_int_equal(kith_relay_new(&stage->loop, &config, &stage->relay), 0);
    return 0;
}

static int setup(void **state)
{
    return setup_all(lingers, relays);
}

static int setup_no_relay(void **state)
{
    return setup_all(lingers, NULL);
}

static int setup_hasty(void **state)
{
    return setup_all(NULL, relays_hastily);
}

static void until(const size_t *value, size_t wanted)
{
    turn_until(&stage->loop, stage->ends[0], stage->ends[1], value, wanted);
}

static void turn_some(uint64_t ms)
{
    turn_for(&stage->loop, stage->ends[0], stage->ends[1], ms);
}

static int teardown(void **state)
{
    for (int i = 0; i < 2; i++) {
        endpoint_free(&stage->loop, stage->ends[i]);
        if (stage->boxes[i])
            middlebox_close(stage->boxes[i]);
    }
    endpoint_free(&stage->loop, stage->carol);
    if (!stage->is_done) {
        kith_relay_shutdown(stage->relay, on_done, NULL);
        turn_until(&stage->loop, NULL, NULL, &stage->is_done, 1);
    }
    loop_close(&stage->loop);
    return 0;
}

static void put_box(int side, enum middlebox_does does)
{
    stage->boxes[side] =
        middlebox_new(&stage->loop, does, &stage->carol->at, &stage->at[side]);
}

static void put_boxes(enum middlebox_does does)
{
    put_box(0, does);
    put_box(1, does);
}

static void dial_as(int side, const struct kith_id *relay, bool is_in_tls)
{
    const struct kith_net_target target = {
        .is_in_tls = is_in_tls,
        .addresses = &stage->at[side],
        .count = 1,
        .expected = side ? &id_alice : &id_bob,
        .ticket = tickets[side],
        .relay = relay,
        .is_listener = side == 1,
    };
    assert_int_equal(kith_net_dial(stage->ends[side]->net, 7, &target), 0);
}

static void dial(int side, const struct kith_id *relay)
{
    dial_as(side, relay, false);
}

static void expect_pair(void)
{
    assert_int_equal(
        kith_relay_expect(stage->relay, ++stage->pair, tickets[0], tickets[1]), 0);
}

static void link_up(void)
{
    size_t ups[2] = {stage->ends[0]->up_count, stage->ends[1]->up_count};
    expect_pair();
    for (int i = 0; i < 2; i++)
        dial(i, &id_carol);
    for (int i = 0; i < 2; i++)
        until(&stage->ends[i]->up_count, ups[i] + 1);
}

static void hang_up(void)
{
    size_t downs[2] = {stage->ends[0]->down_count, stage->ends[1]->down_count};
    size_t ended = stage->ended_count;
    kith_net_close(stage->ends[0]->net, stage->ends[0]->up.link, KITH_EDISCONNECTED);
    for (int i = 0; i < 2; i++)
        until(&stage->ends[i]->down_count, downs[i] + 1);
    until(&stage->ended_count, ended + 1);
}

static void until_closed(int side, size_t open)
{
    for (int i = 0; i < 4000; i++) {
        if (middlebox_counts(stage->boxes[side])->open == open)
            return;
        turn_some(1);
    }
    fail();
}

/* ---- the way in ---- */

static void carries_both_ways(void)
{
    struct endpoint *alice = stage->ends[0], *bob = stage->ends[1];
    size_t frames = alice->frame_count;
    bob->has_echo = true;
    for (int i = 0; i < 20; i++)
        send_frame(alice, alice->up.link, 1000000);
    until(&alice->frame_count, frames + 20);
    assert_true(is_pattern(alice->frame, 1000000));
    assert_int_equal(bob->frame_bytes % 1000000, 0);
}

static void where_tickets_are_cut_off_the_link_comes_up_in_tls(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    struct kith_net_up *ups[2] = {&stage->ends[0]->up, &stage->ends[1]->up};
    for (int i = 0; i < 2; i++) {
        const struct middlebox_counts *counts = middlebox_counts(stage->boxes[i]);
        assert_true(ups[i]->is_relayed && !ups[i]->is_lan && ups[i]->dial == 7);
        assert_true(kith_id_equal(&ups[i]->peer, i ? &id_alice : &id_bob));
        assert_int_equal(ups[i]->remote.port, stage->at[i].port);
        assert_string_equal(ups[i]->remote.host, "127.0.0.1");
        assert_true(counts->tickets == 1 && counts->others == 1);
    }
    assert_true(ups[0]->is_dialler && !ups[1]->is_dialler);
    assert_memory_equal(ups[0]->exporter_net, ups[1]->exporter_net, 32);
    carries_both_ways();
    hang_up();
    assert_int_equal(stage->ended_error, 0);
    assert_int_equal(stage->carol->up_count, 0);
    assert_int_equal(stage->carol->stranger_count, 2); /* what the boxes closed */
    for (int i = 0; i < 2; i++)
        until_closed(i, 0);
}

static void where_tickets_are_swallowed_tls_is_tried_in_time(void **state)
{
    put_boxes(MIDDLEBOX_SWALLOWS);
    uint64_t begun_ms = uv_now(&stage->loop);
    link_up();
    assert_true(uv_now(&stage->loop) - begun_ms >= 1500);
    for (int i = 0; i < 2; i++) {
        until_closed(i, 1); /* the first one is dropped */
        assert_int_equal(middlebox_counts(stage->boxes[i])->tickets, 1);
    }
    carries_both_ways();
    hang_up();
}

static void where_the_way_is_cut_behind_the_ticket_it_is_shown_again(void **state)
{
    put_box(0, MIDDLEBOX_CUTS);
    put_box(1, MIDDLEBOX_PASSES);
    expect_pair();
    dial(0, &id_carol);
    until(&stage->carol->ticket_count, 2);
    dial(1, &id_carol);
    for (int i = 0; i < 2; i++)
        until(&stage->ends[i]->up_count, 1);
    carries_both_ways();
    hang_up();
}

static void where_tickets_get_through_there_is_no_tunnel(void **state)
{
    put_boxes(MIDDLEBOX_PASSES);
    uint64_t begin = uv_hrtime();
    link_up();
    if (uv_hrtime() - begin > 1000000000)
        skip();      /* on so slow a machine it begins, rightly */
    turn_some(1600); /* the time when it would begin */
    for (int i = 0; i < 2; i++) {
        const struct middlebox_counts *counts = middlebox_counts(stage->boxes[i]);
        assert_int_equal(counts->tickets, 1);
        assert_int_equal(counts->others, 0);
        assert_int_equal(counts->open, 1);
    }
    hang_up();
}

static void one_side_in_the_clear_and_one_in_tls_make_a_link(void **state)
{
    put_box(0, MIDDLEBOX_PASSES);
    put_box(1, MIDDLEBOX_CLOSES);
    link_up();
    carries_both_ways();
    hang_up();
}

static void side_that_waits_long_shows_its_ticket_twice_and_is_joined_once(void **state)
{
    put_boxes(MIDDLEBOX_PASSES);
    expect_pair();
    dial(0, &id_carol);
    until(&stage->carol->ticket_count, 2);
    assert_int_equal(middlebox_counts(stage->boxes[0])->others, 1);
    until_closed(0, 1); /* the relay let the first one go */
    dial(1, &id_carol);
    until(&stage->ends[1]->up_count, 1);
    until(&stage->ends[0]->up_count, 1);
    carries_both_ways();
    assert_int_equal(middlebox_counts(stage->boxes[0])->open, 1);
    assert_int_equal(middlebox_counts(stage->boxes[1])->open, 1);
    hang_up();
}

static void who_asks_for_tls_shows_no_ticket_in_the_clear(void **state)
{
    put_boxes(MIDDLEBOX_PASSES);
    expect_pair();
    for (int i = 0; i < 2; i++)
        dial_as(i, &id_carol, true);
    for (int i = 0; i < 2; i++) {
        until(&stage->ends[i]->up_count, 1);
        assert_int_equal(middlebox_counts(stage->boxes[i])->tickets, 0);
        assert_int_equal(middlebox_counts(stage->boxes[i])->others, 1);
    }
    carries_both_ways();
    hang_up();
}

/* ---- refused ---- */

static void relay_with_another_key_is_refused(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    expect_pair();
    dial(0, &id_bob);
    until(&stage->ends[0]->dial_failed_count, 1);
    assert_int_equal(stage->ends[0]->dial_error, KITH_EIDENTITY);
    assert_int_equal(stage->carol->ticket_count, 0);
    until_closed(0, 0);
}

static void relay_that_nobody_knows_is_used_by_any_key(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    expect_pair();
    for (int i = 0; i < 2; i++)
        dial(i, NULL);
    until(&stage->ends[1]->up_count, 1);
    until(&stage->ends[0]->up_count, 1);
}

static void ticket_that_nobody_awaits_fails_the_dial(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    dial(0, &id_carol);
    until(&stage->ends[0]->dial_failed_count, 1);
    assert_int_equal(stage->ends[0]->dial_error, KITH_ECLOSED);
    assert_int_equal(stage->carol->ticket_count, 1);
    until_closed(0, 0);
}

static void who_takes_no_tickets_takes_no_tunnels(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    dial(0, &id_carol);
    until(&stage->ends[0]->dial_failed_count, 1);
    assert_int_equal(stage->ends[0]->dial_error, KITH_EHANDSHAKE);
    until(&stage->carol->stranger_count, 2); /* what the box closed, and this */
    assert_int_equal(stage->carol->stranger_error, KITH_EHANDSHAKE);
}

/* ---- bytes ---- */

/* What has left is with the kernels and the boxes. */
static void send_until_stuck(struct endpoint *from)
{
    size_t before;
    for (int i = 0; i < 48; i++)
        send_frame(from, from->up.link, 1000000);
    do {
        before = kith_net_queued(from->net, from->up.link);
        turn_some(200);
    } while (kith_net_queued(from->net, from->up.link) < before);
    assert_true(before > 8000000);
}

static void slow_receiver_slows_the_sender_and_loses_nothing(void **state)
{
    struct endpoint *alice = stage->ends[0], *bob = stage->ends[1];
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    kith_net_pause(bob->net, bob->up.link, true);
    send_until_stuck(alice);
    assert_true(kith_relay_counts(stage->relay).waiting_size <= 65536);
    size_t frames = bob->frame_count;
    kith_net_pause(bob->net, bob->up.link, false);
    until(&bob->frame_count, 48);
    assert_true(frames < 40 && is_pattern(bob->frame, 1000000));
    assert_int_equal(kith_relay_counts(stage->relay).waiting_size, 0);
    carries_both_ways();
    hang_up();
}

static void what_was_said_before_the_end_arrives(void **state)
{
    struct endpoint *alice = stage->ends[0], *bob = stage->ends[1];
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    for (int i = 0; i < 10; i++)
        send_frame(alice, alice->up.link, 200000);
    send_frame(bob, bob->up.link, 1000);
    hang_up();
    assert_int_equal(bob->frame_count, 10);
    assert_int_equal(bob->down_error, KITH_ECLOSED);
    assert_int_equal(alice->down_error, KITH_EDISCONNECTED);
}

/* A connection that Carol has accepted? */
static bool is_at_carol(int fd)
{
    struct sockaddr_in at = {0};
    socklen_t size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size) != 0 || at.sin_family != AF_INET ||
        at.sin_port != htons(stage->carol->at.port))
        return false;
    return getpeername(fd, (struct sockaddr *)&at, &(socklen_t){sizeof at}) == 0;
}

static void is_kept_alive(int fd, size_t *count)
{
    int value = 0;
    socklen_t size = sizeof value;
    if (!is_at_carol(fd))
        return;
    getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &size);
    assert_int_equal(value, 1);
    size = sizeof value;
    getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size);
    assert_int_equal(value, KITH_RELAY_PATIENCE_MS);
    ++*count;
}

static void dead_ends_are_watched_for(void **state)
{
    size_t count = 0;
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    for (int fd = 3; fd < 1024; fd++)
        is_kept_alive(fd, &count);
    assert_int_equal(count, 2);
}

/* ---- the end ---- */

static void way_that_breaks_takes_the_link_down(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    middlebox_close(stage->boxes[0]);
    stage->boxes[0] = NULL;
    for (int i = 0; i < 2; i++)
        until(&stage->ends[i]->down_count, 1);
    until(&stage->ended_count, 1);
}

static size_t count_at_carol(void)
{
    size_t count = 0;
    for (int fd = 3; fd < 1024; fd++)
        count += is_at_carol(fd);
    return count;
}

static void who_reads_nothing_keeps_no_tunnel_whose_other_end_has_gone(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    middlebox_stop_reading(stage->boxes[1], 1);
    send_until_stuck(stage->ends[0]);
    assert_int_equal(count_at_carol(), 2);
    kith_relay_shutdown(stage->relay, on_done, NULL);
    until(&stage->is_done, 1);
    for (int i = 0; i < 4000 && count_at_carol() > 0; i++)
        turn_some(1);
    assert_int_equal(count_at_carol(), 0);
}

static void stop_does_not_wait_for_who_reads_nothing(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    middlebox_stop_reading(stage->boxes[0], 0);
    send_until_stuck(stage->ends[0]);
    uint64_t begin = uv_hrtime();
    endpoint_stop(&stage->loop, stage->ends[0]);
    assert_true((uv_hrtime() - begin) / 1000000 < 2 * KITH_NET_LINGER_MS + 1000);
}

static void stop_of_a_peer_says_goodbye_through_the_tunnel(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    send_frame(stage->ends[0], stage->ends[0]->up.link, 100000);
    endpoint_stop(&stage->loop, stage->ends[0]);
    until(&stage->ends[1]->down_count, 1);
    assert_int_equal(stage->ends[1]->frame_count, 1);
    until(&stage->ended_count, 1);
    assert_int_equal(stage->ended_error, 0);
}

static void stop_of_the_relays_net_takes_the_links_down(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    endpoint_stop(&stage->loop, stage->carol);
    for (int i = 0; i < 2; i++)
        until(&stage->ends[i]->down_count, 1);
}

static void stop_ends_tunnels_that_are_under_way(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    expect_pair();
    dial(0, &id_carol);
    until(&stage->carol->ticket_count, 1); /* waits for the other side */
    dial(1, &id_carol);
    while (middlebox_counts(stage->boxes[1])->others == 0)
        turn_some(0); /* shakes hands */
    for (int i = 0; i < 2; i++) {
        endpoint_stop(&stage->loop, stage->ends[i]);
        assert_int_equal(stage->ends[i]->dial_failed_count, 1);
        assert_int_equal(stage->ends[i]->dial_error, KITH_ECLOSED);
    }
}

static void links_that_come_and_go_leave_nothing_behind(void **state)
{
    put_boxes(MIDDLEBOX_CLOSES);
    link_up();
    hang_up();
    for (int i = 0; i < 2; i++)
        until_closed(i, 0);
    turn_some(20);
    size_t before = count_descriptors();
    for (int round = 0; round < 700; round++) {
        link_up();
        send_frame(stage->ends[0], stage->ends[0]->up.link, 1000);
        hang_up();
        dial(round % 2, &id_carol); /* nobody awaits that */
        until(&stage->ends[round % 2]->dial_failed_count, (size_t)round / 2 + 1);
    }
    for (int i = 0; i < 4000 && count_descriptors() > before; i++)
        turn_some(1);
    assert_int_equal(count_descriptors(), before);
    struct kith_relay_counts counts = kith_relay_counts(stage->relay);
    assert_int_equal(counts.pairs + counts.joined + counts.waiting_size, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_ON(name, begin)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_##begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(where_tickets_are_cut_off_the_link_comes_up_in_tls),
        TEST(where_tickets_are_swallowed_tls_is_tried_in_time),
        TEST(where_the_way_is_cut_behind_the_ticket_it_is_shown_again),
        TEST(where_tickets_get_through_there_is_no_tunnel),
        TEST(one_side_in_the_clear_and_one_in_tls_make_a_link),
        TEST(side_that_waits_long_shows_its_ticket_twice_and_is_joined_once),
        TEST(who_asks_for_tls_shows_no_ticket_in_the_clear),
        TEST(relay_with_another_key_is_refused),
        TEST(relay_that_nobody_knows_is_used_by_any_key),
        TEST(ticket_that_nobody_awaits_fails_the_dial),
        TEST_ON(who_takes_no_tickets_takes_no_tunnels, no_relay),
        TEST(slow_receiver_slows_the_sender_and_loses_nothing),
        TEST(what_was_said_before_the_end_arrives),
        TEST(dead_ends_are_watched_for),
        TEST(way_that_breaks_takes_the_link_down),
        TEST_ON(who_reads_nothing_keeps_no_tunnel_whose_other_end_has_gone, hasty),
        TEST_ON(stop_does_not_wait_for_who_reads_nothing, hasty),
        TEST(stop_of_a_peer_says_goodbye_through_the_tunnel),
        TEST(stop_of_the_relays_net_takes_the_links_down),
        TEST(stop_ends_tunnels_that_are_under_way),
        TEST(links_that_come_and_go_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("net tunnel", tests, NULL, NULL);
}
