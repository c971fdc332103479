/* SPDX-License-Identifier: MIT */
#include "libkith/object.h"

#include <string.h>

#include "base/time_format.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- members ---- */

static const char *text_or_null(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = text_or_null(json, key);
    return text ? text : "";
}

static bool flag_of(const json_t *json, const char *key)
{
    return json_is_true(json_object_get(json, key));
}

static uint64_t count_of(const json_t *json, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(json, key));
    return value > 0 ? (uint64_t)value : 0;
}

static int64_t time_of(const json_t *json, const char *key)
{
    const char *text = text_or_null(json, key);
    kith_time wall;
    if (!text || !kith_time_parse(kith_bytes(text, strlen(text)), 0, &wall))
        return 0;
    return wall / KITH_MS;
}

/* The index of a text in a list whose first place stands for all others. */
static int index_in(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(text, list[i]) == 0)
            return (int)i;
    return 0;
}

static enum kith_state state_of(const json_t *json)
{
    static const char *const states[] = {
        [KITH_STATE_PENDING] = "pending",
        [KITH_STATE_HELD] = "held",
        [KITH_STATE_DELIVERED] = "delivered",
    };
    return (enum kith_state)index_in(text_of(json, "state"), states, COUNT(states));
}

/* ---- objects ---- */

struct kith_peer_info kith_peer_from_json(const json_t *json)
{
    const json_t *rtt = json_object_get(json, "rtt_ms");
    return (struct kith_peer_info){
        .id = text_of(json, "id"),
        .name = text_of(json, "name"),
        .address = text_or_null(json, "address"),
        .path = text_or_null(json, "path"),
        .rtt_ms = json_is_number(rtt) ? json_number_value(rtt) : -1,
        .last_seen_ms = time_of(json, "last_seen"),
        .is_online = strcmp(text_of(json, "state"), "online") == 0,
        .is_contact = flag_of(json, "contact"),
        .is_verified = flag_of(json, "verified"),
    };
}

struct kith_room_info kith_room_from_json(const json_t *json)
{
    static const char *const kinds[] = {
        [KITH_ROOM_TYPE_OPEN] = "open",
        [KITH_ROOM_TYPE_DIRECT] = "direct",
        [KITH_ROOM_TYPE_PRIVATE] = "private",
    };
    int type = index_in(text_of(json, "kind"), kinds, COUNT(kinds));
    return (struct kith_room_info){
        .id = text_of(json, "id"),
        .name = text_of(json, "name"),
        .type = (enum kith_room_type)type,
        .member_count = count_of(json, "members"),
        .online_count = count_of(json, "online"),
        .is_foreign = flag_of(json, "foreign"),
    };
}

struct kith_message_info kith_message_from_json(const json_t *json)
{
    return (struct kith_message_info){
        .id = text_of(json, "id"),
        .room = text_of(json, "room"),
        .author = text_of(json, "author"),
        .name = text_of(json, "name"),
        .text = text_of(json, "text"),
        .text_size = json_string_length(json_object_get(json, "text")),
        .time_ms = time_of(json, "time"),
        .is_direct = flag_of(json, "direct"),
        .is_mine = flag_of(json, "mine"),
        .state = state_of(json),
        .log = count_of(json, "log"),
        .seq = count_of(json, "seq"),
    };
}

static struct kith_delivery_info delivery_from_json(const json_t *json)
{
    return (struct kith_delivery_info){
        .room = text_of(json, "room"),
        .peer = text_of(json, "peer"),
        .peer_name = text_of(json, "name"),
        .log = count_of(json, "log"),
        .seq = count_of(json, "seq"),
        .state = state_of(json),
    };
}

/* ---- news ---- */

bool kith_news_type_of(const char *event, const json_t *json, enum kith_news_type *out)
{
    static const struct {
        const char *event;
        const char *change; /* NULL: there is none */
        enum kith_news_type type;
    } types[] = {
        {"message", NULL, KITH_NEWS_MESSAGE},   {"peer", "online", KITH_NEWS_ONLINE},
        {"peer", "offline", KITH_NEWS_OFFLINE}, {"peer", "renamed", KITH_NEWS_RENAMED},
        {"delivery", NULL, KITH_NEWS_DELIVERY}, {"warning", NULL, KITH_NEWS_WARNING},
    };
    for (size_t i = 0; i < COUNT(types); i++) {
        if (strcmp(event, types[i].event) != 0 ||
            (json && types[i].change &&
             strcmp(text_of(json, "change"), types[i].change) != 0))
            continue;
        *out = types[i].type;
        return true;
    }
    return false;
}

void kith_news_fill(struct kith_news_parts *out, enum kith_news_type type,
                    const json_t *json)
{
    struct kith_news *news = &out->news;
    *news = (struct kith_news){.type = type};
    switch (type) {
    case KITH_NEWS_MESSAGE:
        out->message = kith_message_from_json(json);
        news->message = &out->message;
        break;
    case KITH_NEWS_RENAMED:
        news->name_before = text_of(json, "name_before");
        /* fall through */
    case KITH_NEWS_ONLINE:
    case KITH_NEWS_OFFLINE:
        out->peer = kith_peer_from_json(json_object_get(json, "peer"));
        news->peer = &out->peer;
        break;
    case KITH_NEWS_DELIVERY:
        out->delivery = delivery_from_json(json);
        news->delivery = &out->delivery;
        break;
    case KITH_NEWS_WARNING:
        news->warning = text_of(json, "text");
        break;
    case KITH_NEWS_AWAY:
    case KITH_NEWS_BACK:
        break;
    }
}
