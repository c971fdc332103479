/* SPDX-License-Identifier: MIT */
/* kith down: ask the node to stop, and wait until its process has ended, so that `kith
 * up` finds the home free. A node inside another program gives the home back, and the
 * program goes on. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/show.h"

#define STOP_MS_MAX  10000
#define STOP_MS_NODE 2000 /* the node takes at most that */

/* Wait on the process itself: readable when it has ended, reaped or not. Where it cannot
 * be seen, its word is taken. */
static bool has_ended(int process_fd, int ms)
{
    struct pollfd poll_fd = {.fd = process_fd, .events = POLLIN};
    return process_fd < 0 || poll(&poll_fd, 1, ms) == 1;
}

/* Nobody has its lock (store/lock.h) any more. */
static bool is_free(const char *home)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", home);
    int lock = open(path, O_RDONLY | O_CLOEXEC);
    bool is_free = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) == 0;
    if (lock >= 0)
        close(lock);
    return is_free;
}

/* False when the node did not end in time. */
static bool wait_for_end(const struct kith_cli *cli, int process_fd)
{
    return has_ended(process_fd, STOP_MS_NODE) || is_free(cli->home) ||
           has_ended(process_fd, STOP_MS_MAX - STOP_MS_NODE);
}

static int stop(struct kith_cli *cli, int process_fd)
{
    struct kith_answer answer;
    struct kith_cli_question question = {"POST", "/shutdown", NULL, STOP_MS_MAX};
    int exit_code = kith_cli_ask(cli, &question, &answer);
    if (!exit_code && !wait_for_end(cli, process_fd))
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
