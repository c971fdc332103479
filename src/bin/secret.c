/* SPDX-License-Identifier: MIT */
#include "bin/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "kith/error.h"

#define TEXT_SIZE_MAX (2 * KITH_PASSPHRASE_SIZE_MAX) /* with white space around it */

/* Read, not yet judged; with a byte to spare, so that too much shows. */
struct raw {
    uint8_t bytes[TEXT_SIZE_MAX + 1];
    size_t size;
};

static int judge(const struct raw *raw, const char *source, struct kith_passphrase *out,
                 char why[static KITH_CONFIG_WHY_SIZE])
{
    const char *reason = "";
    int error = KITH_EINVALID;
    if (raw->size > TEXT_SIZE_MAX)
        reason = "a passphrase has at most 1024 bytes";
    else
        error = kith_passphrase_parse(kith_bytes(raw->bytes, raw->size), out, &reason);
    if (error != 0)
        snprintf(why, KITH_CONFIG_WHY_SIZE, "%s: %s", source, reason);
    return error;
}

/* ---- the environment ---- */

static void read_variable(const char *name, struct raw *raw)
{
    const char *text = getenv(name);
    size_t size = text != NULL ? strlen(text) : 0;
    raw->size = size < sizeof(raw->bytes) ? size : sizeof(raw->bytes);
    memcpy(raw->bytes, text != NULL ? text : "", raw->size);
}

static void wipe_variable(const char *name)
{
    char *text = getenv(name);
    if (text == NULL)
        return;
    explicit_bzero(text, strlen(text)); /* it stands in /proc/PID/environ */
    unsetenv(name);
}

/* ---- a file ---- */

static bool read_all(int fd, struct raw *raw)
{
    ssize_t got;
    while (raw->size < sizeof(raw->bytes) &&
           (got = read(fd, raw->bytes + raw->size, sizeof(raw->bytes) - raw->size)) != 0)
        if (got > 0)
            raw->size += (size_t)got;
        else if (errno != EINTR)
            return false;
    return true;
}

static int failed_file(const char *path, char why[static KITH_CONFIG_WHY_SIZE])
{
    snprintf(why, KITH_CONFIG_WHY_SIZE, "the passphrase file %s cannot be read: %s", path,
             strerror(errno));
    return KITH_EIO;
}

static int read_file(const char *path, struct raw *raw,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    struct stat is;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed_file(path, why);
    int error = fstat(fd, &is) != 0 ? failed_file(path, why) : 0;
    if (error == 0 && S_ISREG(is.st_mode) && (is.st_mode & 077) != 0) {
        snprintf(why, KITH_CONFIG_WHY_SIZE,
                 "others may read the passphrase file %s (mode %03o); run `chmod 600` on "
                 "it",
                 path, (unsigned)(is.st_mode & 0777));
        error = KITH_EINVALID;
    }
    if (error == 0 && !read_all(fd, raw))
        error = failed_file(path, why);
    close(fd);
    return error;
}

/* ---- a terminal ---- */

/* They wait until the terminal has its echo back. */
static const int held_numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/* 0 when a line was read; else the number of a signal that came before its end, or -1. */
static int read_line(int signal_fd, struct raw *raw)
{
    struct pollfd polls[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = signal_fd, .events = POLLIN}};
    struct signalfd_siginfo info;
    uint8_t byte;
    while (raw->size < sizeof(raw->bytes)) {
        if (poll(polls, 2, -1) < 0)
            return -1;
        if (polls[1].revents != 0)
            return read(signal_fd, &info, sizeof(info)) == sizeof(info)
                       ? (int)info.ssi_signo
                       : -1;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0)
            return -1;
        if (got == 0 || byte == '\n')
            break;
        raw->bytes[raw->size++] = byte;
    }
    return 0;
}

/* As read_line(). The prompt comes once typing is silent. */
static int read_silently(FILE *to, const char *prompt, const struct termios *loud,
                         struct raw *raw)
{
    sigset_t held, before;
    struct termios silent = *loud;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent.c_lflag |= ECHONL | ICANON;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(held_numbers) / sizeof(held_numbers[0]); i++)
        sigaddset(&held, held_numbers[i]);
    int signal_fd = signalfd(-1, &held, SFD_CLOEXEC);
    if (signal_fd < 0)
        return -1;
    sigprocmask(SIG_BLOCK, &held, &before);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs(prompt, to);
    fflush(to);
    int outcome = read_line(signal_fd, raw);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, loud);
    close(signal_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return outcome;
}

static int ask(const struct kith_cli *cli, const char *prompt, struct raw *raw,
               char why[static KITH_CONFIG_WHY_SIZE])
{
    struct termios loud;
    int outcome = -1;
    if (tcgetattr(STDIN_FILENO, &loud) == 0)
        while ((outcome = read_silently(cli->err, prompt, &loud, raw)) == SIGTSTP) {
            raise(SIGTSTP); /* returns when the person is back, who is asked anew */
            explicit_bzero(raw, sizeof(*raw));
        }
    if (outcome == 0)
        return 0;
    snprintf(why, KITH_CONFIG_WHY_SIZE, "no passphrase was given");
    return KITH_EIO;
}

static int ask_again(const struct kith_cli *cli, const struct raw *raw,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    struct raw again = {.size = 0};
    int error = ask(cli, "the same again: ", &again, why);
    if (error == 0 &&
        (again.size != raw->size || memcmp(again.bytes, raw->bytes, raw->size) != 0)) {
        snprintf(why, KITH_CONFIG_WHY_SIZE, "the two are not the same; try again");
        error = KITH_EINVALID;
    }
    explicit_bzero(&again, sizeof(again));
    return error;
}

/* ---- the network's ---- */

static int ask_network(const struct kith_cli *cli, struct raw *raw,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    if (isatty(STDIN_FILENO))
        return ask(cli, "passphrase of the network: ", raw, why);
    snprintf(why, KITH_CONFIG_WHY_SIZE,
             "--passphrase asks on a terminal, and standard input is none; put the "
             "passphrase into " KITH_SECRET_VARIABLE
             " or into a file for --network-passphrase-file");
    return KITH_EINVALID;
}

static int read_from(const struct kith_cli *cli, const struct kith_settings *settings,
                     struct raw *raw, const char **source,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    if (kith_cli_has(cli, "passphrase")) {
        *source = "--passphrase";
        return ask_network(cli, raw, why);
    }
    *source = KITH_SECRET_VARIABLE;
    read_variable(KITH_SECRET_VARIABLE, raw);
    if (raw->size > 0 || settings->passphrase_file == NULL)
        return 0;
    *source = settings->passphrase_file;
    return read_file(settings->passphrase_file, raw, why);
}

int kith_secret_read(const struct kith_cli *cli, const struct kith_settings *settings,
                     struct kith_passphrase *out, char why[static KITH_CONFIG_WHY_SIZE])
{
    struct raw raw = {.size = 0};
    const char *source = NULL;
    out->size = 0;
    int error = read_from(cli, settings, &raw, &source, why);
    bool is_empty_variable = raw.size == 0 && strcmp(source, KITH_SECRET_VARIABLE) == 0;
    if (error == 0 && !is_empty_variable)
        error = judge(&raw, source, out, why);
    explicit_bzero(&raw, sizeof(raw));
    return error;
}

void kith_secret_wipe(void)
{
    wipe_variable(KITH_SECRET_VARIABLE);
}

/* ---- a command's ---- */

static int want_raw(const struct kith_cli *cli, const struct kith_secret_want *want,
                    struct raw *raw, const char **source,
                    char why[static KITH_CONFIG_WHY_SIZE])
{
    read_variable(want->variable, raw);
    wipe_variable(want->variable);
    *source = want->variable;
    if (want->file != NULL) {
        *source = want->file;
        explicit_bzero(raw, sizeof(*raw));
        return read_file(want->file, raw, why);
    }
    if (raw->size > 0)
        return 0;
    *source = "the passphrase";
    if (!isatty(STDIN_FILENO)) {
        snprintf(
            why, KITH_CONFIG_WHY_SIZE,
            "there is no terminal to ask for a passphrase on; put it into %s or into "
            "a file for --passphrase-file",
            want->variable);
        return KITH_EINVALID;
    }
    int error = ask(cli, want->prompt, raw, why);
    return error == 0 && want->is_new ? ask_again(cli, raw, why) : error;
}

int kith_secret_want(const struct kith_cli *cli, const struct kith_secret_want *want,
                     struct kith_passphrase *out, char why[static KITH_CONFIG_WHY_SIZE])
{
    struct raw raw = {.size = 0};
    const char *source = NULL;
    int error = want_raw(cli, want, &raw, &source, why);
    if (error == 0)
        error = judge(&raw, source, out, why);
    explicit_bzero(&raw, sizeof(raw));
    return error;
}
