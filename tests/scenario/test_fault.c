/* SPDX-License-Identifier: MIT */
/* Bad luck and bad peers: crashes, full disks, slow links, forged signatures. */
#include "scenario.h"

#include <string.h>

#include "core/engine.h"
#include "proto/frame.h"

static void killed_in_mid_stream_neither_loses_nor_repeats(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    for (int round = 0; round < 40; round++) {
        const uint32_t victim = round % 2 == 0 ? alice : bob;
        for (int i = 0; i < 20; i++) {
            sim_host_say(world, alice, i % 2 == 0 ? bob : 0, "from Alice");
            sim_host_say(world, bob, i % 2 == 0 ? alice : 0, "from Bob");
        }
        run_seconds(world, 0.0007 * round);
        sim_host_crash(world, victim, round % 4 >= 2);
        sim_host_start(world, victim);
        run_seconds(world, 0.05);
    }
    await_linked(world, alice, bob, 60);
    scenario_end(world);
}

static void rename_is_seen_everywhere_and_later_by_who_was_away(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    const uint32_t carol = scenario_start(world, "Carol", bob);
    await_linked(world, bob, carol, 1);
    const uint32_t text = say(world, alice, 0, "my name is Alice");
    await_shown(world, carol, text, 2);
    await_name(world, carol, alice, "Alice", 2);
    stop(world, carol);
    await_unlinked(world, bob, carol, 1);

    const uint64_t token = sim_host_rename(world, alice, "Alicia");
    await_reply(world, alice, token, 1);
    assert_int_equal(sim_host_reply(world, alice, token)->error, 0);
    await_name(world, bob, alice, "Alicia", 1);
    assert_int_equal(sim_host_count_peer_notices(world, bob, alice, KITH_PEER_RENAMED),
                     1);
    run_seconds(world, 10);
    sim_host_start(world, carol);
    await_name(world, carol, alice, "Alicia", 10);

    sim_host_crash(world, alice, false);
    sim_host_start(world, alice);
    assert_string_equal(kith_node_name(sim_world_host(world, alice)->node), "Alicia");
    scenario_end(world);
}

static void acknowledged_name_survives_a_crash_at_once(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    run_seconds(world, 1);
    await_reply(world, alice, sim_host_rename(world, alice, "Alicia"), 1);
    sim_host_crash(world, alice, false);
    sim_host_start(world, alice);
    assert_string_equal(kith_node_name(sim_world_host(world, alice)->node), "Alicia");
    await_name(world, bob, alice, "Alicia", 10);
    scenario_end(world);
}

static void full_disk_refuses_and_goes_on_after(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    const uint32_t before = say(world, alice, bob, "before");
    sim_world_host(world, alice)->disk_full_until = world->now + 10 * KITH_SECOND;
    const uint32_t during = sim_host_say(world, alice, bob, "during");
    await_answered(world, during, 2);
    assert_int_equal(sim_ledger_text(&world->ledger, during)->error, KITH_EFULL);
    const uint32_t from_bob = say(world, bob, alice, "can you hear me?");
    run_seconds(world, 5);
    assert_false(sim_host_is_delivered(world, from_bob));
    run_seconds(world, 10);
    const uint32_t after = say(world, alice, bob, "after");
    await_delivered(world, before, 5);
    await_delivered(world, from_bob, 5);
    await_delivered(world, after, 5);
    scenario_end(world);
}

/* The first run of a log that nothing was known of, and nothing after it. */
static void what_came_while_the_disk_was_full_is_fetched_after(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    run_seconds(world, 1);
    sim_world_host(world, alice)->disk_full_until = world->now + 3 * KITH_SECOND;
    await_answered(world, sim_host_say(world, alice, 0, "anyone?"), 2);
    const uint32_t text = say(world, bob, alice, "me");
    run_seconds(world, 1);
    assert_false(sim_host_has_text(world, alice, text));
    await_delivered(world, text, 10);
    scenario_end(world);
}

/* Loses the first run of a control log that the first host sends. */
static bool lose_profile(void *ctx, const struct sim_conn *conn, unsigned from,
                         uint8_t *bytes, size_t size)
{
    static struct kith_run run;
    struct kith_frame_run frame;
    uint32_t *host = ctx;
    if (conn->ends[from].host != *host || size < 5 || bytes[4] != KITH_FRAME_RUN ||
        kith_frame_run_decode(kith_bytes(bytes + 5, size - 5), &frame) != 0 ||
        kith_run_decode(frame.run, &run) != 0 || run.log_class != KITH_LOG_CONTROL)
        return true;
    *host = 0;
    return false;
}

/* Two nodes once kept each other busy for ever over it, at thousands of frames a second.
 */
static void gap_is_asked_about_once(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 1);
    run_seconds(world, 5);
    uint32_t loser = alice;
    world->wire.tamper = lose_profile;
    world->wire.tamper_ctx = &loser;
    sim_host_rename(world, alice, "Alicia");
    run_seconds(world, 0.1);
    assert_int_equal(loser, 0);
    const uint64_t before = world->wire.frame_count;
    uint32_t last = 0;
    for (int i = 0; i < 20; i++)
        last = say(world, alice, 0, "do you know my name?");
    await_shown(world, bob, last, 15);
    assert_true(world->wire.frame_count - before < 200);
    await_name(world, bob, alice, "Alicia", 1);
    scenario_end(world);
}

/* The power fails at Alice's: her disk is back where it was after the first message, and
 * she does not meet Bob, who knows the others, before she has been restarted again. */
static void log_that_lost_its_end_is_never_gone_on_with(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t bob = scenario_start(world, "Bob", 0);
    const uint32_t alice = scenario_start(world, "Alice", bob);
    await_linked(world, alice, bob, 1);
    await_delivered(world, say(world, alice, bob, "first"), 1);
    run_seconds(world, 1);
    assert_true(sim_host_snapshot(world, alice));
    await_delivered(world, say(world, alice, bob, "second"), 1);
    sim_wire_block(world, alice, bob, true, false);
    sim_host_power_cut(world, alice, false);
    sim_host_start(world, alice);
    say(world, alice, 0, "back again"); /* a new log, and the home is marked */
    run_seconds(world, 1);
    sim_host_crash(world, alice, false);
    sim_host_start(world, alice);
    const uint32_t text = say(world, alice, bob, "third");
    sim_wire_block(world, alice, bob, false, false);
    await_shown(world, bob, text, 20);
    assert_int_equal(sim_host_count_warnings(world, bob, KITH_WARNING_FORK), 0);
    scenario_end(world);
}

/* A virtual machine that is put back cannot know it: it signs two histories. Nobody loses
 * either of them, and who sees both is told. */
static void forked_history_is_kept_and_told_of(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t bob = scenario_start(world, "Bob", 0);
    const uint32_t alice = scenario_start(world, "Alice", bob);
    await_linked(world, alice, bob, 1);
    await_shown(world, bob, say(world, alice, 0, "first"), 1);
    run_seconds(world, 1);
    assert_true(sim_host_snapshot(world, alice));
    const uint32_t here = say(world, alice, 0, "second");
    await_shown(world, bob, here, 1);
    sim_wire_block(world, alice, bob, true, false);
    sim_host_power_cut(world, alice, true);
    sim_world_host(world, alice)->is_copy = true;
    sim_host_start(world, alice);
    const uint32_t there = say(world, alice, 0, "second, differently");
    sim_wire_block(world, alice, bob, false, false);
    await_shown(world, bob, there, 30);
    await_shown(world, alice, here, 30);
    await_warning(world, bob, KITH_WARNING_FORK, 1);
    const uint32_t after = say(world, alice, 0, "and on");
    await_shown(world, bob, after, 5);
    scenario_end(world);
}

/* What the two histories share comes again, and is more than is compared at once. */
static void fork_behind_a_long_history_is_found(void **state)
{
    struct sim_world *world = scenario_new_with((struct sim_options){.rate = 1000000000});
    const uint32_t bob = scenario_start(world, "Bob", 0);
    const uint32_t alice = scenario_start(world, "Alice", bob);
    await_linked(world, alice, bob, 1);
    uint32_t last = 0;
    for (int i = 0; i < 5 * KITH_CHECKS_MAX; i++)
        last = say(world, alice, 0, "one at a time");
    await_shown(world, bob, last, 1);
    run_seconds(world, 1);
    assert_true(sim_host_snapshot(world, alice));
    const uint32_t here = say(world, alice, 0, "this way");
    await_shown(world, bob, here, 1);
    sim_wire_block(world, alice, bob, true, false);
    sim_host_power_cut(world, alice, true);
    sim_world_host(world, alice)->is_copy = true;
    sim_host_start(world, alice);
    const uint32_t there = say(world, alice, 0, "that way");
    sim_wire_block(world, alice, bob, false, false);
    await_linked(world, alice, bob, 20);
    await_shown(world, bob, there, 5);
    await_shown(world, alice, here, 5);
    scenario_end(world);
}

/* Who holds the longer history takes the head of the shorter one for that of a peer that
 * is behind: the vectors alone never tell. */
static void shorter_history_of_a_fork_reaches_everybody(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t carol = scenario_start(world, "Carol", 0);
    const uint32_t bob = scenario_start(world, "Bob", carol);
    const uint32_t alice = scenario_start(world, "Alice", bob);
    await_linked(world, bob, carol, 1);
    await_linked(world, alice, bob, 1);
    await_shown(world, carol, say(world, alice, 0, "first"), 1);
    run_seconds(world, 1);
    assert_true(sim_host_snapshot(world, alice));
    uint32_t longer = 0;
    for (int i = 0; i < 5; i++)
        longer = say(world, alice, 0, "on and on");
    await_shown(world, carol, longer, 1);
    sim_wire_block(world, alice, bob, true, false);
    sim_host_power_cut(world, alice, true);
    sim_world_host(world, alice)->is_copy = true;
    sim_host_start(world, alice);
    const uint32_t shorter = say(world, alice, 0, "second, differently");
    sim_wire_block(world, alice, bob, false, false);
    await_linked(world, alice, bob, 20);
    await_shown(world, alice, longer, 5);
    await_shown(world, bob, shorter, 5);
    await_shown(world, carol, shorter, 5);
    scenario_end(world);
}

/* Changes one bit of the signature of every run from the first host. */
static bool forge(void *ctx, const struct sim_conn *conn, unsigned from, uint8_t *bytes,
                  size_t size)
{
    static struct kith_run run; /* too large for the stack of a callback */
    struct kith_frame_run frame;
    const uint32_t *forger = ctx;
    if (conn->ends[from].host != *forger || size < 5 || bytes[4] != KITH_FRAME_RUN ||
        kith_frame_run_decode(kith_bytes(bytes + 5, size - 5), &frame) != 0 ||
        kith_run_decode(frame.run, &run) != 0)
        return true;
    uint8_t *signature = memmem(bytes, size, run.signature, KITH_SIGNATURE_SIZE);
    assert_non_null(signature);
    signature[7] ^= 1;
    return true;
}

static void forged_signature_closes_the_link_and_stores_nothing(void **state)
{
    struct sim_world *world = scenario_new();
    uint32_t mallory = scenario_start(world, "Mallory", 0);
    const uint32_t bob = scenario_start(world, "Bob", mallory);
    const uint32_t carol = scenario_start(world, "Carol", bob);
    await_linked(world, mallory, bob, 1);
    await_linked(world, carol, bob, 1);
    run_seconds(world, 2);
    world->wire.tamper = forge;
    world->wire.tamper_ctx = &mallory;
    const uint32_t text = say(world, mallory, 0, "I am somebody else");
    await_warning(world, bob, KITH_WARNING_FAULT, 2);
    await_unlinked(world, bob, mallory, 1);
    run_seconds(world, 20);
    assert_false(sim_host_has_text(world, bob, text));
    assert_false(sim_host_has_text(world, carol, text));
    assert_true(sim_host_sees(world, bob, carol));
    const uint32_t other = say(world, carol, 0, "business as usual");
    await_shown(world, bob, other, 1);

    world->wire.tamper = NULL;
    await_shown(world, bob, text, 120);
    scenario_end(world);
}

/* Changes a byte of a text under way: hashes no longer fit. */
static bool alter(void *ctx, const struct sim_conn *conn, unsigned from, uint8_t *bytes,
                  size_t size)
{
    const uint32_t *forger = ctx;
    uint8_t *text = memmem(bytes, size, "pay Bob", 7);
    if (conn->ends[from].host == *forger && text != NULL)
        memcpy(text, "pay Eve", 7);
    return true;
}

static void altered_text_is_not_stored(void **state)
{
    struct sim_world *world = scenario_new();
    const uint32_t alice = scenario_start(world, "Alice", 0);
    uint32_t mallory = scenario_start(world, "Mallory", alice);
    const uint32_t carol = scenario_start(world, "Carol", mallory);
    await_linked(world, alice, mallory, 1);
    await_linked(world, mallory, carol, 1);
    world->wire.tamper = alter;
    world->wire.tamper_ctx = &mallory;
    const uint32_t text = say(world, alice, 0, "pay Bob");
    await_shown(world, mallory, text, 1);
    await_warning(world, carol, KITH_WARNING_FAULT, 2);
    run_seconds(world, 10);
    assert_false(sim_host_has_text(world, carol, text));
    world->wire.tamper = NULL;
    await_shown(world, carol, text, 120);
    scenario_end(world);
}

static void slow_link_has_a_bounded_queue_and_delays_nobody(void **state)
{
    static char tail[4000];
    memset(tail, 'x', sizeof(tail) - 1);
    struct sim_world *world = scenario_new_with((struct sim_options){.rate = 200000});
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 2);
    world->wire.rate = 0;
    const uint32_t carol = scenario_start(world, "Carol", alice);
    await_linked(world, alice, carol, 1);
    uint32_t last = 0;
    for (int i = 0; i < 2000; i++)
        last = sim_host_say(world, alice, 0, tail);
    await_shown(world, carol, last, 10);
    assert_false(sim_host_has_shown(world, bob, last));
    await_shown(world, bob, last, 120);
    const struct sim_conn *conn = sim_wire_conn(world, alice, bob);
    assert_non_null(conn);
    for (unsigned i = 0; i < 2; i++)
        assert_true(conn->flows[i].waiting_size_max < (size_t)3 * 1024 * 1024);
    scenario_end(world);
}

/* 64 times what one link may have queued arrives at one who reads slowly. */
static void newcomer_fetches_a_long_history_in_bounded_memory(void **state)
{
    static char letters[4000];
    memset(letters, 'y', sizeof(letters));
    struct kith_bytes tails[100];
    for (size_t i = 0; i < 100; i++)
        tails[i] = kith_bytes(letters, sizeof(letters));
    struct sim_world *world = scenario_new_with((struct sim_options){0});
    const uint32_t alice = scenario_start(world, "Alice", 0);
    uint32_t last = 0;
    for (int i = 0; i < 80; i++) {
        last = sim_host_say_many(world, alice, 0, tails, 100) + 99;
        run_seconds(world, 0.1);
    }
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_shown(world, bob, last, 60);
    assert_true(sim_world_host(world, alice)->heap.size_peak < (size_t)24 * 1024 * 1024);
    assert_true(sim_world_host(world, bob)->heap.size_peak < (size_t)24 * 1024 * 1024);
    scenario_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_in_mid_stream_neither_loses_nor_repeats),
        cmocka_unit_test(rename_is_seen_everywhere_and_later_by_who_was_away),
        cmocka_unit_test(acknowledged_name_survives_a_crash_at_once),
        cmocka_unit_test(full_disk_refuses_and_goes_on_after),
        cmocka_unit_test(what_came_while_the_disk_was_full_is_fetched_after),
        cmocka_unit_test(gap_is_asked_about_once),
        cmocka_unit_test(log_that_lost_its_end_is_never_gone_on_with),
        cmocka_unit_test(forked_history_is_kept_and_told_of),
        cmocka_unit_test(fork_behind_a_long_history_is_found),
        cmocka_unit_test(shorter_history_of_a_fork_reaches_everybody),
        cmocka_unit_test(forged_signature_closes_the_link_and_stores_nothing),
        cmocka_unit_test(altered_text_is_not_stored),
        cmocka_unit_test(slow_link_has_a_bounded_queue_and_delays_nobody),
        cmocka_unit_test(newcomer_fetches_a_long_history_in_bounded_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
