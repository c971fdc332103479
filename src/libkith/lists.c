/* SPDX-License-Identifier: MIT */
/* What a program asks of its node: peers, rooms, history. */
#include <stdlib.h>
#include <string.h>

#include "libkith/object.h"
#include "libkith/state.h"

enum {
    HISTORY_MAX = 10000, /* messages that are held at once; a program can ask again */
    PAGE_MAX = 1000,
    QUERY_SIZE_MAX = 256, /* of TARGET and of TIME: past any name, id or address */
    PATH_SIZE = 64 + 2 * (3 * QUERY_SIZE_MAX) + 128,
    CURSOR_SIZE = 128,
};

/* ---- peers and rooms ---- */

int kith_peers(struct kith *kith, kith_peer_cb *visit, void *ctx)
{
    struct kith_answer answer;
    size_t index;
    const json_t *peer;
    int result = kith_ask(kith, &(struct kith_question){"GET", "/peers", NULL}, &answer);
    json_array_foreach(json_object_get(answer.json, "peers"), index, peer)
    {
        struct kith_peer_info info = kith_peer_from_json(peer);
        if (result || (result = visit(ctx, &info)))
            break;
    }
    kith_answer_deinit(&answer);
    return result;
}

int kith_rooms(struct kith *kith, kith_room_cb *visit, void *ctx)
{
    struct kith_answer answer;
    size_t index;
    const json_t *room;
    int result = kith_ask(kith, &(struct kith_question){"GET", "/rooms", NULL}, &answer);
    json_array_foreach(json_object_get(answer.json, "rooms"), index, room)
    {
        struct kith_room_info info = kith_room_from_json(room);
        if (result || (result = visit(ctx, &info)))
            break;
    }
    kith_answer_deinit(&answer);
    return result;
}

/* ---- history ---- */

/* "&key=value", escaped; nothing for NULL. False: it is too long to be one. */
static bool add_query(char *path, const char *key, const char *value)
{
    size_t used = strlen(path);
    if (!value)
        return true;
    if (strlen(value) > QUERY_SIZE_MAX)
        return false;
    used += (size_t)snprintf(path + used, PATH_SIZE - used, "&%s=", key);
    kith_client_escape(value, path + used);
    return true;
}

/* Append the next page of `base`, newest first; `after` becomes the place of the one
 * after it, or "". */
static int read_page(struct kith *kith, const char *base, char *after, json_t *messages)
{
    char path[PATH_SIZE + CURSOR_SIZE + 16];
    struct kith_answer answer;
    snprintf(path, sizeof path, "%s%s%s", base, after[0] ? "&after=" : "", after);
    int error = kith_ask(kith, &(struct kith_question){"GET", path, NULL}, &answer);
    const char *next = json_string_value(json_object_get(answer.json, "next"));
    snprintf(after, CURSOR_SIZE, "%s", next ? next : "");
    if (!error &&
        json_array_extend(messages, json_object_get(answer.json, "messages")) != 0)
        error = kith_explain(kith, KITH_ENOMEM, "out of memory");
    kith_answer_deinit(&answer);
    return error;
}

/* From the last one to the first, which is the order to be told in. */
static int visit_backwards(const json_t *messages, size_t count, kith_message_cb *visit,
                           void *ctx)
{
    int result = 0;
    for (size_t i = count; i-- > 0 && !result;) {
        struct kith_message_info info =
            kith_message_from_json(json_array_get(messages, i));
        result = visit(ctx, &info);
    }
    return result;
}

int kith_history(struct kith *kith, const char *target, const char *since,
                 size_t count_max, kith_message_cb *visit, void *ctx)
{
    char base[PATH_SIZE] = "/messages?order=newest";
    char after[CURSOR_SIZE] = "";
    if (count_max > HISTORY_MAX)
        count_max = HISTORY_MAX;
    if (!add_query(base, "room", target) || !add_query(base, "since", since))
        return kith_explain(kith, KITH_EINVALID, "TARGET or TIME is too long to be one");
    size_t used = strlen(base);
    snprintf(base + used, sizeof base - used, "&limit=%zu",
             count_max < PAGE_MAX ? count_max : PAGE_MAX);
    json_t *messages = json_array();
    int result = messages ? 0 : kith_explain(kith, KITH_ENOMEM, "out of memory");
    while (!result && json_array_size(messages) < count_max) {
        result = read_page(kith, base, after, messages);
        if (!after[0])
            break;
    }
    size_t count = json_array_size(messages);
    if (!result)
        result =
            visit_backwards(messages, count < count_max ? count : count_max, visit, ctx);
    json_decref(messages);
    return result;
}
