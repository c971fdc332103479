/* SPDX-License-Identifier: MIT */
/* kith-sim: one seed, one world, one verdict.
 *
 * Each world runs in a process of its own, so that one that dies is a verdict too, and
 * several run at a time. When one fails, the shortest prefix of its acts that still fails
 * is sought by running it again. */
#include "liar.h"
#include "settings.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WATCH_EVERY (100 * KITH_MS) /* virtual */

/* Real seconds for that at most, where it takes some microseconds. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define PATIENCE 600
#else
#define PATIENCE 60
#endif

/* What became of a world, in memory that its process shares. */
struct outcome {
    pid_t pid; /* 0: the place is free */
    uint64_t seed;
    bool is_ok;
    char checker[16]; /* or how it died */
    uint64_t acts;    /* so far; all of them once it has ended */
    uint64_t done[SIM_HABITS_MAX];
    uint64_t tally[SIM_TALLY_COUNT];
};

static void print_verdict(const struct sim_world *world,
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
           " messages, %" PRIu64 " faults, %" PRIu64 " lies, %" PRIu64 " frames, %" PRIu64
           " doubled, %" PRIu64
           " steps, settled in %.1fs, heap %zu KiB, queue %zu KiB, trace %s\n",
           world->options.seed, world->failure.is_set ? "FAILED" : "ok",
           world->host_count, sim_topology_name(workload->topology),
           (double)workload->duration / (double)KITH_MINUTE, world->ledger.count,
           sim_workload_fault_count(workload), sim_liar_count_lies(world),
           world->wire.frame_count, world->tally[SIM_TALLY_DOUBLED], world->step_count,
           (double)workload->settled_after / (double)KITH_SECOND, heap_peak / 1024,
           world->wire.waiting_size_max / 1024, hash);
}

/* event: a = where the settings are. As long as virtual time moves, the alarm is put off:
 * a world that loops within a step, where no checker looks, dies of it. */
static void run_watch(struct sim_world *world, const struct sim_event *event)
{
    const struct sim_settings *settings = (const void *)(uintptr_t)event->a;
    const uint64_t acts = world->workload->act_count;
    alarm(settings->patience);
    if (world->workload->is_over && acts >= settings->fail_at)
        sim_world_fail(world, "asked", "act %" PRIu64 " was to fail", settings->fail_at);
    while (acts >= settings->hang_at)
        pause();
    sim_world_put(world, WATCH_EVERY, *event);
}

/* In the process of this world alone. */
static void run_world(const struct sim_settings *settings, uint64_t seed, uint64_t acts,
                      struct outcome *out)
{
    struct sim_options options = settings->options;
    struct sim_workload workload = settings->workload;
    options.seed = seed;
    workload.acts_max = acts;
    workload.progress = &out->acts;
    struct sim_world *world = sim_world_new(&options);
    sim_world_put(world, 0,
                  (struct sim_event){.run = run_watch, .a = (uintptr_t)settings});
    sim_workload_run(world, &workload);
    alarm(0);
    memcpy(out->done, workload.done, sizeof(out->done));
    memcpy(out->tally, world->tally, sizeof(out->tally));
    out->is_ok = !world->failure.is_set;
    print_verdict(world, &workload);
    if (!out->is_ok) {
        snprintf(out->checker, sizeof(out->checker), "%s", world->failure.checker);
        printf("  %s: %s\n  at %.6fs", world->failure.checker, world->failure.text,
               (double)world->failure.at / (double)KITH_SECOND);
        printf(", after %" PRIu64 " acts\n", workload.act_count);
    }
    if (!sim_world_free(world) && out->is_ok) {
        out->is_ok = false;
        snprintf(out->checker, sizeof(out->checker), "leak");
        puts("  leak: a node left memory allocated at the end");
    }
}

/* Starts a process that runs a world; its output comes at once, at the end. */
static void begin_world(const struct sim_settings *settings, uint64_t seed, uint64_t acts,
                        bool is_quiet, struct outcome *out)
{
    *out = (struct outcome){.seed = seed};
    fflush(stdout);
    const pid_t pid = fork();
    if (pid < 0) {
        perror("kith-sim: fork");
        exit(1);
    }
    if (pid != 0) {
        out->pid = pid;
        return;
    }
    if (is_quiet && freopen("/dev/null", "w", stdout) == NULL)
        _exit(1);
    run_world(settings, seed, acts, out);
    fflush(stdout);
    _exit(0);
}

/* It could not say so itself. */
static void note_death(struct outcome *out, int status)
{
    if (status == 0)
        return;
    out->is_ok = false;
    if (WIFSIGNALED(status))
        snprintf(out->checker, sizeof(out->checker), "signal %d", WTERMSIG(status));
}

/* ---- the shortest prefix ---- */

/* Does a prefix fail in the same way? */
static bool fails(const struct sim_settings *settings, const struct outcome *failed,
                  uint64_t acts, struct outcome *probe)
{
    struct sim_settings quiet = *settings;
    quiet.options.trace_out = NULL;
    begin_world(&quiet, failed->seed, acts, true, probe);
    int status = 0;
    waitpid(probe->pid, &status, 0);
    note_death(probe, status);
    return !probe->is_ok && strcmp(probe->checker, failed->checker) == 0;
}

/* By halves: what is left fails, and fails no more with one act less. */
static void shrink(const struct sim_settings *settings, const struct outcome *failed,
                   struct outcome *probe, int argc, char **argv)
{
    uint64_t least = 0, most = failed->acts; /* below `least` none is known to fail */
    while (least < most) {
        const uint64_t middle = least + (most - least) / 2;
        if (fails(settings, failed, middle, probe))
            most = middle;
        else
            least = middle + 1;
    }
    printf("  seed %" PRIu64 " fails with its first %" PRIu64 " acts of %" PRIu64
           "; again with:\n  ",
           failed->seed, most, failed->acts);
    sim_settings_print_again(argc, argv, failed->seed, most);
}

/* ---- many seeds ---- */

/* A world has ended. True when all was well. */
static bool take_outcome(const struct sim_settings *settings, struct outcome *outcome,
                         int status, struct outcome *probe, int argc, char **argv)
{
    note_death(outcome, status);
    if (WIFSIGNALED(status))
        printf("seed %" PRIu64 ": FAILED, %s of signal %d after %" PRIu64 " acts\n",
               outcome->seed,
               WTERMSIG(status) == SIGALRM ? "stood still and died" : "died",
               WTERMSIG(status), outcome->acts);
    struct outcome *sum = probe + 1;
    for (size_t i = 0; i < sim_habit_count; i++)
        sum->done[i] += outcome->done[i];
    for (size_t i = 0; i < SIM_TALLY_COUNT; i++)
        sum->tally[i] += outcome->tally[i];
    if (!outcome->is_ok)
        shrink(settings, outcome, probe, argc, argv);
    outcome->pid = 0;
    return outcome->is_ok;
}

/* Waits for one of them to end. */
static bool await_one(const struct sim_settings *settings, struct outcome *outcomes,
                      int argc, char **argv)
{
    int status = 0;
    const pid_t pid = waitpid(-1, &status, 0);
    for (uint32_t i = 0; i < settings->jobs; i++)
        if (outcomes[i].pid == pid)
            return take_outcome(settings, &outcomes[i], status, &outcomes[settings->jobs],
                                argc, argv);
    return true;
}

static struct outcome *free_place(const struct sim_settings *settings,
                                  struct outcome *outcomes)
{
    for (uint32_t i = 0; i < settings->jobs; i++)
        if (outcomes[i].pid == 0)
            return &outcomes[i];
    return NULL;
}

static uint64_t run_seeds(const struct sim_settings *settings, struct outcome *outcomes,
                          int argc, char **argv)
{
    uint64_t begun = 0, ended = 0, failed = 0;
    while (ended < settings->seeds) {
        struct outcome *place = free_place(settings, outcomes);
        if (place != NULL && begun < settings->seeds) {
            begin_world(settings, settings->options.seed + begun++,
                        settings->workload.acts_max, false, place);
            continue;
        }
        failed += !await_one(settings, outcomes, argc, argv);
        ended++;
    }
    return failed;
}

/* A fault of which there was none, or of which nothing came, was not tried. */
static void print_sum(const struct outcome *sum)
{
    printf("done:");
    for (size_t i = 0; i < sim_habit_count; i++)
        printf(" %s %" PRIu64, sim_habits[i]->name, sum->done[i]);
    printf("\nseen:");
    for (size_t i = 0; i < SIM_TALLY_COUNT; i++)
        printf(" %s %" PRIu64, sim_tally_names[i], sum->tally[i]);
    putchar('\n');
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct sim_settings settings = {.options = {.seed = 1,
                                                .delay_min = KITH_MS,
                                                .delay_max = 80 * KITH_MS,
                                                .loss_percent = 1,
                                                .commit_max = 5 * KITH_MS,
                                                .exchange = SIM_EXCHANGE_ANY},
                                    .workload = sim_workload_default(),
                                    .seeds = 1,
                                    .jobs = 1,
                                    .patience = PATIENCE,
                                    .fail_at = UINT64_MAX,
                                    .hang_at = UINT64_MAX};
    const enum sim_parsed parsed = sim_settings_parse(argc, argv, &settings);
    if (parsed != SIM_PARSED_RUN)
        return parsed == SIM_PARSED_HELP ? 0 : 2;
    if (sodium_init() < 0)
        return 1;
    static char buffer[16384]; /* what a world prints at its end leaves in one piece */
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    /* Two more: for the prefixes that are tried, and for the sum of all. */
    struct outcome *outcomes =
        mmap(NULL, (settings.jobs + 2) * sizeof(*outcomes), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcomes == MAP_FAILED) {
        perror("kith-sim: mmap");
        return 1;
    }
    const double begun = seconds_now();
    const uint64_t failed = run_seeds(&settings, outcomes, argc, argv);
    if (settings.seeds > 1) {
        print_sum(&outcomes[settings.jobs + 1]);
        printf("%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " ok, %" PRIu64
               " failed, in %.0f s\n",
               settings.seeds, settings.options.seed, settings.seeds - failed, failed,
               seconds_now() - begun);
    }
    return failed == 0 ? 0 : 1;
}
