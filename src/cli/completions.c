/* SPDX-License-Identifier: MIT */
/* kith completions: what a shell has to know to complete a command line. */
#include "cli/completions.h"

#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* One a line. No name has a line feed in it; whoever sends one says nothing here. */
static void print_target(const struct kith_cli *cli, const char *text)
{
    if (!text[0] || strpbrk(text, "\r\n"))
        return;
    kith_cli_show_text(cli->out, text, " ");
    fputc('\n', cli->out);
}

static void print_peers(const struct kith_cli *cli, const json_t *answer)
{
    size_t index;
    const json_t *peer;
    json_array_foreach(json_object_get(answer, "peers"), index, peer)
    {
        print_target(cli, member(peer, "name"));
    }
}

/* Direct ones are called as the peer is. */
static void print_rooms(const struct kith_cli *cli, const json_t *answer)
{
    size_t index;
    const json_t *room;
    json_array_foreach(json_object_get(answer, "rooms"), index, room)
    {
        if (strcmp(member(room, "kind"), "direct") != 0)
            print_target(cli, member(room, "id"));
    }
}

/* Nothing without a node: a shell that completes has no place for complaints. */
static int print_targets(const struct kith_cli *cli)
{
    static const struct {
        const char *path;
        void (*print)(const struct kith_cli *cli, const json_t *answer);
    } sources[] = {{"/peers", print_peers}, {"/rooms", print_rooms}};
    struct kith_client *client;
    int error = kith_client_new(cli->home, &client);
    if (error)
        return kith_cli_exit(error);
    for (size_t i = 0; i < 2 && !error; i++) {
        struct kith_answer answer;
        error = kith_client_request(client, "GET", sources[i].path, NULL,
                                    KITH_CLIENT_TIMEOUT_MS, &answer);
        if (!error)
            sources[i].print(cli, answer.json);
        kith_answer_deinit(&answer);
    }
    kith_client_free(client);
    return kith_cli_exit(error);
}

static int run(struct kith_cli *cli)
{
    const char *what = cli->args[0];
    if (strcmp(what, "targets") == 0)
        return print_targets(cli);
    if (strcmp(what, "bash") == 0)
        kith_completions_bash(cli);
    else if (strcmp(what, "zsh") == 0)
        kith_completions_zsh(cli);
    else if (strcmp(what, "fish") == 0)
        kith_completions_fish(cli);
    else
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "there are completions for bash, zsh and fish, not for '%s'",
                             what);
    return KITH_EXIT_DONE;
}

const struct kith_cli_command kith_cli_completions = {
    .name = "completions",
    .summary = "print what bash, zsh or fish needs to complete kith",
    .usage = "bash|zsh|fish|targets",
    .detail = "Packages install them. Else:\n\n"
              "  bash  kith completions bash > "
              "~/.local/share/bash-completion/completions/kith\n"
              "  zsh   kith completions zsh > _kith    in a directory of $fpath\n"
              "  fish  kith completions fish > ~/.config/fish/completions/kith.fish\n\n"
              "`targets` prints the names that `kith send` takes, one a line.",
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
