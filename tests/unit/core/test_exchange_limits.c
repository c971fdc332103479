/* SPDX-License-Identifier: MIT */
/* Who tells of identities that he made up gets no more than his share. */
#include "lone.h"

#include <stdlib.h>

#include "core/engine.h"
#include "proto/signed_addresses.h"

#define EXPIRY (UINT64_C(1700000000) + 86400) /* a day after lone's now */

static int setup(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    l->is_forgiving = true; /* signatures are another test's */
    *state = l;
    return 0;
}

static void link_up(struct lone *l, struct lone_peer *peer, uint8_t no)
{
    lone_connect(l, peer, no, no, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
}

static struct kith_id invented(unsigned number)
{
    return (struct kith_id){{(uint8_t)number, (uint8_t)(number >> 8), 1}};
}

static void tell(struct lone *l, const struct lone_peer *peer, struct kith_id id,
                 uint64_t expiry)
{
    struct kith_signed_addresses record = {.id = id, .counter = 1, .expiry = expiry};
    struct kith_writer bytes = kith_writer(&kith_alloc_heap);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_signed_addresses_fields(&bytes, &record);
    kith_writer_bytes(&bytes, record.signature, sizeof(record.signature));
    struct kith_frame_addresses frame = {1, {kith_writer_view(&bytes)}};
    kith_frame_addresses_encode(&w, &frame);
    lone_forget(l);
    lone_say(l, peer, &w);
    kith_writer_deinit(&bytes);
    kith_writer_deinit(&w);
}

/* How many of so many at once are verified. */
static size_t flood(struct lone *l, const struct lone_peer *peer, unsigned first,
                    unsigned count)
{
    size_t before = l->verify_count;
    for (unsigned i = first; i < first + count; i++)
        tell(l, peer, invented(i), EXPIRY);
    return l->verify_count - before;
}

static size_t known_count(const struct lone *l)
{
    return l->node->record_map.count;
}

static bool is_known(const struct lone *l, struct kith_id id)
{
    return kith_map_get(&l->node->record_map, id.bytes) != NULL;
}

/* As many as there is room for and some more, as fast as they are taken. */
static void fill(struct lone *l, const struct lone_peer *peer, unsigned more)
{
    for (unsigned i = 0; i < KITH_RECORDS_MAX + more; i++) {
        tell(l, peer, invented(i), EXPIRY);
        lone_pass(l, KITH_SECOND / KITH_RECORDS_LINK_PER_S);
    }
    assert_int_equal(known_count(l), KITH_RECORDS_MAX);
}

static void who_fills_the_table_pushes_out_his_own(void **state)
{
    struct lone *l = *state;
    struct lone_peer flooder, honest;
    struct kith_id newcomer = invented(60000);
    link_up(l, &flooder, 1);
    fill(l, &flooder, 0);
    link_up(l, &honest, 2);
    tell(l, &honest, newcomer, EXPIRY);
    assert_true(is_known(l, newcomer));
    assert_false(is_known(l, invented(0)));
    for (unsigned i = 0; i < 5; i++)
        tell(l, &flooder, invented(KITH_RECORDS_MAX + i), EXPIRY);
    assert_true(is_known(l, newcomer));
    assert_false(is_known(l, invented(5)));
    assert_true(is_known(l, invented(6)));
    assert_int_equal(known_count(l), KITH_RECORDS_MAX);
}

static void who_was_met_is_not_pushed_out(void **state)
{
    struct lone *l = *state;
    struct lone_peer met, flooder;
    link_up(l, &met, 2);
    link_up(l, &flooder, 1);
    tell(l, &flooder, met.key.id, EXPIRY);
    fill(l, &flooder, 10);
    assert_true(is_known(l, met.key.id));
}

static void what_has_expired_goes_first(void **state)
{
    struct lone *l = *state;
    struct lone_peer first, second;
    struct kith_id passing = invented(60000);
    link_up(l, &first, 1);
    link_up(l, &second, 2);
    tell(l, &second, passing, EXPIRY - 86400 + 10);
    fill(l, &first, 0);
    assert_false(is_known(l, passing));
    assert_true(is_known(l, invented(0)));
}

static void a_link_has_its_share_of_verifications_and_nobody_elses(void **state)
{
    struct lone *l = *state;
    struct lone_peer flooder, honest;
    link_up(l, &flooder, 1);
    link_up(l, &honest, 2);
    assert_int_equal(flood(l, &flooder, 0, 1000), KITH_RECORDS_LINK_MOST);
    assert_int_equal(flood(l, &honest, 60000, 1), 1);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(flood(l, &flooder, 1000, 1000), KITH_RECORDS_LINK_PER_S);
    assert_int_equal(l->closed[1], 1); /* it may know many */
}

static void all_links_together_have_theirs(void **state)
{
    struct lone *l = *state;
    size_t verified = 0;
    for (uint8_t no = 1; no < 96; no++) {
        struct lone_peer peer;
        link_up(l, &peer, no);
        verified += flood(l, &peer, no * 100u, 100);
    }
    assert_int_equal(verified, KITH_RECORDS_MOST);
}

#define STALE 10000

/* It was met this many peers ago, all of whom are there no more. */
static void restore_met(struct lone *l)
{
    struct kith_record record = {.type = KITH_RECORD_META};
    record.meta.arrival_next = record.meta.room_no_next = record.meta.log_no_next = 1;
    record.meta.peer_no_next = STALE + 1;
    assert_int_equal(kith_node_restore(l->node, &record), 0);
    record = (struct kith_record){.type = KITH_RECORD_PEER};
    for (uint32_t no = 1; no <= STALE; no++) {
        record.peer.no = no;
        record.peer.id = invented(no);
        record.peer.last_seen = (kith_time)no * KITH_SECOND;
        record.peer.address = (struct kith_address){.host = "10.0.0.7", .port = 4747};
        assert_int_equal(kith_node_restore(l->node, &record), 0);
    }
}

static void a_stranger_pushes_out_nobody_who_was_met(void **state)
{
    (void)state;
    struct lone *l = malloc(sizeof(*l));
    struct lone_peer teller;
    lone_init(l);
    l->is_forgiving = true;
    restore_met(l);
    lone_start(l);
    link_up(l, &teller, 1);
    for (unsigned i = 1; i <= KITH_RECORDS_MAX; i++) {
        tell(l, &teller, invented(i), EXPIRY);
        lone_pass(l, KITH_SECOND / KITH_RECORDS_LINK_PER_S);
    }
    assert_int_equal(known_count(l), KITH_RECORDS_MAX);
    tell(l, &teller, invented(60000), EXPIRY);
    assert_false(is_known(l, invented(60000)));
    assert_true(is_known(l, invented(1)));
    assert_int_equal(known_count(l), KITH_RECORDS_MAX);
    lone_deinit(l);
    free(l);
}

static void verdicts_come_in_any_order(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    link_up(l, &peer, 1);
    l->is_verify_held = true;
    tell(l, &peer, invented(1), EXPIRY);
    struct kith_input first = l->held_verify;
    tell(l, &peer, invented(2), EXPIRY);
    lone_verify(l);
    assert_true(is_known(l, invented(2)));
    assert_false(is_known(l, invented(1)));
    lone_step(l, first);
    assert_true(is_known(l, invented(1)));
}

static void what_is_being_verified_when_the_node_ends_is_freed(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    link_up(l, &peer, 1);
    l->is_verify_held = true;
    tell(l, &peer, invented(1), EXPIRY); /* the teardown looks at what is left */
    assert_int_equal(known_count(l), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_fills_the_table_pushes_out_his_own),
        TEST(who_was_met_is_not_pushed_out),
        TEST(what_has_expired_goes_first),
        TEST(a_link_has_its_share_of_verifications_and_nobody_elses),
        TEST(all_links_together_have_theirs),
        cmocka_unit_test(a_stranger_pushes_out_nobody_who_was_met),
        TEST(verdicts_come_in_any_order),
        TEST(what_is_being_verified_when_the_node_ends_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
