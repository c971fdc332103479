/* SPDX-License-Identifier: MIT */
/* What a program has its node do. */
#include <stdlib.h>
#include <string.h>

#include "libkith/state.h"

#define LOBBY "#lobby"

static void take_receipt(const json_t *message, struct kith_receipt *out)
{
    const char *id = json_string_value(json_object_get(message, "id"));
    snprintf(out->id, sizeof out->id, "%s", id ? id : "");
    out->log = (uint64_t)json_integer_value(json_object_get(message, "log"));
    out->seq = (uint64_t)json_integer_value(json_object_get(message, "seq"));
}

/* Says what is wrong with the text, which the API would say less well. */
static int check_text(struct kith *kith, const char *text, size_t size)
{
    if (size > KITH_TEXT_SIZE_MAX)
        return kith_explain(kith, KITH_ETEXTSIZE,
                            "a message holds at most %d bytes, and this one has %zu; "
                            "split it",
                            KITH_TEXT_SIZE_MAX, size);
    if (size == 0)
        return kith_explain(kith, KITH_ETEXT, "a message cannot be empty");
    if (memchr(text, '\0', size))
        return kith_explain(kith, KITH_ETEXT, "a message cannot hold a zero byte");
    return 0;
}

/* One member more, owned by the object. */
static bool add(json_t *object, const char *key, json_t *take_value)
{
    return object && take_value && json_object_set_new(object, key, take_value) == 0;
}

int kith_send(struct kith *kith, const char *target, const char *text, size_t size,
              struct kith_receipt *out)
{
    struct kith_answer answer;
    int error = check_text(kith, text, size);
    if (error)
        return error;
    json_t *body = json_object();
    if (!add(body, "text", json_stringn(text, size)) ||
        !add(body, "to", json_string(target))) {
        json_decref(body);
        return kith_explain(kith, KITH_ETEXT, "text or target is not valid UTF-8");
    }
    error = kith_ask(kith, &(struct kith_question){"POST", "/messages", body}, &answer);
    if (!error && out)
        take_receipt(answer.json, out);
    kith_answer_deinit(&answer);
    return error;
}

int kith_broadcast(struct kith *kith, const char *text, size_t size,
                   struct kith_receipt *out)
{
    return kith_send(kith, LOBBY, text, size, out);
}

/* One member as the body; `out` is to be deinitialised either way. */
static int ask_with(struct kith *kith, struct kith_question question, const char *key,
                    const char *value, struct kith_answer *out)
{
    *out = (struct kith_answer){0};
    question.take_body = json_object();
    if (!add(question.take_body, key, json_string(value))) {
        json_decref(question.take_body);
        return kith_explain(kith, KITH_EINVALID, "the %s is not valid UTF-8", key);
    }
    return kith_ask(kith, &question, out);
}

static int do_with(struct kith *kith, const char *path, const char *key,
                   const char *value)
{
    struct kith_answer answer;
    struct kith_question question = {"POST", path, NULL};
    int error = ask_with(kith, question, key, value, &answer);
    kith_answer_deinit(&answer);
    return error;
}

int kith_connect(struct kith *kith, const char *address)
{
    return do_with(kith, "/peers/connect", "address", address);
}

int kith_disconnect(struct kith *kith, const char *target)
{
    return do_with(kith, "/peers/disconnect", "peer", target);
}

int kith_join(struct kith *kith, const char *room)
{
    return do_with(kith, "/rooms/join", "room", room);
}

int kith_leave(struct kith *kith, const char *room)
{
    return do_with(kith, "/rooms/leave", "room", room);
}

int kith_rename(struct kith *kith, const char *name)
{
    struct kith_answer answer;
    struct kith_question question = {"PATCH", "/self", NULL};
    int error = ask_with(kith, question, "name", name, &answer);
    const char *now = json_string_value(json_object_get(answer.json, "name"));
    char *copy = error ? NULL : strdup(now ? now : name);
    if (copy) {
        free(kith->name);
        kith->name = copy;
    }
    kith_answer_deinit(&answer);
    return error;
}
