/* SPDX-License-Identifier: MIT */
/* Commands that have the node do one thing with what they name, and say it was done. */
#ifndef KITH_CLI_ORDER_H
#define KITH_CLI_ORDER_H

#include "cli/ask.h"

struct kith_cli_order {
    const char *path; /* after /api/v1, for POST */
    json_t *take_body;
    const char *fault; /* what to say where there is no body: the argument is no text */
    const char *before;
    const char *member; /* of the answer, shown between `before` and `after` */
    const char *after;
};

/* The exit code. */
int kith_cli_order(struct kith_cli *cli, const struct kith_cli_order *order);

#endif
