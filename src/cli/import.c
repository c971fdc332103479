/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/show.h"

struct import {
    struct kith_cli *cli;
    struct kith_cli_progress progress;
    FILE *file;
    uint64_t lines;
};

static int read_file(void *ctx, char *out, size_t size, size_t *out_size)
{
    struct import *import = ctx;
    *out_size = fread(out, 1, size, import->file);
    for (const char *at = out; (at = memchr(at, '\n', (size_t)(out + *out_size - at)));
         at++)
        import->lines++;
    kith_cli_progress(&import->progress, import->lines);
    return ferror(import->file) ? 1 : 0;
}

static void print_refused(const struct kith_cli *cli, const json_t *answer)
{
    size_t index;
    const json_t *refused, *list = json_object_get(answer, "refused");
    json_array_foreach(list, index, refused)
    {
        fprintf(cli->err, "kith import: line %" JSON_INTEGER_FORMAT ": ",
                json_integer_value(json_object_get(refused, "line")));
        kith_cli_show_text(cli->err,
                           json_string_value(json_object_get(refused, "detail")), " ");
        fputc('\n', cli->err);
    }
    json_int_t count = json_integer_value(json_object_get(answer, "refused_count"));
    if (count > (json_int_t)json_array_size(list))
        fprintf(cli->err, "kith import: and %" JSON_INTEGER_FORMAT " lines more\n",
                count - (json_int_t)json_array_size(list));
}

static int judge(const struct kith_cli *cli, const json_t *answer)
{
    if (cli->is_json)
        kith_cli_show_json(cli->out, answer);
    else
        fprintf(cli->out,
                "imported %" JSON_INTEGER_FORMAT " events in %" JSON_INTEGER_FORMAT
                " runs; %" JSON_INTEGER_FORMAT " runs were there already\n",
                json_integer_value(json_object_get(answer, "events")),
                json_integer_value(json_object_get(answer, "runs")),
                json_integer_value(json_object_get(answer, "known")));
    print_refused(cli, answer);
    json_int_t refused = json_integer_value(json_object_get(answer, "refused_count"));
    if (refused > 0)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "lines that were refused: %" JSON_INTEGER_FORMAT
                             "; the others are imported",
                             refused);
    if (!json_is_true(json_object_get(answer, "complete")))
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "the export is cut short: its last line is missing; what is "
                             "there is imported");
    return KITH_EXIT_DONE;
}

static int post(struct import *import)
{
    struct kith_cli *cli = import->cli;
    struct kith_client *client = NULL;
    struct kith_client_writer writer = {read_file, import};
    struct kith_answer answer = {0};
    int error = kith_client_new(cli->home, &client);
    if (error)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(error));
    error = kith_client_upload(client, "/import", &writer, &answer);
    int exit_code;
    if (error > 0)
        exit_code = kith_cli_fail(cli, KITH_EXIT_FAILED,
                                  "line %" PRIu64 " cannot be read: %s; of those before "
                                  "some may be missing: import all again, what is here "
                                  "is skipped",
                                  import->lines + 1, strerror(errno));
    else if (error < 0)
        exit_code = kith_cli_ask_failed(cli, client, &answer, error);
    else
        exit_code = judge(cli, answer.json);
    kith_answer_deinit(&answer);
    kith_client_free(client);
    return exit_code;
}

static int run(struct kith_cli *cli)
{
    const char *path = cli->arg_count > 0 ? cli->args[0] : "-";
    bool is_input = strcmp(path, "-") == 0;
    struct import import = {
        .cli = cli,
        .progress = {.cli = cli, .what = "read", .unit = "lines"},
        .file = is_input ? cli->in : fopen(path, "re"),
    };
    if (!import.file)
        return kith_cli_fail(cli,
                             errno == ENOENT ? KITH_EXIT_NOT_FOUND : KITH_EXIT_FAILED,
                             "%s cannot be read: %s", path, strerror(errno));
    int exit_code = post(&import);
    if (!is_input)
        fclose(import.file);
    return exit_code;
}

const struct kith_cli_command kith_cli_import = {
    .name = "import",
    .summary = "take in what `kith export` wrote, here or elsewhere",
    .usage = "[FILE]",
    .detail =
        "FILE, or standard input. Each run of messages is checked as if a peer had sent\n"
        "it: nothing that was not signed by its author gets in, whoever edited the "
        "file.\n"
        "It takes the rooms of this network and those that this home kept of others, "
        "and\n"
        "direct conversations of this node. What is there already is skipped, so an "
        "import\n"
        "that broke off is continued by doing it again. Lines that are refused are "
        "named,\n"
        "and the others go on.",
    .args_max = 1,
    .run = run,
};
