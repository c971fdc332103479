/* SPDX-License-Identifier: MIT */
#include "endpoint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/reader.h"
#include "net/sockaddr.h"

const uint8_t seed_alice[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
const struct kith_id id_alice = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                  0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                  0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                  0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};
const uint8_t seed_bob[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda,
                              0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
                              0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24,
                              0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
const struct kith_id id_bob = {{0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a,
                                0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
                                0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c,
                                0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c}};

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct endpoint *endpoint = ctx;
    endpoint->up_count++;
    endpoint->up = *up;
    if (endpoint->limit_up)
        kith_net_limit(endpoint->net, up->link, endpoint->limit_up);
}

static void send_bytes(struct endpoint *from, kith_link_no link, struct kith_bytes bytes)
{
    uint8_t *frame = malloc(bytes.size + KITH_NET_FRAME_PREFIX_SIZE);
    assert_non_null(frame);
    for (int i = 0; i < KITH_NET_FRAME_PREFIX_SIZE; i++)
        frame[i] = (uint8_t)(bytes.size >> (24 - 8 * i));
    memcpy(frame + KITH_NET_FRAME_PREFIX_SIZE, bytes.data, bytes.size);
    kith_net_send(from->net, link,
                  kith_bytes(frame, bytes.size + KITH_NET_FRAME_PREFIX_SIZE));
    free(frame);
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct endpoint *endpoint = ctx;
    endpoint->frame_count++;
    endpoint->frame_bytes += frame.size;
    assert_true(frame.size <= sizeof endpoint->frame);
    memcpy(endpoint->frame, frame.data, frame.size);
    endpoint->frame_size = frame.size;
    if (endpoint->has_echo)
        send_bytes(endpoint, link, frame);
    if (endpoint->close_after == endpoint->frame_count)
        kith_net_close(endpoint->net, link, KITH_EDISCONNECTED);
    assert_memory_equal(endpoint->frame, frame.data, frame.size);
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    struct endpoint *endpoint = ctx;
    endpoint->down_count++;
    endpoint->down_link = link;
    endpoint->down_error = error;
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    struct endpoint *endpoint = ctx;
    endpoint->dial_failed_count++;
    endpoint->dial_failed = dial;
    endpoint->dial_error = error;
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
    struct endpoint *endpoint = ctx;
    endpoint->drained += sent;
}

static void on_stranger(void *ctx, int error)
{
    struct endpoint *endpoint = ctx;
    endpoint->stranger_count++;
    endpoint->stranger_error = error;
}

void endpoint_take_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    struct endpoint *endpoint = ctx;
    endpoint->ticket_count++;
    memcpy(endpoint->ticket, ticket, sizeof endpoint->ticket);
    endpoint->ticket_fd = take_fd;
}

struct endpoint *endpoint_new(uv_loop_t *loop, const uint8_t *seed,
                              const struct kith_id *id,
                              void (*adjust)(struct kith_net_config *config))
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    assert_non_null(endpoint);
    endpoint->limit_up = KITH_NET_FRAME_SIZE_MAX;
    struct kith_net_config config = {
        .seed = seed,
        .id = *id,
        .alpn = ALPN,
        .links_max = 100,
        .frame_size_initial = 4096,
        .handler = {endpoint, on_up, on_frame, on_down, on_dial_failed, on_drained,
                    on_stranger},
    };
    if (adjust)
        adjust(&config);
    assert_int_equal(kith_net_new(loop, &config, &endpoint->net), 0);
    return endpoint;
}

void endpoint_listen(struct endpoint *endpoint, const char *host)
{
    struct kith_address at = {.port = 0};
    snprintf(at.host, sizeof at.host, "%s", host);
    assert_int_equal(kith_net_listen(endpoint->net, &at, &endpoint->at), 0);
    assert_true(endpoint->at.port != 0);
}

int endpoint_dial(struct endpoint *endpoint, uint32_t dial, const struct kith_address *at,
                  const struct kith_id *expected)
{
    return kith_net_dial(
        endpoint->net, dial,
        &(struct kith_net_target){.addresses = at, .count = 1, .expected = expected});
}

static void on_done(void *ctx)
{
    struct endpoint *endpoint = ctx;
    endpoint->is_done = true;
    kith_net_free(endpoint->net);
}

void endpoint_begin_stop(struct endpoint *endpoint)
{
    kith_net_shutdown(endpoint->net, on_done, endpoint);
}

void endpoint_stop(uv_loop_t *loop, struct endpoint *endpoint)
{
    endpoint_begin_stop(endpoint);
    assert_false(endpoint->is_done);
    while (!endpoint->is_done)
        uv_run(loop, UV_RUN_ONCE);
}

void endpoint_free(uv_loop_t *loop, struct endpoint *endpoint)
{
    if (!endpoint->is_done)
        endpoint_stop(loop, endpoint);
    assert_int_equal(endpoint->up_count, endpoint->down_count);
    free(endpoint);
}

static void on_guard(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void flush(struct endpoint *a, struct endpoint *b)
{
    if (a && !a->is_done)
        kith_net_flush(a->net);
    if (b && !b->is_done)
        kith_net_flush(b->net);
}

static void turn(uv_loop_t *loop, struct endpoint *a, struct endpoint *b,
                 const size_t *value, size_t wanted, uint64_t ms, bool *out_late)
{
    uv_timer_t guard;
    uv_timer_init(loop, &guard);
    guard.data = out_late;
    uv_update_time(loop);
    /* Again and again: when it fires at the beginning of a run, the run goes on to wait
     * for whatever comes next, and nothing may. */
    uv_timer_start(&guard, on_guard, ms, ms);
    flush(a, b);
    while (!*out_late && (!value || *value < wanted)) {
        uv_run(loop, UV_RUN_ONCE);
        flush(a, b);
    }
    uv_close((uv_handle_t *)&guard, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    flush(a, b);
}

void turn_until(uv_loop_t *loop, struct endpoint *a, struct endpoint *b,
                const size_t *value, size_t wanted)
{
    bool is_late = false;
    turn(loop, a, b, value, wanted, PATIENCE_MS, &is_late);
    assert_false(is_late);
}

void turn_for(uv_loop_t *loop, struct endpoint *a, struct endpoint *b, uint64_t ms)
{
    bool is_late = false;
    turn(loop, a, b, NULL, 0, ms, &is_late);
}

static uint8_t pattern(size_t index)
{
    return (uint8_t)(index * 31 + (index >> 8) * 7);
}

void send_frame(struct endpoint *from, kith_link_no link, size_t size)
{
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(i);
    send_bytes(from, link, kith_bytes(bytes, size));
    free(bytes);
}

bool is_pattern(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != pattern(i))
            return false;
    return true;
}

int plain_connect(const struct kith_address *at)
{
    struct sockaddr_storage to;
    assert_true(kith_sockaddr_parse(at, &to));
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, kith_sockaddr_size(&to)), 0);
    return fd;
}

bool has_ipv6(void)
{
    struct kith_address address = {.host = "::1"};
    struct sockaddr_storage at;
    assert_true(kith_sockaddr_parse(&address, &at));
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool has =
        fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(struct sockaddr_in6)) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

void loop_close(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}
