/* SPDX-License-Identifier: MIT */
#include "node/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/error.h"

int kith_place_put(const char *from, const char *to, bool replaces)
{
    if (replaces)
        return rename(from, to) == 0 ? 0 : errno;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    if (access(to, F_OK) == 0) /* a file system that cannot promise it */
        return EEXIST;
    return rename(from, to) == 0 ? 0 : errno;
}

void kith_place_sync(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int kith_place_link_error(const char *path)
{
    struct stat is;
    bool is_link = lstat(path, &is) == 0 && S_ISLNK(is.st_mode);
    return is_link && stat(path, &is) != 0 ? errno : 0;
}

char *kith_place_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

void kith_place_sync_parent(const char *path)
{
    char *parent = kith_place_parent(path);
    if (parent != NULL)
        kith_place_sync(parent);
    free(parent);
}

int kith_place_error(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return KITH_EFULL;
    case EROFS:
    case EACCES:
    case EPERM:
        return KITH_EREADONLY;
    default:
        return KITH_EIO;
    }
}
