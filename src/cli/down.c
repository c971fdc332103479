/* SPDX-License-Identifier: MIT */
/* kith down: ask the node to stop, and wait until its process has ended, so that `kith
 * up` finds the home free. */
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#define STOP_MS_MAX 10000 /* the node takes at most 2 s */

/* Wait on the process itself: readable when it has ended, reaped or not. False when it
 * did not end in time. Where the process cannot be seen, its word is taken. */
static bool wait_for_end(int process_fd)
{
    struct pollfd poll_fd = {.fd = process_fd, .events = POLLIN};
    return process_fd < 0 || poll(&poll_fd, 1, STOP_MS_MAX) == 1;
}

static int stop(struct kith_cli *cli, int process_fd)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/shutdown", NULL, STOP_MS_MAX};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && !wait_for_end(process_fd))
        exit_code =
            kith_cli_fail(cli, KITH_EXIT_TIMED_OUT,
                          "the node was asked to stop and still runs; look at its "
                          "log, or end it with `kill`");
    else if (!exit_code && cli->is_json)
        kith_cli_show_json(cli->out, answer.json);
    kith_answer_deinit(&answer);
    return exit_code;
}

static int run(struct kith_cli *cli)
{
    struct kith_answer self;
    struct kith_cli_question question = {"GET", "/self", NULL, KITH_CLIENT_TIMEOUT_MS};
    int process_fd = -1;
    int exit_code = kith_cli_ask(cli, &question, &self);
    json_int_t pid = json_integer_value(json_object_get(self.json, "pid"));
    kith_answer_deinit(&self);
    if (exit_code)
        return exit_code;
    if (pid > 0 && pid != getpid())
        process_fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    exit_code = stop(cli, process_fd);
    if (process_fd >= 0)
        close(process_fd);
    return exit_code;
}

const struct kith_cli_command kith_cli_down = {
    .name = "down",
    .summary = "stop the node",
    .usage = "",
    .detail = "Comes back when the node has ended. Its peers are told.",
    .run = run,
};
