/* SPDX-License-Identifier: MIT */
/* `kith tracker list` and `stats`: asking the tracker that runs on this home. */
#ifndef KITH_BIN_TRACKER_ASK_H
#define KITH_BIN_TRACKER_ASK_H

#include <jansson.h>

#include "cli/command.h"

/* `what` is "list" or "stats". Returns the exit code; KITH_EXIT_NO_NODE where no tracker
 * runs. */
int kith_tracker_ask(struct kith_cli *cli, const char *what);

/* Who is here, as kith_tracker_report_peers tells it: a table, or a line a peer in JSON.
 */
void kith_tracker_print_peers(const struct kith_cli *cli, const json_t *report);

#endif
