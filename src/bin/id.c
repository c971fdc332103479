/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <jansson.h>

#include "bin/commands.h"
#include "cli/qr.h"
#include "kith/error.h"
#include "node/identity.h"

#define LINK_SIZE (KITH_ID_TEXT_SIZE + 9) /* "KITH:ADD/" */

/* In capitals, of which a code holds more: one of 29 modules, not 33. */
static void link_of(const char *id, char out[static LINK_SIZE])
{
    snprintf(out, LINK_SIZE, "KITH:ADD/%s", id);
    for (; *out != '\0'; out++)
        *out = (char)toupper((unsigned char)*out);
}

static int print_json(struct kith_cli *cli, const char *id, const char *id_short)
{
    char link[LINK_SIZE];
    link_of(id, link);
    json_t *line = json_pack("{s:s, s:s, s:s, s:s*}", "id", id, "short", id_short, "home",
                             cli->home, "link", kith_cli_has(cli, "qr") ? link : NULL);
    if (line == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "out of memory, or the home's name is not UTF-8");
    json_dumpf(line, cli->out, JSON_COMPACT);
    fputc('\n', cli->out);
    json_decref(line);
    return KITH_EXIT_DONE;
}

static int run(struct kith_cli *cli)
{
    struct kith_identity identity;
    struct kith_problem problem;
    char id[KITH_ID_TEXT_SIZE], id_short[KITH_ID_SHORT_SIZE];
    int error = kith_identity_load(cli->home, &identity, &problem);
    if (error != 0)
        return kith_cli_fail(
            cli, error == KITH_ENOTFOUND ? KITH_EXIT_NOT_FOUND : KITH_EXIT_FAILED, "%s",
            problem.text);
    kith_id_format(&identity.id, id);
    kith_id_format_short(&identity.id, id_short);
    kith_identity_deinit(&identity);
    if (cli->is_json)
        return print_json(cli, id, id_short);
    if (kith_cli_has(cli, "qr")) {
        char link[LINK_SIZE];
        link_of(id, link);
        return kith_cli_show_qr(cli, link);
    }
    fprintf(cli->out, "%s\n", id);
    return KITH_EXIT_DONE;
}

static const struct kith_cli_option options[] = {
    {"qr", NULL, "as a code for a camera: a link for `kith connect`", false},
    {0},
};

const struct kith_cli_command kith_command_id = {
    .name = "id",
    .summary = "print this node's id, running or not",
    .usage = "[--qr]",
    .detail = "The link in the code says who, not where: it leads here over the local\n"
              "network and trackers. `kith invite --qr` says where, too.",
    .options = options,
    .run = run,
};
