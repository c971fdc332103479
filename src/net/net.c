/* SPDX-License-Identifier: MIT */
#include "net/net.h"
#include <assert.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/reader.h"
#include "kith/error.h"
#include "net/conn.h"
#include "net/crowd.h"
#include "net/dialer.h"
#include "net/error.h"
#include "net/lan.h"
#include "net/listener.h"
#include "net/sockaddr.h"
#include "net/tunnel.h"

static_assert(KITH_NET_SEED_SIZE == KITH_TLS_SEED_SIZE, "one key");
static_assert(KITH_NET_EXPORTER_SIZE == KITH_TLS_EXPORTER_SIZE, "one exporter");
static_assert(KITH_NET_FRAME_PREFIX_SIZE == KITH_FRAMING_PREFIX_SIZE, "one prefix");

/* How old a list of interfaces may be that shows a peer to be near. In a crowd that
 * starts together, asking the system for each link costs as much as a signature does. */
#define INTERFACES_FRESH_MS 1000

struct kith_net {
    struct kith_conn_env env;
    struct kith_interfaces interfaces;
    uint64_t interfaces_until; /* fresh, by the loop's clock */
    struct kith_tunnels tunnels;
    struct kith_net_config config; /* seed and alpn are gone after kith_net_new */
    struct kith_list listeners;
    struct kith_list dials;
    size_t listener_count;
    size_t dial_count; /* not yet over */
    size_t dials_open; /* with a handle */
    size_t link_count;
    uint32_t link_last; /* last number given */

    /* A link of number n stands at n modulo the size, a power of two at least twice
     * links_max: numbers whose place is taken are skipped. */
    struct kith_conn **slots;
    size_t slot_count;

    bool is_stopping;
    void (*done)(void *ctx);
    void *done_ctx;
};

static void finish_when_idle(struct kith_net *net);
static void on_tunnel_over(struct kith_tunnels *tunnels);

static struct kith_conn *find(const struct kith_net *net, kith_link_no link)
{
    struct kith_conn *conn = net->slots[link & (net->slot_count - 1)];
    return conn && link != 0 && conn->link == link ? conn : NULL;
}

/* ---- happenings of connections ---- */

static void on_connected(struct kith_conn *conn)
{
    if (conn->dial)
        kith_dial_connected(conn->dial, conn);
}

static void on_joined(struct kith_conn *conn)
{
    if (conn->dial)
        kith_dial_joined(conn->dial, conn);
}

static void on_ticket(struct kith_conn *conn, const uint8_t *ticket, int take_fd)
{
    struct kith_net *net = conn->env->owner;
    net->config.handler.ticket(net->config.handler.ctx, ticket, take_fd);
}

static bool is_full(const struct kith_net *net)
{
    return net->link_count >= net->config.links_max;
}

static void on_plain(struct kith_conn *conn)
{
    if (is_full(conn->env->owner))
        kith_conn_abort(conn, KITH_ELIMIT);
}

static uint32_t take_dial(struct kith_net *net, struct kith_conn *conn)
{
    struct kith_dial *dial = conn->dial;
    if (!dial)
        return 0;
    uint32_t number = dial->number;
    net->dial_count--;
    kith_dial_finish(dial, conn);
    return number;
}

static void number_link(struct kith_net *net, struct kith_conn *conn)
{
    do
        net->link_last++;
    while (net->link_last == 0 || net->slots[net->link_last & (net->slot_count - 1)]);
    conn->link = net->link_last;
    net->slots[conn->link & (net->slot_count - 1)] = conn;
    net->link_count++;
}

/* Whether a private one is not is always asked anew: a network may have come up just now.
 * To others no interface matters. */
static bool is_lan(struct kith_net *net, const struct sockaddr_storage *remote)
{
    if (!kith_lan_is_private(remote))
        return kith_lan_is_local(remote);
    uint64_t now = uv_now(net->env.loop);
    if (now < net->interfaces_until && kith_lan_has(&net->interfaces, remote))
        return true;
    if (kith_interfaces_read(&net->interfaces))
        net->interfaces_until = now + INTERFACES_FRESH_MS;
    return kith_lan_has(&net->interfaces, remote);
}

static int describe(struct kith_conn *conn, struct kith_net_up *up)
{
    struct sockaddr_storage remote;
    if (!kith_conn_remote(conn, &remote))
        return KITH_ECLOSED;
    up->is_dialler = conn->is_dialler;
    up->is_relayed = conn->is_relayed;
    up->is_lan = !conn->is_relayed && is_lan(conn->env->owner, &remote);
    up->peer = conn->tls.peer;
    kith_sockaddr_format(&remote, &up->remote);
    int error = kith_tls_export(&conn->tls, "EXPORTER-kith-net", up->exporter_net);
    if (!error)
        error = kith_tls_export(&conn->tls, "EXPORTER-kith-room", up->exporter_room);
    return error;
}

static void on_outer_up(struct kith_net *net, struct kith_conn *conn)
{
    if (net->is_stopping)
        kith_conn_abort(conn, KITH_ECLOSED);
    else
        kith_tunnel_up(&net->tunnels, conn);
}

static void on_up(struct kith_conn *conn)
{
    struct kith_net *net = conn->env->owner;
    struct kith_net_up up = {0};
    if (conn->is_outer) {
        on_outer_up(net, conn);
        return;
    }
    int error = describe(conn, &up);
    if (is_full(net))
        error = KITH_ELIMIT;
    if (net->is_stopping)
        error = KITH_ECLOSED;
    if (error) {
        kith_conn_abort(conn, error);
        return;
    }
    up.dial = take_dial(net, conn);
    number_link(net, conn);
    up.link = conn->link;
    kith_conn_set_patience(conn,
                           up.is_lan ? KITH_NET_PATIENCE_LAN_MS : KITH_NET_PATIENCE_MS);
    net->config.handler.up(net->config.handler.ctx, &up);
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct kith_net *net = conn->env->owner;
    net->config.handler.frame(net->config.handler.ctx, conn->link, frame);
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
    struct kith_net *net = conn->env->owner;
    if (conn->is_outer) {
        kith_tunnel_sent(conn);
        return;
    }
    net->config.handler.drained(net->config.handler.ctx, conn->link, sent);
}

static void resume_listeners(struct kith_net *net)
{
    kith_list_each (node, &net->listeners)
        kith_listener_resume(kith_list_item(node, struct kith_listener, node));
}

/* Neither one of ours that lost its race, nor one that was given away with its ticket,
 * nor a tunnel that has ended. */
static void tell_stranger(struct kith_net *net, const struct kith_conn *conn, int error)
{
    if (conn->is_accepted && !conn->is_outer && error != 0 &&
        net->config.handler.stranger && !net->is_stopping)
        net->config.handler.stranger(net->config.handler.ctx, error);
}

static void on_closed(struct kith_conn *conn, int error)
{
    struct kith_net *net = conn->env->owner;
    kith_link_no link = conn->link;
    struct kith_dial *dial = conn->dial;
    if (link != 0) {
        net->slots[link & (net->slot_count - 1)] = NULL;
        net->link_count--;
    }
    resume_listeners(net);
    kith_tunnel_closed(conn, error);
    if (link != 0)
        net->config.handler.down(net->config.handler.ctx, link, error);
    else if (dial)
        kith_dial_closed(dial, conn, error);
    else
        tell_stranger(net, conn, error);
    finish_when_idle(net);
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .joined = on_joined,
    .ticket = on_ticket,
    .plain = on_plain,
    .up = on_up,
    .bytes = kith_tunnel_heard,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- listening ---- */

/* Who was told goodbye and does not hang up has had his time when others come. */
static void let_oldest_go(struct kith_net *net)
{
    struct kith_list *oldest = net->env.lingers.items.next;
    if (net->env.lingers.count >= KITH_NET_LINGERS_MAX)
        kith_conn_abort(
            kith_list_item(kith_list_item(oldest, struct kith_expiry_item, node),
                           struct kith_conn, expiry),
            KITH_ECLOSED);
}

static struct kith_dial *find_awaiting(struct kith_net *net,
                                       const struct sockaddr_storage *remote)
{
    kith_list_each (node, &net->dials) {
        struct kith_dial *dial = kith_list_item(node, struct kith_dial, node);
        if (kith_dial_awaits(dial, remote))
            return dial;
    }
    return NULL;
}

static void accept_for(struct kith_dial *dial, const struct sockaddr_storage *remote,
                       int take_fd)
{
    struct kith_conn *conn;
    if (kith_conn_accept_planned(dial->env, take_fd, remote, &dial->plan, &conn) != 0)
        return;
    kith_dial_accepted(dial, remote, conn);
    kith_conn_begin(conn);
}

static void on_accepted(struct kith_listener *listener, int take_fd)
{
    struct kith_net *net = listener->owner;
    let_oldest_go(net);
    if (is_full(net) && !net->env.takes_tickets) {
        close(take_fd);
        return;
    }
    struct sockaddr_storage remote = {0};
    socklen_t size = sizeof remote;
    if (getpeername(take_fd, (struct sockaddr *)&remote, &size) != 0) {
        close(take_fd); /* gone already */
        return;
    }
    if (net->env.handshakes.count >= net->config.handshakes_max)
        kith_conn_abort(kith_crowd_victim(&net->env, &remote), KITH_ELIMIT);
    struct kith_dial *dial = find_awaiting(net, &remote);
    if (dial)
        accept_for(dial, &remote, take_fd);
    else
        kith_conn_accept(&net->env, take_fd, &remote);
}

static void on_listener_closed(struct kith_listener *listener)
{
    struct kith_net *net = listener->owner;
    net->listener_count--;
    finish_when_idle(net);
}

static int listen_on(struct kith_net *net, const struct sockaddr_storage *at,
                     struct kith_address *out_bound)
{
    struct kith_listener *listener = NULL;
    int error = kith_listener_new(net->env.loop, at, &listener);
    if (error)
        return error;
    listener->owner = net;
    listener->accepted = on_accepted;
    listener->closed = on_listener_closed;
    kith_list_push(&net->listeners, &listener->node);
    net->listener_count++;
    struct sockaddr_storage bound;
    error = kith_listener_bound(listener, &bound);
    if (error)
        kith_listener_close(listener);
    else if (out_bound)
        kith_sockaddr_format(&bound, out_bound);
    return error;
}

/* What "" means comes back as "". */
static int listen_on_all(struct kith_net *net, uint16_t port,
                         struct kith_address *out_bound)
{
    struct sockaddr_storage at;
    kith_sockaddr_any(AF_INET6, port, &at);
    int error = listen_on(net, &at, out_bound);
    if (error == KITH_EUNREACHABLE || error == KITH_EADDRESS) {
        kith_sockaddr_any(AF_INET, port, &at);
        error = listen_on(net, &at, out_bound);
    }
    if (!error && out_bound)
        out_bound->host[0] = '\0';
    return error;
}

static int resolve_now(struct kith_net *net, const struct kith_address *address,
                       struct sockaddr_storage *out)
{
    uv_getaddrinfo_t request;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int code = uv_getaddrinfo(net->env.loop, &request, NULL, address->host, NULL, &hints);
    if (code != 0)
        return code == UV_ENOMEM ? KITH_ENOMEM : KITH_ERESOLVE;
    memset(out, 0, sizeof *out);
    memcpy(out, request.addrinfo->ai_addr, request.addrinfo->ai_addrlen);
    uv_freeaddrinfo(request.addrinfo);
    if (out->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)out)->sin6_port = htons(address->port);
    else
        ((struct sockaddr_in *)out)->sin_port = htons(address->port);
    return 0;
}

int kith_net_listen(struct kith_net *net, const struct kith_address *address,
                    struct kith_address *out_bound)
{
    if (net->listener_count >= KITH_NET_LISTENERS_MAX || net->is_stopping)
        return KITH_ELIMIT;
    if (address->host[0] == '\0')
        return listen_on_all(net, address->port, out_bound);
    struct sockaddr_storage at;
    if (!kith_sockaddr_parse(address, &at)) {
        int error = resolve_now(net, address, &at);
        if (error)
            return error;
    }
    return listen_on(net, &at, out_bound);
}

/* ---- dialling ---- */

static void on_dial_failed(struct kith_dial *dial, int error)
{
    struct kith_net *net = dial->env->owner;
    net->dial_count--;
    net->config.handler.dial_failed(net->config.handler.ctx, dial->number, error);
}

static void on_dial_closed(struct kith_conn_env *env)
{
    struct kith_net *net = env->owner;
    net->dials_open--;
    finish_when_idle(net);
}

int kith_net_dial(struct kith_net *net, uint32_t dial,
                  const struct kith_net_target *target)
{
    assert(dial != 0);
    if (net->dial_count >= KITH_NET_DIALS_MAX || net->is_stopping)
        return KITH_ELIMIT;
    struct kith_dial *begun = NULL;
    int error = kith_dial_new(&net->env, dial, target, net->config.connect_ms, &begun);
    if (error)
        return error;
    begun->failed = on_dial_failed;
    begun->closed = on_dial_closed;
    kith_list_push(&net->dials, &begun->node);
    net->dial_count++;
    net->dials_open++;
    return 0;
}

/* ---- links ---- */

void kith_net_send(struct kith_net *net, kith_link_no link, struct kith_bytes frame)
{
    struct kith_reader reader = kith_reader(frame);
    uint32_t size = kith_reader_u32(&reader);
    assert(!reader.failed && size > 0 && size <= KITH_NET_FRAME_SIZE_MAX &&
           frame.size == KITH_NET_FRAME_PREFIX_SIZE + (size_t)size);
    struct kith_conn *conn = find(net, link);
    if (conn)
        kith_conn_send(conn, frame);
}

void kith_net_flush(struct kith_net *net)
{
    kith_conn_flush(&net->env);
}

void kith_net_pause(struct kith_net *net, kith_link_no link, bool is_paused)
{
    struct kith_conn *conn = find(net, link);
    if (conn)
        kith_conn_pause(conn, is_paused);
}

void kith_net_limit(struct kith_net *net, kith_link_no link, uint32_t frame_size_max)
{
    assert(frame_size_max <= KITH_NET_FRAME_SIZE_MAX);
    struct kith_conn *conn = find(net, link);
    if (conn)
        conn->framing.size_max = frame_size_max;
}

void kith_net_close(struct kith_net *net, kith_link_no link, int error)
{
    struct kith_conn *conn = find(net, link);
    if (conn)
        kith_conn_close(conn, error);
}

void kith_net_abort(struct kith_net *net, kith_link_no link, int error)
{
    struct kith_conn *conn = find(net, link);
    if (conn)
        kith_conn_abort(conn, error);
}

size_t kith_net_queued(const struct kith_net *net, kith_link_no link)
{
    const struct kith_conn *conn = find(net, link);
    return conn ? kith_conn_queued(conn) : 0;
}

struct kith_net_counts kith_net_counts(const struct kith_net *net)
{
    return (struct kith_net_counts){
        .links = net->link_count,
        .handshakes = net->env.handshakes.count,
        .dials = net->dial_count,
    };
}

/* ---- life ---- */

static void ignore_sigpipe(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static size_t slots_for(size_t links_max)
{
    size_t count = 16;
    while (count < links_max * 2)
        count *= 2;
    return count;
}

static void fill_defaults(struct kith_net_config *config)
{
    config->seed = NULL;
    config->alpn = NULL;
    if (config->handshakes_max == 0)
        config->handshakes_max = KITH_NET_HANDSHAKES_MAX;
    if (config->handshake_ms == 0)
        config->handshake_ms = KITH_NET_HANDSHAKE_MS;
    if (config->connect_ms == 0)
        config->connect_ms = KITH_NET_CONNECT_MS;
    if (config->linger_ms == 0)
        config->linger_ms = KITH_NET_LINGER_MS;
    if (config->tunnel_half_ms == 0)
        config->tunnel_half_ms = KITH_TUNNEL_HALF_MS;
}

int kith_net_new(uv_loop_t *loop, const struct kith_net_config *config,
                 struct kith_net **out)
{
    assert(config->frame_size_initial <= KITH_NET_FRAME_SIZE_MAX);
    struct kith_net *net = calloc(1, sizeof *net);
    if (!net)
        return KITH_ENOMEM;
    net->slot_count = slots_for(config->links_max);
    net->slots = calloc(net->slot_count, sizeof *net->slots);
    int error = net->slots ? kith_tls_identity_new(config->seed, &config->id,
                                                   config->alpn, &net->env.identity)
                           : KITH_ENOMEM;
    if (!error)
        error = kith_net_error(
            uv_random(NULL, NULL, net->env.hash_key, sizeof net->env.hash_key, 0, NULL));
    if (error) {
        kith_tls_identity_free(net->env.identity);
        free(net->slots);
        free(net);
        return error;
    }
    ignore_sigpipe();
    net->config = *config;
    fill_defaults(&net->config);
    kith_list_init(&net->listeners);
    kith_list_init(&net->dials);
    net->env.owner = net;
    net->env.happenings = &happenings;
    net->env.frame_size_initial = config->frame_size_initial;
    net->env.takes_tickets = config->handler.ticket != NULL;
    kith_conn_env_init(&net->env, loop, net->config.handshake_ms, net->config.linger_ms);
    kith_tunnels_init(&net->tunnels, &net->env, net->config.tunnel_half_ms,
                      on_tunnel_over);
    *out = net;
    return 0;
}

static void on_env_closed(struct kith_conn_env *env)
{
    struct kith_net *net = env->owner;
    net->done(net->done_ctx);
}

static void on_tunnels_closed(struct kith_tunnels *tunnels)
{
    kith_conn_env_close(tunnels->env, on_env_closed);
}

/* The timers go last: everything else leans on them. */
static void finish_when_idle(struct kith_net *net)
{
    if (net->is_stopping && net->listener_count == 0 && net->dials_open == 0 &&
        kith_list_is_empty(&net->env.conns) && kith_list_is_empty(&net->tunnels.all))
        kith_tunnels_close(&net->tunnels, on_tunnels_closed);
}

static void on_tunnel_over(struct kith_tunnels *tunnels)
{
    finish_when_idle(tunnels->env->owner);
}

/* What runs over a tunnel says goodbye through it. */
static void close_conns(struct kith_net *net)
{
    kith_list_each (node, &net->env.conns) {
        struct kith_conn *conn = kith_list_item(node, struct kith_conn, all_node);
        if (!conn->is_outer || !conn->tunnel || !kith_tunnel_has_inner(conn->tunnel))
            kith_conn_close(conn, KITH_ECLOSED);
    }
}

void kith_net_shutdown(struct kith_net *net, void (*done)(void *ctx), void *ctx)
{
    assert(!net->is_stopping);
    net->is_stopping = true;
    net->done = done;
    net->done_ctx = ctx;
    kith_list_each (node, &net->listeners)
        kith_listener_close(kith_list_item(node, struct kith_listener, node));
    kith_list_each (node, &net->dials)
        kith_dial_expire(kith_list_item(node, struct kith_dial, node), KITH_ECLOSED);
    close_conns(net);
    kith_tunnels_stop(&net->tunnels);
    kith_net_flush(net);
    finish_when_idle(net);
}

void kith_net_free(struct kith_net *net)
{
    if (!net)
        return;
    assert(net->is_stopping && kith_list_is_empty(&net->env.conns));
    kith_conn_env_deinit(&net->env);
    kith_tls_identity_free(net->env.identity);
    free(net->slots);
    free(net);
}
