/* SPDX-License-Identifier: MIT */
/* Asking the node, one request at a time, without waiting for it. */
#include "cli/chat_session.h"

#include <stdlib.h>

#include "cli/ask.h"

json_t *kith_chat_body(struct kith_chat *chat, const char *member, const char *value)
{
    json_t *body = kith_cli_member(member, value);
    if (!body)
        kith_chat_say(chat, "that is not valid UTF-8, so nothing was sent; set the "
                            "terminal or the program that writes to UTF-8");
    return body;
}

static void answer(struct kith_chat *chat, int error, struct kith_answer *given)
{
    kith_chat_answered *answered = chat->answered;
    chat->answered = NULL;
    chat->is_saying = false;
    answered(chat, error, given);
    kith_answer_deinit(given);
}

void kith_chat_ask(struct kith_chat *chat, const struct kith_chat_ask *ask)
{
    struct kith_answer none = {0};
    chat->answered = ask->answered;
    int error = kith_client_call(chat->client, ask->method, ask->path, ask->take_body,
                                 KITH_CLIENT_TIMEOUT_MS);
    json_decref(ask->take_body);
    if (error)
        answer(chat, error, &none);
}

void kith_chat_go_on(struct kith_chat *chat)
{
    struct kith_answer given;
    int error = kith_client_call_go_on(chat->client, &given);
    if (error != KITH_CLIENT_WAITS)
        answer(chat, error, &given);
}

/* ---- saying something ---- */

static void explain_old(struct kith_chat *chat, int error)
{
    char line[KITH_CHAT_TITLE_SIZE];
    if (error != KITH_ENOTFOUND)
        return;
    kith_chat_title(chat->said_line, line);
    kith_chat_say(
        chat,
        "nothing was sent: `msg NAME TEXT` is a direct message. To say the line "
        "as it stands: /say %s",
        line);
}

static void on_said(struct kith_chat *chat, int error, const struct kith_answer *given)
{
    if (error)
        kith_chat_refused(chat, given);
    else
        kith_chat_sent(chat, given->json);
    if (chat->said_line)
        explain_old(chat, error);
    free(chat->said_line);
    chat->said_line = NULL;
}

void kith_chat_send(struct kith_chat *chat, const char *target, const char *text)
{
    struct kith_chat_ask ask = {.method = "POST", .path = "/messages"};
    ask.answered = on_said;
    ask.take_body = kith_chat_body(chat, "to", target);
    if (!ask.take_body)
        return;
    json_t *value = json_string(text);
    if (!value) {
        json_decref(ask.take_body);
        kith_chat_body(chat, "text", text);
        return;
    }
    json_object_set_new(ask.take_body, "text", value);
    kith_chat_title(text, chat->said_title);
    chat->is_saying = true;
    kith_chat_ask(chat, &ask);
}

void kith_chat_send_here(struct kith_chat *chat, const char *text)
{
    char title[KITH_CHAT_TITLE_SIZE];
    if (!chat->is_astray) {
        kith_chat_send(chat, chat->target, text);
        return;
    }
    kith_chat_title(text, title);
    kith_chat_say(chat, "not sent, for it is not clear to whom: %s", title);
}
