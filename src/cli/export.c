/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/since.h"

struct export
{
    struct kith_cli *cli;
    struct kith_cli_progress progress;
    uint64_t lines;
    bool is_whole;   /* the end came */
    bool has_damage; /* and says that something could not be read */
};

static int on_line(void *ctx, const char *line, size_t size)
{
    static const char end[] = "{\"kind\":\"end\"";
    struct export *export = ctx;
    kith_cli_show_json_text(export->cli->out, line, size);
    export->is_whole = strncmp(line, end, sizeof end - 1) == 0;
    export->has_damage =
        export->is_whole && strstr(line, "\"damaged_event_count\":") != NULL;
    kith_cli_progress(&export->progress, ++export->lines);
    return ferror(export->cli->out); /* nobody reads on, or the disk is full */
}

/* "/export?room=…&since=…"; heap. */
static char *make_path(const char *room, const char *since)
{
    size_t size = 64 + 3 * (room ? strlen(room) : 0) + 3 * (since ? strlen(since) : 0);
    char *path = malloc(size);
    if (!path)
        return NULL;
    char *at = stpcpy(path, "/export?");
    if (room) {
        at = stpcpy(at, "room=");
        kith_client_escape(room, at);
        at += strlen(at);
    }
    if (since) {
        at = stpcpy(at, "&since=");
        kith_client_escape(since, at);
    }
    return path;
}

static int read_all(struct export *export, const char *path)
{
    struct kith_client *client = NULL;
    struct kith_client_reader reader = {on_line, export};
    int error = kith_client_new(export->cli->home, &client);
    if (error)
        return kith_cli_fail(export->cli, KITH_EXIT_FAILED, "%s", kith_error_text(error));
    error = kith_client_download(client, path, &reader);
    int exit_code = KITH_EXIT_DONE;
    bool has_begun = error == 0 || (error == KITH_ECLOSED && export->lines > 0);
    if (error < 0 && !has_begun)
        exit_code = kith_cli_ask_failed(export->cli, client, NULL, error);
    else if (has_begun && !export->is_whole)
        exit_code = kith_cli_fail(export->cli, KITH_EXIT_FAILED,
                                  "the export ended before its end, and something is "
                                  "missing; look at `kith doctor` and the node's log, "
                                  "and export again");
    else if (has_begun && export->has_damage)
        exit_code = kith_cli_fail(export->cli, KITH_EXIT_FAILED,
                                  "what is damaged is not in the export, the rest is; "
                                  "restore the home from a backup, or keep this");
    kith_client_free(client);
    return exit_code;
}

static int run(struct kith_cli *cli)
{
    struct export export = {
        .cli = cli,
        .progress = {.cli = cli, .what = "exported", .unit = "runs of messages"},
    };
    const char *room = cli->arg_count > 0 ? cli->args[0] : NULL;
    char since_text[KITH_TIME_TEXT_SIZE];
    const char *since = kith_cli_since(cli, since_text);
    if ((room && strlen(room) > 200) || (since && strlen(since) > 100))
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "TARGET or TIME is too long");
    char *path = make_path(room, since);
    int exit_code = path ? read_all(&export, path)
                         : kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    free(path);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    KITH_CLI_SINCE_OPTION("begin at"),
    {0},
};

const struct kith_cli_command kith_cli_export = {
    .name = "export",
    .summary = "write history to standard output, to be read and to be imported",
    .usage = "[TARGET] [--since TIME]",
    .detail =
        "JSON Lines: a line for each run of messages that was signed together, with the\n"
        "message objects (id, room, author, name, text, time, …) and, in `run`, the\n"
        "signed bytes. All rooms, or that of TARGET: a peer or a room. It is not\n"
        "encrypted: `kith backup` is. The last line has the kind `end`: without it, or\n"
        "where it counts damaged events, something is missing. With --since it adds to\n"
        "an earlier export: import that one first.\n"
        "\n"
        "    kith export > all.jsonl\n"
        "    jq -r '.messages[]? | .time + \" \" + .name + \": \" + .text' all.jsonl",
    .options = options,
    .args_max = 1,
    .run = run,
};
