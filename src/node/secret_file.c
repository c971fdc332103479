/* SPDX-License-Identifier: MIT */
#include "node/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/* Opens the one name that a file has until it is whole, empty, for one process at a time.
 * One that a process left when it was killed is taken over. Returns 0 or an errno. */
static int open_part(const char *part, int *out)
{
    struct stat is, named;
    for (;;) {
        int fd =
            open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
            return errno;
        int number = flock(fd, LOCK_EX) == 0 && fstat(fd, &is) == 0 ? 0 : errno;
        bool is_ours = number == 0 && lstat(part, &named) == 0 &&
                       named.st_dev == is.st_dev && named.st_ino == is.st_ino;
        if (is_ours && (fchmod(fd, 0600) != 0 || ftruncate(fd, 0) != 0))
            number = errno;
        if (is_ours && number == 0) {
            *out = fd;
            return 0;
        }
        close(fd);
        if (number != 0 && number != EINTR)
            return number;
    }
}

static char *part_of(const char *path)
{
    char *part = NULL;
    return asprintf(&part, "%s.part", path) < 0 ? NULL : part;
}

static int write_part(int fd, struct kith_bytes content)
{
    errno = EIO; /* for a short write */
    return write(fd, content.data, content.size) == (ssize_t)content.size &&
                   fsync(fd) == 0
               ? 0
               : errno;
}

int kith_secret_file_write(const struct kith_secret_file *file, struct kith_bytes content,
                           bool replaces, struct kith_problem *problem)
{
    int fd = -1;
    char *part = part_of(file->path);
    if (part == NULL)
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    int number = open_part(part, &fd);
    if (number == 0) {
        number = write_part(fd, content);
        if (number == 0)
            number = kith_place_put(part, file->path, replaces); /* the first one wins */
        if (number != 0)
            unlink(part);
        else
            kith_place_sync(file->home);
        close(fd); /* and with it goes the lock */
    }
    free(part);
    return number == 0 || number == EEXIST ? 0 : failed_write(file, number, problem);
}

void kith_secret_file_clear(const char *path)
{
    int fd = -1;
    char *part = part_of(path);
    if (part != NULL && access(part, F_OK) == 0 && open_part(part, &fd) == 0) {
        unlink(part);
        close(fd);
    }
    free(part);
}
