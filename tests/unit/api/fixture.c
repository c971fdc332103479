/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void control_path(const struct api *api, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof out->sun_path, "%s/control", api->home);
}

static int listen_on(const struct api *api)
{
    struct sockaddr_un address;
    control_path(api, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 128), 0);
    return fd;
}

static int listen_on_tcp(struct api *api)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(fd, 128), 0);
    api->port = ntohs(address.sin_port);
    return fd;
}

static void on_async(uv_async_t *async)
{
    struct api *api = async->data;
    void (*call)(struct api *, void *) = api->call;
    if (!call)
        return;
    api->call = NULL;
    call(api, api->call_ctx);
    uv_sem_post(&api->done);
}

void api_on_loop(struct api *api, void (*call)(struct api *api, void *ctx), void *ctx)
{
    api->call_ctx = ctx;
    api->call = call;
    uv_async_send(&api->async);
    uv_sem_wait(&api->done);
}

static void on_shutdown(void *ctx)
{
    struct api *api = ctx;
    api->is_shutdown_asked = true;
}

static void run(void *ctx)
{
    struct api *api = ctx;
    uv_run(&api->loop, UV_RUN_DEFAULT);
}

/* Never the same twice, which is all that tokens need here. */
static void fill(void *ctx, void *out, size_t size)
{
    struct api *api = ctx;
    memset(out, 0, size);
    snprintf(out, size, "%u", api->drawn++);
}

/* Three knobs: one that is known elsewhere, one that can be changed, and a list. */
static bool knob_at(void *ctx, size_t index, struct kith_server_knob *out)
{
    static const struct kith_server_knob knobs[] = {
        {.name = "name",
         .about = "its name",
         .fallback = "the login",
         .source = "--name"},
        {.name = "log", .about = "how much", .fallback = "info", .source = "KITH_LOG"},
        {.name = "peer", .about = "whom", .source = "kith.conf:3", .is_list = true},
    };
    (void)ctx;
    if (index >= sizeof knobs / sizeof knobs[0])
        return false;
    *out = knobs[index];
    return true;
}

static const char *value_at(void *ctx, size_t index, size_t value_index)
{
    static const char *const peers[] = {"one:1", "two:2"};
    const struct api *api = ctx;
    if (index == 2)
        return value_index < 2 ? peers[value_index] : NULL;
    return value_index > 0 ? NULL : index == 0 ? "configured" : api->log;
}

static bool set_log(void *ctx, const char *level)
{
    struct api *api = ctx;
    bool is_level = strcmp(level, "debug") == 0;
    if (is_level)
        api->log = "debug";
    return is_level;
}

static int add(void *ctx, const char *name, const char *value)
{
    struct api *api = ctx;
    assert_string_equal(name, "peer");
    snprintf(api->added, sizeof api->added, "%s", value);
    return 0;
}

static void start(struct api *api)
{
    api->log = "info";
    api->knobs = (struct kith_server_knobs){
        .knob = knob_at, .value = value_at, .log = set_log, .add = add, .ctx = api};
    struct kith_server_config config = {
        .knobs = &api->knobs,
        .loop = &api->loop,
        .runtime = api->runtime,
        .version = "9.8.7",
        .token = API_TOKEN,
        .patience_ms = api->patience_ms,
        .rng = {.fill = fill, .ctx = api},
        .shutdown = on_shutdown,
        .ctx = api,
    };
    assert_int_equal(kith_server_new(&config, &api->server), 0);
    assert_int_equal(kith_server_listen(api->server, KITH_DOOR_UNIX, listen_on(api)), 0);
    assert_null(kith_server_http(api->server));
    assert_int_equal(kith_server_listen(api->server, KITH_DOOR_TCP, listen_on_tcp(api)),
                     0);
}

static int setup(void **state, uint64_t patience_ms)
{
    struct api *api = calloc(1, sizeof *api);
    api->patience_ms = patience_ms;
    snprintf(api->home, sizeof api->home, "/tmp/kith-api-XXXXXX");
    assert_non_null(mkdtemp(api->home));
    uv_loop_init(&api->loop);
    uv_sem_init(&api->done, 0);
    uv_async_init(&api->loop, &api->async, on_async);
    api->async.data = api;
    api->runtime = fake_runtime_new(&api->loop);
    start(api);
    assert_int_equal(kith_client_new(api->home, &api->client), 0);
    assert_int_equal(uv_thread_create(&api->thread, run, api), 0);
    *state = api;
    return 0;
}

int api_setup(void **state)
{
    return setup(state, 0);
}

int api_setup_impatient(void **state)
{
    return setup(state, 2000);
}

static void on_stopped_to_restart(void *ctx)
{
    struct api *api = ctx;
    struct sockaddr_un address;
    control_path(api, &address);
    unlink(address.sun_path);
    kith_server_free(api->server);
    start(api);
}

static void stop_to_restart(struct api *api, void *ctx)
{
    kith_server_stop(api->server, on_stopped_to_restart, api);
}

static void do_nothing(struct api *api, void *ctx)
{
}

void api_restart(struct api *api)
{
    api_on_loop(api, stop_to_restart, NULL);
    api_on_loop(api, do_nothing, NULL); /* what closes is closed in the next turn */
}

static void on_stopped(void *ctx)
{
    struct api *api = ctx;
    kith_server_free(api->server);
    fake_runtime_close(api->runtime);
}

static void stop(struct api *api, void *ctx)
{
    uv_close((uv_handle_t *)&api->async, NULL);
    kith_server_stop(api->server, on_stopped, api);
}

int api_teardown(void **state)
{
    struct api *api = *state;
    struct sockaddr_un address;
    api_on_loop(api, stop, NULL);
    uv_thread_join(&api->thread);
    assert_int_equal(uv_loop_close(&api->loop), 0);
    fake_runtime_free(api->runtime);
    kith_answer_deinit(&api->answer);
    kith_client_free(api->client);
    uv_sem_destroy(&api->done);
    control_path(api, &address);
    unlink(address.sun_path);
    rmdir(api->home);
    free(api);
    return 0;
}

int api_ask(struct api *api, const char *method, const char *path, const char *body)
{
    json_t *json = body ? json_loads(body, JSON_DECODE_ANY, NULL) : NULL;
    assert_true(!body || json);
    kith_answer_deinit(&api->answer);
    int error = kith_client_request(api->client, method, path, json, 10000, &api->answer);
    json_decref(json);
    return error;
}

const char *api_string(const struct api *api, const char *name)
{
    return json_string_value(json_object_get(api->answer.json, name));
}

json_int_t api_number(const struct api *api, const char *name)
{
    return json_integer_value(json_object_get(api->answer.json, name));
}

static int connect_to(const void *address, socklen_t size, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, address, size), 0);
    struct timeval limit = {.tv_sec = 30};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

int api_connect(const struct api *api)
{
    struct sockaddr_un address;
    control_path(api, &address);
    return connect_to(&address, sizeof address, AF_UNIX);
}

int api_connect_tcp(const struct api *api)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(api->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect_to(&address, sizeof address, AF_INET);
}

size_t api_exchange(int fd, const char *request, size_t size, const char *wanted,
                    char *out, size_t out_size)
{
    size_t got = 0;
    const char *unseen = out; /* nothing before it is, or begins, what is wanted */
    while (size > 0) {
        ssize_t written = send(fd, request, size, MSG_NOSIGNAL);
        if (written < 0)
            break;
        request += written;
        size -= (size_t)written;
    }
    out[0] = '\0';
    while (got + 1 < out_size && !(wanted && strstr(unseen, wanted))) {
        unseen = out + (wanted && got > strlen(wanted) ? got - strlen(wanted) : 0);
        ssize_t read = recv(fd, out + got, out_size - got - 1, 0);
        if (read <= 0)
            break;
        got += (size_t)read;
        out[got] = '\0';
    }
    return got;
}
