/* SPDX-License-Identifier: MIT */
#include "cli/parse.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config.h"
#include "cli/suggest.h"
#include "kith/error.h"

const struct kith_cli_option kith_cli_common[] = {
    {"home", "DIR", "the node's directory", false},
    {"json", NULL, "JSON Lines in place of text", false},
    {"help", NULL, "this text", false},
    {0},
};

struct words {
    const struct kith_cli_command *const *commands;
    size_t command_count;
    const char *const *argv;
    int argc;
    struct kith_cli_parsed *out;
    char *why;
};

/* An option's name and, after '=', its value, as they stand in one word. */
struct option_word {
    char name[64];
    const char *value; /* after '='; NULL when there is none */
};

static int refuse(struct words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(struct words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words->why, KITH_CLI_WHY_SIZE, format, arguments);
    va_end(arguments);
    return KITH_EINVALID;
}

const struct kith_cli_command *kith_cli_command_find(
    const struct kith_cli_command *const *commands, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* ---- what an option is ---- */

struct option_view { /* of a command's own options, the common ones and the knobs alike */
    const char *name; /* NULL: no such option */
    bool has_value;
};

static struct option_view find_in(const struct kith_cli_option *options, const char *name)
{
    for (; options != NULL && options->name != NULL; options++)
        if (strcmp(options->name, name) == 0)
            return (struct option_view){options->name, options->value != NULL};
    return (struct option_view){0};
}

static struct option_view find_of(const struct kith_cli_command *command,
                                  const char *name)
{
    struct option_view found = find_in(command->options, name);
    const struct kith_knob *knob = command->takes_knobs ? kith_knob_find(name) : NULL;
    if (found.name == NULL && knob != NULL)
        found = (struct option_view){knob->name, knob->kind != KITH_KNOB_SWITCH};
    return found;
}

static struct option_view find_common(const char *name)
{
    if (strcmp(name, "version") == 0)
        return (struct option_view){"version", false};
    return find_in(kith_cli_common, name);
}

/* Before the command's name is known, an option of any command may stand. */
static struct option_view find_anywhere(const struct words *words, const char *name)
{
    struct option_view found = find_common(name);
    for (size_t i = 0; i < words->command_count && found.name == NULL; i++)
        found = find_of(words->commands[i], name);
    return found;
}

static struct option_view find_option(const struct words *words, const char *name)
{
    struct option_view found = find_common(name);
    if (found.name == NULL && words->out->command != NULL)
        found = find_of(words->out->command, name);
    return found;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

static void split_option(const char *word, struct option_word *out)
{
    const char *name = word[1] == '-' ? word + 2 : word;
    size_t size = strcspn(name, "=");
    out->value = name[size] == '=' ? name + size + 1 : NULL;
    snprintf(out->name, sizeof(out->name), "%.*s", (int)(size < 63 ? size : 63), name);
    if (strcmp(word, "-h") == 0)
        snprintf(out->name, sizeof(out->name), "help");
}

/* ---- the command's name ---- */

static int unknown_command(struct words *words, const char *typed)
{
    struct kith_suggest suggest;
    kith_suggest_init(&suggest, typed);
    for (size_t i = 0; i < words->command_count; i++)
        kith_suggest_offer(&suggest, words->commands[i]->name);
    if (suggest.best == NULL)
        return refuse(words, "there is no command '%s'", typed);
    return refuse(words, "there is no command '%s'; did you mean '%s'?", typed,
                  suggest.best);
}

/* The first word that is neither an option nor an option's value. Its index, or 0. */
static int find_name(const struct words *words)
{
    for (int i = 1; i < words->argc; i++) {
        const char *word = words->argv[i];
        if (strcmp(word, "--") == 0)
            return 0;
        if (!is_option(word))
            return i;
        struct option_word option;
        split_option(word, &option);
        if (option.value == NULL && find_anywhere(words, option.name).has_value)
            i++;
    }
    return 0;
}

/* ---- options ---- */

static int unknown_option(struct words *words, const char *word,
                          const struct option_word *option)
{
    const struct kith_cli_command *command = words->out->command;
    struct kith_suggest suggest;
    kith_suggest_init(&suggest, option->name);
    for (const struct kith_cli_option *o = kith_cli_common; o->name != NULL; o++)
        kith_suggest_offer(&suggest, o->name);
    for (const struct kith_cli_option *o = command == NULL ? NULL : command->options;
         o != NULL && o->name != NULL; o++)
        kith_suggest_offer(&suggest, o->name);
    for (const struct kith_knob *knob = kith_knobs; knob->name != NULL; knob++)
        if (command != NULL && command->takes_knobs)
            kith_suggest_offer(&suggest, knob->name);
    if (word[1] != '-')
        return refuse(words,
                      "unknown option '%s'; for an argument that begins with '-' "
                      "put `--` before it",
                      word);
    if (suggest.best == NULL)
        return refuse(words, "unknown option '--%s'", option->name);
    return refuse(words, "unknown option '--%s'; did you mean '--%s'?", option->name,
                  suggest.best);
}

static void give(struct kith_cli_parsed *out, const char *name, const char *value)
{
    if (strcmp(name, "home") == 0)
        out->home = value;
    else if (strcmp(name, "json") == 0)
        out->is_json = true;
    else if (strcmp(name, "help") == 0)
        out->wish = KITH_WISH_HELP;
    else if (strcmp(name, "version") == 0)
        out->wish = KITH_WISH_VERSION;
    else
        out->given[out->given_count++] = (struct kith_cli_given){name, value};
}

/* Takes the option at `*at`, and moves `*at` on to its last word. */
static int take_option(struct words *words, int *at)
{
    struct option_word option;
    split_option(words->argv[*at], &option);
    struct option_view found = find_option(words, option.name);
    if (found.name == NULL)
        return unknown_option(words, words->argv[*at], &option);
    if (!found.has_value && option.value != NULL)
        return refuse(words, "--%s takes no value", found.name);
    if (found.has_value && option.value == NULL) {
        if (*at + 1 >= words->argc)
            return refuse(words, "--%s needs a value", found.name);
        option.value = words->argv[++*at];
    }
    give(words->out, found.name, option.value);
    return 0;
}

static int take_words(struct words *words, int name_at)
{
    struct kith_cli_parsed *out = words->out;
    for (int i = 1; i < words->argc; i++) {
        const char *word = words->argv[i];
        int error = 0;
        if (i == name_at)
            continue;
        if (strcmp(word, "--") == 0) {
            for (i++; i < words->argc; i++)
                out->args[out->arg_count++] = words->argv[i];
        } else if (is_option(word)) {
            error = take_option(words, &i);
        } else {
            out->args[out->arg_count++] = word;
        }
        if (error != 0)
            return error;
    }
    return 0;
}

static int check_count(struct words *words)
{
    const struct kith_cli_parsed *out = words->out;
    if (out->command == NULL || out->wish != KITH_WISH_RUN)
        return 0;
    if (out->arg_count < out->command->args_min)
        return refuse(words, "too few arguments; usage: kith %s %s", out->command->name,
                      out->command->usage);
    if (out->arg_count > out->command->args_max)
        return refuse(words, "too many arguments, from '%s' on; usage: kith %s%s%s",
                      out->args[out->command->args_max], out->command->name,
                      out->command->usage[0] != '\0' ? " " : "", out->command->usage);
    return 0;
}

int kith_cli_parse(const struct kith_cli_command *const *commands, size_t command_count,
                   int argc, const char *const *argv, struct kith_cli_parsed *out,
                   char why[static KITH_CLI_WHY_SIZE])
{
    struct words words = {commands, command_count, argv, argc, out, why};
    *out = (struct kith_cli_parsed){0};
    out->args = calloc((size_t)argc + 1, sizeof(*out->args));
    out->given = calloc((size_t)argc + 1, sizeof(*out->given));
    if (out->args == NULL || out->given == NULL)
        return KITH_ENOMEM;
    int name_at = find_name(&words);
    if (name_at != 0) {
        out->command = kith_cli_command_find(commands, command_count, argv[name_at]);
        if (out->command == NULL)
            return unknown_command(&words, argv[name_at]);
    }
    int error = take_words(&words, name_at);
    return error != 0 ? error : check_count(&words);
}

void kith_cli_parsed_deinit(struct kith_cli_parsed *parsed)
{
    free(parsed->args);
    free(parsed->given);
    *parsed = (struct kith_cli_parsed){0};
}
