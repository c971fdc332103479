/* SPDX-License-Identifier: MIT */
/* What others may ask of a node without changing it. */
#include "tracked.h"

#include <stdlib.h>

#include "core/digest.h"
#include "core/node_trackers.h"

static void send_text(struct lone *l, const struct lone_peer *peer)
{
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.is_direct = peer != NULL;
    if (peer != NULL)
        in.command.send.peer = peer->key.id;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
}

static void meet(struct lone *l, struct lone_peer *peer)
{
    lone_connect(l, peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
}

static void rooms_are_known_by_number_and_by_id(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_room_view room;
    meet(l, &peer);
    send_text(l, &peer);
    struct kith_id lobby = lone_lobby(), direct = lone_direct(l, &peer);
    uint32_t lobby_no = kith_node_room_no(l->node, &lobby);
    uint32_t direct_no = kith_node_room_no(l->node, &direct);
    assert_int_equal(kith_node_room_count(l->node), 2);
    assert_true(kith_node_room(l->node, lobby_no, &room));
    assert_string_equal(room.name, KITH_LOBBY_NAME);
    assert_int_equal(room.online_count, 1);
    assert_true(kith_node_room(l->node, direct_no, &room));
    assert_int_equal(room.peer_no, 1);
    assert_false(kith_node_room(l->node, 99, &room));
    assert_int_equal(kith_node_room_no(l->node, &peer.key.id), 0);
}

static void who_is_in_a_room_is_who_shares_it_now(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_id lobby = lone_lobby();
    meet(l, &peer);
    uint32_t lobby_no = kith_node_room_no(l->node, &lobby);
    assert_true(kith_node_is_in_room(l->node, lobby_no, 1));
    assert_false(kith_node_is_in_room(l->node, lobby_no, 2));
    assert_false(kith_node_is_in_room(l->node, 99, 1));
}

static void logs_are_known_by_number(void **state)
{
    struct lone *l = *state;
    struct kith_log_view log;
    send_text(l, NULL);
    uint32_t no = lone_last_told(l, KITH_NOTICE_REPLY)->reply.log_no;
    assert_true(kith_node_log(l->node, no, &log));
    assert_int_equal(log.author_no, 0);
    assert_int_equal(log.log_class, KITH_LOG_CONTENT);
    assert_int_equal(log.head_seq, 1);
    assert_false(kith_node_log(l->node, 0, &log));
    assert_false(kith_node_log(l->node, 99, &log));
}

static void the_numbers_of_a_log_are_those_of_its_branches(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    uint32_t nos[4];
    meet(l, &peer);
    struct lone_log log = {.author = &peer.key,
                           .room = lone_lobby(),
                           .log = {{7}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct lone_log fork = log;
    assert_int_equal(
        kith_node_log_nos(l->node, &log.room, &peer.key.id, &log.log, nos, 4), 0);
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    lone_write(&fork, &run, 1, 'z');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(
        kith_node_log_nos(l->node, &log.room, &peer.key.id, &log.log, nos, 4), 2);
    assert_int_not_equal(nos[0], nos[1]);
    assert_int_equal(
        kith_node_log_nos(l->node, &log.room, &peer.key.id, &log.log, nos, 1), 1);
    assert_int_equal(
        kith_node_log_nos(l->node, &peer.key.id, &peer.key.id, &log.log, nos, 4), 0);
}

/* The peer says that it holds our log up to `seq`. */
static void acknowledge(struct lone *l, const struct lone_peer *peer, uint32_t log_no,
                        uint64_t seq)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_run *run = malloc(sizeof(*run));
    const struct lone_run *kept = NULL;
    for (size_t i = 0; i < l->run_count; i++)
        if (l->runs[i].log_no == log_no)
            kept = &l->runs[i];
    assert_non_null(kept);
    assert_int_equal(kith_run_decode(kith_bytes(kept->bytes, kept->size), run), 0);
    struct kith_vector_entry entry = {run->author, run->log_class, run->log, 0,
                                      seq,         kept->head};
    kith_frame_have_encode(&w, &peer->lobby_tag, &entry, 1);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
    free(run);
}

/* Something of its own. */
static void say(struct lone *l, const struct lone_peer *peer)
{
    struct lone_log log = {.author = &peer->key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, peer, &peer->lobby_tag, &run);
    kith_writer_deinit(&run);
}

static void who_acknowledged_holds_it(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint32_t holders[2];
    meet(l, &peer);
    send_text(l, NULL);
    uint32_t no = lone_last_told(l, KITH_NOTICE_REPLY)->reply.log_no;
    assert_int_equal(kith_node_holders(l->node, no, 1, holders, 2), 0);
    acknowledge(l, &peer, no, 1);
    assert_int_equal(kith_node_holders(l->node, no, 1, holders, 2), 0);
    say(l, &peer); /* now it is one who is kept, and so is what it holds */
    assert_int_equal(kith_node_holders(l->node, no, 1, holders, 2), 1);
    assert_int_equal(holders[0], 1);
    assert_int_equal(kith_node_holders(l->node, no, 2, holders, 2), 0);
    assert_int_equal(kith_node_holders(l->node, no, 1, holders, 0), 0);
    assert_int_equal(kith_node_holders(l->node, 99, 1, holders, 2), 0);
    assert_int_equal(kith_node_delivery(l->node, no, 1).held_count, 1);
    assert_int_equal(kith_node_delivery(l->node, no, 2).held_count, 0);
    assert_int_equal(kith_node_delivery(l->node, 99, 1).held_count, 0);
}

static void a_whole_id_is_a_target_before_anybody_knows_it(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_target target;
    char text[KITH_ID_TEXT_SIZE];
    struct kith_id stranger = tracked_peer_id(9);
    kith_id_format(&stranger, text);
    struct kith_bytes whole = kith_bytes(text, strlen(text));
    assert_int_equal(kith_node_find(l->node, whole, &target, NULL, 0, NULL), 0);
    assert_true(target.is_direct && kith_id_equal(&target.peer, &stranger));
    assert_int_equal(target.peer_no + target.room_no, 0);
    meet(l, &peer);
    send_text(l, &peer);
    kith_id_format(&peer.key.id, text);
    assert_int_equal(kith_node_find(l->node, whole, &target, NULL, 0, NULL), 0);
    assert_int_equal(target.peer_no, 1);
    assert_int_not_equal(target.room_no, 0);
}

static void nothing_is_no_target(void **state)
{
    struct lone *l = *state;
    struct kith_target target;
    struct kith_peer_view peer;
    const struct kith_bytes none = BYTES(""), tilde = BYTES("bob~abcdefghijkl");
    assert_int_equal(kith_node_find(l->node, none, &target, NULL, 0, NULL),
                     KITH_ENOTFOUND);
    assert_int_equal(kith_node_find(l->node, tilde, &target, NULL, 0, NULL),
                     KITH_ENOTFOUND);
    assert_false(kith_node_peer(l->node, 99, &peer));
}

static void both_sides_read_the_same_code(void **state)
{
    struct lone *l = *state;
    char mine[KITH_CODE_SIZE], theirs[KITH_CODE_SIZE];
    struct kith_id other = tracked_peer_id(9);
    kith_node_code(l->node, &other, mine);
    kith_digest_code(&other, kith_node_id(l->node), theirs);
    assert_string_equal(mine, theirs);
}

/* The peer closes its only link in favour of one that is still being greeted. */
static void who_moves_to_another_link_is_online_as_people_were_told(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer, coming;
    struct kith_peer_view before, view;
    uint8_t bye[] = {KITH_FRAME_BYE, KITH_BYE_REPLACED};
    meet(l, &peer);
    assert_true(kith_node_peer(l->node, 1, &before));
    lone_pass(l, KITH_SECOND);
    lone_connect(l, &coming, 1, 2, KITH_ROLE_DIALLER, 0);
    lone_forget(l);
    lone_say_raw(l, &peer, kith_bytes(bye, sizeof(bye)));
    assert_true(kith_node_peer(l->node, 1, &view));
    assert_int_equal(lone_count_told(l, KITH_NOTICE_PEER), 0);
    assert_true(view.is_online);
    assert_int_equal(view.online_since, before.online_since);
    assert_int_equal(view.path_since, before.online_since);
    assert_int_equal(view.last_seen, l->now.wall);
    lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                     .link_down = {2, KITH_ECLOSED}});
    assert_true(kith_node_peer(l->node, 1, &view));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_PEER)->peer.change, KITH_PEER_OFFLINE);
    assert_false(view.is_online);
}

static void what_is_dated_ahead_is_counted_while_it_waits(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    meet(l, &peer);
    struct lone_log log = {.author = &peer.key,
                           .room = lone_lobby(),
                           .log = {{7}},
                           .hlc = kith_hlc_from_wall(l->now.wall + 25 * KITH_HOUR)};
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(kith_node_parked_count(l->node), 1);
    lone_pass(l, 5 * KITH_SECOND); /* not before */
    assert_int_equal(kith_node_parked_count(l->node), 1);
    l->now.wall += 2 * KITH_HOUR;
    assert_int_equal(kith_node_parked_count(l->node), 1); /* until it has the time */
    lone_step(l, (struct kith_input){.type = KITH_INPUT_TIMEOUT});
    assert_int_equal(kith_node_parked_count(l->node), 0);
}

static void addresses_that_were_reached_come_first(void **state)
{
    static const char *const hosts[] = {"192.168.1.5", "198.51.100.5"};
    struct lone *l = *state;
    struct kith_address addresses[4];
    assert_int_equal(kith_node_addresses(l->node, addresses, 4), 0);
    tracked_listen(l, hosts, 2);
    tracked_join(l, 1);
    tracked_join(l, 2);
    assert_int_equal(kith_node_addresses(l->node, addresses, 4), 2);
    assert_string_equal(addresses[0].host, "198.51.100.5");
    assert_string_equal(addresses[1].host, "192.168.1.5");
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    tracked_reachable(l, 2, "203.0.113.77:4747", true);
    assert_int_equal(kith_node_addresses(l->node, addresses, 4), 3);
    assert_string_equal(addresses[0].host, "203.0.113.77");
    assert_int_equal(kith_node_addresses(l->node, addresses, 1), 1);
}

static void so_does_a_mapped_one_that_was_reached(void **state)
{
    static const char *const hosts[] = {"198.51.100.5"};
    struct lone *l = *state;
    struct kith_address addresses[4];
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_MAPPED;
    in.command.mapped = (struct kith_address){.host = "203.0.113.9", .port = 6000};
    tracked_listen(l, hosts, 1);
    tracked_join(l, 1);
    lone_step(l, in);
    assert_int_equal(kith_node_addresses(l->node, addresses, 4), 1);
    tracked_reachable(l, 1, "203.0.113.9:6000", true);
    assert_int_equal(kith_node_addresses(l->node, addresses, 4), 2);
    assert_string_equal(addresses[0].host, "203.0.113.9");
    assert_int_equal(addresses[0].port, 6000);
}

static void a_candidate_that_is_relayed_says_by_whom(void **state)
{
    static const char *const hosts[] = {"192.168.1.5"};
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_candidate_view candidate;
    struct tracked_peer person = tracked_person(tracked_higher_seed(l));
    tracked_listen(l, hosts, 1);
    tracked_join(l, 1);
    tracked_tell(l, 1, &person);
    tracked_link_up(l, &peer, person.seed, 1, true, false);
    assert_true(kith_node_candidate(l->node, 0, &candidate));
    assert_true(candidate.is_relayed);
    assert_string_equal(candidate.relay.host, "203.0.113.1");
    assert_false(kith_node_candidate(l->node, 1, &candidate));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rooms_are_known_by_number_and_by_id),
        CASE(who_is_in_a_room_is_who_shares_it_now),
        CASE(logs_are_known_by_number),
        CASE(the_numbers_of_a_log_are_those_of_its_branches),
        CASE(who_acknowledged_holds_it),
        CASE(a_whole_id_is_a_target_before_anybody_knows_it),
        CASE(nothing_is_no_target),
        CASE(both_sides_read_the_same_code),
        CASE(who_moves_to_another_link_is_online_as_people_were_told),
        CASE(what_is_dated_ahead_is_counted_while_it_waits),
        CASE(addresses_that_were_reached_come_first),
        CASE(so_does_a_mapped_one_that_was_reached),
        CASE(a_candidate_that_is_relayed_says_by_whom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
