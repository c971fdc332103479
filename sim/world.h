/* SPDX-License-Identifier: MIT */
/* A simulated world: hosts with real cores and real stores, a virtual clock, a virtual
 * network. One seed decides everything.
 *
 * The other shell of the core, beside src/node: single-threaded, no sockets, no real
 * time. Used by kith-sim, which breaks it at random, and by the scenario tests. */
#ifndef KITH_SIM_WORLD_H
#define KITH_SIM_WORLD_H

#include "base/map.h"
#include "host.h"
#include "ledger.h"
#include "queue.h"
#include "rng.h"
#include "tally.h"
#include "trace.h"
#include "wire.h"

struct sim_workload;

/* Do nodes tell one another where others are? Then all of them mesh. */
enum sim_exchange {
    SIM_EXCHANGE_OFF,
    SIM_EXCHANGE_ON,
    SIM_EXCHANGE_ANY, /* chosen by the seed: by one in four */
};

struct sim_options {
    uint64_t seed;
    bool has_real_crypto; /* else the cheap stand-in */
    kith_time delay_min;  /* one way */
    kith_time delay_max;
    enum sim_delay delay;
    unsigned loss_percent;
    uint64_t rate;        /* bytes a second of a connection; 0: 10 MB */
    kith_time commit_max; /* a commit takes up to this long */
    bool is_lan;
    enum sim_exchange exchange;
    FILE *trace_out; /* borrowed; NULL: only hashed */
};

/* The first thing found wrong; the world stops there. */
struct sim_failure {
    bool is_set;
    const char *checker; /* static */
    kith_time at;
    char text[400];
};

struct sim_world {
    struct sim_options options;
    kith_time now;
    struct sim_rng rng;
    struct sim_queue queue;
    struct sim_trace trace;
    struct sim_wire wire;
    struct sim_ledger ledger;
    struct sim_host **hosts; /* by number; 0 is unused */
    size_t host_capacity;
    uint32_t host_count;   /* the highest number */
    struct kith_map by_id; /* the first host of each id */
    uint64_t token_next;
    uint64_t tally[SIM_TALLY_COUNT];
    uint64_t step_count;
    struct sim_failure failure;
    struct sim_workload *workload; /* borrowed; NULL in scenarios */
};

struct sim_world *sim_world_new(const struct sim_options *options);
/* Frees every node too; checks that none of them leaks. Returns false if one does. */
bool sim_world_free(struct sim_world *world);

/* Run on, until a failure at most. Returns false when there is one. */
bool sim_world_run(struct sim_world *world, kith_time duration);

/* Until `is_done`, asked after every event; false when `limit` passed first, or failed.
 */
typedef bool sim_condition(void *ctx, struct sim_world *world);
bool sim_world_run_until(struct sim_world *world, kith_time limit, sim_condition *is_done,
                         void *ctx);

/* Something to happen `after` from now. `event->at` is set here. */
void sim_world_put(struct sim_world *world, kith_time after, struct sim_event event);

/* Keep the first failure only. */
void sim_world_fail(struct sim_world *world, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* NULL when there is none of that number or id. */
struct sim_host *sim_world_host(const struct sim_world *world, uint32_t no);
struct sim_host *sim_world_host_of(const struct sim_world *world,
                                   const struct kith_id *id);

#define sim_world_say(world, host, ...)                                                  \
    sim_trace_line(&(world)->trace, (world)->now, (host), __VA_ARGS__)

#endif
