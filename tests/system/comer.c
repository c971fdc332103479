/* SPDX-License-Identifier: MIT */
/* Peers that come and die, one after another and in one process.
 *
 *     comer ADDR:PORT COUNT FIRST STEP HELLO STAGE…
 *
 * COUNT of them dial. The first has the identity of number FIRST, each next one that of
 * STEP more. HELLO is their frame, in hexadecimal. The STAGE at which each dies, in turn:
 *     connected   TCP is there, and nothing was said
 *     hello       the first flight of TLS has gone, and its answer is not read
 *     up          TLS is done
 *     proven      the PROOFs went both ways
 *     live        greeted: the node has answered HELLO by what only a live link gets
 * Every other one dies with a reset, the others as a process that is killed. Prints
 * `done COUNT` once all are gone, `failed NUMBER ERROR` when one did not get so far. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "base/address.h"
#include "kith/error.h"
#include "greeting.h"
#include "net/conn.h"

#define HANDSHAKE_MS 60000
#define FRAME_MAX    (1024 * 1024)
#define HELLO_MAX    512
#define TURN_MAX     16 /* stages named */

enum stage { CONNECTED, FLIGHT, UP, PROVEN, LIVE, STAGES };

static const char *const stage_names[STAGES] = {"connected", "hello", "up", "proven",
                                                "live"};

struct comer {
    uv_loop_t loop;
    uv_timer_t soon;
    struct sockaddr_storage to;
    struct kith_conn_env env;
    struct kith_conn *conn; /* NULL: none */
    struct kith_id id;
    unsigned long number, count, identity, step;
    enum stage stages[TURN_MAX];
    size_t stage_count;
    uint8_t hello[HELLO_MAX];
    size_t hello_size;
    bool has_died; /* of itself, as it should */
};

static enum stage stage_of(const struct comer *comer)
{
    return comer->stages[comer->number % comer->stage_count];
}

static void come(struct comer *comer);

/* ---- dying ---- */

static void die(struct comer *comer)
{
    uv_os_fd_t fd;
    struct linger reset = {.l_onoff = 1};
    if (comer->number / comer->stage_count % 2 == 0 &&
        uv_fileno((uv_handle_t *)&comer->conn->tcp, &fd) == 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    comer->has_died = true;
    kith_conn_abort(comer->conn, KITH_ECLOSED);
}

static void die_at(struct comer *comer, enum stage stage)
{
    if (comer->conn != NULL && !comer->has_died && stage_of(comer) == stage)
        die(comer);
}

static void on_soon(uv_timer_t *timer)
{
    die_at(timer->data, FLIGHT);
}

/* ---- what happens ---- */

static void on_connected(struct kith_conn *conn)
{
    struct comer *comer = conn->env->owner;
    comer->conn = conn;
    /* Once the loop is back, and has not read: TLS begins after this. */
    if (stage_of(comer) == FLIGHT)
        uv_timer_start(&comer->soon, on_soon, 0, 0);
    die_at(comer, CONNECTED);
}

static void on_up(struct kith_conn *conn)
{
    struct comer *comer = conn->env->owner;
    die_at(comer, UP);
    if (comer->has_died)
        return;
    greeting_prove(conn, &comer->id);
    kith_conn_flush(&comer->env);
}

static void on_frame(struct kith_conn *conn, struct kith_bytes frame)
{
    struct comer *comer = conn->env->owner;
    if (frame.size > 0 && frame.data[0] == GREETING_PROOF) {
        die_at(comer, PROVEN);
        kith_conn_send(conn, kith_bytes(comer->hello, comer->hello_size));
        kith_conn_flush(&comer->env);
    } else if (frame.size > 0 && frame.data[0] == GREETING_PING) {
        die_at(comer, LIVE);
    }
}

static void on_drained(struct kith_conn *conn, size_t sent)
{
}

static void on_env_closed(struct kith_conn_env *env)
{
    struct comer *comer = env->owner;
    kith_conn_env_deinit(env);
    kith_tls_identity_free(env->identity);
    comer->identity += comer->step;
    if (++comer->number < comer->count)
        come(comer);
    else
        uv_close((uv_handle_t *)&comer->soon, NULL);
}

static void on_closed(struct kith_conn *conn, int error)
{
    struct comer *comer = conn->env->owner;
    if (!comer->has_died) {
        printf("failed %lu %s\n", comer->number, kith_error_name(error));
        exit(1);
    }
    comer->conn = NULL;
    uv_timer_stop(&comer->soon);
    kith_conn_env_close(&comer->env, on_env_closed);
}

static const struct kith_conn_happenings happenings = {
    .connected = on_connected,
    .up = on_up,
    .frame = on_frame,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- one after another ---- */

static void come(struct comer *comer)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = {0}, secret[crypto_sign_SECRETKEYBYTES];
    memcpy(seed, &comer->identity, sizeof comer->identity);
    crypto_sign_seed_keypair(comer->id.bytes, secret, seed);
    comer->has_died = false;
    memset(&comer->env, 0, sizeof comer->env);
    kith_conn_env_init(&comer->env, &comer->loop, HANDSHAKE_MS, HANDSHAKE_MS);
    comer->env.owner = comer;
    comer->env.happenings = &happenings;
    comer->env.frame_size_initial = FRAME_MAX;
    const struct kith_conn_plan plan = {.has_expected = false};
    if (kith_tls_identity_new(seed, &comer->id, "kith/1", &comer->env.identity) != 0 ||
        kith_conn_connect(&comer->env, &comer->to, &plan, &comer->conn) != 0) {
        fprintf(stderr, "comer: cannot dial\n");
        exit(1);
    }
}

static bool take_stages(struct comer *comer, char **words, size_t count)
{
    for (size_t i = 0; i < count && i < TURN_MAX; i++) {
        int stage = 0;
        while (stage < STAGES && strcmp(stage_names[stage], words[i]) != 0)
            stage++;
        if (stage == STAGES)
            return false;
        comer->stages[comer->stage_count++] = (enum stage)stage;
    }
    return count > 0 && count <= TURN_MAX;
}

static bool take_arguments(struct comer *comer, char **words)
{
    struct kith_address address;
    comer->count = strtoul(words[1], NULL, 10);
    comer->identity = strtoul(words[2], NULL, 10);
    comer->step = strtoul(words[3], NULL, 10);
    return kith_address_parse(kith_bytes(words[0], strlen(words[0])), 0, true, &address,
                              NULL) == 0 &&
           uv_ip4_addr(address.host, address.port, (struct sockaddr_in *)&comer->to) ==
               0 &&
           sodium_hex2bin(comer->hello, sizeof comer->hello, words[4], strlen(words[4]),
                          NULL, &comer->hello_size, NULL) == 0 &&
           comer->count > 0;
}

int main(int argc, char **argv)
{
    struct comer *comer = calloc(1, sizeof *comer);
    if (argc < 7 || comer == NULL || sodium_init() < 0 ||
        !take_arguments(comer, argv + 1) ||
        !take_stages(comer, argv + 6, (size_t)argc - 6)) {
        fprintf(stderr, "usage: comer ADDR:PORT COUNT FIRST STEP HELLO STAGE…\n");
        return 2;
    }
    uv_loop_init(&comer->loop);
    uv_timer_init(&comer->loop, &comer->soon);
    comer->soon.data = comer;
    come(comer);
    uv_run(&comer->loop, UV_RUN_DEFAULT);
    uv_loop_close(&comer->loop);
    printf("done %lu\n", comer->number);
    free(comer);
    return 0;
}
