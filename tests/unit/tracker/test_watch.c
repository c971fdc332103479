/* SPDX-License-Identifier: MIT */
/* Who is told of whom, when, and in how many frames. */
#include "ground.h"

#define CROWD (KITH_REGISTRY_WATCHED_MAX + 100)

static void everybody_is_told_of_everybody(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_join(g, CAROL, "carol");
    ground_pass(g, KITH_SECOND);
    ground_is_here(g, ALICE, BOB, "bob");
    ground_is_here(g, ALICE, CAROL, "carol");
    ground_is_here(g, BOB, ALICE, "alice");
    ground_is_here(g, BOB, CAROL, "carol");
    ground_is_here(g, CAROL, ALICE, "alice");
    ground_is_here(g, CAROL, BOB, "bob");
    assert_null(ground_told(g, ALICE, ALICE, 0));
    assert_int_equal(kith_registry_counts(g->registry).introduced, 3);
    assert_int_equal(kith_registry_counts(g->registry).untold, 0);
}

static void networks_are_never_told_of_one_another(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_up(g, BOB, "192.0.2.3");
    ground_register(g, BOB, (struct ground_register){.name = "bob", .tag = 9});
    ground_pass(g, KITH_SECOND);
    ground_down(g, BOB);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 0);
    assert_int_equal(ground_sent(g, BOB, KITH_FRAME_PEERS), 0);
    assert_int_equal(ground_welcome(g, BOB).network_count, 1);
}

static void who_leaves_is_told_to_be_away_and_who_returns_to_be_here(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_down(g, BOB);
    ground_pass(g, KITH_SECOND);
    ground_is_away(g, ALICE, BOB);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_TELL)->tell.what, KITH_REGISTRY_LEFT);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_TELL)->tell.here_count, 1);
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_is_here(g, ALICE, BOB, "bob");
    ground_is_here(g, BOB, ALICE, "alice");
}

static void who_comes_back_before_it_was_told_is_told_once_to_be_here(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_forget(g);
    ground_down(g, BOB);
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_is_here(g, ALICE, BOB, "bob");
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 1);
    assert_int_equal(ground_peers(g, ALICE, 0)->count, 1);
}

static void the_first_news_wait_a_little_and_those_behind_them_longer(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_REGISTRY_NEWS_DELAY - 1);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 0);
    ground_pass(g, 1);
    ground_is_here(g, ALICE, BOB, "bob");
    ground_join(g, CAROL, "carol");
    ground_join(g, DAVE, "dave");
    ground_pass(g, KITH_REGISTRY_NEWS_PAUSE - 1);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 1);
    ground_pass(g, 1);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 2);
    ground_is_here(g, ALICE, CAROL, "carol");
    ground_is_here(g, ALICE, DAVE, "dave");
}

static size_t told_here(struct ground *g, uint32_t link, uint32_t who_max)
{
    size_t count = 0;
    for (uint32_t who = 1; who <= who_max; who++) {
        const struct kith_tracked *told = ground_told(g, link, who, 0);
        count += told != NULL && told->state == KITH_TRACKED_HERE;
    }
    return count;
}

static void join_crowd(struct ground *g, uint32_t from, uint32_t to)
{
    for (uint32_t who = from; who <= to; who++)
        ground_join(g, who, "one");
    ground_pass(g, KITH_SECOND);
}

static void all_are_told_of_at_the_brim_and_no_more_above_it(void **state)
{
    struct ground *g = *state;
    join_crowd(g, 1, KITH_REGISTRY_WATCHED_MAX + 1);
    for (uint32_t who = 1; who <= KITH_REGISTRY_WATCHED_MAX + 1; who += 50)
        assert_int_equal(told_here(g, who, CROWD), KITH_REGISTRY_WATCHED_MAX);
    assert_false(ground_peers(g, 1, 0)->has_more);
    join_crowd(g, KITH_REGISTRY_WATCHED_MAX + 2, CROWD);
    for (uint32_t who = 1; who <= CROWD; who += 50)
        assert_int_equal(told_here(g, who, CROWD), KITH_REGISTRY_WATCHED_MAX);
    assert_true(ground_peers(g, CROWD, 0)->has_more);
    assert_int_equal(ground_welcome(g, CROWD).network_count, CROWD);
}

static void a_frame_holds_at_most_32(void **state)
{
    struct ground *g = *state;
    join_crowd(g, 1, KITH_PEERS_FRAME_MAX);
    ground_join(g, 100, "late");
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_sent(g, 100, KITH_FRAME_PEERS), 1);
    ground_join(g, 101, "later");
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_sent(g, 101, KITH_FRAME_PEERS), 2);
}

/* Of a network that shrinks everybody is known again once it is small enough. */
static void who_lost_others_is_told_of_new_ones_with_the_next_refresh(void **state)
{
    struct ground *g = *state;
    const uint32_t left = 20;
    join_crowd(g, 1, CROWD);
    for (uint32_t who = left + 1; who <= CROWD; who++)
        ground_down(g, who);
    ground_pass(g, KITH_SECOND);
    for (uint32_t who = 1; who <= left; who++)
        ground_ping(g, who);
    ground_pass(g, KITH_SECOND);
    for (uint32_t who = 1; who <= left; who++)
        assert_int_equal(told_here(g, who, CROWD), left - 1);
    ground_ping(g, 1);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(kith_registry_counts(g->registry).untold, 0);
}

/* Ten thousand of one network: a list for each that comes, and hardly more. */
static void a_crowd_costs_no_square_of_frames(void **state)
{
    struct ground *g = *state;
    const uint32_t crowd = 10000;
    size_t frames = 0, entries = 0;
    for (uint32_t who = 1; who <= crowd; who++) {
        ground_join(g, who, "one");
        if (who % 10 == 0)
            ground_pass(g, 10 * KITH_MS); /* all within ten seconds */
        for (size_t i = 0; i < g->frame_count; i++)
            frames += g->frames[i].type == KITH_FRAME_PEERS;
        ground_forget(g);
    }
    entries = kith_registry_counts(g->registry).entries_sent;
    assert_int_equal(kith_registry_counts(g->registry).here, crowd);
    assert_true(entries <= (size_t)crowd * KITH_REGISTRY_WATCHED_MAX);
    assert_true(frames <= (size_t)crowd * 10);
}

static void a_slow_reader_is_told_no_more_until_it_has_read(void **state)
{
    struct ground *g = *state;
    size_t sent = 0;
    ground_join(g, ALICE, "alice");
    for (uint32_t round = 0; round < 400; round++) {
        for (uint32_t who = 10; who < 40; who++) {
            ground_join(g, who, "a rather long name, as names go");
            ground_down(g, who);
        }
        ground_pass(g, 20 * KITH_SECOND); /* their tokens come back */
        ground_ping(g, ALICE);
    }
    for (size_t i = 0; i < g->frame_count; i++)
        sent += g->frames[i].link == ALICE ? g->frames[i].fields.size + 5 : 0;
    assert_int_equal(g->closed[ALICE], 0);
    assert_true(sent > KITH_REGISTRY_QUEUE_HIGH);
    assert_true(sent < KITH_REGISTRY_QUEUE_HIGH + 32 * 1024);
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    assert_null(ground_told(g, ALICE, BOB, 0));
    ground_drained(g, ALICE, sent);
    ground_pass(g, KITH_SECOND);
    ground_is_here(g, ALICE, BOB, "bob");
}

static void who_reads_nothing_and_asks_on_is_let_go(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    for (size_t i = 0; i < 200000 && g->closed[ALICE] == 0; i++)
        ground_ping(g, ALICE);
    ground_ended(g, ALICE, KITH_ELIMIT, KITH_BYE_LIMIT);
}

static void local_records_are_told_in_the_household_alone(void **state)
{
    struct ground *g = *state;
    struct ground_record record = {.counter = 1, .addresses = {"192.168.1.2:4747"}};
    ground_up(g, ALICE, "198.51.100.1");
    ground_register(
        g, ALICE,
        (struct ground_register){.record_local = ground_record(0, ALICE, record)});
    ground_up(g, BOB, "198.51.100.1");
    ground_register(g, BOB, (struct ground_register){.name = "bob"});
    ground_up(g, CAROL, "198.51.100.2");
    ground_register(g, CAROL, (struct ground_register){.name = "carol"});
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_told(g, BOB, ALICE, 0)->record_count, 1);
    assert_int_equal(ground_told(g, CAROL, ALICE, 0)->record_count, 0);
}

static void a_household_of_ipv6_is_a_64(void **state)
{
    struct ground *g = *state;
    struct ground_record record = {.counter = 1, .addresses = {"[fd00::1]:4747"}};
    ground_up(g, ALICE, "2001:db8::1");
    ground_register(
        g, ALICE,
        (struct ground_register){.record_local = ground_record(0, ALICE, record)});
    ground_up(g, BOB, "2001:db8::ffff:2");
    ground_register(g, BOB, (struct ground_register){.name = "bob"});
    ground_up(g, CAROL, "2001:db8:0:1::1");
    ground_register(g, CAROL, (struct ground_register){.name = "carol"});
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_told(g, BOB, ALICE, 0)->record_count, 1);
    assert_int_equal(ground_told(g, CAROL, ALICE, 0)->record_count, 0);
}

static void who_is_away_keeps_no_lists(void **state)
{
    struct ground *g = *state;
    join_crowd(g, 1, CROWD);
    ground_pass(g, KITH_SECOND);
    size_t before = g->memory.live_bytes;
    for (uint32_t who = 2; who <= CROWD; who++)
        ground_down(g, who);
    ground_pass(g, KITH_SECOND);
    size_t saved = before - g->memory.live_bytes;
    assert_int_equal(kith_registry_counts(g->registry).away, CROWD - 1);
    assert_true(saved > (CROWD - 1) * KITH_REGISTRY_WATCHED_MAX * 2 * 8);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ground_setup, ground_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(everybody_is_told_of_everybody),
        CASE(networks_are_never_told_of_one_another),
        CASE(who_leaves_is_told_to_be_away_and_who_returns_to_be_here),
        CASE(who_comes_back_before_it_was_told_is_told_once_to_be_here),
        CASE(the_first_news_wait_a_little_and_those_behind_them_longer),
        CASE(all_are_told_of_at_the_brim_and_no_more_above_it),
        CASE(a_frame_holds_at_most_32),
        CASE(who_lost_others_is_told_of_new_ones_with_the_next_refresh),
        CASE(a_crowd_costs_no_square_of_frames),
        CASE(a_slow_reader_is_told_no_more_until_it_has_read),
        CASE(who_reads_nothing_and_asks_on_is_let_go),
        CASE(local_records_are_told_in_the_household_alone),
        CASE(a_household_of_ipv6_is_a_64),
        CASE(who_is_away_keeps_no_lists),
    };
    return cmocka_run_group_tests_name("tracker/watch", tests, NULL, NULL);
}
