/* SPDX-License-Identifier: MIT */
#include "net/dialer.h"
#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kith/error.h"
#include "net/error.h"
#include "net/sockaddr.h"
#include "net/tunnel.h"

static void advance(struct kith_dial *dial);
static void on_timer(uv_timer_t *timer);

/* ---- the end ---- */

static void release(struct kith_dial *dial)
{
    if (dial->is_closed && dial->resolving_count == 0)
        free(dial);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct kith_dial *dial = handle->data;
    dial->is_closed = true;
    dial->closed(dial->env);
    release(dial);
}

void kith_dial_finish(struct kith_dial *dial, struct kith_conn *conn)
{
    if (dial->is_over)
        return;
    dial->is_over = true;
    kith_list_remove(&dial->node);
    for (size_t i = 0; i < dial->attempt_count; i++) {
        struct kith_attempt *attempt = &dial->attempts[i];
        if (attempt->state != KITH_ATTEMPT_BUSY)
            continue;
        attempt->conn->dial = NULL;
        if (attempt->conn != conn)
            kith_conn_abort(attempt->conn, KITH_ECLOSED);
    }
    for (size_t i = 0; i < dial->resolution_count; i++)
        if (dial->resolutions[i].is_busy)
            uv_cancel((uv_req_t *)&dial->resolutions[i].request);
    uv_close((uv_handle_t *)&dial->timer, on_timer_closed);
}

static void fail(struct kith_dial *dial)
{
    kith_dial_finish(dial, NULL);
    dial->failed(dial, dial->error ? dial->error : KITH_ETIMEDOUT);
}

void kith_dial_expire(struct kith_dial *dial, int error)
{
    dial->error = error;
    dial->is_expired = true;
    uv_timer_start(&dial->timer, on_timer, 0, 0);
}

/* ---- attempts ---- */

/* What a person learns most from: an answer before silence, silence before no route. */
static int rank(int error)
{
    switch (error) {
    case 0:
        return 0;
    case KITH_EUNREACHABLE:
        return 1;
    case KITH_EREFUSED:
        return 3;
    case KITH_EADDRINUSE: /* something can be done about it here */
        return 4;
    case KITH_EHANDSHAKE:
        return 5;
    case KITH_EIDENTITY:
        return 6;
    default:
        return 2;
    }
}

static void note_error(struct kith_dial *dial, int error)
{
    if (rank(error) > rank(dial->error))
        dial->error = error;
}

static struct kith_attempt *find_attempt(struct kith_dial *dial,
                                         enum kith_attempt_state state)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].state == state)
            return &dial->attempts[i];
    return NULL;
}

static bool is_shaking_hands(const struct kith_dial *dial)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].state == KITH_ATTEMPT_BUSY &&
            dial->attempts[i].has_connected)
            return true;
    return false;
}

/* What is connected may be in the others' way: two tickets are as good as none, and in a
 * meeting the sides would choose differently. */
static bool is_exclusive(const struct kith_dial *dial)
{
    return dial->plan.has_ticket || dial->is_meeting;
}

static bool is_late(const struct kith_dial *dial)
{
    return uv_now(dial->timer.loop) >=
           (dial->resolving_count > 0 ? dial->resolve_due_ms : dial->due_ms);
}

/* A tunnel may begin beside the connection that it is to stand in for, and after the time
 * to connect. */
static bool may_begin(const struct kith_dial *dial, const struct kith_attempt *attempt)
{
    bool is_kept = is_exclusive(dial) && is_shaking_hands(dial);
    return attempt->state == KITH_ATTEMPT_TODO &&
           (attempt->is_tunnelled || (!is_kept && !is_late(dial)));
}

static void put_off(struct kith_dial *dial, uint64_t until_ms)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].state == KITH_ATTEMPT_TODO)
            dial->attempts[i].due_ms = until_ms;
}

/* Of those that are due, the first of the family whose turn it is, else of the other. */
static struct kith_attempt *next_attempt(struct kith_dial *dial)
{
    int family = dial->family_last == AF_INET6 ? AF_INET : AF_INET6;
    uint64_t now_ms = uv_now(dial->timer.loop);
    struct kith_attempt *other = NULL;
    for (size_t i = 0; i < dial->attempt_count; i++) {
        struct kith_attempt *attempt = &dial->attempts[i];
        if (!may_begin(dial, attempt) || attempt->due_ms > now_ms)
            continue;
        if (attempt->to.ss_family == family)
            return attempt;
        if (!other)
            other = attempt;
    }
    return other;
}

static void on_timer(uv_timer_t *timer)
{
    struct kith_dial *dial = timer->data;
    if (dial->family_last == AF_UNSPEC) /* however late: nothing was tried yet */
        dial->due_ms = uv_now(timer->loop) + dial->connect_ms;
    if (dial->is_expired || (is_late(dial) && !is_shaking_hands(dial))) {
        note_error(dial, KITH_ETIMEDOUT);
        fail(dial);
    } else {
        advance(dial);
    }
}

/* For the end, the next attempt, or what waits to be tried again. A handshake has a limit
 * of its own. */
static void arm(struct kith_dial *dial)
{
    uint64_t now_ms = uv_now(dial->timer.loop);
    uint64_t due_ms = dial->resolving_count > 0 ? dial->resolve_due_ms : dial->due_ms;
    uint64_t delay_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    if (is_shaking_hands(dial))
        delay_ms = UINT64_MAX;
    if (dial->is_expired)
        delay_ms = 0;
    for (size_t i = 0; i < dial->attempt_count; i++) {
        const struct kith_attempt *attempt = &dial->attempts[i];
        if (!may_begin(dial, attempt))
            continue;
        uint64_t wait_ms =
            attempt->due_ms > now_ms ? attempt->due_ms - now_ms : KITH_DIAL_STAGGER_MS;
        if (wait_ms < delay_ms)
            delay_ms = wait_ms;
    }
    if (delay_ms == UINT64_MAX)
        uv_timer_stop(&dial->timer);
    else
        uv_timer_start(&dial->timer, on_timer, delay_ms, 0);
}

/* Its turn was in vain: never again, or, in a meeting that it did not get to, later. */
static void put_by(struct kith_dial *dial, struct kith_attempt *attempt, int error)
{
    note_error(dial, error);
    attempt->state = KITH_ATTEMPT_DONE;
    if (!dial->is_meeting || attempt->has_connected)
        return;
    attempt->state = KITH_ATTEMPT_TODO;
    attempt->due_ms = uv_now(dial->timer.loop) + KITH_DIAL_RETRY_MS;
}

static bool begin(struct kith_dial *dial, struct kith_attempt *attempt)
{
    dial->family_last = attempt->to.ss_family;
    attempt->has_connected = attempt->is_tunnelled;
    int error = attempt->is_tunnelled ? kith_tunnel_dial(dial->env->tunnels, &attempt->to,
                                                         &dial->plan, &attempt->conn)
                                      : kith_conn_connect(dial->env, &attempt->to,
                                                          &dial->plan, &attempt->conn);
    if (error) {
        put_by(dial, attempt, error);
        return false;
    }
    attempt->state = KITH_ATTEMPT_BUSY;
    attempt->conn->dial = dial;
    return true;
}

/* Begin the next attempt that can be begun; fail when none is left or under way. */
static void advance(struct kith_dial *dial)
{
    struct kith_attempt *next;
    while (!dial->is_expired && (next = next_attempt(dial)) != NULL)
        if (begin(dial, next))
            break;
    if (!find_attempt(dial, KITH_ATTEMPT_TODO) &&
        !find_attempt(dial, KITH_ATTEMPT_BUSY) && dial->resolving_count == 0)
        fail(dial);
    else
        arm(dial);
}

static void drop(struct kith_attempt *attempt)
{
    attempt->conn->dial = NULL;
    kith_conn_abort(attempt->conn, KITH_ECLOSED);
    attempt->state = KITH_ATTEMPT_TODO;
}

static void plan_tunnel(struct kith_dial *dial, const struct sockaddr_storage *to)
{
    if (dial->attempt_count == KITH_DIAL_ATTEMPTS_MAX)
        return;
    dial->attempts[dial->attempt_count++] = (struct kith_attempt){
        .to = *to,
        .is_tunnelled = true,
        .due_ms = uv_now(dial->timer.loop) + KITH_DIAL_TUNNEL_MS,
    };
}

/* In a meeting two may be connected, one accepted: who begins TLS is first done with one,
 * and drops the other, so the two sides never choose differently. */
void kith_dial_connected(struct kith_dial *dial, struct kith_conn *conn)
{
    const struct sockaddr_storage *to = NULL;
    for (size_t i = 0; i < dial->attempt_count; i++) {
        struct kith_attempt *attempt = &dial->attempts[i];
        if (attempt->state != KITH_ATTEMPT_BUSY)
            continue;
        if (attempt->conn == conn) {
            attempt->has_connected = true;
            to = &attempt->to;
        } else if (!attempt->has_connected) {
            drop(attempt);
        }
    }
    if (!is_exclusive(dial))
        put_off(dial, uv_now(dial->timer.loop) + KITH_DIAL_PATIENCE_MS);
    if (dial->plan.has_ticket && to)
        plan_tunnel(dial, to);
    arm(dial);
}

/* The ticket is used up: neither the others nor a tunnel can do with it any more. */
void kith_dial_joined(struct kith_dial *dial, struct kith_conn *conn)
{
    for (size_t i = 0; i < dial->attempt_count; i++) {
        struct kith_attempt *attempt = &dial->attempts[i];
        bool is_busy = attempt->state == KITH_ATTEMPT_BUSY;
        if (is_busy && attempt->conn == conn)
            continue;
        if (is_busy)
            drop(attempt);
        if (is_busy || attempt->is_tunnelled)
            attempt->state = KITH_ATTEMPT_DONE;
    }
    arm(dial);
}

/* A connection to there is closed: what was to stand in for it need not wait. */
static void hurry_tunnel(struct kith_dial *dial, const struct sockaddr_storage *to)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].is_tunnelled &&
            kith_sockaddr_equal(&dial->attempts[i].to, to))
            dial->attempts[i].due_ms = uv_now(dial->timer.loop);
}

static bool has_tunnel_to_begin(const struct kith_dial *dial)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].is_tunnelled &&
            dial->attempts[i].state == KITH_ATTEMPT_TODO)
            return true;
    return false;
}

void kith_dial_closed(struct kith_dial *dial, struct kith_conn *conn, int error)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].state == KITH_ATTEMPT_BUSY &&
            dial->attempts[i].conn == conn) {
            put_by(dial, &dial->attempts[i], error);
            hurry_tunnel(dial, &dial->attempts[i].to);
        }
    if (!is_exclusive(dial))
        put_off(dial, 0);
    if (is_shaking_hands(dial) && is_exclusive(dial))
        arm(dial);
    else if (is_late(dial) && !is_shaking_hands(dial) && !has_tunnel_to_begin(dial))
        fail(dial);
    else
        advance(dial);
}

/* ---- meeting ---- */

static struct kith_attempt *find_address(struct kith_dial *dial,
                                         const struct sockaddr_storage *to)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (kith_sockaddr_equal(&dial->attempts[i].to, to))
            return &dial->attempts[i];
    return NULL;
}

bool kith_dial_awaits(struct kith_dial *dial, const struct sockaddr_storage *remote)
{
    return dial->is_meeting && find_address(dial, remote) != NULL;
}

void kith_dial_accepted(struct kith_dial *dial, const struct sockaddr_storage *remote,
                        struct kith_conn *conn)
{
    struct kith_attempt *attempt = find_address(dial, remote);
    if (attempt->state == KITH_ATTEMPT_BUSY)
        drop(attempt);
    attempt->state = KITH_ATTEMPT_BUSY;
    attempt->has_connected = true;
    attempt->conn = conn;
    conn->dial = dial;
    kith_dial_connected(dial, conn);
}

/* ---- resolving ---- */

static void add_attempt(struct kith_dial *dial, const struct sockaddr_storage *to)
{
    if (dial->attempt_count == KITH_DIAL_ATTEMPTS_MAX)
        return;
    if (!find_address(dial, to))
        dial->attempts[dial->attempt_count++] =
            (struct kith_attempt){.to = *to, .is_tunnelled = dial->is_in_tls};
}

static void take_results(struct kith_dial *dial, const struct addrinfo *list)
{
    for (; list; list = list->ai_next) {
        struct sockaddr_storage to = {0};
        if (list->ai_family != AF_INET && list->ai_family != AF_INET6)
            continue;
        memcpy(&to, list->ai_addr, list->ai_addrlen);
        add_attempt(dial, &to);
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct kith_dial *dial = request->data;
    ((struct kith_resolution *)request)->is_busy = false;
    dial->resolving_count--;
    if (!dial->is_over && status == 0) {
        take_results(dial, list);
        dial->due_ms = uv_now(dial->timer.loop) + dial->connect_ms;
    }
    uv_freeaddrinfo(list);
    if (dial->is_over) {
        release(dial);
        return;
    }
    if (status != 0)
        note_error(dial, kith_net_error(status));
    if (is_shaking_hands(dial) && !is_exclusive(dial))
        put_off(dial, uv_now(dial->timer.loop) + KITH_DIAL_PATIENCE_MS);
    if (find_attempt(dial, KITH_ATTEMPT_BUSY))
        arm(dial);
    else
        advance(dial);
}

static void resolve(struct kith_dial *dial, const struct kith_address *address)
{
    char port[6];
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct kith_resolution *resolution = &dial->resolutions[dial->resolution_count++];
    resolution->request.data = dial;
    int code = uv_getaddrinfo(dial->timer.loop, &resolution->request, on_resolved,
                              address->host, port, &hints);
    resolution->is_busy = code == 0;
    if (code == 0)
        dial->resolving_count++;
    else /* most likely not even shaped like a name */
        note_error(dial, code == UV_ENOMEM ? KITH_ENOMEM : KITH_ERESOLVE);
}

static void start(struct kith_dial *dial, const struct kith_net_target *target)
{
    for (size_t i = 0; i < target->count; i++) {
        struct sockaddr_storage to;
        if (kith_sockaddr_parse(&target->addresses[i], &to))
            add_attempt(dial, &to);
        else
            resolve(dial, &target->addresses[i]);
    }
    if (dial->attempt_count > 0 || dial->resolving_count == 0)
        uv_timer_start(&dial->timer, on_timer, 0, 0);
    else
        arm(dial);
}

int kith_dial_new(struct kith_conn_env *env, uint32_t number,
                  const struct kith_net_target *target, uint64_t connect_ms,
                  struct kith_dial **out)
{
    assert(target->count > 0 && target->count <= KITH_NET_ADDRESSES_MAX);
    struct kith_dial *dial = calloc(1, sizeof *dial);
    if (!dial)
        return KITH_ENOMEM;
    dial->env = env;
    dial->number = number;
    dial->plan.is_listener = target->is_listener;
    dial->plan.has_expected = target->expected != NULL;
    dial->plan.has_ticket = target->ticket != NULL;
    if (target->expected)
        dial->plan.expected = *target->expected;
    dial->plan.from_port = target->from_port;
    dial->is_meeting = target->is_meeting;
    dial->plan.has_relay = target->relay != NULL;
    dial->is_in_tls = target->ticket && target->is_in_tls;
    if (target->relay)
        dial->plan.relay = *target->relay;
    if (target->ticket)
        memcpy(dial->plan.ticket, target->ticket, sizeof dial->plan.ticket);
    kith_list_init(&dial->node);
    uv_timer_init(env->loop, &dial->timer);
    dial->timer.data = dial;
    dial->connect_ms = target->connect_ms ? target->connect_ms : connect_ms;
    dial->due_ms = uv_now(env->loop) + dial->connect_ms;
    dial->resolve_due_ms = uv_now(env->loop) + KITH_DIAL_RESOLVE_MS;
    start(dial, target);
    *out = dial;
    return 0;
}
