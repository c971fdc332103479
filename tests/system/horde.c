/* SPDX-License-Identifier: MIT */
/* Many peers of one node in one process, each with a key of its own, who come as far as
 * they are told and then say no more, or the same without end.
 *
 *     horde ADDR:PORT COUNT SOURCES STAGE once|again HELLO [FRAMES]
 *
 * COUNT are there at a time. They come from SOURCES addresses of the loopback network in
 * turn. HELLO is their frame, in hexadecimal. The STAGE that each is to reach:
 *     up          TLS is done
 *     proven      the PROOFs went both ways
 *     live        greeted: the node has answered HELLO by what only a live link gets
 * With `again` each that is hung up on comes back at once. With FRAMES who has reached
 * the stage says them over and over, as fast as they are taken. Prints `reached COUNT`
 * when so many have reached the stage, and `begun N reached N ended N poured BYTES` at
 * the end of its input, which ends it. */
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/address.h"
#include "greeting.h"

#define HANDSHAKE_MS  60000
#define LINGER_MS     100
#define FRAME_MAX     (1024 * 1024)
#define HELLO_MAX     512
#define FRAMES_MAX    (64 * 1024)
#define CONNECT_US    100000 /* on loopback: else the backlog is full */
#define WAKE_MS       50
#define DIALLING_MAX  32         /* at a time, in the handshake */
#define FIRST_ADDRESS 0x7f4d0001 /* 127.77.0.1 */

enum stage { UP, PROVEN, LIVE, STAGES };

static const char *const stage_names[STAGES] = {"up", "proven", "live"};

struct member {
    struct kith_conn *conn; /* NULL: none */
    struct kith_tls_identity *identity;
    struct kith_id id;
    bool is_there; /* reached the stage */
    bool is_over;  /* and does not come back */
};

struct horde {
    uv_loop_t loop;
    uv_pipe_t orders;
    uv_prepare_t prepare;
    uv_timer_t timer;
    struct kith_conn_env env;
    struct sockaddr_storage to;
    struct member *members;
    size_t count, sources, dialling, next;
    size_t begun, reached, ended;
    enum stage stage;
    bool comes_again;
    uint8_t hello[HELLO_MAX];
    size_t hello_size;
    uint8_t frames[FRAMES_MAX];
    size_t frames_size, poured;
    char read[64];
};

static struct member *member_of(const struct kith_conn *conn)
{
    struct horde *horde = conn->env->owner;
    return &horde->members[conn->link - 1];
}

/* ---- dialling ---- */

static void make_identity(struct member *member)
{
    uint8_t seed[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(member->id.bytes, secret, seed);
    if (kith_tls_identity_new(seed, &member->id, "kith/1", &member->identity) != 0)
        abort();
}

/* -1: there is no place now, in the node's backlog or among our descriptors. */
static int connect_from(const struct horde *horde, size_t number)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(FIRST_ADDRESS + (uint32_t)(number % horde->sources));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_usec = CONNECT_US};
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
         bind(fd, (const struct sockaddr *)&from, sizeof from) != 0 ||
         connect(fd, (const struct sockaddr *)&horde->to, sizeof(struct sockaddr_in)) !=
             0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The environment is one for all; the key of a connection is the one it has just then. */
static void dial(struct horde *horde, size_t index)
{
    static const struct kith_conn_plan plan = {.is_listener = false};
    struct member *member = &horde->members[index];
    int fd = connect_from(horde, horde->begun);
    if (fd < 0)
        return;
    if (member->identity == NULL)
        make_identity(member);
    horde->env.identity = member->identity;
    if (kith_conn_accept_planned(&horde->env, fd, &horde->to, &plan, &member->conn) != 0)
        abort();
    horde->begun++;
    horde->dialling++;
    member->is_there = false;
    member->conn->link = (uint32_t)index + 1; /* for us: its place, from 1 */
    kith_conn_begin(member->conn);
}

static void dial_more(struct horde *horde)
{
    for (size_t i = 0; i < horde->count && horde->dialling < DIALLING_MAX; i++) {
        size_t index = horde->next++ % horde->count;
        if (horde->members[index].conn == NULL && !horde->members[index].is_over)
            dial(horde, index);
    }
}

/* ---- happenings ---- */

static void reach(struct horde *horde, struct member *member, enum stage stage)
{
    if (horde->stage != stage || member->is_there)
        return;
    member->is_there = true;
    horde->dialling--;
    if (++horde->reached != horde->count)
        return;
    printf("reached %zu\n", horde->reached);
    fflush(stdout);
}

static void on_connected(struct kith_conn *conn)
{
}

static void on_up(struct kith_conn *conn)
{
    struct horde *horde = conn->env->owner;
    if (horde->stage != UP)
        greeting_prove(conn, &member_of(conn)->id);
    reach(horde, member_of(conn), UP);
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct horde *horde = conn->env->owner;
    if (frame.data[0] == GREETING_PROOF) {
        if (horde->stage == LIVE)
            kith_conn_send(conn, kith_bytes(horde->hello, horde->hello_size));
        reach(horde, member_of(conn), PROVEN);
    } else if (frame.data[0] == GREETING_PING) {
        reach(horde, member_of(conn), LIVE);
    }
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
    struct horde *horde = conn->env->owner;
    horde->poured += sent;
}

static void on_closed(struct kith_conn *conn, int error)
{
    struct horde *horde = conn->env->owner;
    struct member *member = member_of(conn);
    member->conn = NULL;
    member->is_over = !horde->comes_again;
    horde->dialling -= !member->is_there;
    horde->ended++;
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .up = on_up,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

/* Whoever's last word was taken says the next one. */
static void pour(struct horde *horde)
{
    for (size_t i = 0; i < horde->count && horde->frames_size > 0; i++) {
        const struct member *member = &horde->members[i];
        if (member->conn != NULL && member->is_there && member->conn->writes == 0)
            kith_conn_send(member->conn, kith_bytes(horde->frames, horde->frames_size));
    }
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct horde *horde = prepare->data;
    dial_more(horde);
    pour(horde);
    kith_conn_flush(&horde->env);
}

/* What could not be dialled is tried again, also when nothing else happens. */
static void on_timer(uv_timer_t *timer)
{
}

/* ---- the end, and the beginning ---- */

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    const struct horde *horde = stream->data;
    if (size >= 0)
        return;
    printf("begun %zu reached %zu ended %zu poured %zu\n", horde->begun, horde->reached,
           horde->ended, horde->poured);
    fflush(stdout);
    _exit(0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct horde *horde = handle->data;
    *buf = uv_buf_init(horde->read, sizeof horde->read);
}

static void begin(struct horde *horde)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    signal(SIGPIPE, SIG_IGN); /* who is hung up on goes on */
    uv_loop_init(&horde->loop);
    kith_conn_env_init(&horde->env, &horde->loop, HANDSHAKE_MS, LINGER_MS);
    horde->env.owner = horde;
    horde->env.happenings = &happenings;
    horde->env.frame_size_initial = FRAME_MAX;
    uv_prepare_init(&horde->loop, &horde->prepare);
    horde->prepare.data = horde;
    uv_prepare_start(&horde->prepare, on_prepare);
    uv_timer_init(&horde->loop, &horde->timer);
    uv_timer_start(&horde->timer, on_timer, WAKE_MS, WAKE_MS);
    uv_pipe_init(&horde->loop, &horde->orders, 0);
    horde->orders.data = horde;
    uv_pipe_open(&horde->orders, 0);
    uv_read_start((uv_stream_t *)&horde->orders, on_alloc, on_read);
}

static bool read_hex(const char *hex, uint8_t *out, size_t size_max, size_t *out_size)
{
    return sodium_hex2bin(out, size_max, hex, strlen(hex), NULL, out_size, NULL) == 0;
}

static bool take_arguments(struct horde *horde, char **words)
{
    struct kith_address address;
    horde->count = strtoul(words[1], NULL, 10);
    horde->sources = strtoul(words[2], NULL, 10);
    while (horde->stage < STAGES && strcmp(stage_names[horde->stage], words[3]) != 0)
        horde->stage++;
    horde->comes_again = strcmp(words[4], "again") == 0;
    horde->members = calloc(horde->count, sizeof *horde->members);
    return kith_address_parse(kith_bytes(words[0], strlen(words[0])), 0, true, &address,
                              NULL) == 0 &&
           uv_ip4_addr(address.host, address.port, (struct sockaddr_in *)&horde->to) ==
               0 &&
           read_hex(words[5], horde->hello, HELLO_MAX, &horde->hello_size) &&
           (words[6] == NULL ||
            read_hex(words[6], horde->frames, FRAMES_MAX, &horde->frames_size)) &&
           horde->members != NULL && horde->sources > 0 && horde->stage < STAGES;
}

int main(int argc, char **argv)
{
    struct horde *horde = calloc(1, sizeof *horde);
    if (argc < 7 || argc > 8 || horde == NULL || sodium_init() < 0 ||
        !take_arguments(horde, argv + 1)) {
        fprintf(stderr, "usage: horde ADDR:PORT COUNT SOURCES STAGE once|again HELLO "
                        "[FRAMES]\n");
        return 2;
    }
    begin(horde);
    return uv_run(&horde->loop, UV_RUN_DEFAULT);
}
