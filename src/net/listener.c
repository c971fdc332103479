/* SPDX-License-Identifier: MIT */
#include "net/listener.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/error.h"
#include "net/sockaddr.h"

#define BACKLOG  511 /* as libuv's and nginx's; the kernel cuts it to somaxconn */
#define TURN_MAX 64  /* accepted in one turn, so that a flood leaves time for others */
#define RETRY_MS 1000

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_retry(uv_timer_t *timer)
{
    kith_listener_resume(timer->data);
}

static void pause_accepting(struct kith_listener *listener)
{
    listener->is_paused = true;
    uv_poll_stop(&listener->poll);
    uv_timer_start(&listener->retry, on_retry, RETRY_MS, 0);
}

void kith_listener_resume(struct kith_listener *listener)
{
    if (!listener->is_paused || uv_is_closing((uv_handle_t *)&listener->poll))
        return;
    listener->is_paused = false;
    uv_timer_stop(&listener->retry);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static bool is_shortage(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kith_listener *listener = poll->data;
    for (int i = 0; i < TURN_MAX && !uv_is_closing((uv_handle_t *)poll); i++) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->accepted(listener, fd);
            continue;
        }
        if (is_shortage(errno))
            pause_accepting(listener);
        if (is_shortage(errno) || errno == EAGAIN)
            return;
    }
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

static int open_socket(const struct sockaddr_storage *address, int *out_fd)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return kith_net_error_errno(errno);
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    bool is_dual =
        address->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) != 0 ||
        (address->ss_family == AF_INET6 &&
         set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual) != 0) ||
        bind(fd, (const struct sockaddr *)address, kith_sockaddr_size(address)) != 0 ||
        listen(fd, BACKLOG) != 0 ||
        /* Now that it listens: before, another that listens here would be no hindrance.
         * Who binds later needs the option, too, and connections that leave from this
         * port have it. */
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) != 0) {
        int error = kith_net_error_errno(errno);
        close(fd);
        return error;
    }
    *out_fd = fd;
    return 0;
}

int kith_listener_new(uv_loop_t *loop, const struct sockaddr_storage *address,
                      struct kith_listener **out)
{
    struct kith_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return KITH_ENOMEM;
    int error = open_socket(address, &listener->fd);
    if (!error) {
        error = kith_net_error(uv_poll_init_socket(loop, &listener->poll, listener->fd));
        if (error)
            close(listener->fd);
    }
    if (error) {
        free(listener);
        return error;
    }
    uv_timer_init(loop, &listener->retry);
    listener->poll.data = listener->retry.data = listener;
    listener->handles_open = 2;
    kith_list_init(&listener->node);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    *out = listener;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct kith_listener *listener = handle->data;
    if (--listener->handles_open > 0)
        return;
    kith_list_remove(&listener->node);
    listener->closed(listener);
    free(listener);
}

void kith_listener_close(struct kith_listener *listener)
{
    if (uv_is_closing((uv_handle_t *)&listener->poll))
        return;
    uv_close((uv_handle_t *)&listener->poll, on_closed);
    uv_close((uv_handle_t *)&listener->retry, on_closed);
    close(listener->fd);
}

int kith_listener_bound(const struct kith_listener *listener,
                        struct sockaddr_storage *out)
{
    socklen_t size = sizeof *out;
    memset(out, 0, sizeof *out);
    if (getsockname(listener->fd, (struct sockaddr *)out, &size) != 0)
        return kith_net_error_errno(errno);
    return 0;
}
