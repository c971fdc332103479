/* SPDX-License-Identifier: MIT */
/* LOOKUP and CALL. */
#include "ground.h"

#include <stdlib.h>

static const struct kith_frame_peers *by_name(struct ground *g, const char *name)
{
    ground_forget(g);
    ground_lookup_name(g, ALICE, 5, name);
    return ground_peers(g, ALICE, 5);
}

/* ---- look-up ---- */

static void a_look_up_by_id_finds_who_is_here_and_who_was(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_lookup_id(g, ALICE, 5, BOB);
    assert_int_equal(ground_told(g, ALICE, BOB, 5)->state, KITH_TRACKED_HERE);
    ground_down(g, BOB);
    ground_pass(g, KITH_MINUTE / 2);
    ground_lookup_id(g, ALICE, 6, BOB);
    assert_int_equal(ground_told(g, ALICE, BOB, 6)->state, KITH_TRACKED_AWAY);
    assert_int_equal(ground_told(g, ALICE, BOB, 6)->seen_s, START_S);
    ground_lookup_id(g, ALICE, 7, CAROL);
    assert_int_equal(ground_peers(g, ALICE, 7)->count, 0);
}

static void a_look_up_by_name_gives_all_candidates_here_before_away(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "Stra\u00dfe");
    ground_join(g, CAROL, "STRASSE");
    ground_down(g, BOB);
    ground_join(g, DAVE, "dave");
    const struct kith_frame_peers *found = by_name(g, "strasse");
    assert_int_equal(found->count, 2);
    assert_int_equal(found->peers[0].state, KITH_TRACKED_HERE);
    assert_int_equal(found->peers[0].id.bytes[0], CAROL);
    assert_int_equal(found->peers[1].state, KITH_TRACKED_AWAY);
    assert_int_equal(found->peers[1].id.bytes[0], BOB);
    assert_int_equal(by_name(g, "stras")->count, 0);
    assert_int_equal(by_name(g, "\x1b")->count, 0);
    ground_register(g, CAROL, (struct ground_register){.name = "carol"});
    assert_int_equal(by_name(g, "strasse")->count, 1);
    assert_int_equal(by_name(g, "carol")->count, 1);
}

static void a_look_up_by_name_gives_at_most_32(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    for (uint32_t who = 10; who < 50; who++)
        ground_join(g, who, "sam");
    assert_int_equal(by_name(g, "sam")->count, KITH_PEERS_FRAME_MAX);
}

static void a_look_up_finds_nobody_of_another_network(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_up(g, BOB, "192.0.2.3");
    ground_register(g, BOB, (struct ground_register){.name = "bob", .tag = 9});
    ground_lookup_id(g, ALICE, 5, BOB);
    assert_int_equal(ground_peers(g, ALICE, 5)->count, 0);
    assert_int_equal(by_name(g, "bob")->count, 0);
}

static void too_many_look_ups_end_the_link(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    for (int i = 0; i < KITH_REGISTRY_LOOKUP_BURST; i++)
        ground_lookup_id(g, ALICE, 5, BOB);
    assert_int_equal(g->closed[ALICE], 0);
    ground_lookup_id(g, ALICE, 5, BOB);
    ground_ended(g, ALICE, KITH_ELIMIT, KITH_BYE_LIMIT);
}

/* For a few bytes, what a whole household of long records takes. */
static void long_answers_count_as_many_look_ups(void **state)
{
    struct ground *g = *state;
    static char address[256];
    const size_t size_max = KITH_REGISTRY_LOOKUP_BURST * KITH_REGISTRY_LOOKUP_SIZE;
    struct ground_record record = {.counter = 1, .addresses = {address, address}};
    size_t size = 0, longest = 0;
    memset(address, 'x', sizeof address - 1);
    for (uint32_t who = 1; who <= KITH_PEERS_FRAME_MAX; who++) {
        ground_up(g, who, "198.51.100.7");
        ground_register(
            g, who,
            (struct ground_register){.name = "sam",
                                     .record_local = ground_record(0, who, record)});
    }
    for (;;) {
        ground_forget(g);
        ground_lookup_name(g, ALICE, 5, "sam");
        if (g->closed[ALICE] != 0)
            break;
        longest = ground_last(g, ALICE, KITH_FRAME_PEERS).size;
        size += longest;
        ground_drained(g, ALICE, longest + 5);
    }
    ground_ended(g, ALICE, KITH_ELIMIT, KITH_BYE_LIMIT);
    assert_true(longest > 10 * KITH_REGISTRY_LOOKUP_SIZE);
    assert_in_range(size, size_max / 2, size_max + longest);
}

static void a_broken_look_up_is_a_fault(void **state)
{
    struct ground *g = *state;
    static const struct kith_bytes bad[] = {
        {(const uint8_t *)"\0\0\0\0\0\0\0\1\1", 9},      /* no value */
        {(const uint8_t *)"\0\0\0\0\0\0\0\0\1\1a", 11},  /* token 0 */
        {(const uint8_t *)"\0\0\0\0\0\0\0\1\2\1a", 11},  /* by what? */
        {(const uint8_t *)"\0\0\0\0\0\0\0\1\0\1a", 11}}; /* an id of one byte */
    for (size_t i = 0; i < COUNT(bad); i++) {
        ground_join(g, 10 + (uint32_t)i, "mallory");
        ground_frame(g, 10 + (uint32_t)i, KITH_FRAME_LOOKUP, bad[i]);
        ground_ended(g, 10 + (uint32_t)i, KITH_EPROTO, KITH_BYE_FAULT);
    }
}

/* ---- calls ---- */

static struct kith_frame_ring ring_of(struct ground *g, uint32_t link)
{
    struct kith_frame_ring ring;
    struct kith_bytes fields = ground_last(g, link, KITH_FRAME_RING);
    assert_int_equal(kith_frame_ring_decode(fields, &ring), 0);
    return ring;
}

static void expect_refusal(struct ground *g, uint32_t link, uint64_t token,
                           enum kith_refused_reason reason)
{
    struct kith_frame_refused refused;
    struct kith_bytes fields = ground_last(g, link, KITH_FRAME_REFUSED);
    assert_int_equal(kith_frame_refused_decode(fields, &refused), 0);
    assert_int_equal(refused.token, token);
    assert_int_equal(refused.reason, reason);
    assert_int_equal(ground_sent(g, link, KITH_FRAME_RING), 0);
}

static void expect_meeting(struct ground *g, uint32_t caller, uint32_t called)
{
    struct kith_frame_ring mine = ring_of(g, caller), theirs = ring_of(g, called);
    assert_int_equal(mine.token, 8);
    assert_int_equal(theirs.token, 0);
    assert_int_equal(mine.how, KITH_CALL_MEET);
    assert_int_equal(mine.id.bytes[0], called);
    assert_int_equal(theirs.id.bytes[0], caller);
    assert_int_equal(mine.ticket.size + theirs.ticket.size, 0);
    assert_int_equal(mine.role, caller < called ? 'd' : 'l');
    assert_int_equal(theirs.role, caller < called ? 'l' : 'd');
}

static void a_call_rings_both_with_the_address_of_the_other(void **state)
{
    struct ground *g = *state;
    ground_up(g, ALICE, "198.51.100.1");
    ground_register(g, ALICE, (struct ground_register){.name = "alice"});
    ground_up(g, BOB, "2001:db8::2");
    ground_register(g, BOB, (struct ground_register){.name = "bob"});
    ground_call(g, ALICE, 8, BOB, KITH_CALL_MEET);
    expect_meeting(g, ALICE, BOB);
    assert_true(
        kith_bytes_equal(ring_of(g, ALICE).address, BYTES("[2001:db8::2]:40002")));
    assert_true(kith_bytes_equal(ring_of(g, BOB).address, BYTES("198.51.100.1:40001")));
    ground_forget(g);
    ground_call(g, BOB, 8, ALICE, KITH_CALL_MEET);
    expect_meeting(g, BOB, ALICE); /* the roles are as before */
    assert_int_equal(kith_registry_counts(g->registry).calls, 2);
}

/* News waits a little so that many go together; a call does not. */
static void who_is_called_is_told_of_the_caller_first(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_up(g, BOB, "198.51.100.2");
    ground_register(g, BOB, (struct ground_register){.name = "bob"});
    ground_forget(g);
    ground_call(g, BOB, 8, ALICE, KITH_CALL_MEET);
    ground_is_here(g, ALICE, BOB, "bob");
    ground_is_here(g, BOB, ALICE, "alice");
    expect_meeting(g, BOB, ALICE);
    ground_pass(g, KITH_SECOND);
    ground_forget(g);
    ground_call(g, BOB, 8, ALICE, KITH_CALL_MEET);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 0);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_PEERS), 0);
}

static void who_is_not_here_cannot_be_called(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_call(g, ALICE, 8, BOB, KITH_CALL_MEET);
    expect_refusal(g, ALICE, 8, KITH_REFUSED_AWAY);
    ground_call(g, ALICE, 9, ALICE, KITH_CALL_MEET);
    expect_refusal(g, ALICE, 9, KITH_REFUSED_AWAY);
    ground_join(g, BOB, "bob");
    ground_down(g, BOB);
    ground_call(g, ALICE, 10, BOB, KITH_CALL_MEET);
    expect_refusal(g, ALICE, 10, KITH_REFUSED_AWAY);
    ground_up(g, CAROL, "192.0.2.4");
    ground_register(g, CAROL, (struct ground_register){.tag = 9});
    ground_call(g, ALICE, 11, CAROL, KITH_CALL_MEET);
    expect_refusal(g, ALICE, 11, KITH_REFUSED_AWAY);
    assert_int_equal(ground_sent(g, CAROL, KITH_FRAME_RING), 0);
}

static void too_many_calls_are_refused_until_time_has_passed(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    for (int i = 0; i < KITH_REGISTRY_CALL_BURST; i++)
        ground_call(g, ALICE, 8, BOB, KITH_CALL_MEET);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_RING), KITH_REGISTRY_CALL_BURST);
    ground_forget(g);
    ground_call(g, ALICE, 9, BOB, KITH_CALL_MEET);
    expect_refusal(g, ALICE, 9, KITH_REFUSED_LIMIT);
    ground_pass(g, KITH_REGISTRY_CALL_EVERY);
    ground_call(g, ALICE, 8, BOB, KITH_CALL_MEET);
    expect_meeting(g, ALICE, BOB);
}

/* Many ids of one address, each within its own limits. */
static void one_household_leaves_room_for_calls_of_others(void **state)
{
    struct ground *g = *state;
    const uint32_t ids =
        2 + KITH_REGISTRY_HOUSEHOLD_CALL_BURST / KITH_REGISTRY_CALL_BURST;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    for (uint32_t who = 10; who < 10 + ids; who++) {
        ground_up(g, who, "198.51.100.7");
        ground_register(g, who, (struct ground_register){.name = "one"});
        for (int i = 0; i < KITH_REGISTRY_CALL_BURST; i++)
            ground_call(g, who, 8, BOB, KITH_CALL_MEET);
    }
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_RING),
                     KITH_REGISTRY_HOUSEHOLD_CALL_BURST);
    ground_forget(g);
    ground_call(g, ALICE, 8, BOB, KITH_CALL_MEET);
    expect_meeting(g, ALICE, BOB);
    ground_pass(g, KITH_SECOND);
    ground_forget(g);
    for (uint32_t who = 10; who < 10 + ids; who++)
        ground_call(g, who, 8, BOB, KITH_CALL_MEET);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_RING),
                     KITH_SECOND / KITH_REGISTRY_HOUSEHOLD_CALL_EVERY);
}

static void what_is_not_done_here_is_refused(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_call(g, ALICE, 8, BOB, KITH_CALL_RELAY);
    expect_refusal(g, ALICE, 8, KITH_REFUSED_NEVER);
    ground_call(g, ALICE, 9, BOB, 77);
    expect_refusal(g, ALICE, 9, KITH_REFUSED_NEVER);
    assert_int_equal(ground_count(g, KITH_REGISTRY_PAIR), 0);
}

/* ---- relays ---- */

static struct ground *relaying(void)
{
    struct ground *g = malloc(sizeof *g);
    assert_non_null(g);
    ground_init(g, (struct kith_registry_config){.has_relay = true});
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    return g;
}

static void a_relay_gives_each_a_ticket_once_both_are_expected(void **state)
{
    struct ground *g = relaying();
    assert_int_equal(ground_welcome(g, ALICE).capabilities, KITH_TRACKER_RELAYS);
    ground_call(g, BOB, 8, ALICE, KITH_CALL_RELAY);
    const struct kith_registry_effect pair = *ground_effect(g, KITH_REGISTRY_PAIR);
    assert_int_equal(pair.pair.ids[0].bytes[0], BOB);
    assert_int_equal(pair.pair.ids[1].bytes[0], ALICE);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_RING), 0);
    ground_paired(g, pair.pair.pair, 0);
    struct kith_frame_ring mine = ring_of(g, BOB), theirs = ring_of(g, ALICE);
    assert_int_equal(mine.token, 8);
    assert_int_equal(theirs.token, 0);
    assert_int_equal(mine.role, 'l');
    assert_int_equal(theirs.role, 'd');
    assert_memory_equal(mine.ticket.data, pair.pair.tickets[0], KITH_TICKET_SIZE);
    assert_memory_equal(theirs.ticket.data, pair.pair.tickets[1], KITH_TICKET_SIZE);
    assert_memory_not_equal(mine.ticket.data, theirs.ticket.data, KITH_TICKET_SIZE);
    assert_int_equal(mine.address.size + theirs.address.size, 0);
    ground_forget(g);
    ground_paired(g, pair.pair.pair, 0); /* an answer to nothing */
    assert_int_equal(g->frame_count, 0);
    ground_deinit(g);
    free(g);
}

static void a_relay_that_is_full_or_too_late_is_refused(void **state)
{
    struct ground *g = relaying();
    ground_call(g, ALICE, 8, BOB, KITH_CALL_RELAY);
    ground_paired(g, ground_effect(g, KITH_REGISTRY_PAIR)->pair.pair, KITH_ELIMIT);
    expect_refusal(g, ALICE, 8, KITH_REFUSED_LIMIT);
    ground_call(g, ALICE, 9, BOB, KITH_CALL_RELAY);
    ground_down(g, BOB);
    ground_paired(g, ground_effect(g, KITH_REGISTRY_PAIR)->pair.pair, 0);
    expect_refusal(g, ALICE, 9, KITH_REFUSED_AWAY);
    ground_deinit(g);
    free(g);
}

static void who_went_to_another_network_meanwhile_is_not_rung(void **state)
{
    struct ground *g = relaying();
    ground_call(g, ALICE, 8, BOB, KITH_CALL_RELAY);
    const struct kith_registry_effect pair = *ground_effect(g, KITH_REGISTRY_PAIR);
    ground_register(g, BOB, (struct ground_register){.name = "bob", .tag = 9});
    ground_forget(g);
    ground_paired(g, pair.pair.pair, 0);
    expect_refusal(g, ALICE, 8, KITH_REFUSED_AWAY);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_RING), 0);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_PEERS), 0);
    ground_deinit(g);
    free(g);
}

static void nobody_is_rung_for_a_caller_who_went(void **state)
{
    struct ground *g = relaying();
    ground_call(g, ALICE, 8, BOB, KITH_CALL_RELAY);
    const struct kith_registry_effect pair = *ground_effect(g, KITH_REGISTRY_PAIR);
    ground_down(g, ALICE);
    ground_paired(g, pair.pair.pair, 0);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_RING), 0);
    ground_deinit(g);
    free(g);
}

static void only_so_many_relays_are_asked_for_at_once(void **state)
{
    struct ground *g = relaying();
    ground_join(g, CAROL, "carol");
    for (int i = 0; i < KITH_REGISTRY_PAIRS_MAX; i++)
        ground_call(g, ALICE, 8, BOB, KITH_CALL_RELAY);
    assert_int_equal(ground_count(g, KITH_REGISTRY_PAIR), KITH_REGISTRY_PAIRS_MAX);
    ground_call(g, CAROL, 9, BOB, KITH_CALL_RELAY);
    expect_refusal(g, CAROL, 9, KITH_REFUSED_LIMIT);
    ground_paired(g, ground_effect(g, KITH_REGISTRY_PAIR)->pair.pair, 0);
    ground_call(g, CAROL, 10, BOB, KITH_CALL_RELAY);
    assert_int_equal(ground_count(g, KITH_REGISTRY_PAIR), KITH_REGISTRY_PAIRS_MAX + 1);
    ground_deinit(g);
    free(g);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ground_setup, ground_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_look_up_by_id_finds_who_is_here_and_who_was),
        CASE(a_look_up_by_name_gives_all_candidates_here_before_away),
        CASE(a_look_up_by_name_gives_at_most_32),
        CASE(a_look_up_finds_nobody_of_another_network),
        CASE(too_many_look_ups_end_the_link),
        CASE(long_answers_count_as_many_look_ups),
        CASE(a_broken_look_up_is_a_fault),
        CASE(a_call_rings_both_with_the_address_of_the_other),
        CASE(who_is_called_is_told_of_the_caller_first),
        CASE(who_is_not_here_cannot_be_called),
        CASE(too_many_calls_are_refused_until_time_has_passed),
        CASE(one_household_leaves_room_for_calls_of_others),
        CASE(what_is_not_done_here_is_refused),
        cmocka_unit_test(a_relay_gives_each_a_ticket_once_both_are_expected),
        cmocka_unit_test(a_relay_that_is_full_or_too_late_is_refused),
        cmocka_unit_test(who_went_to_another_network_meanwhile_is_not_rung),
        cmocka_unit_test(nobody_is_rung_for_a_caller_who_went),
        cmocka_unit_test(only_so_many_relays_are_asked_for_at_once),
    };
    return cmocka_run_group_tests_name("tracker/ask", tests, NULL, NULL);
}
