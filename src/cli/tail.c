/* SPDX-License-Identifier: MIT */
/* kith tail: what was said, oldest first, then what is said.
 *
 * History is read in pages up to the arrival number that the first page names; the
 * stream goes on after it. So a message that comes in between is shown once. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/since.h"

#define PATH_SIZE 1024

struct tail {
    struct kith_cli *cli;
    struct kith_client *client;
    char *room;         /* escaped; NULL: all */
    bool has_arrival;   /* the first page was read */
    json_int_t arrival; /* shown from history up to this one */
};

static void show(struct tail *tail, const json_t *message)
{
    if (tail->cli->is_json)
        kith_cli_show_json(tail->cli->out, message);
    else
        kith_cli_show_wrapped(tail->cli->out, message, kith_cli_show_message);
}

static bool is_follow(const struct tail *tail)
{
    return !kith_cli_has(tail->cli, "no-follow");
}

static void show_page(struct tail *tail, const json_t *page)
{
    size_t index;
    const json_t *message;
    if (!tail->has_arrival)
        tail->arrival = json_integer_value(json_object_get(page, "arrival"));
    tail->has_arrival = true;
    json_array_foreach(json_object_get(page, "messages"), index, message)
    {
        json_int_t arrival = json_integer_value(json_object_get(message, "arrival"));
        if (!is_follow(tail) || arrival <= tail->arrival)
            show(tail, message);
    }
    fflush(tail->cli->out);
}

static int read_page(struct tail *tail, const char *since, char after[static 128])
{
    char path[PATH_SIZE];
    struct kith_answer answer;
    snprintf(path, sizeof path, "/messages?limit=1000%s%s%s%s%s%s",
             since ? "&since=" : "", since ? since : "", tail->room ? "&room=" : "",
             tail->room ? tail->room : "", after[0] ? "&after=" : "", after);
    int error = kith_client_request(tail->client, "GET", path, NULL,
                                    KITH_CLIENT_TIMEOUT_MS, &answer);
    int exit_code =
        error ? kith_cli_ask_failed(tail->cli, tail->client, &answer, error) : 0;
    if (!error)
        show_page(tail, answer.json);
    const char *next = json_string_value(json_object_get(answer.json, "next"));
    snprintf(after, 128, "%s", next ? next : "");
    kith_answer_deinit(&answer);
    return exit_code;
}

static int read_history(struct tail *tail, const char *since)
{
    char after[128] = "";
    int exit_code;
    do
        exit_code = read_page(tail, since, after);
    while (!exit_code && after[0] && !ferror(tail->cli->out));
    return exit_code;
}

static int on_event(void *ctx, const struct kith_client_event *event)
{
    struct tail *tail = ctx;
    if (strcmp(event->type, "message") != 0)
        return 0;
    if (tail->cli->is_json) {
        kith_cli_show_json_text(tail->cli->out, event->data, event->size);
    } else {
        json_t *message = json_loadb(event->data, event->size, 0, NULL);
        if (!message)
            return KITH_ENOMEM;
        kith_cli_show_wrapped(tail->cli->out, message, kith_cli_show_message);
        json_decref(message);
    }
    return ferror(tail->cli->out); /* nobody reads on */
}

static int on_pause(void *ctx)
{
    struct tail *tail = ctx;
    return fflush(tail->cli->out) != 0; /* EOF is an error's number here */
}

static void on_away(void *ctx)
{
    struct tail *tail = ctx;
    fprintf(tail->cli->err, "kith tail: the node went away; going on when it is back\n");
}

/* As a write would end it, without waiting for something to write. */
static int end_unread(const struct tail *tail)
{
    raise(SIGPIPE);
    return kith_cli_fail(tail->cli, KITH_EXIT_FAILED, "the output cannot be written: %s",
                         strerror(EPIPE));
}

static int follow(struct tail *tail)
{
    char path[PATH_SIZE];
    struct kith_client_follower follower = {.event = on_event,
                                            .pause = on_pause,
                                            .away = on_away,
                                            .ctx = tail,
                                            .is_going_on = true};
    snprintf(path, sizeof path, "/stream?after=%" JSON_INTEGER_FORMAT "%s%s",
             tail->arrival, tail->room ? "&room=" : "", tail->room ? tail->room : "");
    kith_client_cancel_by(tail->client, fileno(tail->cli->out), 0);
    int error = kith_client_follow(tail->client, path, &follower);
    if (error == KITH_ECLOSED)
        return end_unread(tail);
    return error < 0 ? kith_cli_ask_failed(tail->cli, tail->client, NULL, error) : 0;
}

static char *escaped(const char *text)
{
    char *out = malloc(3 * strlen(text) + 1);
    if (out)
        kith_client_escape(text, out);
    return out;
}

static int run(struct kith_cli *cli)
{
    struct tail tail = {.cli = cli};
    char since_text[KITH_TIME_TEXT_SIZE];
    const char *since = kith_cli_since(cli, since_text);
    char *since_escaped = since ? escaped(since) : NULL;
    int exit_code = KITH_EXIT_FAILED;
    if ((cli->arg_count > 0 && strlen(cli->args[0]) > 200) ||
        (since && strlen(since) > 100)) {
        exit_code = kith_cli_fail(cli, KITH_EXIT_USAGE, "TARGET or TIME is too long");
    } else if (kith_client_new(cli->home, &tail.client) == 0) {
        tail.room = cli->arg_count > 0 ? escaped(cli->args[0]) : NULL;
        exit_code = read_history(&tail, since_escaped);
        if (!exit_code && is_follow(&tail) && !ferror(cli->out))
            exit_code = follow(&tail);
    }
    kith_client_free(tail.client);
    free(tail.room);
    free(since_escaped);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    KITH_CLI_SINCE_OPTION("begin at"),
    {"no-follow", NULL, "stop where nothing more was said yet", false},
    {0},
};

const struct kith_cli_command kith_cli_tail = {
    .name = "tail",
    .summary = "show what was said, oldest first, then what is said",
    .usage = "[TARGET] [--since TIME] [--no-follow]",
    .detail =
        "A line begins with the time and who said it: `name~me` is this node, and\n"
        "`@name` follows where the message is direct. Further lines of a message are\n"
        "indented. `* name waves` is an action: a text that begins with /me. When the\n"
        "node is restarted, tail goes on; ^C ends it, and so does the end of whatever\n"
        "reads it.",
    .options = options,
    .args_max = 1,
    .run = run,
};
