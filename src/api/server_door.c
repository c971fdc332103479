/* SPDX-License-Identifier: MIT */
#include "api/server_door.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_MAX = 32,      /* in one turn */
    ACCEPT_PAUSE_MS = 100, /* after running out of descriptors */
    IDLE_MS = 60000, /* between two requests; browsers keep some for the next page */
};

static const char too_many[] =
    "{\"type\":\"urn:kith:error:ELIMIT\",\"title\":\"a limit of this node is reached\","
    "\"status\":503,\"error\":\"KITH_ELIMIT\",\"detail\":\"too many programs are "
    "connected to this node; end some of them\"}\n";

/* ---- connections ---- */

struct kith_visitor *kith_visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* The daemon takes connections later than they are given to it: the address it was given
 * with them tells where they came in. */
static enum kith_door door_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info && info->client_addr->sa_family == AF_UNIX ? KITH_DOOR_UNIX
                                                           : KITH_DOOR_TCP;
}

static struct kith_visitor *visitor_new(struct kith_server *server,
                                        struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct kith_visitor *visitor = calloc(1, sizeof *visitor);
    if (!visitor)
        return NULL;
    visitor->server = server;
    visitor->door = door_of(connection);
    visitor->fd = info ? info->connect_fd : -1;
    if (visitor->door == KITH_DOOR_TCP && !kith_gate_of(visitor->fd, &visitor->gate)) {
        free(visitor);
        return NULL;
    }
    kith_list_push(&server->visitors, &visitor->link);
    kith_visitor_await_body(visitor); /* and the headers before it */
    return visitor;
}

static void visitor_free(struct kith_visitor *visitor)
{
    if (visitor)
        kith_list_remove(&visitor->link);
    free(visitor);
}

void kith_visitor_notify(void *ctx, struct MHD_Connection *connection, void **slot,
                         enum MHD_ConnectionNotificationCode code)
{
    struct kith_server *server = ctx;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        server->connection_counts[door_of(connection)]++;
        *slot = visitor_new(server, connection);
    } else {
        server->connection_counts[door_of(connection)]--;
        visitor_free(*slot);
        *slot = NULL;
    }
}

/* ---- what is awaited ---- */

static void await(struct kith_visitor *visitor, uint64_t ms)
{
    if (!visitor || visitor->door != KITH_DOOR_TCP)
        return;
    visitor->deadline_ms = ms > 0 ? uv_now(visitor->server->config.loop) + ms : 0;
    kith_server_arm(visitor->server);
}

void kith_visitor_await_body(struct kith_visitor *visitor)
{
    await(visitor, visitor ? visitor->server->config.patience_ms : 0);
}

void kith_visitor_await_nothing(struct kith_visitor *visitor)
{
    await(visitor, 0);
}

void kith_visitor_await_next(struct kith_visitor *visitor)
{
    await(visitor, IDLE_MS);
}

/* What it sent before it closed, and nobody has read yet, does not hide that. */
bool kith_visitor_is_gone(const struct kith_visitor *visitor)
{
    struct pollfd look = {.fd = visitor ? visitor->fd : -1, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0;
}

uint64_t kith_visitors_deadline_ms(const struct kith_server *server)
{
    uint64_t deadline_ms = UINT64_MAX;
    kith_list_each (node, &server->visitors) {
        const struct kith_visitor *visitor =
            kith_list_item(node, struct kith_visitor, link);
        if (visitor->deadline_ms > 0 && visitor->deadline_ms < deadline_ms)
            deadline_ms = visitor->deadline_ms;
    }
    return deadline_ms;
}

/* The daemon finds its end, and closes what is its own. */
void kith_visitors_hang_up(struct kith_server *server, uint64_t now_ms)
{
    kith_list_each (node, &server->visitors) {
        struct kith_visitor *visitor = kith_list_item(node, struct kith_visitor, link);
        if (visitor->deadline_ms == 0 || visitor->deadline_ms > now_ms)
            continue;
        visitor->deadline_ms = 0;
        shutdown(visitor->fd, SHUT_RDWR);
    }
}

/* ---- accepting ---- */

void kith_doors_share(struct kith_server *server)
{
    struct rlimit files;
    bool is_few = getrlimit(RLIMIT_NOFILE, &files) == 0 &&
                  files.rlim_cur / 4 < KITH_SERVER_CONNECTIONS_MAX;
    server->connections_max =
        is_few ? (size_t)files.rlim_cur / 4 : KITH_SERVER_CONNECTIONS_MAX;
}

/* TCP does not tell whose program it is: there every request shows its token. */
static bool may_come_in(enum kith_door door, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (door == KITH_DOOR_TCP)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

static void turn_away(int fd)
{
    char answer[512];
    int size = snprintf(answer, sizeof answer,
                        "HTTP/1.1 503 Service Unavailable\r\n"
                        "Content-Type: application/problem+json\r\n"
                        "Content-Length: %zu\r\n"
                        "Connection: close\r\n\r\n%s",
                        sizeof too_many - 1, too_many);
    /* One short write into an empty buffer: it fits, or nobody is there to read it. */
    ssize_t written = send(fd, answer, (size_t)size, MSG_NOSIGNAL);
    (void)written;
    close(fd);
}

/* Whether the daemon counts a connection at once or in its next round is its own affair:
 * `expected` counts those given to it in this turn. */
static bool is_full(const struct kith_door_state *door, size_t expected)
{
    size_t counted = door->server->connection_counts[door->door];
    return (counted > expected ? counted : expected) >= door->server->connections_max;
}

static bool take_client(struct kith_door_state *door, int fd,
                        const struct sockaddr *address, socklen_t size, size_t expected)
{
    if (!may_come_in(door->door, fd))
        close(fd);
    else if (is_full(door, expected))
        turn_away(fd);
    else
        return MHD_add_connection(door->server->daemon, fd, address, size) == MHD_YES;
    return false;
}

static void pause_accepting(struct kith_server *server)
{
    kith_doors_set_accepting(server, false);
    server->accept_again_ms = uv_now(server->config.loop) + ACCEPT_PAUSE_MS;
    kith_server_arm(server);
}

static void on_door(uv_poll_t *poll, int status, int events)
{
    struct kith_door_state *door = poll->data;
    size_t expected = door->server->connection_counts[door->door];
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNIX};
        socklen_t size = sizeof address;
        struct sockaddr *peer = (struct sockaddr *)&address;
        int fd = accept4(door->fd, peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            expected += take_client(door, fd, peer, size, expected);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
                 errno == ENOBUFS)
            pause_accepting(door->server);
        if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
            break;
    }
    kith_server_run(door->server);
}

void kith_doors_set_accepting(struct kith_server *server, bool is_accepting)
{
    server->accept_again_ms = 0;
    for (size_t i = 0; i < server->door_count; i++) {
        if (is_accepting)
            uv_poll_start(&server->doors[i].poll, UV_READABLE, on_door);
        else
            uv_poll_stop(&server->doors[i].poll);
    }
}

/* What people and programs on this machine ask by. */
static void note_url(struct kith_server *server, int fd)
{
    struct kith_gate gate;
    if (!kith_gate_of(fd, &gate))
        return;
    kith_gate_any_to_loopback(&gate);
    snprintf(server->http, sizeof server->http, "http://%s:%u", gate.host,
             (unsigned)gate.port);
}

int kith_server_listen(struct kith_server *server, enum kith_door door, int take_fd)
{
    struct kith_door_state *state = &server->doors[server->door_count];
    if (server->door_count == KITH_SERVER_DOORS_MAX) {
        close(take_fd);
        return KITH_ELIMIT;
    }
    *state = (struct kith_door_state){.server = server, .door = door, .fd = take_fd};
    if (uv_poll_init(server->config.loop, &state->poll, take_fd) != 0) {
        close(take_fd);
        return KITH_EIO;
    }
    state->poll.data = state;
    server->door_count++;
    server->handles_open++;
    if (door == KITH_DOOR_TCP)
        note_url(server, take_fd);
    return uv_poll_start(&state->poll, UV_READABLE, on_door) == 0 ? 0 : KITH_EIO;
}

const char *kith_server_http(const struct kith_server *server)
{
    return server->http[0] ? server->http : NULL;
}
