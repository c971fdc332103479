/* SPDX-License-Identifier: MIT */
/* A peer without manners: the TLS of a real one, and on it whatever it is told to say.
 *
 *     badpeer dial|listen ADDR:PORT [SEED [ALPN]]     SEED: 64 hexadecimal digits
 *
 * Reads orders from stdin, a line each, and ends at its end:
 *     send HEX          these bytes, as they are
 *     flood COUNT HEX   the same, COUNT times
 *     pour HEX          the same without end, as fast as it is taken
 *     chain ROOM HEX    as pour, of a RUN of one event: each is the next of its log,
 * signed poured            answered by `poured BYTES`, of what left since then stop no
 * more of it; answered so too sign HEX          answered by `signature HEX` rekey COUNT
 * ask for new keys of both sides, COUNT times pause | resume    stop and go on reading
 *     close
 * Prints what happens, a line each, but no frames while it pours:
 *     self ID   listening ADDR:PORT   up PEER EXPORTER_NET EXPORTER_ROOM   frame HEX
 *     down ERROR   signature HEX   poured BYTES */
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/address.h"
#include "kith/error.h"
#include "net/conn.h"
#include "net/conn_begin.h"

#define ORDER_SIZE_MAX (4 * 1024 * 1024) /* two of the longest frames, in hexadecimal */
#define READ_SIZE      65536
#define FRAME_SIZE_MAX (1024 * 1024)
#define HANDSHAKE_MS   30000
#define LINGER_MS      100
#define POUR_SIZE      (256 * 1024) /* in a turn of the loop */

/* A RUN of one event, from its u8 version on (PROTOCOL, "Runs"). */
enum {
    RUN_AT = 4 + 1 + 16, /* in the frame: length, type, tag */
    RUN_AUTHOR = 1,
    RUN_SEQ = 50,
    RUN_PREV = 58,
    RUN_SIGNATURE = 90,
    RUN_OWN = 157,
    RUN_HLC = RUN_OWN,
    RUN_BODY_HASH = RUN_OWN + 16,
    RUN_OWN_SIZE = 48,
    RUN_CONTENT = RUN_OWN + RUN_OWN_SIZE + 1,
    RUN_DIGITS = 8, /* the end of the text */
    HASH_SIZE = 32,
};

/* On conn, not on net, which sends nothing but whole frames. */
struct badpeer {
    uv_loop_t loop;
    uv_pipe_t orders;
    uv_poll_t listening;
    int listener; /* -1: none */
    struct kith_conn_env env;
    struct kith_conn *conn; /* NULL: none */
    struct kith_id id;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uv_prepare_t prepare;
    uv_idle_t idle;   /* there is more to pour, and it is taken */
    uint8_t *pouring; /* owned; NULL: nothing */
    size_t pouring_size, poured;
    bool is_chain;
    uint8_t room[HASH_SIZE];
    char *line; /* owned; the order being read */
    size_t line_size;
    char read[READ_SIZE];
};

/* ---- what happens ---- */

static void print_hex(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
}

static void print_line(const char *word, const void *data, size_t size)
{
    printf("%s ", word);
    print_hex(data, size);
    printf("\n");
    fflush(stdout);
}

static void print_word(const char *word, const char *detail)
{
    printf("%s %s\n", word, detail);
    fflush(stdout);
}

static void print_exporter(struct kith_conn *conn, const char *label)
{
    uint8_t secret[KITH_TLS_EXPORTER_SIZE] = {0};
    kith_tls_export(&conn->tls, label, secret);
    printf(" ");
    print_hex(secret, sizeof secret);
}

static void on_connected(struct kith_conn *conn)
{
}

static void on_up(struct kith_conn *conn)
{
    struct badpeer *bad = conn->env->owner;
    bad->conn = conn;
    printf("up ");
    print_hex(conn->tls.peer.bytes, sizeof conn->tls.peer.bytes);
    print_exporter(conn, "EXPORTER-kith-net");
    print_exporter(conn, "EXPORTER-kith-room");
    printf("\n");
    fflush(stdout);
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct badpeer *bad = conn->env->owner;
    if (bad->pouring == NULL)
        print_line("frame", frame.data, frame.size);
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
    struct badpeer *bad = conn->env->owner;
    bad->poured += sent;
}

static void on_closed(struct kith_conn *conn, int error)
{
    struct badpeer *bad = conn->env->owner;
    bad->conn = NULL;
    print_word("down", kith_error_name(error));
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .up = on_up,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- without end ---- */

static void put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get_u64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

/* The id of its event. */
static void identify(const struct badpeer *bad, const uint8_t *run, uint8_t *out)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    crypto_generichash_update(&state, (const uint8_t[]){1}, 1);
    crypto_generichash_update(&state, bad->room, HASH_SIZE);
    crypto_generichash_update(&state, run + RUN_AUTHOR, RUN_SIGNATURE - RUN_AUTHOR);
    crypto_generichash_update(&state, run + RUN_OWN, RUN_OWN_SIZE);
    crypto_generichash_final(&state, out, HASH_SIZE);
}

/* The run becomes the next one of its log, a moment later and with another text. */
static void advance(struct badpeer *bad)
{
    uint8_t *run = bad->pouring + RUN_AT, *end = bad->pouring + bad->pouring_size;
    uint8_t message[10 + HASH_SIZE] = "kith run 1", id[HASH_SIZE];
    char digits[RUN_DIGITS + 1];
    identify(bad, run, id);
    memcpy(run + RUN_PREV, id, HASH_SIZE);
    put_u64(run + RUN_SEQ, get_u64(run + RUN_SEQ) + 1);
    put_u64(run + RUN_HLC, get_u64(run + RUN_HLC) + 1);
    snprintf(digits, sizeof digits, "%08u",
             (unsigned)(get_u64(run + RUN_SEQ) % 100000000));
    memcpy(end - RUN_DIGITS, digits, RUN_DIGITS);
    crypto_generichash(run + RUN_BODY_HASH, HASH_SIZE, run + RUN_CONTENT,
                       (size_t)(end - run) - RUN_CONTENT, NULL, 0);
    identify(bad, run, message + 10);
    crypto_sign_detached(run + RUN_SIGNATURE, NULL, message, sizeof message, bad->secret);
}

/* What it does is not to wait. */
static void on_idle(uv_idle_t *idle)
{
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct badpeer *bad = prepare->data;
    uv_idle_stop(&bad->idle);
    for (size_t size = 0; size < POUR_SIZE && bad->pouring != NULL && bad->conn != NULL &&
                          bad->conn->writes == 0;
         size += bad->pouring_size) {
        kith_conn_send(bad->conn, kith_bytes(bad->pouring, bad->pouring_size));
        if (bad->is_chain)
            advance(bad);
    }
    kith_conn_flush(&bad->env);
    if (bad->pouring != NULL && bad->conn != NULL && bad->conn->writes == 0)
        uv_idle_start(&bad->idle, on_idle);
}

static void stop_pouring(struct badpeer *bad)
{
    free(bad->pouring);
    bad->pouring = NULL;
}

static void pour(struct badpeer *bad, const char *hex, bool is_chain)
{
    size_t size_max = strlen(hex) / 2 + 1;
    stop_pouring(bad);
    bad->pouring = malloc(size_max);
    if (bad->pouring == NULL)
        abort();
    sodium_hex2bin(bad->pouring, size_max, hex, strlen(hex), NULL, &bad->pouring_size,
                   NULL);
    bad->is_chain = is_chain;
    bad->poured = 0;
}

/* ---- orders ---- */

static void obey_send(struct badpeer *bad, const char *hex, unsigned long count)
{
    size_t size = 0;
    uint8_t *bytes = malloc(strlen(hex) / 2 + 1);
    if (bytes == NULL)
        abort();
    sodium_hex2bin(bytes, strlen(hex) / 2 + 1, hex, strlen(hex), NULL, &size, NULL);
    for (unsigned long i = 0; i < count && bad->conn != NULL; i++)
        kith_conn_send(bad->conn, kith_bytes(bytes, size));
    free(bytes);
}

static void obey_sign(struct badpeer *bad, const char *hex)
{
    size_t size = 0;
    uint8_t message[256], signature[crypto_sign_BYTES];
    sodium_hex2bin(message, sizeof message, hex, strlen(hex), NULL, &size, NULL);
    crypto_sign_detached(signature, NULL, message, size, bad->secret);
    print_line("signature", signature, sizeof signature);
}

static void obey_rekey(struct badpeer *bad, unsigned long count)
{
    for (unsigned long i = 0; i < count && bad->conn != NULL; i++) {
        gnutls_session_key_update(bad->conn->tls.session, GNUTLS_KU_PEER);
        if (kith_conn_write_out(bad->conn, 0) != 0)
            return;
    }
}

static void obey_chain(struct badpeer *bad, const char *hex)
{
    const char *end;
    sodium_hex2bin(bad->room, sizeof bad->room, hex, 2 * sizeof bad->room, NULL, NULL,
                   &end);
    pour(bad, end + strspn(end, " "), true);
    if (bad->pouring_size < RUN_AT + RUN_CONTENT + RUN_DIGITS)
        abort();
}

static void obey_poured(struct badpeer *bad)
{
    printf("poured %zu\n", bad->poured);
    fflush(stdout);
}

static void obey(struct badpeer *bad, char *order)
{
    char *rest = strchr(order, ' ');
    if (rest != NULL)
        *rest++ = '\0';
    else
        rest = order + strlen(order);
    if (strcmp(order, "send") == 0) {
        obey_send(bad, rest, 1);
    } else if (strcmp(order, "flood") == 0) {
        char *hex;
        unsigned long count = strtoul(rest, &hex, 10);
        obey_send(bad, hex + strspn(hex, " "), count);
    } else if (strcmp(order, "pour") == 0) {
        pour(bad, rest, false);
    } else if (strcmp(order, "chain") == 0) {
        obey_chain(bad, rest);
    } else if (strcmp(order, "poured") == 0) {
        obey_poured(bad);
    } else if (strcmp(order, "stop") == 0) {
        stop_pouring(bad);
        obey_poured(bad);
    } else if (strcmp(order, "sign") == 0) {
        obey_sign(bad, rest);
    } else if (strcmp(order, "rekey") == 0) {
        obey_rekey(bad, strtoul(rest, NULL, 10));
    } else if (bad->conn != NULL && strcmp(order, "close") == 0) {
        kith_conn_close(bad->conn, KITH_ECLOSED);
    } else if (bad->conn != NULL) {
        kith_conn_pause(bad->conn, strcmp(order, "pause") == 0);
    }
}

static void take_orders(struct badpeer *bad, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '\n') {
            if (bad->line_size + 1 < ORDER_SIZE_MAX)
                bad->line[bad->line_size++] = data[i];
            continue;
        }
        bad->line[bad->line_size] = '\0';
        bad->line_size = 0;
        obey(bad, bad->line);
    }
    kith_conn_flush(&bad->env);
}

/* The end of the orders is the end of all: as a process that dies. */
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
    if (size < 0)
        _exit(0);
    take_orders(stream->data, buf->base, (size_t)size);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct badpeer *bad = handle->data;
    *buf = uv_buf_init(bad->read, sizeof bad->read);
}

/* ---- the beginning ---- */

static int open_net(struct badpeer *bad, const char *seed_hex, const char *alpn)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    randombytes_buf(seed, sizeof seed);
    if (seed_hex != NULL)
        sodium_hex2bin(seed, sizeof seed, seed_hex, strlen(seed_hex), NULL, NULL, NULL);
    crypto_sign_seed_keypair(bad->id.bytes, bad->secret, seed);
    kith_conn_env_init(&bad->env, &bad->loop, HANDSHAKE_MS, LINGER_MS);
    bad->env.owner = bad;
    bad->env.happenings = &happenings;
    bad->env.frame_size_initial = FRAME_SIZE_MAX;
    return kith_tls_identity_new(seed, &bad->id, alpn, &bad->env.identity);
}

static void on_listening(uv_poll_t *poll, int status, int events)
{
    struct badpeer *bad = poll->data;
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = accept4(bad->listener, (struct sockaddr *)&from, &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        kith_conn_accept(&bad->env, fd, &from);
}

static int listen_on(struct badpeer *bad, const struct sockaddr_in *where)
{
    struct sockaddr_in bound;
    socklen_t size = sizeof bound;
    char text[64];
    bad->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(bad->listener, (const struct sockaddr *)where, sizeof *where) != 0 ||
        listen(bad->listener, 16) != 0 ||
        getsockname(bad->listener, (struct sockaddr *)&bound, &size) != 0)
        return KITH_EIO;
    uv_ip4_name(&bound, text, sizeof text);
    printf("listening %s:%d\n", text, ntohs(bound.sin_port));
    fflush(stdout);
    uv_poll_init(&bad->loop, &bad->listening, bad->listener);
    bad->listening.data = bad;
    return uv_poll_start(&bad->listening, UV_READABLE, on_listening);
}

static int begin(struct badpeer *bad, const char *verb, const char *where)
{
    struct kith_address address;
    struct sockaddr_storage to = {0};
    int error =
        kith_address_parse(kith_bytes(where, strlen(where)), 0, true, &address, NULL);
    if (error != 0 ||
        uv_ip4_addr(address.host, address.port, (struct sockaddr_in *)&to) != 0)
        return KITH_EADDRESS;
    if (strcmp(verb, "listen") == 0)
        return listen_on(bad, (const struct sockaddr_in *)&to);
    const struct kith_conn_plan plan = {.has_expected = false};
    return kith_conn_connect(&bad->env, &to, &plan, &bad->conn);
}

static void open_orders(struct badpeer *bad)
{
    uv_pipe_init(&bad->loop, &bad->orders, 0);
    bad->orders.data = bad;
    uv_pipe_open(&bad->orders, 0);
    uv_read_start((uv_stream_t *)&bad->orders, on_alloc, on_read);
}

int main(int argc, char **argv)
{
    struct badpeer *bad = calloc(1, sizeof *bad);
    if (argc < 3 || bad == NULL || sodium_init() < 0 ||
        (bad->line = malloc(ORDER_SIZE_MAX)) == NULL)
        return 2;
    signal(SIGPIPE, SIG_IGN); /* who is hung up on goes on */
    uv_loop_init(&bad->loop);
    uv_idle_init(&bad->loop, &bad->idle);
    uv_prepare_init(&bad->loop, &bad->prepare);
    bad->prepare.data = bad;
    uv_prepare_start(&bad->prepare, on_prepare);
    int error = open_net(bad, argc > 3 ? argv[3] : NULL, argc > 4 ? argv[4] : "kith/1");
    if (error == 0) {
        print_line("self", bad->id.bytes, sizeof bad->id.bytes);
        open_orders(bad);
        error = begin(bad, argv[1], argv[2]);
    }
    if (error != 0) {
        fprintf(stderr, "badpeer: %s\n", kith_error_name(error));
        return 1;
    }
    return uv_run(&bad->loop, UV_RUN_DEFAULT);
}
