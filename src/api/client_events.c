/* SPDX-License-Identifier: MIT */
#include "api/client_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kith_events_begin(struct kith_events *events)
{
    events->line_size = events->data_size = 0;
    events->type[0] = '\0';
    events->id_next[0] = '\0';
}

void kith_events_deinit(struct kith_events *events)
{
    free(events->line);
    free(events->data);
    *events = (struct kith_events){0};
}

static int dispatch(struct kith_events *events)
{
    if (events->data_size == 0)
        return 0;
    if (events->id_next[0])
        memcpy(events->id, events->id_next, sizeof events->id);
    struct kith_client_event event = {
        .type = events->type[0] ? events->type : "message",
        .data = events->data,
        .size = events->data_size,
    };
    int result = events->event(events->ctx, &event);
    events->data_size = 0;
    events->type[0] = '\0';
    events->id_next[0] = '\0';
    return result;
}

static const char *field(const char *line, const char *name)
{
    size_t size = strlen(name);
    if (strncmp(line, name, size) != 0 || line[size] != ':')
        return NULL;
    return line + size + (line[size + 1] == ' ' ? 2 : 1);
}

/* The line is terminated. Non-zero ends the following. */
static int take_line(struct kith_events *events)
{
    const char *value;
    if (events->line_size == 0)
        return dispatch(events);
    if ((value = field(events->line, "data"))) {
        events->data_size = strlen(value);
        memcpy(events->data, value, events->data_size + 1);
    } else if ((value = field(events->line, "event"))) {
        snprintf(events->type, sizeof events->type, "%s", value);
    } else if ((value = field(events->line, "id"))) {
        snprintf(events->id_next, sizeof events->id_next, "%s", value);
    }
    return 0;
}

static bool grow(struct kith_events *events)
{
    size_t capacity = events->capacity ? events->capacity * 2 : 4096;
    if (capacity > KITH_EVENT_SIZE_MAX)
        return false;
    char *line = realloc(events->line, capacity);
    if (line)
        events->line = line;
    char *data = realloc(events->data, capacity);
    if (data)
        events->data = data;
    if (line && data)
        events->capacity = capacity;
    return line && data;
}

static bool keep(struct kith_events *events, const char *bytes, size_t size)
{
    while (events->line_size + size >= events->capacity)
        if (!grow(events))
            return false;
    memcpy(events->line + events->line_size, bytes, size);
    events->line_size += size;
    events->line[events->line_size] = '\0';
    return true;
}

int kith_events_feed(struct kith_events *events, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    while (bytes < end) {
        const char *feed = memchr(bytes, '\n', (size_t)(end - bytes));
        if (!keep(events, bytes, (size_t)((feed ? feed : end) - bytes)))
            return KITH_EPROTO;
        if (!feed)
            return 0;
        bytes = feed + 1;
        int result = take_line(events);
        events->line_size = 0;
        if (result)
            return result;
    }
    return 0;
}
