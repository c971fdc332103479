/* SPDX-License-Identifier: MIT */
/* The daemon on the loop.
 *
 * libmicrohttpd watches connections edge-triggered through its own epoll descriptor,
 * so it must be run again while MHD_get_timeout says 0, whether or not the descriptor
 * is readable. */
#include "api/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/server_door.h"
#include "api/server_request.h"
#include "api/server_stream.h"

enum {
    /* Rounds of the daemon in one turn of the loop: a bulk upload takes one per read
     * buffer, and must not keep peers waiting. */
    ROUNDS_MAX = 16,
    /* Half of it is the read buffer, where headers must fit; the daemon writes zeros into
     * what of it is not needed, so all of it counts for each client that follows. */
    CONNECTION_MEMORY = 32 * 1024,
    CONNECTION_MEMORY_STEP = 16384, /* the read buffer grows by */
    CONNECTION_TIMEOUT_S = 60,      /* for a client that neither sends nor reads */
};

/* ---- running the daemon ---- */

void kith_server_run(struct kith_server *server)
{
    if (server->is_running || server->is_stopping)
        return;
    MHD_UNSIGNED_LONG_LONG timeout;
    int rounds = 0;
    server->is_running = true;
    do
        MHD_run(server->daemon);
    while (++rounds < ROUNDS_MAX &&
           MHD_get_timeout(server->daemon, &timeout) == MHD_YES && timeout == 0);
    server->is_running = false;
    kith_server_arm(server);
    if (server->is_shutdown_due) {
        server->is_shutdown_due = false;
        server->config.shutdown(server->config.ctx);
    }
}

static void on_idle(uv_idle_t *idle)
{
    struct kith_server *server = idle->data;
    uv_idle_stop(idle);
    kith_server_run(server);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    kith_server_run(poll->data);
}

void kith_server_wake(struct kith_server *server)
{
    if (!server->is_running && !server->is_stopping)
        uv_idle_start(&server->idle, on_idle);
}

/* ---- deadlines ---- */

static void earlier(uint64_t *deadline_ms, uint64_t candidate_ms)
{
    if (candidate_ms > 0 && candidate_ms < *deadline_ms)
        *deadline_ms = candidate_ms;
}

static uint64_t next_deadline_ms(struct kith_server *server)
{
    uint64_t deadline_ms = UINT64_MAX;
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(server->daemon, &timeout) == MHD_YES)
        earlier(&deadline_ms, uv_now(server->config.loop) + timeout);
    earlier(&deadline_ms, server->accept_again_ms);
    earlier(&deadline_ms, server->heartbeat_ms);
    earlier(&deadline_ms, server->look_ms);
    earlier(&deadline_ms, kith_visitors_deadline_ms(server));
    kith_list_each (node, &server->requests)
        earlier(&deadline_ms, kith_list_item(node, struct kith_request, link)->wait_ms);
    return deadline_ms;
}

static void end_waits(struct kith_server *server, uint64_t now_ms)
{
    kith_list_each_safe (node, &server->requests) {
        struct kith_request *request = kith_list_item(node, struct kith_request, link);
        if (request->wait_ms == 0 || request->wait_ms > now_ms)
            continue;
        request->wait_ms = 0;
        request->endpoint->timed_out(request);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct kith_server *server = timer->data;
    uint64_t now_ms = uv_now(server->config.loop);
    if (server->accept_again_ms > 0 && server->accept_again_ms <= now_ms)
        kith_doors_set_accepting(server, true);
    if (server->heartbeat_ms > 0 && server->heartbeat_ms <= now_ms)
        kith_streams_heartbeat(server);
    if (server->look_ms > 0 && server->look_ms <= now_ms)
        kith_requests_look(server);
    end_waits(server, now_ms);
    kith_visitors_hang_up(server, now_ms);
    kith_server_run(server);
}

void kith_server_arm(struct kith_server *server)
{
    if (server->is_running || server->is_stopping)
        return;
    uint64_t deadline_ms = next_deadline_ms(server);
    uint64_t now_ms = uv_now(server->config.loop);
    if (deadline_ms == UINT64_MAX)
        uv_timer_stop(&server->timer);
    else if (deadline_ms <= now_ms)
        kith_server_wake(server);
    else
        uv_timer_start(&server->timer, on_timer, deadline_ms - now_ms, 0);
}

/* ---- the node's news ---- */

static void tell_waiting(struct kith_server *server)
{
    kith_list_each_safe (node, &server->requests) {
        struct kith_request *request = kith_list_item(node, struct kith_request, link);
        if (request->wait_ms > 0 && request->endpoint->delivered)
            request->endpoint->delivered(request);
    }
}

static void on_notice(void *ctx, const struct kith_notice *notice)
{
    struct kith_server *server = ctx;
    if (notice->type == KITH_NOTICE_PEER)
        kith_names_heard(&server->names, kith_server_node(server), notice->peer.peer_no);
    kith_streams_notice(server, notice);
    if (notice->type == KITH_NOTICE_DELIVERY)
        tell_waiting(server);
}

/* ---- lifecycle ---- */

/* What the library would print goes nowhere: it is about single clients. */
static void on_log(void *ctx, const char *format, va_list arguments)
{
}

static struct MHD_Daemon *start_daemon(struct kith_server *server)
{
    size_t connections_max = KITH_DOOR_KINDS * server->connections_max;
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
                                MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                            0, NULL, NULL, kith_request_access, server,
                            MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, kith_request_completed, server,
                            MHD_OPTION_NOTIFY_CONNECTION, kith_visitor_notify, server,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections_max,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                            MHD_OPTION_CONNECTION_MEMORY_INCREMENT,
                            (size_t)CONNECTION_MEMORY_STEP, MHD_OPTION_END);
}

static int start_handles(struct kith_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    uv_loop_t *loop = server->config.loop;
    if (!info || uv_poll_init(loop, &server->poll, info->epoll_fd) != 0)
        return KITH_EIO;
    uv_timer_init(loop, &server->timer);
    uv_idle_init(loop, &server->idle);
    server->poll.data = server->timer.data = server->idle.data = server;
    server->handles_open = 3;
    uv_poll_start(&server->poll, UV_READABLE, on_readable);
    return 0;
}

int kith_server_new(const struct kith_server_config *config, struct kith_server **out)
{
    struct kith_server *server = calloc(1, sizeof *server);
    if (!server)
        return KITH_ENOMEM;
    server->config = *config;
    if (server->config.patience_ms == 0)
        server->config.patience_ms = KITH_SERVER_PATIENCE_MS;
    kith_list_init(&server->requests);
    kith_list_init(&server->orphans);
    kith_list_init(&server->streams);
    kith_list_init(&server->visitors);
    server->scratch = kith_writer(&kith_alloc_heap);
    kith_names_init(&server->names, &server->config.rng);
    kith_doors_share(server);
    server->daemon = start_daemon(server);
    if (!server->daemon || start_handles(server) != 0) {
        if (server->daemon)
            MHD_stop_daemon(server->daemon);
        free(server);
        return KITH_EIO;
    }
    server->observer = (struct kith_observer){.notice = on_notice, .ctx = server};
    kith_runtime_observe(config->runtime, &server->observer);
    *out = server;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct kith_server *server = handle->data;
    if (--server->handles_open == 0)
        server->done(server->done_ctx);
}

static void on_door_closed(uv_handle_t *handle)
{
    struct kith_door_state *door = handle->data;
    struct kith_server *server = door->server;
    close(door->fd);
    if (--server->handles_open == 0)
        server->done(server->done_ctx);
}

void kith_server_stop(struct kith_server *server, void (*done)(void *ctx), void *ctx)
{
    server->done = done;
    server->done_ctx = ctx;
    kith_runtime_unobserve(&server->observer);
    kith_list_each (node, &server->requests)
        kith_request_abandon(kith_list_item(node, struct kith_request, link));
    server->is_stopping = true;
    uv_close((uv_handle_t *)&server->poll, on_closed);
    uv_close((uv_handle_t *)&server->timer, on_closed);
    uv_close((uv_handle_t *)&server->idle, on_closed);
    for (size_t i = 0; i < server->door_count; i++)
        uv_close((uv_handle_t *)&server->doors[i].poll, on_door_closed);
    /* One more round writes out what is ready, and lets go of what is suspended. */
    MHD_run(server->daemon);
    MHD_stop_daemon(server->daemon);
    server->daemon = NULL;
}

void kith_server_free(struct kith_server *server)
{
    if (!server)
        return;
    kith_request_free_orphans(server);
    kith_names_deinit(&server->names);
    kith_sessions_deinit(&server->sessions);
    kith_writer_deinit(&server->scratch);
    free(server);
}
