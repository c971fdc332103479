/* SPDX-License-Identifier: MIT */
/* Everything that people read: above the line being typed, or into a pipe. */
#include "cli/chat_session.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/chat_terminal.h"
#include "cli/show.h"
#include "cli/wrap.h"

#define PIECE_SIZE                                                                       \
    4096 /* PIPE_BUF: a pipe that is ready takes as much without waiting                 \
          */

bool kith_chat_flush(struct kith_chat *chat)
{
    while (chat->out_sent < chat->out.size) {
        struct pollfd ready = {.fd = chat->out_fd, .events = POLLOUT};
        if (poll(&ready, 1, 0) <= 0)
            return true;
        size_t left = chat->out.size - chat->out_sent;
        ssize_t written = write(chat->out_fd, chat->out.data + chat->out_sent,
                                left < PIECE_SIZE ? left : PIECE_SIZE);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            chat->out_error = errno;
            return false;
        }
        if (written > 0)
            chat->out_sent += (size_t)written;
    }
    kith_writer_clear(&chat->out);
    chat->out_sent = 0;
    return true;
}

static void put(struct kith_chat *chat, const char *text, size_t size)
{
    if (!chat->is_terminal) {
        kith_writer_bytes(&chat->out, text, size);
        return;
    }
    if (!chat->is_hidden)
        kith_chat_terminal_hide();
    chat->is_hidden = true;
    fwrite(text, 1, size, chat->cli->out);
}

static void put_wrapped(struct kith_chat *chat, const char *text, size_t size)
{
    char *wrapped = NULL;
    size_t wrapped_size = 0;
    FILE *to = open_memstream(&wrapped, &wrapped_size);
    if (!to)
        return;
    kith_cli_wrap(to, text, size, kith_cli_columns(chat->out_fd));
    fclose(to);
    put(chat, wrapped, wrapped_size);
    free(wrapped);
}

static void put_json(struct kith_chat *chat, const json_t *object)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return;
    kith_cli_show_json(to, object);
    fclose(to);
    put(chat, text, size);
    free(text);
}

void kith_chat_text(struct kith_chat *chat, const char *text, size_t size)
{
    if (!chat->cli->is_json) {
        put_wrapped(chat, text, size);
        return;
    }
    json_t *object = json_object();
    json_object_set_new(object, "notice", json_stringn(text, size > 0 ? size - 1 : 0));
    put_json(chat, object);
    json_decref(object);
}

void kith_chat_say(struct kith_chat *chat, const char *format, ...)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return;
    if (!chat->cli->is_json)
        fputs("* ", to);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(to, format, arguments);
    va_end(arguments);
    fputc('\n', to);
    fclose(to);
    kith_chat_text(chat, text, size);
    free(text);
}

void kith_chat_message(struct kith_chat *chat, const json_t *message)
{
    char *text = NULL;
    size_t size = 0;
    if (chat->cli->is_json) {
        put_json(chat, message);
        return;
    }
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return;
    kith_cli_show_message(to, message);
    fclose(to);
    put_wrapped(chat, text, size);
    free(text);
}

const char *kith_chat_safe(const json_t *object, const char *member,
                           char out[static KITH_CHAT_TARGET_SIZE])
{
    const char *text = json_string_value(json_object_get(object, member));
    kith_cli_show_safe(text ? text : "", out, KITH_CHAT_TARGET_SIZE);
    return out;
}

void kith_chat_refused(struct kith_chat *chat, const struct kith_answer *answer)
{
    char detail[KITH_CLIENT_DETAIL_SIZE];
    size_t index;
    const json_t *choice;
    kith_cli_show_safe(kith_client_detail(chat->client), detail, sizeof detail);
    kith_chat_say(chat, "%s", detail);
    json_array_foreach(json_object_get(answer->json, "choices"), index, choice)
    {
        const char *text = json_string_value(choice);
        kith_cli_show_safe(text ? text : "", detail, sizeof detail);
        kith_chat_say(chat, "  %s", detail);
    }
}

void kith_chat_title(const char *text, char out[static KITH_CHAT_TITLE_SIZE])
{
    static const char dots[] = "…";
    char safe[2 * KITH_CHAT_TITLE_SIZE];
    kith_cli_show_safe(text, safe, sizeof safe);
    bool is_cut = strlen(safe) >= KITH_CHAT_TITLE_SIZE;
    kith_cli_show_safe(safe, out, KITH_CHAT_TITLE_SIZE - (is_cut ? sizeof dots - 1 : 0));
    size_t size = strlen(out);
    snprintf(out + size, KITH_CHAT_TITLE_SIZE - size, "%s", is_cut ? dots : "");
}

void kith_chat_prompt(struct kith_chat *chat)
{
    char prompt[KITH_CHAT_TARGET_SIZE + 8];
    const char *menu = kith_chat_menu_prompt(&chat->menu);
    if (menu)
        snprintf(prompt, sizeof prompt, "%s%c", menu, chat->is_terminal ? ' ' : '\n');
    else
        snprintf(prompt, sizeof prompt, "%s> ",
                 chat->awaits_name ? "new name" : chat->target_shown);
    if (!chat->is_terminal) {
        if (menu)
            kith_chat_text(chat, prompt, strlen(prompt));
        return;
    }
    if (!chat->is_hidden)
        kith_chat_terminal_hide();
    chat->is_hidden = true;
    kith_chat_terminal_prompt(prompt);
}

void kith_chat_move(struct kith_chat *chat, const char *target, const char *shown)
{
    snprintf(chat->target, sizeof chat->target, "%s", target);
    snprintf(chat->target_shown, sizeof chat->target_shown, "%s", shown);
    kith_chat_prompt(chat);
}

void kith_chat_turn(struct kith_chat *chat, const char *target, const char *shown)
{
    chat->is_astray = false;
    kith_chat_move(chat, target, shown);
}
