/* SPDX-License-Identifier: MIT */
/* Joining and leaving open rooms, on links that are live already. */
#include "lone.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/digest.h"

static const uint8_t network_key[KITH_NETWORK_KEY_SIZE] = {7};

static int setup(void **state)
{
    *state = malloc(sizeof(struct lone));
    lone_init(*state);
    lone_start(*state);
    return 0;
}

static void ask(struct lone *l, enum kith_command_type type, const char *name)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = type, .token = 9}};
    snprintf(in.command.room.text, sizeof(in.command.room.text), "%s", name);
    lone_step(l, in);
}

static int answer(const struct lone *l)
{
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_REPLY);
    return told == NULL ? 1 : told->reply.error;
}

/* The number of the room. */
static uint32_t join(struct lone *l, const char *name)
{
    lone_forget(l);
    ask(l, KITH_COMMAND_JOIN, name);
    assert_int_equal(answer(l), 0);
    return lone_last_told(l, KITH_NOTICE_REPLY)->reply.room_no;
}

static bool is_in(const struct lone *l, uint32_t room_no)
{
    struct kith_room_view room;
    return kith_node_room(l->node, room_no, &room) && room.is_joined;
}

static struct kith_id room_id(const char *name)
{
    return kith_digest_open_room(network_key, name);
}

/* The tag of a room in what the node, or the peer, sends. */
static struct kith_tag tag_out(const struct lone *l, const struct lone_peer *peer,
                               const char *name)
{
    struct kith_id id = room_id(name);
    enum kith_role role =
        peer->role == KITH_ROLE_DIALLER ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER;
    return kith_digest_tag(peer->exporter_room, role, &l->key.id, &peer->key.id, &id);
}

static struct kith_tag tag_in(const struct lone *l, const struct lone_peer *peer,
                              const char *name)
{
    struct kith_id id = room_id(name);
    return kith_digest_tag(peer->exporter_room, peer->role, &peer->key.id, &l->key.id,
                           &id);
}

static size_t count_tags(const struct lone_frame *rooms, struct kith_tag tag)
{
    size_t count = 0;
    for (size_t at = 2; at + KITH_TAG_SIZE <= rooms->size; at += KITH_TAG_SIZE)
        count += memcmp(rooms->fields + at, tag.bytes, KITH_TAG_SIZE) == 0;
    return count;
}

static bool offers(const struct lone *l, const struct lone_peer *peer, const char *name)
{
    const struct lone_frame *rooms = lone_last_sent(l, peer->link, KITH_FRAME_ROOMS);
    return rooms != NULL && count_tags(rooms, tag_out(l, peer, name)) == 1;
}

static void the_lobby_is_joined_from_the_beginning(void **state)
{
    (void)state;
    struct lone *l = malloc(sizeof(*l));
    struct lone_peer peer;
    lone_init(l);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    uint32_t room_no = join(l, KITH_LOBBY_NAME); /* before anything was written there */
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ROOMS), 0); /* it is known */
    assert_true(is_in(l, room_no));
    lone_teardown((void **)&l);
}

static void greet(struct lone *l, struct lone_peer *peer, uint8_t seed, uint32_t link)
{
    lone_connect(l, peer, seed, link, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, KITH_TAG_SIZE);
}

/* The peer offers the lobby, and `name` unless it is NULL. */
static void say_rooms(struct lone *l, struct lone_peer *peer, const char *name)
{
    struct kith_tag tags[3] = {peer->lobby_tag, peer->direct_tag};
    size_t count = 2;
    if (name != NULL)
        tags[count++] = tag_in(l, peer, name);
    qsort(tags, count, sizeof(tags[0]), compare);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_rooms_encode(&w, &(struct kith_frame_rooms){count, tags[0].bytes});
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

static void say_vector(struct lone *l, struct lone_peer *peer, const char *name,
                       const struct lone_log *log)
{
    struct kith_tag tag = tag_in(l, peer, name);
    struct kith_vector_entry entry = {.author = log->author->id,
                                      .log_class = log->log_class,
                                      .log = log->log,
                                      .seq = log->seq,
                                      .head = log->head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_vector_encode(&w, &tag, true, &entry, log->seq > 0 ? 1 : 0);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

static void say_run(struct lone *l, struct lone_peer *peer, const char *name,
                    struct lone_log *log)
{
    struct kith_tag tag = tag_in(l, peer, name);
    struct kith_writer run;
    lone_write(log, &run, 1, 'a');
    lone_say_run(l, peer, &tag, &run);
    kith_writer_deinit(&run);
}

static int send_to(struct lone *l, uint32_t room_no)
{
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND,
                            .command = {.type = KITH_COMMAND_SEND, .token = 5}};
    in.command.send.room_no = room_no;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_forget(l);
    lone_step(l, in);
    return answer(l);
}

/* ---- joining ---- */

static void joining_offers_the_room_on_every_live_link(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    greet(l, &first, 1, 1);
    greet(l, &second, 2, 2);
    assert_false(offers(l, &first, "garden"));
    uint32_t no = join(l, "garden");
    assert_true(is_in(l, no));
    assert_true(offers(l, &first, "garden"));
    assert_true(offers(l, &second, "garden"));
    assert_true(offers(l, &first, KITH_LOBBY_NAME));
}

static void a_later_link_is_offered_it_with_the_others(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    join(l, "garden");
    greet(l, &peer, 1, 1);
    assert_true(offers(l, &peer, "garden"));
}

static void joining_is_answered_once_it_is_stored(void **state)
{
    struct lone *l = *state;
    l->is_store_held = true;
    lone_forget(l);
    ask(l, KITH_COMMAND_JOIN, "garden");
    assert_int_equal(lone_count_told(l, KITH_NOTICE_REPLY), 0);
    lone_commit(l);
    assert_int_equal(answer(l), 0);
    assert_int_equal(l->record_counts[KITH_RECORD_ROOM], 2); /* and the lobby */
}

static void joining_twice_changes_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, 1);
    uint32_t no = join(l, "garden");
    assert_int_equal(join(l, "garden"), no);
    assert_int_equal(l->sent_count, 0);
    assert_int_equal(l->record_counts[KITH_RECORD_ROOM], 2);
}

static void a_room_that_cannot_be_stored_is_not_joined(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, 1);
    uint32_t no = join(l, "before");
    l->store_error = KITH_EFULL;
    ask(l, KITH_COMMAND_LEAVE, "before");
    assert_int_equal(answer(l), KITH_EFULL);
    assert_true(is_in(l, no));
    ask(l, KITH_COMMAND_JOIN, "garden");
    assert_int_equal(answer(l), KITH_EFULL);
    assert_false(offers(l, &peer, "garden"));
    assert_true(offers(l, &peer, "before"));
    l->store_error = 0;
    assert_true(is_in(l, join(l, "garden")));
}

static void there_is_a_limit(void **state)
{
    struct lone *l = *state;
    char name[16];
    for (int i = 1; i < KITH_JOINED_MAX; i++) { /* the lobby is one */
        snprintf(name, sizeof(name), "room %d", i);
        join(l, name);
    }
    ask(l, KITH_COMMAND_JOIN, "one more");
    assert_int_equal(answer(l), KITH_ELIMIT);
    ask(l, KITH_COMMAND_LEAVE, "room 1");
    join(l, "one more");
}

/* ---- what comes of it ---- */

static void who_has_the_room_is_asked_for_what_was_said(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    struct lone_log log = {.author = &peer.key, .room = room_id("garden"), .log = {{1}}};
    greet(l, &peer, 1, 1);
    lone_write(&log, &run, 3, 'a');
    say_rooms(l, &peer, "garden");
    join(l, "garden");
    lone_forget(l);
    say_vector(l, &peer, "garden", &log); /* the answer to our ROOMS */
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_VECTOR), 1);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 1);
    size_t stored = lone_count_stored(l);
    struct kith_tag tag = tag_in(l, &peer, "garden");
    lone_say_run(l, &peer, &tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_stored(l), stored + 3);
    assert_int_equal(l->closed[1], 1);
}

static void who_joins_later_is_sent_our_vector(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, 1);
    join(l, "garden");
    lone_forget(l);
    say_rooms(l, &peer, "garden");
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_VECTOR), 1);
    say_rooms(l, &peer, "garden");
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_VECTOR), 1);
}

static void what_is_said_in_a_room_goes_to_who_is_in_it(void **state)
{
    struct lone *l = *state;
    struct lone_peer in, out;
    greet(l, &in, 1, 1);
    greet(l, &out, 2, 2);
    uint32_t no = join(l, "garden");
    say_rooms(l, &in, "garden");
    assert_int_equal(send_to(l, no), 0);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.room_no, no);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_RUN), 1);
    assert_int_equal(l->sent_count, 1);
}

static void rooms_of_one_name_are_found_however_it_is_typed(void **state)
{
    struct lone *l = *state;
    struct kith_target target;
    uint32_t no = join(l, "garden");
    assert_int_equal(kith_node_find(l->node, BYTES("#Garden"), &target, NULL, 0, NULL),
                     0);
    assert_int_equal(target.room_no, no);
    assert_false(target.is_left || target.is_direct || target.is_foreign);
    assert_int_equal(kith_node_find(l->node, BYTES("#other"), &target, NULL, 0, NULL),
                     KITH_ENOTFOUND);
}

/* ---- leaving ---- */

static void leaving_takes_the_offer_back_and_keeps_what_was_said(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_target target;
    struct lone_log log = {.author = &peer.key, .room = room_id("garden"), .log = {{1}}};
    greet(l, &peer, 1, 1);
    uint32_t no = join(l, "garden");
    say_rooms(l, &peer, "garden");
    say_run(l, &peer, "garden", &log);
    size_t stored = lone_count_stored(l);
    ask(l, KITH_COMMAND_LEAVE, "garden");
    assert_int_equal(answer(l), 0);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.room_no, no);
    assert_false(is_in(l, no));
    assert_false(offers(l, &peer, "garden"));
    assert_true(offers(l, &peer, KITH_LOBBY_NAME));
    say_run(l, &peer, "garden", &log); /* on its way when we left */
    assert_int_equal(lone_count_stored(l), stored);
    assert_int_equal(l->closed[1], 1);
    assert_int_equal(kith_node_find(l->node, BYTES("#garden"), &target, NULL, 0, NULL),
                     0);
    assert_true(target.is_left);
    assert_int_equal(target.room_no, no);
    assert_int_equal(send_to(l, no), KITH_ENOTFOUND);
}

static void who_comes_back_gets_what_was_said_meanwhile(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct lone_log log = {.author = &peer.key, .room = room_id("garden"), .log = {{1}}};
    struct kith_writer missed;
    greet(l, &peer, 1, 1);
    uint32_t no = join(l, "garden");
    say_rooms(l, &peer, "garden");
    say_run(l, &peer, "garden", &log);
    size_t stored = lone_count_stored(l);
    ask(l, KITH_COMMAND_LEAVE, "garden");
    lone_write(&log, &missed, 2, 'x');
    assert_int_equal(join(l, "garden"), no);
    assert_true(offers(l, &peer, "garden"));
    lone_forget(l);
    say_vector(l, &peer, "garden", &log);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 1); /* and at once */
    struct kith_tag tag = tag_in(l, &peer, "garden");
    lone_say_run(l, &peer, &tag, &missed);
    kith_writer_deinit(&missed);
    assert_int_equal(lone_count_stored(l), stored + 2);
}

static void a_peer_that_left_gets_no_more_and_all_when_it_returns(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, 1);
    uint32_t no = join(l, "garden");
    say_rooms(l, &peer, "garden");
    assert_int_equal(send_to(l, no), 0);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_RUN), 1);
    say_rooms(l, &peer, NULL);
    assert_int_equal(send_to(l, no), 0);
    assert_int_equal(l->sent_count, 0);
    say_rooms(l, &peer, "garden");
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_VECTOR), 1);
}

static void what_a_peer_that_left_was_asked_for_is_asked_of_others(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_writer run;
    struct lone_log log = {.author = &first.key, .room = room_id("garden"), .log = {{1}}};
    greet(l, &first, 1, 1);
    greet(l, &second, 2, 2);
    join(l, "garden");
    say_rooms(l, &first, "garden");
    say_rooms(l, &second, "garden");
    lone_write(&log, &run, 1, 'a');
    kith_writer_deinit(&run);
    say_vector(l, &first, "garden", &log);
    say_vector(l, &second, "garden", &log);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 1);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 0);
    say_rooms(l, &first, NULL);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_GRAFT), 1);
}

static void the_lobby_and_rooms_one_is_not_in_cannot_be_left(void **state)
{
    struct lone *l = *state;
    ask(l, KITH_COMMAND_LEAVE, KITH_LOBBY_NAME);
    assert_int_equal(answer(l), KITH_EINVALID);
    ask(l, KITH_COMMAND_LEAVE, "garden");
    assert_int_equal(answer(l), KITH_ENOTFOUND);
    join(l, "garden");
    ask(l, KITH_COMMAND_LEAVE, "garden");
    ask(l, KITH_COMMAND_LEAVE, "garden");
    assert_int_equal(answer(l), KITH_ENOTFOUND);
}

static void two_offers_differ_in_the_room_alone(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, 1);
    struct lone_frame before = *lone_last_sent(l, 1, KITH_FRAME_ROOMS);
    join(l, "garden");
    const struct lone_frame *after = lone_last_sent(l, 1, KITH_FRAME_ROOMS);
    size_t kept = 0;
    assert_int_equal(before.size, 2 + 16 * KITH_TAG_SIZE);
    assert_int_equal(after->size, before.size);
    for (size_t i = 0; i < 16; i++) {
        struct kith_tag tag;
        memcpy(tag.bytes, before.fields + 2 + i * KITH_TAG_SIZE, KITH_TAG_SIZE);
        kept += count_tags(after, tag);
    }
    assert_int_equal(kept, 15);
}

/* ---- over a restart ---- */

static void what_was_joined_and_left_is_so_after_a_restart(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    struct lone_peer peer;
    static const char *const names[] = {KITH_LOBBY_NAME, "garden", "attic"};
    struct kith_record meta = {
        .type = KITH_RECORD_META,
        .meta = {
            .arrival_next = 1, .peer_no_next = 1, .room_no_next = 4, .log_no_next = 1}};
    (void)state;
    lone_init(l);
    assert_int_equal(kith_node_restore(l->node, &meta), 0);
    for (uint32_t no = 1; no <= 3; no++) {
        struct kith_record record = {.type = KITH_RECORD_ROOM,
                                     .room = {.no = no,
                                              .id = room_id(names[no - 1]),
                                              .kind = KITH_ROOM_OPEN,
                                              .is_joined = no == 2}};
        snprintf(record.room.name.text, sizeof(record.room.name.text), "%s",
                 names[no - 1]);
        assert_int_equal(kith_node_restore(l->node, &record), 0);
    }
    lone_start(l);
    greet(l, &peer, 1, 1);
    assert_true(offers(l, &peer, KITH_LOBBY_NAME)); /* whatever its row says */
    assert_true(offers(l, &peer, "garden"));
    assert_false(offers(l, &peer, "attic"));
    assert_false(is_in(l, 3));
    lone_deinit(l);
    free(l);
}

static void each_is_answered_once_its_own_row_is_stored(void **state)
{
    struct lone *l = *state;
    lone_forget(l);
    l->is_store_held = true;
    ask(l, KITH_COMMAND_JOIN, "garden");
    struct kith_input stored = {.type = KITH_INPUT_STORED};
    stored.stored.store_no = l->store_no;
    ask(l, KITH_COMMAND_JOIN, "kitchen");
    assert_int_equal(lone_count_told(l, KITH_NOTICE_REPLY), 0);
    lone_step(l, stored);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_REPLY), 1);
    l->is_store_held = false;
    lone_commit(l);
    assert_int_equal(lone_count_told(l, KITH_NOTICE_REPLY), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lobby_is_joined_from_the_beginning),
        TEST(joining_offers_the_room_on_every_live_link),
        TEST(each_is_answered_once_its_own_row_is_stored),
        TEST(a_later_link_is_offered_it_with_the_others),
        TEST(joining_is_answered_once_it_is_stored),
        TEST(joining_twice_changes_nothing),
        TEST(a_room_that_cannot_be_stored_is_not_joined),
        TEST(there_is_a_limit),
        TEST(who_has_the_room_is_asked_for_what_was_said),
        TEST(who_joins_later_is_sent_our_vector),
        TEST(what_is_said_in_a_room_goes_to_who_is_in_it),
        TEST(rooms_of_one_name_are_found_however_it_is_typed),
        TEST(leaving_takes_the_offer_back_and_keeps_what_was_said),
        TEST(who_comes_back_gets_what_was_said_meanwhile),
        TEST(a_peer_that_left_gets_no_more_and_all_when_it_returns),
        TEST(what_a_peer_that_left_was_asked_for_is_asked_of_others),
        TEST(the_lobby_and_rooms_one_is_not_in_cannot_be_left),
        TEST(two_offers_differ_in_the_room_alone),
        cmocka_unit_test(what_was_joined_and_left_is_so_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
