/* SPDX-License-Identifier: MIT */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "kith/error.h"

#define LOCK_TEXT_SIZE 16 /* a process number and a line feed */

static int error_of(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
        return KITH_EREADONLY;
    case ENOSPC:
    case EDQUOT:
        return KITH_EFULL;
    case ENOMEM:
        return KITH_ENOMEM;
    default:
        return KITH_EIO;
    }
}

static void tell_holder(int lock, char *detail, size_t size)
{
    char text[LOCK_TEXT_SIZE + 1] = {0};
    if (!detail)
        return;
    if (pread(lock, text, LOCK_TEXT_SIZE, 0) < 1 || text[0] < '1' || text[0] > '9')
        text[0] = '\0';
    text[strspn(text, "0123456789")] = '\0';
    if (text[0])
        snprintf(detail, size, "process %s holds the home", text);
    else
        snprintf(detail, size, "another process holds the home");
}

static void write_holder(int lock)
{
    /* Only a courtesy to the reader: on a full disk the lock holds all the same. */
    char text[LOCK_TEXT_SIZE + 1];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) == 0 && size > 0 && pwrite(lock, text, (size_t)size, 0) < 0)
        (void)!ftruncate(lock, 0);
}

static int try_lock(int file)
{
    int rc;
    do
        rc = flock(file, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : errno;
}

static int open_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int size = slash ? (int)(slash - path) : 1;
    if (snprintf(folder, sizeof folder, "%.*s/", size, slash ? path : ".") >=
        (int)sizeof folder)
        return -1;
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Whatever else may go wrong with a folder, the lock of the file holds. */
static int lock_both(struct kith_lock *lock, const char *path)
{
    int number = try_lock(lock->file);
    if (number != 0)
        return number;
    lock->folder = open_folder(path);
    if (lock->folder < 0)
        return 0;
    number = try_lock(lock->folder);
    if (number != 0 && number != EWOULDBLOCK) {
        close(lock->folder);
        lock->folder = -1;
    }
    return number == EWOULDBLOCK ? EWOULDBLOCK : 0;
}

int kith_lock_take(const char *path, struct kith_lock *out, char *detail,
                   size_t detail_size)
{
    struct kith_lock lock = KITH_LOCK_NONE;
    lock.file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock.file < 0) {
        int number = errno;
        if (detail)
            snprintf(detail, detail_size, "open %.160s: %s", path, strerror(number));
        return error_of(number);
    }
    int number = lock_both(&lock, path);
    if (number != 0) {
        if (number == EWOULDBLOCK)
            tell_holder(lock.file, detail, detail_size);
        else if (detail)
            snprintf(detail, detail_size, "lock %.160s: %s", path, strerror(number));
        kith_lock_release(&lock);
        return number == EWOULDBLOCK ? KITH_ELOCKED : error_of(number);
    }
    write_holder(lock.file);
    *out = lock;
    return 0;
}

void kith_lock_release(struct kith_lock *lock)
{
    /* A child that was forked meanwhile has them open, too: closing is not enough. */
    if (lock->folder >= 0) {
        flock(lock->folder, LOCK_UN);
        close(lock->folder);
    }
    if (lock->file >= 0) {
        flock(lock->file, LOCK_UN);
        close(lock->file);
    }
    *lock = KITH_LOCK_NONE;
}
