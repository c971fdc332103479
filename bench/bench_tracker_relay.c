/* SPDX-License-Identifier: MIT */
/* The relay of a tracker: the real program, between two ends in processes of their own,
 * which were brought together by a CALL and speak TLS with one another, or raw TCP, so
 * that the relay's part shows. Beside it raw TCP through a process that does nothing but
 * forward. The link is there twice: with its ticket shown in the clear, and inside TLS to
 * the tracker.
 *
 *   bench_tracker_relay KITH */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ticket.h"
#include "kith/error.h"
#include "lib/folder.h"
#include "lib/measure.h"
#include "lib/net_end.h"
#include "lib/node_process.h"
#include "lib/raw_tcp.h"
#include "proto/frame.h"
#include "proto/tracker.h"

#define ROUNDS     5
#define PINGS      10000
#define BULK_SIZE  (1024 * 1024 - BENCH_END_PREFIX)
#define BULK_BYTES (512u * 1024 * 1024)

/* What the connection of each CALL is for, one after the other. */
enum { RING_LINK, RING_RAW, RING_IN_TLS };

/* An end with its link to the tracker. */
struct caller {
    struct bench_end end;
    struct kith_net *tracker_net;
    uv_prepare_t turn;
    struct kith_address tracker;
    kith_link_no tracker_link;
    size_t welcomes;
    size_t rings;
    int raw; /* once it has: a connection through the relay, no TLS */
};

/* What the far end tells this one, once it is registered. */
struct ready {
    struct kith_address at; /* where it listens, for a link without the relay */
};

/* ---- the link to the tracker ---- */

static void send_writer(struct caller *caller, struct kith_writer *w)
{
    bench_must(!w->failed, "building a frame");
    kith_net_send(caller->tracker_net, caller->tracker_link, kith_writer_view(w));
    kith_writer_deinit(w);
}

static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct caller *caller = ctx;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    caller->tracker_link = up->link;
    kith_frame_register_encode(
        &w, &(struct kith_frame_register){.version_min = KITH_PROTO_VERSION,
                                          .version_max = KITH_PROTO_VERSION});
    send_writer(caller, &w);
}

static void dial_relay(struct caller *caller, const struct kith_frame_ring *ring,
                       bool is_in_tls)
{
    const struct kith_net_target target = {.addresses = &caller->tracker,
                                           .count = 1,
                                           .expected = &ring->id,
                                           .ticket = ring->ticket.data,
                                           .is_in_tls = is_in_tls,
                                           .is_listener = ring->role == 'l'};
    bench_must(kith_net_dial(caller->end.net, 1, &target) == 0, "dialling the relay");
}

/* Waits until the other one is there, too. */
static int connect_raw(const struct kith_address *tracker, const uint8_t *ticket)
{
    int one = 1;
    uint8_t word[KITH_TICKET_MAGIC_SIZE + KITH_TICKET_SIZE];
    struct sockaddr_in at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memcpy(word, KITH_TICKET_MAGIC, KITH_TICKET_MAGIC_SIZE);
    memcpy(word + KITH_TICKET_MAGIC_SIZE, ticket, KITH_TICKET_SIZE);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    bench_must(uv_ip4_addr(tracker->host, tracker->port, &at) == 0 &&
                   connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
                   write(fd, word, sizeof word) == sizeof word && read(fd, word, 1) == 1,
               "a raw connection through the relay");
    return fd;
}

static void serve_raw(const struct kith_address *tracker, const uint8_t *ticket)
{
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_tcp_serve(connect_raw(tracker, ticket));
}

/* By the tracker that rang, with the ticket it gave. */
static void take_ring(struct caller *caller, struct kith_bytes fields)
{
    struct kith_frame_ring ring;
    bench_must(kith_frame_ring_decode(fields, &ring) == 0 && ring.how == KITH_CALL_RELAY,
               "being relayed");
    size_t ring_no = caller->rings++;
    if (ring_no != RING_RAW)
        dial_relay(caller, &ring, ring_no == RING_IN_TLS);
    else if (caller->end.is_server)
        serve_raw(&caller->tracker, ring.ticket.data);
    else
        caller->raw = connect_raw(&caller->tracker, ring.ticket.data);
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    struct caller *caller = ctx;
    (void)link;
    caller->welcomes += frame.data[0] == KITH_FRAME_WELCOME;
    if (frame.data[0] == KITH_FRAME_RING)
        take_ring(caller, kith_bytes(frame.data + 1, frame.size - 1));
    bench_must(frame.data[0] != KITH_FRAME_REFUSED, "a CALL for the relay");
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    (void)ctx;
    (void)link;
    bench_must(false, kith_error_text(error));
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    (void)ctx;
    (void)dial;
    bench_must(false, kith_error_text(error));
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
    (void)ctx;
    (void)link;
    (void)sent;
}

static void on_turn(uv_prepare_t *turn)
{
    struct caller *caller = turn->data;
    kith_net_flush(caller->tracker_net);
}

static void caller_open(struct caller *caller, int who,
                        const struct kith_address *tracker)
{
    const struct kith_net_target target = {.addresses = &caller->tracker, .count = 1};
    bench_end_open(&caller->end, who, NULL);
    caller->tracker = *tracker;
    struct kith_net_config config = {
        .seed = bench_end_seeds[who],
        .id = bench_end_ids[who],
        .alpn = KITH_TRACKER_ALPN,
        .links_max = 1,
        .frame_size_initial = KITH_NET_FRAME_SIZE_MAX,
        .handler = {caller, on_up, on_frame, on_down, on_dial_failed, on_drained},
    };
    bench_must(kith_net_new(&caller->end.loop, &config, &caller->tracker_net) == 0 &&
                   kith_net_dial(caller->tracker_net, 1, &target) == 0,
               "dialling the tracker");
    uv_prepare_init(&caller->end.loop, &caller->turn);
    caller->turn.data = caller;
    uv_prepare_start(&caller->turn, on_turn);
    bench_end_turn_until(&caller->end, &caller->welcomes, 1);
}

/* ---- the far end ---- */

static void serve(const struct kith_address *tracker, int out)
{
    static struct caller caller;
    const struct kith_address any = {.host = "127.0.0.1"};
    struct ready ready;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    caller.end.is_server = true;
    caller_open(&caller, 1, tracker);
    bench_must(kith_net_listen(caller.end.net, &any, &ready.at) == 0, "listening");
    bench_must(write(out, &ready, sizeof ready) == sizeof ready, "the pipe");
    uv_run(&caller.end.loop, UV_RUN_DEFAULT);
    _exit(0);
}

static pid_t serve_apart(const struct kith_address *tracker, struct ready *out)
{
    int pipes[2];
    bench_must(pipe(pipes) == 0, "a pipe");
    fflush(NULL);
    pid_t child = fork();
    bench_must(child >= 0, "fork");
    if (child == 0)
        serve(tracker, pipes[1]);
    close(pipes[1]);
    bench_must(read(pipes[0], out, sizeof *out) == sizeof *out, "the far end");
    close(pipes[0]);
    return child;
}

/* ---- links: through the relay, through TLS to it, and without ---- */

struct links {
    kith_link_no relayed, in_tls, direct;
    struct bench_tcp raw; /* relayed */
};

static void call(struct caller *caller)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_call_encode(
        &w, &(struct kith_frame_call){1, bench_end_ids[1], KITH_CALL_RELAY});
    send_writer(caller, &w);
}

static struct links link_up(struct caller *caller, const struct kith_address *direct)
{
    struct links links = {0};
    call(caller);
    bench_end_turn_until(&caller->end, &caller->end.ups, 1);
    links.relayed = caller->end.link;
    bench_end_link(&caller->end, direct);
    links.direct = caller->end.link;
    call(caller);
    bench_end_turn_until(&caller->end, &caller->rings, 2);
    links.raw.fd = caller->raw;
    call(caller);
    bench_end_turn_until(&caller->end, &caller->end.ups, 3);
    links.in_tls = caller->end.link;
    return links;
}

/* ---- what is measured ---- */

enum { P50, P99, QUANTILES };
static const double quantiles[QUANTILES] = {0.5, 0.99};

struct pings {
    double us[QUANTILES][ROUNDS];
};

static void note(struct pings *pings, int round, double *us)
{
    for (int i = 0; i < QUANTILES; i++)
        pings->us[i][round] = bench_quantile(us, PINGS, quantiles[i]);
}

static void print_us(const char *what, double figure, double reference)
{
    bench_print(&(struct bench_line){.what = what,
                                     .figure = figure,
                                     .unit = "us",
                                     .reference_name = "raw TCP forwarded",
                                     .reference = reference,
                                     .is_less_better = true});
}

static void ping(struct bench_end *end, kith_link_no link, struct pings *pings, int round)
{
    static double us[PINGS];
    end->link = link;
    bench_end_ping(end, us, PINGS);
    note(pings, round, us);
}

static void measure_pings(struct bench_end *end, const struct links *links,
                          struct bench_tcp *raw, struct bench_tcp *through)
{
    static double us[PINGS];
    static struct pings relayed, in_tls, direct, forwarded, plain;
    double added[ROUNDS], tls_added[ROUNDS], raw_added[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        ping(end, links->relayed, &relayed, i);
        ping(end, links->in_tls, &in_tls, i);
        ping(end, links->direct, &direct, i);
        bench_tcp_ping(through, us, PINGS);
        note(&forwarded, i, us);
        bench_tcp_ping(raw, us, PINGS);
        note(&plain, i, us);
        added[i] = relayed.us[P50][i] - direct.us[P50][i];
        tls_added[i] = in_tls.us[P50][i] - direct.us[P50][i];
        raw_added[i] = forwarded.us[P50][i] - plain.us[P50][i];
    }
    print_us("tracker's relay, ping p50", bench_median(relayed.us[P50], ROUNDS),
             bench_median(forwarded.us[P50], ROUNDS));
    print_us("tracker's relay, ping p99", bench_median(relayed.us[P99], ROUNDS),
             bench_median(forwarded.us[P99], ROUNDS));
    print_us("tracker's relay, added to a ping there and back, p50",
             bench_median(added, ROUNDS), bench_median(raw_added, ROUNDS));
    print_us("tracker's relay in TLS, ping p50", bench_median(in_tls.us[P50], ROUNDS),
             bench_median(forwarded.us[P50], ROUNDS));
    print_us("tracker's relay in TLS, added to a ping there and back, p50",
             bench_median(tls_added, ROUNDS), bench_median(raw_added, ROUNDS));
}

static void print_rate(const char *what, double *figures, double *references)
{
    bench_print(&(struct bench_line){.what = what,
                                     .rounds = figures,
                                     .round_count = ROUNDS,
                                     .unit = "MB/s",
                                     .reference_name = "raw TCP forwarded",
                                     .reference = bench_median(references, ROUNDS)});
}

static void print_cpu(const char *what, double *cpu_s)
{
    bench_print(&(struct bench_line){
        .what = what, .rounds = cpu_s, .round_count = ROUNDS, .unit = "s/GB"});
}

/* Over one link: MB/s, and what it costs the tracker. */
static double stream(struct bench_end *end, kith_link_no link,
                     const struct bench_node *tracker, double *out_cpu_s)
{
    double before_s = bench_process_cpu_s(tracker->pid);
    end->link = link;
    double rate = BULK_BYTES / 1e6 / bench_end_stream(end, BULK_SIZE, BULK_BYTES);
    *out_cpu_s =
        (bench_process_cpu_s(tracker->pid) - before_s) * 1e9 / (double)BULK_BYTES;
    return rate;
}

static void measure_stream(struct bench_end *end, struct links *links,
                           const struct bench_node *tracker, struct bench_tcp *through)
{
    double relayed[ROUNDS], in_tls[ROUNDS], raw[ROUNDS], forwarded[ROUNDS];
    double cpu_s[ROUNDS], tls_cpu_s[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        relayed[i] = stream(end, links->relayed, tracker, &cpu_s[i]);
        in_tls[i] = stream(end, links->in_tls, tracker, &tls_cpu_s[i]);
        raw[i] = BULK_BYTES / 1e6 / bench_tcp_stream(&links->raw, BULK_BYTES);
        forwarded[i] = BULK_BYTES / 1e6 / bench_tcp_stream(through, BULK_BYTES);
    }
    print_rate("tracker's relay, stream, frames of 1 MiB", relayed, forwarded);
    print_rate("tracker's relay, stream, raw", raw, forwarded);
    print_rate("tracker's relay in TLS, stream, frames of 1 MiB", in_tls, forwarded);
    print_cpu("tracker's relay, stream, CPU of the tracker", cpu_s);
    print_cpu("tracker's relay in TLS, stream, CPU of the tracker", tls_cpu_s);
}

int main(int argc, char **argv)
{
    static struct caller caller;
    struct bench_others others;
    struct bench_folder folder;
    struct bench_node node;
    struct bench_tcp raw, through;
    struct kith_address tracker;
    struct ready ready;
    char home[BENCH_HOME_SIZE];
    bench_must(argc == 2, "the path of kith as first argument");
    signal(SIGPIPE, SIG_IGN);
    bench_others_begin(&others);
    bench_folder_make(&folder);
    snprintf(home, sizeof home, "%s/tracker", folder.path);
    bench_node_start_tracker(&node, argv[1], home);
    bench_must(kith_address_parse(kith_bytes(node.address, strlen(node.address)), 0, true,
                                  &tracker, NULL) == 0,
               "reading an address");
    bench_tcp_open(&raw);
    bench_tcp_open_forwarded(&through);
    pid_t far = serve_apart(&tracker, &ready);
    caller_open(&caller, 0, &tracker);
    struct links links = link_up(&caller, &ready.at);
    measure_pings(&caller.end, &links, &raw, &through);
    measure_stream(&caller.end, &links, &node, &through);
    kill(far, SIGKILL);
    waitpid(far, NULL, 0);
    close(links.raw.fd);
    bench_tcp_close(&through);
    bench_tcp_close(&raw);
    bench_node_stop(&node);
    bench_folder_remove(&folder);
    bench_others_print(&others, "tracker_relay");
    return 0;
}
