/* SPDX-License-Identifier: MIT */
#include "tally.h"

const char *const sim_tally_names[SIM_TALLY_COUNT] = {
    [SIM_TALLY_DOUBLED] = "doubled",
    [SIM_TALLY_RESENT] = "resent",
    [SIM_TALLY_PAUSED] = "paused",
    [SIM_TALLY_BRIMFUL] = "brimful",
    [SIM_TALLY_UNKEPT] = "unkept",
    [SIM_TALLY_POINTS] = "died-at-points",
    [SIM_TALLY_STARVED] = "starved",
    [SIM_TALLY_FORKS] = "forks-told",
    [SIM_TALLY_COPIES] = "copies-told",
    [SIM_TALLY_ACCUSED] = "accused",
    [SIM_TALLY_REACHED] = "reached-by-hearsay",
    [SIM_TALLY_DELIVERED] = "delivered-in-time",
};
