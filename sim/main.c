/* SPDX-License-Identifier: MIT */
/* kith-sim: one seed, one world, one verdict. */
#include "checker.h"
#include "workload.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    struct sim_options options;
    struct sim_workload workload;
    uint64_t seeds; /* so many, from options.seed on */
};

/* One option: a number, put where `set` says. */
struct option_entry {
    const char *name;
    const char *help;
    void (*set)(struct settings *settings, double value);
};

#define SETTER(name, field, factor)                                                      \
    static void set_##name(struct settings *s, double value)                             \
    {                                                                                    \
        s->field = (__typeof__(s->field))(value * (factor));                             \
    }
SETTER(seed, options.seed, 1)
SETTER(seeds, seeds, 1)
SETTER(nodes, workload.host_count, 1)
SETTER(minutes, workload.duration, (double)KITH_MINUTE)
SETTER(delay_min, options.delay_min, (double)KITH_MS)
SETTER(delay_max, options.delay_max, (double)KITH_MS)
SETTER(commit_max, options.commit_max, (double)KITH_MS)
SETTER(rate, options.rate, 1)
SETTER(says, workload.says, 1)
SETTER(renames, workload.renames, 1)
SETTER(joins, workload.joins, 1)
SETTER(cuts, workload.cuts, 1)
SETTER(stalls, workload.stalls, 1)
SETTER(blocks, workload.blocks, 1)
SETTER(crashes, workload.crashes, 1)
SETTER(shortages, workload.shortages, 1)
SETTER(disk_fulls, workload.disk_fulls, 1)
SETTER(power_cuts, workload.power_cuts, 1)
SETTER(clock_steps, workload.clock_steps, 1)
SETTER(skew, workload.skew_max, (double)KITH_SECOND)
static void set_real_crypto(struct settings *s, double value)
{
    s->options.has_real_crypto = value != 0;
}
static void set_lan(struct settings *s, double value)
{
    s->options.is_lan = value != 0;
}
SETTER(topology, workload.topology, 1)

static const struct option_entry entries[] = {
    {"seed", "the seed: decides everything (1)", set_seed},
    {"seeds", "run this many seeds, one after the other (1)", set_seeds},
    {"nodes", "how many nodes (20)", set_nodes},
    {"minutes", "virtual minutes of load and faults (10)", set_minutes},
    {"delay-min", "of a link, one way, in ms (1)", set_delay_min},
    {"delay-max", "in ms (80)", set_delay_max},
    {"commit-max", "a commit takes up to this, in ms (5)", set_commit_max},
    {"rate", "bytes a second of a link (10000000)", set_rate},
    {"says", "messages a minute and node (4)", set_says},
    {"renames", "a minute (1)", set_renames},
    {"joins", "nodes that join or leave a room, a minute (6)", set_joins},
    {"cuts", "links cut a minute (6)", set_cuts},
    {"stalls", "links that stand still for a while, a minute (2)", set_stalls},
    {"blocks", "pairs that cannot reach each other for a while, a minute (1)",
     set_blocks},
    {"crashes", "processes that die and return, a minute (4)", set_crashes},
    {"shortages", "nodes for which one allocation fails, a minute (4)", set_shortages},
    {"disk-fulls", "disks full for a while, a minute (1)", set_disk_fulls},
    {"power-cuts", "processes that die and lose their last seconds, a minute (1)",
     set_power_cuts},
    {"clock-steps", "wall clocks that jump, a minute (1)", set_clock_steps},
    {"skew", "wall clocks are off, and jump, by up to this, in seconds (600)", set_skew},
    {"real-crypto", "1: Ed25519 in place of the cheap stand-in (0)", set_real_crypto},
    {"lan", "1: links are LAN links, pinged sooner (0)", set_lan},
    {"topology", "0 any, 1 line, 2 ring, 3 star, 4 tree, 5 full (0)", set_topology},
};
#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static void print_help(void)
{
    puts("usage: kith-sim [--seed N] [--nodes N] [--minutes N] [--trace] …\n\n"
         "Runs nodes of the real core and store under a virtual clock, breaks what can\n"
         "break, heals it and checks. The same options give the same run, byte for "
         "byte.\n");
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        printf("  --%-12s %s\n", entries[i].name, entries[i].help);
    printf("  --%-12s %s\n\nIn a trace:\n%s\nChecked:\n", "trace", "print what happens",
           sim_trace_legend);
    for (size_t i = 0; i < sim_checker_count; i++)
        printf("  %-10s %s\n", sim_checkers[i]->name, sim_checkers[i]->claim);
}

static bool parse_number(const char *text, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0;
}

static bool is_sane(const struct settings *settings)
{
    return settings->workload.host_count >= 1 &&
           settings->workload.host_count < SIM_HOSTS_MAX &&
           settings->workload.topology <= SIM_TOPOLOGY_FULL;
}

/* 0 to go on, else the exit code and one. */
static int parse(int argc, char **argv, struct settings *settings)
{
    struct option options[ENTRY_COUNT + 3] = {{0}};
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        options[i] = (struct option){entries[i].name, required_argument, NULL, 'n'};
    options[ENTRY_COUNT] = (struct option){"trace", no_argument, NULL, 't'};
    options[ENTRY_COUNT + 1] = (struct option){"help", no_argument, NULL, 'h'};
    int index = 0, option;
    while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
        double value = 0;
        if (option == 't') {
            settings->options.trace_out = stdout;
        } else if (option == 'h') {
            print_help();
            return 1;
        } else if (option != 'n' || !parse_number(optarg, &value)) {
            fputs("kith-sim: an option is unknown or not a number; see --help\n", stderr);
            return 3;
        } else {
            entries[index].set(settings, value);
        }
    }
    if (is_sane(settings))
        return 0;
    fprintf(stderr, "kith-sim: 1 to %d nodes, topology 0 to 5\n", SIM_HOSTS_MAX - 1);
    return 3;
}

static void print_verdict(const struct settings *settings, const struct sim_world *world,
                          const struct sim_workload *workload)
{
    char hash[SIM_TRACE_TEXT_SIZE];
    sim_trace_hash(&world->trace, hash);
    size_t heap_peak = 0;
    for (uint32_t no = 1; no <= world->host_count; no++) {
        if (world->hosts[no]->heap_peak > heap_peak)
            heap_peak = world->hosts[no]->heap_peak;
        if (world->hosts[no]->heap.size_peak > heap_peak)
            heap_peak = world->hosts[no]->heap.size_peak;
    }
    printf("seed %" PRIu64 ": %s, %" PRIu32 " nodes in a %s, %gm virtual, %" PRIu32
           " messages, %" PRIu64 " faults, %" PRIu64 " frames, %" PRIu64
           " steps, settled in %.1fs, heap %zu KiB, trace %s\n",
           settings->options.seed, world->failure.is_set ? "FAILED" : "ok",
           world->host_count, sim_topology_name(workload->topology),
           (double)workload->duration / (double)KITH_MINUTE, world->ledger.count,
           workload->fault_count, world->wire.frame_count, world->step_count,
           (double)workload->settled_after / (double)KITH_SECOND, heap_peak / 1024, hash);
}

static void print_failure(const struct settings *settings, const struct sim_world *world,
                          int argc, char **argv)
{
    printf("  %s: %s\n  at %.6fs; again with: kith-sim", world->failure.checker,
           world->failure.text, (double)world->failure.at / (double)KITH_SECOND);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--seed", 6) == 0) { /* and --seeds */
            i += strchr(argv[i], '=') == NULL;
            continue;
        }
        printf(" %s", argv[i]);
    }
    printf(" --seed %" PRIu64 " --trace\n", settings->options.seed);
}

static bool run_seed(const struct settings *settings, int argc, char **argv)
{
    struct sim_workload workload = settings->workload;
    struct sim_world *world = sim_world_new(&settings->options);
    sim_workload_run(world, &workload);
    const bool is_ok = !world->failure.is_set;
    print_verdict(settings, world, &workload);
    if (!is_ok)
        print_failure(settings, world, argc, argv);
    fflush(stdout);
    const bool is_clean = sim_world_free(world);
    if (is_ok && !is_clean)
        puts("  memory: a node left memory allocated at the end");
    return is_ok && is_clean;
}

int main(int argc, char **argv)
{
    struct settings settings = {.options = {.seed = 1,
                                            .delay_min = KITH_MS,
                                            .delay_max = 80 * KITH_MS,
                                            .commit_max = 5 * KITH_MS},
                                .workload = sim_workload_default(),
                                .seeds = 1};
    const int code = parse(argc, argv, &settings);
    if (code != 0)
        return code - 1;
    if (sodium_init() < 0)
        return 1;
    bool is_ok = true;
    for (uint64_t i = 0; i < settings.seeds; i++) {
        is_ok = run_seed(&settings, argc, argv) && is_ok;
        settings.options.seed++;
    }
    return is_ok ? 0 : 1;
}
