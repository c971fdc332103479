/* SPDX-License-Identifier: MIT */
/* What trackers say, and what they may not. */
#include "tracked.h"

#include <stdlib.h>

#include "core/engine.h"

static int setup(void **state)
{
    static const char *const hosts[] = {"192.168.1.5"};
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    tracked_listen(l, hosts, 1);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct lone *l = *state;
    lone_deinit(l);
    free(l);
    return 0;
}

static struct kith_tracker_view view(const struct lone *l, uint32_t no)
{
    struct kith_tracker_view out;
    assert_true(kith_node_tracker(l->node, no, &out));
    return out;
}

/* How many addresses anybody is told of; and the first as text. */
static size_t public_count(const struct lone *l, uint32_t no, char first[static 64])
{
    struct kith_frame_register frame = tracked_registration(l, no);
    struct kith_signed_addresses record;
    if (frame.record_public.size == 0)
        return 0;
    assert_int_equal(kith_signed_addresses_decode(frame.record_public, &record), 0);
    memcpy(first, record.addresses[0].data, record.addresses[0].size);
    first[record.addresses[0].size] = '\0';
    return record.address_count;
}

static void where_it_reached_us_is_registered_as_public(void **state)
{
    struct lone *l = *state;
    char first[64];
    tracked_join(l, 1);
    assert_int_equal(public_count(l, 1, first), 0);
    assert_true(tracked_registration(l, 1).wants_check);
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    assert_int_equal(view(l, 1).reach, KITH_REACH_YES);
    assert_int_equal(public_count(l, 1, first), 1);
    assert_string_equal(first, "203.0.113.77:4747");
    assert_false(tracked_registration(l, 1).wants_check);
}

static void where_it_did_not_reach_us_is_not(void **state)
{
    struct lone *l = *state;
    char first[64];
    tracked_join(l, 1);
    tracked_reachable(l, 1, "203.0.113.77:4747", false);
    assert_int_equal(view(l, 1).reach, KITH_REACH_NO);
    assert_int_equal(public_count(l, 1, first), 0);
    assert_false(tracked_registration(l, 1).wants_check);
}

static void reachable_of_other_addresses_changes_nothing(void **state)
{
    struct lone *l = *state;
    static const char *const others[] = {"203.0.113.77:4748", "203.0.113.78:4747",
                                         "t.example:4747"};
    tracked_join(l, 1);
    size_t sent = tracked_count(l, 1, KITH_FRAME_REGISTER);
    for (size_t i = 0; i < COUNT(others); i++)
        tracked_reachable(l, 1, others[i], true);
    assert_int_equal(view(l, 1).reach, KITH_REACH_UNKNOWN);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent);
}

static void a_new_name_leaves_what_was_reached(void **state)
{
    struct lone *l = *state;
    char first[64];
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    tracked_join(l, 1);
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    in.command.type = KITH_COMMAND_RENAME;
    in.command.rename = (struct kith_name){"sam"};
    lone_step(l, in);
    assert_true(kith_bytes_equal(tracked_registration(l, 1).name, BYTES("sam")));
    assert_int_equal(public_count(l, 1, first), 1);
}

static void seen_elsewhere_it_has_to_be_reached_anew(void **state)
{
    struct lone *l = *state;
    char first[64];
    tracked_join(l, 1);
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    tracked_welcome(l, 1, "203.0.113.99:4747");
    assert_int_equal(view(l, 1).reach, KITH_REACH_UNKNOWN);
    assert_int_equal(public_count(l, 1, first), 0);
    assert_true(tracked_registration(l, 1).wants_check);
    /* Of another port nothing follows. */
    size_t sent = tracked_count(l, 1, KITH_FRAME_REGISTER);
    tracked_welcome(l, 1, "203.0.113.99:4000");
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), sent);
}

static void one_that_changes_its_mind_does_not_keep_us_signing(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    lone_forget(l);
    for (int i = 0; i < 100; i++) {
        tracked_reachable(l, 1, "203.0.113.77:4747", i % 2 == 0);
        tracked_welcome(l, 1, i % 2 == 0 ? "203.0.113.77:1" : "203.0.113.78:1");
    }
    assert_in_range(tracked_count(l, 1, KITH_FRAME_REGISTER), 1,
                    KITH_TRACKER_CHANGES_MOST);
    lone_pass(l, 10 * KITH_SECOND);
    lone_forget(l);
    tracked_welcome(l, 1, "203.0.113.50:1"); /* a true one counts soon */
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_REGISTER), 1);
}

/* ---- what breaks the protocol ---- */

/* The tracker is let go, people are told, and nothing else happens. */
static void assert_fault(struct lone *l, struct kith_bytes frame, int error)
{
    struct lone_peer peer;
    struct kith_id id = tracked_id(1);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    tracked_join(l, 2);
    lone_forget(l);
    tracked_say_raw(l, 1, frame);
    assert_int_equal(l->trackers[1].closed, error);
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_WARNING);
    assert_non_null(told);
    assert_int_equal(told->warning.warning, KITH_WARNING_TRACKER);
    assert_int_equal(told->warning.error, error);
    assert_true(kith_id_equal(&told->warning.peer, &id));
    assert_false(view(l, 1).is_registered);
    assert_int_equal(view(l, 1).error, error);
    assert_true(view(l, 2).is_registered);
    assert_int_equal(l->closed[1], 1);
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_int_equal(l->trackers[1].dial_count, 2);
}

static void an_empty_frame_is_a_fault(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    assert_fault(l, kith_bytes("", 0), KITH_EPROTO);
}

static void a_frame_that_is_cut_short_is_a_fault(void **state)
{
    static const uint8_t types[] = {
        KITH_FRAME_WELCOME, KITH_FRAME_REACHABLE, KITH_FRAME_PEERS, KITH_FRAME_RING,
        KITH_FRAME_REFUSED, KITH_FRAME_PING,      KITH_FRAME_PONG,  KITH_FRAME_BYE};
    teardown(state);
    for (size_t i = 0; i < COUNT(types); i++) {
        setup(state);
        struct lone *l = *state;
        tracked_join(l, 1);
        assert_fault(l, kith_bytes(&types[i], 1), KITH_EPROTO);
        teardown(state);
    }
    setup(state);
}

static void an_observed_address_that_is_none_is_a_fault(void **state)
{
    struct lone *l = *state;
    static const char *const texts[] = {"1.2.3.4:0", "1.2.3.4", "chosen.example:4747"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        struct kith_frame_welcome frame = {.version = 1,
                                           .refresh_s = 1,
                                           .observed =
                                               kith_bytes(texts[i], strlen(texts[i]))};
        tracked_join(l, 1);
        kith_frame_welcome_encode(&w, &frame);
        assert_fault(l, kith_bytes(w.data + 4, w.size - 4), KITH_EPROTO);
        kith_writer_deinit(&w);
        teardown(state);
        setup(state);
        l = *state;
    }
}

static void a_reached_address_that_is_none_is_a_fault(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_reachable frame = {BYTES("1.2.3.4:0"), true};
    tracked_join(l, 1);
    kith_frame_reachable_encode(&w, &frame);
    assert_fault(l, kith_bytes(w.data + 4, w.size - 4), KITH_EPROTO);
    kith_writer_deinit(&w);
}

static void it_cannot_have_us_send_more_often_than_every_five_seconds(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_welcome frame = {
        .version = 1, .refresh_s = 1, .observed = BYTES("203.0.113.77:4747")};
    tracked_join(l, 1);
    kith_frame_welcome_encode(&w, &frame);
    tracked_say(l, 1, &w);
    lone_pass(l, KITH_TRACKER_REFRESH_MIN - KITH_MS);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 0);
    lone_pass(l, KITH_MS);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_PING), 1);
}

static void another_version_is_a_fault(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_welcome frame = {
        .version = 2, .refresh_s = 1, .observed = BYTES("1.2.3.4:5")};
    tracked_join(l, 1);
    kith_frame_welcome_encode(&w, &frame);
    assert_fault(l, kith_bytes(w.data + 4, w.size - 4), KITH_EVERSION);
    kith_writer_deinit(&w);
}

static void a_frame_before_welcome_is_a_fault(void **state)
{
    static const uint8_t types[] = {KITH_FRAME_REACHABLE, KITH_FRAME_PEERS,
                                    KITH_FRAME_RING, KITH_FRAME_REFUSED, 0xee};
    teardown(state);
    for (size_t i = 0; i < COUNT(types); i++) {
        setup(state);
        struct lone *l = *state;
        tracked_add(l, 1, NULL);
        tracked_up(l, 1, "198.51.100.1");
        assert_fault(l, kith_bytes(&types[i], 1), KITH_EUNEXPECTED);
        teardown(state);
    }
    setup(state);
}

static void a_type_of_a_later_version_is_ignored_after_welcome(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    lone_forget(l);
    tracked_say_raw(l, 1, BYTES("\xeewhatever"));
    assert_true(view(l, 1).is_registered);
    assert_int_equal(l->sent_count + l->told_count, 0);
}

static void a_refusal_changes_nothing(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    tracked_join(l, 1);
    lone_forget(l);
    kith_frame_refused_encode(&w, &(struct kith_frame_refused){7, KITH_REFUSED_LIMIT});
    tracked_say(l, 1, &w);
    assert_true(view(l, 1).is_registered);
    assert_int_equal(l->sent_count + l->told_count, 0);
}

static void a_ping_is_answered_with_its_token(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_ping pong;
    tracked_join(l, 1);
    kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){77});
    tracked_say(l, 1, &w);
    const struct lone_frame *sent = lone_last_sent(l, LONE_TRACKER + 1, KITH_FRAME_PONG);
    assert_non_null(sent);
    assert_int_equal(kith_frame_ping_decode(kith_bytes(sent->fields, sent->size), &pong),
                     0);
    assert_int_equal(pong.token, 77);
}

static void what_comes_of_one_that_was_let_go_is_ignored(void **state)
{
    struct lone *l = *state;
    tracked_join(l, 1);
    tracked_down(l, 1, KITH_ECLOSED);
    lone_forget(l);
    tracked_say_raw(l, 1, kith_bytes("", 0));
    tracked_up(l, 1, "198.51.100.1"); /* not dialled */
    tracked_down(l, 1, KITH_ECLOSED);
    tracked_say_raw(l, 9, kith_bytes("", 0)); /* no such one */
    tracked_up(l, 9, "198.51.100.1");
    tracked_down(l, 0, KITH_ECLOSED);
    assert_int_equal(l->sent_count + l->told_count, 0);
}

/* One that wants to hear of us every 5 s; the clock goes from deadline to deadline. */
static void it_is_pinged_as_often_as_it_wants(void **state)
{
    struct lone *l = *state;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    tracked_join(l, 1);
    kith_frame_welcome_encode(
        &w, &(struct kith_frame_welcome){.version = 1,
                                         .refresh_s = 5,
                                         .network_count = 1,
                                         .observed = kith_bytes("203.0.113.7:4747", 16)});
    tracked_say(l, 1, &w);
    size_t pings = tracked_count(l, 1, KITH_FRAME_PING);
    for (kith_time end = l->now.mono + KITH_MINUTE; l->now.mono < end;) {
        kith_time next = kith_node_deadline(l->node);
        lone_pass(l, next > l->now.mono ? next - l->now.mono : 0);
        if (tracked_count(l, 1, KITH_FRAME_PING) == pings)
            continue;
        pings++;
        lone_pass(l, 20 * KITH_MS);
        kith_writer_clear(&w);
        kith_frame_ping_encode(&w, KITH_FRAME_PONG, &(struct kith_frame_ping){pings});
        tracked_say(l, 1, &w);
    }
    assert_in_range(pings, 9, 13);
    kith_writer_deinit(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(where_it_reached_us_is_registered_as_public),
        TEST(where_it_did_not_reach_us_is_not),
        TEST(reachable_of_other_addresses_changes_nothing),
        TEST(a_new_name_leaves_what_was_reached),
        TEST(seen_elsewhere_it_has_to_be_reached_anew),
        TEST(one_that_changes_its_mind_does_not_keep_us_signing),
        TEST(an_empty_frame_is_a_fault),
        TEST(a_frame_that_is_cut_short_is_a_fault),
        TEST(an_observed_address_that_is_none_is_a_fault),
        TEST(a_reached_address_that_is_none_is_a_fault),
        TEST(it_cannot_have_us_send_more_often_than_every_five_seconds),
        TEST(another_version_is_a_fault),
        TEST(a_frame_before_welcome_is_a_fault),
        TEST(a_type_of_a_later_version_is_ignored_after_welcome),
        TEST(a_refusal_changes_nothing),
        TEST(a_ping_is_answered_with_its_token),
        TEST(it_is_pinged_as_often_as_it_wants),
        TEST(what_comes_of_one_that_was_let_go_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
