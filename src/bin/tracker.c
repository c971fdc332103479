/* SPDX-License-Identifier: MIT */
/* `kith tracker`: its options, its life on a loop, and what it prints. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/socket_path.h"
#include "bin/commands.h"
#include "bin/limits.h"
#include "bin/tracker_ask.h"
#include "bin/tracker_settings.h"
#include "bin/write_ready.h"
#include "kith/error.h"
#include "node/clock.h"
#include "node/control.h"
#include "node/home.h"
#include "node/http.h"
#include "node/identity.h"
#include "node/logger.h"
#include "node/random.h"
#include "tracker/http.h"
#include "tracker/report.h"
#include "tracker/tracker.h"

#define STOP_MS_MAX 1900 /* what has not ended within 2 s of a signal is left behind */
#define DATABASE    "tracker.db"

#define LIST_END_MS   100                /* at the end */
#define LIST_PAUSE_MS 20                 /* doubled while nothing of a list is read */
#define TROUBLE_EVERY (10 * KITH_SECOND) /* it is told of, as a node does */

_Static_assert(KITH_TRACKER_LISTEN_MAX == KITH_NET_LISTENERS_MAX, "all can be taken");

enum { SIGNAL_INT, SIGNAL_TERM, SIGNALS };
static const int signal_numbers[SIGNALS] = {SIGINT, SIGTERM};

struct run {
    struct kith_cli *cli;
    struct kith_tracker_settings settings;
    uv_loop_t loop;
    uv_signal_t signals[SIGNALS];
    uv_timer_t patience;
    uv_timer_t list;
    struct kith_logger log;
    struct kith_logger_throttle trouble;
    struct kith_identity identity; /* secret */
    struct kith_random random;
    struct kith_tracker *tracker;
    struct kith_tracker_http *http;
    struct kith_address bound[KITH_TRACKER_LISTEN_MAX];
    size_t bound_count;
    struct kith_address metrics; /* as bound */
    char *listed; /* what of the last list nobody has read yet; NULL: nothing */
    size_t listed_at, listed_size;
    uint64_t list_pause_ms; /* before the rest of it is tried, or the next one */
    struct kith_control control;
    bool is_stopping;
    int exit_code;
};

/* ---- the end ---- */

static void out_of_patience(uv_timer_t *timer)
{
    struct run *run = timer->data;
    kith_logger_write(&run->log, KITH_LOGGER_WARN, "tracker",
                      "left without waiting any longer", NULL);
    _exit(run->exit_code);
}

static void close_handles(struct run *run)
{
    for (size_t i = 0; i < SIGNALS; i++)
        uv_close((uv_handle_t *)&run->signals[i], NULL);
    uv_close((uv_handle_t *)&run->patience, NULL);
    uv_close((uv_handle_t *)&run->list, NULL);
}

static void on_tracker_stopped(void *ctx)
{
    struct run *run = ctx;
    kith_tracker_free(run->tracker);
    run->tracker = NULL;
    close_handles(run);
}

static void on_http_stopped(void *ctx)
{
    struct run *run = ctx;
    kith_tracker_http_free(run->http);
    run->http = NULL;
    kith_tracker_stop(run->tracker, on_tracker_stopped, run);
}

static void stop(struct run *run)
{
    if (run->is_stopping)
        return;
    run->is_stopping = true;
    kith_logger_write(&run->log, KITH_LOGGER_INFO, "tracker", "stopping", NULL);
    uv_timer_start(&run->patience, out_of_patience, STOP_MS_MAX, 0);
    uv_timer_stop(&run->list);
    kith_control_remove(run->cli->home, &run->control);
    if (run->http != NULL)
        kith_tracker_http_stop(run->http, on_http_stopped, run);
    else
        on_http_stopped(run);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;
    if (run->is_stopping)
        _exit(KITH_EXIT_FAILED); /* asked twice: at once */
    stop(run);
}

/* ---- what happens ---- */

static void on_told(void *ctx, const struct kith_registry_effect *effect)
{
    static const char *const words[] = {[KITH_REGISTRY_JOINED] = "joined",
                                        [KITH_REGISTRY_LEFT] = "left",
                                        [KITH_REGISTRY_RENAMED] = "renamed"};
    struct run *run = ctx;
    char id[KITH_ID_SHORT_SIZE], address[KITH_ADDRESS_TEXT_SIZE];
    kith_id_format_short(&effect->tell.id, id);
    kith_address_format(&effect->tell.remote, address);
    kith_logger_write(&run->log, KITH_LOGGER_INFO, "tracker", words[effect->tell.what],
                      "name", effect->tell.name.text, "id", id, "address", address,
                      "here", KITH_LOGGER_NUMBER(effect->tell.here_count), NULL);
}

/* Of every peer that comes or goes while the disk is full. */
static void on_trouble(void *ctx, const char *what, int error, const char *detail)
{
    struct run *run = ctx;
    unsigned held_back;
    if (!kith_logger_throttle_pass(&run->trouble, kith_clock_now().mono, TROUBLE_EVERY,
                                   &held_back))
        return;
    const char *advice = "look at the disk, and start it again if this goes on";
    if (error == KITH_EFULL)
        advice = "make room; it goes on by itself";
    else if (error == KITH_EREADONLY)
        advice = "make the home writable; it goes on by itself";
    kith_logger_write(&run->log, KITH_LOGGER_WARN, "tracker", what, "error",
                      kith_error_name(error), "why", detail, "do", advice, "held_back",
                      KITH_LOGGER_NUMBER(held_back), NULL);
}

static void on_introduced(void *ctx)
{
    struct run *run = ctx;
    kith_logger_write(&run->log, KITH_LOGGER_INFO, "tracker",
                      "as many as were asked for know one another", NULL);
    stop(run);
}

static void on_broken(void *ctx, int error)
{
    struct run *run = ctx;
    kith_logger_write(&run->log, KITH_LOGGER_ERROR, "tracker",
                      "cannot go on; start it again with more memory", "error",
                      kith_error_name(error), NULL);
    run->exit_code = KITH_EXIT_FAILED;
    stop(run);
}

/* Where memory is short there is none: the next one perhaps. */
static void make_list(struct run *run)
{
    struct kith_cli to_memory = *run->cli;
    json_t *report = kith_tracker_report_peers(run->tracker);
    run->listed_at = run->listed_size = 0;
    to_memory.out =
        report == NULL ? NULL : open_memstream(&run->listed, &run->listed_size);
    if (to_memory.out != NULL) {
        kith_tracker_print_peers(&to_memory, report);
        fclose(to_memory.out);
    }
    json_decref(report);
}

static void drop_list(struct run *run)
{
    free(run->listed);
    run->listed = NULL;
}

static void write_list(struct run *run)
{
    run->listed_at +=
        kith_write_ready(fileno(run->cli->out), run->listed + run->listed_at,
                         run->listed_size - run->listed_at);
    if (run->listed_at == run->listed_size)
        drop_list(run);
}

/* The rest of a list that is begun goes to who reads it now. */
static void end_list(struct run *run)
{
    struct pollfd out = {.fd = fileno(run->cli->out), .events = POLLOUT};
    uint64_t end_ns = uv_hrtime() + LIST_END_MS * 1000000ULL;
    while (run->listed != NULL && uv_hrtime() < end_ns && poll(&out, 1, LIST_END_MS) == 1)
        write_list(run);
    drop_list(run);
}

/* A reader that has stopped reading must not stop the tracker: one who is slow gets the
 * rest soon, who reads no more finds the rest of one list, and misses others. */
static void on_list(uv_timer_t *timer)
{
    struct run *run = timer->data;
    uint64_t every_ms = run->settings.list_s * 1000;
    if (run->listed == NULL)
        make_list(run);
    if (run->listed != NULL) {
        size_t before = run->listed_at;
        write_list(run);
        run->list_pause_ms =
            run->listed_at > before ? LIST_PAUSE_MS : 2 * run->list_pause_ms;
    }
    if (run->listed == NULL || run->list_pause_ms > every_ms)
        run->list_pause_ms = every_ms;
    uv_timer_start(timer, on_list, run->list_pause_ms, 0);
}

static void to_stderr(void *ctx, const char *line, size_t size)
{
    (void)ctx;
    kith_write_ready(STDERR_FILENO, line, size);
}

/* ---- the beginning ---- */

static void open_handles(struct run *run)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_signal_init(&run->loop, &run->signals[i]);
        run->signals[i].data = run;
        uv_signal_start(&run->signals[i], on_signal, signal_numbers[i]);
    }
    uv_timer_init(&run->loop, &run->patience);
    uv_timer_init(&run->loop, &run->list);
    run->patience.data = run->list.data = run;
}

static int explain_keeper(const struct run *run, int error, const char *detail,
                          struct kith_problem *problem)
{
    const char *home = run->cli->home;
    if (error == KITH_ELOCKED)
        return kith_problem_set(problem, error,
                                "another kith already runs on the home %s (%s); stop it, "
                                "or give this one a home of its own with --home DIR",
                                home, detail);
    if (error == KITH_ENEWER)
        return kith_problem_set(problem, error,
                                "the registry %s/%s was written by a newer kith (%s); "
                                "run that one, or use another home with --home DIR",
                                home, DATABASE, detail);
    if (error == KITH_ECORRUPT)
        return kith_problem_set(problem, error,
                                "the registry %s/%s is damaged (%s); move it away: peers "
                                "register again by themselves",
                                home, DATABASE, detail);
    return kith_problem_set(problem, error, "the registry %s/%s cannot be used: %s (%s)",
                            home, DATABASE, kith_error_text(error), detail);
}

static int open_tracker(struct run *run, struct kith_problem *problem)
{
    char detail[KITH_KEEPER_DETAIL_SIZE] = "";
    struct kith_keeper keeper;
    char *path = kith_home_file(run->cli->home, DATABASE);
    if (path == NULL)
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    int error = kith_keeper_sqlite(path, &keeper, detail);
    free(path);
    if (error != 0)
        return explain_keeper(run, error, detail, problem);
    struct kith_tracker_config config = {
        .loop = &run->loop,
        .seed = run->identity.seed,
        .id = run->identity.id,
        .rng = kith_random_rng(&run->random),
        .clock = kith_clock_now,
        .keeper = keeper,
        .peers_max = run->settings.peers_max,
        .per_address_max = run->settings.per_address_max,
        .has_relay = run->settings.has_relay,
        .relay_bytes_per_s = (uint32_t)run->settings.relay_bytes_per_s,
        .once = run->settings.once,
        .told = on_told,
        .trouble = on_trouble,
        .introduced = on_introduced,
        .broken = on_broken,
        .ctx = run,
    };
    error = kith_tracker_new(&config, &run->tracker, detail);
    return error != 0 ? explain_keeper(run, error, detail, problem) : 0;
}

/* Before the database: of two processes with one home only one may have its key. */
static int open_home(struct run *run, struct kith_problem *problem)
{
    int error = kith_home_make(run->cli->home, problem);
    return error != 0
               ? error
               : kith_identity_load_or_make(run->cli->home, &run->identity, problem);
}

static int listen_all(struct run *run, struct kith_problem *problem)
{
    for (size_t i = 0; i < run->settings.listen_count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        const struct kith_address *address = &run->settings.listen[i];
        int error = kith_tracker_listen(run->tracker, address, &run->bound[i]);
        kith_address_format(address, text);
        if (error != 0)
            return kith_problem_set(problem, error,
                                    "cannot listen on %s: %s; choose another address "
                                    "with --listen, port 0 for any free one",
                                    text, kith_error_text(error));
        run->bound_count++;
    }
    return 0;
}

static int open_metrics(struct run *run, struct kith_problem *problem)
{
    int fd = -1;
    char text[KITH_ADDRESS_TEXT_SIZE];
    if (!run->settings.has_metrics)
        return 0;
    int error = kith_http_listen(&run->settings.metrics, true, &fd, NULL);
    if (error == 0)
        run->metrics = kith_http_bound(fd, &run->settings.metrics);
    if (error == 0)
        error = kith_tracker_http_listen(run->http, KITH_TRACKER_METRICS, fd);
    kith_address_format(&run->settings.metrics, text);
    return error == 0 ? 0
                      : kith_problem_set(problem, error,
                                         "cannot serve metrics on %s: %s; choose another "
                                         "address with --metrics",
                                         text, kith_error_text(error));
}

static int open_http(struct run *run, struct kith_problem *problem)
{
    int fd = -1;
    int error = kith_tracker_http_new(&run->loop, run->tracker, &run->http);
    if (error != 0)
        return kith_problem_set(problem, error, "the control socket cannot be served: %s",
                                kith_error_text(error));
    error = open_metrics(run, problem);
    if (error == 0)
        error = kith_control_listen(run->cli->home, &run->control, &fd, problem);
    if (error != 0)
        return error;
    return kith_tracker_http_listen(run->http, KITH_TRACKER_CONTROL, fd);
}

/* ---- the ready line ---- */

static void format_place(const struct run *run, size_t index, char *out, size_t size)
{
    char address[KITH_ADDRESS_TEXT_SIZE], id[KITH_ID_TEXT_SIZE];
    struct kith_address shown = kith_tracker_shown(&run->bound[index]);
    kith_address_format(&shown, address);
    kith_id_format(&run->identity.id, id);
    snprintf(out, size, "%s/%s", address, id);
}

static bool print_json(const struct run *run)
{
    char id[KITH_ID_TEXT_SIZE], metrics[KITH_ADDRESS_TEXT_SIZE + 16] = "";
    json_t *listen = json_array(), *trackers = json_array();
    for (size_t i = 0; i < run->bound_count; i++) {
        char address[KITH_ADDRESS_TEXT_SIZE], place[400];
        kith_address_format(&run->bound[i], address);
        format_place(run, i, place, sizeof place);
        json_array_append_new(listen, json_string(address));
        json_array_append_new(trackers, json_string(place));
    }
    if (run->settings.has_metrics)
        kith_address_format(&run->metrics, metrics);
    kith_id_format(&run->identity.id, id);
    json_t *line = json_pack("{s:b, s:s, s:o, s:o, s:s?, s:s, s:I, s:s}", "ready", 1,
                             "id", id, "listen", listen, "tracker", trackers, "metrics",
                             metrics[0] != '\0' ? metrics : NULL, "home", run->cli->home,
                             "pid", (json_int_t)getpid(), "version", KITH_VERSION);
    if (line == NULL)
        return false;
    json_dumpf(line, run->cli->out, JSON_COMPACT);
    fputc('\n', run->cli->out);
    json_decref(line);
    return true;
}

static bool tell_ready(const struct run *run)
{
    FILE *out = run->cli->out;
    if (run->cli->is_json)
        return print_json(run) && fflush(out) == 0;
    for (size_t i = 0; i < run->bound_count; i++) {
        char place[400];
        format_place(run, i, place, sizeof place);
        fprintf(out, "%s %s", i == 0 ? "ready:" : ",", place);
    }
    fputc('\n', out);
    return fflush(out) == 0;
}

/* ---- all together ---- */

static int start(struct run *run, struct kith_problem *problem)
{
    int error = open_home(run, problem);
    return error != 0 ? error : open_tracker(run, problem);
}

static int serve(struct run *run, struct kith_problem *problem)
{
    int error = listen_all(run, problem);
    return error != 0 ? error : open_http(run, problem);
}

static int run_loop(struct run *run)
{
    struct kith_problem problem = {0};
    int error = uv_loop_init(&run->loop);
    if (error != 0)
        return kith_cli_fail(run->cli, KITH_EXIT_FAILED, "no event loop: %s",
                             uv_strerror(error));
    if (start(run, &problem) != 0) {
        uv_loop_close(&run->loop);
        return kith_cli_fail(run->cli, KITH_EXIT_FAILED, "%s", problem.text);
    }
    open_handles(run);
    if (serve(run, &problem) != 0) {
        run->exit_code = kith_cli_fail(run->cli, KITH_EXIT_FAILED, "%s", problem.text);
        stop(run);
    } else if (!tell_ready(run)) {
        run->exit_code = kith_cli_fail(run->cli, KITH_EXIT_FAILED,
                                       "the ready line cannot be written; stopping");
        stop(run);
    } else if (run->settings.list_s > 0) {
        run->list_pause_ms = run->settings.list_s * 1000;
        uv_timer_start(&run->list, on_list, run->list_pause_ms, 0);
    }
    uv_run(&run->loop, UV_RUN_DEFAULT);
    uv_loop_close(&run->loop);
    end_list(run);
    return run->exit_code;
}

static int run_tracker(struct kith_cli *cli)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    run->cli = cli;
    int exit_code = kith_tracker_settings_read(cli, &run->settings);
    if (exit_code == KITH_EXIT_DONE) {
        umask(077);
        signal(SIGPIPE, SIG_IGN);
        kith_limits_size_pool();
        kith_logger_init(&run->log, run->settings.log, to_stderr, NULL);
        exit_code = kith_limits_raise_files(cli);
        if (exit_code == KITH_EXIT_DONE)
            exit_code = run_loop(run);
        kith_logger_deinit(&run->log);
    }
    kith_identity_deinit(&run->identity);
    kith_random_deinit(&run->random);
    free(run);
    return exit_code;
}

/* A tracker beside a node has a home of its own: where none was named, the usual one with
 * "-tracker" behind it. NULL when memory ran out. */
static char *tracker_home(const struct kith_cli *cli)
{
    const char *named = getenv("KITH_HOME");
    char *home = NULL;
    if (cli->is_home_given || (named != NULL && named[0] != '\0'))
        return strdup(cli->home);
    return asprintf(&home, "%s-tracker", cli->home) < 0 ? NULL : home;
}

static int run(struct kith_cli *cli)
{
    const char *what = cli->arg_count > 0 ? cli->args[0] : NULL;
    if (what != NULL && strcmp(what, "list") != 0 && strcmp(what, "stats") != 0)
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "'%s' is neither list nor stats",
                             what);
    const char *home_before = cli->home;
    char *home = tracker_home(cli);
    if (home == NULL)
        return kith_cli_fail(cli, KITH_EXIT_FAILED, "out of memory");
    cli->home = home;
    int exit_code = what != NULL ? kith_tracker_ask(cli, what) : run_tracker(cli);
    cli->home = home_before;
    free(home);
    return exit_code;
}

const struct kith_cli_command kith_command_tracker = {
    .name = "tracker",
    .summary = "run a tracker, which introduces peers of one network to one another",
    .usage = "[list|stats] [--listen [ADDR]:PORT]… [--list SECONDS] [--once N] "
             "[--max-peers N] [--max-per-address N] [--relay-rate BYTES] [--no-relay] "
             "[--metrics ADDR:PORT] [--log LEVEL]",
    .detail =
        "Prints one line once it can be reached, with the address that peers give to "
        "--tracker\n(ADDRESS:PORT/ID; with --json an object), logs who joins, leaves and "
        "is renamed to\nstderr, and runs until ^C or SIGTERM. `list` and `stats` ask the "
        "one that runs.\n\nA tracker learns who is there and where, not what they say, "
        "nor the name of their\nnetwork. It has a home of its own, kith-tracker beside "
        "the usual one: its key, and\nwho was there within 24 hours, so that it is the "
        "same one after a restart.",
    .options = kith_tracker_options,
    .args_max = 1,
    .run = run,
};
