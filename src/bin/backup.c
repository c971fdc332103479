/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include "bin/commands.h"
#include "bin/secret.h"
#include "cli/config.h"
#include "node/backup.h"

#include "kith/error.h"

static int failed(const struct kith_cli *cli, const struct kith_problem *problem)
{
    enum kith_exit exit_code =
        problem->error == KITH_ENOTFOUND ? KITH_EXIT_NOT_FOUND : KITH_EXIT_FAILED;
    return kith_cli_fail(cli, exit_code, "%s", problem->text);
}

static int print(const struct kith_cli *cli, const char *file, uint64_t size)
{
    if (!cli->is_json) {
        fprintf(cli->out,
                "%s: %" PRIu64 " bytes, all of %s; `kith restore` makes a home of it "
                "again\n",
                file, size, cli->home);
        return KITH_EXIT_DONE;
    }
    json_t *line = json_pack("{s:s, s:I, s:s}", "file", file, "size", (json_int_t)size,
                             "home", cli->home);
    if (line == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "the backup is made, but its name is not UTF-8");
    json_dumpf(line, cli->out, JSON_COMPACT);
    fputc('\n', cli->out);
    json_decref(line);
    return KITH_EXIT_DONE;
}

static int make(struct kith_cli *cli, const struct kith_backup_job *job,
                struct kith_passphrase *passphrase)
{
    struct kith_problem problem = {0};
    char why[KITH_CONFIG_WHY_SIZE] = "";
    uint64_t size = 0;
    const struct kith_secret_want want = {
        .variable = "KITH_BACKUP_PASSPHRASE",
        .file = kith_cli_value(cli, "passphrase-file"),
        .prompt = "passphrase of the backup: ",
        .is_new = true,
    };
    if (kith_backup_check(job, &problem) != 0)
        return failed(cli, &problem);
    int error = kith_secret_want(cli, &want, passphrase, why);
    if (error != 0)
        return kith_cli_fail(cli, kith_cli_exit(error), "%s", why);
    error = kith_backup(job, &size, &problem);
    kith_passphrase_deinit(passphrase);
    return error != 0 ? failed(cli, &problem) : print(cli, job->file, size);
}

static int run(struct kith_cli *cli)
{
    struct kith_passphrase passphrase = {.size = 0};
    struct kith_config_text config;
    char why[KITH_CONFIG_WHY_SIZE] = "";
    int error = kith_config_text(cli->home, &config, why);
    if (error != 0)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", why);
    struct kith_backup_job job = {
        .home = cli->home,
        .config = kith_bytes(config.text, config.size),
        .file = cli->args[0],
        .replaces = kith_cli_has(cli, "force"),
        .takes_damaged = kith_cli_has(cli, "damaged"),
        .passphrase = &passphrase,
        .cost = &kith_seal_cost_default,
    };
    int exit_code = make(cli, &job, &passphrase);
    free(config.text);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"passphrase-file", "FILE", "a file with the passphrase, which only you may read",
     false},
    {"force", NULL, "replace FILE if it is there", false},
    {"damaged", NULL, "back up a damaged database as it is, where that is all there is",
     false},
    {0},
};

const struct kith_cli_command kith_command_backup = {
    .name = "backup",
    .summary = "write identity, history and configuration to one encrypted file",
    .usage = "FILE [--passphrase-file FILE] [--force] [--damaged]",
    .detail =
        "FILE holds everything that makes this home: the identity, the network's key, "
        "the\n"
        "configuration, and all messages as of now. A node may be running. It is sealed\n"
        "under a passphrase of its own, which is asked for (twice), or read from\n"
        "--passphrase-file or the variable KITH_BACKUP_PASSPHRASE. Whoever has both the\n"
        "file and the passphrase is you; who has lost the passphrase has lost the "
        "backup.\n"
        "FILE is written whole or not at all, and not from a database that is damaged: "
        "what\n"
        "was there stays. While it is made a copy of the database takes room in the "
        "home.",
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
