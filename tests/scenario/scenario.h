/* SPDX-License-Identifier: MIT */
/* Alice, Bob and Carol in virtual time: what scenario tests are written with.
 *
 * Worlds have real keys and quick links. Every await_ asserts that it happens within
 * `seconds`; scenario_end asserts that every checker of the simulator is satisfied. */
#ifndef KITH_TESTS_SCENARIO_H
#define KITH_TESTS_SCENARIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/checker.h"
#include "sim/workload.h"

struct sim_world *scenario_new(void);
struct sim_world *scenario_new_with(struct sim_options options);

/* Let all settle (a minute at most), ask every checker, free. */
void scenario_end(struct sim_world *world);
/* For worlds that end unsettled on purpose: only what must hold at any time. */
void scenario_end_unsettled(struct sim_world *world);

/* A host that keeps dialling `peer` (0: nobody), started. */
uint32_t scenario_start(struct sim_world *world, const char *name, uint32_t peer);

/* In good order, and wait until it is down. */
void stop(struct sim_world *world, uint32_t host);

void run_seconds(struct sim_world *world, double seconds);
void await_linked(struct sim_world *world, uint32_t a, uint32_t b, double seconds);
void await_unlinked(struct sim_world *world, uint32_t host, uint32_t peer,
                    double seconds);
void await_shown(struct sim_world *world, uint32_t host, uint32_t text, double seconds);
void await_delivered(struct sim_world *world, uint32_t text, double seconds);
void await_answered(struct sim_world *world, uint32_t text, double seconds);
void await_reply(struct sim_world *world, uint32_t host, uint64_t token, double seconds);
void await_name(struct sim_world *world, uint32_t host, uint32_t peer, const char *name,
                double seconds);
void await_warning(struct sim_world *world, uint32_t host, enum kith_warning warning,
                   double seconds);

/* Say and be sure that it is stored. */
uint32_t say(struct sim_world *world, uint32_t host, uint32_t to, const char *tail);

enum sim_text_state text_state(const struct sim_world *world, uint32_t text);

#endif
