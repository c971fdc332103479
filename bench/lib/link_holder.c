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
#include "shared.h"

#define HANDSHAKE_MS 60000
#define SHARED_COUNT 2 /* lobby and direct room */

struct person {
    struct kith_id id;
    struct kith_tls_identity *identity; /* sessions may need it as long as they live */
};

/* One link is made after the other: the last person made is the one under way. */
struct holder {
    uv_loop_t loop;
    struct kith_conn_env env; /* its identity is that of the link under way */
    struct sockaddr_storage to;
    struct kith_writer frames;
    struct kith_network network;
    struct kith_id node;
    struct kith_run run; /* the last that came */
    struct person *people;
    struct bench_heard *heard;
    unsigned wanted;
    unsigned made;
    int ready; /* a byte goes here once all are there */
};

static const struct kith_id *own_id(const struct holder *holder)
{
    return &holder->people[holder->made - 1].id;
}

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
    kith_digest_proof(holder->network.key, KITH_ROLE_DIALLER, exporter, own_id(holder),
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
    memcpy(hello.instance, own_id(holder)->bytes, sizeof hello.instance);
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
        kith_digest_direct_room(own_id(holder), &holder->node),
    };
    bench_must(kith_tls_export(&conn->tls, "EXPORTER-kith-room", exporter) == 0,
               "exporting keys");
    for (size_t i = 0; i < SHARED_COUNT; i++)
        tags[i] = kith_digest_tag(exporter, KITH_ROLE_DIALLER, own_id(holder),
                                  &holder->node, &rooms[i]);
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

/* `link`, which is the net's, is the place of who has it. */
static void take_run(struct holder *holder, struct kith_conn *conn,
                     struct kith_bytes fields)
{
    struct bench_heard *heard = &holder->heard[conn->link];
    struct kith_frame_run frame;
    bench_must(kith_frame_run_decode(fields, &frame) == 0 &&
                   kith_run_decode(frame.run, &holder->run) == 0,
               "reading a run");
    if (holder->run.log_class != KITH_LOG_CONTENT)
        return;
    heard->bytes += KITH_FRAMING_PREFIX_SIZE + 1 + fields.size;
    heard->messages += holder->run.count;
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
    struct kith_bytes fields = kith_bytes(frame.data + 1, frame.size - 1);
    switch (frame.data[0]) {
    case KITH_FRAME_PROOF:
        send_hello(holder, conn);
        break;
    case KITH_FRAME_ROOMS: /* once, for the node joins nothing later: it lives */
        send_rooms(holder, conn);
        make_next(holder);
        break;
    case KITH_FRAME_PING:
        answer(holder, conn, fields);
        break;
    case KITH_FRAME_RUN:
        take_run(holder, conn, fields);
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

static void make_next(struct holder *holder)
{
    const struct kith_conn_plan plan = {0};
    struct kith_conn *conn;
    if (holder->made == holder->wanted) {
        bench_must(write(holder->ready, "", 1) == 1, "telling that all links are there");
        return;
    }
    holder->env.identity = holder->people[holder->made].identity;
    bench_must(kith_conn_connect(&holder->env, &holder->to, &plan, &conn) == 0,
               "dialling a node");
    conn->link = holder->made++;
}

static void make_people(struct holder *holder)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    holder->people = calloc(holder->wanted, sizeof *holder->people);
    bench_must(holder->people, "memory");
    for (unsigned i = 0; i < holder->wanted; i++) {
        struct person *person = &holder->people[i];
        randombytes_buf(seed, sizeof seed);
        crypto_sign_seed_keypair(person->id.bytes, secret, seed);
        bench_must(
            kith_tls_identity_new(seed, &person->id, "kith/1", &person->identity) == 0,
            "an identity");
    }
}

static void hold(const char *address, struct bench_links *links, int go, int ready)
{
    static struct holder holder;
    struct kith_address at;
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    holder.wanted = links->count;
    holder.heard = links->heard;
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
    make_people(&holder);
    bench_must(write(ready, "", 1) == 1 && read(go, &byte, 1) == 1, "being told to go");
    make_next(&holder);
    uv_run(&holder.loop, UV_RUN_DEFAULT);
}

static void hear_from(struct bench_links *links)
{
    char byte;
    bench_must(read(links->ready, &byte, 1) == 1, "making links");
}

void bench_links_prepare(struct bench_links *links, const struct bench_node *node,
                         unsigned count)
{
    int go[2], ready[2];
    *links = (struct bench_links){.count = count};
    links->heard = bench_shared_new(count * sizeof *links->heard);
    bench_must(pipe(go) == 0 && pipe(ready) == 0, "pipes");
    fflush(NULL);
    links->pid = fork();
    bench_must(links->pid >= 0, "fork");
    if (links->pid == 0) {
        close(go[1]);
        close(ready[0]);
        hold(node->address, links, go[0], ready[1]);
        _exit(1);
    }
    close(go[0]);
    close(ready[1]);
    links->go = go[1];
    links->ready = ready[0];
    hear_from(links);
}

void bench_links_begin(struct bench_links *links)
{
    bench_must(write(links->go, "", 1) == 1, "telling a holder to go");
}

void bench_links_await(struct bench_links *links)
{
    hear_from(links);
}

void bench_links_start(struct bench_links *links, const struct bench_node *node,
                       unsigned count)
{
    bench_links_prepare(links, node, count);
    bench_links_begin(links);
    bench_links_await(links);
}

void bench_links_stop(struct bench_links *links)
{
    kill(links->pid, SIGKILL);
    bench_must(waitpid(links->pid, NULL, 0) == links->pid, "a holder's end");
    close(links->go);
    close(links->ready);
    bench_shared_free(links->heard, links->count * sizeof *links->heard);
}
