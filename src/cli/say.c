/* SPDX-License-Identifier: MIT */
#include "cli/say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/ask.h"
#include "cli/show.h"

#define TEXT_SIZE_MAX   65536 /* as the node has it (PROTOCOL, "Limits") */
#define TIMEOUT_S       30
#define TIMEOUT_S_MAX   3600
#define TIMEOUT_MORE_MS 5000 /* for the node's own answer to a wait that timed out */

/* All of standard input up to one byte more than fits, without one trailing line feed. */
static char *read_input(FILE *in, size_t *out_size)
{
    char *text = malloc(TEXT_SIZE_MAX + 3);
    if (!text)
        return NULL;
    size_t size = fread(text, 1, TEXT_SIZE_MAX + 2, in);
    if (size > 0 && text[size - 1] == '\n')
        size--;
    text[size] = '\0';
    *out_size = size;
    return text;
}

static int check_text(const struct kith_cli *cli, const char *text, size_t size)
{
    if (size > TEXT_SIZE_MAX)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "a message holds at most %d bytes, and this one has %s%zu; "
                             "split it",
                             TEXT_SIZE_MAX, size > TEXT_SIZE_MAX + 1 ? "at least " : "",
                             size);
    if (size == 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "there is no text to send");
    if (strlen(text) != size || !kith_utf8_is_valid(kith_bytes(text, size)))
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "the text is not valid UTF-8; convert it first, for example "
                             "with iconv");
    return KITH_EXIT_DONE;
}

/* Seconds of --timeout; negative when it is no such number. */
static double parse_timeout(const struct kith_cli *cli)
{
    const char *text = kith_cli_value(cli, "timeout");
    char *end;
    if (!text)
        return TIMEOUT_S;
    double seconds = strtod(text, &end);
    bool is_usable = end > text && *end == '\0' && seconds >= 0;
    return is_usable && seconds <= TIMEOUT_S_MAX ? seconds : -1;
}

static int check_options(const struct kith_cli *cli)
{
    const char *wait = kith_cli_value(cli, "wait");
    if (wait && strcmp(wait, "delivered") != 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "--wait takes only `delivered`, not `%s`", wait);
    if (parse_timeout(cli) < 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "--timeout takes seconds from 0 to %d, not `%s`",
                             TIMEOUT_S_MAX, kith_cli_value(cli, "timeout"));
    return KITH_EXIT_DONE;
}

static json_t *make_body(const struct kith_cli *cli, const char *target, const char *text)
{
    json_t *body = kith_cli_member("to", target);
    int error = json_object_set_new(body, "text", json_string(text));
    if (!error && kith_cli_has(cli, "wait")) {
        error = json_object_set_new(body, "wait", json_string("delivered")) ||
                json_object_set_new(body, "timeout", json_real(parse_timeout(cli)));
    }
    if (!error)
        return body;
    json_decref(body);
    return NULL;
}

static int post(const struct kith_cli *cli, const char *target, const char *text)
{
    struct kith_answer answer;
    struct kith_cli_question question = {
        .method = "POST",
        .path = "/messages",
        .take_body = make_body(cli, target, text),
        .timeout_ms = KITH_CLIENT_TIMEOUT_MS,
    };
    if (!question.take_body)
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "the target is not valid UTF-8, or memory ran out");
    if (kith_cli_has(cli, "wait"))
        question.timeout_ms = (int)(parse_timeout(cli) * 1000) + TIMEOUT_MORE_MS;
    int exit_code = kith_cli_ask(cli, &question, &answer);
    const json_t *stored = json_object_get(answer.json, "message");
    if (cli->is_json && (exit_code == KITH_EXIT_DONE || stored))
        kith_cli_show_json(cli->out, stored ? stored : answer.json);
    kith_answer_deinit(&answer);
    return exit_code;
}

int kith_cli_say(struct kith_cli *cli, const char *target, size_t first)
{
    size_t size = 0;
    int exit_code = check_options(cli);
    if (exit_code)
        return exit_code;
    bool is_typed = cli->arg_count > first;
    char *text = is_typed ? kith_cli_join(cli, first) : read_input(cli->in, &size);
    if (!text)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(KITH_ENOMEM));
    if (!is_typed && ferror(cli->in))
        exit_code = kith_cli_fail(cli, KITH_EXIT_FAILED, "the text cannot be read: %s",
                                  strerror(errno));
    if (!exit_code)
        exit_code = check_text(cli, text, is_typed ? strlen(text) : size);
    if (!exit_code)
        exit_code = post(cli, target, text);
    free(text);
    return exit_code;
}
