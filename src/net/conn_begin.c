/* SPDX-License-Identifier: MIT */
#include "net/conn_begin.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/crowd.h"
#include "net/error.h"
#include "net/lan.h"
#include "net/sockaddr.h"

static const struct kith_conn_plan stranger = {.is_listener = true};

/* ---- where all of them end ---- */

/* `input` is what was heard of TLS already. */
static void begin_tls(struct kith_conn *conn, struct kith_bytes input)
{
    conn->state = KITH_CONN_HANDSHAKE;
    if (input.size > 0)
        kith_conn_hear(conn, input);
    else if (conn->is_dialler)
        kith_conn_handshake(conn);
}

/* What strangers want is theirs to say where tickets are taken. */
static unsigned protocols_of(const struct kith_conn *conn,
                             const struct kith_conn_plan *plan)
{
    if (plan->is_outer)
        return KITH_TLS_RELAY;
    return conn->state == KITH_CONN_KNOCKED ? KITH_TLS_LINK | KITH_TLS_RELAY
                                            : KITH_TLS_LINK;
}

static int set_role(struct kith_conn *conn, const struct kith_conn_plan *plan)
{
    conn->is_dialler = !plan->is_listener;
    return kith_tls_init(&conn->tls, conn->env->identity, &conn->env->sink,
                         conn->is_dialler, protocols_of(conn, plan),
                         plan->has_expected ? &plan->expected : NULL);
}

void kith_conn_begin_silence_expired(struct kith_expiry_item *item)
{
    struct kith_conn *conn = kith_list_item(item, struct kith_conn, silence);
    const struct kith_conn_plan plan = {
        .has_expected = conn->tls.has_expected,
        .expected = conn->tls.peer,
    };
    kith_tls_deinit(&conn->tls);
    int error = set_role(conn, &plan);
    if (error)
        kith_conn_abort(conn, error);
    else
        kith_conn_handshake(conn);
}

static void start(struct kith_conn *conn)
{
    uv_tcp_nodelay(&conn->tcp, 1);
    kith_conn_start_expiry(conn);
    kith_conn_start_reading(conn);
}

/* ---- through a relay ---- */

static void prepare_ticket(struct kith_conn *conn, const uint8_t *ticket)
{
    conn->is_relayed = true;
    memcpy(conn->preamble, KITH_TICKET_MAGIC, KITH_TICKET_MAGIC_SIZE);
    memcpy(conn->preamble + KITH_TICKET_MAGIC_SIZE, ticket, KITH_TICKET_SIZE);
    conn->preamble_size = KITH_CONN_PREAMBLE_SIZE;
}

static void show_ticket(struct kith_conn *conn)
{
    struct kith_tls_sink *sink = &conn->env->sink;
    conn->state = KITH_CONN_TICKET;
    memcpy(sink->data, conn->preamble, conn->preamble_size);
    sink->size = conn->preamble_size;
    int error = kith_conn_write_out(conn, 0);
    if (error)
        kith_conn_abort(conn, error);
}

static void hear_relay(struct kith_conn *conn, struct kith_bytes bytes)
{
    if (bytes.data[0] != KITH_TICKET_ACCEPTED) {
        kith_conn_abort(conn, KITH_EHANDSHAKE);
        return;
    }
    kith_conn_start_expiry(conn); /* the other side came late, not the handshake */
    conn->env->happenings->joined(conn);
    begin_tls(conn, kith_bytes(NULL, 0));
}

/* ---- to a relay ---- */

/* libuv closes its descriptor with the handle: what is given away is a second one. */
static void give_away(struct kith_conn *conn)
{
    uv_os_fd_t fd;
    int copy = -1;
    if (uv_fileno((uv_handle_t *)&conn->tcp, &fd) == 0)
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        kith_conn_abort(conn, KITH_ELIMIT);
        return;
    }
    kith_conn_abort(conn, 0);
    conn->env->happenings->ticket(conn, conn->preamble + KITH_TICKET_MAGIC_SIZE, copy);
}

static bool may_be_ticket(const struct kith_conn *conn)
{
    size_t size = conn->preamble_size;
    if (size > KITH_TICKET_MAGIC_SIZE)
        size = KITH_TICKET_MAGIC_SIZE;
    return memcmp(conn->preamble, KITH_TICKET_MAGIC, size) == 0;
}

static void begin_plain(struct kith_conn *conn)
{
    struct kith_conn_env *env = conn->env;
    int error = set_role(conn, &stranger);
    if (error) {
        kith_conn_abort(conn, error);
        return;
    }
    env->happenings->plain(conn);
    if (conn->state == KITH_CONN_KNOCKED)
        begin_tls(conn, kith_bytes(conn->preamble, conn->preamble_size));
}

static void hear_knock(struct kith_conn *conn, struct kith_bytes bytes)
{
    memcpy(conn->preamble + conn->preamble_size, bytes.data, bytes.size);
    conn->preamble_size += (uint8_t)bytes.size;
    if (!may_be_ticket(conn) && conn->is_inner)
        kith_conn_abort(conn, KITH_EHANDSHAKE);
    else if (!may_be_ticket(conn))
        begin_plain(conn);
    else if (conn->preamble_size == KITH_CONN_PREAMBLE_SIZE)
        give_away(conn);
}

/* ---- accepting ---- */

static int accept_as(struct kith_conn_env *env, int take_fd,
                     const struct sockaddr_storage *remote,
                     const struct kith_conn_plan *plan, struct kith_conn **out)
{
    bool is_awaited = plan || !env->takes_tickets;
    struct kith_conn *conn =
        kith_conn_new(env, is_awaited ? KITH_CONN_HANDSHAKE : KITH_CONN_KNOCKED);
    if (!conn) {
        close(take_fd);
        return KITH_ENOMEM;
    }
    conn->is_accepted = true;
    conn->remote = *remote;
    conn->household = kith_crowd_household(env, remote);
    int error = kith_net_error(uv_tcp_open(&conn->tcp, take_fd));
    if (error)
        close(take_fd);
    else if (is_awaited)
        error = set_role(conn, plan ? plan : &stranger);
    if (error) {
        kith_conn_abort(conn, error);
        return error;
    }
    start(conn);
    *out = conn;
    return 0;
}

int kith_conn_accept(struct kith_conn_env *env, int take_fd,
                     const struct sockaddr_storage *remote)
{
    struct kith_conn *conn;
    return accept_as(env, take_fd, remote, NULL, &conn);
}

int kith_conn_accept_planned(struct kith_conn_env *env, int take_fd,
                             const struct sockaddr_storage *remote,
                             const struct kith_conn_plan *plan, struct kith_conn **out)
{
    return accept_as(env, take_fd, remote, plan, out);
}

int kith_conn_accept_inner(struct kith_conn_env *env, int take_fd,
                           const struct sockaddr_storage *remote, struct kith_conn **out)
{
    assert(env->takes_tickets);
    int error = accept_as(env, take_fd, remote, NULL, out);
    if (!error)
        (*out)->is_inner = true;
    return error;
}

void kith_conn_begin(struct kith_conn *conn)
{
    if (conn->state == KITH_CONN_HANDSHAKE)
        begin_tls(conn, kith_bytes(NULL, 0));
}

/* ---- connecting ---- */

static void on_connect(uv_connect_t *request, int status)
{
    struct kith_conn *conn = request->handle->data;
    if (conn->state == KITH_CONN_CLOSED)
        return;
    if (status < 0) {
        kith_conn_abort(conn, kith_net_error(status));
        return;
    }
    start(conn);
    if (conn->state == KITH_CONN_CONNECTING)
        conn->env->happenings->connected(conn);
    if (conn->state != KITH_CONN_CONNECTING)
        return;
    if (conn->is_relayed) {
        show_ticket(conn);
        return;
    }
    if (conn->has_port && !conn->is_dialler)
        kith_expiry_add(&conn->env->silences, &conn->silence);
    begin_tls(conn, kith_bytes(NULL, 0));
}

/* Linux gives a port to a second socket only if both have SO_REUSEPORT and one owner;
 * SO_REUSEADDR alone is not enough beside one that listens. */
static int bind_to(int fd, int family, uint16_t port)
{
    static const int one = 1;
    struct sockaddr_storage at;
    kith_sockaddr_any(family, port, &at);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0 ||
        (family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) ||
        bind(fd, (const struct sockaddr *)&at, kith_sockaddr_size(&at)) != 0)
        return kith_net_error_errno(errno);
    return 0;
}

/* Routers there are that drop what is too long for their line, and never say so: it would
 * be sent again for ever. Short segments cost little, and go through wherever IPv6 may.
 * The other side takes it over from the SYN. */
static void keep_segments_short(int fd, const struct sockaddr_storage *to)
{
    static const int size = KITH_CONN_SEGMENT_SIZE;
    if (!kith_lan_is_local(to) && !kith_lan_is_private(to))
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &size, sizeof size);
}

static int open_toward(struct kith_conn *conn, const struct sockaddr_storage *to,
                       uint16_t from_port)
{
    int fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return kith_net_error_errno(errno);
    keep_segments_short(fd, to);
    conn->has_port = from_port != 0;
    int error = conn->has_port ? bind_to(fd, to->ss_family, from_port) : 0;
    if (!error)
        error = kith_net_error(uv_tcp_open(&conn->tcp, fd));
    if (error)
        close(fd);
    return error;
}

static int connect_to(struct kith_conn *conn, const struct sockaddr_storage *to)
{
    int code = uv_tcp_connect(&conn->request.connect, &conn->tcp,
                              (const struct sockaddr *)to, on_connect);
    /* A connection between the two addresses exists already. One that has ended is no
     * hindrance where both sides send timestamps (RFC 6191), as is usual. */
    if (conn->has_port && code == UV_EADDRNOTAVAIL)
        return KITH_EADDRINUSE;
    return kith_net_error(code);
}

int kith_conn_connect(struct kith_conn_env *env, const struct sockaddr_storage *to,
                      const struct kith_conn_plan *plan, struct kith_conn **out)
{
    struct kith_conn *conn = kith_conn_new(env, KITH_CONN_CONNECTING);
    if (!conn)
        return KITH_ENOMEM;
    if (plan->has_ticket)
        prepare_ticket(conn, plan->ticket);
    int error = set_role(conn, plan);
    if (!error)
        error = open_toward(conn, to, plan->from_port);
    if (!error)
        error = connect_to(conn, to);
    if (error) {
        kith_conn_abort(conn, error);
        return error;
    }
    *out = conn;
    return 0;
}

/* It is connected as it is made: the ticket is shown at once, and waits in the tunnel. */
int kith_conn_connect_inner(struct kith_conn_env *env, int take_fd,
                            const struct sockaddr_storage *remote,
                            const struct kith_conn_plan *plan, struct kith_conn **out)
{
    assert(plan->has_ticket);
    struct kith_conn *conn = kith_conn_new(env, KITH_CONN_CONNECTING);
    if (!conn) {
        close(take_fd);
        return KITH_ENOMEM;
    }
    conn->is_inner = true;
    conn->remote = *remote;
    prepare_ticket(conn, plan->ticket);
    int error = kith_net_error(uv_tcp_open(&conn->tcp, take_fd));
    if (error)
        close(take_fd);
    else
        error = set_role(conn, plan);
    if (error) {
        kith_conn_abort(conn, error);
        return error;
    }
    start(conn);
    show_ticket(conn);
    *out = conn;
    return 0;
}

/* ---- reading before TLS ---- */

size_t kith_conn_begin_wants(const struct kith_conn *conn)
{
    if (conn->state == KITH_CONN_KNOCKED)
        return KITH_CONN_PREAMBLE_SIZE - conn->preamble_size;
    return 1;
}

void kith_conn_begin_heard(struct kith_conn *conn, struct kith_bytes bytes)
{
    if (conn->state == KITH_CONN_TICKET)
        hear_relay(conn, bytes);
    else if (conn->state == KITH_CONN_KNOCKED)
        hear_knock(conn, bytes);
}
