/* SPDX-License-Identifier: MIT */
#include "fake_natpmp.h"

#include <arpa/inet.h>

#include "lib/unit.h"

#define PORT 5351

static void answer(struct fake_natpmp *fake, const struct sockaddr *to, const void *bytes,
                   size_t size)
{
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)size);
    assert_int_equal(uv_udp_try_send(&fake->udp, &buffer, 1, to), (int)size);
}

static void put16(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

static void put32(uint8_t *out, uint32_t value)
{
    put16(out, (uint16_t)(value >> 16));
    put16(out + 2, (uint16_t)value);
}

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

/* All of it is passed over: nothing, too short a success, an unknown operation, the
 * answer to a question about UDP, and what was asked by another for another port. */
static void make_noise(struct fake_natpmp *fake, const struct sockaddr *to)
{
    static const uint8_t success[16] = {0, 130, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 9, 9};
    static const uint8_t unknown[16] = {0, 77, 0, 0, 1};
    static const uint8_t udp[16] = {0, 129, 0, 0, 0, 0, 0, 1, 0, 1, 2, 2, 0, 0, 9, 9};
    static const uint8_t address[11] = {0, 128};
    for (size_t size = 0; size < sizeof success; size++)
        answer(fake, to, success, size);
    answer(fake, to, address, sizeof address);
    answer(fake, to, unknown, sizeof unknown);
    answer(fake, to, udp, sizeof udp);
    answer(fake, to, success, sizeof success);
}

static void answer_address(struct fake_natpmp *fake, const struct sockaddr *to)
{
    uint8_t bytes[12] = {0, 128};
    put32(bytes + 4, ++fake->epoch);
    inet_pton(AF_INET, fake->external, bytes + 8);
    answer(fake, to, bytes, sizeof bytes);
}

static void take_mapping(struct fake_natpmp *fake, const uint8_t *request)
{
    fake->inner_port = get16(request + 4);
    fake->wished_port = get16(request + 6);
    fake->wished_s = get32(request + 8);
    if (fake->wished_s == 0) {
        fake->removals++;
        fake->held_port = 0;
        return;
    }
    fake->mappings++;
    fake->mapped_at = uv_now(fake->udp.loop);
    if (fake->result == 0 && !fake->holds_back)
        fake->held_port = fake->port != 0 ? fake->port : fake->wished_port;
}

static void answer_mapping(struct fake_natpmp *fake, const struct sockaddr *to,
                           const uint8_t *request)
{
    uint8_t bytes[16] = {0, 130};
    take_mapping(fake, request);
    if (fake->holds_back)
        return;
    put16(bytes + 2, fake->result);
    put32(bytes + 4, ++fake->epoch);
    put16(bytes + 8, fake->inner_port);
    put16(bytes + 10, fake->grants_port_0 ? 0 : fake->held_port);
    put32(bytes + 12, fake->wished_s == 0 ? 0 : fake->lifetime_s);
    answer(fake, to, bytes, sizeof bytes);
}

/* ---- PCP ---- */

static void answer_version(struct fake_natpmp *fake, const struct sockaddr *to)
{
    const uint8_t bytes[24] = {2, 0x80, 0, 1};
    answer(fake, to, bytes, sizeof bytes);
}

static bool is_owner(const struct fake_natpmp *fake, const uint8_t *request)
{
    return fake->held_port == 0 || memcmp(request + 24, fake->nonce, 12) == 0;
}

static void take_map(struct fake_natpmp *fake, const uint8_t *request)
{
    bool is_removal = get32(request + 4) == 0;
    fake->inner_port = get16(request + 40);
    fake->wished_port = get16(request + 42);
    fake->wished_s = get32(request + 4);
    fake->mapped_at = uv_now(fake->udp.loop);
    fake->mappings += !is_removal;
    fake->removals += is_removal;
    if (fake->result != 0 || !is_owner(fake, request))
        return;
    fake->held_port = is_removal ? 0 : fake->port != 0 ? fake->port : fake->wished_port;
    memcpy(fake->nonce, request + 24, 12);
}

static void answer_map(struct fake_natpmp *fake, const struct sockaddr *to,
                       const uint8_t *request)
{
    uint8_t bytes[60] = {2, 0x81};
    bool is_own = is_owner(fake, request);
    take_map(fake, request);
    bytes[3] = is_own ? (uint8_t)fake->result : 2;
    put32(bytes + 4, fake->wished_s == 0 ? 0 : fake->lifetime_s);
    put32(bytes + 8, ++fake->epoch);
    memcpy(bytes + 24, request + 24, 16 + 2);
    put16(bytes + 42, fake->held_port);
    bytes[54] = bytes[55] = 0xff;
    inet_pton(AF_INET, fake->external, bytes + 56);
    answer(fake, to, bytes, sizeof bytes);
}

static void take_pcp(struct fake_natpmp *fake, const struct sockaddr *from,
                     const uint8_t *request, ssize_t size)
{
    if (size < 24 || request[0] != 2)
        answer_version(fake, from);
    else if (size == 60 && request[1] == 1)
        answer_map(fake, from, request);
    else
        fail_msg("a request of %zd bytes by PCP", size);
}

static void on_received(uv_udp_t *udp, ssize_t size, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    struct fake_natpmp *fake = udp->data;
    const uint8_t *request = (const uint8_t *)buffer->base;
    if (from == NULL)
        return;
    fake->requests++;
    if (fake->is_silent)
        return;
    if (fake->is_noisy)
        make_noise(fake, from);
    if (fake->is_pcp_only)
        take_pcp(fake, from, request, size);
    else if (size == 2 && request[1] == 0)
        answer_address(fake, from);
    else if (size == 12 && request[1] == 2)
        answer_mapping(fake, from, request);
    else
        fail_msg("a request of %zd bytes", size);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[64];
    *buffer = uv_buf_init(bytes, sizeof bytes);
}

void fake_natpmp_start(struct fake_natpmp *fake, uv_loop_t *loop)
{
    struct sockaddr_in own;
    *fake = (struct fake_natpmp){.external = "203.0.113.7", .lifetime_s = 3600};
    uv_ip4_addr(FAKE_ROUTER, PORT, &own);
    uv_udp_init(loop, &fake->udp);
    fake->udp.data = fake;
    assert_int_equal(uv_udp_bind(&fake->udp, (struct sockaddr *)&own, 0), 0);
    assert_int_equal(uv_udp_recv_start(&fake->udp, on_alloc, on_received), 0);
}

void fake_natpmp_restart(struct fake_natpmp *fake)
{
    fake->held_port = 0;
    fake->epoch = 0;
}

void fake_natpmp_stop(struct fake_natpmp *fake)
{
    uv_close((uv_handle_t *)&fake->udp, NULL);
}
