/* SPDX-License-Identifier: MIT */
/* The numbered menu: what it asks for next, and what has been answered. */
#ifndef KITH_CLI_CHAT_MENU_H
#define KITH_CLI_CHAT_MENU_H

#include "cli/chat_words.h"

struct kith_chat;

enum kith_chat_menu_step {
    KITH_CHAT_MENU_OFF, /* there is no menu */
    KITH_CHAT_MENU_CHOICE,
    KITH_CHAT_MENU_IP,
    KITH_CHAT_MENU_PORT,
    KITH_CHAT_MENU_MESSAGE,
};

enum kith_chat_menu_entry {
    KITH_CHAT_MENU_SEND = 1,
    KITH_CHAT_MENU_BROADCAST,
    KITH_CHAT_MENU_QUERY,
    KITH_CHAT_MENU_CONNECT,
    KITH_CHAT_MENU_DISCONNECT,
    KITH_CHAT_MENU_QUIT,
};

struct kith_chat_menu {
    enum kith_chat_menu_step step;
    bool is_due; /* to be shown when nothing is under way */
    enum kith_chat_menu_entry entry;
    char ip[KITH_CHAT_TARGET_SIZE];     /* as typed */
    char target[KITH_CHAT_TARGET_SIZE]; /* with the port */
    char *text; /* owned: of a message whose peer is being connected to */
};

/* What is asked for; NULL when there is no menu. */
const char *kith_chat_menu_prompt(const struct kith_chat_menu *menu);

/* `ip` and `port` (may be empty) as an address; a word that is none (a name) as it is.
 * False when the port is no number from 1 to 65535 or both are too long. */
bool kith_chat_menu_address(const char *ip, const char *port,
                            char out[static KITH_CHAT_TARGET_SIZE]);

void kith_chat_menu_begin(struct kith_chat *chat);
void kith_chat_menu_show(struct kith_chat *chat);
void kith_chat_menu_line(struct kith_chat *chat, const char *line);
/* Back to the choice (^C). False when it is there already. */
bool kith_chat_menu_cancel(struct kith_chat *chat);

#endif
