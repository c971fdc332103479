/* SPDX-License-Identifier: MIT */
/* The chat in lines: its loop.
 *
 * Happy path: a node runs or is started; the last messages and who is here are shown;
 * then whatever is ready is taken, a typed line at a time, until the person leaves.
 * Ways to fail: the node goes away (a chat that it was started for ends, another waits
 * for its return); nobody reads what is written (the end); signals and a terminal that
 * is closed are ways to leave. */
#include "cli/chat_session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/chat_terminal.h"

enum {
    LEAVE_MS = 1000, /* for what was said last to be delivered */
    FLUSH_MS = 2000, /* for the last lines to be read, at the end */
    POLL_MS_MAX = 60000,
};

enum { SLOT_SIGNAL, SLOT_OUT, SLOT_IN, SLOT_CALL, SLOT_STREAM, SLOTS };

int64_t kith_chat_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kith_chat_leave(struct kith_chat *chat)
{
    if (chat->is_leaving)
        return;
    chat->is_leaving = true;
    chat->leave_ms = kith_chat_now_ms() + LEAVE_MS;
}

/* ---- signals ---- */

static const int signal_numbers[] = {SIGINT,  SIGTERM,  SIGHUP, SIGQUIT,
                                     SIGTSTP, SIGWINCH, SIGCONT};

static bool open_signals(struct kith_chat *chat, sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signal_numbers / sizeof signal_numbers[0]; i++)
        sigaddset(&set, signal_numbers[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    chat->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return chat->signal_fd >= 0;
}

static void interrupt(struct kith_chat *chat)
{
    bool was_typing = chat->is_terminal && kith_chat_terminal_drop();
    chat->is_hidden = false;
    if (chat->is_terminal && kith_chat_menu_cancel(chat))
        was_typing = true;
    if (!was_typing)
        chat->is_over = true;
}

static void stop_for_a_while(struct kith_chat *chat)
{
    if (chat->is_terminal)
        kith_chat_terminal_pause();
    kill(getpid(), SIGSTOP);
    if (chat->is_terminal)
        kith_chat_terminal_go_on();
    chat->is_hidden = false;
}

static void take_signals(struct kith_chat *chat)
{
    struct signalfd_siginfo info;
    while (read(chat->signal_fd, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGINT:
            interrupt(chat);
            break;
        case SIGTSTP:
            stop_for_a_while(chat);
            break;
        case SIGWINCH:
            if (chat->is_terminal)
                kith_chat_terminal_resize();
            break;
        case SIGCONT:
            break;
        default:
            chat->is_over = true;
            break;
        }
    }
}

/* ---- lines ---- */

static void push_line(struct kith_chat *chat, char *take_line)
{
    size_t at = (chat->line_first + chat->line_count) % KITH_CHAT_LINES_MAX;
    chat->lines[at] = take_line;
    chat->line_count++;
}

static char *pop_line(struct kith_chat *chat)
{
    char *line = chat->lines[chat->line_first];
    chat->line_first = (chat->line_first + 1) % KITH_CHAT_LINES_MAX;
    chat->line_count--;
    return line;
}

static void read_terminal(struct kith_chat *chat, short events)
{
    /* With the terminal gone readline would take what was half typed for a line. */
    char *line = events & POLLHUP ? NULL : kith_chat_terminal_read();
    if (line)
        push_line(chat, line);
    chat->is_input_over = events & POLLHUP || kith_chat_terminal_is_over();
}

static void read_pipe(struct kith_chat *chat)
{
    char *line;
    kith_chat_pipe_read(&chat->pipe, chat->in_fd);
    while (chat->line_count < KITH_CHAT_LINES_MAX &&
           (line = kith_chat_pipe_line(&chat->pipe)))
        push_line(chat, line);
}

/* Lines that did not fit into the queue when they were read. */
static void refill(struct kith_chat *chat)
{
    char *line;
    if (chat->is_terminal || chat->line_count > 0)
        return;
    while (chat->line_count < KITH_CHAT_LINES_MAX &&
           (line = kith_chat_pipe_line(&chat->pipe)))
        push_line(chat, line);
    chat->is_input_over = chat->pipe.is_over && chat->line_count == 0;
}

/* Whoever types at a terminal sees what was answered, and where the prompt says that a
 * line goes; but for what was typed or pasted before. */
static void see_target(struct kith_chat *chat)
{
    struct pollfd ahead = {.fd = chat->in_fd, .events = POLLIN};
    if (chat->is_terminal && !chat->answered && chat->line_count == 0 &&
        poll(&ahead, 1, 0) == 0)
        chat->is_astray = false;
}

/* All that can be done without waiting for an answer. */
static void obey(struct kith_chat *chat)
{
    while (!chat->answered && !chat->is_leaving && !chat->is_over) {
        refill(chat);
        if (chat->line_count == 0)
            break;
        char *line = pop_line(chat);
        kith_chat_line(chat, line);
        free(line);
    }
    see_target(chat);
    if (!chat->answered && chat->needs_peers && !chat->is_away)
        kith_chat_refresh(chat);
    if (!chat->answered && !chat->is_away)
        kith_chat_ask_unsure(chat);
    if (!chat->answered && chat->is_input_over && chat->line_count == 0)
        kith_chat_leave(chat);
    if (!chat->answered && !chat->is_leaving)
        kith_chat_menu_show(chat);
}

/* ---- the loop ---- */

static void sooner(int *timeout_ms, int64_t ms)
{
    if (ms < *timeout_ms)
        *timeout_ms = ms < 0 ? 0 : (int)ms;
}

static int fill_polls(const struct kith_chat *chat, bool is_blocked,
                      struct pollfd polls[static SLOTS])
{
    int timeout_ms = POLL_MS_MAX;
    int64_t now_ms = kith_chat_now_ms();
    for (size_t i = 0; i < SLOTS; i++)
        polls[i] = (struct pollfd){.fd = -1};
    polls[SLOT_SIGNAL] = (struct pollfd){.fd = chat->signal_fd, .events = POLLIN};
    polls[SLOT_OUT] =
        (struct pollfd){.fd = chat->out_fd, .events = is_blocked ? POLLOUT : 0};
    if (chat->is_leaving && !chat->answered)
        sooner(&timeout_ms, chat->leave_ms - now_ms);
    if (is_blocked)
        return timeout_ms;
    int64_t due_ms = kith_chat_waiting_due_ms(chat);
    if (due_ms != INT64_MAX)
        sooner(&timeout_ms, due_ms - now_ms);
    if (chat->line_count == 0 && !chat->is_input_over && !chat->is_leaving &&
        !chat->pipe.is_over)
        polls[SLOT_IN] = (struct pollfd){.fd = chat->in_fd, .events = POLLIN};
    if (chat->answered) {
        struct kith_client_wait wait = kith_client_call_wait(chat->client);
        polls[SLOT_CALL] = (struct pollfd){.fd = wait.fd, .events = wait.events};
        sooner(&timeout_ms, wait.timeout_ms);
    }
    if (!chat->is_saying) { /* what was said here comes along the stream too */
        struct kith_client_wait wait = kith_client_watch_wait(chat->watch);
        polls[SLOT_STREAM] = (struct pollfd){.fd = wait.fd, .events = wait.events};
        sooner(&timeout_ms, wait.timeout_ms);
    }
    return timeout_ms;
}

static void follow(struct kith_chat *chat)
{
    int error = kith_client_watch_go_on(chat->watch);
    if (!error)
        return;
    kith_chat_say(chat, "%s", kith_client_watch_detail(chat->watch));
    chat->is_over = true;
    chat->exit_code = kith_cli_exit(error);
}

static void take(struct kith_chat *chat, const struct pollfd polls[static SLOTS])
{
    if (polls[SLOT_SIGNAL].revents)
        take_signals(chat);
    if (polls[SLOT_OUT].revents & (POLLERR | POLLHUP | POLLNVAL))
        chat->is_over = true; /* nobody reads any more */
    if (polls[SLOT_IN].revents && chat->is_terminal)
        read_terminal(chat, polls[SLOT_IN].revents);
    else if (polls[SLOT_IN].revents)
        read_pipe(chat);
    if (chat->answered)
        kith_chat_go_on(chat);
    if (!chat->is_saying && !chat->is_over)
        follow(chat);
}

static void show(struct kith_chat *chat)
{
    if (!chat->is_terminal || !chat->is_hidden)
        return;
    fflush(chat->cli->out);
    if (!kith_chat_terminal_is_over())
        kith_chat_terminal_show();
    chat->is_hidden = false;
}

/* Is there something still to wait for? */
static bool may_go(const struct kith_chat *chat)
{
    if (!chat->is_leaving || chat->answered)
        return false;
    return !chat->owns_node || chat->waiting_count == 0 ||
           kith_chat_now_ms() >= chat->leave_ms;
}

static bool is_blocked(struct kith_chat *chat)
{
    struct pollfd ready = {.fd = chat->out_fd, .events = POLLOUT};
    if (!chat->is_terminal)
        return chat->out.size > 0;
    return poll(&ready, 1, 0) == 0; /* stopped by ^S */
}

static void loop(struct kith_chat *chat)
{
    struct pollfd polls[SLOTS];
    while (!chat->is_over) {
        obey(chat);
        kith_chat_tell_waiting(chat);
        show(chat);
        if (!kith_chat_flush(chat) || may_go(chat))
            break;
        int timeout_ms = fill_polls(chat, is_blocked(chat), polls);
        if (poll(polls, SLOTS, timeout_ms) >= 0)
            take(chat, polls);
    }
}

/* ---- beginning and end ---- */

static int find_node(struct kith_chat *chat)
{
    struct kith_answer answer;
    int error = kith_client_request(chat->client, "GET", "/self", NULL,
                                    KITH_CLIENT_TIMEOUT_MS, &answer);
    int exit_code = KITH_EXIT_DONE;
    if (error == KITH_ENONODE) {
        exit_code = chat->host->start(chat->host->ctx);
        chat->owns_node = exit_code == KITH_EXIT_DONE;
    } else if (error) {
        exit_code = kith_cli_ask_failed(chat->cli, chat->client, &answer, error);
    }
    kith_answer_deinit(&answer);
    return exit_code;
}

static int init(struct kith_chat *chat)
{
    chat->out = kith_writer(&kith_alloc_heap);
    snprintf(chat->target, sizeof chat->target, "#lobby");
    snprintf(chat->target_shown, sizeof chat->target_shown, "#lobby");
    chat->peers = calloc(KITH_CHAT_PEERS_MAX + 1, sizeof *chat->peers);
    chat->waiting = calloc(KITH_CHAT_WAITING_MAX + 1, sizeof *chat->waiting);
    chat->own = calloc(KITH_CHAT_WAITING_MAX + 1, sizeof *chat->own);
    if (!chat->peers || !chat->waiting || !chat->own ||
        kith_chat_pipe_init(&chat->pipe) != 0 ||
        kith_client_new(chat->cli->home, &chat->client) != 0)
        return kith_cli_fail(chat->cli, KITH_EXIT_FAILED, "%s",
                             kith_error_text(KITH_ENOMEM));
    return KITH_EXIT_DONE;
}

static void deinit(struct kith_chat *chat)
{
    kith_client_watch_free(chat->watch);
    kith_client_free(chat->client);
    kith_chat_pipe_deinit(&chat->pipe);
    kith_writer_deinit(&chat->out);
    while (chat->line_count > 0)
        free(pop_line(chat));
    free(chat->menu.text);
    free(chat->said_line);
    free(chat->peers);
    free(chat->waiting);
    free(chat->own);
}

static void write_rest(struct kith_chat *chat)
{
    int64_t end_ms = kith_chat_now_ms() + FLUSH_MS;
    while (kith_chat_flush(chat) && chat->out.size > 0 && kith_chat_now_ms() < end_ms) {
        struct pollfd ready = {.fd = chat->out_fd, .events = POLLOUT};
        poll(&ready, 1, 100);
    }
}

static void end(struct kith_chat *chat)
{
    if (chat->is_terminal) {
        kith_chat_terminal_close();
        chat->is_terminal = false; /* what is still said needs no prompt */
    }
    if (chat->owns_node) {
        kith_chat_tell_pending(chat);
        write_rest(chat);
        chat->host->stop(chat->host->ctx);
    }
    write_rest(chat);
}

/* Flags are for starting a node; one that runs keeps what it was started with. */
static void tell_flags(struct kith_chat *chat)
{
    const struct kith_cli *cli = chat->cli;
    for (size_t i = 0; !chat->owns_node && i < cli->given_count; i++) {
        const struct kith_cli_given *given = &cli->given[i];
        bool is_so = strcmp(given->name, "menu") == 0 ||
                     (strcmp(given->name, "name") == 0 &&
                      strcmp(given->value, chat->self_name) == 0);
        if (!is_so)
            kith_chat_say(chat,
                          "the node of this home runs already, so --%s changes nothing; "
                          "`kith down` stops it",
                          given->name);
    }
}

/* What comes through a pipe is read no more once nobody can be told what became of it:
 * that is no clean end, unless it was the reader who left. */
static int judge(const struct kith_chat *chat, int exit_code)
{
    bool is_reader_gone = chat->out_error == EPIPE || chat->out_error == EIO;
    if (exit_code || chat->out_error == 0 || is_reader_gone)
        return exit_code;
    return kith_cli_fail(chat->cli, KITH_EXIT_FAILED,
                         "the output cannot be written: %s; what was typed since is not "
                         "said",
                         strerror(chat->out_error));
}

static int talk(struct kith_chat *chat)
{
    sigset_t before;
    int exit_code = find_node(chat);
    if (exit_code)
        return exit_code;
    if (!open_signals(chat, &before))
        exit_code = kith_cli_fail(chat->cli, KITH_EXIT_FAILED, "no signals can be read");
    if (!exit_code)
        exit_code = kith_chat_begin(chat);
    if (!exit_code) {
        tell_flags(chat);
        write_rest(chat);
        chat->is_terminal = isatty(chat->in_fd) && isatty(chat->out_fd);
        if (chat->is_terminal)
            kith_chat_terminal_open(chat->cli->in, chat->cli->out, "#lobby> ");
        if (kith_cli_has(chat->cli, "menu"))
            kith_chat_menu_begin(chat);
        loop(chat);
        exit_code = chat->exit_code;
    }
    end(chat);
    exit_code = judge(chat, exit_code);
    if (chat->signal_fd >= 0)
        close(chat->signal_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return exit_code;
}

int kith_cli_chat(struct kith_cli *cli, const struct kith_chat_host *host)
{
    struct kith_chat chat = {
        .cli = cli,
        .host = host,
        .in_fd = fileno(cli->in),
        .out_fd = fileno(cli->out),
        .signal_fd = -1,
    };
    signal(SIGPIPE, SIG_IGN);
    int exit_code = init(&chat);
    if (!exit_code)
        exit_code = talk(&chat);
    deinit(&chat);
    return exit_code;
}
