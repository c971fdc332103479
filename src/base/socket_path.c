/* SPDX-License-Identifier: MIT */
#include "base/socket_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "kith/error.h"

static int error_of(int number)
{
    if (number == ENOENT || number == ENOTDIR)
        return KITH_ENOTFOUND;
    return number == EACCES ? KITH_EACCESS : KITH_EIO;
}

int kith_socket_path_init(struct kith_socket_path *path, const char *directory,
                          const char *name)
{
    *path = (struct kith_socket_path){.directory = -1};
    path->address.sun_family = AF_UNIX;
    char *text = path->address.sun_path;
    int size = snprintf(text, sizeof(path->address.sun_path), "%s/%s", directory, name);
    if (size >= (int)sizeof(path->address.sun_path)) {
        path->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (path->directory < 0)
            return error_of(errno);
        size = snprintf(text, sizeof(path->address.sun_path), "/proc/self/fd/%d/%s",
                        path->directory, name);
    }
    if (size < 0 || size >= (int)sizeof(path->address.sun_path)) {
        kith_socket_path_deinit(path);
        return KITH_EINVALID;
    }
    path->address_size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)size + 1);
    return 0;
}

void kith_socket_path_deinit(struct kith_socket_path *path)
{
    if (path->directory >= 0)
        close(path->directory);
    path->directory = -1;
}
