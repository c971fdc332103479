/* SPDX-License-Identifier: MIT */
/* kith search: messages that hold some words, latest first, a page at a time. */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/since.h"

enum {
    LIMIT_DEFAULT = 50,
    PAGE_MAX = 1000, /* what the node gives at once */
    TEXT_SIZE_MAX = 1024,
    OPTION_SIZE_MAX = 200,
    CURSOR_SIZE = 64,
    /* Everything escaped, and the names. */
    PATH_SIZE = 3 * (TEXT_SIZE_MAX + 2 * OPTION_SIZE_MAX + CURSOR_SIZE) + 128,
};

struct search {
    struct kith_cli *cli;
    struct kith_client *client;
    const char *text;
    unsigned long left; /* messages still wanted */
    unsigned long shown;
    char cursor[CURSOR_SIZE];
};

/* `&name=value`, escaped; nothing without a value. */
static void add_parameter(char path[static PATH_SIZE], const char *name,
                          const char *value)
{
    size_t size = strlen(path);
    if (!value)
        return;
    size += (size_t)snprintf(path + size, PATH_SIZE - size, "&%s=", name);
    kith_client_escape(value, path + size);
}

/* The room if it is open, the day, and then as `kith tail` shows it. */
static void show_found(FILE *to, const json_t *message)
{
    if (!json_is_true(json_object_get(message, "direct"))) {
        kith_cli_show_text(to, json_string_value(json_object_get(message, "room")), " ");
        fputc(' ', to);
    }
    kith_cli_show_day(to, message);
    kith_cli_show_message(to, message);
}

static void show_page(struct search *search, const json_t *page)
{
    size_t index;
    const json_t *message;
    json_array_foreach(json_object_get(page, "messages"), index, message)
    {
        if (search->cli->is_json)
            kith_cli_show_json(search->cli->out, message);
        else
            kith_cli_show_wrapped(search->cli->out, message, show_found);
        search->shown++;
        search->left -= search->left > 0;
    }
    const char *next = json_string_value(json_object_get(page, "next"));
    snprintf(search->cursor, sizeof search->cursor, "%s", next ? next : "");
}

static int read_page(struct search *search)
{
    char path[PATH_SIZE], since[KITH_TIME_TEXT_SIZE];
    struct kith_answer answer;
    snprintf(path, sizeof path, "/search?limit=%lu",
             search->left < PAGE_MAX ? search->left : PAGE_MAX);
    add_parameter(path, "q", search->text);
    add_parameter(path, "room", kith_cli_value(search->cli, "room"));
    add_parameter(path, "since", kith_cli_since(search->cli, since));
    add_parameter(path, "cursor", search->cursor[0] ? search->cursor : NULL);
    int error = kith_client_request(search->client, "GET", path, NULL,
                                    KITH_CLIENT_TIMEOUT_MS, &answer);
    int exit_code =
        error ? kith_cli_ask_failed(search->cli, search->client, &answer, error) : 0;
    if (!error)
        show_page(search, answer.json);
    kith_answer_deinit(&answer);
    return exit_code;
}

static int read_pages(struct search *search)
{
    int exit_code;
    do
        exit_code = read_page(search);
    while (!exit_code && search->left > 0 && search->cursor[0] &&
           !ferror(search->cli->out));
    if (!exit_code && search->shown == 0)
        exit_code = kith_cli_fail(search->cli, KITH_EXIT_NOT_FOUND,
                                  "nothing that was said here holds all of these words; "
                                  "try fewer, and of the last one three letters or more");
    return exit_code;
}

static bool is_short(const char *value)
{
    return !value || strlen(value) <= OPTION_SIZE_MAX;
}

/* What is wrong with what was typed; NULL: nothing. */
static const char *judge(const struct kith_cli *cli, struct search *search)
{
    char *end;
    const char *limit = kith_cli_value(cli, "limit");
    search->left = LIMIT_DEFAULT;
    if (limit) {
        search->left = strtoul(limit, &end, 10);
        if (limit[0] < '0' || limit[0] > '9' || *end || search->left == 0)
            return "--limit takes a number from 1 on";
    }
    if (strlen(search->text) > TEXT_SIZE_MAX)
        return "that is too much to look for; give at most 1024 bytes";
    if (!is_short(kith_cli_value(cli, "room")) || !is_short(kith_cli_value(cli, "since")))
        return "TARGET or TIME is too long";
    return NULL;
}

static int run(struct kith_cli *cli)
{
    struct search search = {.cli = cli};
    char *text = kith_cli_join(cli, 0);
    search.text = text;
    const char *wrong = text ? judge(cli, &search) : NULL;
    int exit_code = KITH_EXIT_FAILED;
    if (wrong)
        exit_code = kith_cli_fail(cli, KITH_EXIT_USAGE, "%s", wrong);
    else if (!text || kith_client_new(cli->home, &search.client) != 0)
        exit_code =
            kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    else
        exit_code = read_pages(&search);
    kith_client_free(search.client);
    free(text);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"room", "TARGET", "only what was said there, or with that peer", false},
    KITH_CLI_SINCE_OPTION("nothing older than"),
    {"limit", "N", "at most so many, the latest (default: 50)", false},
    {0},
};

const struct kith_cli_command kith_cli_search = {
    .name = "search",
    .summary = "find messages by the words in them, latest first",
    .usage = "TEXT… [--room TARGET] [--since TIME] [--limit N]",
    .detail = "All the words have to be there, in any order; the last may be unfinished\n"
              "from three bytes on (one character of Chinese). Words in quotes are\n"
              "looked for as they stand: kith search '\"see you\" tomorrow'. Exit 4 if "
              "nothing is found.",
    .options = options,
    .args_min = 1,
    .args_max = KITH_CLI_ARGS_ANY,
    .run = run,
};
