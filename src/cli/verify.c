/* SPDX-License-Identifier: MIT */
/* kith verify: is the peer of that name the person one thinks? Both see the same code,
 * made of both ids, and compare it in a way that nobody between them can change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/chat_words.h"
#include "cli/commands.h"
#include "cli/order.h"
#include "cli/show.h"

#include "base/id.h"

#define PATH_SIZE 1024
#define ID_SIZE   64 /* of its text, with room */

static void show_member(FILE *to, const char *label, const json_t *object,
                        const char *member)
{
    fprintf(to, "%-12s", label);
    kith_cli_show_text(to, json_string_value(json_object_get(object, member)), " ");
    fputc('\n', to);
}

static bool is_yes(char *reply)
{
    kith_chat_trim(reply);
    const char *word = kith_chat_skip(reply);
    return strcasecmp(word, "y") == 0 || strcasecmp(word, "yes") == 0;
}

/* Show the code. `*is_same` is what a person at a terminal says of it, and `id` whose it
 * is: the name may be another's by then. */
static int show_code(struct kith_cli *cli, bool *is_same, char id[static ID_SIZE])
{
    char path[PATH_SIZE] = "/peers/verify?peer=";
    char reply[16] = "";
    struct kith_answer answer;
    if (3 * strlen(cli->args[0]) + strlen(path) >= sizeof path)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "that is too long to be a peer");
    kith_client_escape(cli->args[0], path + strlen(path));
    struct kith_cli_question question = {"GET", path, NULL, KITH_CLIENT_TIMEOUT_MS};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && cli->is_json) {
        kith_cli_show_json(cli->out, answer.json);
    } else if (!exit_code) {
        show_member(cli->out, "this node", answer.json, "own_id");
        show_member(cli->out, "that peer", answer.json, "id");
        show_member(cli->out, "code", answer.json, "code");
        fputs("Compare the code by voice or in person, never through kith: it has to be "
              "the same there.\n",
              cli->out);
    }
    const char *its = json_string_value(json_object_get(answer.json, "id"));
    snprintf(id, ID_SIZE, "%s", its ? its : "");
    kith_answer_deinit(&answer);
    if (exit_code || cli->is_json || !isatty(fileno(cli->in)) ||
        !isatty(fileno(cli->out)))
        return exit_code;
    fputs("Is it? [y/N] ", cli->out);
    fflush(cli->out);
    *is_same = fgets(reply, sizeof reply, cli->in) && is_yes(reply);
    if (!*is_same)
        fputs(
            "nothing was changed; if the codes differ, somebody may pose as that peer\n",
            cli->out);
    return KITH_EXIT_DONE;
}

static int mark(struct kith_cli *cli, const char *peer, bool is_verified)
{
    json_t *body = kith_cli_member("peer", peer);
    if (body && json_object_set_new(body, "verified", json_boolean(is_verified)) != 0) {
        json_decref(body);
        body = NULL;
    }
    return kith_cli_order(
        cli, &(struct kith_cli_order){
                 .path = "/peers/verify",
                 .take_body = body,
                 .fault = "that is not a peer",
                 .before = "",
                 .member = "name",
                 .after = is_verified ? " is verified" : " is not verified any more",
             });
}

static int run(struct kith_cli *cli)
{
    bool is_same = kith_cli_has(cli, "yes");
    bool is_undone = kith_cli_has(cli, "undo");
    const char *peer = cli->args[0];
    char shown[ID_SIZE];
    struct kith_id id;
    int exit_code = KITH_EXIT_DONE;
    if (is_same && is_undone)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "it is either --yes or --undo");
    if (is_same && !kith_id_parse(peer, strlen(peer), &id))
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "with --yes PEER is the whole id that was shown with the "
                             "code: a name may be another's by now");
    if (!is_same && !is_undone) {
        exit_code = show_code(cli, &is_same, shown);
        peer = shown;
    }
    if (!exit_code && (is_same || is_undone))
        exit_code = mark(cli, peer, !is_undone);
    return exit_code;
}

static const struct kith_cli_option options[] = {
    {"yes", NULL, "the code of this id was compared, and is the same", false},
    {"undo", NULL, "take that back", false},
    {0},
};

const struct kith_cli_command kith_cli_verify = {
    .name = "verify",
    .summary = "make sure of who a peer is, by a code to compare",
    .usage = "PEER [--yes | --undo]",
    .detail =
        "Shows both ids and a code made of them, six groups of five digits, which is "
        "the\n"
        "same on both sides if nobody poses as one of them. On a terminal it then asks\n"
        "whether it is; elsewhere --yes with the whole id says so. A verified peer is a "
        "contact: its name\n"
        "means this peer, whoever else takes it.",
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
