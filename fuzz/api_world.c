/* SPDX-License-Identifier: MIT */
#include "api_world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_check.h"
#include "http_visit.h"
#include "kith/error.h"
#include "unit/api/fake_runtime.h"

#define TURNS_MAX  400 /* of the loop, for one exchange */
#define TURNS_IDLE 4   /* without a byte: what comes later waits for time to pass */

/* ---- life ---- */

static void fill(void *ctx, void *out, size_t size)
{
    struct api_world *w = ctx;
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        bytes[i] = (uint8_t)(w->seed >> 56);
    }
}

static void on_shutdown(void *ctx)
{
    (void)ctx; /* the program ends it, when it wants */
}

static void populate(struct kith_runtime *runtime)
{
    uint32_t bob = fake_add_peer(runtime, "bob", true);
    fake_add_peer(runtime, "carol", false);
    fake_receive(runtime, bob, false, "hello all", 0);
    fake_receive(runtime, bob, true, "hello you", 0);
}

/* ---- a configuration that keeps nothing ---- */

static bool knob(void *ctx, size_t index, struct kith_server_knob *out)
{
    static const struct kith_server_knob knobs[] = {
        {.name = "name", .about = "a name", .source = "--name"},
        {.name = "log", .about = "a level", .fallback = "info"},
        {.name = "peer", .about = "addresses", .is_list = true},
        {.name = "tracker", .about = "addresses", .is_list = true},
        {.name = "lan", .about = "yes or no", .fallback = "yes"},
    };
    (void)ctx;
    if (index < sizeof(knobs) / sizeof(knobs[0]))
        *out = knobs[index];
    return index < sizeof(knobs) / sizeof(knobs[0]);
}

static const char *knob_value(void *ctx, size_t index, size_t value_index)
{
    (void)ctx;
    return index > 0 && value_index == 0 ? "10.0.0.9:4747" : NULL;
}

static bool set_log(void *ctx, const char *level)
{
    (void)ctx;
    return strcmp(level, "debug") == 0;
}

static int add_value(void *ctx, const char *name, const char *value)
{
    (void)ctx;
    assert(strcmp(name, "peer") == 0 || strcmp(name, "tracker") == 0);
    return strlen(value) > 100 ? KITH_ELIMIT : 0;
}

static const struct kith_server_knobs knobs = {
    .knob = knob, .value = knob_value, .log = set_log, .add = add_value};

/* ---- */

static int family_of(enum kith_door door)
{
    return door == KITH_DOOR_TCP ? AF_INET : AF_UNIX;
}

void api_begin(struct api_world *w, enum kith_door door, bool is_plain_open,
               const uint8_t *data, size_t size)
{
    *w = (struct api_world){.seed = 1, .answer = kith_writer(&kith_alloc_heap)};
    for (size_t i = 0; i < size; i++)
        w->seed = (w->seed ^ data[i]) * UINT64_C(1099511628211);
    snprintf(w->token, sizeof(w->token), "%016llx", (unsigned long long)w->seed);
    uv_loop_init(&w->loop);
    w->runtime = fake_runtime_new(&w->loop);
    populate(w->runtime);
    const struct kith_server_config config = {
        .loop = &w->loop,
        .runtime = w->runtime,
        .version = "1",
        .token = w->token,
        .is_plain_open = is_plain_open,
        .rng = {.fill = fill, .ctx = w},
        .knobs = &knobs,
        .shutdown = on_shutdown,
    };
    int error = kith_server_new(&config, &w->server);
    assert(error == 0);
    error = kith_server_listen(w->server, door, http_door(family_of(door), &w->port));
    assert(error == 0);
}

static void on_stopped(void *ctx)
{
    struct api_world *w = ctx;
    kith_server_free(w->server);
    w->server = NULL;
    fake_runtime_close(w->runtime);
}

void api_end(struct api_world *w)
{
    kith_server_stop(w->server, on_stopped, w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert(w->server == NULL);
    int error = uv_loop_close(&w->loop);
    assert(error == 0);
    fake_runtime_free(w->runtime);
    kith_writer_deinit(&w->answer);
}

/* ---- one exchange ---- */

/* What gives way to others for a millisecond is waited for. */
static void turn_loop(uv_loop_t *loop)
{
    uv_run(loop, uv_backend_timeout(loop) == 1 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

void api_exchange(struct api_world *w, enum kith_door door, struct kith_bytes request)
{
    int fd = http_knock(family_of(door));
    size_t sent = 0, idle = 0;
    bool is_news = false;
    for (size_t turn = 0; fd >= 0 && turn < TURNS_MAX && idle < TURNS_IDLE; turn++) {
        size_t size = 0;
        if (sent < request.size)
            size = http_say(fd, kith_bytes(request.data + sent, request.size - sent));
        sent += size;
        turn_loop(&w->loop);
        if (!http_hear(fd, API_ANSWER_SIZE_MAX, &w->answer, &is_news))
            break;
        idle = is_news || size > 0 ? 0 : idle + 1;
    }
    if (fd >= 0)
        close(fd);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    w->command_count = w->runtime->command_count;
}

void api_check_answer(const struct api_world *w)
{
    http_check(kith_writer_view(&w->answer));
}
