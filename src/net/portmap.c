/* SPDX-License-Identifier: MIT */
#include "net/portmap.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kith/error.h"
#include "net/portmap_igd.h"
#include "net/portmap_natpmp.h"
#include "net/portmap_pcp.h"
#include "net/portmap_upnp.h"

#define SECOND_MS 1000

enum protocol { PROTOCOL_NONE, PROTOCOL_NATPMP, PROTOCOL_PCP, PROTOCOL_UPNP };

static const char *const protocol_names[] = {NULL, "NAT-PMP", "PCP", "UPnP"};

/* What is held at a router. */
struct mapping {
    enum protocol protocol; /* NONE: nothing */
    struct in_addr gateway;
    uint16_t external_port;
    uint64_t until_ms; /* on the loop's clock */
};

struct kith_portmap {
    struct kith_portmap_config config;
    uv_loop_t *loop;
    struct kith_portmap_view view;
    uv_timer_t timer;           /* the next round; closing: the end of patience */
    struct kith_natpmp *natpmp; /* the exchange that runs; or NULL */
    struct kith_pcp *pcp;       /* the same by PCP */
    struct kith_pcp_nonce nonce;
    struct kith_upnp *upnp; /* NULL once it is closed */
    struct mapping mapping;

    struct kith_portmap_wish wish; /* of the round that runs, or ran last */
    bool is_asking;                /* a round runs */
    bool is_stale;                 /* and another is to follow at once */
    const char *denied;            /* NAT-PMP's or PCP's word in this round; or NULL */
    enum protocol denied_by;
    unsigned failures; /* since the last success */

    bool is_closing;
    unsigned removals; /* that are awaited */
    unsigned parts_open;
    void (*done)(void *ctx);
    void *done_ctx;
};

/* ---- addresses ---- */

static bool is_in(struct in_addr address, uint32_t network, unsigned bits)
{
    return (ntohl(address.s_addr) ^ network) >> (32 - bits) == 0;
}

bool kith_portmap_is_private(struct in_addr address)
{
    return is_in(address, 0x0a000000, 8) || is_in(address, 0xac100000, 12) ||
           is_in(address, 0xc0a80000, 16) || is_in(address, 0x64400000, 10);
}

bool kith_portmap_is_public(struct in_addr address)
{
    return !kith_portmap_is_private(address) && !is_in(address, 0, 8) &&
           !is_in(address, 0x7f000000, 8) && !is_in(address, 0xa9fe0000, 16) &&
           !is_in(address, 0xe0000000, 3);
}

/* ---- what is told ---- */

static bool same_view(const struct kith_portmap_view *a,
                      const struct kith_portmap_view *b)
{
    return a->state == b->state && a->protocol == b->protocol &&
           a->lifetime_s == b->lifetime_s && strcmp(a->router, b->router) == 0 &&
           strcmp(a->why, b->why) == 0 && kith_address_equal(&a->external, &b->external);
}

static void tell(struct kith_portmap *portmap, const struct kith_portmap_view *view)
{
    bool is_same = same_view(&portmap->view, view);
    portmap->view = *view;
    if (!is_same)
        portmap->config.changed(portmap->config.ctx, &portmap->view);
}

static struct kith_portmap_view blank_view(const struct kith_portmap *portmap,
                                           enum kith_portmap_state state)
{
    struct kith_portmap_view view = {.state = state, .port = portmap->config.port};
    if (portmap->wish.gateway.s_addr != 0)
        inet_ntop(AF_INET, &portmap->wish.gateway, view.router, sizeof view.router);
    return view;
}

/* ---- rounds ---- */

static void begin_round(struct kith_portmap *portmap);

static void on_timer(uv_timer_t *timer)
{
    begin_round(timer->data);
}

static void schedule(struct kith_portmap *portmap, uint64_t delay_ms)
{
    portmap->is_asking = false;
    if (portmap->is_stale)
        delay_ms = 0;
    uv_timer_start(&portmap->timer, on_timer, delay_ms, 0);
}

static uint64_t renewal_ms(const struct kith_portmap *portmap, uint32_t lifetime_s)
{
    uint32_t wait_s = lifetime_s / 2;
    if (lifetime_s == 0 || wait_s > KITH_PORTMAP_RENEW_MOST_S)
        wait_s = KITH_PORTMAP_RENEW_MOST_S;
    if (wait_s < KITH_PORTMAP_RENEW_LEAST_S)
        wait_s = KITH_PORTMAP_RENEW_LEAST_S;
    return (uint64_t)wait_s * portmap->config.second_ms;
}

/* Doubled by each failure, a quarter more or less. */
static uint64_t retry_ms(struct kith_portmap *portmap, uint32_t first_s)
{
    uint64_t wait_s = first_s;
    for (unsigned i = 0; i < portmap->failures && wait_s < KITH_PORTMAP_RETRY_MOST_S; i++)
        wait_s *= 2;
    if (wait_s > KITH_PORTMAP_RETRY_MOST_S)
        wait_s = KITH_PORTMAP_RETRY_MOST_S;
    uint64_t wait_ms = wait_s * portmap->config.second_ms;
    portmap->failures++;
    return wait_ms - wait_ms / 4 + kith_rng_below(&portmap->config.rng, wait_ms / 2 + 1);
}

static void succeed(struct kith_portmap *portmap, enum protocol protocol,
                    const struct kith_portmap_answer *answer)
{
    bool is_public = kith_portmap_is_public(answer->external);
    struct kith_portmap_view view =
        blank_view(portmap, is_public ? KITH_PORTMAP_MAPPED : KITH_PORTMAP_BEHIND);
    view.protocol = protocol_names[protocol];
    view.lifetime_s = answer->lifetime_s;
    view.external.port = answer->port;
    inet_ntop(AF_INET, &answer->external, view.external.host, sizeof view.external.host);
    uint32_t held_s =
        answer->lifetime_s != 0 ? answer->lifetime_s : KITH_PORTMAP_LIFETIME_S;
    portmap->mapping = (struct mapping){
        .protocol = protocol,
        .gateway = portmap->wish.gateway,
        .external_port = answer->port,
        .until_ms = uv_now(portmap->loop) + (uint64_t)held_s * portmap->config.second_ms,
    };
    portmap->failures = 0;
    schedule(portmap, renewal_ms(portmap, answer->lifetime_s));
    tell(portmap, &view);
}

/* Is there a mapping that this failure does not touch? */
static bool is_held(const struct kith_portmap *portmap, enum kith_portmap_state state)
{
    return portmap->mapping.protocol != PROTOCOL_NONE && state != KITH_PORTMAP_NEEDLESS &&
           state != KITH_PORTMAP_NO_ROUTER &&
           portmap->mapping.gateway.s_addr == portmap->wish.gateway.s_addr &&
           uv_now(portmap->loop) < portmap->mapping.until_ms;
}

static void fail(struct kith_portmap *portmap, enum kith_portmap_state state,
                 enum protocol protocol, const char *why)
{
    uint64_t wait_ms =
        retry_ms(portmap, state == KITH_PORTMAP_NO_ROUTER ? KITH_PORTMAP_RETRY_ROUTE_S
                                                          : KITH_PORTMAP_RETRY_S);
    if (is_held(portmap, state)) {
        uint64_t left_ms = portmap->mapping.until_ms - uv_now(portmap->loop);
        schedule(portmap, left_ms < wait_ms ? left_ms : wait_ms);
        return;
    }
    struct kith_portmap_view view = blank_view(portmap, state);
    view.protocol = protocol_names[protocol];
    snprintf(view.why, sizeof view.why, "%s", why);
    portmap->mapping.protocol = PROTOCOL_NONE;
    schedule(portmap, wait_ms);
    tell(portmap, &view);
}

/* ---- by UPnP ---- */

static void on_upnp_answered(void *ctx, const struct kith_portmap_answer *answer)
{
    struct kith_portmap *portmap = ctx;
    if (answer->outcome == KITH_PORTMAP_GRANTED)
        succeed(portmap, PROTOCOL_UPNP, answer);
    else if (portmap->denied != NULL) /* the more precise word of the two */
        fail(portmap, KITH_PORTMAP_REFUSED, portmap->denied_by, portmap->denied);
    else if (answer->outcome == KITH_PORTMAP_DENIED)
        fail(portmap, KITH_PORTMAP_REFUSED, PROTOCOL_UPNP, answer->why);
    else
        fail(portmap, KITH_PORTMAP_UNANSWERED, PROTOCOL_NONE, "");
}

static void ask_upnp(struct kith_portmap *portmap)
{
    static const struct kith_portmap_answer silent = {.outcome = KITH_PORTMAP_SILENT};
    if (kith_upnp_ask(portmap->upnp, &portmap->wish) != 0)
        on_upnp_answered(portmap, &silent);
}

/* ---- by NAT-PMP or PCP ---- */

static void part_closed(void *ctx)
{
    struct kith_portmap *portmap = ctx;
    if (--portmap->parts_open > 0 || !portmap->is_closing)
        return;
    void (*done)(void *ctx) = portmap->done;
    void *done_ctx = portmap->done_ctx;
    free(portmap);
    if (done)
        done(done_ctx);
}

static void take_answer(struct kith_portmap *portmap, enum protocol protocol,
                        const struct kith_portmap_answer *answer)
{
    if (answer->outcome == KITH_PORTMAP_GRANTED) {
        succeed(portmap, protocol, answer);
        return;
    }
    if (answer->outcome == KITH_PORTMAP_DENIED) {
        portmap->denied = answer->why;
        portmap->denied_by = protocol;
    }
    ask_upnp(portmap);
}

static void on_pcp_answered(void *ctx, const struct kith_portmap_answer *answer)
{
    struct kith_portmap *portmap = ctx;
    portmap->pcp = NULL;
    take_answer(portmap, PROTOCOL_PCP, answer);
}

static void ask_pcp(struct kith_portmap *portmap)
{
    const struct kith_pcp_handler handler = {
        .answered = on_pcp_answered, .closed = part_closed, .ctx = portmap};
    if (kith_pcp_start(portmap->loop, &portmap->wish, &portmap->nonce, false, &handler,
                       &portmap->pcp) == 0)
        portmap->parts_open++;
    else
        ask_upnp(portmap);
}

static void on_natpmp_answered(void *ctx, const struct kith_portmap_answer *answer)
{
    struct kith_portmap *portmap = ctx;
    portmap->natpmp = NULL;
    if (answer->speaks_pcp)
        ask_pcp(portmap);
    else
        take_answer(portmap, PROTOCOL_NATPMP, answer);
}

static void ask_natpmp(struct kith_portmap *portmap)
{
    const struct kith_natpmp_handler handler = {
        .answered = on_natpmp_answered, .closed = part_closed, .ctx = portmap};
    if (kith_natpmp_start(portmap->loop, &portmap->wish, false, &handler,
                          &portmap->natpmp) == 0)
        portmap->parts_open++;
    else
        ask_upnp(portmap);
}

/* ---- a round ---- */

static void begin_round(struct kith_portmap *portmap)
{
    bool is_renewal = !portmap->is_stale && portmap->failures == 0;
    struct mapping *mapping = &portmap->mapping;
    struct kith_portmap_wish *wish = &portmap->wish;
    portmap->is_asking = true;
    portmap->is_stale = false;
    portmap->denied = NULL;
    wish->gateway.s_addr = 0;
    int error = kith_natpmp_route(portmap->config.gateway, &wish->gateway, &wish->source);
    if (error == KITH_EUNREACHABLE) {
        fail(portmap, KITH_PORTMAP_NO_ROUTER, PROTOCOL_NONE, "");
        return;
    }
    if (error != 0) { /* descriptors are short: nobody could look, the router is there */
        wish->gateway = mapping->gateway;
        fail(portmap, KITH_PORTMAP_UNANSWERED, PROTOCOL_NONE, "");
        return;
    }
    if (!kith_portmap_is_private(wish->source)) {
        fail(portmap, KITH_PORTMAP_NEEDLESS, PROTOCOL_NONE, "");
        return;
    }
    /* The port it granted before, also when that has lapsed: others may know it. */
    bool is_known =
        mapping->external_port != 0 && mapping->gateway.s_addr == wish->gateway.s_addr;
    wish->external_port = is_known ? mapping->external_port : portmap->config.port;
    if (is_renewal && is_known && mapping->protocol == PROTOCOL_UPNP)
        ask_upnp(portmap);
    else if (is_renewal && is_known && mapping->protocol == PROTOCOL_PCP)
        ask_pcp(portmap);
    else
        ask_natpmp(portmap);
}

void kith_portmap_refresh(struct kith_portmap *portmap)
{
    if (portmap->is_closing)
        return;
    portmap->is_stale = true;
    portmap->failures = 0;
    if (!portmap->is_asking)
        uv_timer_start(&portmap->timer, on_timer, 0, 0);
}

const struct kith_portmap_view *kith_portmap_view(const struct kith_portmap *portmap)
{
    return &portmap->view;
}

/* ---- end ---- */

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void end(struct kith_portmap *portmap)
{
    if (portmap->upnp == NULL)
        return;
    if (portmap->natpmp != NULL)
        kith_natpmp_stop(portmap->natpmp);
    if (portmap->pcp != NULL)
        kith_pcp_stop(portmap->pcp);
    portmap->natpmp = NULL;
    portmap->pcp = NULL;
    kith_upnp_close(portmap->upnp);
    portmap->upnp = NULL;
    uv_close((uv_handle_t *)&portmap->timer, on_timer_closed);
}

static void on_patience_over(uv_timer_t *timer)
{
    end(timer->data);
}

static void on_removed(void *ctx)
{
    struct kith_portmap *portmap = ctx;
    if (--portmap->removals == 0)
        end(portmap);
}

static void on_natpmp_removed(void *ctx, const struct kith_portmap_answer *answer)
{
    struct kith_portmap *portmap = ctx;
    portmap->natpmp = NULL;
    on_removed(portmap);
}

static bool remove_natpmp(struct kith_portmap *portmap)
{
    const struct kith_natpmp_handler handler = {
        .answered = on_natpmp_removed, .closed = part_closed, .ctx = portmap};
    struct kith_portmap_wish wish = portmap->wish;
    if (portmap->mapping.protocol == PROTOCOL_NATPMP)
        wish.gateway = portmap->mapping.gateway;
    if (kith_natpmp_start(portmap->loop, &wish, true, &handler, &portmap->natpmp) != 0)
        return false;
    portmap->parts_open++;
    return true;
}

static void on_pcp_removed(void *ctx, const struct kith_portmap_answer *answer)
{
    struct kith_portmap *portmap = ctx;
    portmap->pcp = NULL;
    on_removed(portmap);
}

static bool remove_pcp(struct kith_portmap *portmap)
{
    const struct kith_pcp_handler handler = {
        .answered = on_pcp_removed, .closed = part_closed, .ctx = portmap};
    struct kith_portmap_wish wish = portmap->wish;
    if (portmap->mapping.protocol == PROTOCOL_PCP)
        wish.gateway = portmap->mapping.gateway;
    if (kith_pcp_start(portmap->loop, &wish, &portmap->nonce, true, &handler,
                       &portmap->pcp) != 0)
        return false;
    portmap->parts_open++;
    return true;
}

void kith_portmap_close(struct kith_portmap *portmap, void (*done)(void *ctx), void *ctx)
{
    if (portmap == NULL) {
        if (done)
            done(ctx);
        return;
    }
    portmap->is_closing = true;
    portmap->done = done;
    portmap->done_ctx = ctx;
    bool is_by_natpmp = portmap->mapping.protocol == PROTOCOL_NATPMP;
    if (portmap->natpmp != NULL)
        is_by_natpmp |= kith_natpmp_stop(portmap->natpmp);
    portmap->natpmp = NULL;
    bool is_by_pcp = portmap->mapping.protocol == PROTOCOL_PCP || portmap->pcp != NULL;
    if (portmap->pcp != NULL)
        kith_pcp_stop(portmap->pcp);
    portmap->pcp = NULL;
    uv_timer_start(&portmap->timer, on_patience_over, KITH_PORTMAP_CLOSE_MS, 0);
    portmap->removals += is_by_natpmp && remove_natpmp(portmap);
    portmap->removals += is_by_pcp && remove_pcp(portmap);
    portmap->removals += kith_upnp_remove(portmap->upnp);
    if (portmap->removals == 0)
        end(portmap);
}

/* ---- beginning ---- */

int kith_portmap_new(uv_loop_t *loop, const struct kith_portmap_config *config,
                     struct kith_portmap **out)
{
    if (config->port == 0)
        return KITH_EINVALID;
    struct kith_portmap *portmap = calloc(1, sizeof *portmap);
    if (portmap == NULL)
        return KITH_ENOMEM;
    const struct kith_upnp_handler handler = {.answered = on_upnp_answered,
                                              .removed = on_removed,
                                              .closed = part_closed,
                                              .ctx = portmap};
    int error = kith_upnp_new(loop, &handler, &portmap->upnp);
    if (error != 0) {
        free(portmap);
        return error;
    }
    portmap->loop = loop;
    portmap->config = *config;
    if (portmap->config.second_ms == 0)
        portmap->config.second_ms = SECOND_MS;
    portmap->wish.port = config->port;
    portmap->wish.lifetime_s = KITH_PORTMAP_LIFETIME_S;
    portmap->wish.try_ms = config->try_ms != 0 ? config->try_ms : KITH_NATPMP_TRY_MS;
    portmap->wish.search_ms =
        config->search_ms != 0 ? config->search_ms : KITH_IGD_SEARCH_MS;
    portmap->view = blank_view(portmap, KITH_PORTMAP_ASKING);
    kith_rng_fill(&config->rng, &portmap->nonce, sizeof portmap->nonce);
    portmap->parts_open = 2; /* the timer and UPnP */
    uv_timer_init(loop, &portmap->timer);
    portmap->timer.data = portmap;
    uv_timer_start(&portmap->timer, on_timer, 0, 0);
    *out = portmap;
    return 0;
}
