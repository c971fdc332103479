/* SPDX-License-Identifier: MIT */
#include "net/portmap_pcp.h"
#include <stdlib.h>
#include <string.h>
#include "base/reader.h"
#include "kith/error.h"
#include "net/error.h"
#include "net/portmap_natpmp.h"

#define VERSION      2
#define OPCODE_MAP   1
#define IS_RESPONSE  0x80
#define PROTOCOL_TCP 6

/* 7.4 */
enum {
    RESULT_SUCCESS = 0,
    RESULT_NOT_AUTHORIZED = 2,
    RESULT_NETWORK_FAILURE = 7,
    RESULT_NO_RESOURCES = 8,
    RESULT_USER_EX_QUOTA = 10,
};

struct kith_pcp {
    uv_udp_t udp;     /* connected to the router */
    uv_timer_t timer; /* until the next try */
    struct kith_portmap_wish wish;
    struct kith_pcp_nonce nonce;
    bool is_removal;
    unsigned tries;
    char in[KITH_PCP_SIZE_MAX];
    struct kith_pcp_handler handler;
    unsigned handles_open;
};

/* ---- bytes ---- */

static const uint8_t mapped_ipv4[12] = {[10] = 0xff, [11] = 0xff};

static void store_u16(uint8_t out[static 2], uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void store_u32(uint8_t out[static 4], uint32_t value)
{
    store_u16(out, (uint16_t)(value >> 16));
    store_u16(out + 2, (uint16_t)value);
}

static void store_ipv4(uint8_t out[static 16], struct in_addr address)
{
    memcpy(out, mapped_ipv4, sizeof mapped_ipv4);
    memcpy(out + sizeof mapped_ipv4, &address, sizeof address);
}

void kith_pcp_encode(const struct kith_portmap_wish *wish,
                     const struct kith_pcp_nonce *nonce, bool is_removal,
                     uint8_t out[static KITH_PCP_MAP_SIZE])
{
    memset(out, 0, KITH_PCP_MAP_SIZE);
    out[0] = VERSION;
    out[1] = OPCODE_MAP;
    store_u32(out + 4, is_removal ? 0 : wish->lifetime_s);
    store_ipv4(out + 8, wish->source);
    memcpy(out + 24, nonce->bytes, sizeof nonce->bytes);
    out[36] = PROTOCOL_TCP;
    store_u16(out + 40, wish->port);
    store_u16(out + 42, is_removal ? 0 : wish->external_port);
    store_ipv4(out + 44, (struct in_addr){0}); /* any */
}

static const char *why_not(uint8_t result)
{
    switch (result) {
    case RESULT_NOT_AUTHORIZED:
        return "port mapping is not allowed there for this machine";
    case RESULT_NETWORK_FAILURE:
        return "it has no public address itself";
    case RESULT_NO_RESOURCES:
    case RESULT_USER_EX_QUOTA:
        return "it has no mapping left to give";
    default:
        return "it answers with an error";
    }
}

struct response {
    uint8_t version, opcode, result;
    uint32_t lifetime_s;
    struct kith_pcp_nonce nonce;
    uint8_t protocol;
    uint16_t port, external_port;
    uint8_t external[16];
};

/* 7.2 and 11.1; options may follow. */
static bool read_response(struct kith_bytes datagram, struct response *out)
{
    struct kith_reader r = kith_reader(datagram);
    out->version = kith_reader_u8(&r);
    out->opcode = kith_reader_u8(&r);
    kith_reader_u8(&r);
    out->result = kith_reader_u8(&r);
    out->lifetime_s = kith_reader_u32(&r);
    kith_reader_bytes(&r, 4 + 12); /* the time of its start, and nothing */
    kith_reader_copy(&r, out->nonce.bytes, sizeof out->nonce.bytes);
    out->protocol = kith_reader_u8(&r);
    kith_reader_bytes(&r, 3);
    out->port = kith_reader_u16(&r);
    out->external_port = kith_reader_u16(&r);
    kith_reader_copy(&r, out->external, sizeof out->external);
    return !r.failed && datagram.size <= KITH_PCP_SIZE_MAX;
}

bool kith_pcp_decode(struct kith_bytes datagram, const struct kith_portmap_wish *wish,
                     const struct kith_pcp_nonce *nonce, bool is_removal,
                     struct kith_portmap_answer *out)
{
    struct response response;
    if (!read_response(datagram, &response) || response.version != VERSION ||
        response.opcode != (IS_RESPONSE | OPCODE_MAP) ||
        response.protocol != PROTOCOL_TCP || response.port != wish->port ||
        memcmp(&response.nonce, nonce, sizeof response.nonce) != 0)
        return false;
    if (response.result != RESULT_SUCCESS) {
        *out = (struct kith_portmap_answer){.outcome = KITH_PORTMAP_DENIED,
                                            .why = why_not(response.result)};
        return true;
    }
    bool is_usable = response.lifetime_s != 0 && response.external_port != 0 &&
                     memcmp(response.external, mapped_ipv4, sizeof mapped_ipv4) == 0;
    if (!is_removal && !is_usable)
        return false;
    *out = (struct kith_portmap_answer){.outcome = KITH_PORTMAP_GRANTED,
                                        .port = response.external_port,
                                        .lifetime_s = response.lifetime_s};
    memcpy(&out->external, response.external + sizeof mapped_ipv4, sizeof out->external);
    return true;
}

/* ---- end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct kith_pcp *pcp = handle->data;
    if (--pcp->handles_open > 0)
        return;
    struct kith_pcp_handler handler = pcp->handler;
    free(pcp);
    handler.closed(handler.ctx);
}

void kith_pcp_stop(struct kith_pcp *pcp)
{
    uv_close((uv_handle_t *)&pcp->udp, on_handle_closed);
    uv_close((uv_handle_t *)&pcp->timer, on_handle_closed);
}

/* `pcp` lives on until the loop has closed its handles. */
static void end(struct kith_pcp *pcp, const struct kith_portmap_answer *answer)
{
    kith_pcp_stop(pcp);
    pcp->handler.answered(pcp->handler.ctx, answer);
}

static void end_silent(struct kith_pcp *pcp)
{
    end(pcp, &(struct kith_portmap_answer){.outcome = KITH_PORTMAP_SILENT});
}

/* ---- exchange ---- */

static void on_timer(uv_timer_t *timer)
{
    struct kith_pcp *pcp = timer->data;
    uint8_t request[KITH_PCP_MAP_SIZE];
    kith_pcp_encode(&pcp->wish, &pcp->nonce, pcp->is_removal, request);
    uv_buf_t buffer = uv_buf_init((char *)request, sizeof request);
    if (pcp->tries == KITH_NATPMP_TRIES ||
        uv_udp_try_send(&pcp->udp, &buffer, 1, NULL) < 0) {
        end_silent(pcp);
        return;
    }
    uv_timer_start(timer, on_timer, (uint64_t)pcp->wish.try_ms << pcp->tries, 0);
    pcp->tries++;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct kith_pcp *pcp = handle->data;
    *buffer = uv_buf_init(pcp->in, sizeof pcp->in);
}

static void on_received(uv_udp_t *udp, ssize_t size, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    struct kith_pcp *pcp = udp->data;
    struct kith_portmap_answer answer;
    if (uv_is_closing((uv_handle_t *)udp))
        return;
    if (size < 0) /* the port is closed */
        end_silent(pcp);
    else if (from != NULL &&
             kith_pcp_decode(kith_bytes(buffer->base, (size_t)size), &pcp->wish,
                             &pcp->nonce, pcp->is_removal, &answer))
        end(pcp, &answer);
}

static int open_socket(struct kith_pcp *pcp)
{
    const struct sockaddr_in router = {.sin_family = AF_INET,
                                       .sin_port = htons(KITH_PCP_PORT),
                                       .sin_addr = pcp->wish.gateway};
    int error = uv_udp_connect(&pcp->udp, (const struct sockaddr *)&router);
    if (error == 0)
        error = uv_udp_recv_start(&pcp->udp, on_alloc, on_received);
    return kith_net_error(error);
}

static void on_never_opened(uv_handle_t *handle)
{
    free(handle->data);
}

int kith_pcp_start(uv_loop_t *loop, const struct kith_portmap_wish *wish,
                   const struct kith_pcp_nonce *nonce, bool is_removal,
                   const struct kith_pcp_handler *handler, struct kith_pcp **out)
{
    struct kith_pcp *pcp = calloc(1, sizeof *pcp);
    if (pcp == NULL)
        return KITH_ENOMEM;
    pcp->wish = *wish;
    pcp->nonce = *nonce;
    pcp->is_removal = is_removal;
    pcp->handler = *handler;
    pcp->handles_open = 2;
    uv_udp_init(loop, &pcp->udp);
    pcp->udp.data = pcp;
    int error = open_socket(pcp);
    if (error != 0) {
        uv_close((uv_handle_t *)&pcp->udp, on_never_opened);
        return error;
    }
    uv_timer_init(loop, &pcp->timer);
    pcp->timer.data = pcp;
    uv_timer_start(&pcp->timer, on_timer, 0, 0); /* so that it answers later */
    *out = pcp;
    return 0;
}
