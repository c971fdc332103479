/* SPDX-License-Identifier: MIT */
/* The node's control API: REST in JSON and a stream of events, over HTTP/1.1.
 *
 * libmicrohttpd without threads: its epoll descriptor is polled by the loop, and nothing
 * wakes the process while no client is there. docs/openapi.yaml is the contract. */
#ifndef KITH_API_SERVER_H
#define KITH_API_SERVER_H

#include "api/server_knobs.h"
#include "base/rng.h"
#include "node/runtime.h"

/* Of each kind of door; past it a client gets 503 at once: 200 programs that follow, and
 * some that ask. Where few descriptors are allowed, each kind gets a quarter of them:
 * half is left for peers and files. */
#define KITH_SERVER_CONNECTIONS_MAX 256
#define KITH_SERVER_DOORS_MAX       4 /* listening sockets */

/* For a request through TCP to be there as a whole (a batch: its headers): 1 MiB comes in
 * this time over 300 kbit/s. */
#define KITH_SERVER_PATIENCE_MS 30000

#define KITH_SERVER_PAGE_SIZE 160 /* of the page's address with its code */

struct kith_server; /* opaque */

/* Who may come in through a listening socket. */
enum kith_door {
    KITH_DOOR_UNIX, /* SO_PEERCRED: this process's own user, and root */
    KITH_DOOR_TCP,  /* any program, and any page in a browser: each request is judged by
                     * its Host, its Origin and its token */
    KITH_DOOR_KINDS,
};

struct kith_server_config {
    uv_loop_t *loop;              /* borrowed, as is the rest */
    struct kith_runtime *runtime; /* outlives kith_server_stop's `done` */
    const char *version;          /* as GET /self tells it */
    const char *token;            /* what a request through KITH_DOOR_TCP must show */
    bool is_plain_open;           /* GET /peers, GET /messages, POST /send ask for none */
    const struct kith_server_knobs *knobs; /* NULL: there are none to tell of */
    struct kith_rng rng;                   /* for the tokens of pages */
    uint64_t patience_ms;                  /* 0: KITH_SERVER_PATIENCE_MS */
    void (*shutdown)(void *ctx);           /* POST /shutdown was asked and answered */
    void *ctx;
};

/* Returns 0, KITH_ENOMEM, or KITH_EIO when libmicrohttpd or libuv refuses. */
int kith_server_new(const struct kith_server_config *config, struct kith_server **out);

/* Serve a bound, listening socket that does not block. Takes the descriptor, also on
 * failure. Returns 0, KITH_ELIMIT (too many doors) or KITH_EIO. */
int kith_server_listen(struct kith_server *server, enum kith_door door, int take_fd);

/* Where KITH_DOOR_TCP is, as a URL without a path; NULL without such a door. Borrowed. */
const char *kith_server_http(const struct kith_server *server);

/* The page's address with a fresh code, with which it opens once and within a minute.
 * False without such a door. */
bool kith_server_page(struct kith_server *server, char out[static KITH_SERVER_PAGE_SIZE]);

/* Close everything; `done` is called once, later, and in it kith_server_free is
 * allowed when the runtime answers no more commands. Answers that are ready are lost
 * only when their client does not read. */
void kith_server_stop(struct kith_server *server, void (*done)(void *ctx), void *ctx);

/* After `done`, and after the runtime was freed or will no longer call back. */
void kith_server_free(struct kith_server *server);

#endif
