/* SPDX-License-Identifier: MIT */
/* A peer without manners: the TLS of a real one, and on it whatever it is told to say.
 *
 *     badpeer dial|listen ADDR:PORT [SEED [ALPN]]     SEED: 64 hexadecimal digits
 *
 * Reads orders from stdin, a line each, and ends at its end:
 *     send HEX          these bytes, as they are
 *     flood COUNT HEX   the same, COUNT times
 *     sign HEX          answered by `signature HEX`
 *     rekey COUNT       ask for new keys of both sides, COUNT times
 *     pause | resume    stop and go on reading
 *     close
 * Prints what happens, a line each:
 *     self ID   listening ADDR:PORT   up PEER EXPORTER_NET EXPORTER_ROOM   frame HEX
 *     down ERROR   signature HEX */
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
    print_line("frame", frame.data, frame.size);
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
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
