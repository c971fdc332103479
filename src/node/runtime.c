/* SPDX-License-Identifier: MIT */
#include "node/runtime.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/inside.h"
#include "node/lan.h"
#include "node/reach.h"
#include "node/clock.h"
#include "node/contact_relay.h"
#include "node/trackers.h"
#include "proto/frame.h"

/* ---- beginning ---- */

static void on_verified(void *ctx, uint64_t verify_no, bool is_valid)
{
    struct kith_runtime *runtime = ctx;
    kith_turn_defer(runtime,
                    &(struct kith_backlog_item){.type = KITH_INPUT_VERIFIED,
                                                .verified = {verify_no, is_valid}});
}

/* It failed, or (`error` is 0) a reader left it nothing to do. */
static void log_vain_checkpoint(struct kith_runtime *runtime, int error)
{
    size_t mib = kith_store_wal_pages(runtime->store) / 256;
    unsigned held_back;
    if (!kith_logger_throttle_pass(&runtime->checkpoint_throttle, kith_clock_now().mono,
                                   KITH_MINUTE, &held_back))
        return;
    kith_logger_write(
        runtime->log, KITH_LOGGER_WARN, "store", "no checkpoint, so kith.db-wal grows",
        "why", error != 0 ? kith_error_text(error) : "another program reads the database",
        "mib", KITH_LOGGER_NUMBER(mib), "do",
        error != 0 ? kith_runtime_store_advice(error)
                   : "end the program that has kith.db open",
        "held_back", KITH_LOGGER_NUMBER(held_back), NULL);
}

static void on_checkpoint(void *ctx, int error)
{
    struct kith_runtime *runtime = ctx;
    if (error != 0 || kith_store_log_is_held(runtime->store))
        log_vain_checkpoint(runtime, error);
    kith_runtime_settle(runtime);
}

static void on_batch_done(void *ctx)
{
    kith_runtime_settle(ctx);
}

static void connect_to(struct kith_runtime *runtime, const struct kith_address *address)
{
    struct kith_command command = {.type = KITH_COMMAND_CONNECT, .connect = *address};
    if (kith_commands_push(&runtime->commands, &command, NULL, NULL) != 0)
        kith_logger_write(runtime->log, KITH_LOGGER_ERROR, "node",
                          "a peer is not dialled", "error", kith_error_name(KITH_ENOMEM),
                          NULL);
}

/* Every interface, as people write it. */
static void name_wildcards(struct kith_runtime *runtime)
{
    for (size_t i = 0; i < runtime->listening_count; i++) {
        struct kith_address *shown = &runtime->listening_shown[i];
        *shown = runtime->listening[i];
        if (shown->host[0] == '\0')
            snprintf(shown->host, sizeof(shown->host), "0.0.0.0");
    }
}

/* What the core has to know before the loop runs. */
static void begin(struct kith_runtime *runtime, const struct kith_runtime_config *config)
{
    struct kith_input input = {.type = KITH_INPUT_START,
                               .start = {config->trackers, config->tracker_count}};
    if (config->has_lan)
        kith_lan_start(runtime, config->discovery_port);
    kith_lan_watch(runtime);
    if (config->has_mapping)
        kith_mapping_start(runtime);
    kith_turn_input(runtime, &input);
    kith_lan_tell_reach(runtime);
    name_wildcards(runtime);
    for (size_t i = 0; i < config->peer_count; i++)
        connect_to(runtime, &config->peers[i]);
}

static struct kith_runtime *make(uv_loop_t *loop,
                                 const struct kith_runtime_config *config)
{
    struct kith_runtime *runtime = calloc(1, sizeof(*runtime));
    if (runtime == NULL)
        return NULL;
    runtime->loop = loop;
    runtime->log = config->log;
    runtime->broken = config->broken;
    runtime->broken_ctx = config->broken_ctx;
    runtime->load_bytes = kith_writer(&kith_alloc_heap);
    kith_list_init(&runtime->observers);
    kith_commands_init(&runtime->commands);
    kith_verifier_init(&runtime->verifier, loop, on_verified, on_batch_done, runtime);
    return runtime;
}

static void net_is_down(void *ctx)
{
    struct kith_runtime *runtime = ctx;
    runtime->is_net_down = true;
}

/* A start that failed half way: the net's handles need turns of the loop to close. */
static void give_up(struct kith_runtime *runtime)
{
    if (runtime->net != NULL) {
        kith_net_shutdown(runtime->net, net_is_down, runtime);
        while (!runtime->is_net_down)
            uv_run(runtime->loop, UV_RUN_ONCE);
    }
    kith_runtime_free(runtime);
}

int kith_runtime_new(uv_loop_t *loop, const struct kith_runtime_config *config,
                     struct kith_runtime **out, struct kith_problem *problem)
{
    struct kith_runtime *runtime = make(loop, config);
    if (runtime == NULL)
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    int error = kith_start(runtime, config, problem);
    if (error != 0) {
        give_up(runtime);
        return error;
    }
    kith_turn_init(runtime);
    kith_upkeep_init(&runtime->upkeep, loop, runtime->store, on_checkpoint, runtime);
    begin(runtime, config);
    *out = runtime;
    return 0;
}

/* ---- end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct kith_runtime *runtime = handle->data;
    if (--runtime->handles_open > 0)
        return;
    kith_store_close(runtime->store);
    runtime->store = NULL;
    runtime->stopped(runtime->stopped_ctx);
}

static void close_handle(struct kith_runtime *runtime, uv_handle_t *handle)
{
    handle->data = runtime;
    runtime->handles_open++;
    uv_close(handle, on_handle_closed);
}

/* One that broke has stored nothing of what is unanswered; but where it was the commit
 * that it could not be told of, nobody knows whose rows were in it. */
static void abandon_commands(struct kith_runtime *runtime)
{
    bool is_known = runtime->turn.is_broken && !runtime->turn.is_commit_untold;
    kith_commands_abandon(&runtime->commands, is_known ? KITH_ENOMEM : KITH_ECLOSED);
}

void kith_runtime_settle(struct kith_runtime *runtime)
{
    if (!runtime->is_net_down || !kith_trackers_are_down(runtime) ||
        !kith_contact_relay_is_down(runtime) || runtime->lan_closing > 0 ||
        runtime->mapping.closing > 0 || runtime->handles_open > 0 ||
        runtime->verifier.running > 0 || !kith_upkeep_is_idle(&runtime->upkeep))
        return;
    kith_upkeep_stop(&runtime->upkeep);
    kith_turn_end(runtime); /* what the last links brought is stored */
    if (runtime->verifier.running > 0)
        return;
    abandon_commands(runtime);
    close_handle(runtime, (uv_handle_t *)&runtime->turn.prepare);
    close_handle(runtime, (uv_handle_t *)&runtime->turn.again);
    close_handle(runtime, (uv_handle_t *)&runtime->turn.timer);
    close_handle(runtime, (uv_handle_t *)&runtime->upkeep.quiet);
}

static void on_net_down(void *ctx)
{
    net_is_down(ctx);
    kith_runtime_settle(ctx);
}

void kith_runtime_part(struct kith_runtime *runtime)
{
    if (runtime->has_parted)
        return;
    runtime->has_parted = true;
    kith_lan_stop(runtime);
    kith_trackers_stop(runtime);
    kith_contact_relay_stop(runtime);
    kith_mapping_stop(runtime);
    kith_net_shutdown(runtime->net, on_net_down, runtime);
}

static void on_farewell(void *ctx, const struct kith_notice *notice)
{
    (void)notice;
    kith_runtime_part(ctx);
}

void kith_runtime_stop(struct kith_runtime *runtime, void (*done)(void *ctx), void *ctx)
{
    struct kith_command command = {.type = KITH_COMMAND_STOP};
    if (runtime->is_stopping)
        return;
    runtime->is_stopping = true;
    runtime->stopped = done;
    runtime->stopped_ctx = ctx;
    if (runtime->turn.is_broken ||
        kith_commands_push(&runtime->commands, &command, on_farewell, runtime) != 0)
        kith_runtime_part(runtime);
}

void kith_runtime_free(struct kith_runtime *runtime)
{
    if (runtime == NULL)
        return;
    abandon_commands(runtime);
    kith_net_free(runtime->net);
    kith_trackers_free(runtime);
    kith_contact_relay_free(runtime);
    kith_node_free(runtime->node);
    kith_store_close(runtime->store);
    kith_verifier_deinit(&runtime->verifier);
    kith_backlog_deinit(&runtime->turn.backlog);
    kith_writer_deinit(&runtime->load_bytes);
    kith_release(&kith_alloc_heap, runtime->load_runs);
    kith_identity_deinit(&runtime->identity);
    kith_network_deinit(&runtime->network);
    kith_network_deinit(&runtime->network_kept);
    kith_random_deinit(&runtime->random);
    free(runtime->database);
    free(runtime->home);
    free(runtime);
}

/* ---- verbs and queries ---- */

int kith_runtime_command(struct kith_runtime *runtime, const struct kith_command *command,
                         kith_reply_cb *reply, void *ctx)
{
    if (runtime->is_stopping || runtime->turn.is_broken)
        return KITH_ECLOSED;
    return kith_commands_push(&runtime->commands, command, reply, ctx);
}

size_t kith_runtime_fits(const struct kith_bytes *texts, size_t text_count)
{
    size_t size = 0, count = 0;
    while (count < text_count && count < KITH_SEND_TEXTS_MAX &&
           size + texts[count].size <= KITH_SEND_SIZE_MAX)
        size += texts[count++].size;
    return count;
}

const struct kith_node *kith_runtime_node(const struct kith_runtime *runtime)
{
    return runtime->node;
}

size_t kith_runtime_listening(const struct kith_runtime *runtime,
                              const struct kith_address **out)
{
    *out = runtime->listening_shown;
    return runtime->listening_count;
}

const char *kith_runtime_home(const struct kith_runtime *runtime)
{
    return runtime->home;
}

struct kith_network_view kith_runtime_network(const struct kith_runtime *runtime)
{
    return (struct kith_network_view){runtime->network.name.text,
                                      runtime->network.has_passphrase,
                                      runtime->network_fingerprint};
}

struct kith_logger *kith_runtime_logger(const struct kith_runtime *runtime)
{
    return runtime->log;
}

struct kith_now kith_runtime_now(const struct kith_runtime *runtime)
{
    return runtime->turn.now;
}
