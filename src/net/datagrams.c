/* SPDX-License-Identifier: MIT */
#include "net/datagrams.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/bucket.h"
#include "net/datagram_socket.h"
#include "net/error.h"
#include "net/interface_watch.h"
#include "net/lan.h"
#include "net/sockaddr.h"

#define PAUSE_MS 100 /* of a socket that was heard too often */

enum { SHARED_4, SHARED_6, PRIVATE_4, PRIVATE_6, SOCKETS };

struct datagram_socket {
    struct kith_datagrams *owner;
    uv_poll_t poll;
    int fd;    /* -1: there is none */
    int error; /* why */
    bool is_paused;
    struct kith_bucket bucket;
};

struct kith_datagrams {
    uv_loop_t *loop; /* borrowed */
    void (*received)(void *ctx, const struct kith_address *from, bool is_on_link,
                     struct kith_bytes bytes);
    void (*changed)(void *ctx);
    void *ctx;
    struct sockaddr_storage group4; /* with the port */
    struct sockaddr_storage group6;
    struct sockaddr_storage sources[KITH_DATAGRAMS_SOURCES_MAX];
    size_t source_count; /* 0: every address */
    struct datagram_socket sockets[SOCKETS];
    struct kith_interface_watch watch;
    uv_timer_t pause;
    struct kith_datagrams_counts counts;
    bool is_closing;
    unsigned parts_open; /* handles, and the watch */
    void (*done)(void *ctx);
    void *done_ctx;
};

/* ---- in ---- */

static void on_readable(uv_poll_t *poll, int status, int events);
static void open_missing(struct kith_datagrams *datagrams);

static bool is_on_link(const struct kith_datagrams *datagrams,
                       const struct sockaddr_storage *from)
{
    return kith_lan_is_local(from) || kith_interfaces_reach(&datagrams->watch.now, from);
}

/* False when nothing is there. */
static bool receive(struct kith_datagrams *datagrams, int fd)
{
    uint8_t bytes[KITH_DATAGRAM_SIZE_MAX + 1];
    struct sockaddr_storage from;
    socklen_t from_size = sizeof from;
    memset(&from, 0, sizeof from);
    ssize_t size =
        recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &from_size);
    if (size < 0)
        return errno == EINTR;
    if (size > KITH_DATAGRAM_SIZE_MAX) {
        datagrams->counts.too_long++;
        return true;
    }
    struct kith_address address;
    kith_sockaddr_format(&from, &address);
    datagrams->counts.received++;
    datagrams->received(datagrams->ctx, &address, is_on_link(datagrams, &from),
                        kith_bytes(bytes, (size_t)size));
    return true;
}

static void on_pause_over(uv_timer_t *timer)
{
    struct kith_datagrams *datagrams = timer->data;
    for (size_t i = 0; i < SOCKETS; i++) {
        struct datagram_socket *paused = &datagrams->sockets[i];
        if (!paused->is_paused)
            continue;
        paused->is_paused = false;
        uv_poll_start(&paused->poll, UV_READABLE, on_readable);
    }
}

static void pause_reading(struct datagram_socket *heard)
{
    heard->is_paused = true;
    uv_poll_stop(&heard->poll);
    if (!uv_is_active((uv_handle_t *)&heard->owner->pause))
        uv_timer_start(&heard->owner->pause, on_pause_over, PAUSE_MS, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct datagram_socket *heard = poll->data;
    struct kith_datagrams *datagrams = heard->owner;
    if (status <
        0) /* an error of the socket, taken by the next read; libuv stops at it */
        uv_poll_start(poll, UV_READABLE, on_readable);
    for (int i = 0; i < KITH_DATAGRAMS_TURN_MAX && !datagrams->is_closing; i++) {
        if (!kith_bucket_take(&heard->bucket, uv_now(datagrams->loop))) {
            pause_reading(heard);
            return;
        }
        if (!receive(datagrams, heard->fd)) {
            kith_bucket_return(&heard->bucket);
            return;
        }
    }
}

/* ---- out ---- */

static bool is_loopback4(const uint8_t address[static 16])
{
    return address[0] == 127;
}

/* Is this source the address, or does it lie on loopback beside it? Then the address
 * becomes it, for only there can we be dialled. */
static bool match(const struct sockaddr_storage *source,
                  struct kith_interface_address *address)
{
    if (source->ss_family != address->family)
        return false;
    if (source->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)source;
        return memcmp(&v6->sin6_addr, address->address, sizeof v6->sin6_addr) == 0 &&
               (v6->sin6_scope_id == 0 || v6->sin6_scope_id == address->interface);
    }
    uint8_t wanted[16] = {0};
    static const uint8_t any[4];
    memcpy(wanted, &((const struct sockaddr_in *)source)->sin_addr, sizeof any);
    if (memcmp(wanted, any, sizeof any) == 0)
        return true;
    if (!is_loopback4(wanted) || !is_loopback4(address->address))
        return memcmp(wanted, address->address, sizeof wanted) == 0;
    memcpy(address->address, wanted, sizeof wanted);
    return true;
}

/* The addresses to send from. */
static void choose(const struct kith_datagrams *datagrams, struct kith_interfaces *out)
{
    const struct kith_interfaces *now = &datagrams->watch.now;
    out->count = 0;
    for (size_t i = 0; i < now->count; i++) {
        struct kith_interface_address address = now->addresses[i];
        bool is_chosen = datagrams->source_count == 0;
        for (size_t k = 0; k < datagrams->source_count && !is_chosen; k++)
            is_chosen = match(&datagrams->sources[k], &address);
        if (is_chosen)
            out->addresses[out->count++] = address;
    }
}

static void send_one(struct kith_datagrams *datagrams, const struct sockaddr_storage *to,
                     const struct kith_interface_address *from, struct kith_bytes bytes)
{
    int fd = datagrams->sockets[to->ss_family == AF_INET ? PRIVATE_4 : PRIVATE_6].fd;
    if (fd >= 0 &&
        kith_datagram_socket_send(fd, to, from, datagrams->source_count > 0, bytes))
        datagrams->counts.sent++;
    else
        datagrams->counts.failed++;
}

static const struct sockaddr_storage *group_of(const struct kith_datagrams *datagrams,
                                               int family)
{
    return family == AF_INET ? &datagrams->group4 : &datagrams->group6;
}

static void broadcast(struct kith_datagrams *datagrams,
                      const struct kith_interface_address *address,
                      struct kith_bytes bytes)
{
    struct sockaddr_storage to = datagrams->group4; /* for its port */
    ((struct sockaddr_in *)&to)->sin_addr = kith_interface_address_broadcast(address);
    send_one(datagrams, &to, address, bytes);
}

/* Did an address of the interface before this one lead to the same broadcast address? */
static bool is_repeated(const struct kith_interfaces *interfaces, size_t index)
{
    const struct kith_interface_address *self = &interfaces->addresses[index];
    in_addr_t wanted = kith_interface_address_broadcast(self).s_addr;
    for (size_t i = 0; i < index; i++) {
        const struct kith_interface_address *other = &interfaces->addresses[i];
        if (other->is_broadcast && other->interface == self->interface &&
            kith_interface_address_broadcast(other).s_addr == wanted)
            return true;
    }
    return false;
}

void kith_datagrams_announce(struct kith_datagrams *datagrams, struct kith_bytes bytes)
{
    if (datagrams->is_closing || bytes.size > KITH_DATAGRAM_SIZE_MAX)
        return;
    struct kith_interfaces chosen;
    open_missing(datagrams);
    choose(datagrams, &chosen);
    for (size_t i = 0; i < chosen.count; i++) {
        const struct kith_interface_address *address = &chosen.addresses[i];
        bool is_network = address->is_broadcast && !is_repeated(&chosen, i);
        /* For each network of the interface, so that everybody gets one that comes from
         * an address on his own. */
        if (address->is_multicast && (is_network || kith_interfaces_is_first(&chosen, i)))
            send_one(datagrams, group_of(datagrams, address->family), address, bytes);
        if (is_network)
            broadcast(datagrams, address, bytes);
    }
}

/* What the receiver is on the network of; a link-local one is on that of its scope. */
static const struct kith_interface_address *toward(const struct kith_interfaces *chosen,
                                                   const struct sockaddr_storage *to)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)to;
    const struct kith_interface_address *found = kith_interfaces_toward(chosen, to);
    bool has_scope = to->ss_family == AF_INET6 && v6->sin6_scope_id != 0;
    for (size_t i = 0; i < chosen->count && has_scope && !found; i++)
        if (chosen->addresses[i].family == AF_INET6 &&
            chosen->addresses[i].interface == v6->sin6_scope_id)
            found = &chosen->addresses[i];
    return found;
}

void kith_datagrams_send(struct kith_datagrams *datagrams, const struct kith_address *to,
                         struct kith_bytes bytes)
{
    struct sockaddr_storage address;
    if (datagrams->is_closing || bytes.size > KITH_DATAGRAM_SIZE_MAX ||
        !kith_sockaddr_parse(to, &address))
        return;
    kith_sockaddr_unmap(&address);
    if (datagrams->source_count == 0) {
        send_one(datagrams, &address, NULL, bytes);
        return;
    }
    struct kith_interfaces chosen;
    choose(datagrams, &chosen);
    const struct kith_interface_address *from = toward(&chosen, &address);
    if (from)
        send_one(datagrams, &address, from, bytes);
}

/* ---- groups ---- */

/* `before`: those that were up at the last call. One that comes is joined afresh: the
 * system may have lost what it says it still has. */
static void join_groups(struct kith_datagrams *datagrams,
                        const struct kith_interfaces *before)
{
    const struct kith_interfaces *now = &datagrams->watch.now;
    for (size_t i = 0; i < now->count; i++) {
        const struct kith_interface_address *address = &now->addresses[i];
        int family = address->family;
        int fd = datagrams->sockets[family == AF_INET ? SHARED_4 : SHARED_6].fd;
        if (fd >= 0 && address->is_multicast && kith_interfaces_is_first(now, i))
            kith_datagram_socket_join(
                fd, group_of(datagrams, family), address->interface,
                !kith_interfaces_have(before, address->interface, family));
    }
}

static void on_changed(struct kith_interface_watch *watch,
                       const struct kith_interfaces *before)
{
    struct kith_datagrams *datagrams = watch->owner;
    join_groups(datagrams, before);
    datagrams->changed(datagrams->ctx);
}

/* ---- life ---- */

static bool parse_group(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    struct kith_address address = {.port = port};
    int size = snprintf(address.host, sizeof address.host, "%s", host);
    return size > 0 && (size_t)size < sizeof address.host &&
           kith_sockaddr_parse(&address, out);
}

static bool parse_groups(const struct kith_datagrams_config *config,
                         struct kith_datagrams *out)
{
    const char *group4 = config->group4 ? config->group4 : KITH_DATAGRAMS_GROUP4;
    const char *group6 = config->group6 ? config->group6 : KITH_DATAGRAMS_GROUP6;
    if (!parse_group(group4, config->port, &out->group4) ||
        !parse_group(group6, config->port, &out->group6) ||
        out->group4.ss_family != AF_INET || out->group6.ss_family != AF_INET6)
        return false;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&out->group4;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&out->group6;
    return IN_MULTICAST(ntohl(v4->sin_addr.s_addr)) &&
           IN6_IS_ADDR_MC_LINKLOCAL(&v6->sin6_addr);
}

/* A wildcard of IPv6 is one of both, as it is to who listens. */
static bool parse_sources(const struct kith_datagrams_config *config,
                          struct kith_datagrams *out)
{
    for (size_t i = 0; i < config->source_count; i++) {
        struct sockaddr_storage *source = &out->sources[i];
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)source;
        bool is_any = config->sources[i].host[0] == '\0';
        if (i == KITH_DATAGRAMS_SOURCES_MAX ||
            (!is_any && !kith_sockaddr_parse(&config->sources[i], source)))
            return false;
        kith_sockaddr_unmap(source);
        if (is_any ||
            (source->ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))) {
            out->source_count = 0;
            return true;
        }
        out->source_count++;
    }
    return true;
}

static void close_sockets(struct kith_datagrams *datagrams)
{
    for (size_t i = 0; i < SOCKETS; i++)
        if (datagrams->sockets[i].fd >= 0)
            close(datagrams->sockets[i].fd);
}

static void open_socket(struct kith_datagrams *datagrams, size_t index)
{
    bool is_ipv4 = index == SHARED_4 || index == PRIVATE_4;
    bool is_shared = index == SHARED_4 || index == SHARED_6;
    int port = ntohs(((const struct sockaddr_in *)&datagrams->group4)->sin_port);
    int result = kith_datagram_socket_open(is_ipv4 ? AF_INET : AF_INET6,
                                           is_shared ? (uint16_t)port : 0);
    datagrams->sockets[index].fd = result >= 0 ? result : -1;
    datagrams->sockets[index].error = result >= 0 ? 0 : result;
}

/* 0 when the port is heard by one family at least. The other still sends, and hears the
 * answers to that. */
static int open_sockets(struct kith_datagrams *datagrams)
{
    const struct datagram_socket *sockets = datagrams->sockets;
    for (size_t i = 0; i < SOCKETS; i++)
        open_socket(datagrams, i);
    if (sockets[SHARED_4].fd >= 0 || sockets[SHARED_6].fd >= 0)
        return 0;
    int error = sockets[SHARED_4].error;
    return error == KITH_EUNREACHABLE ? sockets[SHARED_6].error : error;
}

static int watch_socket(struct kith_datagrams *datagrams, size_t index)
{
    struct datagram_socket *heard = &datagrams->sockets[index];
    heard->owner = datagrams;
    kith_bucket_init(&heard->bucket, KITH_DATAGRAMS_RATE_PER_S, KITH_DATAGRAMS_BURST,
                     uv_now(datagrams->loop));
    if (heard->fd < 0)
        return 0;
    int code = uv_poll_init(datagrams->loop, &heard->poll, heard->fd);
    if (code != 0)
        return kith_net_error(code);
    heard->poll.data = heard;
    datagrams->parts_open++;
    uv_poll_start(&heard->poll, UV_READABLE, on_readable);
    return 0;
}

static int watch_sockets(struct kith_datagrams *datagrams)
{
    int error = 0;
    for (size_t i = 0; i < SOCKETS && !error; i++)
        error = watch_socket(datagrams, i);
    return error;
}

static void open_missing(struct kith_datagrams *datagrams)
{
    static const struct kith_interfaces none;
    for (size_t i = 0; i < SOCKETS; i++) {
        struct datagram_socket *missing = &datagrams->sockets[i];
        if (missing->fd >= 0)
            continue;
        open_socket(datagrams, i);
        int error = watch_socket(datagrams, i);
        if (error) {
            close(missing->fd);
            missing->fd = -1;
            missing->error = error;
        } else if (missing->fd >= 0 && (i == SHARED_4 || i == SHARED_6)) {
            join_groups(datagrams, &none);
        }
    }
}

int kith_datagrams_new(uv_loop_t *loop, const struct kith_datagrams_config *config,
                       struct kith_datagrams **out)
{
    struct kith_datagrams *datagrams = calloc(1, sizeof *datagrams);
    if (!datagrams)
        return KITH_ENOMEM;
    datagrams->loop = loop;
    datagrams->received = config->received;
    datagrams->changed = config->changed;
    datagrams->ctx = config->ctx;
    int error = config->port != 0 && parse_groups(config, datagrams) &&
                        parse_sources(config, datagrams)
                    ? 0
                    : KITH_EINVALID;
    if (!error) {
        error = open_sockets(datagrams);
        if (error)
            close_sockets(datagrams);
    }
    if (error) {
        free(datagrams);
        return error;
    }
    uv_timer_init(loop, &datagrams->pause);
    datagrams->pause.data = datagrams;
    kith_interface_watch_init(&datagrams->watch, loop, false, on_changed);
    datagrams->watch.owner = datagrams;
    datagrams->parts_open = 2;
    error = watch_sockets(datagrams);
    if (error) {
        kith_datagrams_close(datagrams, NULL, NULL);
        return error;
    }
    static const struct kith_interfaces none;
    join_groups(datagrams, &none);
    *out = datagrams;
    return 0;
}

static void part_closed(struct kith_datagrams *datagrams)
{
    if (--datagrams->parts_open > 0)
        return;
    void (*done)(void *ctx) = datagrams->done;
    void *ctx = datagrams->done_ctx;
    free(datagrams);
    if (done)
        done(ctx);
}

static void on_watch_closed(struct kith_interface_watch *watch)
{
    part_closed(watch->owner);
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct datagram_socket *heard = handle->data;
    part_closed(heard->owner);
}

void kith_datagrams_close(struct kith_datagrams *datagrams, void (*done)(void *ctx),
                          void *ctx)
{
    if (!datagrams) {
        if (done)
            done(ctx);
        return;
    }
    datagrams->is_closing = true;
    datagrams->done = done;
    datagrams->done_ctx = ctx;
    for (size_t i = 0; i < SOCKETS; i++)
        if (datagrams->sockets[i].poll.data)
            uv_close((uv_handle_t *)&datagrams->sockets[i].poll, on_poll_closed);
    close_sockets(datagrams);
    uv_close((uv_handle_t *)&datagrams->pause, on_timer_closed);
    kith_interface_watch_close(&datagrams->watch, on_watch_closed);
}

const struct kith_interfaces *kith_datagrams_interfaces(
    const struct kith_datagrams *datagrams)
{
    return &datagrams->watch.now;
}

struct kith_datagrams_counts kith_datagrams_counts(const struct kith_datagrams *datagrams)
{
    struct kith_datagrams_counts counts = datagrams->counts;
    counts.addresses = datagrams->watch.now.count;
    counts.error_ipv4 = datagrams->sockets[SHARED_4].error;
    counts.error_ipv6 = datagrams->sockets[SHARED_6].error;
    return counts;
}
