/* SPDX-License-Identifier: MIT */
/* Being found on the LAN, and what it takes to be believed. */
#include "lone.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine.h"

static void listen_at(struct lone *l)
{
    static const struct kith_address at = {.host = "10.0.0.1", .port = 4747};
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LISTENING;
    in.command.listening.addresses = &at;
    in.command.listening.count = 1;
    lone_step(l, in);
}

static struct lone *make(uint8_t seed, uint8_t network)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init_beacon(l, seed, network);
    lone_start(l);
    listen_at(l);
    return l;
}

static void drop(struct lone *l)
{
    lone_deinit(l);
    free(l);
}

/* Two nodes, `low` of the lower id. */
struct scene {
    struct lone *low, *high;
};

static int setup(void **state)
{
    struct scene *s = malloc(sizeof(*s));
    s->low = make(10, 0);
    s->high = make(11, 0);
    if (kith_id_compare(&s->low->key.id, &s->high->key.id) > 0) {
        struct lone *swap = s->low;
        s->low = s->high;
        s->high = swap;
    }
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    drop(s->low);
    drop(s->high);
    free(s);
    return 0;
}

static void hear(struct lone *l, const uint8_t *datagram, size_t size, const char *from,
                 bool is_on_link)
{
    struct kith_input in = {.type = KITH_INPUT_DATAGRAM};
    in.datagram.from.port = 33333;
    for (size_t i = 0; from[i] != '\0'; i++)
        in.datagram.from.host[i] = from[i];
    in.datagram.is_on_link = is_on_link;
    in.datagram.bytes = kith_bytes(datagram, size);
    lone_step(l, in);
}

static void hear_from(struct lone *l, const struct lone *other)
{
    hear(l, other->datagram, other->datagram_size, "10.0.0.2", true);
}

static void a_node_calls_at_start_and_then_ever_more_seldom(void **state)
{
    struct scene *s = *state;
    size_t first = s->low->datagrams_to_all;
    assert_true(first >= 1);
    lone_pass(s->low, 2 * KITH_SECOND);
    assert_int_equal(s->low->datagrams_to_all, first + 1);
    lone_pass(s->low, 10 * KITH_MINUTE);
    size_t calls = s->low->datagrams_to_all - first;
    assert_true(calls >= 20 && calls <= 32); /* every 22.5 to 30 s */
}

static void new_addresses_are_told_at_once(void **state)
{
    struct scene *s = *state;
    lone_pass(s->low, KITH_MINUTE);
    size_t before = s->low->datagrams_to_all;
    listen_at(s->low);
    assert_int_equal(s->low->datagrams_to_all, before + 1);
}

static void the_lower_id_dials_at_once_and_answers(void **state)
{
    struct scene *s = *state;
    hear_from(s->low, s->high);
    assert_int_equal(s->low->dial_count, 1);
    assert_string_equal(s->low->dials[0].host, "10.0.0.2");
    assert_int_equal(s->low->dials[0].port,
                     4747); /* where it listens, not its source port */
    assert_int_equal(s->low->datagrams_to_one, 1);
    assert_int_equal(s->low->datagram_to.port, 33333);
    assert_true(s->low->datagram_size <= s->high->datagram_size); /* no amplifier */
}

static void the_higher_id_waits_a_moment_then_dials_too(void **state)
{
    struct scene *s = *state;
    hear_from(s->high, s->low);
    assert_int_equal(s->high->dial_count, 0);
    assert_int_equal(s->high->datagrams_to_one, 1);
    lone_pass(s->high, 300 * KITH_MS);
    assert_int_equal(s->high->dial_count, 1);
}

/* Others are linked, one every 200 ms, for so long. */
static void link_others_for(struct lone *l, kith_time duration)
{
    uint32_t link = 0;
    for (kith_time at = 0; at < duration; at += 200 * KITH_MS) {
        struct lone_peer peer;
        link++;
        lone_connect(l, &peer, (uint8_t)(100 + link), link, KITH_ROLE_LISTENER, 0);
        lone_greet(l, &peer);
        lone_pass(l, 200 * KITH_MS);
    }
}

static void the_higher_id_goes_on_waiting_while_links_come_up(void **state)
{
    struct scene *s = *state;
    hear_from(s->high, s->low);
    link_others_for(s->high, KITH_SECOND);
    assert_int_equal(s->high->dial_count, 0);
    lone_pass(s->high, 550 * KITH_MS);
    assert_int_equal(s->high->dial_count, 1);
}

static void the_higher_id_does_not_wait_for_ever(void **state)
{
    struct scene *s = *state;
    hear_from(s->high, s->low);
    link_others_for(s->high, 2400 * KITH_MS);
    assert_int_equal(s->high->dial_count, 1);
}

static void what_is_heard_again_puts_no_dial_off(void **state)
{
    struct scene *s = *state;
    hear_from(s->high, s->low);
    lone_pass(s->high, 200 * KITH_MS);
    listen_at(s->low); /* a fresh beacon */
    hear_from(s->high, s->low);
    lone_pass(s->high, 100 * KITH_MS);
    assert_int_equal(s->high->dial_count, 1);
}

static void an_answer_is_followed_but_not_answered(void **state)
{
    struct scene *s = *state;
    hear_from(s->high, s->low); /* answers */
    hear_from(s->low, s->high);
    assert_int_equal(s->low->datagrams_to_one, 0);
    assert_int_equal(s->low->dial_count, 1);
}

static void a_replay_is_neither_answered_nor_followed(void **state)
{
    struct scene *s = *state;
    hear_from(s->low, s->high);
    lone_pass(s->low, KITH_MINUTE);
    size_t dials = s->low->dial_count, answers = s->low->datagrams_to_one;
    hear_from(s->low, s->high);
    lone_pass(s->low, KITH_MINUTE);
    assert_int_equal(s->low->datagrams_to_one, answers);
    assert_int_equal(s->low->dial_count, dials);
}

static void a_changed_byte_anywhere_makes_it_noise(void **state)
{
    struct scene *s = *state;
    for (size_t i = 0; i < s->high->datagram_size; i++) {
        s->high->datagram[i] ^= 1;
        hear_from(s->low, s->high);
        s->high->datagram[i] ^= 1;
    }
    for (size_t size = 0; size < s->high->datagram_size; size++)
        hear(s->low, s->high->datagram, size, "10.0.0.2", true);
    assert_int_equal(s->low->dial_count, 0);
    assert_int_equal(s->low->datagrams_to_one, 0);
    assert_int_equal(s->low->verify_count, 0);
}

static void nodes_of_another_network_do_not_hear_each_other(void **state)
{
    struct scene *s = *state;
    struct lone *other = make(12, 1);
    hear_from(s->low, other);
    hear_from(other, s->low);
    assert_int_equal(s->low->dial_count + s->low->datagrams_to_one, 0);
    assert_int_equal(other->dial_count + other->datagrams_to_one, 0);
    struct kith_beacon_counts counts;
    kith_node_beacons(s->low->node, &counts);
    assert_int_equal(counts.foreign, 1);
    assert_int_equal(counts.heard, 0);
    hear_from(s->low, s->high);
    kith_node_beacons(s->low->node, &counts);
    assert_int_equal(counts.heard, 1);
    drop(other);
}

static void which_setting_of_another_network_differs_is_counted_where_known(void **state)
{
    struct scene *s = *state;
    struct lone *open = make(12, LONE_NETWORK_OPEN);
    struct lone *usual = make(13, LONE_NETWORK_DEFAULT);
    struct kith_beacon_counts counts;
    hear_from(s->low, open);
    hear_from(s->low, usual);
    hear_from(s->low, usual);
    open->datagram[open->datagram_size - 1] ^= 1;
    hear_from(s->low, open);
    kith_node_beacons(s->low->node, &counts);
    assert_int_equal(counts.foreign, 4);
    assert_int_equal(counts.foreign_open, 1);
    assert_int_equal(counts.foreign_default, 2);
    assert_int_equal(counts.heard, 0);
    assert_int_equal(s->low->dial_count + s->low->datagrams_to_one, 0);
    drop(open);
    drop(usual);
}

/* Other bytes in the last beacon of that node, which fit its signature if it is signed
 * anew. */
static void rewrite(struct lone *l, size_t at, const void *bytes, size_t size,
                    bool is_signed)
{
    uint8_t plain[KITH_BEACON_PLAIN_SIZE], message[KITH_VERIFY_SIZE];
    uint8_t *nonce = l->datagram + KITH_BEACON_MAGIC_SIZE;
    uint8_t *sealed = nonce + KITH_BEACON_NONCE_SIZE;
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(
                         plain, NULL, NULL, sealed, sizeof(plain) + KITH_BEACON_MAC_SIZE,
                         l->datagram, KITH_BEACON_MAGIC_SIZE, nonce,
                         l->node->network_key),
                     0);
    memcpy(plain + at, bytes, size);
    memcpy(message, "kith bcn 1", 10);
    crypto_generichash(message + 10, KITH_HASH_SIZE, plain, KITH_BEACON_SIGNED_SIZE,
                       l->node->network_key, KITH_NETWORK_KEY_SIZE);
    if (is_signed)
        crypto_sign_detached(plain + KITH_BEACON_SIGNED_SIZE, NULL, message,
                             10 + KITH_HASH_SIZE, l->key.secret);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, plain, sizeof(plain),
                                               l->datagram, KITH_BEACON_MAGIC_SIZE, NULL,
                                               nonce, l->node->network_key);
}

static void flags_of_a_later_version_are_signed_and_ignored(void **state)
{
    struct scene *s = *state;
    rewrite(s->high, 1, &(uint8_t){0xfc}, 1, false);
    hear_from(s->low, s->high);
    assert_int_equal(s->low->dial_count + s->low->datagrams_to_one, 0);
    rewrite(s->high, 1, &(uint8_t){0xfc}, 1, true);
    hear_from(s->low, s->high);
    assert_int_equal(s->low->dial_count, 1);
    assert_int_equal(s->low->datagrams_to_one, 1);
}

static void another_version_is_counted_and_not_followed(void **state)
{
    struct scene *s = *state;
    struct kith_beacon_counts counts;
    rewrite(s->high, 0, &(uint8_t){KITH_BEACON_VERSION + 1}, 1, false);
    hear_from(s->low, s->high);
    kith_node_beacons(s->low->node, &counts);
    assert_int_equal(counts.other_version, 1);
    assert_int_equal(counts.foreign + counts.heard, 0);
    assert_int_equal(s->low->dial_count + s->low->datagrams_to_one, 0);
}

static void a_source_that_is_not_on_link_is_not_answered(void **state)
{
    struct scene *s = *state;
    hear(s->low, s->high->datagram, s->high->datagram_size, "8.8.8.8", false);
    assert_int_equal(s->low->datagrams_to_one, 0);
}

static void a_spoofed_source_draws_one_answer_in_five_seconds(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 4; i++) {
        hear_from(s->low, s->high);
        listen_at(s->high); /* a fresh beacon each time */
        lone_pass(s->low, KITH_SECOND);
    }
    assert_int_equal(s->low->datagrams_to_one, 1);
    lone_pass(s->low, 2 * KITH_SECOND);
    hear_from(s->low, s->high);
    assert_int_equal(s->low->datagrams_to_one, 2);
}

static void a_flood_is_verified_and_answered_within_limits(void **state)
{
    struct scene *s = *state;
    for (int i = 0; i < 500; i++) {
        char from[16] = "10.0.1.0";
        from[7] = (char)('0' + i % 10);
        from[5] = (char)('0' + i / 10 % 10);
        listen_at(s->high);
        hear(s->low, s->high->datagram, s->high->datagram_size, from, true);
    }
    assert_true(s->low->verify_count >= 100);
    assert_true(s->low->verify_count <= 128); /* a crowd's worth, and then 50 a second */
    assert_true(s->low->datagrams_to_one <= 10);
    assert_true(kith_node_peer_count(s->low->node) == 0); /* and lists nobody */
}

static void a_beacon_that_comes_by_several_ways_is_verified_once(void **state)
{
    struct scene *s = *state;
    s->low->is_verify_held = true;
    for (int way = 0; way < 3; way++)
        hear_from(s->low, s->high);
    assert_int_equal(s->low->verify_count, 1);
    lone_verify(s->low);
    assert_int_equal(s->low->dial_count, 1);
}

static void verdicts_come_in_any_order(void **state)
{
    struct scene *s = *state;
    struct lone *third = make(12, 0);
    s->low->is_verify_held = true;
    hear_from(s->low, s->high);
    struct kith_input first = s->low->held_verify;
    hear(s->low, third->datagram, third->datagram_size, "10.0.0.3", true);
    lone_verify(s->low);
    lone_pass(s->low, 500 * KITH_MS);
    assert_int_equal(s->low->dial_count, 1);
    assert_string_equal(s->low->dials[0].host, "10.0.0.3");
    lone_step(s->low, first);
    assert_int_equal(s->low->dial_count, 2);
    assert_string_equal(s->low->dials[1].host, "10.0.0.2");
    drop(third);
}

static void the_answer_of_one_being_dialled_is_not_verified(void **state)
{
    struct scene *s = *state;
    uint8_t call[512];
    size_t size = s->high->datagram_size;
    memcpy(call, s->high->datagram, size);
    hear_from(s->high, s->low);
    assert_int_equal(s->high->datagrams_to_one, 1);
    hear(s->low, call, size, "10.0.0.2", true);
    assert_int_equal(s->low->dial_count, 1);
    assert_int_equal(s->low->verify_count, 1);
    hear_from(s->low, s->high);
    assert_int_equal(s->low->verify_count, 1);
    /* from elsewhere it is news: the first address may be of no use */
    hear(s->low, s->high->datagram, s->high->datagram_size, "10.0.0.3", true);
    assert_int_equal(s->low->verify_count, 2);
}

static void nor_once_a_link_comes_up_but_for_another_address(void **state)
{
    struct scene *s = *state;
    struct lone_peer peer;
    struct lone_key key;
    uint8_t call[512];
    size_t size = s->high->datagram_size;
    memcpy(call, s->high->datagram, size);
    hear_from(s->high, s->low); /* answers */
    hear(s->low, call, size, "10.0.0.9", true);
    lone_key_make(&key, 10);
    lone_connect(s->low, &peer, kith_id_equal(&key.id, &s->high->key.id) ? 10 : 11, 1,
                 KITH_ROLE_LISTENER, s->low->dial_nos[0]);
    size_t verified = s->low->verify_count;
    hear(s->low, s->high->datagram, s->high->datagram_size, "10.0.0.9", true);
    assert_int_equal(s->low->verify_count, verified);
    hear(s->low, s->high->datagram, s->high->datagram_size, "10.0.0.3", true);
    assert_int_equal(s->low->verify_count, verified + 1);
}

static void our_own_beacon_come_back_is_nothing(void **state)
{
    struct scene *s = *state;
    hear_from(s->low, s->low);
    assert_int_equal(s->low->dial_count + s->low->datagrams_to_one, 0);
    struct kith_beacon_counts counts;
    kith_node_beacons(s->low->node, &counts);
    assert_int_equal(counts.own, 1);
    assert_int_equal(counts.heard + counts.foreign, 0);
    assert_int_equal(counts.sent, s->low->datagrams_to_all);
}

static void who_is_linked_is_not_dialled(void **state)
{
    struct scene *s = *state;
    struct lone_peer peer;
    uint8_t seed = s->high->key.secret[0];
    lone_connect(s->low, &peer, seed, 1, KITH_ROLE_DIALLER, 0);
    assert_true(kith_id_equal(&peer.key.id, &s->high->key.id));
    lone_greet(s->low, &peer);
    hear_from(s->low, s->high);
    assert_int_equal(s->low->dial_count, 0);
}

/* Time went on and nothing else did. */
static void sleep_for(struct lone *l, kith_time duration)
{
    l->now.mono += duration;
    l->now.wall += duration;
    lone_step(l, (struct kith_input){.type = KITH_INPUT_TIMEOUT});
}

static void after_a_suspend_everybody_is_sought_at_once(void **state)
{
    struct scene *s = *state;
    struct lone_peer peer;
    lone_connect(s->low, &peer, 20, 1, KITH_ROLE_LISTENER, 0);
    lone_greet(s->low, &peer);
    lone_pass(s->low, KITH_SECOND);
    size_t calls = s->low->datagrams_to_all;
    assert_int_equal(s->low->dial_count, 0);
    sleep_for(s->low, 8 * KITH_HOUR);
    assert_int_equal(s->low->closed[1], KITH_ETIMEDOUT);
    assert_int_equal(s->low->datagrams_to_all, calls + 1);
    lone_pass(s->low, KITH_DIAL_RETRY_MIN);
    assert_int_equal(s->low->dial_count, 1);
    assert_string_equal(s->low->dials[0].host, "10.0.0.9");
}

static void fail_dial(struct lone *l, uint32_t no)
{
    struct kith_input in = {.type = KITH_INPUT_DIAL_FAILED};
    in.dial_failed.dial = no;
    in.dial_failed.error = KITH_ETIMEDOUT;
    lone_step(l, in);
}

/* Every dial of it, until it is given up. */
static void fail_dials(struct lone *l)
{
    struct kith_dial_view dial;
    for (int i = 0; i < 20; i++) {
        fail_dial(l, l->dial_nos[(l->dial_count - 1) % LONE_DIALS_MAX]);
        assert_true(kith_node_dial(l->node, 0, &dial));
        assert_int_equal(dial.error, KITH_ETIMEDOUT);
        assert_true(dial.is_suggested && !dial.is_linked);
        assert_string_equal(dial.address.host, "10.0.0.2");
        assert_false(kith_node_dial(l->node, 1, &dial));
        lone_pass(l, KITH_SECOND);
    }
}

/* All places are those of strangers who were made up. */
static void fill(struct lone *l, struct lone *liar)
{
    l->is_forgiving = true;
    for (uint32_t no = 0; no < KITH_SUGGESTED_MAX; no++) {
        rewrite(liar, 2, &no, sizeof(no), false); /* its id */
        hear_from(l, liar);
        lone_pass(l, 20 * KITH_MS);
    }
    lone_pass(l, KITH_BEACON_COURTESY);
    assert_int_equal(l->dial_count, KITH_SUGGESTED_MAX);
}

static void strangers_who_do_not_answer_keep_nobody_out(void **state)
{
    struct scene *s = *state;
    struct lone *late = make(12, 0);
    fill(s->low, s->high);
    size_t full = s->low->dial_count;
    hear(s->low, late->datagram, late->datagram_size, "10.0.0.99", true);
    lone_pass(s->low, 300 * KITH_MS);
    assert_int_equal(s->low->dial_count, full); /* all of them are being tried */
    for (uint32_t no = 1; no <= 2; no++)
        fail_dial(s->low, no);
    listen_at(late);
    hear(s->low, late->datagram, late->datagram_size, "10.0.0.99", true);
    lone_pass(s->low, KITH_BEACON_COURTESY);
    bool is_dialled = false;
    for (size_t i = 0; i < LONE_DIALS_MAX; i++)
        is_dialled |= strcmp(s->low->dials[i].host, "10.0.0.99") == 0;
    assert_true(is_dialled);
    drop(late);
}

static void who_is_heard_and_not_reached_is_told_of_until_linked_or_gone(void **state)
{
    struct scene *s = *state;
    struct kith_dial_view dial;
    hear_from(s->low, s->high);
    assert_true(kith_node_dial(s->low->node, 0, &dial));
    assert_int_equal(dial.error, 0); /* under way */
    fail_dials(s->low);
    size_t dials = s->low->dial_count;
    assert_true(dials > 4);
    lone_pass(s->low, 20 * KITH_SECOND);
    assert_int_equal(s->low->dial_count, dials); /* given up */
    assert_true(kith_node_dial(s->low->node, 0, &dial));
    assert_int_equal(dial.failures, dials);
    lone_pass(s->low, KITH_MINUTE);
    assert_false(kith_node_dial(s->low->node, 0, &dial));
    listen_at(s->high);
    hear_from(s->low, s->high);
    fail_dials(s->low);
    struct lone_peer peer;
    lone_connect(s->low, &peer, s->high->key.secret[0], 1, KITH_ROLE_DIALLER, 0);
    lone_greet(s->low, &peer);
    assert_false(kith_node_dial(s->low->node, 0, &dial));
}

static void a_stop_is_told_to_all_and_believed_of_nobody(void **state)
{
    struct scene *s = *state;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_STOP;
    size_t before = s->high->datagrams_to_all;
    lone_step(s->high, in);
    assert_int_equal(s->high->datagrams_to_all, before + 1);
    hear_from(s->low, s->high);
    assert_int_equal(s->low->dial_count + s->low->datagrams_to_one, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_node_calls_at_start_and_then_ever_more_seldom),
        TEST(new_addresses_are_told_at_once),
        TEST(the_lower_id_dials_at_once_and_answers),
        TEST(the_higher_id_waits_a_moment_then_dials_too),
        TEST(the_higher_id_goes_on_waiting_while_links_come_up),
        TEST(the_higher_id_does_not_wait_for_ever),
        TEST(what_is_heard_again_puts_no_dial_off),
        TEST(an_answer_is_followed_but_not_answered),
        TEST(a_replay_is_neither_answered_nor_followed),
        TEST(a_changed_byte_anywhere_makes_it_noise),
        TEST(nodes_of_another_network_do_not_hear_each_other),
        TEST(which_setting_of_another_network_differs_is_counted_where_known),
        TEST(another_version_is_counted_and_not_followed),
        TEST(a_source_that_is_not_on_link_is_not_answered),
        TEST(a_spoofed_source_draws_one_answer_in_five_seconds),
        TEST(a_flood_is_verified_and_answered_within_limits),
        TEST(flags_of_a_later_version_are_signed_and_ignored),
        TEST(a_beacon_that_comes_by_several_ways_is_verified_once),
        TEST(the_answer_of_one_being_dialled_is_not_verified),
        TEST(nor_once_a_link_comes_up_but_for_another_address),
        TEST(verdicts_come_in_any_order),
        TEST(our_own_beacon_come_back_is_nothing),
        TEST(who_is_linked_is_not_dialled),
        TEST(after_a_suspend_everybody_is_sought_at_once),
        TEST(strangers_who_do_not_answer_keep_nobody_out),
        TEST(who_is_heard_and_not_reached_is_told_of_until_linked_or_gone),
        TEST(a_stop_is_told_to_all_and_believed_of_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
