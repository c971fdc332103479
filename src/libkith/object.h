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

/* An event of the stream, by its type. False: one that this version does not know. */
bool kith_news_from_json(const char *type, const json_t *json, struct kith_news *out);

#endif
