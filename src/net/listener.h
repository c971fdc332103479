/* SPDX-License-Identifier: MIT */
/* A listening socket. Its port is its own: a second one that would listen on it is
 * refused, but connections may leave from it (conn.h). Without descriptors left it
 * pauses, its callers waiting in the kernel's queue, until the owner says that one is
 * free, or a second has passed. */
#ifndef KITH_NET_LISTENER_H
#define KITH_NET_LISTENER_H

#include <sys/socket.h>
#include <uv.h>
#include "base/list.h"

struct kith_listener {
    struct kith_list node; /* the owner's */
    uv_poll_t poll;
    uv_timer_t retry;
    int fd;
    bool is_paused;
    unsigned handles_open;
    void *owner;
    void (*accepted)(struct kith_listener *listener, int take_fd);
    void (*closed)(struct kith_listener *listener); /* off its list; freed after this */
};

/* KITH_E… as kith_net_listen. The callbacks are set by the caller afterwards, before the
 * loop runs. */
int kith_listener_new(uv_loop_t *loop, const struct sockaddr_storage *address,
                      struct kith_listener **out);
void kith_listener_close(struct kith_listener *listener);

/* A descriptor was freed. */
void kith_listener_resume(struct kith_listener *listener);

int kith_listener_bound(const struct kith_listener *listener,
                        struct sockaddr_storage *out);

#endif
