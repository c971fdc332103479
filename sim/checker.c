/* SPDX-License-Identifier: MIT */
#include "checker.h"

#include <stddef.h>

/* In order of cost: what is asked again and again fails early. */
const struct sim_checker *const sim_checkers[] = {
    &sim_checker_shown, &sim_checker_loss,  &sim_checker_secret, &sim_checker_delivery,
    &sim_checker_names, &sim_checker_order, &sim_checker_bounds, &sim_checker_blame,
};
const size_t sim_checker_count = sizeof(sim_checkers) / sizeof(sim_checkers[0]);

void sim_check_notice(struct sim_world *world, struct sim_host *host,
                      const struct kith_notice *notice)
{
    for (size_t i = 0; i < sim_checker_count; i++) {
        if (sim_checkers[i]->notice != NULL)
            sim_checkers[i]->notice(world, host, notice);
    }
}

void sim_check_step(struct sim_world *world, struct sim_host *host)
{
    for (size_t i = 0; i < sim_checker_count; i++) {
        if (sim_checkers[i]->step != NULL)
            sim_checkers[i]->step(world, host);
    }
}

void sim_check_frame(struct sim_world *world, const struct sim_host *from,
                     const struct sim_host *to, struct kith_bytes frame)
{
    for (size_t i = 0; i < sim_checker_count; i++) {
        if (sim_checkers[i]->frame != NULL)
            sim_checkers[i]->frame(world, from, to, frame);
    }
}

const struct sim_checker *sim_check_settled(struct sim_world *world,
                                            char why[static SIM_WHY_SIZE])
{
    for (size_t i = 0; i < sim_checker_count; i++) {
        if (sim_checkers[i]->settled != NULL && !sim_checkers[i]->settled(world, why))
            return sim_checkers[i];
    }
    return NULL;
}
