/* SPDX-License-Identifier: MIT */
/* Frames that break a rule: each closes its link with a name for it, or is ignored; the
 * node and its other links go on. */
#include "lone.h"

static void nothing_but_proof_is_taken_from_a_stranger(void **state)
{
    struct lone *l = *state;
    static const uint8_t types[] = {0x02, 0x03, 0x04, 0x10, 0x11, 0x12,
                                    0x13, 0x14, 0x15, 0x16, 0x77};
    for (uint32_t i = 0; i < COUNT(types); i++) {
        struct lone_peer peer;
        lone_connect(l, &peer, 1, i + 1, KITH_ROLE_DIALLER, 0);
        uint8_t frame[40] = {types[i]};
        lone_say_raw(l, &peer, kith_bytes(frame, sizeof(frame)));
        assert_int_equal(l->closed[i + 1], KITH_EUNEXPECTED);
        assert_false(l->trusted[i + 1]);
    }
}

static void the_listener_says_nothing_before_a_valid_proof(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PROOF), 0);
    uint8_t wrong[33] = {KITH_FRAME_PROOF, 1, 2, 3};
    lone_say_raw(l, &peer, kith_bytes(wrong, sizeof(wrong)));
    assert_int_equal(l->closed[1], KITH_EPROOF);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_PROOF), 0);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_HELLO), 0);
    assert_false(l->trusted[1]);
}

static void a_proof_that_is_cut_is_a_fault(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    static const uint8_t frame[] = {KITH_FRAME_PROOF, 1, 2};
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_say_raw(l, &peer, kith_bytes(frame, sizeof(frame)));
    assert_int_equal(l->closed[1], KITH_EPROTO);
}

static void a_proof_of_another_connection_is_refused(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    lone_connect(l, &first, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_connect(l, &second, 1, 2, KITH_ROLE_DIALLER, 0);
    memcpy(second.exporter_net, first.exporter_net, KITH_EXPORTER_SIZE);
    lone_prove(l, &second); /* the proof of link 1, on link 2 */
    assert_int_equal(l->closed[2], KITH_EPROOF);
}

static void our_own_proof_sent_back_is_refused(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    const struct lone_frame *ours = lone_last_sent(l, 1, KITH_FRAME_PROOF);
    uint8_t frame[33] = {KITH_FRAME_PROOF};
    memcpy(frame + 1, ours->fields, 32);
    lone_say_raw(l, &peer, kith_bytes(frame, sizeof(frame)));
    assert_int_equal(l->closed[1], KITH_EPROOF);
}

static void a_link_that_does_not_finish_greeting_is_closed_after_five_seconds(
    void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &peer);
    lone_pass(l, 4900 * KITH_MS);
    assert_int_equal(l->closed[1], 1);
    lone_pass(l, 200 * KITH_MS);
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
}

static void a_peer_without_a_common_version_is_refused(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &peer);
    struct kith_frame_hello hello = {
        .version_min = 2, .version_max = 9, .name = BYTES("x")};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_hello_encode(&w, &hello);
    lone_say(l, &peer, &w);
    kith_writer_deinit(&w);
    assert_int_equal(l->closed[1], KITH_EVERSION);
}

static void a_second_hello_or_proof_closes_the_link(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_hello(l, &peer, "again");
    assert_int_equal(l->closed[1], KITH_EUNEXPECTED);
    lone_connect(l, &peer, 1, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_prove(l, &peer);
    assert_int_equal(l->closed[2], KITH_EUNEXPECTED);
}

static void an_unknown_frame_on_a_live_link_is_skipped(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_say_raw(l, &peer, BYTES("\x7f of a later version"));
    assert_int_equal(l->closed[1], 1);
}

static void every_truncated_frame_closes_its_link_and_no_other(void **state)
{
    struct lone *l = *state;
    struct lone_peer good, bad;
    lone_connect(l, &good, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &good);
    static const uint8_t types[] = {0x03, 0x04, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16};
    for (uint32_t i = 0; i < COUNT(types); i++) {
        lone_connect(l, &bad, 2, 2 + i, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &bad);
        uint8_t frame[2] = {types[i], 1};
        lone_say_raw(l, &bad, kith_bytes(frame, sizeof(frame)));
        assert_int_equal(l->closed[2 + i], KITH_EPROTO);
    }
    assert_int_equal(l->closed[1], 1);
    assert_int_equal(kith_node_link_count(l->node), 1);
}

static void a_room_frame_with_a_tag_that_is_not_shared_is_ignored(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct lone_log log = {.author = &peer.key, .room = lone_lobby(), .log = {{1}}};
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    struct kith_tag other = {{9}};
    lone_forget(l);
    lone_say_run(l, &peer, &other, &run);
    kith_writer_deinit(&run);
    assert_int_equal(l->closed[1], 1);
    assert_int_equal(l->sent_count, 0);
}

static void silence_is_pinged_then_closed(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_pass(l, 8 * KITH_SECOND);
    assert_int_equal(l->closed[1], 1);
    assert_true(lone_count_sent(l, 1, KITH_FRAME_PING) >= 1);
    lone_pass(l, 2 * KITH_SECOND);
    assert_int_equal(l->closed[1], KITH_ETIMEDOUT);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_PEER)->peer.change, KITH_PEER_OFFLINE);
}

static void a_ping_is_answered_with_its_token(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_say_raw(l, &peer,
                 BYTES("\x03"
                       "12345678"));
    assert_memory_equal(lone_last_sent(l, 1, KITH_FRAME_PONG)->fields, "12345678", 8);
}

static void a_peer_that_pings_and_never_reads_is_let_go(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    for (int i = 0; i < 1000000 && l->closed[1] == 1; i++) {
        lone_forget(l);
        lone_say_raw(l, &peer,
                     BYTES("\x03"
                           "12345678"));
    }
    assert_int_equal(l->closed[1], KITH_ELIMIT);
}

static void a_clean_goodbye_is_no_fault(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_forget(l);
    lone_say_raw(l, &peer, BYTES("\x05\x00"));
    assert_int_equal(l->closed[1], KITH_ECLOSED);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 0);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_PEER)->peer.change, KITH_PEER_OFFLINE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_but_proof_is_taken_from_a_stranger),
        TEST(the_listener_says_nothing_before_a_valid_proof),
        TEST(a_proof_that_is_cut_is_a_fault),
        TEST(a_proof_of_another_connection_is_refused),
        TEST(our_own_proof_sent_back_is_refused),
        TEST(a_link_that_does_not_finish_greeting_is_closed_after_five_seconds),
        TEST(a_peer_without_a_common_version_is_refused),
        TEST(a_second_hello_or_proof_closes_the_link),
        TEST(an_unknown_frame_on_a_live_link_is_skipped),
        TEST(every_truncated_frame_closes_its_link_and_no_other),
        TEST(a_room_frame_with_a_tag_that_is_not_shared_is_ignored),
        TEST(silence_is_pinged_then_closed),
        TEST(a_ping_is_answered_with_its_token),
        TEST(a_peer_that_pings_and_never_reads_is_let_go),
        TEST(a_clean_goodbye_is_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
