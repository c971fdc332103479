/* SPDX-License-Identifier: MIT */
#include "tracker_world.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "http_visit.h"
#include "lib/rng_seeded.h"
#include "proto/frame.h"

#define START_S UINT64_C(1704067200)

/* ---- the clock ---- */

static uint64_t now_ms = 1000000;

uint64_t tracker_now_ms(void)
{
    return now_ms;
}

void tracker_pass(uint64_t ms)
{
    now_ms += ms;
}

/* In front of libc's: only the clock of the calendar, by which libFuzzer goes, is real.
 */
int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock == CLOCK_REALTIME || clock == CLOCK_PROCESS_CPUTIME_ID ||
        clock == CLOCK_THREAD_CPUTIME_ID)
        return (int)syscall(SYS_clock_gettime, clock, out);
    *out = (struct timespec){(time_t)(now_ms / 1000), (long)(now_ms % 1000) * 1000000};
    return 0;
}

/* Of the header Date: answers are compared. */
time_t time(time_t *out)
{
    if (out != NULL)
        *out = (time_t)START_S;
    return (time_t)START_S;
}

/* ---- a tracker, as far as its figures are asked for ---- */

struct kith_tracker {
    struct rng_seeded rng;
    struct kith_registry *registry;
    struct kith_id id;
};

const struct kith_registry *kith_tracker_registry(const struct kith_tracker *tracker)
{
    return tracker->registry;
}

const struct kith_id *kith_tracker_id(const struct kith_tracker *tracker)
{
    return &tracker->id;
}

struct kith_tracker_stats kith_tracker_stats(const struct kith_tracker *tracker)
{
    return (struct kith_tracker_stats){.registry =
                                           kith_registry_counts(tracker->registry),
                                       .strangers = UINT64_C(1) << 40,
                                       .uptime_s = 77};
}

static void step(struct kith_tracker *tracker, struct kith_registry_input *input)
{
    struct kith_registry_effects effects;
    input->now = (struct kith_now){KITH_HOUR, (kith_time)START_S * KITH_SECOND};
    int error = kith_registry_step(tracker->registry, input, &effects);
    assert(error == 0);
}

static void add_peer(struct kith_tracker *tracker, uint8_t no, const char *host,
                     const char *name)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_UP};
    struct kith_writer bytes = kith_writer(&kith_alloc_heap);
    const struct kith_frame_register frame = {.version_min = 1,
                                              .version_max = 1,
                                              .tag = {no},
                                              .name = kith_bytes(name, strlen(name))};
    input.link_up.link = no;
    input.link_up.peer = (struct kith_id){{no}};
    input.link_up.remote.port = 4747;
    snprintf(input.link_up.remote.host, sizeof(input.link_up.remote.host), "%s", host);
    step(tracker, &input);
    kith_frame_register_encode(&bytes, &frame);
    input = (struct kith_registry_input){.type = KITH_REGISTRY_FRAME};
    input.frame.link = no;
    input.frame.bytes = kith_bytes(bytes.data + 4, bytes.size - 4);
    step(tracker, &input);
    kith_writer_deinit(&bytes);
}

const struct kith_tracker *tracker_told_of(void)
{
    static struct kith_tracker tracker = {.id = {{7}}};
    if (tracker.registry != NULL)
        return &tracker;
    rng_seeded_init(&tracker.rng, 1);
    const struct kith_registry_config config = {.alloc = &kith_alloc_heap,
                                                .rng = tracker.rng.rng,
                                                .peers_max = 10,
                                                .per_address_max = 10};
    int error = kith_registry_new(&config, &tracker.registry);
    assert(error == 0);
    add_peer(&tracker, 1, "192.0.2.1", "alice");
    add_peer(&tracker, 2, "2001:db8::2", "zo\xc3\xab");
    add_peer(&tracker, 3, "192.0.2.3", "");
    assert(kith_registry_counts(tracker.registry).here == 3);
    return &tracker;
}

/* ---- its server ---- */

void tracker_begin(struct tracker_world *w)
{
    static const int families[] = {
        [KITH_TRACKER_CONTROL] = AF_UNIX, [KITH_TRACKER_METRICS] = AF_INET};
    uint16_t port;
    uv_loop_init(&w->loop);
    int error = kith_tracker_http_new(&w->loop, tracker_told_of(), &w->http);
    assert(error == 0);
    for (size_t i = 0; i < KITH_TRACKER_DOORS; i++) {
        error = kith_tracker_http_listen(w->http, (enum kith_tracker_door)i,
                                         http_door(families[i], &port));
        assert(error == 0);
    }
}

static void on_stopped(void *ctx)
{
    struct tracker_world *w = ctx;
    kith_tracker_http_free(w->http);
    w->http = NULL;
}

void tracker_end(struct tracker_world *w)
{
    kith_tracker_http_stop(w->http, on_stopped, w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert(w->http == NULL);
    int error = uv_loop_close(&w->loop);
    assert(error == 0);
}

void tracker_turn(struct tracker_world *w)
{
    uv_run(&w->loop, UV_RUN_NOWAIT);
    for (size_t i = 0; i < KITH_TRACKER_DOORS; i++)
        assert(kith_tracker_http_clients(w->http, (enum kith_tracker_door)i) <=
               KITH_TRACKER_CLIENTS_MAX);
}

bool tracker_sleeps(const struct tracker_world *w)
{
    struct pollfd happening = {.fd = uv_backend_fd(&w->loop), .events = POLLIN};
    return uv_backend_timeout(&w->loop) != 0 && poll(&happening, 1, 0) == 0;
}

size_t tracker_clients(const struct tracker_world *w)
{
    return kith_tracker_http_clients(w->http, KITH_TRACKER_CONTROL) +
           kith_tracker_http_clients(w->http, KITH_TRACKER_METRICS);
}
