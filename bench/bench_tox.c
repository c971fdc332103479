/* SPDX-License-Identifier: MIT */
/* Tox friends, by libtoxcore, for bench_tox.py: this process has one side, another the
 * rest. They bootstrap from this side over loopback, so neither has to be found. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tox/tox.h>

#include "lib/measure.h"
#include "lib/node_process.h"
#include "lib/shared.h"

#define FRIENDS    21 /* one to talk to, then as many as memory is measured of */
#define MESSAGES   200
#define TEXT_SIZE  100
#define PATIENCE_S 120

/* What both processes see. */
struct shared {
    volatile bool is_hasty;           /* nobody sleeps between two turns */
    volatile unsigned joined;         /* friends that may take part */
    volatile unsigned heard;          /* messages */
    volatile double heard_s;          /* when the last came */
    uint8_t key[TOX_PUBLIC_KEY_SIZE]; /* this side's */
    uint8_t dht[TOX_PUBLIC_KEY_SIZE];
    uint16_t port;
    uint8_t keys[FRIENDS][TOX_PUBLIC_KEY_SIZE];
};

static Tox *open_tox(void)
{
    struct Tox_Options *options = tox_options_new(NULL);
    bench_must(options, "options");
    tox_options_set_ipv6_enabled(options, false);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    bench_must(tox, "starting Tox");
    tox_options_free(options);
    return tox;
}

static void add_friend(Tox *tox, const uint8_t *key)
{
    Tox_Err_Friend_Add error;
    tox_friend_add_norequest(tox, key, &error);
    bench_must(error == TOX_ERR_FRIEND_ADD_OK, "adding a friend");
}

/* As its header asks for, unless hasty. */
static void pause_after(const Tox *tox, const struct shared *shared)
{
    if (!shared->is_hasty)
        usleep(tox_iteration_interval(tox) * 1000);
}

/* ---- the friends ---- */

static void on_message(Tox *tox, uint32_t friend, Tox_Message_Type type,
                       const uint8_t *text, size_t size, void *ctx)
{
    struct shared *shared = ctx;
    shared->heard_s = bench_now_s();
    shared->heard++;
}

static void befriend(struct shared *shared)
{
    Tox *friends[FRIENDS];
    unsigned joined = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < FRIENDS; i++) {
        friends[i] = open_tox();
        tox_self_get_public_key(friends[i], shared->keys[i]);
        tox_callback_friend_message(friends[i], on_message);
        add_friend(friends[i], shared->key);
    }
    for (;;) {
        for (; joined < shared->joined; joined++)
            bench_must(tox_bootstrap(friends[joined], "127.0.0.1", shared->port,
                                     shared->dht, NULL),
                       "bootstrapping");
        for (unsigned i = 0; i < joined; i++)
            tox_iterate(friends[i], shared);
        pause_after(friends[0], shared);
    }
}

/* ---- this side ---- */

static unsigned count_online(const Tox *tox)
{
    unsigned count = 0;
    size_t known = tox_self_get_friend_list_size(tox);
    for (size_t i = 0; i < known; i++)
        count += tox_friend_get_connection_status(tox, (uint32_t)i, NULL) !=
                 TOX_CONNECTION_NONE;
    return count;
}

static void join(Tox *tox, struct shared *shared, unsigned count)
{
    double give_up_s = bench_now_s() + PATIENCE_S;
    for (unsigned i = shared->joined; i < count; i++)
        add_friend(tox, shared->keys[i]);
    shared->joined = count;
    while (count_online(tox) < count) {
        bench_must(bench_now_s() < give_up_s, "connecting friends");
        tox_iterate(tox, NULL);
        pause_after(tox, shared);
    }
}

static double say_one_us(Tox *tox, struct shared *shared)
{
    static const uint8_t text[TEXT_SIZE] = {'x'};
    unsigned before = shared->heard;
    double begin_s = bench_now_s();
    double give_up_s = begin_s + PATIENCE_S;
    Tox_Err_Friend_Send_Message error;
    tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, sizeof text, &error);
    bench_must(error == TOX_ERR_FRIEND_SEND_MESSAGE_OK, "sending");
    do {
        bench_must(bench_now_s() < give_up_s, "hearing a message");
        tox_iterate(tox, NULL);
        pause_after(tox, shared);
    } while (shared->heard == before);
    return (shared->heard_s - begin_s) * 1e6;
}

static double latency_us(Tox *tox, struct shared *shared)
{
    static double us[MESSAGES];
    say_one_us(tox, shared);
    for (int i = 0; i < MESSAGES; i++)
        us[i] = say_one_us(tox, shared);
    return bench_median(us, MESSAGES);
}

static void print(const char *what, double figure, const char *unit)
{
    bench_print(&(struct bench_line){.what = what, .figure = figure, .unit = unit});
}

static pid_t start_friends(struct shared *shared)
{
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0)
        befriend(shared);
    while (shared->keys[FRIENDS - 1][0] == 0 && shared->keys[FRIENDS - 1][1] == 0)
        usleep(1000);
    return child;
}

int main(void)
{
    const struct bench_node self = {.pid = getpid()};
    struct shared *shared = bench_shared_new(sizeof *shared);
    Tox *tox = open_tox();
    tox_self_get_public_key(tox, shared->key);
    tox_self_get_dht_id(tox, shared->dht);
    shared->port = tox_self_get_udp_port(tox, NULL);
    pid_t child = start_friends(shared);
    double begin_s = bench_now_s();
    join(tox, shared, 1);
    print("tox connected", (bench_now_s() - begin_s) * 1e3, "ms");
    print("tox message", latency_us(tox, shared), "us");
    shared->is_hasty = true;
    print("tox message, hasty", latency_us(tox, shared), "us");
    shared->is_hasty = false;
    double before_kib = bench_node_memory(&self).rss_kib;
    join(tox, shared, FRIENDS);
    print("tox friend", (bench_node_memory(&self).rss_kib - before_kib) / (FRIENDS - 1),
          "KiB");
    printf("libtoxcore %u.%u.%u\n", tox_version_major(), tox_version_minor(),
           tox_version_patch());
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    tox_kill(tox);
    bench_shared_free(shared, sizeof *shared);
    return 0;
}
