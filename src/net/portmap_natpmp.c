/* SPDX-License-Identifier: MIT */
#include "net/portmap_natpmp.h"
#include <errno.h>
#include <fcntl.h>
#include <natpmp.h>
#include <stdlib.h>
#include <unistd.h>
#include "kith/error.h"
#include "net/error.h"

enum step { STEP_ADDRESS, STEP_MAPPING };

struct kith_natpmp {
    natpmp_t session; /* its socket is connected to the router */
    uv_poll_t poll;
    uv_timer_t timer; /* until the next try */
    struct kith_portmap_wish wish;
    bool is_removal;
    enum step step;
    unsigned tries; /* of this step */
    struct in_addr external;
    struct kith_natpmp_handler handler;
    unsigned handles_open;
};

/* ---- the library's session ---- */

/* That there is no default route is an answer of its own only if the system said nothing:
 * the table of routes may not have been read. */
static int session_error(int error)
{
    if (error == NATPMP_ERR_CONNECTERR ||
        (error == NATPMP_ERR_CANNOTGETGATEWAY && errno == 0))
        return KITH_EUNREACHABLE;
    return kith_net_error_errno(errno);
}

/* The library keeps the socket open when it fails half way, and lets children have it. */
static int open_session(natpmp_t *session, struct in_addr gateway)
{
    *session = (natpmp_t){.s = -1};
    errno = 0;
    int error = initnatpmp(session, gateway.s_addr != 0, gateway.s_addr);
    if (error == 0) {
        fcntl(session->s, F_SETFD, FD_CLOEXEC);
        return 0;
    }
    error = session_error(error);
    if (session->s >= 0)
        close(session->s);
    return error;
}

int kith_natpmp_route(struct in_addr wanted, struct in_addr *out_gateway,
                      struct in_addr *out_source)
{
    natpmp_t session;
    int error = open_session(&session, wanted);
    if (error != 0)
        return error;
    struct sockaddr_in own = {0};
    socklen_t size = sizeof own;
    if (getsockname(session.s, (struct sockaddr *)&own, &size) != 0) {
        error = kith_net_error_errno(errno);
    } else {
        out_gateway->s_addr = session.gateway;
        *out_source = own.sin_addr;
    }
    closenatpmp(&session);
    return error;
}

/* ---- end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct kith_natpmp *natpmp = handle->data;
    if (--natpmp->handles_open > 0)
        return;
    struct kith_natpmp_handler handler = natpmp->handler;
    free(natpmp);
    handler.closed(handler.ctx);
}

static void shut(struct kith_natpmp *natpmp)
{
    uv_close((uv_handle_t *)&natpmp->poll, on_handle_closed);
    uv_close((uv_handle_t *)&natpmp->timer, on_handle_closed);
    closenatpmp(&natpmp->session);
}

/* `natpmp` lives on until the loop has closed its handles. */
static void end(struct kith_natpmp *natpmp, const struct kith_portmap_answer *answer)
{
    shut(natpmp);
    natpmp->handler.answered(natpmp->handler.ctx, answer);
}

static void end_silent(struct kith_natpmp *natpmp)
{
    end(natpmp, &(struct kith_portmap_answer){.outcome = KITH_PORTMAP_SILENT});
}

static void end_denied(struct kith_natpmp *natpmp, const char *why)
{
    end(natpmp,
        &(struct kith_portmap_answer){.outcome = KITH_PORTMAP_DENIED, .why = why});
}

bool kith_natpmp_stop(struct kith_natpmp *natpmp)
{
    shut(natpmp);
    return natpmp->step == STEP_MAPPING;
}

/* ---- asking ---- */

static int send_request(struct kith_natpmp *natpmp)
{
    const struct kith_portmap_wish *wish = &natpmp->wish;
    if (natpmp->step == STEP_ADDRESS)
        return sendpublicaddressrequest(&natpmp->session);
    /* RFC 6886, 3.4: to remove it, lifetime and outer port are 0. */
    return sendnewportmappingrequest(&natpmp->session, NATPMP_PROTOCOL_TCP, wish->port,
                                     natpmp->is_removal ? 0 : wish->external_port,
                                     natpmp->is_removal ? 0 : wish->lifetime_s);
}

static void try_once(struct kith_natpmp *natpmp);

static void on_timer(uv_timer_t *timer)
{
    try_once(timer->data);
}

static void try_once(struct kith_natpmp *natpmp)
{
    /* That it cannot be sent is also how a closed port shows. */
    if (natpmp->tries == KITH_NATPMP_TRIES || send_request(natpmp) < 0) {
        end_silent(natpmp);
        return;
    }
    uv_timer_start(&natpmp->timer, on_timer,
                   (uint64_t)natpmp->wish.try_ms << natpmp->tries, 0);
    natpmp->tries++;
}

/* ---- answers ---- */

static void take_mapping(struct kith_natpmp *natpmp, const natpmpresp_t *response)
{
    struct kith_portmap_answer answer = {
        .outcome = KITH_PORTMAP_GRANTED,
        .external = natpmp->external,
        .port = response->pnu.newportmapping.mappedpublicport,
        .lifetime_s = response->pnu.newportmapping.lifetime,
    };
    if (!natpmp->is_removal && (answer.port == 0 || answer.lifetime_s == 0))
        end_denied(natpmp, "its answer makes no sense");
    else
        end(natpmp, &answer);
}

static void take_response(struct kith_natpmp *natpmp, const natpmpresp_t *response)
{
    bool is_address = response->type == NATPMP_RESPTYPE_PUBLICADDRESS;
    if (natpmp->step == STEP_ADDRESS && is_address) {
        natpmp->external = response->pnu.publicaddress.addr;
        natpmp->step = STEP_MAPPING;
        natpmp->tries = 0;
        try_once(natpmp);
    } else if (natpmp->step == STEP_MAPPING &&
               response->type == NATPMP_RESPTYPE_TCPPORTMAPPING &&
               response->pnu.newportmapping.privateport == natpmp->wish.port) {
        take_mapping(natpmp, response);
    } else {
        natpmp->session.has_pending_request = 1; /* an answer to something else */
    }
}

static void take_error(struct kith_natpmp *natpmp, int error)
{
    switch (error) {
    case NATPMP_ERR_NOTAUTHORIZED:
        end_denied(natpmp, "port mapping is turned off there");
        break;
    case NATPMP_ERR_NETWORKFAILURE:
        end_denied(natpmp, "it has no public address itself");
        break;
    case NATPMP_ERR_OUTOFRESOURCES:
        end_denied(natpmp, "it has no mapping left to give");
        break;
    case NATPMP_ERR_UNSUPPORTEDVERSION: /* RFC 6887, appendix A */
        end(natpmp, &(struct kith_portmap_answer){.outcome = KITH_PORTMAP_SILENT,
                                                  .speaks_pcp = true});
        break;
    case NATPMP_ERR_NOGATEWAYSUPPORT: /* the port is closed */
        end_silent(natpmp);
        break;
    default:
        break; /* nothing to read, or nonsense: the answer may still come */
    }
}

/* The library does not look how long a datagram is. Header, then result code, then what
 * is told if that is 0 (RFC 6886, 3.2 and 3.3). */
static bool is_whole(const uint8_t *bytes, ssize_t size)
{
    if (size < 4)
        return size > 0 && bytes[0] != 0; /* of another version it reads no more */
    if (bytes[2] != 0 || bytes[3] != 0)
        return true;
    return size >= (bytes[1] == 128 ? 12 : 16);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct kith_natpmp *natpmp = poll->data;
    uint8_t bytes[16];
    natpmpresp_t response;
    ssize_t size = recv(natpmp->session.s, bytes, sizeof bytes, MSG_PEEK);
    if (size >= 0 && !is_whole(bytes, size)) {
        recv(natpmp->session.s, bytes, sizeof bytes, 0);
        return;
    }
    if (size < 0 && errno == ECONNREFUSED) { /* looking has taken the error away */
        end_silent(natpmp);
        return;
    }
    int error = readnatpmpresponseorretry(&natpmp->session, &response);
    if (error == 0)
        take_response(natpmp, &response);
    else
        take_error(natpmp, error);
}

/* ---- beginning ---- */

int kith_natpmp_start(uv_loop_t *loop, const struct kith_portmap_wish *wish,
                      bool is_removal, const struct kith_natpmp_handler *handler,
                      struct kith_natpmp **out)
{
    struct kith_natpmp *natpmp = calloc(1, sizeof *natpmp);
    if (natpmp == NULL)
        return KITH_ENOMEM;
    int error = open_session(&natpmp->session, wish->gateway);
    if (error == 0 && (error = kith_net_error(
                           uv_poll_init(loop, &natpmp->poll, natpmp->session.s))) != 0)
        closenatpmp(&natpmp->session);
    if (error != 0) {
        free(natpmp);
        return error;
    }
    natpmp->wish = *wish;
    natpmp->is_removal = is_removal;
    natpmp->step = is_removal ? STEP_MAPPING : STEP_ADDRESS;
    natpmp->handler = *handler;
    natpmp->handles_open = 2;
    natpmp->poll.data = natpmp;
    natpmp->timer.data = natpmp;
    uv_timer_init(loop, &natpmp->timer);
    uv_poll_start(&natpmp->poll, UV_READABLE, on_readable);
    uv_timer_start(&natpmp->timer, on_timer, 0, 0); /* so that it answers later */
    *out = natpmp;
    return 0;
}
