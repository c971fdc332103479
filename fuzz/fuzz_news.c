/* SPDX-License-Identifier: MIT */
/* What a program hears through libkith: the name of an event, a line feed, and JSON. What
 * is missing or of another type reads as empty, and never as no string. */
#include "fuzz.h"

#include <string.h>

#include "libkith/object.h"

static void check_peer(const struct kith_peer_info *peer)
{
    assert(peer->id != NULL && peer->name != NULL);
}

static void check_message(const struct kith_message_info *message)
{
    assert(message->id != NULL && message->room != NULL && message->author != NULL);
    assert(message->name != NULL && strlen(message->text) <= message->text_size);
    assert(message->state <= KITH_STATE_DELIVERED);
}

static void check_news(const struct kith_news *news)
{
    assert((news->type == KITH_NEWS_MESSAGE) == (news->message != NULL));
    assert((news->type == KITH_NEWS_DELIVERY) == (news->delivery != NULL));
    assert((news->type == KITH_NEWS_WARNING) == (news->warning != NULL));
    assert((news->type == KITH_NEWS_RENAMED) == (news->name_before != NULL));
    if (news->message != NULL)
        check_message(news->message);
    if (news->peer != NULL)
        check_peer(news->peer);
    if (news->delivery != NULL)
        assert(news->delivery->peer != NULL && news->delivery->room != NULL);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    char event[32] = "";
    enum kith_news_type type;
    struct kith_news_parts parts;
    const uint8_t *feed = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t event_size = feed != NULL ? (size_t)(feed - data) : 0;
    if (feed == NULL || event_size >= sizeof(event))
        return;
    memcpy(event, data, event_size);
    json_t *json =
        json_loadb((const char *)feed + 1, size - event_size - 1, JSON_ALLOW_NUL, NULL);
    if (json != NULL && kith_news_type_of(event, json, &type)) {
        kith_news_fill(&parts, type, json);
        check_news(&parts.news);
    }
    struct kith_peer_info peer = kith_peer_from_json(json);
    struct kith_room_info room = kith_room_from_json(json);
    struct kith_message_info message = kith_message_from_json(json);
    assert(room.id != NULL && room.name != NULL && room.type <= KITH_ROOM_TYPE_PRIVATE);
    check_peer(&peer);
    check_message(&message);
    json_decref(json);
}
