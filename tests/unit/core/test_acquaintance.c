/* SPDX-License-Identifier: MIT */
/* Who comes, leaves, and leaves nothing: identities cost nothing, and take up little. */
#include "lone.h"

#include "core/acquaintance.h"
#include "core/peer.h"
#include "core/room.h"

#define CROWD (KITH_ACQUAINTANCES_MAX + 100)

static void leave(struct lone *l, const struct lone_peer *peer)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = peer->link;
    in.link_down.error = KITH_ECLOSED;
    lone_step(l, in);
    lone_forget(l);
}

static void meet(struct lone *l, struct lone_peer *peer, uint32_t seed, uint32_t link)
{
    lone_connect(l, peer, seed, link, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
    lone_forget(l);
}

/* By hand. */
static void disconnect(struct lone *l, const struct lone_peer *peer)
{
    struct kith_input in = {
        .type = KITH_INPUT_COMMAND,
        .command = {.type = KITH_COMMAND_DISCONNECT, .disconnect = peer->key.id}};
    lone_step(l, in);
    lone_forget(l);
}

/* As many as `count`, one by one, whom nobody saw before. */
static void pass_by(struct lone *l, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct lone_peer peer;
        meet(l, &peer, first + i, 20 + i % 50);
        leave(l, &peer);
    }
}

static bool is_known(const struct lone *l, uint32_t seed)
{
    struct lone_key key;
    lone_key_make(&key, seed);
    return kith_peer_find(l->node, &key.id) != NULL;
}

static struct lone_log log_of(const struct lone *l, const struct lone_peer *peer)
{
    return (struct lone_log){.author = &peer->key,
                             .room = lone_lobby(),
                             .log = {{1}},
                             .hlc = kith_hlc_from_wall(l->now.wall)};
}

static void of_those_who_left_nothing_the_last_are_remembered(void **state)
{
    struct lone *l = *state;
    size_t rows = l->record_counts[KITH_RECORD_PEER];
    pass_by(l, 1000, CROWD);
    uint32_t peers = kith_node_peer_count(l->node);
    size_t blocks = l->memory.live_blocks;
    assert_in_range(peers, KITH_ACQUAINTANCES_MAX, KITH_ACQUAINTANCES_MAX + 1);
    assert_false(is_known(l, 1000));
    assert_true(is_known(l, 1000 + CROWD - KITH_ACQUAINTANCES_MAX));
    assert_true(is_known(l, 1000 + CROWD - 1));
    pass_by(l, 5000, CROWD);
    assert_int_equal(kith_node_peer_count(l->node), peers);
    assert_int_equal(l->memory.live_blocks, blocks);
    assert_int_equal(l->record_counts[KITH_RECORD_PEER], rows);
}

static void who_said_something_is_kept_whoever_passes_by(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    size_t rows = l->record_counts[KITH_RECORD_PEER];
    meet(l, &peer, 1, 1);
    assert_int_equal(l->record_counts[KITH_RECORD_PEER], rows);
    struct lone_log log = log_of(l, &peer);
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(l->record_counts[KITH_RECORD_PEER], rows + 1);
    leave(l, &peer);
    pass_by(l, 1000, CROWD);
    struct kith_peer_view view;
    assert_true(kith_node_peer(l->node, 1, &view));
    assert_memory_equal(view.id.bytes, peer.key.id.bytes, KITH_ID_SIZE);
}

static void who_is_linked_or_was_sent_off_by_hand_is_remembered(void **state)
{
    struct lone *l = *state;
    struct lone_peer linked, refused;
    meet(l, &linked, 1, 1);
    meet(l, &refused, 2, 2);
    disconnect(l, &refused);
    pass_by(l, 1000, 2 * CROWD);
    assert_int_equal(l->closed[1], 1);
    assert_true(is_known(l, 1));
    meet(l, &refused, 2, 3);
    assert_int_equal(l->closed[3], KITH_EDISCONNECTED);
}

/* What others tell of a log must not rest on its author being known. */
static void what_is_told_of_who_was_forgotten_is_still_heard(void **state)
{
    struct lone *l = *state;
    struct lone_peer author, teller;
    struct kith_writer run, w = kith_writer(&kith_alloc_heap);
    meet(l, &teller, 1, 1);
    meet(l, &author, 2, 2);
    struct lone_log log = log_of(l, &author);
    lone_write(&log, &run, 1, 'a');
    struct kith_vector_entry entry = {author.key.id, KITH_LOG_CONTENT, log.log, 0,
                                      log.seq,       log.head};
    kith_frame_have_encode(&w, &teller.lobby_tag, &entry, 1);
    lone_say(l, &teller, &w);
    kith_writer_deinit(&w);
    leave(l, &author);
    pass_by(l, 1000, CROWD);
    assert_false(is_known(l, 2));
    size_t stored = lone_count_stored(l);
    lone_say_run(l, &teller, &teller.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_stored(l), stored + 1);
    assert_true(is_known(l, 2));
}

/* The next dial that does not expect anybody, within a minute. */
static uint32_t dial_of_nobody(struct lone *l)
{
    for (int step = 0; step < 12000; step++) { /* few at a time: only so many are noted */
        l->dial_count = 0;
        lone_pass(l, KITH_MINUTE / 12000);
        for (size_t i = 0; i < l->dial_count && i < LONE_DIALS_MAX; i++)
            if (!l->dialled[i].has_expected)
                return l->dialled[i].no;
    }
    fail_msg("it is not dialled");
    return 0;
}

static void an_address_outlives_whom_it_led_to(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer, other;
    uint32_t passed = 0;
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = KITH_COMMAND_CONNECT,
                                        .connect = {.host = "10.0.0.9", .port = 999}}};
    lone_step(l, in);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, l->dial_nos[l->dial_count - 1]);
    lone_greet(l, &peer);
    leave(l, &peer);
    while (is_known(l, 1))
        pass_by(l, 1000 + passed++, 1);
    meet(l, &other, 9000, 10); /* has its number, and is not wanted */
    disconnect(l, &other);
    lone_connect(l, &peer, 1, 2, KITH_ROLE_LISTENER, dial_of_nobody(l));
    lone_greet(l, &peer);
    assert_int_equal(l->closed[2], 1);
    assert_true(is_known(l, 1));
}

/* The shell has yet to say that the link is down. */
static void who_is_on_a_link_that_is_being_closed_is_remembered(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    meet(l, &peer, 1, 1);
    l->is_down_held = true;
    lone_say_raw(l, &peer, BYTES("\x05")); /* a BYE cut short */
    l->is_down_held = false;
    assert_int_equal(l->closed[1], KITH_EPROTO);
    pass_by(l, 1000, CROWD);
    assert_true(is_known(l, 1));
    leave(l, &peer);
    pass_by(l, 5000, CROWD);
    assert_false(is_known(l, 1));
}

static void who_left_a_word_that_is_being_verified_is_remembered(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    meet(l, &peer, 1, 1);
    struct lone_log log = log_of(l, &peer);
    log.room = lone_direct(l, &peer);
    l->is_verify_held = true;
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.direct_tag, &run);
    kith_writer_deinit(&run);
    size_t stored = lone_count_stored(l);
    leave(l, &peer);
    pass_by(l, 1000, CROWD);
    assert_true(is_known(l, 1));
    lone_verify(l);
    assert_int_equal(lone_count_stored(l), stored + 1);
}

static void who_never_was_in_a_direct_room_is_in_the_way_of_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_key key;
    lone_key_make(&key, 1);
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = KITH_COMMAND_VERIFY, .token = 3}};
    in.command.mark.peer = key.id;
    lone_step(l, in);
    assert_true(kith_room_forget_direct(l->node, kith_peer_find(l->node, &key.id)));
}

static void a_place_that_is_given_again_may_find_no_memory(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    pass_by(l, 1000, CROWD);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &peer);
    alloc_failing_arm(&l->memory, 1);
    lone_hello(l, &peer, "sam");
    assert_int_equal(l->error, KITH_ENOMEM);
    assert_false(is_known(l, 1)); /* the teardown looks at what is left */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(of_those_who_left_nothing_the_last_are_remembered),
        TEST(who_said_something_is_kept_whoever_passes_by),
        TEST(who_is_linked_or_was_sent_off_by_hand_is_remembered),
        TEST(what_is_told_of_who_was_forgotten_is_still_heard),
        TEST(an_address_outlives_whom_it_led_to),
        TEST(who_is_on_a_link_that_is_being_closed_is_remembered),
        TEST(who_left_a_word_that_is_being_verified_is_remembered),
        TEST(who_never_was_in_a_direct_room_is_in_the_way_of_nothing),
        TEST(a_place_that_is_given_again_may_find_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
