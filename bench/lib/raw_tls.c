/* SPDX-License-Identifier: MIT */
#include "raw_tls.h"

#include <stdlib.h>
#include <unistd.h>

#include "measure.h"
#include "net/tls.h"
#include "net_end.h"

#define FLIGHT_SIZE 16384 /* more than a side says at once */

struct side {
    struct kith_tls tls;
    struct kith_tls_sink sink;
    uint8_t bytes[FLIGHT_SIZE];
    double spent_s;
};

struct pair {
    struct side sides[2]; /* who dials, who listens */
};

static struct kith_tls_identity *identities[2];

static double now_s(void)
{
    return bench_process_cpu_s(getpid());
}

static void open_identities(void)
{
    for (int who = 0; who < 2; who++)
        bench_must(kith_tls_identity_new(bench_end_seeds[who], &bench_end_ids[who],
                                         "kith/1", &identities[who]) == 0,
                   "an identity");
}

static void close_identities(void)
{
    for (int who = 0; who < 2; who++)
        kith_tls_identity_free(identities[who]);
}

static void open_side(struct pair *pair, int who)
{
    struct side *side = &pair->sides[who];
    double begin = now_s();
    side->sink = (struct kith_tls_sink){side->bytes, 0, sizeof side->bytes};
    side->spent_s = 0;
    bench_must(kith_tls_init(&side->tls, identities[who], &side->sink, who == 0,
                             KITH_TLS_LINK, NULL) == 0,
               "a session");
    side->spent_s = now_s() - begin;
}

/* One side reads what the other said, and goes on. */
static bool is_done_after_turn(struct pair *pair, int who)
{
    struct side *side = &pair->sides[who];
    struct side *other = &pair->sides[1 - who];
    double begin = now_s();
    side->tls.input = kith_bytes(other->sink.data, other->sink.size);
    int code = kith_tls_handshake(&side->tls);
    other->sink.size = 0;
    side->spent_s += now_s() - begin;
    bench_must(code >= 0, "a handshake");
    return code == 0;
}

static void open_pair(struct pair *pair)
{
    bool is_done[2] = {false, false};
    open_side(pair, 0);
    open_side(pair, 1);
    for (int who = 0; !is_done[0] || !is_done[1]; who = 1 - who)
        if (!is_done[who])
            is_done[who] = is_done_after_turn(pair, who);
    pair->sides[1].sink.size = 0;
}

static void close_pair(struct pair *pair)
{
    for (int who = 0; who < 2; who++)
        kith_tls_deinit(&pair->sides[who].tls);
}

double bench_tls_handshakes(unsigned count)
{
    static struct pair pair;
    double spent_s = 0;
    open_identities();
    for (unsigned i = 0; i < count; i++) {
        open_pair(&pair);
        spent_s += pair.sides[1].spent_s;
        close_pair(&pair);
    }
    close_identities();
    return spent_s;
}

double bench_tls_encrypt(unsigned count, uint64_t bytes)
{
    static const uint8_t plain[KITH_TLS_RECORD_MAX];
    static uint8_t cipher[KITH_TLS_RECORD_MAX + KITH_TLS_OVERHEAD_MAX];
    struct kith_tls_sink sink = {cipher, 0, sizeof cipher};
    struct pair *pairs = calloc(count, sizeof *pairs);
    bench_must(pairs, "memory");
    open_identities();
    for (unsigned i = 0; i < count; i++) {
        open_pair(&pairs[i]);
        pairs[i].sides[1].tls.sink = &sink;
    }
    double begin = now_s();
    for (uint64_t left = bytes; left > 0;) {
        size_t size = left < sizeof plain ? (size_t)left : sizeof plain;
        for (unsigned i = 0; i < count; i++) {
            sink.size = 0;
            bench_must(kith_tls_write(&pairs[i].sides[1].tls, kith_bytes(plain, size)) ==
                           0,
                       "encrypting");
        }
        left -= size;
    }
    double spent_s = now_s() - begin;
    for (unsigned i = 0; i < count; i++)
        close_pair(&pairs[i]);
    free(pairs);
    close_identities();
    return spent_s;
}
