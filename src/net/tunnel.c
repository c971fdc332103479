/* SPDX-License-Identifier: MIT */
#include "net/tunnel.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/error.h"
#include "net/relay.h"

struct kith_tunnel {
    struct kith_list node;
    struct kith_tunnels *tunnels;
    struct kith_conn *outer; /* NULL once closed */
    struct kith_conn *inner; /* NULL once closed, or its end given away */
    uv_poll_t poll;
    int fd;     /* our end of the pair; -1 once closed */
    int events; /* polled for */
    struct kith_expiry_item half;
    struct kith_buffer waiting; /* came from outside and the pair has not taken it */
    bool is_up;
    bool is_left;   /* the pair's other end has gone, or says no more: some may wait */
    bool has_ended; /* nothing more comes from the pair */
    bool is_deaf;   /* the pair takes nothing more */
    bool is_shut;   /* the pair was told that nothing more comes */
    bool is_closed; /* the handle is gone */
};

static void settle(struct kith_tunnel *tunnel);

/* ---- the end ---- */

static void release(struct kith_tunnel *tunnel)
{
    struct kith_tunnels *tunnels = tunnel->tunnels;
    if (!tunnel->is_closed || tunnel->outer)
        return;
    kith_list_remove(&tunnel->node);
    free(tunnel);
    tunnels->over(tunnels);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct kith_tunnel *tunnel = handle->data;
    tunnel->is_closed = true;
    release(tunnel);
}

static void end(struct kith_tunnel *tunnel, int error)
{
    if (tunnel->fd < 0)
        return;
    kith_expiry_remove(&tunnel->tunnels->halves, &tunnel->half);
    uv_close((uv_handle_t *)&tunnel->poll, on_poll_closed);
    close(tunnel->fd);
    tunnel->fd = -1;
    kith_buffer_deinit(&tunnel->waiting);
    if (tunnel->inner) {
        tunnel->inner->tunnel = NULL;
        if (error)
            kith_conn_abort(tunnel->inner, error);
    }
    if (tunnel->outer)
        kith_conn_abort(tunnel->outer, KITH_ECLOSED);
}

static void on_half_expired(struct kith_expiry_item *item)
{
    end(kith_list_item(item, struct kith_tunnel, half), 0);
}

/* ---- bytes ---- */

static bool is_open(const struct kith_tunnel *tunnel)
{
    return tunnel->outer && tunnel->outer->state == KITH_CONN_OPEN;
}

/* Of a net that stops, and its inner connection is gone: the outer one waits for nothing
 * but what the pair still holds, which is no more than the kernel has buffered. */
static bool is_last(const struct kith_tunnel *tunnel)
{
    return tunnel->tunnels->is_stopping && !tunnel->inner;
}

/* What comes from the pair when nobody is there to send it to is heard all the same, and
 * dropped: its end is still awaited, and who writes must not see it broken. */
static bool has_room(const struct kith_tunnel *tunnel)
{
    return !is_open(tunnel) || is_last(tunnel) || kith_conn_queued(tunnel->outer) == 0;
}

static void hear_pair(struct kith_tunnel *tunnel)
{
    uint8_t *block = tunnel->tunnels->env->read;
    if (!has_room(tunnel))
        return;
    ssize_t size = recv(tunnel->fd, block, KITH_TUNNEL_SIZE_MAX, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0)
        tunnel->has_ended = true;
    else if (is_open(tunnel)) {
        kith_conn_send(tunnel->outer, kith_bytes(block, (size_t)size));
        kith_conn_flush_one(tunnel->outer);
    }
}

/* How much of it is dealt with. */
static size_t write_some(struct kith_tunnel *tunnel, struct kith_bytes bytes)
{
    ssize_t size = tunnel->is_deaf ? (ssize_t)bytes.size
                                   : send(tunnel->fd, bytes.data, bytes.size,
                                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0)
        return (size_t)size;
    if (errno == EAGAIN || errno == EINTR)
        return 0;
    tunnel->is_deaf = true;
    return bytes.size;
}

static void pass_waiting(struct kith_tunnel *tunnel)
{
    kith_buffer_take(&tunnel->waiting,
                     write_some(tunnel, kith_buffer_view(&tunnel->waiting)));
    if (kith_buffer_size(&tunnel->waiting) > 0)
        return;
    kith_buffer_deinit(&tunnel->waiting);
    if (tunnel->outer)
        kith_conn_pause(tunnel->outer, false);
}

void kith_tunnel_heard(struct kith_conn *outer, struct kith_bytes bytes)
{
    struct kith_tunnel *tunnel = outer->tunnel;
    size_t sent = 0;
    if (kith_buffer_size(&tunnel->waiting) == 0)
        sent = write_some(tunnel, bytes);
    if (sent == bytes.size)
        return;
    if (!kith_buffer_append(&tunnel->waiting,
                            kith_bytes(bytes.data + sent, bytes.size - sent))) {
        end(tunnel, KITH_ENOMEM);
        return;
    }
    kith_conn_pause(outer, true);
    settle(tunnel);
}

void kith_tunnel_sent(struct kith_conn *outer)
{
    if (outer->tunnel)
        settle(outer->tunnel);
}

/* ---- what is waited for ---- */

/* That the other end has gone is seen also while nothing is read, once: an outer peer
 * that takes nothing would keep the tunnel otherwise. */
static int events_of(const struct kith_tunnel *tunnel)
{
    int events = 0;
    if (tunnel->is_up && !tunnel->has_ended && !tunnel->is_left)
        events |= UV_DISCONNECT;
    if (tunnel->is_up && !tunnel->has_ended && has_room(tunnel))
        events |= UV_READABLE;
    if (kith_buffer_size(&tunnel->waiting) > 0)
        events |= UV_WRITABLE;
    return events;
}

/* A broken pair has nothing more to say, and takes nothing. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct kith_tunnel *tunnel = poll->data;
    if (status < 0) {
        tunnel->events = 0; /* libuv has stopped */
        tunnel->has_ended = tunnel->is_deaf = true;
    }
    if (events & UV_DISCONNECT)
        tunnel->is_left = true;
    if ((events & UV_WRITABLE) || tunnel->is_deaf)
        pass_waiting(tunnel);
    if ((events & UV_READABLE) && !tunnel->has_ended)
        hear_pair(tunnel);
    settle(tunnel);
}

/* uv_poll_start asks the kernel each time: only on a change. */
static void watch(struct kith_tunnel *tunnel)
{
    int events = events_of(tunnel);
    if (events == tunnel->events)
        return;
    tunnel->events = events;
    if (events == 0)
        uv_poll_stop(&tunnel->poll);
    else
        uv_poll_start(&tunnel->poll, events, on_poll);
}

/* What follows from an end, and what to wait for. */
static void settle(struct kith_tunnel *tunnel)
{
    struct kith_expiry *halves = &tunnel->tunnels->halves;
    bool is_waiting = kith_buffer_size(&tunnel->waiting) > 0;
    bool is_half = tunnel->has_ended || tunnel->is_left || !tunnel->outer;
    if (tunnel->fd < 0)
        return;
    if (tunnel->has_ended && is_open(tunnel) && has_room(tunnel)) {
        kith_conn_close(tunnel->outer, 0);
        kith_conn_flush_one(tunnel->outer);
    }
    if (!tunnel->outer && !is_waiting && !tunnel->is_shut) {
        tunnel->is_shut = true;
        shutdown(tunnel->fd, SHUT_WR);
    }
    if (!tunnel->outer &&
        ((tunnel->has_ended && !is_waiting) || tunnel->tunnels->is_stopping)) {
        end(tunnel, 0);
        return;
    }
    if (is_half && kith_list_is_empty(&tunnel->half.node))
        kith_expiry_add(halves, &tunnel->half);
    watch(tunnel);
}

/* ---- the beginning ---- */

/* `out_other` is the other end, the caller's. */
static int make(struct kith_tunnels *tunnels, struct kith_tunnel **out, int *out_other)
{
    int ends[2];
    struct kith_tunnel *tunnel = calloc(1, sizeof *tunnel);
    if (!tunnel)
        return KITH_ENOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        free(tunnel);
        return kith_net_error_errno(errno);
    }
    int code = uv_poll_init_socket(tunnels->env->loop, &tunnel->poll, ends[0]);
    if (code != 0) {
        close(ends[0]);
        close(ends[1]);
        free(tunnel);
        return kith_net_error(code);
    }
    tunnel->tunnels = tunnels;
    tunnel->fd = ends[0];
    tunnel->poll.data = tunnel;
    kith_expiry_item_init(&tunnel->half);
    kith_list_push(&tunnels->all, &tunnel->node);
    *out = tunnel;
    *out_other = ends[1];
    return 0;
}

static void set_outer(struct kith_tunnel *tunnel, struct kith_conn *outer)
{
    tunnel->outer = outer;
    outer->tunnel = tunnel;
}

static void set_inner(struct kith_tunnel *tunnel, struct kith_conn *inner)
{
    tunnel->inner = inner;
    inner->tunnel = tunnel;
}

int kith_tunnel_dial(struct kith_tunnels *tunnels, const struct sockaddr_storage *to,
                     const struct kith_conn_plan *plan, struct kith_conn **out_inner)
{
    const struct kith_conn_plan relay = {
        .is_outer = true,
        .has_expected = plan->has_relay,
        .expected = plan->relay,
    };
    struct kith_tunnel *tunnel;
    struct kith_conn *outer, *inner;
    int other;
    int error = make(tunnels, &tunnel, &other);
    if (error)
        return error;
    error = kith_conn_connect(tunnels->env, to, &relay, &outer);
    if (error) {
        close(other);
        end(tunnel, 0);
        return error;
    }
    set_outer(tunnel, outer);
    error = kith_conn_connect_inner(tunnels->env, other, to, plan, &inner);
    if (error) {
        end(tunnel, 0);
        return error;
    }
    set_inner(tunnel, inner);
    *out_inner = inner;
    return 0;
}

static int serve(struct kith_tunnels *tunnels, struct kith_conn *outer)
{
    struct kith_tunnel *tunnel;
    struct kith_conn *inner;
    struct sockaddr_storage remote;
    int other;
    if (!kith_conn_remote(outer, &remote))
        return KITH_ECLOSED;
    int error = make(tunnels, &tunnel, &other);
    if (error)
        return error;
    set_outer(tunnel, outer);
    error = kith_conn_accept_inner(tunnels->env, other, &remote, &inner);
    if (error) {
        end(tunnel, 0);
        return error;
    }
    set_inner(tunnel, inner);
    return 0;
}

void kith_tunnel_up(struct kith_tunnels *tunnels, struct kith_conn *outer)
{
    int error = outer->tunnel ? 0 : serve(tunnels, outer);
    if (error) {
        kith_conn_abort(outer, error);
        return;
    }
    kith_conn_keep_alive(outer, KITH_RELAY_PATIENCE_MS);
    outer->tunnel->is_up = true;
    settle(outer->tunnel);
}

static void outer_closed(struct kith_tunnel *tunnel, int error)
{
    tunnel->outer = NULL;
    if (tunnel->fd < 0)
        release(tunnel);
    else if (!tunnel->is_up)
        end(tunnel, error ? error : KITH_ECLOSED);
    else
        settle(tunnel);
}

/* The end of one that is up is heard from the pair. A net that stops is in a hurry. */
static void inner_closed(struct kith_tunnel *tunnel)
{
    tunnel->inner = NULL;
    if (!tunnel->is_up)
        end(tunnel, 0);
    else
        settle(tunnel);
}

void kith_tunnel_closed(struct kith_conn *conn, int error)
{
    struct kith_tunnel *tunnel = conn->tunnel;
    if (!tunnel)
        return;
    conn->tunnel = NULL;
    if (conn == tunnel->outer)
        outer_closed(tunnel, error);
    else
        inner_closed(tunnel);
}

bool kith_tunnel_has_inner(const struct kith_tunnel *tunnel)
{
    return tunnel->inner != NULL;
}

/* ---- all of them ---- */

void kith_tunnels_init(struct kith_tunnels *tunnels, struct kith_conn_env *env,
                       uint64_t half_ms, void (*over)(struct kith_tunnels *tunnels))
{
    tunnels->env = env;
    tunnels->over = over;
    env->tunnels = tunnels;
    kith_list_init(&tunnels->all);
    kith_expiry_init(&tunnels->halves, env->loop, half_ms, on_half_expired);
}

void kith_tunnels_stop(struct kith_tunnels *tunnels)
{
    tunnels->is_stopping = true;
    kith_list_each_safe (node, &tunnels->all)
        settle(kith_list_item(node, struct kith_tunnel, node));
}

static void on_halves_closed(uv_handle_t *handle)
{
    struct kith_expiry *halves = handle->data;
    struct kith_tunnels *tunnels = halves->owner;
    tunnels->closed(tunnels);
}

void kith_tunnels_close(struct kith_tunnels *tunnels,
                        void (*closed)(struct kith_tunnels *tunnels))
{
    if (tunnels->is_closing)
        return;
    assert(kith_list_is_empty(&tunnels->all));
    tunnels->is_closing = true;
    tunnels->closed = closed;
    tunnels->halves.owner = tunnels;
    kith_expiry_close(&tunnels->halves, on_halves_closed);
}
