/* SPDX-License-Identifier: MIT */
/* The daemon on the loop.
 *
 * libmicrohttpd watches connections edge-triggered through its own epoll descriptor, so
 * it must be run again while MHD_get_timeout says 0. */
#include "tracker/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "kith/error.h"
#include "tracker/report.h"

enum {
    ROUNDS_MAX = 16,           /* of the daemon in one turn: peers must not wait */
    ACCEPTS_MAX = 16,          /* in one turn */
    ACCEPT_PAUSE_MS = 100,     /* without a descriptor left: the poll would spin */
    CONNECTION_TIMEOUT_S = 10, /* for a client that neither asks nor reads */
    /* For a request and its answer, of who may be anybody: a few KiB, that a byte now and
     * then must not keep open. */
    REQUEST_MS_MAX = 10000,
    CONNECTION_MEMORY = 16 * 1024,
};

struct door {
    struct kith_tracker_http *http;
    enum kith_tracker_door door;
    uv_poll_t poll;
    int fd; /* -1: none */
    size_t clients;
    bool is_accepting;
};

/* Of the TCP door: only its own user asks the other one. */
struct client {
    struct kith_list node;
    struct kith_tracker_http *http;
    int fd;
    uint64_t deadline_ms;
};

struct kith_tracker_http {
    const struct kith_tracker *tracker; /* borrowed */
    uv_loop_t *loop;                    /* borrowed */
    struct MHD_Daemon *daemon;
    struct door doors[KITH_TRACKER_DOORS];
    uv_poll_t poll;
    uv_timer_t timer;
    uv_idle_t again;          /* active while work is left over */
    struct kith_list clients; /* the next one due first */
    uint64_t accept_again_ms; /* 0: it does not pause */
    unsigned handles_open;
    void (*done)(void *ctx);
    void *done_ctx;
};

/* ---- answers ---- */

struct answer {
    unsigned status;
    const char *type;
    char *take_body; /* of malloc; NULL: memory ran out */
};

static struct answer json_answer(unsigned status, json_t *take_json)
{
    static const char *const types[] = {"application/json", "application/problem+json"};
    char *body = take_json != NULL ? json_dumps(take_json, JSON_COMPACT) : NULL;
    json_decref(take_json);
    return (struct answer){status, types[status != MHD_HTTP_OK], body};
}

static struct answer problem(unsigned status, const char *code, const char *detail)
{
    json_t *json = json_pack("{s:i, s:s, s:s}", "status", (int)status, "code", code,
                             "detail", detail);
    return json_answer(status, json);
}

static struct answer metrics(const struct kith_tracker *tracker)
{
    struct kith_writer text = kith_writer(&kith_alloc_heap);
    kith_tracker_report_metrics(tracker, &text);
    kith_writer_u8(&text, '\0');
    if (text.failed)
        kith_writer_deinit(&text);
    return (struct answer){MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
                           (char *)text.data};
}

static struct answer answer_of(const struct kith_tracker *tracker,
                               enum kith_tracker_door door, const char *path)
{
    if (door == KITH_TRACKER_METRICS && strcmp(path, "/metrics") == 0)
        return metrics(tracker);
    if (door == KITH_TRACKER_CONTROL && strcmp(path, "/api/v1/tracker/peers") == 0)
        return json_answer(MHD_HTTP_OK, kith_tracker_report_peers(tracker));
    if (door == KITH_TRACKER_CONTROL && strcmp(path, "/api/v1/tracker/stats") == 0)
        return json_answer(MHD_HTTP_OK, kith_tracker_report_stats(tracker));
    return problem(MHD_HTTP_NOT_FOUND, "ENOTFOUND",
                   "this is a tracker, which has no such thing");
}

/* libmicrohttpd 0.9.75 asks too early about a request with Expect and without a body, if
 * another one is behind it: it does not take the answer then, and asks again. */
static enum MHD_Result respond(struct MHD_Connection *connection, struct answer answer)
{
    if (answer.take_body == NULL)
        return MHD_NO; /* without memory: hang up */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(answer.take_body), answer.take_body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(answer.take_body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.type);
    MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return MHD_YES;
}

static enum kith_tracker_door door_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info != NULL && info->client_addr->sa_family == AF_UNIX ? KITH_TRACKER_CONTROL
                                                                   : KITH_TRACKER_METRICS;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection,
                                  const char *path, const char *method,
                                  const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct kith_tracker_http *http = ctx;
    if (*request == NULL) { /* only its headers were read so far */
        *request = http;
        return MHD_YES;
    }
    if (*upload_size > 0) { /* of no use here: read and dropped */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return respond(connection, problem(MHD_HTTP_METHOD_NOT_ALLOWED, "EINVALID",
                                           "a tracker is only asked, with GET"));
    return respond(connection, answer_of(http->tracker, door_of(connection), path));
}

/* ---- clients ---- */

static void await_request(struct client *client)
{
    client->deadline_ms = uv_now(client->http->loop) + REQUEST_MS_MAX;
    kith_list_remove(&client->node);
    kith_list_push(&client->http->clients, &client->node);
}

static struct client *client_new(struct kith_tracker_http *http,
                                 struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || info == NULL) { /* silence alone ends it */
        free(client);
        return NULL;
    }
    client->http = http;
    client->fd = info->connect_fd;
    kith_list_init(&client->node);
    await_request(client);
    return client;
}

static void client_free(struct client *client)
{
    if (client != NULL)
        kith_list_remove(&client->node);
    free(client);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket,
                          enum MHD_ConnectionNotificationCode what)
{
    struct kith_tracker_http *http = ctx;
    enum kith_tracker_door door = door_of(connection);
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        http->doors[door].clients++;
        *socket = door == KITH_TRACKER_METRICS ? client_new(http, connection) : NULL;
    } else {
        http->doors[door].clients--;
        client_free(*socket);
    }
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info != NULL && info->socket_context != NULL)
        await_request(info->socket_context); /* the next one */
}

static uint64_t client_due_ms(const struct kith_tracker_http *http)
{
    if (kith_list_is_empty(&http->clients))
        return UINT64_MAX;
    return kith_list_item(http->clients.next, struct client, node)->deadline_ms;
}

/* The daemon finds their end, and closes what is its own. */
static void hang_up(struct kith_tracker_http *http)
{
    while (client_due_ms(http) <= uv_now(http->loop)) {
        struct client *client = kith_list_item(http->clients.next, struct client, node);
        kith_list_remove(&client->node);
        shutdown(client->fd, SHUT_RDWR);
    }
}

/* ---- running the daemon ---- */

static void arm(struct kith_tracker_http *http);

static void run(struct kith_tracker_http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    int rounds = 0;
    hang_up(http);
    do
        MHD_run(http->daemon);
    while (++rounds < ROUNDS_MAX && MHD_get_timeout(http->daemon, &timeout) == MHD_YES &&
           timeout == 0);
    arm(http);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_again(uv_idle_t *again)
{
    uv_idle_stop(again);
    run(again->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    run(poll->data);
}

/* ---- doors ---- */

/* Only its own user asks the socket: beyond its mode, the kernel says who did. */
static bool may_come_in(const struct door *door, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (door->door == KITH_TRACKER_METRICS)
        return true;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void on_door(uv_poll_t *poll, int status, int events)
{
    struct door *door = poll->data;
    struct kith_tracker_http *http = door->http;
    for (int i = 0; i < ACCEPTS_MAX && door->clients < KITH_TRACKER_CLIENTS_MAX; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNIX};
        socklen_t size = sizeof address;
        int fd = accept4(door->fd, (struct sockaddr *)&address, &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                http->accept_again_ms = uv_now(http->loop) + ACCEPT_PAUSE_MS;
            break;
        }
        address.ss_family =
            door->door == KITH_TRACKER_CONTROL ? AF_UNIX : address.ss_family;
        if (!may_come_in(door, fd))
            close(fd);
        else /* closes it when it fails */
            MHD_add_connection(http->daemon, fd, (struct sockaddr *)&address, size);
    }
    run(http);
}

static void set_accepting(struct door *door, bool is_accepting)
{
    if (door->fd < 0 || door->is_accepting == is_accepting)
        return;
    door->is_accepting = is_accepting;
    if (is_accepting)
        uv_poll_start(&door->poll, UV_READABLE, on_door);
    else
        uv_poll_stop(&door->poll);
}

static void arm(struct kith_tracker_http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    uint64_t wait_ms = UINT64_MAX;
    uint64_t now_ms = uv_now(http->loop);
    uint64_t due_ms = client_due_ms(http);
    if (due_ms != UINT64_MAX)
        wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    if (http->accept_again_ms <= now_ms)
        http->accept_again_ms = 0;
    else if (http->accept_again_ms - now_ms < wait_ms)
        wait_ms = http->accept_again_ms - now_ms;
    for (size_t i = 0; i < KITH_TRACKER_DOORS; i++)
        set_accepting(&http->doors[i],
                      http->accept_again_ms == 0 &&
                          http->doors[i].clients < KITH_TRACKER_CLIENTS_MAX);
    if (MHD_get_timeout(http->daemon, &timeout) == MHD_YES && timeout < wait_ms)
        wait_ms = timeout;
    if (wait_ms == UINT64_MAX)
        uv_timer_stop(&http->timer);
    else if (wait_ms == 0) /* a timer that its own callback sets may be of this turn */
        uv_idle_start(&http->again, on_again);
    else
        uv_timer_start(&http->timer, on_timer, wait_ms, 0);
}

int kith_tracker_http_listen(struct kith_tracker_http *http, enum kith_tracker_door which,
                             int take_fd)
{
    struct door *door = &http->doors[which];
    if (uv_poll_init(http->loop, &door->poll, take_fd) != 0) {
        close(take_fd);
        return KITH_EIO;
    }
    door->fd = take_fd;
    door->poll.data = door;
    door->is_accepting = true;
    http->handles_open++;
    return uv_poll_start(&door->poll, UV_READABLE, on_door) == 0 ? 0 : KITH_EIO;
}

size_t kith_tracker_http_clients(const struct kith_tracker_http *http,
                                 enum kith_tracker_door door)
{
    return http->doors[door].clients;
}

/* ---- life ---- */

/* What the library would print goes nowhere: it is about single clients. */
static void on_log(void *ctx, const char *format, va_list arguments)
{
}

static struct MHD_Daemon *start_daemon(struct kith_tracker_http *http)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, http, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(KITH_TRACKER_DOORS * (KITH_TRACKER_CLIENTS_MAX + ACCEPTS_MAX)),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
}

int kith_tracker_http_new(uv_loop_t *loop, const struct kith_tracker *tracker,
                          struct kith_tracker_http **out)
{
    struct kith_tracker_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return KITH_ENOMEM;
    http->tracker = tracker;
    http->loop = loop;
    kith_list_init(&http->clients);
    for (size_t i = 0; i < KITH_TRACKER_DOORS; i++)
        http->doors[i] =
            (struct door){.http = http, .door = (enum kith_tracker_door)i, .fd = -1};
    http->daemon = start_daemon(http);
    const union MHD_DaemonInfo *info =
        http->daemon != NULL ? MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)
                             : NULL;
    if (info == NULL || uv_poll_init(loop, &http->poll, info->epoll_fd) != 0) {
        if (http->daemon != NULL)
            MHD_stop_daemon(http->daemon);
        free(http);
        return KITH_EIO;
    }
    uv_timer_init(loop, &http->timer);
    uv_idle_init(loop, &http->again);
    http->poll.data = http->timer.data = http->again.data = http;
    http->handles_open = 3;
    uv_poll_start(&http->poll, UV_READABLE, on_readable);
    *out = http;
    return 0;
}

static void handle_closed(struct kith_tracker_http *http)
{
    if (--http->handles_open == 0)
        http->done(http->done_ctx);
}

static void on_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_door_closed(uv_handle_t *handle)
{
    struct door *door = handle->data;
    close(door->fd);
    handle_closed(door->http);
}

void kith_tracker_http_stop(struct kith_tracker_http *http, void (*done)(void *ctx),
                            void *ctx)
{
    http->done = done;
    http->done_ctx = ctx;
    uv_close((uv_handle_t *)&http->poll, on_closed);
    uv_close((uv_handle_t *)&http->timer, on_closed);
    uv_close((uv_handle_t *)&http->again, on_closed);
    for (size_t i = 0; i < KITH_TRACKER_DOORS; i++)
        if (http->doors[i].fd >= 0)
            uv_close((uv_handle_t *)&http->doors[i].poll, on_door_closed);
    MHD_run(http->daemon); /* writes out what is ready */
    MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
}

void kith_tracker_http_free(struct kith_tracker_http *http)
{
    free(http);
}
