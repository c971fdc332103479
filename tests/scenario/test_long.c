/* SPDX-License-Identifier: MIT */
/* Much, and for long: a link that loses a tenth of all segments, and a day of coming and
 * going. `make soak` runs them in their whole length. */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

static bool is_soak(void)
{
    return getenv("KITH_SOAK") != NULL;
}

/* ---- a bad link ---- */

#define LOSS_PERCENT 10
#define BURST        100 /* texts said at once */

static uint32_t say_burst(struct sim_world *world, uint32_t from, uint32_t to)
{
    struct kith_bytes tails[BURST];
    for (size_t i = 0; i < BURST; i++)
        tails[i] = kith_bytes("over a bad link", 15);
    return sim_host_say_many(world, from, to, tails, BURST) + BURST - 1;
}

/* That nothing is shown twice or out of order the checkers see to. */
static void a_link_that_loses_a_tenth_loses_doubles_and_mixes_up_nothing(void **state)
{
    const uint32_t count = is_soak() ? 1000000 : 20000;
    struct sim_world *world =
        scenario_new_with((struct sim_options){.loss_percent = LOSS_PERCENT});
    const uint32_t alice = scenario_start(world, "Alice", 0);
    const uint32_t bob = scenario_start(world, "Bob", alice);
    await_linked(world, alice, bob, 10);
    uint32_t last = 0;
    for (uint32_t said = 0; said < count; said += BURST) {
        last = say_burst(world, alice, bob);
        await_answered(world, last, 1);
    }
    await_delivered(world, last, 600);
    assert_int_equal(last, count);
    for (uint32_t text = 1; text <= count; text++) {
        assert_int_equal(text_state(world, text), SIM_TEXT_STORED);
        assert_true(sim_host_has_shown(world, bob, text));
    }
    assert_true(world->tally[SIM_TALLY_RESENT] * 100 >=
                world->wire.frame_count * LOSS_PERCENT / 2);
    scenario_end(world);
}

/* ---- a day ---- */

#define WATCHED       5 /* hosts 1 to 5: their processes live all day long */
#define SAYS_A_MINUTE 3
#define CUTS_A_MINUTE 5
#define NEWS_MIN      10 /* peers, or logs that take as much, in a quarter with news */

/* A process holds nothing of history, but something of each peer that ever wrote, and of
 * each log: one of every author, room and boot. These it keeps for good, up to 65,536
 * logs a room. A peer has its direct room, and where it is; a log its place in two tables
 * and, on every link, a track; either twice over, where an array has just doubled. */
#define PEER_SIZE  2048
#define LOG_SIZE   640
#define TRACK_SIZE 112
#define LINK_SIZE  4096 /* with its shares, but for the tracks */
#define SLACK_SIZE 4096 /* of buffers: as large as the most that was in them */

/* Of one node, or the mean of several. */
struct census {
    uint32_t nodes;
    uint64_t size;     /* of its heap */
    uint64_t expected; /* what all it knows of may take */
};

static struct census census_of(const struct sim_host *host)
{
    const uint64_t logs = host->disk.log_no_max;
    uint64_t peers = 0, links = 0;
    for (uint32_t no = 1; no <= kith_node_peer_count(host->node); no++) {
        struct kith_peer_view view;
        if (!kith_node_peer(host->node, no, &view))
            continue;
        peers++;
        links += view.is_online;
    }
    return (struct census){.nodes = 1,
                           .size = host->heap.size,
                           .expected = peers * PEER_SIZE + logs * LOG_SIZE +
                                       links * (LINK_SIZE + logs * TRACK_SIZE)};
}

/* The watched ones each, and behind them the mean of all others that are there. */
static void take_census(const struct sim_world *world, struct census out[WATCHED + 1])
{
    struct census others = {0};
    for (uint32_t no = 1; no <= world->host_count; no++) {
        const struct sim_host *host = sim_world_host(world, no);
        if (host->has_left)
            continue;
        const struct census census = census_of(host);
        if (no <= WATCHED) {
            assert_int_equal(host->generation, 1);
            out[no - 1] = census;
            continue;
        }
        others.nodes++;
        others.size += census.size;
        others.expected += census.expected;
    }
    others.size /= others.nodes;
    others.expected /= others.nodes;
    out[WATCHED] = others;
}

static struct sim_world *churning_world(struct sim_workload *workload, uint32_t nodes)
{
    struct sim_world *world = scenario_new_with((struct sim_options){0});
    workload->host_count = nodes;
    world->workload = workload;
    for (uint32_t no = 1; no <= nodes; no++) {
        scenario_start(world, NULL, no / 2); /* a tree: most have three links */
        sim_world_host(world, no)->is_spared = no <= WATCHED;
    }
    run_seconds(world, 10);
    return world;
}

/* In each minute one dies or stops, another one will at some point, and links are cut.
 * Where there is news, now and then one comes, one goes for good, and one whose power
 * failed comes back as of another boot, and begins new logs. */
static void churn(struct sim_world *world, unsigned minutes, bool has_news)
{
    for (unsigned minute = 0; minute < minutes; minute++) {
        sim_host_say(world, 1 + minute % WATCHED, 0, "how is the day?");
        for (int i = 1; i < SAYS_A_MINUTE; i++)
            sim_host_say(world, sim_habit_host(world, 0), 0, "how is the day?");
        sim_habit_crashes.act(world);
        sim_habit_points.act(world);
        for (int i = 0; i < CUTS_A_MINUTE; i++)
            sim_habit_cuts.act(world);
        if (has_news && minute % 3 == 0)
            sim_habit_power_cuts.act(world);
        if (has_news && minute % 10 == 1)
            sim_habit_arrivals.act(world);
        if (has_news && minute % 10 == 6)
            sim_habit_departures.act(world);
        run_seconds(world, 60);
    }
}

/* All are back, linked, and have what was said. */
static void calm_down(struct sim_world *world)
{
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_world_host(world, no)->crash.points = 0;
    run_seconds(world, 60);
    for (uint32_t no = 1; no <= world->host_count; no++)
        sim_host_start(world, no);
    run_seconds(world, 60);
}

static void assert_grown_by_what_is_new(const struct census *before,
                                        const struct census *after)
{
    const uint64_t more =
        after->expected > before->expected ? after->expected - before->expected : 0;
    if (after->size > before->size + more + SLACK_SIZE)
        fail_msg("%llu bytes more, for what may take %llu",
                 (unsigned long long)(after->size - before->size),
                 (unsigned long long)more);
}

static void live_a_quarter(struct sim_world *world, unsigned minutes, bool has_news,
                           struct census out[WATCHED + 1])
{
    churn(world, minutes, has_news);
    calm_down(world);
    take_census(world, out);
    print_message("# %u minutes later, %u nodes: host 1 holds %llu bytes, others %llu; "
                  "%u messages\n",
                  minutes, (unsigned)out[WATCHED].nodes + WATCHED,
                  (unsigned long long)out[0].size, (unsigned long long)out[WATCHED].size,
                  (unsigned)world->ledger.count);
}

/* What nodes keep in memory does not grow with what is said, nor with time, nor with
 * those who die and return; only with whom they meet, and with the logs these begin. In
 * the last quarter nobody is new. */
static void memory_grows_by_what_is_new_alone_through_a_day_of_churn(void **state)
{
    const uint32_t nodes = is_soak() ? 50 : 10;
    const unsigned minutes = (is_soak() ? 24 : 12) * 60 / 4;
    struct sim_workload workload = sim_workload_default();
    struct sim_world *world = churning_world(&workload, nodes);
    struct census before[WATCHED + 1], after[WATCHED + 1];
    live_a_quarter(world, minutes, true, before);
    for (int quarter = 2; quarter <= 4; quarter++) {
        live_a_quarter(world, minutes, quarter < 4, after);
        for (int i = 0; i <= WATCHED; i++)
            assert_grown_by_what_is_new(&before[i], &after[i]);
        const bool has_news =
            after[0].expected > before[0].expected + NEWS_MIN * PEER_SIZE;
        assert_int_equal(has_news, quarter < 4);
        memcpy(before, after, sizeof(before));
    }
    world->workload = NULL;
    scenario_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_loses_a_tenth_loses_doubles_and_mixes_up_nothing),
        cmocka_unit_test(memory_grows_by_what_is_new_alone_through_a_day_of_churn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
