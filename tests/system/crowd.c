/* SPDX-License-Identifier: MIT */
/* Many peers of one tracker in one process, each with a key of its own.
 *
 *     crowd ADDR:PORT COUNT TAG_BYTE
 *
 * All register, some at a time. Prints `settled REGISTERED ENDED MILLISECONDS` once each
 * is welcome or was let go. Then it obeys orders from stdin, a line each, and ends at its
 * end:
 *     ping    each sends PING; `ponged COUNT MILLISECONDS` once all were answered
 *     known   `known MIN MAX MORE`: how many are here as each was told, least and most,
 *             and how many were told that there are more
 *     leave N the first N of those that are registered hang up */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/address.h"
#include "kith/error.h"
#include "net/conn.h"
#include "proto/frame.h"
#include "proto/tracker.h"

#define DIALLING_MAX 32
#define ORDER_SIZE   64
#define HANDSHAKE_MS 30000
#define LINGER_MS    100

struct member {
    struct kith_conn *conn; /* NULL: not yet, or no more */
    struct kith_tls_identity *identity;
    bool is_settled;
    bool is_registered;
    bool has_more;
    long here;
};

struct crowd {
    uv_loop_t loop;
    uv_pipe_t orders;
    uv_prepare_t prepare;
    struct kith_conn_env env;
    struct sockaddr_storage to;
    struct member *members;
    size_t count, dialled, settled, registered, ended, ponged, pinged;
    uint64_t began;
    uint8_t tag;
    char line[ORDER_SIZE];
    size_t line_size;
    char read[ORDER_SIZE];
};

static uint64_t ms_since(const struct crowd *crowd)
{
    return (uv_hrtime() - crowd->began) / 1000000;
}

/* ---- dialling ---- */

static struct member *member_of(const struct kith_conn *conn)
{
    struct crowd *crowd = conn->env->owner;
    return &crowd->members[conn->link - 1];
}

static void make_identity(struct member *member)
{
    struct kith_id id;
    uint8_t seed[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(id.bytes, secret, seed);
    if (kith_tls_identity_new(seed, &id, KITH_TRACKER_ALPN, &member->identity) != 0)
        abort();
}

/* The environment is one for all; the key of a connection is the one it has just then. */
static void dial_more(struct crowd *crowd)
{
    const struct kith_conn_plan plan = {.has_expected = false};
    while (crowd->dialled < crowd->count &&
           crowd->dialled - crowd->settled < DIALLING_MAX) {
        struct member *member = &crowd->members[crowd->dialled++];
        make_identity(member);
        crowd->env.identity = member->identity;
        if (kith_conn_connect(&crowd->env, &crowd->to, &plan, &member->conn) != 0)
            abort();
        member->conn->link = (uint32_t)crowd->dialled; /* for us: its place, from 1 */
    }
}

static void settle(struct crowd *crowd, struct member *member, bool is_registered)
{
    if (member->is_settled)
        return;
    member->is_settled = true;
    member->is_registered = is_registered;
    crowd->settled++;
    crowd->registered += is_registered;
    crowd->ended += !is_registered;
    if (crowd->settled < crowd->count)
        return;
    printf("settled %zu %zu %llu\n", crowd->registered, crowd->ended,
           (unsigned long long)ms_since(crowd));
    fflush(stdout);
}

/* ---- happenings ---- */

static void send_writer(struct kith_conn *conn, struct kith_writer *w)
{
    kith_conn_send(conn, kith_writer_view(w));
    kith_writer_deinit(w);
}

static void on_connected(struct kith_conn *conn)
{
}

static void on_up(struct kith_conn *conn)
{
    struct crowd *crowd = conn->env->owner;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_register frame = {
        .version_min = 1, .version_max = 1, .name = kith_bytes("member", 6)};
    memset(frame.tag, crowd->tag, sizeof frame.tag);
    kith_frame_register_encode(&w, &frame);
    send_writer(conn, &w);
}

static void learn(struct member *member, struct kith_bytes fields)
{
    struct kith_frame_peers peers;
    if (kith_frame_peers_decode(fields, &peers) != 0)
        abort();
    member->has_more = peers.has_more;
    for (size_t i = 0; i < peers.count; i++)
        member->here += peers.peers[i].state == KITH_TRACKED_HERE ? 1 : -1;
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct crowd *crowd = conn->env->owner;
    struct member *member = member_of(conn);
    struct kith_bytes fields = kith_bytes(frame.data + 1, frame.size - 1);
    if (frame.data[0] == KITH_FRAME_WELCOME)
        settle(crowd, member, true);
    else if (frame.data[0] == KITH_FRAME_PEERS)
        learn(member, fields);
    else if (frame.data[0] == KITH_FRAME_PONG && ++crowd->ponged == crowd->pinged) {
        printf("ponged %zu %llu\n", crowd->ponged, (unsigned long long)ms_since(crowd));
        fflush(stdout);
    }
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
}

static void on_closed(struct kith_conn *conn, int error)
{
    struct member *member = member_of(conn);
    member->conn = NULL;
    settle(conn->env->owner, member, false);
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .up = on_up,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

static void on_prepare(uv_prepare_t *prepare)
{
    struct crowd *crowd = prepare->data;
    dial_more(crowd);
    kith_conn_flush(&crowd->env);
}

/* ---- orders ---- */

static void obey_ping(struct crowd *crowd)
{
    crowd->ponged = crowd->pinged = 0;
    crowd->began = uv_hrtime();
    for (size_t i = 0; i < crowd->count; i++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        struct kith_frame_ping ping = {1 + i};
        if (crowd->members[i].conn == NULL)
            continue;
        kith_frame_ping_encode(&w, KITH_FRAME_PING, &ping);
        send_writer(crowd->members[i].conn, &w);
        crowd->pinged++;
    }
}

static void obey_known(const struct crowd *crowd)
{
    long min = 0, max = 0, more = 0;
    bool is_first = true;
    for (size_t i = 0; i < crowd->count; i++) {
        const struct member *member = &crowd->members[i];
        if (member->conn == NULL)
            continue;
        min = is_first || member->here < min ? member->here : min;
        max = member->here > max ? member->here : max;
        more += member->has_more;
        is_first = false;
    }
    printf("known %ld %ld %ld\n", min, max, more);
    fflush(stdout);
}

static void obey(struct crowd *crowd, const char *order)
{
    unsigned long leaving = 0;
    if (strcmp(order, "ping") == 0)
        obey_ping(crowd);
    else if (strcmp(order, "known") == 0)
        obey_known(crowd);
    else if (strncmp(order, "leave ", 6) == 0)
        leaving = strtoul(order + 6, NULL, 10);
    for (size_t i = 0; leaving > 0 && i < crowd->count; i++) {
        if (crowd->members[i].conn == NULL || !crowd->members[i].is_registered)
            continue;
        kith_conn_close(crowd->members[i].conn, KITH_ECLOSED);
        leaving--;
    }
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    struct crowd *crowd = stream->data;
    if (size < 0)
        _exit(0);
    for (ssize_t i = 0; i < size; i++) {
        if (buf->base[i] != '\n') {
            if (crowd->line_size + 1 < ORDER_SIZE)
                crowd->line[crowd->line_size++] = buf->base[i];
            continue;
        }
        crowd->line[crowd->line_size] = '\0';
        crowd->line_size = 0;
        obey(crowd, crowd->line);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct crowd *crowd = handle->data;
    *buf = uv_buf_init(crowd->read, sizeof crowd->read);
}

/* ---- the beginning ---- */

static void begin(struct crowd *crowd)
{
    uv_loop_init(&crowd->loop);
    kith_conn_env_init(&crowd->env, &crowd->loop, HANDSHAKE_MS, LINGER_MS);
    crowd->env.owner = crowd;
    crowd->env.happenings = &happenings;
    crowd->env.frame_size_initial = KITH_FRAME_SIZE_MAX;
    crowd->began = uv_hrtime();
    uv_prepare_init(&crowd->loop, &crowd->prepare);
    crowd->prepare.data = crowd;
    uv_prepare_start(&crowd->prepare, on_prepare);
    uv_pipe_init(&crowd->loop, &crowd->orders, 0);
    crowd->orders.data = crowd;
    uv_pipe_open(&crowd->orders, 0);
    uv_read_start((uv_stream_t *)&crowd->orders, on_alloc, on_read);
}

int main(int argc, char **argv)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    struct kith_address address;
    if (argc != 4 || crowd == NULL || sodium_init() < 0 ||
        kith_address_parse(kith_bytes(argv[1], strlen(argv[1])), 0, false, &address,
                           NULL) != 0 ||
        uv_ip4_addr(address.host, address.port, (struct sockaddr_in *)&crowd->to) != 0)
        return 2;
    crowd->count = strtoul(argv[2], NULL, 10);
    crowd->tag = (uint8_t)strtoul(argv[3], NULL, 10);
    crowd->members = calloc(crowd->count, sizeof *crowd->members);
    if (crowd->members == NULL)
        return 1;
    begin(crowd);
    return uv_run(&crowd->loop, UV_RUN_DEFAULT);
}
