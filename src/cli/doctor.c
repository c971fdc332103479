/* SPDX-License-Identifier: MIT */
/* kith doctor: what the home shows by itself, then what the running node knows. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

/* True when the check is a problem. */
static bool show(struct kith_cli *cli, const json_t *check)
{
    const char *state = json_string_value(json_object_get(check, "state"));
    const char *advice = json_string_value(json_object_get(check, "advice"));
    bool is_problem = state && strcmp(state, "problem") == 0;
    bool is_ok = state && strcmp(state, "ok") == 0;
    if (cli->is_json) {
        kith_cli_show_json(cli->out, check);
        return is_problem;
    }
    fprintf(cli->out, "%-6s", is_problem ? "fail" : is_ok ? "ok" : "warn");
    kith_cli_show_text(cli->out, json_string_value(json_object_get(check, "check")), " ");
    fputs(": ", cli->out);
    kith_cli_show_text(cli->out, json_string_value(json_object_get(check, "detail")),
                       " ");
    fputc('\n', cli->out);
    if (advice) {
        fputs("      -> ", cli->out);
        kith_cli_show_text(cli->out, advice, " ");
        fputc('\n', cli->out);
    }
    return is_problem;
}

/* A check made here; `advice` NULL means that all is well, as far as it goes. */
static bool say(struct kith_cli *cli, const char *name, const char *state,
                const char *advice, const char *detail, const char *path)
{
    json_t *text = path ? json_sprintf(detail, path) : json_string(detail);
    json_t *check =
        json_pack("{s:s, s:s, s:o, s:s?}", "check", name, "state", state, "detail",
                  text ? text : json_string("(not UTF-8)"), "advice", advice);
    bool is_problem = show(cli, check);
    json_decref(check);
    return is_problem;
}

static bool check_identity(struct kith_cli *cli)
{
    char path[4096];
    struct stat status;
    int size = snprintf(path, sizeof path, "%s/identity", cli->home);
    if (size < 0 || (size_t)size >= sizeof path || stat(path, &status) != 0)
        return say(cli, "identity", "warning", "`kith up` makes one", "there is none yet",
                   NULL);
    if ((status.st_mode & 077) != 0)
        return say(cli, "identity", "problem", "chmod 600 it", "others may read %s",
                   path);
    return say(cli, "identity", "ok", NULL, "%s is for its owner alone", path);
}

static bool check_home(struct kith_cli *cli)
{
    struct stat status;
    if (stat(cli->home, &status) != 0)
        return errno == ENOENT
                   ? say(cli, "home", "warning", "`kith up` makes it, or give --home DIR",
                         "there is no %s yet", cli->home)
                   : say(cli, "home", "problem", "see who owns it, or give --home DIR",
                         "%s cannot be looked at", cli->home);
    if (!S_ISDIR(status.st_mode))
        return say(cli, "home", "problem", "give --home DIR another name",
                   "%s is no directory", cli->home);
    bool is_problem = say(cli, "home", "ok", NULL, "%s", cli->home);
    return check_identity(cli) || is_problem;
}

static bool show_all(struct kith_cli *cli, const json_t *checks)
{
    bool has_problem = false;
    size_t index;
    const json_t *check;
    json_array_foreach(checks, index, check)
    {
        has_problem |= show(cli, check);
    }
    return has_problem;
}

static int ask(struct kith_cli *cli, struct kith_client *client, bool has_problem)
{
    struct kith_answer answer = {0};
    int exit_code = has_problem ? KITH_EXIT_FAILED : KITH_EXIT_DONE;
    int error = kith_client_request(client, "GET", "/doctor", NULL,
                                    KITH_CLIENT_TIMEOUT_MS, &answer);
    if (error == KITH_ENONODE) {
        say(cli, "node", "problem", "start it: `kith up`", "none runs on this home",
            NULL);
        exit_code = KITH_EXIT_NO_NODE;
    } else if (error != 0) {
        exit_code = kith_cli_ask_failed(cli, client, &answer, error);
    } else if (show_all(cli, json_object_get(answer.json, "checks"))) {
        exit_code = KITH_EXIT_FAILED;
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

static int run(struct kith_cli *cli)
{
    struct kith_client *client = NULL;
    bool has_problem = check_home(cli);
    int error = kith_client_new(cli->home, &client);
    if (error != 0)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "%s", kith_error_text(error));
    int exit_code = ask(cli, client, has_problem);
    kith_client_free(client);
    return exit_code;
}

const struct kith_cli_command kith_cli_doctor = {
    .name = "doctor",
    .summary = "tell why somebody or nobody is found, and what to do",
    .usage = "",
    .detail =
        "Each line begins with ok, warn or fail; what to do follows after an arrow.\n"
        "Exit code 0 without a fail, 1 with one, 3 when no node runs.",
    .run = run,
};
