/* SPDX-License-Identifier: MIT */
#include "net/dialer.h"
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kith/error.h"
#include "net/error.h"
#include "net/sockaddr.h"

static void advance(struct kith_dial *dial);
static void on_timer(uv_timer_t *timer);

/* ---- the end ---- */

static void release(struct kith_dial *dial)
{
    if (dial->is_closed && !dial->is_resolving)
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
    if (dial->is_resolving)
        uv_cancel((uv_req_t *)&dial->resolve);
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
    dial->due_ms = 0;
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
    case KITH_EIDENTITY:
        return 5;
    case KITH_EHANDSHAKE:
        return 4;
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

static void on_timer(uv_timer_t *timer)
{
    struct kith_dial *dial = timer->data;
    if (uv_now(timer->loop) >= dial->due_ms) {
        note_error(dial, KITH_ETIMEDOUT);
        fail(dial);
    } else {
        advance(dial);
    }
}

static void arm(struct kith_dial *dial, bool is_staggered)
{
    uint64_t now_ms = uv_now(dial->timer.loop);
    uint64_t delay_ms = dial->due_ms > now_ms ? dial->due_ms - now_ms : 0;
    if (is_staggered && delay_ms > KITH_DIAL_STAGGER_MS)
        delay_ms = KITH_DIAL_STAGGER_MS;
    uv_timer_start(&dial->timer, on_timer, delay_ms, 0);
}

/* Begin the next attempt that can be begun; fail when none is left or under way. */
static void advance(struct kith_dial *dial)
{
    struct kith_attempt *next;
    while ((next = find_attempt(dial, KITH_ATTEMPT_TODO)) != NULL) {
        int error =
            kith_conn_connect(dial->env, &next->to,
                              dial->has_expected ? &dial->expected : NULL, &next->conn);
        if (!error) {
            next->state = KITH_ATTEMPT_BUSY;
            next->conn->dial = dial;
            break;
        }
        next->state = KITH_ATTEMPT_DONE;
        note_error(dial, error);
    }
    if (!next && !find_attempt(dial, KITH_ATTEMPT_BUSY))
        fail(dial);
    else
        arm(dial, find_attempt(dial, KITH_ATTEMPT_TODO) != NULL);
}

void kith_dial_connected(struct kith_dial *dial, struct kith_conn *conn)
{
    for (size_t i = 0; i < dial->attempt_count; i++) {
        struct kith_attempt *attempt = &dial->attempts[i];
        if (attempt->state != KITH_ATTEMPT_BUSY || attempt->conn == conn)
            continue;
        attempt->conn->dial = NULL;
        kith_conn_abort(attempt->conn, KITH_ECLOSED);
        attempt->state = KITH_ATTEMPT_TODO;
    }
    uv_timer_stop(&dial->timer); /* the handshake has a limit of its own */
}

void kith_dial_closed(struct kith_dial *dial, struct kith_conn *conn, int error)
{
    for (size_t i = 0; i < dial->attempt_count; i++)
        if (dial->attempts[i].state == KITH_ATTEMPT_BUSY &&
            dial->attempts[i].conn == conn)
            dial->attempts[i].state = KITH_ATTEMPT_DONE;
    note_error(dial, error);
    if (uv_now(dial->timer.loop) >= dial->due_ms)
        fail(dial);
    else
        advance(dial);
}

/* ---- resolving ---- */

static const struct addrinfo *next_of_family(const struct addrinfo *at, int family)
{
    while (at && at->ai_family != family)
        at = at->ai_next;
    return at;
}

static void add_attempt(struct kith_dial *dial, const struct addrinfo *result)
{
    struct kith_attempt *attempt = &dial->attempts[dial->attempt_count++];
    memcpy(&attempt->to, result->ai_addr, result->ai_addrlen);
}

/* The resolver's order within a family, the families in turn. */
static void take_results(struct kith_dial *dial, const struct addrinfo *list)
{
    int family = list->ai_family == AF_INET ? AF_INET : AF_INET6;
    int other = family == AF_INET ? AF_INET6 : AF_INET;
    const struct addrinfo *a = next_of_family(list, family);
    const struct addrinfo *b = next_of_family(list, other);
    while ((a || b) && dial->attempt_count < KITH_DIAL_ATTEMPTS_MAX) {
        if (a) {
            add_attempt(dial, a);
            a = next_of_family(a->ai_next, family);
        }
        if (b && dial->attempt_count < KITH_DIAL_ATTEMPTS_MAX) {
            add_attempt(dial, b);
            b = next_of_family(b->ai_next, other);
        }
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct kith_dial *dial = request->data;
    dial->is_resolving = false;
    if (dial->is_over) {
        uv_freeaddrinfo(list);
        release(dial);
        return;
    }
    if (status == 0)
        take_results(dial, list);
    uv_freeaddrinfo(list);
    if (dial->attempt_count == 0)
        note_error(dial, status ? kith_net_error(status) : KITH_ERESOLVE);
    advance(dial);
}

static int start(struct kith_dial *dial, const struct kith_address *address)
{
    if (kith_sockaddr_parse(address, &dial->attempts[0].to)) {
        dial->attempt_count = 1;
        return uv_timer_start(&dial->timer, on_timer, 0, 0);
    }
    char port[6];
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    int code = uv_getaddrinfo(dial->timer.loop, &dial->resolve, on_resolved,
                              address->host, port, &hints);
    dial->is_resolving = code == 0;
    if (code == 0)
        arm(dial, false);
    if (code == 0 || code == UV_ENOMEM)
        return code;
    dial->error = KITH_ERESOLVE; /* not even shaped like a name */
    return uv_timer_start(&dial->timer, on_timer, 0, 0);
}

static void forget(uv_handle_t *handle)
{
    free(handle->data);
}

int kith_dial_new(struct kith_conn_env *env, uint32_t number,
                  const struct kith_address *address, const struct kith_id *expected,
                  uint64_t connect_ms, struct kith_dial **out)
{
    struct kith_dial *dial = calloc(1, sizeof *dial);
    if (!dial)
        return KITH_ENOMEM;
    dial->env = env;
    dial->number = number;
    dial->has_expected = expected != NULL;
    if (expected)
        dial->expected = *expected;
    kith_list_init(&dial->node);
    uv_timer_init(env->loop, &dial->timer);
    dial->timer.data = dial->resolve.data = dial;
    dial->due_ms = uv_now(env->loop) + connect_ms;
    int code = start(dial, address);
    if (code != 0) {
        uv_close((uv_handle_t *)&dial->timer, forget);
        return KITH_ENOMEM;
    }
    *out = dial;
    return 0;
}
