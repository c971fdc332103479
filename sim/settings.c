/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include "checker.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One option, put where `set` says: a number, or one of `words` by its place. */
struct option_entry {
    const char *name;
    const char *help; /* NULL: for tests, and told in docs/HACKING.md */
    void (*set)(struct sim_settings *settings, double value);
    const char *const *words; /* NULL: a number */
};

#define SETTER(name, field, factor)                                                      \
    static void set_##name(struct sim_settings *s, double value)                         \
    {                                                                                    \
        const double scaled = value * (factor);                                          \
        s->field = (__typeof__(s->field))scaled;                                         \
    }
SETTER(seed, options.seed, 1)
SETTER(seeds, seeds, 1)
SETTER(jobs, jobs, 1)
SETTER(patience, patience, 1)
SETTER(fail_at, fail_at, 1)
SETTER(hang_at, hang_at, 1)
SETTER(nodes, workload.host_count, 1)
SETTER(minutes, workload.duration, (double)KITH_MINUTE)
SETTER(acts, workload.acts_max, 1)
SETTER(topology, workload.topology, 1)
SETTER(liars, workload.liar_count, 1)
SETTER(flooders, workload.flooder_count, 1)
SETTER(delay, options.delay, 1)
SETTER(delay_min, options.delay_min, (double)KITH_MS)
SETTER(delay_max, options.delay_max, (double)KITH_MS)
SETTER(loss, options.loss_percent, 1)
SETTER(commit_max, options.commit_max, (double)KITH_MS)
SETTER(rate, options.rate, 1)
SETTER(skew, workload.skew_max, (double)KITH_SECOND)
SETTER(real_crypto, options.has_real_crypto, 1)
SETTER(lan, options.is_lan, 1)
SETTER(exchange, options.exchange, 1)

static const char *const topologies[] = {"any",  "line", "ring", "star",
                                         "tree", "full", NULL};
static const char *const delays[] = {"any", "uniform", "exponential", "pareto", NULL};
static const char *const exchanges[] = {"off", "on", "any", NULL};
static const char *const switches[] = {"off", "on", NULL};

static const struct option_entry entries[] = {
    {"seed", "the seed: decides everything (1)", set_seed, NULL},
    {"seeds", "run this many seeds (1)", set_seeds, NULL},
    {"jobs", "so many of them at a time (1)", set_jobs, NULL},
    {"patience", "real seconds in which virtual time has to move (60; 0: any)",
     set_patience, NULL},
    {"fail-at", NULL, set_fail_at, NULL},
    {"hang-at", NULL, set_hang_at, NULL},
    {"nodes", "how many nodes (20)", set_nodes, NULL},
    {"minutes", "virtual minutes of load and faults (10)", set_minutes, NULL},
    {"acts", "heal after so many acts of people and bad luck (all)", set_acts, NULL},
    {"topology", "who knows whom: any, line, ring, star, tree, full (any)", set_topology,
     topologies},
    {"liars", "nodes that lie, besides the others (2)", set_liars, NULL},
    {"flooders", "nodes that lie in floods, besides the others (1)", set_flooders, NULL},
    {"delay", "how delays vary: any, uniform, exponential, pareto (any)", set_delay,
     delays},
    {"delay-min", "the shortest of a link, one way, in ms: at least (1)", set_delay_min,
     NULL},
    {"delay-max", "and at most (80)", set_delay_max, NULL},
    {"loss", "percent of segments lost and sent again (1)", set_loss, NULL},
    {"commit-max", "a commit takes up to this, in ms (5)", set_commit_max, NULL},
    {"rate", "bytes a second of a link (10000000)", set_rate, NULL},
    {"skew", "wall clocks are off, and jump, by up to this, in seconds (600)", set_skew,
     NULL},
    {"real-crypto", "on: Ed25519 in place of the cheap stand-in (off)", set_real_crypto,
     switches},
    {"lan", "on: links are LAN links, pinged sooner (off)", set_lan, switches},
    {"exchange", "nodes tell where others are: on, off, any (any)", set_exchange,
     exchanges},
};
#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static void print_help(void)
{
    puts("usage: kith-sim [--seed N] [--nodes N] [--minutes N] [--trace] …\n\n"
         "Runs nodes of the real core and store under a virtual clock, breaks what can\n"
         "break, heals it and checks. The same options give the same run, byte for "
         "byte.\n");
    for (size_t i = 0; i < ENTRY_COUNT; i++)
        if (entries[i].help != NULL)
            printf("  --%-12s %s\n", entries[i].name, entries[i].help);
    printf("  --%-12s %s\n\nHow often a minute, in the whole world:\n", "trace",
           "print what happens");
    for (size_t i = 0; i < sim_habit_count; i++)
        printf("  --%-12s %s (%g)\n", sim_habits[i]->name, sim_habits[i]->help,
               sim_habits[i]->per_minute);
    printf("\nIn a trace:\n%s\nChecked:\n", sim_trace_legend);
    for (size_t i = 0; i < sim_checker_count; i++)
        printf("  %-10s %s\n", sim_checkers[i]->name, sim_checkers[i]->claim);
}

static bool parse_number(const char *text, double *out)
{
    char *end = NULL;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0;
}

static bool parse_value(const struct option_entry *entry, const char *text, double *out)
{
    if (entry->words == NULL)
        return parse_number(text, out);
    for (size_t i = 0; entry->words[i] != NULL; i++) {
        *out = (double)i;
        if (strcmp(entry->words[i], text) == 0)
            return true;
    }
    return false;
}

/* Entries come first, then habits. */
static bool set(struct sim_settings *settings, size_t index, const char *text)
{
    double value = 0;
    if (index >= ENTRY_COUNT)
        return parse_number(text, &settings->workload.rates[index - ENTRY_COUNT]);
    if (!parse_value(&entries[index], text, &value))
        return false;
    entries[index].set(settings, value);
    return true;
}

static bool is_sane(const struct sim_settings *settings)
{
    const struct sim_workload *workload = &settings->workload;
    return workload->host_count >= 1 && settings->jobs >= 1 &&
           workload->host_count + workload->liar_count + workload->flooder_count <
               SIM_HOSTS_MAX &&
           settings->options.loss_percent < 100;
}

enum sim_parsed sim_settings_parse(int argc, char **argv, struct sim_settings *out)
{
    struct option options[ENTRY_COUNT + SIM_HABITS_MAX + 3] = {{0}};
    for (size_t i = 0; i < ENTRY_COUNT + sim_habit_count; i++)
        options[i] = (struct option){i < ENTRY_COUNT ? entries[i].name
                                                     : sim_habits[i - ENTRY_COUNT]->name,
                                     required_argument, NULL, 'n'};
    options[ENTRY_COUNT + sim_habit_count] =
        (struct option){"trace", no_argument, NULL, 't'};
    options[ENTRY_COUNT + sim_habit_count + 1] =
        (struct option){"help", no_argument, NULL, 'h'};
    int index = 0, option;
    while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
        if (option == 't') {
            out->options.trace_out = stdout;
        } else if (option == 'h') {
            print_help();
            return SIM_PARSED_HELP;
        } else if (option != 'n' || !set(out, (size_t)index, optarg)) {
            fputs("kith-sim: an option is unknown, or its value; see --help\n", stderr);
            return SIM_PARSED_WRONG;
        }
    }
    if (optind == argc && is_sane(out))
        return SIM_PARSED_RUN;
    fprintf(stderr, "kith-sim: 1 to %d nodes, less than 100 percent of loss\n",
            SIM_HOSTS_MAX - 1);
    return SIM_PARSED_WRONG;
}

void sim_settings_print_again(int argc, char **argv, uint64_t seed, uint64_t acts)
{
    static const char *const replaced[] = {"--seed", "--seeds", "--jobs", "--acts"};
    printf("%s", argv[0]);
    for (int i = 1; i < argc; i++) {
        bool is_replaced = false;
        for (size_t j = 0; j < sizeof(replaced) / sizeof(replaced[0]); j++) {
            const size_t size = strlen(replaced[j]);
            if (strncmp(argv[i], replaced[j], size) == 0 &&
                (argv[i][size] == '\0' || argv[i][size] == '=')) {
                is_replaced = true;
                i += argv[i][size] == '\0';
                break;
            }
        }
        if (!is_replaced)
            printf(" %s", argv[i]);
    }
    printf(" --seed %" PRIu64 " --acts %" PRIu64 " --trace\n", seed, acts);
}
