/* SPDX-License-Identifier: MIT */
/* How far a long command is, on standard error, once a second. */
#ifndef KITH_CLI_PROGRESS_H
#define KITH_CLI_PROGRESS_H

#include "cli/command.h"

struct kith_cli_progress {
    const struct kith_cli *cli;
    const char *what; /* "exported %llu messages" without the number: "exported", … */
    const char *unit;
    int64_t next_ms; /* 0: nothing was shown yet */
};

/* Say so if a second has gone by since the last time, or since the beginning. */
void kith_cli_progress(struct kith_cli_progress *progress, uint64_t count);

#endif
