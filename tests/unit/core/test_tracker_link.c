/* SPDX-License-Identifier: MIT */
/* Links to trackers that the machine or the network makes hard: ports that are held, two
 * names of one tracker, addresses that come and go. */
#include "tracked.h"

#include "core/engine.h"
#include "proto/signed_addresses.h"

static struct kith_tracker_view view(const struct lone *l, uint32_t no)
{
    struct kith_tracker_view out;
    assert_true(kith_node_tracker(l->node, no, &out));
    return out;
}

/* Time passes, and the first tracker lives. */
static void live(struct lone *l, kith_time duration)
{
    for (; duration > 0; duration -= KITH_SECOND) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        lone_pass(l, KITH_SECOND);
        kith_frame_ping_encode(&w, KITH_FRAME_PONG, &(struct kith_frame_ping){1});
        tracked_say(l, 1, &w);
    }
}

/* The first address of the last local record. */
static struct kith_bytes told_of(const struct lone *l)
{
    static struct kith_signed_addresses record;
    assert_int_equal(
        kith_signed_addresses_decode(tracked_registration(l, 1).record_local, &record),
        0);
    return record.addresses[0];
}

static void where_our_port_cannot_be_had_another_is_used_in_the_end(void **state)
{
    struct lone *l = *state;
    tracked_add(l, 1, NULL);
    for (int i = 0; i < KITH_TRACKER_PORT_TRIES; i++) {
        assert_false(l->trackers[1].is_from_any_port);
        tracked_down(l, 1, KITH_EADDRINUSE);
        lone_pass(l, KITH_TRACKER_RETRY_MAX);
    }
    assert_true(l->trackers[1].is_from_any_port);
    tracked_down(l, 1, KITH_EREFUSED); /* it was not the port */
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_false(l->trackers[1].is_from_any_port);
    tracked_down(l, 1, KITH_EADDRINUSE);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_true(l->trackers[1].is_from_any_port);
    tracked_up(l, 1, "198.51.100.1");
    tracked_welcome(l, 1, "203.0.113.77:4747");
    lone_pass(l, KITH_TRACKER_STEADY);
    tracked_down(l, 1, KITH_ECLOSED);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_int_equal(l->trackers[1].dial_count, KITH_TRACKER_PORT_TRIES + 4);
    assert_false(l->trackers[1].is_from_any_port);
}

static void from_another_port_ours_is_tried_again_now_and_then(void **state)
{
    struct lone *l = *state;
    tracked_add(l, 1, NULL);
    for (int round = 0; round < 3; round++) {
        assert_false(l->trackers[1].is_from_any_port);
        for (int i = 0; i < KITH_TRACKER_PORT_TRIES && !l->trackers[1].is_from_any_port;
             i++) {
            tracked_down(l, 1, KITH_EADDRINUSE);
            lone_pass(l, KITH_TRACKER_RETRY_MAX);
        }
        assert_true(l->trackers[1].is_from_any_port);
        tracked_up(l, 1, "198.51.100.1");
        tracked_welcome(l, 1, "203.0.113.77:5");
        kith_time pause = KITH_TRACKER_PORT_AGAIN_MIN << round;
        size_t dials = l->trackers[1].dial_count;
        live(l, pause - KITH_MINUTE);
        assert_int_equal(l->trackers[1].dial_count, dials);
        live(l, 2 * KITH_MINUTE);
        assert_int_equal(l->trackers[1].dial_count, dials + 1);
    }
    assert_false(l->trackers[1].is_from_any_port);
    tracked_up(l, 1, "198.51.100.1");
    tracked_welcome(l, 1, "203.0.113.77:4747");
    size_t dials = l->trackers[1].dial_count;
    live(l, 2 * KITH_HOUR);
    assert_int_equal(l->trackers[1].dial_count, dials);
}

static void one_tracker_by_two_addresses_has_one_link(void **state)
{
    struct lone *l = *state;
    struct kith_input in = {.type = KITH_INPUT_TRACKER_UP};
    tracked_join(l, 1);
    tracked_add(l, 2, NULL);
    in.tracker_up.tracker = 2;
    in.tracker_up.id = tracked_id(1);
    memcpy(in.tracker_up.remote.host, "198.51.100.1", 13);
    lone_step(l, in);
    assert_int_equal(l->trackers[2].closed, KITH_EREPLACED);
    assert_int_equal(view(l, 2).error, KITH_EREPLACED);
    assert_true(view(l, 1).is_registered);
    live(l, 50 * KITH_SECOND);
    assert_int_equal(l->trackers[2].dial_count, 1);
    tracked_down(l, 1, KITH_ECLOSED); /* now it may stand in for it */
    lone_pass(l, 15 * KITH_SECOND);
    assert_int_equal(l->trackers[2].dial_count, 2);
    lone_step(l, in);
    assert_int_equal(l->trackers[2].closed, 1);
}

static void what_changes_on_and_on_is_registered_now_and_then(void **state)
{
    struct lone *l = *state;
    static const char *const hosts[2][1] = {{"192.168.1.5"}, {"192.168.1.6"}};
    tracked_join(l, 1);
    lone_forget(l);
    for (size_t i = 1; i <= 100; i++) {
        tracked_listen(l, hosts[i % 2], 1);
        if (i % 10 == 0)
            live(l, KITH_SECOND);
    }
    assert_in_range(tracked_count(l, 1, KITH_FRAME_REGISTER), 10, 15);
    live(l, KITH_TRACKER_REGISTER_PAUSE);
    assert_true(kith_bytes_equal(told_of(l), BYTES("192.168.1.5:4747")));
    lone_forget(l);
    live(l, KITH_MINUTE);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), 0);
}

static void when_an_address_goes_it_has_to_show_that_it_lives(void **state)
{
    struct lone *l = *state;
    static const char *const before[] = {"192.168.1.5"}, *const after[] = {"10.1.1.5"};
    tracked_listen(l, before, 1);
    tracked_join(l, 1);
    tracked_listen(l, after, 1);
    lone_pass(l, KITH_PROBE_TIME - KITH_SECOND);
    assert_int_equal(l->trackers[1].dial_count, 1);
    lone_pass(l, 2 * KITH_SECOND);
    assert_int_equal(view(l, 1).error, KITH_ETIMEDOUT);
    assert_int_equal(l->trackers[1].dial_count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(where_our_port_cannot_be_had_another_is_used_in_the_end),
        TEST(from_another_port_ours_is_tried_again_now_and_then),
        TEST(one_tracker_by_two_addresses_has_one_link),
        TEST(what_changes_on_and_on_is_registered_now_and_then),
        TEST(when_an_address_goes_it_has_to_show_that_it_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
