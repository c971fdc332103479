/* SPDX-License-Identifier: MIT */
#include "bin/chat_node.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/name.h"
#include "bin/chat_name.h"
#include "bin/up.h"
#include "node/log_file.h"

#define STOP_MS_MAX 4000 /* a node leaves within 2 s of a signal */

/* ---- the child ---- */

/* Its errors go where ours do; what it logs waits until there is a file for it. */
static bool become_node(struct kith_chat_node *node, pid_t parent, int ready_fd)
{
    int errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    setsid(); /* what is typed (^C) is not for the node */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        return false;
    node->log = memfd_create("log", MFD_CLOEXEC);
    node->cli->out = fdopen(ready_fd, "w");
    node->cli->err = fdopen(errors, "w");
    node->cli->is_json = true;
    if (!node->cli->out || !node->cli->err)
        return false;
    setvbuf(node->cli->err, NULL, _IOLBF, 0);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0)
        return false;
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(node->log >= 0 ? node->log : nothing, STDERR_FILENO);
    close(nothing);
    return true;
}

/* Not by sendfile, which takes no file that is appended to. */
static void copy(int from, int to)
{
    char text[4096];
    off_t at = 0;
    ssize_t got;
    while ((got = pread(from, text, sizeof(text), at)) > 0 &&
           write(to, text, (size_t)got) == got)
        at += got;
}

static void on_ready(void *ctx, const char *home)
{
    struct kith_chat_node *node = ctx;
    int log = kith_log_file_begin(home);
    if (log < 0)
        log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (node->log >= 0)
        copy(node->log, log);
    dup2(log, STDERR_FILENO);
    close(log);
    if (node->log >= 0)
        close(node->log);
    fclose(node->cli->out); /* the chat waits for this */
    fclose(node->cli->err);
    node->cli->out = stdout;
    node->cli->err = stderr;
}

/* ---- the parent ---- */

/* True when the ready line came. */
static bool await_ready(int fd)
{
    char text[4096];
    ssize_t got;
    bool is_whole = false;
    while ((got = read(fd, text, sizeof text)) > 0 || (got < 0 && errno == EINTR))
        is_whole = got > 0 && text[got - 1] == '\n';
    return is_whole;
}

static int exit_code_of(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return KITH_EXIT_FAILED;
    return WEXITSTATUS(status) == 0 ? KITH_EXIT_FAILED : WEXITSTATUS(status);
}

static bool begin(void *ctx, int *exit_code)
{
    struct kith_chat_node *node = ctx;
    int ends[2];
    *exit_code = KITH_EXIT_FAILED;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return true;
    pid_t parent = getpid();
    fflush(NULL); /* else both write what waits */
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        node->pid = -1;
        if (!become_node(node, parent, ends[1]))
            _exit(KITH_EXIT_FAILED);
        return false;
    }
    close(ends[1]);
    if (child > 0)
        *exit_code = await_ready(ends[0]) ? KITH_EXIT_DONE : exit_code_of(child);
    close(ends[0]);
    if (*exit_code == KITH_EXIT_DONE)
        node->pid = child;
    return true;
}

int kith_chat_node_start(void *ctx)
{
    struct kith_chat_node *node = ctx;
    struct kith_up_shell shell = {begin, on_ready, node};
    struct kith_name name = {.text = ""};
    if (kith_chat_name_is_wanted(node->cli) &&
        !kith_chat_name_ask(node->cli, kith_up_login(), &name))
        return kith_cli_fail(node->cli, KITH_EXIT_FAILED, "no name was given");
    if (name.text[0] != '\0')
        node->given[node->cli->given_count++] =
            (struct kith_cli_given){"name", name.text};
    int exit_code = kith_up(node->cli, &shell);
    if (name.text[0] != '\0')
        node->cli->given_count--;
    if (node->pid == -1)
        exit(exit_code); /* the node's life is over */
    return exit_code;
}

void kith_chat_node_stop(void *ctx)
{
    struct kith_chat_node *node = ctx;
    if (node->pid <= 0)
        return;
    struct pollfd ended = {.fd = pidfd_open(node->pid, 0), .events = POLLIN};
    kill(node->pid, SIGTERM);
    if (ended.fd < 0 || poll(&ended, 1, STOP_MS_MAX) == 0)
        kill(node->pid, SIGKILL);
    waitpid(node->pid, NULL, 0);
    if (ended.fd >= 0)
        close(ended.fd);
    node->pid = 0;
}
