/* SPDX-License-Identifier: MIT */
/* --since: people write the time that their clock shows, the API takes UTC. */
#ifndef KITH_CLI_SINCE_H
#define KITH_CLI_SINCE_H

#include "base/time_format.h"
#include "cli/command.h"

/* Its line in the help of a command. */
#define KITH_CLI_SINCE_OPTION(what)                                                      \
    {                                                                                    \
        "since", "TIME",                                                                 \
            what " a date (2026-11-25), a date and time of this machine's clock "        \
                 "(\"2026-11-25 04:47\"), or so long ago (2h, 3d)",                      \
            false                                                                        \
    }

/* What was given, as the API takes it; NULL when nothing was. A date, or a date and time,
 * without an offset is local: that is put into `out` in UTC. What is no time comes as it
 * is, for the node says what is wrong with it. */
const char *kith_cli_since(const struct kith_cli *cli,
                           char out[static KITH_TIME_TEXT_SIZE]);

#endif
