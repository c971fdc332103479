/* SPDX-License-Identifier: MIT */
#include <jansson.h>

#include "bin/commands.h"
#include "bin/secret.h"
#include "kith/error.h"
#include "node/backup.h"
#include "node/identity.h"

static int failed(const struct kith_cli *cli, const struct kith_problem *problem)
{
    enum kith_exit exit_code =
        problem->error == KITH_ENOTFOUND ? KITH_EXIT_NOT_FOUND : KITH_EXIT_FAILED;
    return kith_cli_fail(cli, exit_code, "%s", problem->text);
}

static int print(const struct kith_cli *cli)
{
    struct kith_identity identity;
    struct kith_problem problem = {0};
    char id[KITH_ID_TEXT_SIZE];
    if (kith_identity_load(cli->home, &identity, &problem) != 0)
        return failed(cli, &problem);
    kith_id_format(&identity.id, id);
    kith_identity_deinit(&identity);
    if (!cli->is_json) {
        fprintf(cli->out,
                "restored %s to %s; `kith up` starts it. Do not start the home it was "
                "made of again\n",
                id, cli->home);
        return KITH_EXIT_DONE;
    }
    json_t *line = json_pack("{s:s, s:s}", "id", id, "home", cli->home);
    if (line == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "it is restored, but the home's name is not UTF-8");
    json_dumpf(line, cli->out, JSON_COMPACT);
    fputc('\n', cli->out);
    json_decref(line);
    return KITH_EXIT_DONE;
}

static int run(struct kith_cli *cli)
{
    struct kith_problem problem = {0};
    struct kith_passphrase passphrase = {.size = 0};
    char why[KITH_CONFIG_WHY_SIZE] = "";
    struct kith_restore_job job = {
        .home = cli->home, .file = cli->args[0], .passphrase = &passphrase};
    const struct kith_secret_want want = {
        .variable = "KITH_BACKUP_PASSPHRASE",
        .file = kith_cli_value(cli, "passphrase-file"),
        .prompt = "passphrase of the backup: ",
    };
    if (kith_restore_check(&job, &problem) != 0)
        return failed(cli, &problem);
    int error = kith_secret_want(cli, &want, &passphrase, why);
    if (error != 0)
        return kith_cli_fail(cli, kith_cli_exit(error), "%s", why);
    error = kith_restore(&job, &problem);
    kith_passphrase_deinit(&passphrase);
    return error != 0 ? failed(cli, &problem) : print(cli);
}

static const struct kith_cli_option options[] = {
    {"passphrase-file", "FILE", "a file with the passphrase, which only you may read",
     false},
    {0},
};

const struct kith_cli_command kith_command_restore = {
    .name = "restore",
    .summary = "make a home of a backup",
    .usage = "FILE [--passphrase-file FILE]",
    .detail =
        "The home (--home DIR) must not be there yet, or be empty; it appears whole or "
        "not\n"
        "at all. The passphrase is the one given to `kith backup`: asked for, or read "
        "from\n"
        "--passphrase-file or the variable KITH_BACKUP_PASSPHRASE. A node started there\n"
        "continues as the same peer and is told by the others what it said and heard "
        "since\n"
        "the backup. A node must not run in two places: the home that the backup was "
        "made\n"
        "of is not to be started any more.",
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
