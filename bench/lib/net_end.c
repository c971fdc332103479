/* SPDX-License-Identifier: MIT */
#include "net_end.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/error.h"
#include "measure.h"

const uint8_t bench_end_seeds[2][32] = {
    {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
     0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
     0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60},
    {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
     0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
     0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb},
};
const struct kith_id bench_end_ids[2] = {
    {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
      0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
      0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}},
    {{0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
      0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
      0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c}},
};

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct bench_end *end = ctx;
    end->link = up->link;
    end->ups++;
    kith_net_limit(end->net, up->link, KITH_NET_FRAME_SIZE_MAX);
}

static void reply(struct bench_end *end, kith_link_no link, struct kith_bytes bytes)
{
    static uint8_t frame[BENCH_END_PREFIX + BENCH_END_PING_SIZE];
    frame[BENCH_END_PREFIX - 1] = (uint8_t)bytes.size;
    memcpy(frame + BENCH_END_PREFIX, bytes.data, bytes.size);
    kith_net_send(end->net, link, kith_bytes(frame, BENCH_END_PREFIX + bytes.size));
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct bench_end *end = ctx;
    end->frames++;
    if (end->is_server && frame.data[0] != BENCH_ASK_NOTHING)
        reply(end, link, kith_bytes(frame.data, BENCH_END_PING_SIZE));
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    struct bench_end *end = ctx;
    end->downs++;
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    bench_must(false, kith_error_text(error));
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
}

static void on_turn(uv_prepare_t *turn)
{
    struct bench_end *end = turn->data;
    kith_net_flush(end->net);
}

void bench_end_open(struct bench_end *end, int who,
                    void (*ticket)(void *ctx, const uint8_t *ticket, int take_fd))
{
    uv_loop_init(&end->loop);
    struct kith_net_config config = {
        .seed = bench_end_seeds[who],
        .id = bench_end_ids[who],
        .alpn = "kith-bench/1",
        .links_max = BENCH_END_LINKS_MAX,
        .frame_size_initial = 4096,
        .handler = {end, on_up, on_frame, on_down, on_dial_failed, on_drained, NULL,
                    ticket},
    };
    bench_must(kith_net_new(&end->loop, &config, &end->net) == 0, "starting");
    uv_prepare_init(&end->loop, &end->turn);
    end->turn.data = end;
    uv_prepare_start(&end->turn, on_turn);
}

pid_t bench_end_serve(struct kith_address *out_at)
{
    int pipes[2];
    bench_must(pipe(pipes) == 0, "a pipe");
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child > 0) {
        close(pipes[1]);
        bench_must(read(pipes[0], out_at, sizeof *out_at) == sizeof *out_at,
                   "the server");
        close(pipes[0]);
        return child;
    }
    static struct bench_end end;
    end.is_server = true;
    bench_end_open(&end, 1, NULL);
    const struct kith_address any = {.host = "127.0.0.1"};
    bench_must(kith_net_listen(end.net, &any, &end.at) == 0, "listening");
    bench_must(write(pipes[1], &end.at, sizeof end.at) == sizeof end.at, "the pipe");
    uv_run(&end.loop, UV_RUN_DEFAULT);
    _exit(0);
}

void bench_end_turn_until(struct bench_end *end, const size_t *value, size_t wanted)
{
    while (*value < wanted)
        uv_run(&end->loop, UV_RUN_ONCE);
}

void bench_end_dial(struct bench_end *end, const struct kith_net_target *target)
{
    size_t before = end->ups;
    bench_must(kith_net_dial(end->net, 1, target) == 0, "dialling");
    bench_end_turn_until(end, &end->ups, before + 1);
}

void bench_end_link(struct bench_end *end, const struct kith_address *at)
{
    bench_end_dial(end, &(struct kith_net_target){
                            .addresses = at, .count = 1, .expected = &bench_end_ids[1]});
}

pid_t bench_end_serve_dialled(const struct kith_net_target *target)
{
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child > 0)
        return child;
    static struct bench_end end;
    end.is_server = true;
    bench_end_open(&end, 1, NULL);
    bench_end_dial(&end, target);
    uv_run(&end.loop, UV_RUN_DEFAULT);
    _exit(0);
}

void bench_end_fill_frame(uint8_t *frame, size_t size, uint8_t ask)
{
    memset(frame, 'x', BENCH_END_PREFIX + size);
    for (int i = 0; i < BENCH_END_PREFIX; i++)
        frame[i] = (uint8_t)(size >> (24 - 8 * i));
    frame[BENCH_END_PREFIX] = ask;
}

void bench_end_ping(struct bench_end *end, double *out_us, size_t count)
{
    uint8_t frame[BENCH_END_PREFIX + BENCH_END_PING_SIZE];
    bench_end_fill_frame(frame, BENCH_END_PING_SIZE, BENCH_ASK_ECHO);
    for (size_t i = 0; i < count; i++) {
        double begin = bench_now_s();
        size_t before = end->frames;
        kith_net_send(end->net, end->link, kith_bytes(frame, sizeof frame));
        kith_net_flush(end->net);
        bench_end_turn_until(end, &end->frames, before + 1);
        out_us[i] = (bench_now_s() - begin) * 1e6;
    }
}

double bench_end_stream(struct bench_end *end, size_t size, uint64_t bytes)
{
    uint8_t *frame = calloc(1, BENCH_END_PREFIX + size);
    bench_must(frame, "memory");
    bench_end_fill_frame(frame, size, BENCH_ASK_NOTHING);
    double begin = bench_now_s();
    size_t before = end->frames;
    uint64_t count = bytes / (BENCH_END_PREFIX + size);
    for (uint64_t i = 0; i < count;) {
        size_t batch = 0;
        while (batch < BENCH_END_BATCH_SIZE && i < count) {
            i++;
            frame[BENCH_END_PREFIX] = i == count ? BENCH_ASK_ANSWER : BENCH_ASK_NOTHING;
            kith_net_send(end->net, end->link,
                          kith_bytes(frame, BENCH_END_PREFIX + size));
            batch += BENCH_END_PREFIX + size;
        }
        kith_net_flush(end->net);
        while (kith_net_queued(end->net, end->link) > BENCH_END_QUEUE_HIGH)
            uv_run(&end->loop, UV_RUN_ONCE);
    }
    bench_end_turn_until(end, &end->frames, before + 1);
    free(frame);
    return bench_now_s() - begin;
}
