/* SPDX-License-Identifier: MIT */
/* What came of what befell a world: a fault that never bites shows nothing. */
#ifndef KITH_SIM_TALLY_H
#define KITH_SIM_TALLY_H

enum sim_tally {
    SIM_TALLY_DOUBLED,   /* runs that came a second time, over the next link */
    SIM_TALLY_RESENT,    /* segments lost, and sent again */
    SIM_TALLY_PAUSED,    /* times that a node took nothing more from a link for a while */
    SIM_TALLY_BRIMFUL,   /* frames put on a link whose queue was full */
    SIM_TALLY_UNKEPT,    /* commits that a disk refused */
    SIM_TALLY_POINTS,    /* deaths just before or after a store, a commit or a send */
    SIM_TALLY_STARVED,   /* processes that an allocation ended */
    SIM_TALLY_FORKS,     /* people told that somebody signed two histories */
    SIM_TALLY_COPIES,    /* people told that somebody runs twice */
    SIM_TALLY_ACCUSED,   /* people told that somebody broke the protocol */
    SIM_TALLY_REACHED,   /* dials of whom nobody but others had told of */
    SIM_TALLY_DELIVERED, /* direct messages delivered before all healed */
    SIM_TALLY_COUNT,
};

extern const char *const sim_tally_names[SIM_TALLY_COUNT];

#endif
