/* SPDX-License-Identifier: MIT */
#include "link_holder.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/address.h"
#include "base/alloc.h"
#include "core/digest.h"
#include "measure.h"
#include "net/conn.h"
#include "node/network.h"

#define HANDSHAKE_MS 60000
#define SHARED_COUNT 2 /* lobby and direct room */

/* One link is made after the other, so `id` is always that of the one under way. */
struct holder {
    uv_loop_t loop;
    struct kith_conn_env env; /* its identity is that of the link under way */
    struct sockaddr_storage to;
    struct kith_writer frames;
    struct kith_network network;
    struct kith_id id;
    struct kith_id node;
    unsigned wanted;
    unsigned made;
    int ready; /* a byte goes here once all are there */
};

static void send_frames(struct holder *holder, struct kith_conn *conn)
{
    bench_must(!holder->frames.failed, "building a frame");
    kith_conn_send(conn, kith_writer_view(&holder->frames));
    kith_conn_flush(&holder->env);
    kith_writer_clear(&holder->frames);
}

/* ---- one link ---- */

static void send_proof(struct holder *holder, struct kith_conn *conn)
{
    uint8_t exporter[KITH_TLS_EXPORTER_SIZE];
    struct kith_frame_proof proof;
    bench_must(kith_tls_export(&conn->tls, "EXPORTER-kith-net", exporter) == 0,
               "exporting keys");
    kith_digest_proof(holder->network.key, KITH_ROLE_DIALLER, exporter, &holder->id,
                      &holder->node, proof.mac);
    kith_frame_proof_encode(&holder->frames, &proof);
    send_frames(holder, conn);
}

static void send_hello(struct holder *holder, struct kith_conn *conn)
{
    char name[32];
    int size = snprintf(name, sizeof name, "peer %u", holder->made);
    struct kith_frame_hello hello = {.version_min = KITH_PROTO_VERSION,
                                     .version_max = KITH_PROTO_VERSION,
                                     .name = kith_bytes(name, (size_t)size)};
    memcpy(hello.instance, holder->id.bytes, sizeof hello.instance);
    kith_frame_hello_encode(&holder->frames, &hello);
    send_frames(holder, conn);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, KITH_TAG_SIZE);
}

/* Offer both rooms, and hold nothing there. */
static void send_rooms(struct holder *holder, struct kith_conn *conn)
{
    uint8_t exporter[KITH_TLS_EXPORTER_SIZE];
    struct kith_tag tags[SHARED_COUNT];
    struct kith_id rooms[SHARED_COUNT] = {
        kith_digest_open_room(holder->network.key, KITH_LOBBY_NAME),
        kith_digest_direct_room(&holder->id, &holder->node),
    };
    bench_must(kith_tls_export(&conn->tls, "EXPORTER-kith-room", exporter) == 0,
               "exporting keys");
    for (size_t i = 0; i < SHARED_COUNT; i++)
        tags[i] = kith_digest_tag(exporter, KITH_ROLE_DIALLER, &holder->id, &holder->node,
                                  &rooms[i]);
    qsort(tags, SHARED_COUNT, sizeof tags[0], compare_tags);
    kith_frame_rooms_encode(
        &holder->frames,
        &(struct kith_frame_rooms){.count = SHARED_COUNT, .tags = tags[0].bytes});
    for (size_t i = 0; i < SHARED_COUNT; i++)
        kith_frame_vector_encode(&holder->frames, &tags[i], true, NULL, 0);
    send_frames(holder, conn);
}

static void answer(struct holder *holder, struct kith_conn *conn, struct kith_bytes ping)
{
    struct kith_frame_ping token;
    bench_must(kith_frame_ping_decode(ping, &token) == 0, "reading a PING");
    kith_frame_ping_encode(&holder->frames, KITH_FRAME_PONG, &token);
    send_frames(holder, conn);
}

/* ---- what happens ---- */

static void make_next(struct holder *holder);

static void on_connected(struct kith_conn *conn)
{
    (void)conn;
}

static void on_up(struct kith_conn *conn)
{
    struct holder *holder = conn->env->owner;
    holder->node = conn->tls.peer;
    send_proof(holder, conn);
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct holder *holder = conn->env->owner;
    switch (frame.data[0]) {
    case KITH_FRAME_PROOF:
        send_hello(holder, conn);
        break;
    case KITH_FRAME_ROOMS: /* once, for the node joins nothing later: it lives */
        send_rooms(holder, conn);
        make_next(holder);
        break;
    case KITH_FRAME_PING:
        answer(holder, conn, kith_bytes(frame.data + 1, frame.size - 1));
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
    (void)conn;
    fprintf(stderr, "a link of the holder ended: %s\n", kith_error_name(error));
    bench_must(false, "holding a link");
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .up = on_up,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- one after another ---- */

/* Sessions may need their identity as long as they live, so it goes with the process. */
static void make_next(struct holder *holder)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    const struct kith_conn_plan plan = {0};
    struct kith_conn *conn;
    if (holder->made == holder->wanted) {
        bench_must(write(holder->ready, "", 1) == 1, "telling that all links are there");
        return;
    }
    holder->made++;
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(holder->id.bytes, secret, seed);
    bench_must(
        kith_tls_identity_new(seed, &holder->id, "kith/1", &holder->env.identity) == 0 &&
            kith_conn_connect(&holder->env, &holder->to, &plan, &conn) == 0,
        "dialling a node");
}

static void hold(const char *address, unsigned count, int ready)
{
    static struct holder holder;
    struct kith_address at;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    holder.wanted = count;
    holder.ready = ready;
    holder.frames = kith_writer(&kith_alloc_heap);
    holder.network = kith_network_default();
    bench_must(sodium_init() >= 0 && uv_loop_init(&holder.loop) == 0 &&
                   kith_address_parse(kith_bytes(address, strlen(address)), 0, true, &at,
                                      NULL) == 0 &&
                   uv_ip4_addr(at.host, at.port, (struct sockaddr_in *)&holder.to) == 0,
               "a holder of links");
    kith_conn_env_init(&holder.env, &holder.loop, HANDSHAKE_MS, HANDSHAKE_MS);
    holder.env.owner = &holder;
    holder.env.happenings = &happenings;
    holder.env.frame_size_initial = KITH_FRAME_SIZE_MAX;
    make_next(&holder);
    uv_run(&holder.loop, UV_RUN_DEFAULT);
}

pid_t bench_link_holder_start(const struct bench_node *node, unsigned count)
{
    char byte;
    int ready[2];
    bench_must(pipe(ready) == 0, "a pipe");
    fflush(NULL);
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    if (pid == 0) {
        close(ready[0]);
        hold(node->address, count, ready[1]);
        _exit(1);
    }
    close(ready[1]);
    bench_must(read(ready[0], &byte, 1) == 1, "making links");
    close(ready[0]);
    return pid;
}

void bench_link_holder_stop(pid_t holder)
{
    kill(holder, SIGKILL);
    bench_must(waitpid(holder, NULL, 0) == holder, "a holder's end");
}
