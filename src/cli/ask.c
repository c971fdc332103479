/* SPDX-License-Identifier: MIT */
#include "cli/ask.h"

#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

static void print_choices(const struct kith_cli *cli, const json_t *choices)
{
    size_t index;
    const json_t *choice;
    json_array_foreach(choices, index, choice)
    {
        fputs("  ", cli->err);
        kith_cli_show_text(cli->err, json_string_value(choice), " ");
        fputc('\n', cli->err);
    }
}

int kith_cli_ask_failed(const struct kith_cli *cli, const struct kith_client *client,
                        const struct kith_answer *answer, int error)
{
    char detail[KITH_CLIENT_DETAIL_SIZE];
    kith_cli_show_safe(kith_client_detail(client), detail, sizeof detail);
    int exit_code = kith_cli_fail(cli, kith_cli_exit(error), "%s", detail);
    if (answer)
        print_choices(cli, json_object_get(answer->json, "choices"));
    return exit_code;
}

int kith_cli_ask(const struct kith_cli *cli, const struct kith_cli_question *question,
                 struct kith_answer *out)
{
    struct kith_client *client = NULL;
    *out = (struct kith_answer){0};
    int error = kith_client_new(cli->home, &client);
    if (error) {
        json_decref(question->take_body);
        return kith_cli_fail(cli, kith_cli_exit(error), "%s", kith_error_text(error));
    }
    error = kith_client_request(client, question->method, question->path,
                                question->take_body, question->timeout_ms, out);
    int exit_code = error ? kith_cli_ask_failed(cli, client, out, error) : KITH_EXIT_DONE;
    json_decref(question->take_body);
    kith_client_free(client);
    return exit_code;
}

json_t *kith_cli_member(const char *name, const char *value)
{
    json_t *object = json_object();
    if (object && json_object_set_new(object, name, json_string(value)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

char *kith_cli_join(const struct kith_cli *cli, size_t first)
{
    size_t size = 1;
    for (size_t i = first; i < cli->arg_count; i++)
        size += strlen(cli->args[i]) + 1;
    char *joined = malloc(size);
    char *at = joined;
    for (size_t i = first; joined && i < cli->arg_count; i++) {
        if (i > first)
            *at++ = ' ';
        at = stpcpy(at, cli->args[i]);
    }
    if (joined)
        *at = '\0';
    return joined;
}

char *kith_cli_path(const char *path, const char *value)
{
    size_t size = strlen(path);
    char *joined = malloc(size + 3 * strlen(value) + 1);
    if (!joined)
        return NULL;
    memcpy(joined, path, size);
    kith_client_escape(value, joined + size);
    return joined;
}
