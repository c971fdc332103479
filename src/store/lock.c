/* SPDX-License-Identifier: MIT */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
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

int kith_lock_take(const char *path, int *out, char *detail, size_t detail_size)
{
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        int number = errno;
        if (detail)
            snprintf(detail, detail_size, "open %.160s: %s", path, strerror(number));
        return error_of(number);
    }
    int rc;
    do
        rc = flock(lock, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        int number = errno;
        if (number == EWOULDBLOCK)
            tell_holder(lock, detail, detail_size);
        else if (detail)
            snprintf(detail, detail_size, "lock %.160s: %s", path, strerror(number));
        close(lock);
        return number == EWOULDBLOCK ? KITH_ELOCKED : error_of(number);
    }
    write_holder(lock);
    *out = lock;
    return 0;
}

void kith_lock_release(int lock)
{
    if (lock >= 0)
        close(lock);
}
