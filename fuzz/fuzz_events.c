/* SPDX-License-Identifier: MIT */
/* The stream of events as a client takes it apart: however it is cut, the same. */
#include "fuzz.h"

#include <string.h>

#include "api/client_events.h"

#define STOP_AT 50 /* events: the follower has enough */

struct seen {
    size_t count;
    uint64_t mix; /* of every byte in its place */
};

static void mix(struct seen *seen, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        seen->mix = (seen->mix ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
    seen->mix += size;
}

static int on_event(void *ctx, const struct kith_client_event *event)
{
    struct seen *seen = ctx;
    assert(event->size > 0 && event->data[event->size] == '\0');
    assert(strlen(event->data) == event->size);
    mix(seen, event->type, strlen(event->type));
    mix(seen, event->data, event->size);
    return ++seen->count == STOP_AT ? 1 : 0;
}

static int feed(const uint8_t *data, size_t size, size_t piece, struct seen *seen)
{
    struct kith_events events = {.event = on_event, .ctx = seen};
    int result = 0;
    kith_events_begin(&events);
    for (size_t at = 0; at < size && result == 0; at += piece) {
        size_t left = size - at < piece ? size - at : piece;
        result = kith_events_feed(&events, (const char *)data + at, left);
    }
    mix(seen, events.id, strlen(events.id));
    kith_events_deinit(&events);
    return result;
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct seen whole = {0}, bytewise = {0};
    int result = feed(data, size, size + 1, &whole);
    int result_too = feed(data, size, 1, &bytewise);
    assert(result == result_too && whole.count == bytewise.count);
    assert(whole.mix == bytewise.mix);
}
