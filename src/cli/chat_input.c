/* SPDX-License-Identifier: MIT */
/* A line that somebody typed: what it means. */
#include "cli/chat_session.h"

static void take_name(struct kith_chat *chat, const char *line)
{
    chat->awaits_name = false;
    kith_chat_prompt(chat);
    if (line[0] == '/')
        kith_chat_command(chat, line);
    else if (line[0] == '\0')
        kith_chat_say(chat, "no name was given, so nothing changed");
    else
        kith_chat_rename(chat, line);
}

void kith_chat_line(struct kith_chat *chat, char *line)
{
    kith_chat_trim(line);
    const char *text = kith_chat_skip(line);
    if (kith_chat_menu_prompt(&chat->menu))
        kith_chat_menu_line(chat, text);
    else if (chat->awaits_name)
        take_name(chat, text);
    else if (text[0] == '\0')
        return;
    else if (text[0] == '/' && text[1] == '/')
        kith_chat_send_plain(chat, text + 1);
    else if (text[0] == '/')
        kith_chat_command(chat, text);
    else if (!kith_chat_old_line(chat, text))
        kith_chat_send_here(chat, line);
}
