/* SPDX-License-Identifier: MIT */
/* Looking for one certain peer, as an invite names it. */
#include "tracked.h"

#include <stdlib.h>

#include "core/engine.h"

static void seek(struct lone *l, uint64_t token, const struct kith_id *id, size_t count)
{
    static const struct kith_address addresses[] = {
        {.host = "192.0.2.20", .port = 4747}, {.host = "2001:db8::20", .port = 4747}};
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEEK;
    in.command.token = token;
    in.command.seek.id = *id;
    in.command.seek.addresses = addresses;
    in.command.seek.count = count;
    lone_step(l, in);
}

static const struct kith_notice *reply(const struct lone *l)
{
    return lone_last_told(l, KITH_NOTICE_REPLY);
}

static void block(struct lone *l, const struct kith_id *id)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_BLOCK;
    in.command.token = 4;
    in.command.mark.peer = *id;
    in.command.mark.is_on = true;
    lone_step(l, in);
}

static void who_is_sought_is_dialled_at_all_addresses_and_answered_when_linked(
    void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_peer_id(1);
    struct lone_peer peer;
    seek(l, 7, &id, 2);
    assert_int_equal(l->dial_count, 1);
    assert_int_equal(l->dialled[0].address_count, 2);
    assert_true(l->dialled[0].has_expected);
    assert_true(kith_id_equal(&l->dialled[0].expected, &id));
    assert_null(reply(l));
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, l->dialled[0].no);
    assert_null(reply(l)); /* not before it is greeted */
    lone_greet(l, &peer);
    assert_non_null(reply(l));
    assert_int_equal(reply(l)->reply.token, 7);
    assert_int_equal(reply(l)->reply.error, 0);
    assert_true(reply(l)->reply.peer_no > 0);
    struct kith_peer_view view;
    kith_node_peer(l->node, reply(l)->reply.peer_no, &view);
    assert_true(view.is_contact);
}

static void all_trackers_are_asked_for_it(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_peer_id(1);
    tracked_join(l, 1);
    tracked_join(l, 2);
    tracked_add(l, 3, NULL); /* away */
    seek(l, 7, &id, 0);
    for (uint32_t no = 1; no <= 2; no++) {
        struct kith_frame_lookup frame;
        const struct lone_frame *sent =
            lone_last_sent(l, LONE_TRACKER + no, KITH_FRAME_LOOKUP);
        assert_non_null(sent);
        assert_int_equal(
            kith_frame_lookup_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
        assert_int_equal(frame.by, KITH_LOOKUP_ID);
        assert_true(kith_bytes_equal(frame.value, kith_bytes(id.bytes, KITH_ID_SIZE)));
    }
    assert_int_equal(tracked_count(l, 3, KITH_FRAME_LOOKUP), 0);
    struct tracked_peer told = {
        .seed = 1, .token = 2, .address_count = 1, .addresses = {"192.0.2.77:4747"}};
    tracked_tell(l, 2, &told);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
    assert_string_equal(l->dials[0].host, "192.0.2.77");
}

/* More look-ups than those it needs, and a tracker lets it go. */
static void no_contact_stands_before_who_is_sought(void **state)
{
    struct lone *l = *state;
    uint8_t last = KITH_SEEK_SOUGHT + 10;
    for (uint8_t seed = 1; seed < last; seed++) {
        struct kith_id contact = tracked_peer_id(seed);
        seek(l, 0, &contact, 0);
    }
    tracked_join(l, 1);
    struct kith_id id = tracked_peer_id(last);
    seek(l, 7, &id, 0);
    struct kith_frame_lookup frame;
    const struct lone_frame *sent =
        lone_last_sent(l, LONE_TRACKER + 1, KITH_FRAME_LOOKUP);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_LOOKUP), 1);
    assert_int_equal(
        kith_frame_lookup_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
    assert_true(kith_bytes_equal(frame.value, kith_bytes(id.bytes, KITH_ID_SIZE)));
}

static void who_is_sought_is_asked_for_at_a_tracker_that_comes_later(void **state)
{
    struct lone *l = *state;
    uint8_t last = KITH_SEEK_SOUGHT + 10;
    struct kith_id id = tracked_peer_id(last);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    for (uint8_t seed = 1; seed < last; seed++) {
        struct kith_id contact = tracked_peer_id(seed);
        seek(l, 0, &contact, 0);
    }
    tracked_add(l, 1, NULL);
    seek(l, 7, &id, 0);
    tracked_up(l, 1, "198.51.100.1");
    tracked_welcome(l, 1, "203.0.113.77:4747");
    kith_frame_peers_encode(&w, &(struct kith_frame_peers){.has_more = true});
    tracked_say(l, 1, &w);
    struct kith_frame_lookup frame;
    const struct lone_frame *sent =
        lone_last_sent(l, LONE_TRACKER + 1, KITH_FRAME_LOOKUP);
    assert_non_null(sent);
    assert_int_equal(
        kith_frame_lookup_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
    assert_true(kith_bytes_equal(frame.value, kith_bytes(id.bytes, KITH_ID_SIZE)));
}

static void who_is_not_reached_is_said_so_and_sought_on(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_peer_id(1);
    seek(l, 7, &id, 1);
    lone_pass(l, KITH_SEEK_TIME - KITH_MS);
    assert_null(reply(l));
    lone_pass(l, KITH_MS);
    assert_int_equal(reply(l)->reply.error, KITH_ETIMEDOUT);
    assert_int_equal(reply(l)->reply.token, 7);
    assert_true(l->dial_count >= 2);
}

static void who_is_linked_already_is_answered_at_once(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    seek(l, 7, &peer.key.id, 2);
    assert_int_equal(reply(l)->reply.error, 0);
    assert_int_equal(l->dial_count, 0);
}

static void neither_we_nor_the_blocked_are_sought(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_peer_id(1);
    seek(l, 7, &l->key.id, 1);
    assert_int_equal(reply(l)->reply.error, KITH_ESELF);
    block(l, &id);
    seek(l, 8, &id, 1);
    assert_int_equal(reply(l)->reply.token, 8);
    assert_int_equal(reply(l)->reply.error, KITH_EBLOCKED);
    assert_int_equal(l->dial_count, 0);
}

static void too_many_at_once_are_refused(void **state)
{
    struct lone *l = *state;
    for (uint64_t i = 0; i < KITH_SEEKS_MAX; i++) {
        struct kith_id id = tracked_peer_id((uint8_t)(i + 1));
        seek(l, 100 + i, &id, 0);
    }
    assert_null(reply(l));
    struct kith_id last = tracked_peer_id(150);
    seek(l, 99, &last, 0);
    assert_int_equal(reply(l)->reply.token, 99);
    assert_int_equal(reply(l)->reply.error, KITH_ELIMIT);
    lone_pass(l, KITH_SEEK_TIME);
    lone_forget(l);
    seek(l, 98, &last, 0);
    assert_null(reply(l));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_sought_is_dialled_at_all_addresses_and_answered_when_linked),
        TEST(all_trackers_are_asked_for_it),
        TEST(no_contact_stands_before_who_is_sought),
        TEST(who_is_sought_is_asked_for_at_a_tracker_that_comes_later),
        TEST(who_is_not_reached_is_said_so_and_sought_on),
        TEST(who_is_linked_already_is_answered_at_once),
        TEST(neither_we_nor_the_blocked_are_sought),
        TEST(too_many_at_once_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
