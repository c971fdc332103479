/* SPDX-License-Identifier: MIT */
#include "node/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/error.h"
#include "node/place.h"

/* ---- reading ---- */

static int check(const struct kith_secret_file *file, const struct stat *is,
                 size_t size_max, struct kith_problem *problem)
{
    if (!S_ISREG(is->st_mode))
        return kith_problem_set(problem, KITH_ECORRUPT,
                                "%s is not a regular file; move it away, or restore the "
                                "%s from a backup",
                                file->path, file->what);
    if ((is->st_mode & 077) != 0)
        return kith_problem_set(problem, KITH_EACCESS,
                                "others may read the secret %s %s (mode %03o); run "
                                "`chmod 600` on it",
                                file->what, file->path, (unsigned)(is->st_mode & 0777));
    if (is->st_size > (off_t)size_max)
        return kith_problem_set(problem, KITH_ECORRUPT,
                                "the %s %s has %lld bytes where at most %zu belong; "
                                "restore it from a backup, or move it away",
                                file->what, file->path, (long long)is->st_size, size_max);
    return 0;
}

static int read_open(const struct kith_secret_file *file, int fd, uint8_t *out,
                     size_t size_max, size_t *out_size, struct kith_problem *problem)
{
    struct stat is;
    if (fstat(fd, &is) != 0)
        return kith_problem_set(problem, KITH_EIO, "the %s %s: %s", file->what,
                                file->path, strerror(errno));
    int error = check(file, &is, size_max, problem);
    if (error != 0)
        return error;
    if (read(fd, out, (size_t)is.st_size) != is.st_size)
        return kith_problem_set(problem, KITH_EIO, "the %s %s cannot be read", file->what,
                                file->path);
    *out_size = (size_t)is.st_size;
    return 0;
}

int kith_secret_file_read(const struct kith_secret_file *file, uint8_t *out,
                          size_t size_max, size_t *out_size, struct kith_problem *problem)
{
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return KITH_ENOTFOUND;
    if (fd < 0)
        return kith_problem_set(problem, errno == EACCES ? KITH_EACCESS : KITH_EIO,
                                "the %s %s cannot be read: %s", file->what, file->path,
                                strerror(errno));
    int error = read_open(file, fd, out, size_max, out_size, problem);
    close(fd);
    return error;
}

/* ---- writing ---- */

static int failed_write(const struct kith_secret_file *file, int number,
                        struct kith_problem *problem)
{
    return kith_problem_set(problem, kith_place_error(number),
                            "the %s %s cannot be written: %s; make room or correct the "
                            "home's permissions",
                            file->what, file->path, strerror(number));
}

static int write_new(const char *path, struct kith_bytes content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int number = 0;
    errno = EIO; /* for a short write */
    if (write(fd, content.data, content.size) != (ssize_t)content.size || fsync(fd) != 0)
        number = errno;
    if (close(fd) != 0 && number == 0)
        number = errno;
    if (number != 0)
        unlink(path);
    return number;
}

int kith_secret_file_write(const struct kith_secret_file *file, struct kith_bytes content,
                           bool replaces, struct kith_problem *problem)
{
    char *fresh = NULL;
    if (asprintf(&fresh, "%s.%ld", file->path, (long)getpid()) < 0)
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    unlink(fresh); /* of a process that had this number and died half way */
    int number = write_new(fresh, content);
    if (number == 0) {
        number = kith_place_put(fresh, file->path, replaces); /* the first one wins */
        if (number != 0)
            unlink(fresh);
        else
            kith_place_sync(file->home);
    }
    free(fresh);
    return number == 0 || number == EEXIST ? 0 : failed_write(file, number, problem);
}
