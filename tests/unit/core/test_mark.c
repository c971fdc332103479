/* SPDX-License-Identifier: MIT */
/* Peers that are blocked, and peers whose ids were compared. */
#include "lone.h"

#include <stdlib.h>

#include "core/digest.h"

static int setup(void **state)
{
    *state = malloc(sizeof(struct lone));
    lone_init(*state);
    lone_start(*state);
    return 0;
}

/* The answer; 1: none yet. */
static int mark(struct lone *l, enum kith_command_type type, const struct kith_id *peer,
                bool is_on)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = type, .token = 9}};
    in.command.mark.peer = *peer;
    in.command.mark.is_on = is_on;
    lone_forget(l);
    lone_step(l, in);
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_REPLY);
    return told == NULL ? 1 : told->reply.error;
}

static struct kith_peer_view view(const struct lone *l, const struct kith_id *id)
{
    struct kith_peer_view peer = {0};
    for (uint32_t no = 1; no <= kith_node_peer_count(l->node); no++)
        if (kith_node_peer(l->node, no, &peer) && kith_id_equal(&peer.id, id))
            return peer;
    return (struct kith_peer_view){0};
}

static int connect_to(struct lone *l, uint64_t token)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = KITH_COMMAND_CONNECT, .token = token}};
    in.command.connect = (struct kith_address){.host = "10.0.0.9", .port = 4747};
    lone_step(l, in);
    return (int)l->dial_count;
}

static void greet(struct lone *l, struct lone_peer *peer, uint32_t link, uint32_t dial)
{
    lone_connect(l, peer, 1, link, dial ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER, dial);
    lone_prove(l, peer);
    lone_hello(l, peer, "mallory");
}

static void blocking_closes_the_link_and_refuses_the_next(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    assert_int_equal(mark(l, KITH_COMMAND_BLOCK, &peer.key.id, true), 0);
    assert_int_equal(l->closed[1], KITH_EDISCONNECTED);
    assert_int_equal(lone_last_sent(l, 1, KITH_FRAME_BYE)->fields[0],
                     KITH_BYE_DISCONNECTED);
    assert_true(view(l, &peer.key.id).is_blocked);
    greet(l, &peer, 2, 0);
    assert_int_equal(l->closed[2], KITH_EBLOCKED);
    assert_int_equal(lone_last_sent(l, 2, KITH_FRAME_BYE)->fields[0],
                     KITH_BYE_DISCONNECTED);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_ROOMS), 0);
    assert_int_equal(mark(l, KITH_COMMAND_BLOCK, &peer.key.id, false), 0);
    lone_connect(l, &peer, 1, 3, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    assert_int_equal(l->closed[3], 1);
    assert_true(view(l, &peer.key.id).is_online);
}

static void connecting_by_hand_does_not_take_a_block_back(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_key_make(&peer.key, 1);
    mark(l, KITH_COMMAND_BLOCK, &peer.key.id, true); /* before it was ever met */
    lone_forget(l);
    connect_to(l, 7);
    greet(l, &peer, 1, l->dial_nos[0]);
    assert_int_equal(l->closed[1], KITH_EBLOCKED);
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_int_equal(told->reply.token, 7);
    assert_int_equal(told->reply.error, KITH_EBLOCKED);
}

static void a_configured_address_of_a_blocked_peer_rests_until_it_is_unblocked(
    void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_key_make(&peer.key, 1);
    mark(l, KITH_COMMAND_BLOCK, &peer.key.id, true);
    connect_to(l, 0);
    greet(l, &peer, 1, l->dial_nos[0]);
    assert_int_equal(l->closed[1], KITH_EBLOCKED);
    lone_pass(l, KITH_HOUR);
    assert_int_equal(l->dial_count, 1);
    mark(l, KITH_COMMAND_BLOCK, &peer.key.id, false);
    lone_pass(l, 10 * KITH_SECOND);
    assert_int_equal(l->dial_count, 2);
}

static void a_block_that_cannot_be_stored_is_none(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    l->store_error = KITH_EFULL;
    assert_int_equal(mark(l, KITH_COMMAND_BLOCK, &peer.key.id, true), KITH_EFULL);
    assert_false(view(l, &peer.key.id).is_blocked);
    assert_int_equal(mark(l, KITH_COMMAND_VERIFY, &peer.key.id, true), KITH_EFULL);
    assert_false(view(l, &peer.key.id).is_verified);
}

static void nothing_is_sent_to_who_is_blocked(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = KITH_COMMAND_SEND, .token = 5}};
    lone_key_make(&peer.key, 1);
    mark(l, KITH_COMMAND_BLOCK, &peer.key.id, true);
    in.command.send.is_direct = true;
    in.command.send.peer = peer.key.id;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    size_t stored = lone_count_stored(l);
    lone_step(l, in);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_EBLOCKED);
    assert_int_equal(lone_count_stored(l), stored);
}

static void what_others_pass_on_of_it_is_kept(void **state)
{
    struct lone *l = *state;
    struct lone_peer blocked, other;
    struct kith_writer run;
    lone_connect(l, &blocked, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &blocked);
    lone_connect(l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &other);
    mark(l, KITH_COMMAND_BLOCK, &blocked.key.id, true);
    size_t stored = lone_count_stored(l);
    struct lone_log log = {.author = &blocked.key, .room = lone_lobby(), .log = {{1}}};
    lone_write(&log, &run, 2, 'a');
    lone_say_run(l, &other, &other.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_stored(l), stored + 2);
}

static void a_stranger_of_its_name_does_not_shadow_a_verified_peer(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_target target;
    lone_connect(l, &first, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &first);
    lone_hello(l, &first, "sam");
    lone_connect(l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &second);
    lone_hello(l, &second, "sam");
    assert_int_equal(kith_node_find(l->node, BYTES("sam"), &target, NULL, 0, NULL),
                     KITH_EAMBIGUOUS);
    assert_int_equal(mark(l, KITH_COMMAND_VERIFY, &second.key.id, true), 0);
    assert_true(view(l, &second.key.id).is_verified);
    assert_true(view(l, &second.key.id).is_contact);
    assert_int_equal(kith_node_find(l->node, BYTES("sam"), &target, NULL, 0, NULL), 0);
    assert_true(kith_id_equal(&target.peer, &second.key.id));
    assert_int_equal(mark(l, KITH_COMMAND_VERIFY, &second.key.id, false), 0);
    assert_int_equal(kith_node_find(l->node, BYTES("sam"), &target, NULL, 0, NULL),
                     KITH_EAMBIGUOUS);
}

static void nobody_marks_himself(void **state)
{
    struct lone *l = *state;
    assert_int_equal(mark(l, KITH_COMMAND_BLOCK, &l->key.id, true), KITH_ESELF);
    assert_int_equal(mark(l, KITH_COMMAND_VERIFY, &l->key.id, true), KITH_ESELF);
}

static void marks_are_there_after_a_restart(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_key_make(&peer.key, 1);
    lone_deinit(l);
    lone_init(l);
    struct kith_record meta = {
        .type = KITH_RECORD_META,
        .meta = {
            .arrival_next = 1, .peer_no_next = 2, .room_no_next = 1, .log_no_next = 1}};
    struct kith_record row = {
        .type = KITH_RECORD_PEER,
        .peer = {.no = 1, .id = peer.key.id, .is_blocked = true, .is_verified = true}};
    assert_int_equal(kith_node_restore(l->node, &meta), 0);
    assert_int_equal(kith_node_restore(l->node, &row), 0);
    lone_start(l);
    assert_true(view(l, &peer.key.id).is_blocked);
    assert_true(view(l, &peer.key.id).is_verified);
    greet(l, &peer, 1, 0);
    assert_int_equal(l->closed[1], KITH_EBLOCKED);
}

/* PROTOCOL section 11: Alice and Bob. */
static void the_code_is_the_same_on_both_sides_and_as_written_down(void **state)
{
    struct lone_key alice, bob, other;
    char ours[KITH_CODE_SIZE], theirs[KITH_CODE_SIZE], else_[KITH_CODE_SIZE];
    static const uint8_t ids[2][KITH_ID_SIZE] = {
        {0x8a, 0x88, 0xe3, 0xdd, 0x74, 0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb,
         0x2d, 0x3c, 0xba, 0x5d, 0x72, 0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94,
         0x12, 0x1b, 0xf3, 0x74, 0x88, 0x01, 0xb4, 0x0f, 0x6f, 0x5c},
        {0x81, 0x39, 0x77, 0x0e, 0xa8, 0x7d, 0x17, 0x5f, 0x56, 0xa3, 0x54,
         0x66, 0xc3, 0x4c, 0x7e, 0xcc, 0xcb, 0x8d, 0x8a, 0x91, 0xb4, 0xee,
         0x37, 0xa2, 0x5d, 0xf6, 0x0f, 0x5b, 0x8f, 0xc9, 0xb3, 0x94}};
    (void)state;
    memcpy(alice.id.bytes, ids[0], KITH_ID_SIZE);
    memcpy(bob.id.bytes, ids[1], KITH_ID_SIZE);
    lone_key_make(&other, 3);
    kith_digest_code(&alice.id, &bob.id, ours);
    kith_digest_code(&bob.id, &alice.id, theirs);
    kith_digest_code(&alice.id, &other.id, else_);
    assert_string_equal(ours, "34353 40867 51757 36705 31362 68461");
    assert_string_equal(ours, theirs);
    assert_string_not_equal(ours, else_);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocking_closes_the_link_and_refuses_the_next),
        TEST(connecting_by_hand_does_not_take_a_block_back),
        TEST(a_configured_address_of_a_blocked_peer_rests_until_it_is_unblocked),
        TEST(a_block_that_cannot_be_stored_is_none),
        TEST(nothing_is_sent_to_who_is_blocked),
        TEST(what_others_pass_on_of_it_is_kept),
        TEST(a_stranger_of_its_name_does_not_shadow_a_verified_peer),
        TEST(nobody_marks_himself),
        TEST(marks_are_there_after_a_restart),
        cmocka_unit_test(the_code_is_the_same_on_both_sides_and_as_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
