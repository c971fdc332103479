/* SPDX-License-Identifier: MIT */
/* Real nodes and trackers, each in a process of its own, on a home of its own. */
#ifndef KITH_BENCH_NODE_PROCESS_H
#define KITH_BENCH_NODE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#define BENCH_HOME_SIZE 128

struct bench_node {
    pid_t pid;
    char home[BENCH_HOME_SIZE];
    char id[64];
    char address[64];   /* where it listens */
    uint16_t http_port; /* on 127.0.0.1; 0: none */
    double start_s;     /* from fork to the ready line */
};

/* Start the program `kith` on `home` and wait until it is ready; it dials `peer`, unless
 * that is NULL. It listens on any port of 127.0.0.1, and neither sends beacons nor hears
 * any: links are those that a case makes. */
void bench_node_start(struct bench_node *node, const char *kith, const char *home,
                      const char *peer);

/* The same with beacons, on a port where nobody else is heard. */
void bench_node_start_on_lan(struct bench_node *node, const char *kith, const char *home);

/* `kith tracker`, with room for 20,000 peers of one host, and a relay without a limit. */
void bench_node_start_tracker(struct bench_node *node, const char *kith,
                              const char *home);

/* End it cleanly, and wait; returns the CPU seconds it used. */
double bench_node_stop(struct bench_node *node);

/* Seconds from fork to end of a command of kith, which has to succeed: path and
 * arguments, then NULL. */
double bench_command_s(char *const *argv);

/* Seconds from fork to end of `kith version`: what any start costs. */
double bench_node_nothing_s(const char *kith);

struct bench_memory {
    double rss_kib;
    double anonymous_kib; /* of no file: heap and stacks */
    double pss_kib;       /* pages shared with others counted in parts */
};
struct bench_memory bench_node_memory(const struct bench_node *node);

/* How often its threads went to sleep (and hence woke up) of their own will. */
uint64_t bench_node_sleeps(const struct bench_node *node);

#endif
