/* SPDX-License-Identifier: MIT */
/* A command of the command line: one file, ending in one const entry of this kind.
 *
 * What people type is parsed before `run` is called: options may stand anywhere before
 * `--`, also before the command's name. Every command takes --home DIR, --json and
 * --help; a command lists only what it adds. */
#ifndef KITH_CLI_COMMAND_H
#define KITH_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define KITH_CLI_ARGS_ANY SIZE_MAX /* for args_max: as many as the system hands over */

enum kith_exit {
    KITH_EXIT_DONE = 0,
    KITH_EXIT_FAILED = 1,
    KITH_EXIT_USAGE = 2,
    KITH_EXIT_NO_NODE = 3,
    KITH_EXIT_NOT_FOUND = 4, /* or ambiguous */
    KITH_EXIT_TIMED_OUT = 5,
};

struct kith_cli_option {
    const char *name; /* without the leading "--" */
    const char
        *value; /* what stands for the value in the help ("SECONDS"); NULL: a flag */
    const char *summary; /* one clause, no full stop */
    bool is_list;        /* may be given more than once; else the last one counts */
};

struct kith_cli; /* one invocation, below */

struct kith_cli_command {
    const char *name;
    const char
        *summary;      /* one clause, lower case, no full stop: the line in `kith help` */
    const char *usage; /* after the name: "TARGET [TEXT…] [--wait delivered]" */
    const char *detail; /* more for `kith help NAME`, lines of at most 80; or NULL */
    const struct kith_cli_option
        *options;     /* ends with an entry without a name; or NULL */
    bool takes_knobs; /* every configuration knob is an option too */
    size_t args_min;
    size_t args_max;
    int (*run)(struct kith_cli *cli); /* returns an enum kith_exit */
};

/* An option as it was given. */
struct kith_cli_given {
    const char *name;  /* of the option's entry */
    const char *value; /* NULL for a flag */
};

struct kith_cli {
    const struct kith_cli_command *command;
    const struct kith_cli_command *const *commands; /* all there are, in help's order */
    size_t command_count;
    const char *home; /* the home's directory: --home, KITH_HOME, or the default; owned */
    bool is_home_given;      /* by --home */
    bool is_json;            /* --json: JSON Lines on `out` */
    const char *const *args; /* what is neither the command's name nor an option */
    size_t arg_count;
    const struct kith_cli_given *given; /* in the order given */
    size_t given_count;
    FILE *in; /* borrowed, as are the other two */
    FILE *out;
    FILE *err;
};

/* The last value given for option `name` (without dashes); NULL when it was not. */
const char *kith_cli_value(const struct kith_cli *cli, const char *name);

/* Was the option, with or without a value, given? */
bool kith_cli_has(const struct kith_cli *cli, const char *name);

/* The index-th value of a list option, in the order given; NULL past the last. */
const char *kith_cli_value_at(const struct kith_cli *cli, const char *name, size_t index);

/* Print "kith COMMAND: " and the sentence to cli->err, and give back `exit_code`. A usage
 * error adds where to read on. The sentence says what was tried, what went wrong and what
 * to do next. */
int kith_cli_fail(const struct kith_cli *cli, enum kith_exit exit_code,
                  const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The exit code that a KITH_E… means. */
enum kith_exit kith_cli_exit(int error);

/* Parse, find the command, run it. `commands` is in the order shown by help. Returns the
 * exit code, after flushing `out`: output that could not be written is a failure. */
int kith_cli_main(const struct kith_cli_command *const *commands, size_t command_count,
                  int argc, const char *const *argv, FILE *in, FILE *out, FILE *err);

extern const struct kith_cli_command kith_cli_help;
extern const struct kith_cli_command kith_cli_version;

/* Print the help of one command, or of the program when `command` is NULL. */
void kith_cli_print_help(const struct kith_cli *cli,
                         const struct kith_cli_command *command, FILE *to);

#endif
