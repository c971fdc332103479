/* SPDX-License-Identifier: MIT */
/* The objects of the API as structs. What they point at belongs to the JSON, which has to
 * live as long. What is not there, or is of another type than it should be, reads as
 * empty. */
#ifndef KITH_LIBKITH_OBJECT_H
#define KITH_LIBKITH_OBJECT_H

#include <jansson.h>

#include "kith/kith.h"

struct kith_peer_info kith_peer_from_json(const json_t *json);
struct kith_room_info kith_room_from_json(const json_t *json);
struct kith_message_info kith_message_from_json(const json_t *json);

/* What an event of the stream is; `json` NULL: it could not be read. False: nothing that
 * this version knows. */
bool kith_news_type_of(const char *event, const json_t *json, enum kith_news_type *out);

/* News, and what they point at; so they stay where they are. */
struct kith_news_parts {
    struct kith_news news;
    struct kith_message_info message;
    struct kith_peer_info peer;
    struct kith_delivery_info delivery;
};

/* `json` is NULL where the type says it all. */
void kith_news_fill(struct kith_news_parts *out, enum kith_news_type type,
                    const json_t *json);

#endif
