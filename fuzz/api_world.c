/* SPDX-License-Identifier: MIT */
#include "api_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "kith/error.h"
#include "unit/api/fake_runtime.h"

#define TURNS_MAX  400 /* of the loop, for one exchange */
#define TURNS_IDLE 4   /* without a byte: what comes later waits for time to pass */

union any_address {
    struct sockaddr any;
    struct sockaddr_un unix_;
    struct sockaddr_in ipv4;
};

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

/* Abstract, so that nothing of it is in a folder. */
static socklen_t door_address(enum kith_door door, union any_address *out)
{
    *out = (union any_address){0};
    if (door == KITH_DOOR_TCP) {
        out->ipv4.sin_family = AF_INET;
        out->ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof(out->ipv4);
    }
    out->unix_.sun_family = AF_UNIX;
    snprintf(out->unix_.sun_path + 1, 40, "kith-fuzz-%d", (int)getpid());
    return sizeof(out->unix_);
}

/* One socket for ever: ports that were just used are not free at once. */
static int listen_on(struct api_world *w, enum kith_door door)
{
    static int doors[KITH_DOOR_KINDS] = {-1, -1};
    union any_address address;
    socklen_t size = door_address(door, &address);
    int fd = doors[door];
    if (fd < 0) {
        fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert(fd >= 0 && bind(fd, &address.any, size) == 0 && listen(fd, 8) == 0);
        doors[door] = fd;
    }
    if (door == KITH_DOOR_TCP) {
        getsockname(fd, &address.any, &size);
        w->port = ntohs(address.ipv4.sin_port);
    }
    fd = dup(fd); /* the server closes its own */
    assert(fd >= 0);
    return fd;
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
    error = kith_server_listen(w->server, door, listen_on(w, door));
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

/* -1 when so many connections were closed lately that no port is left. */
static int knock(struct api_world *w, enum kith_door door)
{
    union any_address address;
    socklen_t size = door_address(door, &address);
    if (door == KITH_DOOR_TCP)
        address.ipv4.sin_port = htons(w->port);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    if (connect(fd, &address.any, size) != 0) {
        assert(errno == EADDRNOTAVAIL);
        close(fd);
        return -1;
    }
    /* Many thousand connections a minute: none of them may linger. */
    const struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    return fd;
}

/* False when the server hung up. */
static bool hear(struct api_world *w, int fd, bool *is_news)
{
    uint8_t bytes[16384];
    ssize_t size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    *is_news = size > 0;
    if (size > 0 && w->answer.size < API_ANSWER_SIZE_MAX)
        kith_writer_bytes(&w->answer, bytes, (size_t)size);
    return size > 0 || (size < 0 && errno == EAGAIN);
}

void api_exchange(struct api_world *w, enum kith_door door, struct kith_bytes request)
{
    int fd = knock(w, door);
    size_t sent = 0, idle = 0;
    bool is_news = false;
    for (size_t turn = 0; fd >= 0 && turn < TURNS_MAX && idle < TURNS_IDLE; turn++) {
        ssize_t size = 0;
        if (sent < request.size)
            size = send(fd, request.data + sent, request.size - sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += size > 0 ? (size_t)size : 0;
        uv_run(&w->loop, UV_RUN_NOWAIT);
        if (!hear(w, fd, &is_news))
            break;
        idle = is_news || size > 0 ? 0 : idle + 1;
    }
    if (fd >= 0)
        close(fd);
    uv_run(&w->loop, UV_RUN_NOWAIT);
    w->command_count = w->runtime->command_count;
}

/* ---- what was heard ---- */

static const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    return at != NULL ? at + strlen(name) : "";
}

static void check_body(const char *head, const char *body, size_t size)
{
    const char *type = header(head, "\r\nContent-Type: ");
    if (strncmp(type, "application/json", 16) != 0 &&
        strncmp(type, "application/problem+json", 24) != 0)
        return;
    json_t *json = json_loadb(body, size, 0, NULL);
    assert(json != NULL);
    json_decref(json);
}

/* The answer at `text`; returns what follows it, or NULL where that cannot be told. */
static char *check_one(char *text, const char *text_end)
{
    char *head_end = strstr(text, "\r\n\r\n");
    if (text_end - text < 12)
        return NULL; /* cut where enough was heard */
    assert(strncmp(text, "HTTP/1.", 7) == 0);
    assert(strncmp(text + 8, " 500", 4) != 0);
    if (head_end == NULL)
        return NULL;
    *head_end = '\0';
    char *body = head_end + 4;
    const char *length = header(text, "\r\nContent-Length: ");
    if (*length == '\0' && strncmp(text + 8, " 100", 4) != 0)
        return NULL; /* in chunks, or until the connection ends */
    size_t size = strtoul(length, NULL, 10);
    if (size == 0 || strncmp(body, "HTTP/1.", 7) == 0)
        return body; /* nothing, or to HEAD */
    if ((size_t)(text_end - body) < size)
        return NULL;
    check_body(text, body, size);
    return body + size;
}

void api_check_answer(const struct api_world *w)
{
    struct kith_bytes all = kith_writer_view(&w->answer);
    if (all.size == 0)
        return; /* the request never ended */
    char *text = strndup((const char *)all.data, all.size);
    const char *end = text + strlen(text);
    for (char *at = text; at != NULL && at < end;)
        at = check_one(at, end);
    free(text);
}
