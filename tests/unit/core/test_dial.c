/* SPDX-License-Identifier: MIT */
/* Where a peer is dialled that was heard of, or lost. */
#include "tracked.h"

#include <sodium.h>
#include <stdio.h>

#include "core/dial.h"
#include "core/digest.h"
#include "core/engine.h"
#include "core/peer.h"

/* Of the peer of this seed; it is wherever lone_connect has peers come from, too. */
static void say_record(struct lone *l, const struct lone_peer *peer, uint8_t seed,
                       const char *const *addresses, size_t count)
{
    struct lone_key key;
    lone_key_make(&key, seed);
    struct kith_signed_addresses record = {
        .id = key.id,
        .counter = 1,
        .expiry = (uint64_t)(l->now.wall / KITH_SECOND) + 86400,
        .address_count = count,
    };
    for (size_t i = 0; i < count; i++)
        record.addresses[i] = kith_bytes(addresses[i], strlen(addresses[i]));
    uint8_t message[KITH_VERIFY_SIZE];
    struct kith_writer bytes = kith_writer(&kith_alloc_heap);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_signed_addresses_fields(&bytes, &record);
    kith_digest_addresses(kith_writer_view(&bytes), l->node->network_key, message);
    crypto_sign_detached(record.signature, NULL, message, sizeof(message), key.secret);
    kith_writer_bytes(&bytes, record.signature, sizeof(record.signature));
    struct kith_frame_addresses frame = {1, {kith_writer_view(&bytes)}};
    kith_frame_addresses_encode(&w, &frame);
    lone_say(l, peer, &w);
    kith_writer_deinit(&bytes);
    kith_writer_deinit(&w);
}

static void lose(struct lone *l, uint32_t link)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = link;
    in.link_down.error = KITH_ECLOSED;
    lone_step(l, in);
}

/* The dial to a peer that is at 10.0.0.9, port 999, told of these addresses, and went
 * without a word. */
static const struct lone_dial *dial_again(struct lone *l, const char *const *addresses,
                                          size_t count)
{
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &peer);
    say_record(l, &peer, 1, addresses, count);
    assert_int_equal(l->dial_count, 0);
    lose(l, 1);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
    return tracked_last_dial(l);
}

static void where_a_peer_was_is_raced_with_what_it_told_of(void **state)
{
    const struct lone_dial *dial =
        dial_again(*state, (const char *const[]){"10.0.0.8:4747"}, 1);
    assert_int_equal(dial->address_count, 2);
    assert_string_equal(dial->addresses[0].host, "10.0.0.8");
    assert_string_equal(dial->addresses[1].host, "10.0.0.9");
}

static void where_it_was_is_dialled_once_though_it_told_of_that_too(void **state)
{
    const struct lone_dial *dial =
        dial_again(*state, (const char *const[]){"10.0.0.8:4747", "10.0.0.9:999"}, 2);
    assert_int_equal(dial->address_count, 2);
    assert_string_equal(dial->addresses[0].host, "10.0.0.8");
    assert_string_equal(dial->addresses[1].host, "10.0.0.9");
}

static void where_it_was_is_among_them_however_many_it_told_of(void **state)
{
    char texts[KITH_RECORD_ADDRESSES_MAX][24];
    const char *addresses[KITH_RECORD_ADDRESSES_MAX];
    for (size_t i = 0; i < KITH_RECORD_ADDRESSES_MAX; i++) {
        snprintf(texts[i], sizeof(texts[i]), "10.0.0.%zu:4747", 10 + i);
        addresses[i] = texts[i];
    }
    const struct lone_dial *dial =
        dial_again(*state, addresses, KITH_RECORD_ADDRESSES_MAX);
    assert_int_equal(dial->address_count, KITH_RECORD_ADDRESSES_MAX);
    assert_string_equal(dial->addresses[0].host, "10.0.0.9");
    assert_string_equal(dial->addresses[1].host, "10.0.0.11");
}

static void who_is_only_relayed_is_dialled_where_it_is_heard_of(void **state)
{
    struct lone *l = *state;
    struct lone_peer relayed, other;
    l->is_relayed = true;
    lone_connect(l, &relayed, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &relayed);
    l->is_relayed = false;
    lone_connect(l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &other);
    say_record(l, &other, 1, (const char *const[]){"10.0.0.8:4747"}, 1);
    lone_pass(l, 4 * KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
    assert_string_equal(tracked_last_dial(l)->addresses[0].host, "10.0.0.8");
    assert_true(kith_id_equal(&tracked_last_dial(l)->expected, &relayed.key.id));
    assert_int_equal(l->closed[1], 1); /* until then they talk as they did */
}

/* Links come up all the time, so that whoever yields to a dial of the other does. */
static size_t dials_meanwhile(struct lone *l, uint8_t seed)
{
    struct lone_peer teller;
    lone_connect(l, &teller, 99, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &teller);
    say_record(l, &teller, seed, (const char *const[]){"10.0.0.8:4747"}, 1);
    for (uint32_t link = 2; link < 10; link++) {
        struct lone_peer peer;
        lone_pass(l, 200 * KITH_MS);
        lone_connect(l, &peer, (uint8_t)(100 + link), link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &peer);
        lone_forget(l);
    }
    return l->dial_count;
}

static void of_two_that_hear_of_one_another_the_lower_dials(void **state)
{
    struct lone *l = *state;
    assert_int_equal(dials_meanwhile(l, tracked_higher_seed(l)), 1);
}

static void and_the_higher_gives_it_the_time_to(void **state)
{
    struct lone *l = *state;
    assert_int_equal(dials_meanwhile(l, tracked_lower_seed(l)), 0);
    lone_pass(l, 2 * KITH_SECOND);
    assert_int_equal(l->dial_count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

/* How often somebody is dialled of whom a record tells a node with so many links. */
static size_t dials_with(struct lone *l, uint32_t links)
{
    struct lone_peer peer;
    for (uint32_t link = 1; link <= links; link++) {
        lone_connect(l, &peer, 1000 + link, link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &peer);
    }
    lone_forget(l);
    say_record(l, &peer, tracked_higher_seed(l), (const char *const[]){"10.0.0.8:4747"},
               1);
    lone_pass(l, 3 * KITH_SECOND);
    return l->dial_count;
}

static void who_has_links_enough_dials_nobody_it_hears_of(void **state)
{
    assert_int_equal(dials_with(*state, KITH_MESH_MAX), 0);
}

static void who_has_one_less_does(void **state)
{
    assert_int_equal(dials_with(*state, KITH_MESH_MAX - 1), 1);
}

static void hear_of(struct lone *l, const struct kith_id *id, kith_time duration)
{
    const struct kith_address address = {.host = "10.0.0.7", .port = 4747};
    kith_dial_suggest(l->node, id, &address, KITH_MS, duration);
    lone_pass(l, KITH_MS);
}

static bool is_dialled(const struct lone *l, const struct kith_id *id)
{
    kith_list_each (item, &l->node->dials) {
        const struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        if (dial->is_suggested && kith_id_equal(&dial->expected, id))
            return true;
    }
    return false;
}

static uint32_t last_dial_no(const struct lone *l)
{
    return l->dial_nos[(l->dial_count - 1) % LONE_DIALS_MAX];
}

static void fail_dial(struct lone *l, uint32_t no)
{
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = no;
    in.dial_failed.error = KITH_ETIMEDOUT;
    lone_step(l, in);
}

/* Whom a link proved once does not give way to ids that anybody makes up. */
static void of_all_that_failed_a_stranger_makes_room(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_id stranger = {{0xee}};
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &peer);
    lone_say_raw(l, &peer, BYTES("\x05\x00"));
    hear_of(l, &peer.key.id, 10 * KITH_SECOND);
    uint32_t dial_no = last_dial_no(l);
    for (size_t i = 1; i < KITH_SUGGESTED_MAX; i++) {
        stranger.bytes[1] = (uint8_t)i;
        hear_of(l, &stranger, 2 * KITH_HOUR);
    }
    size_t full = l->dial_count;
    stranger.bytes[0]++;
    fail_dial(l, dial_no);
    hear_of(l, &stranger, 2 * KITH_HOUR);
    assert_int_equal(l->dial_count, full); /* all others are being tried */
    fail_dial(l, last_dial_no(l));
    hear_of(l, &stranger, 2 * KITH_HOUR);
    assert_int_equal(l->dial_count, full + 1);
    assert_true(is_dialled(l, &peer.key.id));
}

static void fail_all(struct lone *l)
{
    struct kith_list *item = l->node->dials.next;
    while (item != &l->node->dials) {
        const struct kith_dial *dial = kith_list_item(item, struct kith_dial, item);
        item = item->next;
        if (dial->state != KITH_DIAL_WAITING)
            fail_dial(l, dial->no);
    }
}

static void come_and_go(struct lone *l, uint32_t first, uint32_t last, bool is_contact)
{
    for (uint32_t no = first; no <= last; no++) {
        struct lone_peer peer;
        lone_connect(l, &peer, no, no, KITH_ROLE_LISTENER, 0);
        lone_greet(l, &peer);
        kith_peer_find(l->node, &peer.key.id)->is_contact = is_contact;
        lose(l, no);
        lone_pass(l, KITH_SECOND);
        lone_forget(l);
        fail_dial(l, last_dial_no(l));
    }
}

/* As many identities as one likes to make, each linked for a moment. */
static void who_only_came_and_went_keeps_nobody_out(void **state)
{
    struct lone *l = *state;
    struct kith_id newcomer = {{0xee}};
    come_and_go(l, 1, KITH_SUGGESTED_MAX + 1, false);
    fail_all(l);
    hear_of(l, &newcomer, 10 * KITH_SECOND);
    assert_true(is_dialled(l, &newcomer));
}

/* Nor those who do not even let themselves be dialled: what they send is a fault. */
static void who_is_held_keeps_nobody_out(void **state)
{
    static const uint8_t truncated[] = {KITH_FRAME_PING, 1};
    struct lone *l = *state;
    struct kith_id newcomer = {{0xee}};
    for (uint32_t no = 1; no <= KITH_SUGGESTED_MAX + 1; no++) {
        struct lone_peer peer;
        for (uint32_t again = 0; again < 4; again++) { /* the more, the longer */
            lone_connect(l, &peer, no, 4 * no + again - 3, KITH_ROLE_LISTENER, 0);
            lone_greet(l, &peer);
            lone_say_raw(l, &peer, kith_bytes(truncated, sizeof(truncated)));
            lone_forget(l);
        }
    }
    hear_of(l, &newcomer, 10 * KITH_SECOND);
    assert_true(is_dialled(l, &newcomer));
}

static void a_contact_gets_the_place_of_any_stranger(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    const struct kith_address address = {.host = "10.0.0.7", .port = 4747};
    struct kith_id stranger = {{0xee}};
    lone_connect(l, &peer, 1, 1, KITH_ROLE_LISTENER, 0);
    lone_greet(l, &peer);
    kith_peer_find(l->node, &peer.key.id)->is_contact = true;
    for (uint32_t i = 0; i < KITH_SUGGESTED_MAX; i++) {
        stranger.bytes[1] = (uint8_t)i;
        kith_dial_suggest(l->node, &stranger, &address, KITH_MINUTE, KITH_HOUR);
    }
    lose(l, 1);
    assert_true(is_dialled(l, &peer.key.id));
}

static void nor_do_strangers_beside_many_contacts(void **state)
{
    struct lone *l = *state;
    uint32_t contacts = KITH_SUGGESTED_MAX / 2 + 1;
    struct kith_id stranger = {{0xee}};
    come_and_go(l, 1, contacts, true);
    for (uint32_t i = contacts; i < KITH_SUGGESTED_MAX; i++) {
        stranger.bytes[1] = (uint8_t)i;
        hear_of(l, &stranger, 2 * KITH_HOUR);
        fail_dial(l, last_dial_no(l));
    }
    stranger.bytes[0]++;
    hear_of(l, &stranger, 10 * KITH_SECOND);
    assert_true(is_dialled(l, &stranger));
}

static void nor_do_they_where_contacts_are_sought_as_well(void **state)
{
    struct lone *l = *state;
    struct kith_id newcomer = {{0xee}};
    come_and_go(l, 1, KITH_SUGGESTED_MAX * 3 / 4, true);
    come_and_go(l, KITH_SUGGESTED_MAX * 3 / 4 + 1, KITH_SUGGESTED_MAX + 1, false);
    fail_all(l);
    hear_of(l, &newcomer, 10 * KITH_SECOND);
    assert_true(is_dialled(l, &newcomer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(where_a_peer_was_is_raced_with_what_it_told_of),
        CASE(where_it_was_is_dialled_once_though_it_told_of_that_too),
        CASE(where_it_was_is_among_them_however_many_it_told_of),
        CASE(who_is_only_relayed_is_dialled_where_it_is_heard_of),
        CASE(of_two_that_hear_of_one_another_the_lower_dials),
        CASE(and_the_higher_gives_it_the_time_to),
        CASE(who_has_links_enough_dials_nobody_it_hears_of),
        CASE(who_has_one_less_does),
        CASE(of_all_that_failed_a_stranger_makes_room),
        CASE(who_only_came_and_went_keeps_nobody_out),
        CASE(nor_do_they_where_contacts_are_sought_as_well),
        CASE(who_is_held_keeps_nobody_out),
        CASE(a_contact_gets_the_place_of_any_stranger),
        CASE(nor_do_strangers_beside_many_contacts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
