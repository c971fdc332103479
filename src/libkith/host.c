/* SPDX-License-Identifier: MIT */
/* Happy path: the thread starts the runtime, serves the socket, says so; the loop runs;
 * kith_host_free wakes it, it stops the runtime, then the server, closes the last handle,
 * and the loop ends.
 * Ways to fail: the start fails (what was begun is closed, the thread ends); the node is
 * told to stop by a client, or breaks (it stops; the thread waits for kith_host_free). */
#include "libkith/host.h"

#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/server.h"
#include "bin/secret.h"
#include "bin/settings.h"
#include "bin/settings_knobs.h"
#include "node/control.h"
#include "node/http.h"
#include "node/random.h"
#include "node/token.h"

struct kith_host {
    struct kith_cli cli; /* what `kith up` with these options would have */
    struct kith_settings settings;
    struct kith_settings_desk desk;
    struct kith_passphrase passphrase; /* secret; wiped once the node has its key */
    char token[KITH_TOKEN_TEXT_SIZE];  /* secret */
    struct kith_random random;
    struct kith_logger log;
    const struct kith_options *options; /* borrowed until started */
    struct kith_problem problem;        /* explains `error`, if that is one */
    int error;                          /* of the start */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_started; /* or failed; under the mutex */
    uv_loop_t loop;
    uv_async_t end; /* kith_host_free wants the end */
    struct kith_runtime *runtime;
    struct kith_server *server;
    struct kith_control control;
    bool is_stopping;
    bool is_stopped;
    bool is_ending;
};

/* ---- the end; all on the thread ---- */

static void end_if_stopped(struct kith_host *host)
{
    if (host->is_ending && host->is_stopped && !uv_is_closing((uv_handle_t *)&host->end))
        uv_close((uv_handle_t *)&host->end, NULL);
}

static void on_server_stopped(void *ctx)
{
    struct kith_host *host = ctx;
    kith_server_free(host->server);
    kith_runtime_free(host->runtime);
    host->server = NULL;
    host->runtime = NULL;
    host->is_stopped = true;
    end_if_stopped(host);
}

static void on_runtime_stopped(void *ctx)
{
    struct kith_host *host = ctx;
    kith_control_remove(host->cli.home, &host->control);
    if (host->server)
        kith_server_stop(host->server, on_server_stopped, host);
    else
        on_server_stopped(host);
}

static void stop(struct kith_host *host)
{
    if (host->is_stopping)
        return;
    host->is_stopping = true;
    kith_runtime_stop(host->runtime, on_runtime_stopped, host);
}

static void on_shutdown(void *ctx)
{
    stop(ctx);
}

static void on_broken(void *ctx, int error)
{
    (void)error; /* the log has it; whoever asks next finds no node */
    stop(ctx);
}

static void on_end(uv_async_t *async)
{
    struct kith_host *host = async->data;
    host->is_ending = true;
    stop(host);
    end_if_stopped(host);
}

/* ---- the beginning ---- */

static void login_name(char *out, size_t size)
{
    struct passwd entry, *found = NULL;
    char buffer[1024];
    out[0] = '\0';
    if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(out, size, "%s", found->pw_name);
}

static int start_runtime(struct kith_host *host)
{
    char login[256];
    login_name(login, sizeof login);
    struct kith_runtime_config config = kith_settings_runtime(&host->settings);
    config.home = host->cli.home;
    config.login = login[0] ? login : NULL;
    config.passphrase = host->passphrase.size > 0 ? &host->passphrase : NULL;
    config.log = &host->log;
    config.broken = on_broken;
    config.broken_ctx = host;
    int error = kith_runtime_new(&host->loop, &config, &host->runtime, &host->problem);
    kith_passphrase_deinit(&host->passphrase);
    return error;
}

static int open_socket(struct kith_host *host)
{
    int fd;
    int error = kith_control_listen(host->cli.home, &host->control, &fd, &host->problem);
    if (error)
        return error;
    error = kith_server_listen(host->server, KITH_DOOR_UNIX, fd);
    return error ? kith_problem_set(&host->problem, error,
                                    "the control API cannot start: %s",
                                    kith_error_text(error))
                 : 0;
}

/* Only where it was asked for: the program itself has no need of it. */
static int open_http(struct kith_host *host)
{
    int fd;
    if (!host->settings.has_http || !host->settings.is_http_given)
        return 0;
    int error = kith_http_listen(&host->settings.http, true, &fd, &host->problem);
    if (error)
        return error;
    error = kith_server_listen(host->server, KITH_DOOR_TCP, fd);
    return error ? kith_problem_set(&host->problem, error, "http cannot be served: %s",
                                    kith_error_text(error))
                 : 0;
}

static int serve(struct kith_host *host)
{
    struct kith_server_config config = {.loop = &host->loop,
                                        .runtime = host->runtime,
                                        .version = KITH_VERSION,
                                        .token = host->token,
                                        .is_plain_open = host->settings.has_plain_api,
                                        .knobs = &host->desk.knobs,
                                        .rng = kith_random_rng(&host->random),
                                        .shutdown = on_shutdown,
                                        .ctx = host};
    kith_settings_desk_init(&host->desk, &host->settings, &host->log);
    int error = kith_token_load_or_make(host->cli.home, host->token, &host->problem);
    if (error)
        return error;
    error = kith_server_new(&config, &host->server);
    if (error)
        return kith_problem_set(&host->problem, error, "the control API cannot start: %s",
                                kith_error_text(error));
    error = open_http(host);
    if (!error)
        error = open_socket(host);
    return error ? error : kith_runtime_keep_network(host->runtime, &host->problem);
}

static void tell_started(struct kith_host *host)
{
    pthread_mutex_lock(&host->mutex);
    host->is_started = true;
    pthread_cond_signal(&host->changed);
    pthread_mutex_unlock(&host->mutex);
}

/* Once it failed, `end` is closed as soon as all else is. */
static void start(struct kith_host *host)
{
    host->error = start_runtime(host);
    if (host->error) {
        host->is_stopping = host->is_stopped = host->is_ending = true;
        end_if_stopped(host);
        return;
    }
    host->error = serve(host);
    if (host->error) {
        host->is_ending = true;
        stop(host);
        return;
    }
    tell_started(host);
}

static void *run(void *ctx)
{
    struct kith_host *host = ctx;
    start(host);
    uv_run(&host->loop, UV_RUN_DEFAULT);
    tell_started(host); /* it failed, and all is closed */
    return NULL;
}

/* Its own thread, and those of libuv that it brings about, leave signals to the program.
 * A broken pipe, too, is an error there and no signal. */
static int start_thread(struct kith_host *host)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&host->thread, NULL, run, host);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number == 0 ? 0
                       : kith_problem_set(&host->problem, KITH_ELIMIT,
                                          "no thread for the node: %s", strerror(number));
}

static int open_loop(struct kith_host *host)
{
    if (uv_loop_init(&host->loop) != 0)
        return kith_problem_set(&host->problem, KITH_ELIMIT,
                                "no event loop for the node; are there too many open "
                                "files?");
    uv_async_init(&host->loop, &host->end, on_end);
    host->end.data = host;
    return 0;
}

static void close_loop(struct kith_host *host)
{
    if (!uv_is_closing((uv_handle_t *)&host->end))
        uv_close((uv_handle_t *)&host->end, NULL);
    uv_run(&host->loop, UV_RUN_DEFAULT);
    uv_loop_close(&host->loop);
}

/* The thread has ended, or never was. */
static void release(struct kith_host *host)
{
    kith_logger_deinit(&host->log);
    kith_settings_deinit(&host->settings);
    kith_passphrase_deinit(&host->passphrase);
    pthread_cond_destroy(&host->changed);
    pthread_mutex_destroy(&host->mutex);
    explicit_bzero(host->token, sizeof host->token);
    kith_random_deinit(&host->random);
    free((char *)host->cli.home);
    free(host);
}

static bool has_passphrase(const struct kith_options *options)
{
    return options && options->passphrase.size > 0;
}

static int configure(struct kith_host *host, const struct kith_options *options)
{
    char why[KITH_CONFIG_WHY_SIZE] = "";
    if (options) {
        host->cli.given = options->given;
        host->cli.given_count = options->given_count;
    }
    int error = kith_settings_read(&host->cli, &host->settings, why);
    if (!error && has_passphrase(options))
        host->passphrase = options->passphrase;
    else if (!error)
        error = kith_secret_read(&host->cli, &host->settings, &host->passphrase, why);
    host->cli.given = NULL;
    host->cli.given_count = 0;
    kith_logger_init(&host->log, host->settings.log, options ? options->log : NULL,
                     options ? options->log_ctx : NULL);
    return error ? kith_problem_set(&host->problem, error, "%s", why) : 0;
}

static int run_thread(struct kith_host *host)
{
    int error = open_loop(host);
    if (error)
        return error;
    error = start_thread(host);
    if (!error) {
        pthread_mutex_lock(&host->mutex);
        while (!host->is_started)
            pthread_cond_wait(&host->changed, &host->mutex);
        pthread_mutex_unlock(&host->mutex);
        error = host->error;
        if (error)
            pthread_join(host->thread, NULL);
    }
    if (error)
        close_loop(host);
    return error;
}

int kith_host_new(const char *home, const struct kith_options *options,
                  struct kith_host **out, struct kith_problem *problem)
{
    struct kith_host *host = calloc(1, sizeof *host);
    char *copy = strdup(home);
    if (!host || !copy) {
        free(host);
        free(copy);
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    }
    host->cli.home = copy;
    pthread_mutex_init(&host->mutex, NULL);
    pthread_cond_init(&host->changed, NULL);
    int error = configure(host, options);
    if (!error)
        error = run_thread(host);
    *problem = host->problem;
    if (error) {
        release(host);
        return error;
    }
    if (!has_passphrase(options))
        kith_secret_wipe(); /* not before: a start that failed may be tried again */
    *out = host;
    return 0;
}

void kith_host_free(struct kith_host *host)
{
    if (!host)
        return;
    uv_async_send(&host->end);
    pthread_join(host->thread, NULL);
    close_loop(host);
    release(host);
}
