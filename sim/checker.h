/* SPDX-License-Identifier: MIT */
/* What must hold, whatever happens: one file a claim, each ending in one const entry.
 *
 * `notice`, `step` and `frame` (type and fields, about to be delivered) look on while the
 * world runs and report with sim_world_fail. `settled` asks whether a healed world has
 * come to where it must end up; it says why not, without judging: kith-sim asks again
 * until it holds or time is up. */
#ifndef KITH_SIM_CHECKER_H
#define KITH_SIM_CHECKER_H

#include "core/node.h"

struct sim_world;
struct sim_host;

#define SIM_WHY_SIZE 400

struct sim_checker {
    const char *name;
    const char *claim; /* for the legend */
    void (*notice)(struct sim_world *world, struct sim_host *host,
                   const struct kith_notice *notice);
    void (*step)(struct sim_world *world, struct sim_host *host);
    void (*frame)(struct sim_world *world, const struct sim_host *from,
                  const struct sim_host *to, struct kith_bytes frame);
    bool (*settled)(struct sim_world *world, char why[static SIM_WHY_SIZE]);
};

extern const struct sim_checker sim_checker_shown;
extern const struct sim_checker sim_checker_loss;
extern const struct sim_checker sim_checker_secret;
extern const struct sim_checker sim_checker_delivery;
extern const struct sim_checker sim_checker_names;
extern const struct sim_checker sim_checker_order;
extern const struct sim_checker sim_checker_bounds;
extern const struct sim_checker sim_checker_blame;

extern const struct sim_checker *const sim_checkers[];
extern const size_t sim_checker_count;

void sim_check_notice(struct sim_world *world, struct sim_host *host,
                      const struct kith_notice *notice);
void sim_check_step(struct sim_world *world, struct sim_host *host);
void sim_check_frame(struct sim_world *world, const struct sim_host *from,
                     const struct sim_host *to, struct kith_bytes frame);

/* NULL when every claim holds; else the checker whose does not, and why. */
const struct sim_checker *sim_check_settled(struct sim_world *world,
                                            char why[static SIM_WHY_SIZE]);

#endif
