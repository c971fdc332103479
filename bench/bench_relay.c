/* SPDX-License-Identifier: MIT */
/* Links through a relay: two ends and the relay, a process each, over loopback.
 *
 * The reference is raw TCP through a process that only passes bytes on; for what a relay
 * adds, the same link without it. All in turns; what is printed are medians. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/measure.h"
#include "lib/net_end.h"
#include "lib/raw_tcp.h"
#include "base/list.h"
#include "net/relay.h"

#define ROUNDS     7
#define PINGS      10000
#define BULK_SIZE  (1024 * 1024 - BENCH_END_PREFIX)
#define BULK_BYTES (512u * 1024 * 1024)

static const uint8_t tickets[2][KITH_TICKET_SIZE] = {{1}, {2}};

struct server {
    struct bench_end end;
    struct kith_relay *relay;
};

static void on_ticket(void *ctx, const uint8_t *ticket, int take_fd)
{
    struct server *server = kith_list_item(ctx, struct server, end);
    kith_relay_take(server->relay, ticket, take_fd);
}

static void relay(int out)
{
    static struct server server;
    const struct kith_relay_config config = {.pairs_max = 1};
    const struct kith_address any = {.host = "127.0.0.1"};
    bench_end_open(&server.end, 1, on_ticket);
    bench_must(kith_relay_new(&server.end.loop, &config, &server.relay) == 0 &&
                   kith_relay_expect(server.relay, 1, tickets[0], tickets[1]) == 0 &&
                   kith_net_listen(server.end.net, &any, &server.end.at) == 0,
               "relaying");
    bench_must(write(out, &server.end.at, sizeof server.end.at) == sizeof server.end.at,
               "the pipe");
    uv_run(&server.end.loop, UV_RUN_DEFAULT);
    _exit(0);
}

static pid_t start_relay(struct kith_address *out_at)
{
    int pipes[2];
    bench_must(pipe(pipes) == 0, "a pipe");
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0)
        relay(pipes[1]);
    close(pipes[1]);
    bench_must(read(pipes[0], out_at, sizeof *out_at) == sizeof *out_at, "the relay");
    close(pipes[0]);
    return child;
}

static struct kith_net_target through(const struct kith_address *relay_at, int side)
{
    return (struct kith_net_target){
        .addresses = relay_at,
        .count = 1,
        .expected = side ? &bench_end_ids[0] : &bench_end_ids[1],
        .ticket = tickets[side],
        .is_listener = side == 1,
    };
}

static void bench_bulk(struct bench_end *relayed, pid_t relay_process,
                       struct bench_tcp *forwarded)
{
    double net[ROUNDS];
    double tcp[ROUNDS];
    double amount = (double)BULK_BYTES / 1e9;
    double cpu_begin_s[2] = {bench_process_cpu_s(relay_process),
                             bench_process_cpu_s(forwarded->forwarder)};
    for (int round = 0; round < ROUNDS; round++) {
        net[round] = amount / bench_end_stream(relayed, BULK_SIZE, BULK_BYTES);
        tcp[round] = amount / bench_tcp_stream(forwarded, BULK_BYTES);
    }
    double cpu_s[2] = {bench_process_cpu_s(relay_process) - cpu_begin_s[0],
                       bench_process_cpu_s(forwarded->forwarder) - cpu_begin_s[1]};
    bench_print(&(struct bench_line){.what = "relay stream, frames of 1 MiB",
                                     .rounds = net,
                                     .round_count = ROUNDS,
                                     .unit = "GB/s",
                                     .reference_name = "raw TCP forwarded",
                                     .reference = bench_median(tcp, ROUNDS)});
    bench_print(&(struct bench_line){.what = "relay CPU for a GB",
                                     .figure = cpu_s[0] / amount / ROUNDS,
                                     .unit = "s",
                                     .reference_name = "forwarder",
                                     .reference = cpu_s[1] / amount / ROUNDS,
                                     .is_less_better = true});
}

static void bench_ping(struct bench_end *relayed, struct bench_end *direct,
                       struct bench_tcp *forwarded)
{
    static double us[PINGS];
    double net[ROUNDS];
    double tcp[ROUNDS];
    double added[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        bench_end_ping(relayed, us, PINGS);
        net[round] = bench_quantile(us, PINGS, 0.5);
        bench_tcp_ping(forwarded, us, PINGS);
        tcp[round] = bench_quantile(us, PINGS, 0.5);
        bench_end_ping(direct, us, PINGS);
        added[round] = net[round] - bench_quantile(us, PINGS, 0.5);
    }
    bench_print(&(struct bench_line){.what = "relay ping p50",
                                     .rounds = net,
                                     .round_count = ROUNDS,
                                     .unit = "us",
                                     .reference_name = "raw TCP forwarded",
                                     .reference = bench_median(tcp, ROUNDS),
                                     .is_less_better = true});
    bench_print(&(struct bench_line){.what = "relay ping p50, above a direct link",
                                     .rounds = added,
                                     .round_count = ROUNDS,
                                     .unit = "us"});
}

static void stop(pid_t child)
{
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
}

int main(void)
{
    static struct bench_end relayed;
    static struct bench_end direct;
    struct bench_others others;
    bench_others_begin(&others);
    struct kith_address relay_at, server_at;
    struct bench_tcp forwarded;
    bench_tcp_open_forwarded(&forwarded);
    pid_t server = bench_end_serve(&server_at);
    pid_t relay_process = start_relay(&relay_at);
    const struct kith_net_target sides[2] = {through(&relay_at, 0),
                                             through(&relay_at, 1)};
    pid_t other = bench_end_serve_dialled(&sides[1]);
    bench_end_open(&relayed, 0, NULL);
    bench_end_dial(&relayed, &sides[0]);
    bench_end_open(&direct, 0, NULL);
    bench_end_link(&direct, &server_at);
    bench_bulk(&relayed, relay_process, &forwarded);
    bench_ping(&relayed, &direct, &forwarded);
    stop(other);
    stop(relay_process);
    stop(server);
    bench_tcp_close(&forwarded);
    bench_others_print(&others, "relay");
    return 0;
}
