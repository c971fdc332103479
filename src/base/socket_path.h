/* SPDX-License-Identifier: MIT */
/* The address of a Unix socket in a directory, however long its path is.
 *
 * sun_path holds 107 bytes. A longer path is named through a descriptor of the directory,
 * /proc/self/fd/N/NAME, which bind and connect follow all the same. */
#ifndef KITH_BASE_SOCKET_PATH_H
#define KITH_BASE_SOCKET_PATH_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#define KITH_CONTROL_NAME "control" /* the control API's socket in a home */

struct kith_socket_path {
    struct sockaddr_un address; /* for bind, connect and unlink(sun_path) */
    socklen_t address_size;
    int directory; /* owned descriptor, or -1 */
};

/* Returns 0, KITH_ENOTFOUND (no such directory), KITH_EACCESS, KITH_EINVALID (a name too
 * long even so) or KITH_EIO. The address is good until deinit, which bind and connect do
 * not need any more once they have returned. */
int kith_socket_path_init(struct kith_socket_path *path, const char *directory,
                          const char *name);
void kith_socket_path_deinit(struct kith_socket_path *path);

#endif
