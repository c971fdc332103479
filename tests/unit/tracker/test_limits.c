/* SPDX-License-Identifier: MIT */
/* Every limit at its brim; what is kept over a restart; what memory it takes. */
#include "ground.h"

#include <stdlib.h>

#define DAY      (24 * KITH_HOUR)
#define SMALL    3
#define ONE_HOST "198.51.100.7"

static struct ground *limited(size_t peers_max, size_t per_address_max)
{
    struct ground *g = malloc(sizeof *g);
    assert_non_null(g);
    ground_init(g, (struct kith_registry_config){.peers_max = peers_max,
                                                 .per_address_max = per_address_max});
    return g;
}

static void done(struct ground *g)
{
    ground_deinit(g);
    free(g);
}

/* ---- peers ---- */

static void at_the_brim_the_longest_away_makes_room_and_nobody_who_is_here(void **state)
{
    struct ground *g = limited(SMALL, 64);
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_down(g, BOB);
    ground_pass(g, KITH_SECOND);
    ground_join(g, CAROL, "carol");
    ground_down(g, CAROL);
    ground_join(g, DAVE, "dave"); /* in place of Bob */
    const struct kith_registry_effect *forget = ground_effect(g, KITH_REGISTRY_FORGET);
    assert_int_equal(forget->forget.id.bytes[0], BOB);
    ground_join(g, CAROL, "carol");
    assert_int_equal(ground_count(g, KITH_REGISTRY_FORGET), 1);
    ground_join(g, BOB, "bob"); /* all are here */
    ground_ended(g, BOB, KITH_ELIMIT, KITH_BYE_LIMIT);
    assert_int_equal(kith_registry_counts(g->registry).here, SMALL);
    assert_int_equal(kith_registry_counts(g->registry).refused, 1);
    ground_down(g, ALICE);
    ground_join(g, BOB, "bob");
    assert_int_equal(g->closed[BOB], 0);
    done(g);
}

/* ---- households ---- */

static void links_of_one_household_are_limited(void **state)
{
    struct ground *g = limited(100, SMALL);
    for (uint32_t who = 1; who <= SMALL; who++)
        ground_up(g, who, ONE_HOST);
    ground_up(g, SMALL + 1, ONE_HOST);
    ground_ended(g, SMALL + 1, KITH_ELIMIT, KITH_BYE_LIMIT);
    ground_up(g, 50, "198.51.100.8"); /* another one */
    assert_int_equal(g->closed[50], 0);
    ground_down(g, 1);
    ground_up(g, SMALL + 1, ONE_HOST);
    assert_int_equal(g->closed[SMALL + 1], 0);
    done(g);
}

static void a_household_of_ipv6_cannot_multiply_itself(void **state)
{
    struct ground *g = limited(100, SMALL);
    static const char *const hosts[] = {"2001:db8::1", "2001:db8::2", "2001:db8::3",
                                        "2001:db8::4"};
    for (uint32_t i = 0; i < SMALL; i++)
        ground_up(g, 1 + i, hosts[i]);
    ground_up(g, 1 + SMALL, hosts[SMALL]);
    ground_ended(g, 1 + SMALL, KITH_ELIMIT, KITH_BYE_LIMIT);
    done(g);
}

static void a_flood_of_registrations_from_one_household_is_let_go(void **state)
{
    struct ground *g = limited(100000, SMALL);
    uint32_t who = 10;
    for (; who < 10 + 2 * SMALL; who++) {
        ground_up(g, who, ONE_HOST);
        ground_register(g, who, (struct ground_register){.name = "flood"});
        assert_int_equal(g->closed[who], 0);
        ground_down(g, who);
    }
    ground_up(g, who, ONE_HOST);
    ground_register(g, who, (struct ground_register){.name = "flood"});
    ground_ended(g, who, KITH_ELIMIT, KITH_BYE_LIMIT);
    ground_pass(g, KITH_MINUTE / SMALL);
    ground_up(g, who, ONE_HOST);
    ground_register(g, who, (struct ground_register){.name = "flood"});
    assert_int_equal(g->closed[who], 0);
    done(g);
}

static void a_household_pushes_out_its_own_and_nobody_else(void **state)
{
    struct ground *g = limited(1000, 1);
    ground_join(g, ALICE, "alice");
    ground_down(g, ALICE); /* the longest away of all */
    for (uint32_t who = 10; who < 10 + 3 * KITH_REGISTRY_ENTRIES_PER_LINK; who++) {
        ground_up(g, who, ONE_HOST);
        ground_register(g, who, (struct ground_register){.name = "flood"});
        ground_down(g, who);
        ground_pass(g, KITH_MINUTE);
    }
    assert_int_equal(kith_registry_counts(g->registry).away,
                     1 + KITH_REGISTRY_ENTRIES_PER_LINK);
    ground_join(g, BOB, "bob");
    ground_lookup_id(g, BOB, 5, ALICE);
    assert_non_null(ground_told(g, BOB, ALICE, 5));
    done(g);
}

static void a_household_has_no_more_by_moving_there(void **state)
{
    struct ground *g = limited(1000, 1);
    for (uint32_t who = 10; who < 10 + 3 * KITH_REGISTRY_ENTRIES_PER_LINK; who++) {
        for (int i = 0; i < 2; i++) {
            ground_up(g, who, i == 0 ? ONE_HOST : "198.51.100.8");
            ground_register(g, who, (struct ground_register){.name = "flood"});
            assert_int_equal(g->closed[who], 0);
            ground_down(g, who);
        }
        ground_pass(g, KITH_MINUTE);
    }
    assert_int_equal(kith_registry_counts(g->registry).away,
                     KITH_REGISTRY_ENTRIES_PER_LINK);
    done(g);
}

/* Its ids move on to the next address, and leave nobody behind. */
static void an_emptied_household_has_no_new_registrations(void **state)
{
    struct ground *g = limited(1000, 1);
    for (int i = 0; i < 2; i++) {
        for (uint32_t who = 1; who <= 2; who++) { /* all that it has */
            ground_up(g, who, ONE_HOST);
            ground_register(g, who, (struct ground_register){.name = "flood"});
            assert_int_equal(g->closed[who], 0);
            ground_up_as(g, 10 + who, who, who == 1 ? "203.0.113.1" : "203.0.113.2");
            ground_register(g, 10 + who, (struct ground_register){.name = "flood"});
            assert_int_equal(g->closed[10 + who], 0);
            ground_down(g, 10 + who);
        }
        ground_up(g, 3, ONE_HOST);
        ground_register(g, 3, (struct ground_register){.name = "flood"});
        ground_ended(g, 3, KITH_ELIMIT, KITH_BYE_LIMIT);
        ground_pass(g, KITH_REGISTRY_HOUSEHOLD_REST);
    }
    done(g);
}

static void ten_thousand_of_one_address_may_come_where_that_is_allowed(void **state)
{
    struct ground *g = limited(10000, 10000);
    for (uint32_t who = 1; who <= 10000; who++) {
        ground_up(g, who, "127.0.0.1");
        ground_register(g, who, (struct ground_register){.name = "one"});
        ground_forget(g);
    }
    assert_int_equal(kith_registry_counts(g->registry).here, 10000);
    done(g);
}

/* ---- what waits to be read ---- */

/* Thirty-two of one name, whose records fill an answer. */
static void join_namesakes(struct ground *g, uint32_t first)
{
    static char address[256];
    struct ground_record record = {.counter = 1, .addresses = {address, address}};
    memset(address, 'x', sizeof address - 1);
    for (uint32_t who = first; who < first + KITH_PEERS_FRAME_MAX; who++) {
        ground_up(g, who, ONE_HOST);
        ground_register(
            g, who,
            (struct ground_register){.name = "sam",
                                     .record_local = ground_record(0, who, record)});
        ground_down(g, who);
    }
}

/* Comes, asks, and reads nothing of it. */
static size_t come_and_ask(struct ground *g, uint32_t who, int times)
{
    size_t size = 0;
    ground_forget(g);
    ground_up(g, who, ONE_HOST);
    ground_register(g, who, (struct ground_register){.name = "greedy"});
    for (int i = 0; i < times; i++)
        ground_lookup_name(g, who, 5, "sam");
    for (size_t i = 0; i < g->frame_count; i++)
        size += g->frames[i].fields.size + 5;
    return size;
}

static void many_who_read_nothing_share_one_limit_and_one_who_reads_is_told(void **state)
{
    struct ground *g = limited(10000, 10000);
    const uint32_t first = 100;
    const size_t max = KITH_REGISTRY_QUEUES_MAX;
    uint32_t who = first;
    size_t all = 0, each = 0;
    join_namesakes(g, 10);
    for (; all + each <= max; who++) {
        all += each = come_and_ask(g, who, 8);
        assert_int_equal(g->closed[who], 0);
    }
    assert_in_range(each, 2 * KITH_REGISTRY_QUEUE_HIGH, KITH_REGISTRY_QUEUE_MAX);
    for (; all <= max + 3 * each; who++) { /* less than would hold up their news */
        all += come_and_ask(g, who, 2);
        assert_int_equal(g->closed[who], 0);
    }
    come_and_ask(g, ALICE, 1);
    assert_int_equal(ground_peers(g, ALICE, 5)->count, KITH_PEERS_FRAME_MAX);
    ground_drained(g, ALICE, each);
    ground_ping(g, first);
    ground_ended(g, first, KITH_ELIMIT, KITH_BYE_LIMIT);
    ground_down(g, first + 1);
    ground_drained(g, first + 2, each);
    ground_ping(g, first + 3);
    ground_ended(g, first + 3, KITH_ELIMIT, KITH_BYE_LIMIT);
    ground_ping(g, first + 4); /* what waited for those four waits no more */
    assert_int_equal(g->closed[first + 4], 0);
    assert_int_equal(g->closed[ALICE], 0);
    done(g);
}

/* ---- what is kept ---- */

static int restore(struct ground *g, const struct kith_registration *row, uint64_t now_s)
{
    const struct kith_now now = {g->now.mono, (kith_time)now_s * KITH_SECOND};
    return kith_registry_restore(g->registry, row, now);
}

static void what_is_kept_comes_back_as_away(void **state)
{
    struct ground *g = limited(100, 64), *later = limited(100, 64);
    struct ground_record record = {.counter = 7, .addresses = {"192.0.2.3:4747"}};
    ground_up(g, BOB, "192.0.2.3");
    ground_register(g, BOB,
                    (struct ground_register){
                        .name = "bob", .record_public = ground_record(0, BOB, record)});
    const struct kith_registry_effect *keep = ground_effect(g, KITH_REGISTRY_KEEP);
    assert_true(keep->keep.is_here);
    assert_int_equal(restore(later, &keep->keep, START_S + 60), 0);
    ground_join(later, ALICE, "alice");
    ground_lookup_name(later, ALICE, 5, "BOB");
    const struct kith_tracked *told = ground_told(later, ALICE, BOB, 5);
    assert_int_equal(told->state, KITH_TRACKED_AWAY);
    assert_int_equal(told->seen_s, START_S);
    assert_int_equal(told->record_count, 1);
    record.counter = 6; /* what it has met is kept, too */
    ground_up(later, BOB, "192.0.2.3");
    ground_register(later, BOB,
                    (struct ground_register){
                        .name = "bob", .record_public = ground_record(1, BOB, record)});
    ground_lookup_id(later, ALICE, 6, BOB);
    told = ground_told(later, ALICE, BOB, 6);
    assert_int_equal(told->state, KITH_TRACKED_HERE);
    record.counter = 7;
    assert_true(kith_bytes_equal(told->records[0], ground_record(0, BOB, record)));
    done(g);
    done(later);
}

static void who_was_away_for_a_day_is_forgotten(void **state)
{
    struct ground *g = limited(100, 64);
    ground_join(g, ALICE, "alice");
    ground_down(g, ALICE);
    const struct kith_registration row = ground_effect(g, KITH_REGISTRY_KEEP)->keep;
    ground_pass(g, DAY - KITH_SECOND);
    assert_int_equal(ground_count(g, KITH_REGISTRY_FORGET), 0);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_count(g, KITH_REGISTRY_FORGET), 1);
    assert_int_equal(kith_registry_counts(g->registry).networks, 0);
    uint64_t now_s = START_S + KITH_REGISTRY_AWAY_S;
    assert_int_equal(restore(g, &row, now_s), 0);
    assert_int_equal(kith_registry_counts(g->registry).away, 0);
    assert_int_equal(restore(g, &row, now_s - 1), 0);
    assert_int_equal(kith_registry_counts(g->registry).away, 1);
    assert_int_equal(restore(g, &row, now_s - 1), KITH_ECORRUPT);
    done(g);
}

/* A machine without a clock of its own: it is 1970 until somebody tells it the time. */
static void a_start_before_the_clock_is_set_forgets_nobody(void **state)
{
    struct ground *g = limited(100, 64);
    struct kith_registration row = {.id = ground_id(BOB), .seen_s = START_S - 60};
    memset(row.tag, HOME_TAG, sizeof row.tag);
    assert_int_equal(restore(g, &row, 30), 0);
    g->now.wall = 30 * KITH_SECOND;
    ground_join(g, ALICE, "alice");
    g->now.wall = (kith_time)START_S * KITH_SECOND;
    ground_pass(g, KITH_SECOND);
    ground_lookup_id(g, ALICE, 5, BOB);
    assert_int_equal(ground_peers(g, ALICE, 5)->count, 1);
    assert_int_equal(ground_told(g, ALICE, BOB, 5)->seen_s, START_S - 60);
    ground_pass(g, DAY);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_FORGET)->forget.id.bytes[0], BOB);
    done(g);
}

static void a_clock_that_was_ahead_keeps_nobody_for_longer(void **state)
{
    struct ground *g = limited(100, 64);
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    g->now.wall += 30 * DAY;
    ground_down(g, ALICE);
    g->now.wall -= 30 * DAY;
    ground_down(g, BOB);
    ground_pass(g, DAY - KITH_SECOND);
    assert_int_equal(ground_count(g, KITH_REGISTRY_FORGET), 0);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_count(g, KITH_REGISTRY_FORGET), 2);
    done(g);
}

static void of_more_than_there_is_room_for_the_latest_come_back(void **state)
{
    struct ground *g = limited(SMALL, 64);
    for (uint32_t who = 1; who <= 2 * SMALL; who++) {
        struct kith_registration row = {.id = ground_id(who), .seen_s = START_S + who};
        memset(row.tag, HOME_TAG, sizeof row.tag);
        row.remote.ip.bytes[0] = (uint8_t)who;
        assert_int_equal(restore(g, &row, START_S + 60), 0);
    }
    assert_int_equal(kith_registry_counts(g->registry).away, SMALL);
    ground_join(g, 50, "alice"); /* in place of one */
    for (uint32_t who = 1; who <= 2 * SMALL; who++) {
        ground_lookup_id(g, 50, who, who);
        assert_int_equal(ground_peers(g, 50, who)->count, who > SMALL + 1);
    }
    done(g);
}

static void a_mark_comes_every_minute_while_somebody_is_here(void **state)
{
    struct ground *g = limited(100, 64);
    ground_join(g, ALICE, "alice");
    for (int i = 0; i < 3; i++) {
        ground_pass(g, 20 * KITH_SECOND);
        ground_ping(g, ALICE);
    }
    assert_int_equal(ground_count(g, KITH_REGISTRY_MARKED), 1);
    ground_down(g, ALICE);
    ground_forget(g);
    ground_pass(g, KITH_HOUR);
    assert_int_equal(ground_count(g, KITH_REGISTRY_MARKED), 1); /* the one under way */
    assert_true(kith_registry_deadline(g->registry) > g->now.mono + KITH_HOUR);
    done(g);
}

/* ---- memory ---- */

static void play(struct ground *g)
{
    struct ground_record record = {.counter = 1,
                                   .addresses = {"192.0.2.9:1", "203.0.113.1:1"}};
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_up(g, CAROL, "192.0.2.9");
    ground_register(
        g, CAROL,
        (struct ground_register){.name = "carol",
                                 .record_public = ground_record(0, CAROL, record),
                                 .record_local = ground_record(1, CAROL, record)});
    ground_pass(g, KITH_SECOND);
    ground_lookup_name(g, ALICE, 5, "carol");
    ground_call(g, ALICE, 5, BOB, KITH_CALL_MEET);
    ground_call(g, ALICE, 5, BOB, KITH_CALL_RELAY);
    ground_register(g, BOB, (struct ground_register){.name = "robert", .tag = 9});
    ground_checked(g, 1, KITH_CHECK_REACHED);
    ground_down(g, ALICE);
    ground_pass(g, KITH_MINUTE * 3);
}

/* It stays, so that the last step tells of a failure in any. */
static void running_out_of_memory_anywhere_is_told_and_leaks_nothing(void **state)
{
    struct ground *g = limited(4, 64);
    size_t before = g->memory.calls;
    play(g);
    size_t calls = g->memory.calls - before;
    assert_int_equal(g->error, 0);
    done(g);
    for (size_t n = 1; n <= calls; n++) {
        g = limited(4, 64);
        alloc_failing_arm(&g->memory, n);
        play(g);
        assert_int_equal(g->error, KITH_ENOMEM);
        ground_forget(g);
        ground_lookup_name(g, BOB, 6, "carol");
        assert_int_equal(g->error, KITH_ENOMEM);
        assert_int_equal(g->frame_count, 0);
        done(g); /* which sees that nothing lives */
    }
}

static void a_peer_takes_less_than_its_share(void **state)
{
    struct ground *g = limited(10000, 10000);
    struct ground_record record = {.counter = 1,
                                   .addresses = {"127.0.0.1:4747", "[2001:db8::1]:4747"}};
    for (uint32_t who = 1; who <= 10000; who++) {
        ground_up(g, who, "127.0.0.1");
        ground_register(
            g, who,
            (struct ground_register){.name = "a name of thirty-two characters!",
                                     .record_public = ground_record(0, who, record),
                                     .record_local = ground_record(1, who, record)});
        ground_pass(g, KITH_MS);
        ground_forget(g);
    }
    /* 24 KiB, less 10.5 KiB for the connection. */
    assert_true(g->memory.live_bytes / 10000 < 13 * 1024 + 512);
    print_message("%zu bytes a peer\n", g->memory.live_bytes / 10000);
    done(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_brim_the_longest_away_makes_room_and_nobody_who_is_here),
        cmocka_unit_test(links_of_one_household_are_limited),
        cmocka_unit_test(a_household_of_ipv6_cannot_multiply_itself),
        cmocka_unit_test(a_flood_of_registrations_from_one_household_is_let_go),
        cmocka_unit_test(a_household_pushes_out_its_own_and_nobody_else),
        cmocka_unit_test(a_household_has_no_more_by_moving_there),
        cmocka_unit_test(an_emptied_household_has_no_new_registrations),
        cmocka_unit_test(ten_thousand_of_one_address_may_come_where_that_is_allowed),
        cmocka_unit_test(many_who_read_nothing_share_one_limit_and_one_who_reads_is_told),
        cmocka_unit_test(what_is_kept_comes_back_as_away),
        cmocka_unit_test(who_was_away_for_a_day_is_forgotten),
        cmocka_unit_test(a_start_before_the_clock_is_set_forgets_nobody),
        cmocka_unit_test(a_clock_that_was_ahead_keeps_nobody_for_longer),
        cmocka_unit_test(of_more_than_there_is_room_for_the_latest_come_back),
        cmocka_unit_test(a_mark_comes_every_minute_while_somebody_is_here),
        cmocka_unit_test(running_out_of_memory_anywhere_is_told_and_leaks_nothing),
        cmocka_unit_test(a_peer_takes_less_than_its_share),
    };
    return cmocka_run_group_tests_name("tracker/limits", tests, NULL, NULL);
}
