/* SPDX-License-Identifier: MIT */
#include "cli/chat_words.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

const char *kith_chat_skip(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

void kith_chat_trim(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    text[size] = '\0';
}

const char *kith_chat_after(const char *line, const char *word)
{
    size_t size = strlen(word);
    if (strncasecmp(line, word, size) != 0)
        return NULL;
    return line[size] == '\0' || is_blank(line[size]) ? kith_chat_skip(line + size)
                                                      : NULL;
}

static const char *quoted(const char *at, char *out)
{
    size_t size = 0;
    for (; *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (*at == '\0' || size == KITH_CHAT_TARGET_SIZE - 1)
            return NULL;
        out[size++] = *at;
    }
    out[size] = '\0';
    bool is_alone = at[1] == '\0' || is_blank(at[1]);
    return size > 0 && is_alone ? kith_chat_skip(at + 1) : NULL;
}

const char *kith_chat_target(const char *text, char out[static KITH_CHAT_TARGET_SIZE])
{
    size_t size = 0;
    text = kith_chat_skip(text);
    if (*text == '"')
        return quoted(text + 1, out);
    for (; *text != '\0' && !is_blank(*text); text++) {
        if (size == KITH_CHAT_TARGET_SIZE - 1)
            return NULL;
        out[size++] = *text;
    }
    out[size] = '\0';
    return size > 0 ? kith_chat_skip(text) : NULL;
}

enum kith_chat_old kith_chat_old_form(const char *line, const char **out_rest)
{
    static const struct {
        const char *word;
        enum kith_chat_old form;
        bool is_prefix; /* what belongs to it follows at once */
        bool is_alone;  /* nothing may follow */
    } forms[] = {
        {"msg", KITH_CHAT_OLD_MSG, false, false},
        {"rename", KITH_CHAT_OLD_RENAME, false, false},
        {"conn:", KITH_CHAT_OLD_CONNECT, true, false},
        {"to_peer:", KITH_CHAT_OLD_TO_PEER, true, false},
        {"exit", KITH_CHAT_OLD_LEAVE, false, true},
        {"close", KITH_CHAT_OLD_LEAVE, false, true},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t size = strlen(forms[i].word);
        const char *rest = NULL;
        if (strncmp(line, forms[i].word, size) == 0)
            rest =
                forms[i].is_prefix ? line + size : kith_chat_after(line, forms[i].word);
        if (!rest || (forms[i].is_alone && *rest != '\0'))
            continue;
        *out_rest = rest;
        return forms[i].form;
    }
    return KITH_CHAT_OLD_NONE;
}
