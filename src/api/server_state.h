/* SPDX-License-Identifier: MIT */
/* What the files of the server share: the server itself. */
#ifndef KITH_API_SERVER_STATE_H
#define KITH_API_SERVER_STATE_H

#include <microhttpd.h>

#include "api/server.h"
#include "api/server_gate.h"
#include "api/server_names.h"
#include "api/server_sessions.h"

struct kith_door_state {
    struct kith_server *server;
    enum kith_door door;
    int fd;
    uv_poll_t poll;
};

struct kith_server {
    struct kith_server_config config;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;   /* of the daemon's epoll descriptor */
    uv_timer_t timer; /* runs only while something has a deadline */
    uv_idle_t idle;   /* runs only while the daemon has work for the next turn */
    struct kith_door_state doors[KITH_SERVER_DOORS_MAX];
    size_t door_count;
    size_t connection_counts[KITH_DOOR_KINDS];
    size_t connections_max;              /* of each kind of door */
    char http[KITH_GATE_HOST_SIZE + 16]; /* the URL; empty: there is none */
    uint64_t accept_again_ms;            /* loop time; 0: accepting is not paused */
    struct kith_observer observer;
    struct kith_list requests; /* every live one */
    struct kith_list orphans;  /* pending commands whose request is gone */
    struct kith_list streams;
    struct kith_list visitors; /* connections */
    struct kith_names names;
    struct kith_sessions sessions;
    uint64_t heartbeat_ms;      /* loop time; 0 while there are no streams */
    uint64_t look_ms;           /* loop time; 0 while nobody waits for long */
    struct kith_writer scratch; /* an event being written */
    bool is_running;            /* inside MHD_run */
    bool is_stopping;
    bool is_shutdown_due; /* asked and answered; the caller is to be told */
    size_t handles_open;
    void (*done)(void *ctx);
    void *done_ctx;
};

/* Let the daemon do what it can now. Not from within it. */
void kith_server_run(struct kith_server *server);

/* Let the daemon run in the next turn of the loop: a connection was resumed. */
void kith_server_wake(struct kith_server *server);

/* Some deadline changed: set the timer anew. */
void kith_server_arm(struct kith_server *server);

static inline const struct kith_node *kith_server_node(const struct kith_server *server)
{
    return kith_runtime_node(server->config.runtime);
}

#endif
