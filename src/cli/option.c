/* SPDX-License-Identifier: MIT */
#include "cli/option.h"

#include <ctype.h>
#include <string.h>

#include "cli/config.h"
#include "cli/parse.h"

static size_t count_of(const struct kith_cli_option *options)
{
    size_t count = 0;
    while (options && options[count].name)
        count++;
    return count;
}

static size_t knob_count(const struct kith_cli_command *command)
{
    size_t count = 0;
    while (command && command->takes_knobs && kith_knobs[count].name)
        count++;
    return count;
}

static struct kith_cli_option option_of(const struct kith_knob *knob)
{
    return (struct kith_cli_option){
        .name = knob->name,
        .value = knob->kind == KITH_KNOB_SWITCH ? NULL : knob->value,
        .summary = knob->summary,
        .is_list = knob->kind == KITH_KNOB_LIST,
    };
}

bool kith_cli_option_at(const struct kith_cli_command *command, size_t index,
                        struct kith_cli_option *out)
{
    size_t knobs = knob_count(command);
    size_t own = command ? count_of(command->options) : 0;
    if (index < knobs)
        *out = option_of(&kith_knobs[index]);
    else if (index < knobs + own)
        *out = command->options[index - knobs];
    else if (index < knobs + own + count_of(kith_cli_common))
        *out = kith_cli_common[index - knobs - own];
    else
        return false;
    return true;
}

/* ---- values ---- */

static bool is_word(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && memcmp(text, word, size) == 0;
}

static void add_word(struct kith_cli_value *value, const char *text, size_t size)
{
    size_t used = strlen(value->words);
    if (used + 1 + size + 1 > sizeof value->words)
        return;
    if (used > 0)
        value->words[used++] = ' ';
    memcpy(value->words + used, text, size);
    value->words[used + size] = '\0';
}

/* In lower case it is meant literally, in capitals it stands for something. */
static void add_alternative(struct kith_cli_value *value, const char *text, size_t size)
{
    static const char lower[] = "abcdefghijklmnopqrstuvwxyz-";
    if (is_word(text, size, "TARGET") || is_word(text, size, "PEER") ||
        is_word(text, size, "ROOM"))
        value->is_target = true;
    else if (is_word(text, size, "FILE"))
        value->is_file = true;
    else if (is_word(text, size, "DIR"))
        value->is_directory = true;
    else if (is_word(text, size, "COMMAND"))
        value->is_command = true;
    else if (size > 0 && strspn(text, lower) >= size)
        add_word(value, text, size);
}

struct kith_cli_value kith_cli_value_of_option(const struct kith_cli_option *option)
{
    struct kith_cli_value value = {0};
    for (const char *at = option->value; at && *at;) {
        size_t size = strcspn(at, "|");
        add_alternative(&value, at, size);
        at += size + (at[size] == '|');
    }
    return value;
}

/* Past "[--option VALUE]" and the blanks behind it. */
static const char *skip_options(const char *at)
{
    for (;;) {
        at += strspn(at, " ");
        if (strncmp(at, "[--", 3) != 0)
            return at;
        size_t depth = 0;
        do {
            depth += *at == '[';
            depth -= *at == ']';
        } while (*++at && depth > 0);
        at += strcspn(at, " ");
    }
}

struct kith_cli_value kith_cli_value_of_argument(const struct kith_cli_command *command)
{
    struct kith_cli_value value = {0};
    const char *at = command->usage;
    while (*(at = skip_options(at))) {
        at += *at == '[';
        size_t size = strcspn(at, " |][");
        add_alternative(&value, at, size);
        at += size;
        if (*at == '|') { /* "[COMMAND|config]" */
            at++;
            continue;
        }
        at = strstr(at, " | "); /* "new [NAME] | show" */
        if (!at)
            break;
        at += 3;
    }
    return value;
}
