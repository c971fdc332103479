/* SPDX-License-Identifier: MIT */
#include "node_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/store.h"

#define PATIENCE_MS 20000 /* a loaded machine under sanitizers */

static int remove_one(const char *path, const struct stat *status, int flag,
                      struct FTW *where)
{
    (void)status, (void)flag, (void)where;
    return remove(path);
}

static void out_of_patience(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("nothing came of it in %d ms", PATIENCE_MS);
}

int setup_directory(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    snprintf(f->directory, sizeof f->directory, "/tmp/kith-node-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    assert_int_equal(uv_loop_init(&f->loop), 0);
    uv_timer_init(&f->loop, &f->patience);
    kith_logger_init(&f->log, KITH_LOGGER_DEBUG, NULL, NULL);
    *state = f;
    return 0;
}

int setup_nodes(void **state)
{
    setup_directory(state);
    start_node(*state, 0, "alice", -1);
    start_node(*state, 1, "bob", 0);
    return 0;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < NODES_MAX; i++)
        stop_node(f, i);
    uv_close((uv_handle_t *)&f->patience, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    kith_logger_deinit(&f->log);
    nftw(f->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

const char *path_of(const struct fixture *f, size_t index, const char *file)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/n%zu%s%s", f->directory, index, file ? "/" : "",
             file ? file : "");
    return path;
}

static void start(struct fixture *f, size_t index, const char *name,
                  const struct kith_address *listen, const struct kith_address *peer)
{
    struct kith_problem problem = {0};
    struct kith_runtime_config config = {
        .home = path_of(f, index, NULL),
        .name = name,
        .listen = listen,
        .listen_count = 1,
        .peers = peer,
        .peer_count = peer != NULL,
        .log = &f->log,
    };
    if (kith_runtime_new(&f->loop, &config, &f->nodes[index], &problem) != 0)
        fail_msg("%s", problem.text);
}

static const struct kith_address any_port = {.host = "127.0.0.1"};

void start_node(struct fixture *f, size_t index, const char *name, int peer)
{
    struct kith_address address = {0};
    if (peer >= 0)
        address = address_of(f, (size_t)peer);
    start(f, index, name, &any_port, peer >= 0 ? &address : NULL);
}

void start_node_at(struct fixture *f, size_t index, const char *name,
                   const struct kith_address *listen)
{
    start(f, index, name, listen, NULL);
}

void start_node_dialling(struct fixture *f, size_t index, const char *name,
                         const struct kith_address *peer)
{
    start(f, index, name, &any_port, peer);
}

static void on_stopped(void *ctx)
{
    struct kith_runtime **node = ctx;
    kith_runtime_free(*node);
    *node = NULL;
}

static bool is_gone(void *ctx)
{
    struct kith_runtime **node = ctx;
    return *node == NULL;
}

void stop_node(struct fixture *f, size_t index)
{
    if (f->nodes[index] == NULL)
        return;
    kith_runtime_stop(f->nodes[index], on_stopped, &f->nodes[index]);
    run_until(f, is_gone, &f->nodes[index]);
}

struct kith_address address_of(const struct fixture *f, size_t index)
{
    const struct kith_address *addresses;
    assert_int_equal(kith_runtime_listening(f->nodes[index], &addresses), 1);
    return addresses[0];
}

static int count_message(void *ctx, const struct kith_stored_event *event)
{
    size_t *count = ctx;
    *count += event->kind == KITH_KIND_MESSAGE;
    return 0;
}

size_t count_messages(const struct fixture *f, size_t index)
{
    size_t count = 0;
    struct kith_store *store;
    struct kith_store_config config = {.path = path_of(f, index, "kith.db")};
    struct kith_page_query query = {.limit = 10};
    assert_int_equal(kith_store_open(&config, &store, NULL), 0);
    assert_int_equal(kith_store_page(store, &query, count_message, &count), 0);
    kith_store_close(store);
    return count;
}

void run_until(struct fixture *f, bool (*is_done)(void *ctx), void *ctx)
{
    uv_timer_start(&f->patience, out_of_patience, PATIENCE_MS, 0);
    while (!is_done(ctx))
        uv_run(&f->loop, UV_RUN_ONCE);
    uv_timer_stop(&f->patience);
}

static bool sees_a_peer(const struct kith_runtime *runtime)
{
    struct kith_peer_view peer;
    const struct kith_node *node = kith_runtime_node(runtime);
    return kith_node_peer(node, 1, &peer) && peer.is_online && peer.name[0] != '\0';
}

static bool are_linked(void *ctx)
{
    struct fixture *f = ctx;
    return sees_a_peer(f->nodes[0]) && sees_a_peer(f->nodes[1]);
}

void run_until_linked(struct fixture *f)
{
    run_until(f, are_linked, f);
}
