/* SPDX-License-Identifier: MIT */
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/server.h"
#include "bin/commands.h"
#include "bin/detach.h"
#include "bin/limits.h"
#include "bin/ready.h"
#include "bin/secret.h"
#include "bin/settings.h"
#include "bin/settings_knobs.h"
#include "bin/up.h"
#include "bin/write_ready.h"
#include "cli/page.h"
#include "kith/error.h"
#include "node/control.h"
#include "node/http.h"
#include "node/log_file.h"
#include "node/random.h"
#include "node/token.h"

#define STOP_MS_MAX 1900 /* what has not ended within 2 s of a signal is left behind */

enum { SIGNAL_INT, SIGNAL_TERM, SIGNAL_HUP, SIGNALS };
static const int signal_numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

struct up {
    struct kith_cli *cli;
    const struct kith_up_shell *shell; /* NULL: none */
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    uv_timer_t patience;
    struct kith_logger log;
    struct kith_settings settings;
    struct kith_settings_desk desk;
    struct kith_passphrase passphrase; /* secret; wiped once the node has its key */
    struct kith_runtime *runtime;
    struct kith_server *server;
    struct kith_control control;
    char token[KITH_TOKEN_TEXT_SIZE]; /* secret */
    struct kith_random random;
    bool has_log_file; /* stderr is the one in the home, no file of who started us */
    bool is_stopping;
    int exit_code;
};

/* ---- the end ---- */

static void out_of_patience(uv_timer_t *timer)
{
    struct up *up = timer->data;
    kith_logger_write(&up->log, KITH_LOGGER_WARN, "node",
                      "left without waiting any longer", NULL);
    _exit(up->exit_code);
}

static void on_server_stopped(void *ctx)
{
    struct up *up = ctx;
    kith_server_free(up->server);
    kith_runtime_free(up->runtime);
    up->server = NULL;
    up->runtime = NULL;
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&up->signals[i], NULL);
    /* A name that is being looked up keeps the loop: it ends when patience does. */
    uv_unref((uv_handle_t *)&up->patience);
}

/* The runtime has answered everybody; the server passes the last answers on. */
static void on_runtime_stopped(void *ctx)
{
    struct up *up = ctx;
    kith_control_remove(up->cli->home, &up->control);
    if (up->server != NULL)
        kith_server_stop(up->server, on_server_stopped, up);
    else
        on_server_stopped(up);
}

static void stop(struct up *up)
{
    if (up->is_stopping)
        return;
    up->is_stopping = true;
    kith_logger_write(&up->log, KITH_LOGGER_INFO, "node", "stopping", NULL);
    uv_timer_start(&up->patience, out_of_patience, STOP_MS_MAX, 0);
    kith_runtime_stop(up->runtime, on_runtime_stopped, up);
}

static void on_shutdown(void *ctx)
{
    stop(ctx);
}

static void on_broken(void *ctx, int error)
{
    struct up *up = ctx;
    (void)error; /* the runtime has said it */
    up->exit_code = KITH_EXIT_FAILED;
    stop(up);
}

/* ---- reading the configuration again ---- */

static bool is_among(const struct kith_address *address, const struct kith_address *list,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (kith_address_equal(address, &list[i]))
            return true;
    return false;
}

static void connect_new_peers(struct up *up, const struct kith_settings *fresh)
{
    for (size_t i = 0; i < fresh->peer_count; i++) {
        struct kith_command command = {.type = KITH_COMMAND_CONNECT,
                                       .connect = fresh->peers[i]};
        if (!is_among(&fresh->peers[i], up->settings.peers, up->settings.peer_count))
            kith_runtime_command(up->runtime, &command, NULL, NULL);
    }
}

/* Those that are known stay as they are. */
static void register_at_trackers(struct up *up, const struct kith_settings *fresh)
{
    for (size_t i = 0; i < fresh->tracker_count; i++) {
        const struct kith_tracker_address *tracker = &fresh->trackers[i];
        struct kith_command command = {
            .type = KITH_COMMAND_TRACKER,
            .tracker = {tracker->address, tracker->has_id, tracker->id, false}};
        kith_runtime_command(up->runtime, &command, NULL, NULL);
    }
}

/* What `kith rename` said stays, unless the configuration says something new. */
static void rename_if_changed(struct up *up, const struct kith_settings *fresh)
{
    struct kith_command command = {.type = KITH_COMMAND_RENAME};
    const char *before = up->settings.name;
    if (fresh->name == NULL || (before != NULL && strcmp(fresh->name, before) == 0) ||
        kith_name_parse(kith_bytes(fresh->name, strlen(fresh->name)), &command.rename,
                        NULL) != 0)
        return;
    kith_runtime_command(up->runtime, &command, NULL, NULL);
}

static void read_again(struct up *up)
{
    struct kith_settings fresh;
    char why[KITH_CONFIG_WHY_SIZE];
    if (kith_settings_read(up->cli, &fresh, why) != 0) {
        kith_logger_write(&up->log, KITH_LOGGER_ERROR, "config", "kept as it was", "why",
                          why, NULL);
        return;
    }
    rename_if_changed(up, &fresh);
    connect_new_peers(up, &fresh);
    register_at_trackers(up, &fresh);
    up->log.level = fresh.log;
    kith_settings_deinit(&up->settings);
    up->settings = fresh;
    kith_logger_write(&up->log, KITH_LOGGER_INFO, "config",
                      "read again: name, peers, trackers and log level; the rest needs a "
                      "restart",
                      NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct up *up = handle->data;
    if (number == SIGHUP && !up->is_stopping)
        read_again(up);
    else if (number != SIGHUP && up->is_stopping)
        _exit(KITH_EXIT_FAILED); /* asked twice: at once */
    else if (number != SIGHUP)
        stop(up);
}

/* ---- the beginning ---- */

static void to_stderr(void *ctx, const char *line, size_t size)
{
    struct up *up = ctx;
    if (up->has_log_file)
        kith_log_file_make_room(up->cli->home, STDERR_FILENO, size,
                                KITH_LOG_FILE_SIZE_MAX);
    kith_write_ready(STDERR_FILENO, line, size); /* the last ones are kept in memory */
}

static void open_handles(struct up *up)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&up->loop, &up->signals[i]);
        up->signals[i].data = up;
        uv_signal_start(&up->signals[i], on_signal, signal_numbers[i]);
    }
    uv_timer_init(&up->loop, &up->patience);
    up->patience.data = up;
}

const char *kith_up_login(void)
{
    const char *name = getenv("LOGNAME");
    if (name == NULL || name[0] == '\0')
        name = getenv("USER");
    if (name != NULL && name[0] != '\0')
        return name;
    const struct passwd *entry = getpwuid(getuid());
    return entry != NULL ? entry->pw_name : NULL;
}

static int start(struct up *up, struct kith_problem *problem)
{
    struct kith_runtime_config config = kith_settings_runtime(&up->settings);
    config.home = up->cli->home;
    config.login = kith_up_login();
    config.passphrase = up->passphrase.size > 0 ? &up->passphrase : NULL;
    config.drops_passphrase = kith_cli_has(up->cli, "no-passphrase");
    config.log = &up->log;
    config.broken = on_broken;
    config.broken_ctx = up;
    int error = kith_runtime_new(&up->loop, &config, &up->runtime, problem);
    kith_passphrase_deinit(&up->passphrase);
    return error;
}

static int open_socket(struct up *up, struct kith_problem *problem)
{
    int fd;
    int error = kith_control_listen(up->cli->home, &up->control, &fd, problem);
    if (error != 0)
        return error;
    error = kith_server_listen(up->server, KITH_DOOR_UNIX, fd);
    return error == 0
               ? 0
               : kith_problem_set(problem, error, "the control API cannot start: %s",
                                  kith_error_text(error));
}

static int open_http(struct up *up, struct kith_problem *problem)
{
    int fd;
    if (!up->settings.has_http)
        return 0;
    int error =
        kith_http_listen(&up->settings.http, up->settings.is_http_given, &fd, problem);
    if (error != 0)
        return error;
    error = kith_server_listen(up->server, KITH_DOOR_TCP, fd);
    return error == 0 ? 0
                      : kith_problem_set(problem, error, "http cannot be served: %s",
                                         kith_error_text(error));
}

static int serve(struct up *up, struct kith_problem *problem)
{
    struct kith_server_config config = {.loop = &up->loop,
                                        .runtime = up->runtime,
                                        .version = KITH_VERSION,
                                        .token = up->token,
                                        .is_plain_open = up->settings.has_plain_api,
                                        .knobs = &up->desk.knobs,
                                        .rng = kith_random_rng(&up->random),
                                        .shutdown = on_shutdown,
                                        .ctx = up};
    kith_settings_desk_init(&up->desk, &up->settings, &up->log);
    int error = kith_token_load_or_make(up->cli->home, up->token, problem);
    if (error != 0)
        return error;
    error = kith_server_new(&config, &up->server);
    if (error != 0)
        return kith_problem_set(problem, error, "the control API cannot start: %s",
                                kith_error_text(error));
    error = open_http(up, problem);
    if (error == 0)
        error = open_socket(up, problem);
    return error != 0 ? error : kith_runtime_keep_network(up->runtime, problem);
}

static int complain(struct up *up, const struct kith_problem *problem)
{
    bool is_usage = problem->error == KITH_ENAME || problem->error == KITH_EADDRESS;
    return kith_cli_fail(up->cli, is_usage ? KITH_EXIT_USAGE : KITH_EXIT_FAILED, "%s",
                         problem->text);
}

static int failed_start(struct up *up, const struct kith_problem *problem)
{
    uv_run(&up->loop, UV_RUN_DEFAULT); /* what was begun closes */
    uv_loop_close(&up->loop);
    return complain(up, problem);
}

/* Each reader of the address gets a code of his own. */
static bool tell_ready(struct up *up)
{
    char page[KITH_SERVER_PAGE_SIZE];
    struct kith_ready ready = {.runtime = up->runtime,
                               .http = kith_server_http(up->server)};
    if (!kith_cli_has(up->cli, "open") || !kith_server_page(up->server, page))
        return kith_ready_print(up->cli, &ready);
    ready.page = page;
    if (!kith_ready_print(up->cli, &ready))
        return false;
    if (kith_cli_page_has_display() && kith_server_page(up->server, page) &&
        kith_cli_page_open(up->cli->home, page) != 0)
        kith_logger_write(&up->log, KITH_LOGGER_WARN, "http",
                          "no browser could be started; `kith web` prints the address",
                          NULL);
    return true;
}

static int run_loop(struct up *up)
{
    struct kith_problem problem = {0};
    int error = uv_loop_init(&up->loop);
    if (error != 0)
        return kith_cli_fail(up->cli, KITH_EXIT_FAILED, "no event loop: %s",
                             uv_strerror(error));
    if (start(up, &problem) != 0)
        return failed_start(up, &problem);
    open_handles(up);
    if (serve(up, &problem) != 0) {
        up->exit_code = complain(up, &problem);
        stop(up);
    } else if (!tell_ready(up)) {
        up->exit_code = kith_cli_fail(up->cli, KITH_EXIT_FAILED,
                                      "the ready line cannot be written; stopping");
        stop(up);
    } else if (up->shell != NULL) {
        up->shell->ready(up->shell->ctx, up->cli->home);
        up->has_log_file = true;
    }
    uv_run(&up->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&up->patience);
    uv_close((uv_handle_t *)&up->patience, NULL);
    uv_run(&up->loop, UV_RUN_DEFAULT);
    uv_loop_close(&up->loop);
    return up->exit_code;
}

static bool is_ours(int error)
{
    return error == KITH_ENOMEM || error == KITH_EIO;
}

/* In the foreground, where a person can be asked. */
static int read_all(struct up *up, char why[static KITH_CONFIG_WHY_SIZE])
{
    int error = kith_settings_read(up->cli, &up->settings, why);
    if (error != 0)
        return error;
    error = kith_secret_read(up->cli, &up->settings, &up->passphrase, why);
    kith_secret_wipe();
    if (error == 0 && kith_cli_has(up->cli, "no-passphrase")) {
        if (kith_cli_has(up->cli, "passphrase")) {
            snprintf(why, KITH_CONFIG_WHY_SIZE,
                     "--passphrase and --no-passphrase exclude each other");
            error = KITH_EINVALID;
        }
        kith_passphrase_deinit(&up->passphrase);
    }
    if (error != 0)
        kith_settings_deinit(&up->settings);
    return error;
}

int kith_up(struct kith_cli *cli, const struct kith_up_shell *shell)
{
    char why[KITH_CONFIG_WHY_SIZE];
    struct up *up = calloc(1, sizeof(*up));
    if (up == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    up->cli = cli;
    up->shell = shell;
    int error = read_all(up, why);
    if (error != 0) {
        kith_passphrase_deinit(&up->passphrase);
        free(up);
        return kith_cli_fail(cli, is_ours(error) ? KITH_EXIT_FAILED : KITH_EXIT_USAGE,
                             "%s", why);
    }
    int exit_code = KITH_EXIT_DONE;
    if (shell == NULL || !shell->begin(shell->ctx, &exit_code)) {
        umask(077);
        signal(SIGPIPE, SIG_IGN);
        kith_limits_size_pool();
        kith_logger_init(&up->log, up->settings.log, to_stderr, up);
        exit_code = kith_limits_raise_files(cli);
        if (exit_code == KITH_EXIT_DONE)
            exit_code = run_loop(up);
        kith_logger_deinit(&up->log);
    }
    kith_settings_deinit(&up->settings);
    kith_passphrase_deinit(&up->passphrase);
    explicit_bzero(up->token, sizeof(up->token));
    kith_random_deinit(&up->random);
    free(up);
    return exit_code;
}

static bool begin_detached(void *ctx, int *exit_code)
{
    return kith_detach_begin(ctx, exit_code);
}

static void finish_detached(void *ctx, const char *home)
{
    (void)ctx;
    kith_detach_finish(home);
}

static int run(struct kith_cli *cli)
{
    const struct kith_up_shell detached = {begin_detached, finish_detached, cli};
    return kith_up(cli, kith_cli_has(cli, "detach") ? &detached : NULL);
}

static const struct kith_cli_option options[] = {
    {"detach", NULL, "go on in the background once it is ready; logs go to HOME/kith.log",
     false},
    {"open", NULL,
     "print the page's address with a code, and open it if there is a display", false},
    KITH_UP_OPTIONS,
    {0},
};

const struct kith_cli_command kith_command_up = {
    .name = "up",
    .summary = "run the node",
    .usage = "[--name NAME] [--network NAME [--passphrase]] [--listen [ADDR]:PORT]… "
             "[--peer ADDR]… [--tracker HOST[:PORT][/ID]]… [--no-lan] "
             "[--no-port-mapping] [--discovery-port PORT] [--plain-api] "
             "[--http [ADDR]:PORT|no] [--open] [--log LEVEL] [--detach]",
    .detail =
        "Prints one line once the node is ready (with --json an object), logs to "
        "stderr, and\nruns until it is told to stop: `kith down`, ^C or SIGTERM. "
        "SIGHUP reads the\nconfiguration again. `kith help config` tells where else "
        "these can be set.\n\nThe passphrase of a network is never an argument: set "
        "KITH_NETWORK_PASSPHRASE, name\na file with --network-passphrase-file, or be "
        "asked "
        "with --passphrase. Once is enough.\n`kith help network` tells more.",
    .options = options,
    .takes_knobs = true,
    .run = run,
};
