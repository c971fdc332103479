/* SPDX-License-Identifier: MIT */
/* Asking the node that runs on the home, and telling people when it says no. */
#ifndef KITH_CLI_ASK_H
#define KITH_CLI_ASK_H

#include "api/client.h"
#include "cli/command.h"

/* One request on a connection of its own. Takes `take_body` (NULL: none, or memory ran
 * out when `needs_body`). Returns KITH_EXIT_DONE, or what kith_cli_ask_failed gives;
 * `out` is to be deinitialised either way. */
struct kith_cli_question {
    const char *method;
    const char *path; /* after /api/v1 */
    json_t *take_body;
    int timeout_ms;
};
int kith_cli_ask(const struct kith_cli *cli, const struct kith_cli_question *question,
                 struct kith_answer *out);

/* Print what went wrong, with the choices of an ambiguous name; gives back the exit
 * code. */
int kith_cli_ask_failed(const struct kith_cli *cli, const struct kith_client *client,
                        const struct kith_answer *answer, int error);

/* {name: value}, or NULL when memory ran out or `value` is not UTF-8. */
json_t *kith_cli_member(const char *name, const char *value);

/* `path` with `value` behind it, escaped; heap, NULL when memory ran out. */
char *kith_cli_path(const char *path, const char *value);

/* The arguments from `first` on, with a space between each; heap, NULL when memory ran
 * out. */
char *kith_cli_join(const struct kith_cli *cli, size_t first);

#endif
