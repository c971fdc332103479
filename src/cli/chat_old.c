/* SPDX-License-Identifier: MIT */
/* Forms that the chats before kith understood. They do what they did, and each is
 * answered once with the form of today. */
#include "cli/chat_session.h"

#include <stdlib.h>
#include <string.h>

static void tell_modern(struct kith_chat *chat, enum kith_chat_old form,
                        const char *modern)
{
    unsigned bit = 1u << form;
    if ((chat->old_told & bit) == 0)
        kith_chat_say(chat, "%s", modern);
    chat->old_told |= bit;
}

/* The line as it stands, for somebody who meant it as a text. */
static void explain(struct kith_chat *chat, const char *what, const char *line)
{
    char shown[KITH_CHAT_TITLE_SIZE];
    kith_chat_title(line, shown);
    kith_chat_say(chat, "%s; to say the line as it stands: /say %s", what, shown);
}

static void take_msg(struct kith_chat *chat, const char *line, const char *rest)
{
    char target[KITH_CHAT_TARGET_SIZE];
    const char *text = kith_chat_target(rest, target);
    if (!text || text[0] == '\0') {
        explain(chat, "`msg NAME TEXT` says TEXT to NAME alone, as /msg NAME TEXT does",
                line);
        return;
    }
    tell_modern(chat, KITH_CHAT_OLD_MSG, "`msg NAME TEXT` is /msg NAME TEXT; both work");
    free(chat->said_line);
    chat->said_line = strdup(line);
    kith_chat_send(chat, target, text);
}

static void take_rename(struct kith_chat *chat, const char *line, const char *rest)
{
    char name[KITH_CHAT_TARGET_SIZE];
    if (rest[0] == '\0') {
        tell_modern(chat, KITH_CHAT_OLD_RENAME, "`rename` is /nick NEW; both work");
        chat->awaits_name = true;
        kith_chat_say(chat, "type the new name (an empty line keeps the old one)");
        kith_chat_prompt(chat);
        return;
    }
    const char *more = kith_chat_target(rest, name);
    if (!more || more[0] != '\0') {
        explain(chat, "`rename NEW` takes one word, or a name in \"quotes\"", line);
        return;
    }
    tell_modern(chat, KITH_CHAT_OLD_RENAME, "`rename` is /nick NEW; both work");
    kith_chat_rename(chat, name);
}

static void take_connect(struct kith_chat *chat, const char *line, const char *rest)
{
    rest = kith_chat_skip(rest);
    if (rest[0] == '\0') {
        explain(chat, "`conn:IP:PORT` connects to a peer, as /connect IP:PORT does",
                line);
        return;
    }
    tell_modern(chat, KITH_CHAT_OLD_CONNECT,
                "`conn:IP:PORT` is /connect IP:PORT; both work");
    kith_chat_connect(chat, rest);
}

/* The one partner: whom the chat is with, else the only one who is here. */
static void take_to_peer(struct kith_chat *chat, const char *line, const char *rest)
{
    char id[KITH_CHAT_ID_SIZE];
    rest = kith_chat_skip(rest);
    bool is_chosen = chat->target[0] != '#';
    if (rest[0] == '\0') {
        explain(chat, "`to_peer:TEXT` says TEXT to the only peer", line);
    } else if (is_chosen) {
        tell_modern(chat, KITH_CHAT_OLD_TO_PEER,
                    "`to_peer:TEXT` is /msg NAME TEXT; both work");
        kith_chat_send_here(chat, rest);
    } else if (chat->peer_count != 1) {
        explain(chat,
                chat->peer_count == 0 ? "nobody is here for `to_peer:`; nothing was sent"
                                      : "several are here, so `to_peer:` reaches nobody; "
                                        "/msg NAME TEXT says it to one",
                line);
    } else {
        tell_modern(chat, KITH_CHAT_OLD_TO_PEER,
                    "`to_peer:TEXT` is /msg NAME TEXT; both work");
        snprintf(id, sizeof id, "%s", chat->peers[0].id);
        kith_chat_send(chat, id, rest);
    }
}

bool kith_chat_old_line(struct kith_chat *chat, const char *line)
{
    const char *rest = "";
    enum kith_chat_old form = kith_chat_old_form(line, &rest);
    switch (form) {
    case KITH_CHAT_OLD_NONE:
        return false;
    case KITH_CHAT_OLD_MSG:
        take_msg(chat, line, rest);
        break;
    case KITH_CHAT_OLD_RENAME:
        take_rename(chat, line, rest);
        break;
    case KITH_CHAT_OLD_CONNECT:
        take_connect(chat, line, rest);
        break;
    case KITH_CHAT_OLD_TO_PEER:
        take_to_peer(chat, line, rest);
        break;
    case KITH_CHAT_OLD_LEAVE:
        tell_modern(chat, form, "leaving; /quit does so too, and /say says the word");
        kith_chat_leave(chat);
        break;
    }
    return true;
}
