/* SPDX-License-Identifier: MIT */
/* The server over a fake runtime, on a loop of its own thread, and programs that talk to
 * it over a real socket in a directory of the test's own. */
#ifndef TESTS_UNIT_API_FIXTURE_H
#define TESTS_UNIT_API_FIXTURE_H

#include "lib/unit.h"

#include "api/client.h"
#include "api/server.h"
#include "fake_runtime.h"

#define API_TOKEN "thetokenofthefixture"

struct api {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t async;
    uv_sem_t done;
    void (*call)(struct api *api, void *ctx);
    void *call_ctx;
    struct kith_runtime *runtime;
    struct kith_server *server;
    struct kith_server_knobs knobs;
    const char *log; /* the level of "log" */
    char added[64];  /* what was added to "peer" last */
    bool is_shutdown_asked;
    char home[64];
    unsigned drawn; /* "random" values */
    uint64_t patience_ms;
    uint16_t port; /* of the TCP door */
    struct kith_client *client;
    struct kith_answer answer; /* of the last request */
};

int api_setup(void **state);
int api_setup_impatient(void **state); /* a request through TCP has 2 s to come in */
int api_teardown(void **state);

/* Do something on the server's thread, and wait until it is done. */
void api_on_loop(struct api *api, void (*call)(struct api *api, void *ctx), void *ctx);

/* The server goes away and comes back, as when the node is started again. */
void api_restart(struct api *api);

/* One request with JSON text as its body (NULL: none). */
int api_ask(struct api *api, const char *method, const char *path, const char *body);

/* A member of the last answer. */
const char *api_string(const struct api *api, const char *name);
json_int_t api_number(const struct api *api, const char *name);

/* A raw connection, for what a client would never send. */
int api_connect(const struct api *api);
int api_connect_tcp(const struct api *api);

/* Write all, then read until the server closes or `wanted` has come; terminated. */
size_t api_exchange(int fd, const char *request, size_t size, const char *wanted,
                    char *out, size_t out_size);

#endif
