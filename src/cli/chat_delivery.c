/* SPDX-License-Identifier: MIT */
/* Messages of ours that are not delivered yet.
 *
 * Most are within milliseconds, and nothing is said of them. Where it takes longer, or
 * the other side is known to be away, a line says so, and another when it was. */
#include "cli/chat_session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 5000 /* a resend over a bad link takes less */

static void forget(struct kith_chat *chat, size_t index)
{
    chat->waiting_count--;
    memmove(&chat->waiting[index], &chat->waiting[index + 1],
            (chat->waiting_count - index) * sizeof *chat->waiting);
}

static const char *place_of(const struct kith_chat_waiting *waiting)
{
    return waiting->to[0] ? waiting->to : "anybody";
}

static void tell_waits(struct kith_chat *chat, struct kith_chat_waiting *waiting)
{
    size_t count = 0;
    for (size_t i = 0; i < chat->waiting_count; i++) {
        struct kith_chat_waiting *other = &chat->waiting[i];
        if (other->is_told || other->is_unsure || strcmp(other->to, waiting->to) != 0)
            continue;
        other->is_told = true;
        count++;
    }
    if (count == 1)
        kith_chat_say(chat, "not delivered to %s yet: it is kept, and will be",
                      place_of(waiting));
    else
        kith_chat_say(chat,
                      "%zu messages not delivered to %s yet: they are kept, and will be",
                      count, place_of(waiting));
}

static bool is_due(const struct kith_chat_waiting *waiting, int64_t now_ms)
{
    return !waiting->is_told && !waiting->is_unsure && !waiting->is_asked &&
           waiting->due_ms <= now_ms;
}

void kith_chat_tell_waiting(struct kith_chat *chat)
{
    int64_t now_ms = kith_chat_now_ms();
    for (size_t i = 0; i < chat->waiting_count; i++)
        if (is_due(&chat->waiting[i], now_ms))
            tell_waits(chat, &chat->waiting[i]);
}

int64_t kith_chat_waiting_due_ms(const struct kith_chat *chat)
{
    int64_t due_ms = INT64_MAX;
    for (size_t i = 0; i < chat->waiting_count; i++)
        if (is_due(&chat->waiting[i], due_ms - 1))
            due_ms = chat->waiting[i].due_ms;
    return due_ms;
}

static json_int_t number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static void remember_own(struct kith_chat *chat, const json_t *message)
{
    const char *id = json_string_value(json_object_get(message, "id"));
    if (!id || chat->own_count == KITH_CHAT_WAITING_MAX)
        return; /* the stream shows it once more: no harm */
    snprintf(chat->own[chat->own_count++], KITH_CHAT_ID_SIZE, "%s", id);
}

void kith_chat_sent(struct kith_chat *chat, const json_t *message)
{
    remember_own(chat, message);
    const char *state = json_string_value(json_object_get(message, "state"));
    const char *room = json_string_value(json_object_get(message, "room"));
    if (!state || !room || strcmp(state, "delivered") == 0)
        return;
    if (chat->waiting_count == KITH_CHAT_WAITING_MAX)
        forget(chat, 0);
    bool is_direct = json_is_true(json_object_get(message, "direct"));
    bool is_away = is_direct ? !kith_chat_is_online(chat, room) : chat->peer_count == 0;
    struct kith_chat_waiting *waiting = &chat->waiting[chat->waiting_count++];
    *waiting = (struct kith_chat_waiting){
        .log = number(message, "log"),
        .seq = number(message, "seq"),
        .is_direct = is_direct,
        .held_min = chat->peer_count > 0 ? (json_int_t)chat->peer_count : 1,
        .due_ms = kith_chat_now_ms() + (is_away ? 0 : PATIENCE_MS),
    };
    const char *id = json_string_value(json_object_get(message, "id"));
    snprintf(waiting->id, sizeof waiting->id, "%s", id ? id : "");
    if (is_direct)
        kith_chat_safe(message, "to", waiting->to);
    memcpy(waiting->title, chat->said_title, sizeof waiting->title);
}

static bool is_done(const struct kith_chat_waiting *waiting, const json_t *event)
{
    if (waiting->log != number(event, "log") || waiting->seq > number(event, "seq"))
        return false;
    /* Of an open room the person who was told wants to know of the first who has it. */
    return waiting->is_direct || waiting->is_told ||
           number(event, "held_by") >= waiting->held_min;
}

void kith_chat_delivered(struct kith_chat *chat, const json_t *event)
{
    char name[KITH_CHAT_TARGET_SIZE];
    char title[KITH_CHAT_TITLE_SIZE] = "";
    size_t told = 0;
    for (size_t i = 0; i < chat->waiting_count;) {
        struct kith_chat_waiting *waiting = &chat->waiting[i];
        if (!is_done(waiting, event)) {
            i++;
            continue;
        }
        told += waiting->is_told;
        if (waiting->is_told)
            memcpy(title, waiting->title, sizeof title);
        forget(chat, i);
    }
    kith_chat_safe(event, "name", name);
    if (told == 1)
        kith_chat_say(chat, "delivered to %s: %s", name, title);
    else if (told > 1)
        kith_chat_say(chat, "delivered to %s: %zu messages, the last of them: %s", name,
                      told, title);
}

/* ---- deliveries are told once, and not to who is away ---- */

void kith_chat_doubt_waiting(struct kith_chat *chat)
{
    for (size_t i = 0; i < chat->waiting_count; i++)
        chat->waiting[i].is_unsure = true;
}

/* Whoever holds a message of a log holds those before it too: the latest is asked of
 * first. */
static struct kith_chat_waiting *last_unsure(struct kith_chat *chat)
{
    for (size_t i = chat->waiting_count; i > 0; i--)
        if (chat->waiting[i - 1].is_unsure)
            return &chat->waiting[i - 1];
    return NULL;
}

/* Told as the stream would have told it. */
static void on_state(struct kith_chat *chat, int error, const struct kith_answer *answer)
{
    const json_t *message = answer->json;
    const json_t *holder = json_array_get(json_object_get(message, "holders"), 0);
    for (size_t i = 0; i < chat->waiting_count; i++)
        chat->waiting[i].is_asked = false;
    if (error || !holder)
        return;
    json_t *event =
        json_pack("{s:I, s:I, s:I, s:O?}", "log", number(message, "log"), "seq",
                  number(message, "seq"), "held_by", number(message, "held_by"), "name",
                  json_object_get(holder, "name"));
    if (event)
        kith_chat_delivered(chat, event);
    json_decref(event);
}

void kith_chat_ask_unsure(struct kith_chat *chat)
{
    struct kith_chat_waiting *waiting = last_unsure(chat);
    char path[KITH_CHAT_ID_SIZE + 16];
    struct kith_chat_ask ask = {"GET", path, NULL, on_state};
    if (!waiting)
        return;
    waiting->is_unsure = false;
    waiting->is_asked = true;
    snprintf(path, sizeof path, "/messages/%s", waiting->id);
    kith_chat_ask(chat, &ask);
}

void kith_chat_tell_pending(struct kith_chat *chat)
{
    while (chat->waiting_count > 0) {
        struct kith_chat_waiting first = chat->waiting[0];
        size_t count = 0;
        for (size_t i = 0; i < chat->waiting_count;) {
            if (strcmp(chat->waiting[i].to, first.to) != 0) {
                i++;
                continue;
            }
            count++;
            forget(chat, i);
        }
        kith_chat_say(chat,
                      "%zu message%s not delivered to %s yet: kept, and delivered when "
                      "this node runs again",
                      count, count == 1 ? "" : "s", place_of(&first));
    }
}
