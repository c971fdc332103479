/* SPDX-License-Identifier: MIT */
#include "cli/page.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kith/error.h"

#define FILE_NAME "open.html"

extern char **environ;

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

bool kith_cli_page_has_display(void)
{
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
}

/* Nothing in the address needs escaping: it is ours. */
static int write_file(const char *path, const char *url)
{
    unlink(path); /* whatever it was, and whoever could read it */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return KITH_EIO;
    int size = dprintf(fd,
                       "<!DOCTYPE html><meta charset=\"utf-8\"><title>kith</title>\n"
                       "<meta http-equiv=\"refresh\" content=\"0;url=%s\">\n"
                       "<p><a href=\"%s\">kith</a></p>\n",
                       url, url);
    return close(fd) == 0 && size > 0 ? 0 : KITH_EIO;
}

/* The shell ends at once, so that nobody is left to wait for. */
static int spawn(char *path)
{
    char shell[] = "sh", flag[] = "-c";
    char script[] = "xdg-open \"$0\" </dev/null >/dev/null 2>&1 &";
    char *const argv[] = {shell, flag, script, path, NULL};
    pid_t pid;
    int status = 0;
    if (posix_spawnp(&pid, shell, NULL, NULL, argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid)
        return KITH_EIO;
    return status == 0 ? 0 : KITH_EIO;
}

int kith_cli_page_open(const char *home, const char *url)
{
    char *directory = realpath(home, NULL);
    char *path = NULL;
    int error = KITH_ENOMEM;
    if (directory != NULL && asprintf(&path, "%s/" FILE_NAME, directory) >= 0) {
        error = write_file(path, url);
        if (error == 0)
            error = spawn(path);
        free(path);
    }
    free(directory);
    return error;
}
