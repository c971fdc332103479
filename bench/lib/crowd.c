/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/alloc.h"
#include "kith/error.h"
#include "measure.h"
#include "proto/frame.h"

#define HANDSHAKE_MS 60000
#define QUIET_S      1.0
#define TICK_MS      10
#define REFRESH_S    25 /* each one sends a PING as often by itself */
#define SHARE        32 /* of them in a tick at most */
#define NAME_SIZE    24
#define LISTEN_PORT  4747

/* ---- what they say ---- */

static size_t index_of(const struct kith_conn *conn)
{
    return conn->link - 1;
}

static void send_frames(struct bench_crowd *crowd, struct kith_conn *conn)
{
    bench_must(!crowd->frames.failed, "building a frame");
    kith_conn_send(conn, kith_writer_view(&crowd->frames));
    kith_writer_clear(&crowd->frames);
}

static struct kith_bytes name_of(size_t index, char out[static NAME_SIZE])
{
    return kith_bytes(out, (size_t)snprintf(out, NAME_SIZE, "peer %zu", index));
}

/* Nobody here verifies it, and a tracker cannot: the signature is of zeros. */
static struct kith_bytes record_of(struct kith_writer *w, const struct kith_id *id,
                                   const char *address)
{
    static const uint8_t signature[KITH_SIGNATURE_SIZE];
    uint64_t now_s = (uint64_t)time(NULL);
    kith_signed_addresses_fields(
        w, &(struct kith_signed_addresses){
               .id = *id,
               .counter = now_s * 1000,
               .expiry = now_s + 24 * 60 * 60,
               .address_count = 1,
               .addresses = {kith_bytes(address, strlen(address))}});
    kith_writer_bytes(w, signature, sizeof signature);
    return kith_writer_view(w);
}

static void send_register(struct bench_crowd *crowd, struct kith_conn *conn)
{
    char name[NAME_SIZE];
    size_t index = index_of(conn);
    size_t network = index / crowd->config.network_size;
    const struct kith_id *id = &crowd->members[index].id;
    struct kith_writer records[2] = {kith_writer(&kith_alloc_heap),
                                     kith_writer(&kith_alloc_heap)};
    struct kith_frame_register frame = {
        .version_min = KITH_PROTO_VERSION,
        .version_max = KITH_PROTO_VERSION,
        .name = name_of(index, name),
        .port = LISTEN_PORT,
        .record_public = record_of(&records[0], id, "127.0.0.1:4747"),
        .record_local = record_of(&records[1], id, "192.168.100.100:4747"),
    };
    frame.tag[0] = crowd->config.first_network;
    memcpy(frame.tag + 1, &network, sizeof network);
    kith_frame_register_encode(&crowd->frames, &frame);
    send_frames(crowd, conn);
    kith_writer_deinit(&records[0]);
    kith_writer_deinit(&records[1]);
}

static void send_ping(struct bench_crowd *crowd, struct bench_member *member)
{
    struct kith_frame_ping ping = {.token = 1};
    member->in_flight++;
    kith_frame_ping_encode(&crowd->frames, KITH_FRAME_PING, &ping);
    send_frames(crowd, member->conn);
}

/* ---- what they hear ---- */

static void take_peers(struct bench_crowd *crowd, struct kith_bytes fields)
{
    struct kith_frame_peers peers;
    bench_must(kith_frame_peers_decode(fields, &peers) == 0, "reading PEERS");
    if (peers.token == 0) {
        crowd->told++;
        return;
    }
    crowd->answered = peers.token;
    crowd->candidates = peers.count;
}

static void take_pong(struct bench_crowd *crowd, struct bench_member *member)
{
    crowd->ponged++;
    member->in_flight--;
    if ((size_t)(member - crowd->members) < crowd->refilled &&
        member->in_flight < crowd->refill)
        send_ping(crowd, member);
}

static void on_connected(struct kith_conn *conn)
{
    (void)conn;
}

static void on_up(struct kith_conn *conn)
{
    send_register(conn->env->owner, conn);
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct bench_crowd *crowd = conn->env->owner;
    switch (frame.data[0]) {
    case KITH_FRAME_WELCOME:
        crowd->welcome++;
        crowd->members[index_of(conn)].is_welcome = true;
        break;
    case KITH_FRAME_PEERS:
        take_peers(crowd, kith_bytes(frame.data + 1, frame.size - 1));
        break;
    case KITH_FRAME_PONG:
        take_pong(crowd, &crowd->members[index_of(conn)]);
        break;
    default:
        break;
    }
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
    (void)conn;
    (void)sent;
}

static void on_closed(struct kith_conn *conn, int error)
{
    fprintf(stderr, "peer %zu of the crowd was let go: %s\n", index_of(conn),
            kith_error_name(error));
    bench_must(false, "holding a link");
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .up = on_up,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- life ---- */

static void on_turn(uv_prepare_t *turn)
{
    struct bench_crowd *crowd = turn->data;
    kith_conn_flush(&crowd->env);
}

/* A few each time, so that what is measured meanwhile does not wait for it; more when the
 * loop did not run for a while. */
static void on_tick(uv_timer_t *tick)
{
    struct bench_crowd *crowd = tick->data;
    size_t count = crowd->config.count;
    size_t due = (size_t)((bench_now_s() - crowd->begin_s) * (double)count / REFRESH_S);
    for (size_t i = 0; i < SHARE && crowd->next_refreshing < due; i++) {
        struct bench_member *member = &crowd->members[crowd->next_refreshing++ % count];
        if (member->is_welcome)
            send_ping(crowd, member);
    }
}

static void make_identity(struct bench_member *member)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(member->id.bytes, secret, seed);
    bench_must(kith_tls_identity_new(seed, &member->id, KITH_TRACKER_ALPN,
                                     &member->identity) == 0,
               "making a key");
}

void bench_crowd_open(struct bench_crowd *crowd, const struct bench_crowd_config *config)
{
    struct kith_address at;
    *crowd = (struct bench_crowd){.config = *config, .begin_s = bench_now_s()};
    crowd->frames = kith_writer(&kith_alloc_heap);
    crowd->members = calloc(config->count, sizeof *crowd->members);
    bench_must(
        crowd->members && sodium_init() >= 0 && uv_loop_init(&crowd->loop) == 0 &&
            kith_address_parse(kith_bytes(config->address, strlen(config->address)), 0,
                               true, &at, NULL) == 0 &&
            uv_ip4_addr(at.host, at.port, (struct sockaddr_in *)&crowd->to) == 0,
        "a crowd of peers");
    kith_conn_env_init(&crowd->env, &crowd->loop, HANDSHAKE_MS, HANDSHAKE_MS);
    crowd->env.owner = crowd;
    crowd->env.happenings = &happenings;
    crowd->env.frame_size_initial = KITH_FRAME_SIZE_MAX;
    uv_prepare_init(&crowd->loop, &crowd->turn);
    uv_timer_init(&crowd->loop, &crowd->tick);
    crowd->turn.data = crowd->tick.data = crowd;
    uv_prepare_start(&crowd->turn, on_turn);
    uv_timer_start(&crowd->tick, on_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < config->count; i++)
        make_identity(&crowd->members[i]);
}

static void dial_next(struct bench_crowd *crowd)
{
    const struct kith_conn_plan plan = {0};
    struct bench_member *member = &crowd->members[crowd->dialled++];
    crowd->env.identity = member->identity;
    bench_must(kith_conn_connect(&crowd->env, &crowd->to, &plan, &member->conn) == 0,
               "dialling a tracker");
    member->conn->link = (uint32_t)crowd->dialled; /* here: its place, from 1 */
}

void bench_crowd_arrive(struct bench_crowd *crowd)
{
    while (crowd->welcome < crowd->config.count) {
        while (crowd->dialled < crowd->config.count &&
               crowd->dialled - crowd->welcome < BENCH_CROWD_DIALLING_MAX)
            dial_next(crowd);
        uv_run(&crowd->loop, UV_RUN_ONCE);
    }
}

void bench_crowd_settle(struct bench_crowd *crowd)
{
    uint64_t told = crowd->told;
    double since_s = bench_now_s();
    while (bench_now_s() - since_s < QUIET_S) {
        uv_run(&crowd->loop, UV_RUN_ONCE);
        if (crowd->told == told)
            continue;
        told = crowd->told;
        since_s = bench_now_s();
    }
}

/* ---- refreshing ---- */

static void await_pongs(struct bench_crowd *crowd, size_t links)
{
    for (size_t i = 0; i < links; i++)
        while (crowd->members[i].in_flight > 0)
            uv_run(&crowd->loop, UV_RUN_ONCE);
}

uint64_t bench_crowd_refresh(struct bench_crowd *crowd, size_t links, unsigned in_flight,
                             double seconds)
{
    uint64_t before = crowd->ponged;
    double end_s = bench_now_s() + seconds;
    crowd->refill = in_flight;
    crowd->refilled = links;
    for (size_t i = 0; i < links; i++)
        while (crowd->members[i].in_flight < in_flight)
            send_ping(crowd, &crowd->members[i]);
    while (bench_now_s() < end_s)
        uv_run(&crowd->loop, UV_RUN_ONCE);
    uint64_t answered = crowd->ponged - before;
    crowd->refilled = 0;
    await_pongs(crowd, links);
    return answered;
}

static bool is_told(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

static void on_pace(uv_timer_t *tick)
{
    (void)tick; /* it wakes the loop */
}

double bench_crowd_pace(struct bench_crowd *crowd, double per_s, int until)
{
    double begin_s = bench_now_s(), spent_s;
    uint64_t before = crowd->ponged, due = 0, sent = 0;
    uv_timer_start(&crowd->tick, on_pace, 1, 1);
    while (!is_told(until)) {
        due = (uint64_t)((bench_now_s() - begin_s) * per_s);
        for (; sent < due; sent++) {
            struct bench_member *member = &crowd->members[sent % crowd->config.count];
            if (member->in_flight == 0)
                send_ping(crowd, member);
        }
        uv_run(&crowd->loop, UV_RUN_ONCE);
    }
    spent_s = bench_now_s() - begin_s;
    return (double)(crowd->ponged - before) / spent_s;
}

/* ---- looking up ---- */

static void send_lookup(struct bench_crowd *crowd, size_t from, enum kith_lookup_by by,
                        uint64_t token)
{
    char name[NAME_SIZE];
    size_t size = crowd->config.network_size;
    size_t first = from - from % size;
    size_t whom = first + (from - first + 1 + token % (size - 1)) % size;
    whom = whom < crowd->config.count ? whom : first;
    struct kith_frame_lookup frame = {.token = token, .by = (uint8_t)by};
    frame.value = by == KITH_LOOKUP_ID
                      ? kith_bytes(crowd->members[whom].id.bytes, KITH_ID_SIZE)
                      : name_of(whom, name);
    kith_frame_lookup_encode(&crowd->frames, &frame);
    send_frames(crowd, crowd->members[from].conn);
}

void bench_crowd_look_up(struct bench_crowd *crowd, enum kith_lookup_by by,
                         unsigned every_us, double *out_us, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        usleep(every_us);
        double begin_s = bench_now_s();
        uint64_t token = crowd->answered + 1;
        send_lookup(crowd, crowd->next_asking++ % crowd->config.count, by, token);
        kith_conn_flush(&crowd->env);
        while (crowd->answered != token)
            uv_run(&crowd->loop, UV_RUN_ONCE);
        out_us[i] = (bench_now_s() - begin_s) * 1e6;
        bench_must(crowd->candidates == 1, "finding one peer");
    }
}
