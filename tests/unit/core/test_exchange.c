/* SPDX-License-Identifier: MIT */
/* Addresses that peers tell of one another. */
#include "lone.h"

#include <sodium.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/engine.h"
#include "core/exchange.h"

#define WALL_S     (UINT64_C(1700000000))
#define DAY_S      (UINT64_C(86400))
#define OTHER_SEED 77 /* of the peer that records are about */

static void make(struct lone **out)
{
    *out = malloc(sizeof(**out));
    lone_init(*out);
}

static int setup(void **state)
{
    struct lone *l;
    make(&l);
    lone_start(l);
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

static void listen_at(struct lone *l, const char *const *hosts, size_t count)
{
    struct kith_address addresses[KITH_HELLO_ADDRESSES_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        addresses[i].port = 4747;
        memcpy(addresses[i].host, hosts[i], strlen(hosts[i]) + 1);
    }
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LISTENING;
    in.command.listening.addresses = addresses;
    in.command.listening.count = count;
    lone_step(l, in);
}

static void link_up(struct lone *l, struct lone_peer *peer, uint8_t no)
{
    lone_connect(l, peer, no, no, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
}

/* ---- records as peers send them ---- */

struct told {
    uint8_t seed; /* of whose record it is */
    uint64_t counter;
    uint64_t expiry;
    const char *address;
    bool is_forged;
};

static const struct told fresh = {OTHER_SEED, WALL_S * 1000, WALL_S + DAY_S,
                                  "10.0.0.77:4747", false};

static void write_record(const struct told *told, struct kith_writer *w)
{
    /* What the node of the tests is of: lone.c. */
    static const uint8_t network_key[KITH_NETWORK_KEY_SIZE] = {7};
    struct lone_key key;
    lone_key_make(&key, told->seed);
    struct kith_signed_addresses record = {
        .id = key.id,
        .counter = told->counter,
        .expiry = told->expiry,
        .address_count = 1,
        .addresses = {kith_bytes(told->address, strlen(told->address))},
    };
    uint8_t message[KITH_VERIFY_SIZE];
    kith_signed_addresses_fields(w, &record);
    kith_digest_addresses(kith_writer_view(w), network_key, message);
    message[KITH_VERIFY_SIZE - 1] ^= told->is_forged;
    crypto_sign_detached(record.signature, NULL, message, sizeof(message), key.secret);
    kith_writer_bytes(w, record.signature, sizeof(record.signature));
}

static void say_record(struct lone *l, const struct lone_peer *peer,
                       const struct told *told)
{
    struct kith_writer record = kith_writer(&kith_alloc_heap);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    write_record(told, &record);
    struct kith_frame_addresses frame = {1, {kith_writer_view(&record)}};
    kith_frame_addresses_encode(&w, &frame);
    lone_say(l, peer, &w);
    kith_writer_deinit(&record);
    kith_writer_deinit(&w);
}

/* Of the last ADDRESSES on the link: how many records, and the first of them. */
static size_t last_records(const struct lone *l, uint32_t link,
                           struct kith_signed_addresses *out)
{
    const struct lone_frame *sent = lone_last_sent(l, link, KITH_FRAME_ADDRESSES);
    struct kith_frame_addresses frame;
    if (sent == NULL)
        return 0;
    assert_true(sent->size <= sizeof(sent->fields));
    assert_int_equal(
        kith_frame_addresses_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
    if (frame.count > 0)
        assert_int_equal(kith_signed_addresses_decode(frame.records[0], out), 0);
    return frame.count;
}

static size_t known_count(const struct lone *l)
{
    return l->node->record_map.count;
}

/* ---- what is told ---- */

static void our_own_record_is_offered_on_a_live_link(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_signed_addresses record;
    uint8_t message[KITH_VERIFY_SIZE];
    listen_at(l, (const char *const[]){"10.0.0.1", "2001:db8::1"}, 2);
    link_up(l, &peer, 1);
    assert_int_equal(last_records(l, 1, &record), 1);
    assert_true(kith_id_equal(&record.id, &l->key.id));
    assert_true(record.counter == WALL_S * 1000);
    assert_true(record.expiry == WALL_S + DAY_S);
    assert_int_equal(record.address_count, 2);
    assert_true(kith_bytes_equal(record.addresses[0], BYTES("10.0.0.1:4747")));
    assert_true(kith_bytes_equal(record.addresses[1], BYTES("[2001:db8::1]:4747")));
    kith_digest_addresses(record.fields, l->node->network_key, message);
    assert_int_equal(crypto_sign_verify_detached(record.signature, message,
                                                 sizeof(message), l->key.id.bytes),
                     0);
}

static void our_own_record_stays_the_same_until_our_addresses_change(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_signed_addresses record;
    listen_at(l, (const char *const[]){"10.0.0.1"}, 1);
    link_up(l, &peer, 1);
    lone_pass(l, 2 * KITH_SECOND);
    link_up(l, &peer, 2);
    assert_int_equal(last_records(l, 2, &record), 1);
    assert_true(record.counter == WALL_S * 1000);
    listen_at(l, (const char *const[]){"10.0.0.2"}, 1);
    link_up(l, &peer, 3);
    last_records(l, 3, &record);
    assert_true(record.counter > WALL_S * 1000);
}

static void who_is_linked_is_told_of_our_new_addresses(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_signed_addresses record;
    link_up(l, &first, 1);
    link_up(l, &second, 2);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ADDRESSES), 0);
    uint64_t counter = 0;
    for (uint32_t i = 1; i <= 3; i++) { /* all within one millisecond */
        const char *host = i == 1 ? "10.0.0.1" : i == 2 ? "10.0.0.2" : "10.0.0.3";
        listen_at(l, &host, 1);
        for (uint32_t link = 1; link <= 2; link++) {
            assert_int_equal(last_records(l, link, &record), 1);
            assert_true(record.counter > counter);
            assert_memory_equal(record.addresses[0].data, host, strlen(host));
        }
        counter = record.counter;
    }
    size_t told = lone_count_sent(l, 1, KITH_FRAME_ADDRESSES);
    listen_at(l, (const char *const[]){"10.0.0.3"}, 1);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ADDRESSES), told);
}

/* The peer lives all the while. How many records of ours it was told, and the last. */
static size_t pass_linked(struct lone *l, const struct lone_peer *peer,
                          kith_time duration, struct kith_signed_addresses *out)
{
    size_t count = 0;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){.token = 1});
    for (; duration > 0; duration -= 5 * KITH_SECOND) {
        lone_forget(l);
        lone_pass(l, 5 * KITH_SECOND);
        count += last_records(l, peer->link, out);
        lone_say(l, peer, &w);
    }
    kith_writer_deinit(&w);
    return count;
}

static void a_record_is_renewed_in_time_on_links_that_last(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_signed_addresses record;
    listen_at(l, (const char *const[]){"10.0.0.1"}, 1);
    link_up(l, &peer, 1);
    assert_int_equal(pass_linked(l, &peer, 12 * KITH_HOUR - KITH_MINUTE, &record), 0);
    assert_int_equal(pass_linked(l, &peer, 2 * KITH_MINUTE, &record), 1);
    assert_true(record.expiry == WALL_S + DAY_S + DAY_S / 2);
    assert_int_equal(pass_linked(l, &peer, 24 * KITH_HOUR, &record), 2);
    assert_true(record.expiry == WALL_S + 2 * DAY_S + DAY_S / 2);
}

static void a_clock_set_back_makes_no_record_look_older(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_signed_addresses before, after;
    listen_at(l, (const char *const[]){"10.0.0.1"}, 1);
    link_up(l, &peer, 1);
    assert_int_equal(last_records(l, 1, &before), 1);
    l->now.wall -= 2 * KITH_HOUR;
    lone_forget(l);
    listen_at(l, (const char *const[]){"10.0.0.2"}, 1);
    assert_int_equal(last_records(l, 1, &after), 1);
    assert_true(after.counter > before.counter);
    assert_true(after.expiry == before.expiry - 7200);
}

static void addresses_of_this_host_or_link_alone_are_not_told(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_signed_addresses record;
    const char *const hosts[] = {"127.0.0.1", "fe80::1%eth0", "10.0.0.1", "::1"};
    listen_at(l, hosts, 4);
    link_up(l, &first, 1);
    assert_int_equal(last_records(l, 1, &record), 1);
    assert_int_equal(record.address_count, 1);
    assert_true(kith_bytes_equal(record.addresses[0], BYTES("10.0.0.1:4747")));
    listen_at(l, hosts, 2);
    link_up(l, &second, 2);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_ADDRESSES), 0);
}

static void nothing_is_told_before_the_link_is_live(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    listen_at(l, (const char *const[]){"10.0.0.1"}, 1);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_prove(l, &peer);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ADDRESSES), 0);
}

/* ---- what is believed ---- */

static void a_record_that_verifies_is_kept_and_told_to_newcomers(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_signed_addresses record;
    link_up(l, &first, 1);
    say_record(l, &first, &fresh);
    assert_int_equal(known_count(l), 1);
    link_up(l, &second, 2);
    assert_int_equal(last_records(l, 2, &record), 1);
    assert_true(kith_bytes_equal(record.addresses[0], BYTES("10.0.0.77:4747")));
}

static void news_goes_on_to_three_links_and_not_back(void **state)
{
    struct lone *l = *state;
    struct lone_peer peers[7];
    for (uint8_t i = 1; i < 7; i++)
        link_up(l, &peers[i], i);
    struct told news = fresh;
    for (int i = 0; i < 20; i++, news.counter++) { /* which ones is chance */
        lone_forget(l);
        say_record(l, &peers[1], &news);
        size_t told = 0;
        for (uint32_t link = 2; link < 7; link++)
            told += lone_count_sent(l, link, KITH_FRAME_ADDRESSES);
        assert_int_equal(told, KITH_EXCHANGE_FANOUT);
        assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ADDRESSES), 0);
    }
    lone_forget(l);
    news.counter--;
    say_record(l, &peers[2], &news); /* that is none any more */
    for (uint32_t link = 1; link < 7; link++)
        assert_int_equal(lone_count_sent(l, link, KITH_FRAME_ADDRESSES), 0);
}

static void nobody_is_told_of_himself(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    link_up(l, &first, 1);
    link_up(l, &second, 2);
    lone_forget(l);
    struct told told = fresh;
    told.seed = 2;
    say_record(l, &first, &told);
    assert_int_equal(known_count(l), 1);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_ADDRESSES), 0);
}

static void a_peer_told_of_is_dialled_in_a_while(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    link_up(l, &peer, 1);
    say_record(l, &peer, &fresh);
    assert_int_equal(l->dial_count, 0);
    lone_pass(l, 400 * KITH_MS);
    assert_int_equal(l->dial_count, 0);
    lone_pass(l, 1200 * KITH_MS);
    assert_int_equal(l->dial_count, 1);
    assert_string_equal(l->dials[0].host, "10.0.0.77");
    assert_int_equal(l->dials[0].port, 4747);
}

static void a_peer_that_is_linked_is_not_dialled(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    link_up(l, &first, 1);
    link_up(l, &second, 2);
    struct told told = fresh;
    told.seed = 2;
    say_record(l, &first, &told);
    lone_pass(l, 3 * KITH_SECOND);
    assert_int_equal(l->dial_count, 0);
}

static void a_forged_record_closes_its_link_and_no_other(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    link_up(l, &first, 1);
    link_up(l, &second, 2);
    struct told told = fresh;
    told.is_forged = true;
    say_record(l, &first, &told);
    assert_int_equal(l->closed[1], KITH_ESIGNATURE);
    assert_int_equal(l->closed[2], 1);
    assert_int_equal(known_count(l), 0);
    lone_pass(l, 2 * KITH_SECOND);
    for (size_t i = 0; i < l->dial_count; i++)
        assert_string_not_equal(l->dials[i].host, "10.0.0.77");
}

static void a_record_that_does_not_read_closes_its_link(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_frame_addresses frame = {1, {BYTES("no record")}};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    link_up(l, &peer, 1);
    kith_frame_addresses_encode(&w, &frame);
    lone_say(l, &peer, &w);
    assert_int_equal(l->closed[1], KITH_EPROTO);
    kith_writer_deinit(&w);
}

/* Said and not even verified. */
static void assert_ignored(struct lone *l, const struct lone_peer *peer,
                           const struct told *told)
{
    size_t verified = l->verify_count, known = known_count(l);
    say_record(l, peer, told);
    assert_int_equal(l->verify_count, verified);
    assert_int_equal(known_count(l), known);
    assert_int_equal(l->closed[peer->link], 1);
}

static void our_own_record_come_back_is_ignored(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct told told = fresh;
    link_up(l, &peer, 1);
    told.seed = 200; /* ours: lone.c */
    assert_ignored(l, &peer, &told);
}

static void records_out_of_their_time_are_ignored(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct told told = fresh;
    link_up(l, &peer, 1);
    const uint64_t bad[] = {
        0, WALL_S, WALL_S + 2 * DAY_S + 1, UINT64_MAX,
        /* wraps to a good one where it is counted in microseconds of 64 bits */
        (UINT64_C(1) << 58) + WALL_S + DAY_S};
    for (size_t i = 0; i < COUNT(bad); i++) {
        told.expiry = bad[i];
        assert_ignored(l, &peer, &told);
    }
    told.expiry = WALL_S + 2 * DAY_S;
    say_record(l, &peer, &told);
    assert_int_equal(known_count(l), 1);
}

static void an_expired_record_is_told_to_nobody(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    link_up(l, &first, 1);
    say_record(l, &first, &fresh);
    l->now.wall += 25 * KITH_HOUR;
    link_up(l, &second, 2);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_ADDRESSES), 0);
}

static void a_record_told_twice_at_once_is_verified_once(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    link_up(l, &first, 1);
    link_up(l, &second, 2);
    size_t verified = l->verify_count;
    l->is_verify_held = true;
    say_record(l, &first, &fresh);
    say_record(l, &second, &fresh);
    assert_int_equal(l->verify_count, verified + 1);
    lone_verify(l);
    assert_int_equal(known_count(l), 1);
}

static void only_a_higher_counter_replaces_a_record(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_signed_addresses record;
    struct told told = fresh;
    link_up(l, &first, 1);
    say_record(l, &first, &told);
    told.address = "10.0.0.78:4747";
    assert_ignored(l, &first, &told);
    told.counter--;
    assert_ignored(l, &first, &told);
    told.counter += 2;
    say_record(l, &first, &told);
    assert_int_equal(known_count(l), 1);
    link_up(l, &second, 2);
    last_records(l, 2, &record);
    assert_true(kith_bytes_equal(record.addresses[0], BYTES("10.0.0.78:4747")));
}

static void one_that_has_expired_gives_way_to_any(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_signed_addresses record;
    struct told told = fresh;
    told.counter += 1000 * DAY_S; /* by a clock that was wrong */
    link_up(l, &first, 1);
    say_record(l, &first, &told);
    l->now.wall += 2 * KITH_RECORD_LIFE;
    told = fresh;
    told.address = "10.0.0.78:4747";
    told.expiry += 2 * DAY_S;
    say_record(l, &first, &told);
    link_up(l, &second, 2);
    last_records(l, 2, &record);
    assert_true(kith_bytes_equal(record.addresses[0], BYTES("10.0.0.78:4747")));
}

/* ---- where nobody goes at a stranger's word ---- */

static void this_host_this_link_groups_and_names_are_never_dialled(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    static const char *const bad[] = {"127.0.0.1:22",
                                      "127.255.0.1:4747",
                                      "169.254.169.254:80",
                                      "0.0.0.0:4747",
                                      "224.0.0.1:4747",
                                      "239.255.47.47:4747",
                                      "255.255.255.255:4747",
                                      "240.0.0.1:4747",
                                      "[::1]:4747",
                                      "[0:0:0:0:0:0:0:1]:22",
                                      "[::]:4747",
                                      "[fe80::1]:4747",
                                      "[FE80::1]:4747",
                                      "[fe80::1%eth0]:4747",
                                      "[febf::1]:4747",
                                      "[fe90::1]:4747",
                                      "[fea0::1]:4747",
                                      "[ff02::1]:4747",
                                      "[::ffff:127.0.0.1]:22",
                                      "[::ffff:7f00:1]:22",
                                      "localhost:4747",
                                      "router.example:4747",
                                      "2130706433:22",
                                      "0x7f.1:22",
                                      "10.0.0.1:0",
                                      "",
                                      "[::ffff:10.0.0.1]:4747"};
    link_up(l, &peer, 1);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct told told = fresh;
        told.seed = (uint8_t)(100 + i);
        told.address = bad[i];
        say_record(l, &peer, &told);
        assert_int_equal(known_count(l), i + 1);
    }
    lone_pass(l, 2 * KITH_SECOND);
    for (size_t i = 0; i < l->dial_count; i++)
        fail_msg("%s is dialled", l->dials[i].host);
}

/* ---- out of memory ---- */

static void hear_of_others(struct lone *l)
{
    struct lone_peer first, second;
    struct told newer = fresh;
    newer.counter++;
    lone_restore_counts(l, 3);
    lone_restore_peer(l, 3, "10.0.0.3", false);
    lone_start(l);
    listen_at(l, (const char *const[]){"10.0.0.1"}, 1);
    link_up(l, &first, 1);
    say_record(l, &first, &fresh);
    say_record(l, &first, &newer);
    link_up(l, &second, 2);
    lone_pass(l, 2 * KITH_SECOND);
}

static void running_out_of_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    size_t failures = 0;
    bool is_over = false;
    for (size_t n = 1; !is_over; n++) {
        struct lone *l;
        make(&l);
        size_t calls_before = l->memory.calls;
        alloc_failing_arm(&l->memory, n);
        hear_of_others(l);
        is_over = l->memory.calls - calls_before < n;
        failures += l->error == KITH_ENOMEM;
        assert_true(l->error == 0 || l->error == KITH_ENOMEM);
        lone_deinit(l);
        free(l);
        assert_true(n < 5000);
    }
    assert_true(failures > 30);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(our_own_record_is_offered_on_a_live_link),
        TEST(our_own_record_stays_the_same_until_our_addresses_change),
        TEST(who_is_linked_is_told_of_our_new_addresses),
        TEST(a_record_is_renewed_in_time_on_links_that_last),
        TEST(a_clock_set_back_makes_no_record_look_older),
        TEST(a_record_told_twice_at_once_is_verified_once),
        TEST(addresses_of_this_host_or_link_alone_are_not_told),
        TEST(nothing_is_told_before_the_link_is_live),
        TEST(a_record_that_verifies_is_kept_and_told_to_newcomers),
        TEST(news_goes_on_to_three_links_and_not_back),
        TEST(nobody_is_told_of_himself),
        TEST(a_peer_told_of_is_dialled_in_a_while),
        TEST(a_peer_that_is_linked_is_not_dialled),
        TEST(a_forged_record_closes_its_link_and_no_other),
        TEST(a_record_that_does_not_read_closes_its_link),
        TEST(our_own_record_come_back_is_ignored),
        TEST(records_out_of_their_time_are_ignored),
        TEST(an_expired_record_is_told_to_nobody),
        TEST(only_a_higher_counter_replaces_a_record),
        TEST(one_that_has_expired_gives_way_to_any),
        TEST(this_host_this_link_groups_and_names_are_never_dialled),
        cmocka_unit_test(running_out_of_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
