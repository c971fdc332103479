/* SPDX-License-Identifier: MIT */
/* A tracker with ten thousand peers: the real program, and all the peers in this process.
 *
 *   bench_tracker KITH [PEERS [SIZE]]     SIZE: all in networks of so many
 *
 * They come in one of two shapes: in networks of 50, who are all told of one another, and
 * all in one, where each is told of 200. What is answered a second stands beside bare TCP
 * with the same bytes on as many connections. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/crowd.h"
#include "lib/files.h"
#include "lib/folder.h"
#include "lib/measure.h"
#include "lib/node_process.h"
#include "lib/raw_echo.h"

#define PEERS        10000
#define SMALL        50
#define FILES        16384 /* a descriptor a peer, those of the load, and then some */
#define ROUNDS       5
#define ROUND_S      2.0
#define REFRESHING   1000 /* links in a round */
#define IN_FLIGHT    16
#define PING_SIZE    13 /* length, type, token */
#define LOAD_PEERS   1000
#define LOAD_PER_S   40000.0
#define LOAD_BEGIN_S 1 /* until it is as heavy as it gets */
#define LOOKUPS      5000
#define LOOKUP_US    500 /* apart: they are not to be the load themselves */

struct shape {
    const char *name;
    size_t network_size;
};

struct load {
    pid_t pid;
    int orders; /* a byte: dial; another: refresh; another: that is enough */
    int tells;  /* a byte: all are there; then a double: answered a second */
};

static void print(const char *shape, const char *what, double figure, const char *unit)
{
    char line[256];
    snprintf(line, sizeof line, "tracker, %s: %s", shape, what);
    bench_print(&(struct bench_line){.what = line, .figure = figure, .unit = unit});
}

/* ---- the load: another process ---- */

static void must_read(int fd, void *out, size_t size)
{
    bench_must(read(fd, out, size) == (ssize_t)size, "hearing from another process");
}

static void must_write(int fd, const void *bytes, size_t size)
{
    bench_must(write(fd, bytes, size) == (ssize_t)size, "telling another process");
}

static void carry_load(const char *address, int orders, int tells)
{
    static struct bench_crowd crowd;
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    must_read(orders, &byte, 1);
    bench_crowd_open(&crowd, &(struct bench_crowd_config){.address = address,
                                                          .count = LOAD_PEERS,
                                                          .network_size = SMALL,
                                                          .first_network = 1});
    bench_crowd_arrive(&crowd);
    bench_crowd_settle(&crowd);
    must_write(tells, "", 1);
    must_read(orders, &byte, 1);
    double per_s = bench_crowd_pace(&crowd, LOAD_PER_S, orders);
    must_write(tells, &per_s, sizeof per_s);
    pause();
}

/* Before this process has ten thousand descriptors, which the other would have too. */
static void load_prepare(struct load *load, const char *address)
{
    int orders[2], tells[2];
    bench_must(pipe(orders) == 0 && pipe(tells) == 0, "a pipe");
    fflush(NULL);
    load->pid = fork();
    bench_must(load->pid >= 0, "fork");
    if (load->pid == 0)
        carry_load(address, orders[0], tells[1]);
    close(orders[0]);
    close(tells[1]);
    load->orders = orders[1];
    load->tells = tells[0];
}

static void load_end(struct load *load)
{
    kill(load->pid, SIGKILL);
    waitpid(load->pid, NULL, 0);
    close(load->orders);
    close(load->tells);
}

/* ---- arriving ---- */

static void measure_arrival(const struct shape *shape, struct bench_crowd *crowd,
                            const struct bench_node *tracker)
{
    size_t count = crowd->config.count;
    struct bench_memory before = bench_node_memory(tracker);
    double begin_s = bench_now_s(), cpu_s = bench_process_cpu_s(tracker->pid);
    double own_cpu_s = bench_process_cpu_s(getpid());
    bench_crowd_arrive(crowd);
    print(shape->name, "all registered", bench_now_s() - begin_s, "s");
    print(shape->name, "all registered, CPU of the tracker",
          bench_process_cpu_s(tracker->pid) - cpu_s, "s");
    print(shape->name, "all registered, CPU of all peers",
          bench_process_cpu_s(getpid()) - own_cpu_s, "s");
    bench_crowd_settle(crowd);
    print(shape->name, "all registered and told, CPU of the tracker",
          bench_process_cpu_s(tracker->pid) - cpu_s, "s");
    struct bench_memory after = bench_node_memory(tracker);
    print(shape->name, "a registered peer, RSS",
          (after.rss_kib - before.rss_kib) / (double)count, "KiB");
}

/* ---- refreshing ---- */

static void measure_refresh(const struct shape *shape, struct bench_crowd *crowd,
                            const struct bench_node *tracker, unsigned in_flight)
{
    char what[128];
    double per_s[ROUNDS], raw_per_s[ROUNDS], cpu_us[ROUNDS];
    size_t links = crowd->config.count < REFRESHING ? crowd->config.count : REFRESHING;
    struct bench_echo echo;
    bench_echo_open(&echo, links);
    for (int i = 0; i < ROUNDS; i++) {
        double cpu_s = bench_process_cpu_s(tracker->pid);
        double answered = (double)bench_crowd_refresh(crowd, links, in_flight, ROUND_S);
        cpu_us[i] = (bench_process_cpu_s(tracker->pid) - cpu_s) * 1e6 / answered;
        per_s[i] = answered / ROUND_S;
        raw_per_s[i] =
            (double)bench_echo_run(&echo, PING_SIZE, in_flight, ROUND_S) / ROUND_S;
    }
    bench_echo_close(&echo);
    snprintf(what, sizeof what, "tracker, %s: refreshes answered, %u in flight of %zu",
             shape->name, in_flight, links);
    bench_print(&(struct bench_line){.what = what,
                                     .rounds = per_s,
                                     .round_count = ROUNDS,
                                     .unit = "/s",
                                     .reference_name = "raw TCP",
                                     .reference = bench_median(raw_per_s, ROUNDS)});
    snprintf(what, sizeof what, "a refresh, %u in flight, CPU of the tracker", in_flight);
    print(shape->name, what, bench_median(cpu_us, ROUNDS), "us");
}

/* ---- looking up ---- */

static void measure_lookups(const struct shape *shape, struct bench_crowd *crowd,
                            const char *when)
{
    static double us[LOOKUPS];
    static const char *const names[] = {
        [KITH_LOOKUP_ID] = "id", [KITH_LOOKUP_NAME] = "name"};
    char what[128];
    for (int by = KITH_LOOKUP_ID; by <= KITH_LOOKUP_NAME; by++) {
        bench_crowd_look_up(crowd, (enum kith_lookup_by)by, LOOKUP_US, us, LOOKUPS);
        snprintf(what, sizeof what, "look-up by %s %s, p50", names[by], when);
        print(shape->name, what, bench_quantile(us, LOOKUPS, 0.5), "us");
        snprintf(what, sizeof what, "look-up by %s %s, p99", names[by], when);
        print(shape->name, what, bench_quantile(us, LOOKUPS, 0.99), "us");
    }
}

static void measure_under_load(const struct shape *shape, struct bench_crowd *crowd,
                               struct load *load)
{
    char byte;
    double per_s;
    must_write(load->orders, "", 1);
    must_read(load->tells, &byte, 1);
    must_write(load->orders, "", 1);
    sleep(LOAD_BEGIN_S);
    measure_lookups(shape, crowd, "under load");
    must_write(load->orders, "", 1);
    must_read(load->tells, &per_s, sizeof per_s);
    print(shape->name, "refreshes answered meanwhile", per_s, "/s");
}

/* ---- all of it ---- */

static void run(const char *kith, const struct shape *shape, size_t peers)
{
    static struct bench_crowd crowd;
    struct bench_folder folder;
    struct bench_node tracker;
    struct bench_others others;
    struct load load;
    char home[BENCH_HOME_SIZE];
    bench_others_begin(&others);
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/tracker", folder.path);
    bench_node_start_tracker(&tracker, kith, home);
    load_prepare(&load, tracker.address);
    bench_crowd_open(&crowd,
                     &(struct bench_crowd_config){.address = tracker.address,
                                                  .count = peers,
                                                  .network_size = shape->network_size});
    measure_arrival(shape, &crowd, &tracker);
    measure_refresh(shape, &crowd, &tracker, 1);
    measure_refresh(shape, &crowd, &tracker, IN_FLIGHT);
    measure_lookups(shape, &crowd, "at rest");
    measure_under_load(shape, &crowd, &load);
    load_end(&load);
    bench_node_stop(&tracker);
    bench_folder_remove(&folder);
    bench_others_print(&others, shape->name);
}

/* In a process of its own, for the peers are let go with it. */
static void run_apart(const char *kith, const struct shape *shape, size_t peers)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(kith, shape, peers);
        _exit(0);
    }
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, shape->name);
}

int main(int argc, char **argv)
{
    bench_must(argc >= 2, "the path of kith as first argument");
    size_t wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : PEERS;
    unsigned files = bench_files_raise(FILES);
    size_t peers = files < FILES && files / 2 < wanted ? files / 2 : wanted;
    signal(SIGPIPE, SIG_IGN);
    bench_must(peers > 1, "two peers at least");
    printf("tracker, %zu peers%s\n", peers,
           peers < wanted ? ": so few for want of open files (ulimit -n)" : "");
    if (argc > 3) {
        size_t size = strtoul(argv[3], NULL, 10);
        bench_must(size > 1, "networks of two at least");
        run_apart(argv[1], &(struct shape){"in networks as asked for", size}, peers);
        return 0;
    }
    run_apart(argv[1], &(struct shape){"in networks of 50", SMALL}, peers);
    run_apart(argv[1], &(struct shape){"all in one network", peers}, peers);
    return 0;
}
