/* SPDX-License-Identifier: MIT */
#include "node/control.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/socket_path.h"
#include "kith/error.h"

/* As many as the API lets in: past it a program that does not wait is refused. */
#define BACKLOG 256

static int explain(struct kith_problem *problem, const char *home, int number)
{
    int error = number == EROFS || number == EACCES ? KITH_EREADONLY : KITH_EIO;
    return kith_problem_set(problem, error,
                            "the socket %s/%s cannot be made: %s; correct the home's "
                            "permissions, or use another with --home DIR",
                            home, KITH_CONTROL_NAME, strerror(number));
}

/* 0 or an errno. */
static int bind_to(int fd, const struct kith_socket_path *path, struct kith_control *out)
{
    struct stat is;
    const struct sockaddr *address = (const struct sockaddr *)&path->address;
    const char *name = path->address.sun_path;
    if (unlink(name) != 0 && errno != ENOENT)
        return errno;
    /* Linux gives the name the socket's own mode: from its first moment nobody else's,
     * without a umask, which would be every thread's of the process. */
    if (fchmod(fd, 0600) != 0 || bind(fd, address, path->address_size) != 0)
        return errno;
    if (lstat(name, &is) != 0)
        return errno;
    *out = (struct kith_control){is.st_dev, is.st_ino};
    return listen(fd, BACKLOG) == 0 ? 0 : errno;
}

int kith_control_listen(const char *home, struct kith_control *out, int *out_fd,
                        struct kith_problem *problem)
{
    struct kith_socket_path path;
    int error = kith_socket_path_init(&path, home, KITH_CONTROL_NAME);
    if (error != 0)
        return kith_problem_set(problem, error, "the home %s cannot be opened: %s", home,
                                kith_error_text(error));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int number = fd < 0 ? errno : bind_to(fd, &path, out);
    kith_socket_path_deinit(&path);
    if (number != 0) {
        if (fd >= 0)
            close(fd);
        return explain(problem, home, number);
    }
    *out_fd = fd;
    return 0;
}

void kith_control_remove(const char *home, const struct kith_control *control)
{
    struct kith_socket_path path;
    struct stat is;
    if (control->inode == 0 || kith_socket_path_init(&path, home, KITH_CONTROL_NAME) != 0)
        return;
    const char *name = path.address.sun_path;
    if (lstat(name, &is) == 0 && is.st_dev == control->device &&
        is.st_ino == control->inode)
        unlink(name);
    kith_socket_path_deinit(&path);
}
