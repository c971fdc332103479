/* SPDX-License-Identifier: MIT */
#include "bin/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "node/log_file.h"

/* True when a whole line came, which is the node's word that it is ready. */
static bool pass_on(int from)
{
    char text[4096];
    ssize_t got;
    bool is_whole = false;
    while ((got = read(from, text, sizeof(text))) > 0) {
        is_whole = text[got - 1] == '\n';
        if (write(STDOUT_FILENO, text, (size_t)got) != got)
            break; /* nobody reads; the node runs all the same */
    }
    return is_whole;
}

static int exit_code_of(struct kith_cli *cli, pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "the node cannot be waited for: %s",
                             strerror(errno));
    if (WIFSIGNALED(status))
        return kith_cli_fail(cli, KITH_EXIT_FAILED,
                             "the node was ended by the signal \"%s\" before it was "
                             "ready; try again, or without --detach to see more",
                             strsignal(WTERMSIG(status)));
    int code = WEXITSTATUS(status);
    return code == KITH_EXIT_DONE ? KITH_EXIT_FAILED : code; /* it never was ready */
}

static int failed(struct kith_cli *cli)
{
    return kith_cli_fail(cli, KITH_EXIT_FAILED,
                         "no process can be started: %s; end some, or run `kith up` "
                         "without --detach",
                         strerror(errno));
}

bool kith_detach_begin(struct kith_cli *cli, int *exit_code)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        *exit_code = failed(cli);
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (dup2(ends[1], STDOUT_FILENO) < 0 || chdir("/") != 0)
            _exit(KITH_EXIT_FAILED);
        closefrom(STDERR_FILENO + 1); /* a lock of whoever started us, say */
        return false;
    }
    *exit_code = child < 0 ? failed(cli) : KITH_EXIT_DONE;
    close(ends[1]);
    if (child > 0 && !pass_on(ends[0]))
        *exit_code = exit_code_of(cli, child);
    close(ends[0]);
    return true;
}

void kith_detach_finish(const char *home)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = kith_log_file_begin(home);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        dup2(log >= 0 ? log : nothing, STDERR_FILENO);
        close(nothing);
    }
    if (log >= 0)
        close(log);
}
