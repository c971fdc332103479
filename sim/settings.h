/* SPDX-License-Identifier: MIT */
/* What kith-sim is asked to do: the command line and its legend. */
#ifndef KITH_SIM_SETTINGS_H
#define KITH_SIM_SETTINGS_H

#include "workload.h"

struct sim_settings {
    struct sim_options options; /* with the first seed */
    struct sim_workload workload;
    uint64_t seeds;    /* so many, one after the other */
    uint32_t jobs;     /* so many at a time */
    unsigned patience; /* real seconds in which virtual time must move; 0: any */
    uint64_t fail_at;  /* for tests: a world with so many acts fails in the end, */
    uint64_t hang_at;  /* or goes on no further at once */
};

enum sim_parsed { SIM_PARSED_RUN, SIM_PARSED_HELP, SIM_PARSED_WRONG };

/* Help goes to stdout, what is wrong to stderr. */
enum sim_parsed sim_settings_parse(int argc, char **argv, struct sim_settings *out);

/* The command line that runs this seed alone, `acts` long, in the same way. */
void sim_settings_print_again(int argc, char **argv, uint64_t seed, uint64_t acts);

#endif
