/* SPDX-License-Identifier: MIT */
/* Rooms of a network in which the home was before, and peers of one it never was in. */
#include "lone.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/digest.h"

#define OTHERS 3 /* number of the room of the other network */

static const uint8_t other_key[KITH_NETWORK_KEY_SIZE] = {8};

static int setup(void **state)
{
    *state = malloc(sizeof(struct lone));
    lone_init(*state);
    return 0;
}

static int restore_room(struct lone *l, uint32_t no, struct kith_id id)
{
    struct kith_record record = {
        .type = KITH_RECORD_ROOM,
        .room = {.no = no, .id = id, .kind = KITH_ROOM_OPEN, .name = {.text = "lobby"}}};
    return kith_node_restore(l->node, &record);
}

/* A home whose name is told in the lobby of another network, where it wrote one event. */
static struct kith_id restore_home(struct lone *l)
{
    struct kith_id id = kith_digest_open_room(other_key, KITH_LOBBY_NAME);
    struct kith_record meta = {.type = KITH_RECORD_META,
                               .meta = {.arrival_next = 2,
                                        .peer_no_next = 1,
                                        .room_no_next = OTHERS + 1,
                                        .log_no_next = 2}};
    struct kith_record self = {
        .type = KITH_RECORD_PEER,
        .peer = {.id = l->key.id, .name = {.text = "lone"}, .name_hlc = 5}};
    struct kith_record log = {.type = KITH_RECORD_LOG,
                              .log = {.no = 1,
                                      .room_no = OTHERS,
                                      .log = {{1}},
                                      .log_class = KITH_LOG_CONTENT,
                                      .seq_first = 1,
                                      .seq = 1,
                                      .head = {{2}},
                                      .hlc = 5}};
    assert_int_equal(kith_node_restore(l->node, &meta), 0);
    assert_int_equal(kith_node_restore(l->node, &self), 0);
    assert_int_equal(restore_room(l, OTHERS, id), 0);
    assert_int_equal(kith_node_restore(l->node, &log), 0);
    return id;
}

static bool is_among(const struct lone_frame *rooms, struct kith_tag tag)
{
    for (size_t at = 0; at + KITH_TAG_SIZE <= rooms->size; at++)
        if (memcmp(rooms->fields + at, tag.bytes, KITH_TAG_SIZE) == 0)
            return true;
    return false;
}

static void a_room_of_another_network_is_kept_and_marked(void **state)
{
    struct lone *l = *state;
    struct kith_room_view room;
    struct kith_id id = restore_home(l);
    lone_start(l);
    assert_true(kith_node_room(l->node, OTHERS, &room));
    assert_true(kith_id_equal(&room.id, &id));
    assert_int_equal(room.kind, KITH_ROOM_OPEN);
    assert_string_equal(room.name, "lobby");
    assert_true(room.is_foreign);
    assert_true(kith_node_room(l->node, OTHERS + 1, &room)); /* the lobby of now */
    assert_false(room.is_foreign);
}

static void a_room_of_another_network_is_offered_to_nobody(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_id id = restore_home(l), lobby = lone_lobby();
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    const struct lone_frame *rooms = lone_last_sent(l, 1, KITH_FRAME_ROOMS);
    assert_true(is_among(rooms, kith_digest_tag(peer.exporter_room, KITH_ROLE_LISTENER,
                                                &l->key.id, &peer.key.id, &lobby)));
    assert_false(is_among(rooms, kith_digest_tag(peer.exporter_room, KITH_ROLE_LISTENER,
                                                 &l->key.id, &peer.key.id, &id)));
}

/* Even a peer that knows the room, for it was in that network too, gets nothing of it. */
static void a_tag_of_a_room_of_another_network_grants_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_id id = restore_home(l);
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    peer.lobby_tag =
        kith_digest_tag(peer.exporter_room, peer.role, &peer.key.id, &l->key.id, &id);
    lone_greet(l, &peer);
    size_t vectors = lone_count_sent(l, 1, KITH_FRAME_VECTOR);
    assert_int_equal(vectors, 1); /* of the direct room alone */
    assert_int_equal(l->closed[1], 1);
}

static void it_is_found_by_name_and_short_id_alone(void **state)
{
    struct lone *l = *state;
    struct kith_target target;
    char brief[KITH_ID_SHORT_SIZE], text[64];
    struct kith_id id = restore_home(l);
    lone_start(l);
    kith_id_format_short(&id, brief);
    int size = snprintf(text, sizeof text, "#lobby~%s", brief);
    assert_int_equal(
        kith_node_find(l->node, kith_bytes(text, (size_t)size), &target, NULL, 0, NULL),
        0);
    assert_int_equal(target.room_no, OTHERS);
    assert_true(target.is_foreign);
    assert_int_equal(kith_node_find(l->node, BYTES("#lobby"), &target, NULL, 0, NULL), 0);
    assert_int_equal(target.room_no, OTHERS + 1);
    assert_false(target.is_foreign);
    assert_int_equal(kith_node_find(l->node, kith_bytes(text, (size_t)size - 1), &target,
                                    NULL, 0, NULL),
                     KITH_ENOTFOUND);
    text[1] = 'b';
    assert_int_equal(
        kith_node_find(l->node, kith_bytes(text, (size_t)size), &target, NULL, 0, NULL),
        KITH_ENOTFOUND);
    assert_int_equal(kith_node_find(l->node, BYTES("#lobby~"), &target, NULL, 0, NULL),
                     KITH_ENOTFOUND);
}

static void the_name_is_told_anew_in_a_new_network_and_once(void **state)
{
    struct lone *l = *state;
    restore_home(l);
    lone_start(l);
    assert_int_equal(l->run_count, 1);
    assert_int_equal(l->runs[0].log_no, 2);
}

static void import(struct lone *l, struct lone_log *log, size_t count, char text)
{
    struct kith_writer run;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    lone_write(log, &run, count, text);
    in.command.type = KITH_COMMAND_IMPORT;
    in.command.token = 5;
    in.command.import.room = log->room;
    in.command.import.kind = KITH_ROOM_OPEN;
    in.command.import.name = (struct kith_name){.text = KITH_LOBBY_NAME};
    in.command.import.run = kith_writer_view(&run);
    lone_step(l, in);
    kith_writer_deinit(&run);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, 0);
}

static void what_was_said_there_is_imported_as_anywhere(void **state)
{
    struct lone *l = *state;
    struct lone_key author;
    struct lone_log log = {.author = &author,
                           .room = restore_home(l),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    lone_key_make(&author, 50);
    lone_start(l);
    import(l, &log, 2, 'a');
    assert_int_equal(lone_last_told(l, KITH_NOTICE_MESSAGE)->message.room_no, OTHERS);
    assert_int_equal(lone_count_stored(l), 3); /* our own profile is one */
}

/* Its lobby is one, too. */
static void who_wrote_there_is_called_as_there(void **state)
{
    struct lone *l = *state;
    struct lone_key author;
    struct lone_log log = {.author = &author,
                           .room = restore_home(l),
                           .log = {{1}},
                           .log_class = KITH_LOG_CONTROL,
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct kith_peer_view peer;
    lone_key_make(&author, 50);
    lone_start(l);
    import(l, &log, 1, 's');
    uint32_t no = lone_last_told(l, KITH_NOTICE_MESSAGE)->message.author_no;
    assert_true(kith_node_peer(l->node, no, &peer));
    assert_string_equal(peer.name, "s");
    assert_string_equal(l->peer_row.name.text, "s");
}

static void a_room_of_this_network_comes_back_to_life(void **state)
{
    struct lone *l = *state;
    struct kith_room_view room;
    struct kith_record meta = {
        .type = KITH_RECORD_META,
        .meta = {
            .arrival_next = 1, .peer_no_next = 1, .room_no_next = 2, .log_no_next = 1}};
    assert_int_equal(kith_node_restore(l->node, &meta), 0);
    assert_int_equal(restore_room(l, 1, lone_lobby()), 0);
    assert_true(kith_node_room(l->node, 1, &room));
    assert_false(room.is_foreign);
}

static void one_room_twice_is_corrupt(void **state)
{
    struct lone *l = *state;
    struct kith_id id = restore_home(l);
    assert_int_equal(restore_room(l, 1, id), KITH_ECORRUPT);
    assert_int_equal(restore_room(l, 1, lone_lobby()), 0);
}

/* ---- peers of another network ---- */

static void assert_warned(const struct lone *l, const struct lone_peer *peer)
{
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_WARNING);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 1);
    assert_int_equal(told->warning.warning, KITH_WARNING_NETWORK);
    assert_int_equal(told->warning.error, KITH_EPROOF);
    assert_true(kith_id_equal(&told->warning.peer, &peer->key.id));
    assert_string_equal(told->warning.address.host, "10.0.0.9");
    assert_int_equal(kith_node_peer_count(l->node), 0);
}

static void link_down(struct lone *l, uint32_t link, int error)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = link;
    in.link_down.error = error;
    lone_step(l, in);
}

static void a_listener_that_gets_a_wrong_proof_says_so(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t wrong[33] = {KITH_FRAME_PROOF, 1, 2, 3};
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_say_raw(l, &peer, kith_bytes(wrong, sizeof(wrong)));
    assert_warned(l, &peer);
}

static void a_dialler_whose_proof_is_refused_says_so(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    uint8_t bye[] = {KITH_FRAME_BYE, KITH_BYE_FAULT};
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    lone_say_raw(l, &peer, kith_bytes(bye, sizeof(bye)));
    assert_warned(l, &peer);
}

static void a_dialler_that_is_hung_up_on_without_a_word_says_so(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    link_down(l, 1, KITH_ECLOSED);
    assert_warned(l, &peer);
}

static void who_hangs_up_on_the_listener_is_accused_of_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_start(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    link_down(l, 1, KITH_ECLOSED);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_WARNING), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_room_of_another_network_is_kept_and_marked),
        TEST(a_room_of_another_network_is_offered_to_nobody),
        TEST(what_was_said_there_is_imported_as_anywhere),
        TEST(who_wrote_there_is_called_as_there),
        TEST(a_tag_of_a_room_of_another_network_grants_nothing),
        TEST(it_is_found_by_name_and_short_id_alone),
        TEST(the_name_is_told_anew_in_a_new_network_and_once),
        TEST(a_room_of_this_network_comes_back_to_life),
        TEST(one_room_twice_is_corrupt),
        TEST(a_listener_that_gets_a_wrong_proof_says_so),
        TEST(a_dialler_whose_proof_is_refused_says_so),
        TEST(a_dialler_that_is_hung_up_on_without_a_word_says_so),
        TEST(who_hangs_up_on_the_listener_is_accused_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
