/* SPDX-License-Identifier: MIT */
/* A typed line, taken apart. */
#ifndef KITH_CLI_CHAT_WORDS_H
#define KITH_CLI_CHAT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define KITH_CHAT_TARGET_SIZE 320 /* a name, an id, host:port or #room, terminated */

/* Past white space. */
const char *kith_chat_skip(const char *text);

/* Cut white space off the end, in place. */
void kith_chat_trim(char *text);

/* Does the line begin with `word`, followed by white space or the end? What follows, past
 * white space; NULL if not. Letters of ASCII match in either case. */
const char *kith_chat_after(const char *line, const char *word);

/* The target at the beginning of `text`: a word, or anything between double quotes (\"
 * and \\ stand for themselves). Returns what follows, past white space; NULL when there
 * is none, a quote is not closed, or it is too long. */
const char *kith_chat_target(const char *text, char out[static KITH_CHAT_TARGET_SIZE]);

/* ---- forms that the chats before kith understood ---- */

enum kith_chat_old {
    KITH_CHAT_OLD_NONE,
    KITH_CHAT_OLD_MSG,     /* msg NAME TEXT */
    KITH_CHAT_OLD_RENAME,  /* rename, or rename NEW */
    KITH_CHAT_OLD_CONNECT, /* conn:IP:PORT */
    KITH_CHAT_OLD_TO_PEER, /* to_peer:TEXT */
    KITH_CHAT_OLD_LEAVE,   /* exit, close */
};

/* Which form a line has, and where what belongs to it begins ("" when it is alone). */
enum kith_chat_old kith_chat_old_form(const char *line, const char **out_rest);

#endif
