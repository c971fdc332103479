/* SPDX-License-Identifier: MIT */
/* Server-Sent Events, taken apart as they come (HTML Standard, section 9.2.6). */
#ifndef KITH_API_CLIENT_EVENTS_H
#define KITH_API_CLIENT_EVENTS_H

#include "api/client.h"

#define KITH_EVENT_ID_SIZE   32
#define KITH_EVENT_TYPE_SIZE 32
#define KITH_EVENT_SIZE_MAX                                                              \
    (1024 * 1024) /* a longest text, every byte escaped, fits twice */

struct kith_events {
    int (*event)(void *ctx, const struct kith_client_event *event);
    void *ctx;
    char id[KITH_EVENT_ID_SIZE];      /* of the last whole event that had one */
    char id_next[KITH_EVENT_ID_SIZE]; /* of the event being read */
    char type[KITH_EVENT_TYPE_SIZE];
    char *line; /* owned; the one being read */
    size_t line_size;
    char *data; /* owned; of the event being read */
    size_t data_size;
    size_t capacity; /* of both */
};

/* A stream begins: what was half read of the one before is forgotten, its last id not. */
void kith_events_begin(struct kith_events *events);

/* Hands every event that is whole to `event`. Returns 0, what `event` returned when that
 * was not 0, or KITH_EPROTO for an event that is too large. */
int kith_events_feed(struct kith_events *events, const char *bytes, size_t size);

void kith_events_deinit(struct kith_events *events);

#endif
