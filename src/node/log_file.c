/* SPDX-License-Identifier: MIT */
#include "node/log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/home.h"

/* An empty log is not worth the one that it would replace; a link or a device is
 * somebody's own arrangement. */
static void keep_as_before(const char *path, const char *before)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return;
    if (rename(path, before) != 0)
        return; /* it is emptied, then */
}

int kith_log_file_begin(const char *home)
{
    char *path = kith_home_file(home, KITH_LOG_FILE);
    char *before = kith_home_file(home, KITH_LOG_FILE_BEFORE);
    int log = -1;
    if (path != NULL && before != NULL) {
        keep_as_before(path, before);
        log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                   0600);
    }
    free(path);
    free(before);
    return log;
}

void kith_log_file_make_room(const char *home, int fd, size_t size, off_t size_max)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0 ||
        status.st_size + (off_t)size <= size_max)
        return;
    int log = kith_log_file_begin(home);
    bool is_begun = log >= 0 && dup2(log, fd) >= 0;
    if (log >= 0)
        close(log);
    if (!is_begun && status.st_size >= 2 * size_max && ftruncate(fd, 0) != 0)
        return; /* a disk that refuses this takes no more lines either */
}
