/* SPDX-License-Identifier: MIT */
/* A registry with a population that comes and goes, under virtual time.
 *
 * 2,000 places, about half of them here at any time. Who has a place comes, stays for 20
 * minutes (median, exponential), leaves in one of the ways that peers do, and returns
 * after as long; one in ten that leaves does so for good, and somebody new takes the
 * place. Meanwhile they refresh, rename themselves, register other records, look up, call
 * and move to other networks. The population knows the truth (who is here, in which
 * network, with what name and records) and what each peer was told, so that the two can
 * be held against each other. What must never happen is checked as it happens. */
#ifndef TESTS_SCENARIO_CHURN_H
#define TESTS_SCENARIO_CHURN_H

#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "lib/unit.h"
#include "proto/frame.h"
#include "tracker/registry.h"

#define CHURN_PLACES    2000
#define CHURN_PEERS_MAX 3000 /* entries: those who left for good meet the brim */
#define CHURN_NAMES     400
#define CHURN_LATER_MAX 64

struct churn_peer {
    uint32_t generation; /* whose place it is */
    uint32_t link;       /* 0: not here, and the registry should know */
    uint32_t links;      /* ever */
    uint16_t network, network_before;
    uint16_t name;
    uint16_t record;   /* which one it registered */
    bool is_silent;    /* its link is half-open, and nobody has noticed */
    bool is_slow;      /* reads only when it refreshes */
    bool is_leaving;   /* said BYE */
    kith_time turn_at; /* when it comes or goes */
    kith_time ping_at;
    size_t owed; /* bytes sent to it that it has not read */
};

/* What one peer believes of another, as it was told. */
struct churn_sight {
    uint32_t generation;
    uint16_t name;
    uint16_t record;
    bool is_here;
    bool has_record; /* the public one */
    bool is_called;  /* told with a RING: nobody will tell when it goes */
    uint64_t step;   /* in which it was told */
};

/* What came of the one request that was just made. */
struct churn_answer {
    size_t here, away, rings, refused, pongs;
};

struct churn {
    struct alloc_failing memory;
    struct rng_seeded rng;
    struct kith_registry *registry;
    struct kith_now now;
    struct kith_writer frame;
    struct churn_peer peers[CHURN_PLACES];
    struct churn_sight *sights;                        /* of each peer, of each; owned */
    struct kith_registry_input later[CHURN_LATER_MAX]; /* answers owed to the registry */
    size_t later_count;
    uint64_t steps;
    struct churn_answer answer;
    size_t asked_name; /* of the look-up under way; CHURN_NAMES: by id */
    bool is_calm;      /* nobody comes, goes or changes anything */
    size_t joined, left, replaced, renamed, moved, looked_up, called, told;
};

void churn_init(struct churn *churn, uint64_t seed);
void churn_deinit(struct churn *churn);

/* Let time pass, with all that the population does in it. */
void churn_pass(struct churn *churn, kith_time time);

/* Claims, after a calm: the silent are noticed within a minute, then all refresh. */
#define CHURN_CALM (90 * KITH_SECOND)
void churn_here_are_exactly_those_who_should_be(struct churn *churn);
void churn_every_view_has_converged(struct churn *churn);

/* How many of its network are here, itself included. */
size_t churn_here_count(const struct churn *churn, uint16_t network);

/* ---- churn_peer.c: what one peer says and hears ---- */

struct kith_id churn_id(const struct churn *churn, size_t who);
void churn_input(struct churn *churn, struct kith_registry_input *input);
bool churn_is_told_public(const struct churn *churn, size_t who);
struct churn_sight *churn_sight(const struct churn *churn, size_t who, size_t of);
void churn_come(struct churn *churn, size_t who);
void churn_register(struct churn *churn, size_t who);
void churn_ping(struct churn *churn, size_t who);
void churn_hang_up(struct churn *churn, size_t who);
void churn_say_bye(struct churn *churn, size_t who);
void churn_look_up_id(struct churn *churn, size_t who, size_t whom);
void churn_look_up_name(struct churn *churn, size_t who, size_t name);
void churn_call(struct churn *churn, size_t who, size_t whom, uint8_t how);
void churn_drain(struct churn *churn, size_t who);
void churn_left(struct churn *churn, size_t who);

#endif
