/* SPDX-License-Identifier: MIT */
#include "node/logger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time_format.h"
#include "base/utf8.h"
#include "node/clock.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void kith_logger_init(struct kith_logger *log, enum kith_logger_level level,
                      void (*sink)(void *ctx, const char *line, size_t size), void *ctx)
{
    *log = (struct kith_logger){.level = level, .sink = sink, .ctx = ctx};
}

void kith_logger_deinit(struct kith_logger *log)
{
    for (size_t i = 0; i < KITH_LOGGER_LINES_KEPT; i++)
        free(log->lines[i]);
    memset(log->lines, 0, sizeof(log->lines));
}

bool kith_logger_level_parse(const char *text, enum kith_logger_level *out)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum kith_logger_level)i;
            return true;
        }
    }
    return false;
}

const char *kith_logger_level_name(enum kith_logger_level level)
{
    return level_names[level];
}

/* ---- one line ---- */

static void put(struct kith_writer *w, const char *text)
{
    kith_writer_bytes(w, text, strlen(text));
}

static bool is_bare(const char *value)
{
    return value[0] != '\0' && strpbrk(value, " =\"\\\n\t") == NULL;
}

static void put_value(struct kith_writer *w, const char *value)
{
    struct kith_writer quoted = kith_writer(w->alloc);
    bool bare = is_bare(value);
    if (!bare)
        put(w, "\"");
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            put(&quoted, "\\");
        kith_writer_u8(&quoted, (uint8_t)*at);
    }
    kith_utf8_write_safe(w, kith_writer_view(&quoted), "\\n");
    if (!bare)
        put(w, "\"");
    kith_writer_deinit(&quoted);
}

/* Cut between characters, and say so. */
static void shorten(struct kith_writer *w)
{
    static const char mark[] = "…";
    if (w->size < KITH_LOGGER_LINE_SIZE_MAX)
        return;
    w->size = KITH_LOGGER_LINE_SIZE_MAX - sizeof(mark);
    while (w->size > 0 && (w->data[w->size] & 0xc0) == 0x80)
        w->size--;
    put(w, mark);
}

static void keep(struct kith_logger *log, const struct kith_writer *w)
{
    char *line = malloc(w->size + 1);
    if (line == NULL)
        return; /* it still goes to the sink */
    memcpy(line, w->data, w->size);
    line[w->size] = '\0';
    free(log->lines[log->next]);
    log->lines[log->next] = line;
    log->next = (log->next + 1) % KITH_LOGGER_LINES_KEPT;
}

static void write_line(struct kith_logger *log, kith_time wall,
                       enum kith_logger_level level, const char *area,
                       const char *message, va_list pairs)
{
    char time[KITH_TIME_TEXT_SIZE];
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_time_format(wall, time);
    put(&w, time);
    put(&w, " ");
    put(&w, level_names[level]);
    put(&w, " ");
    put(&w, area);
    put(&w, " ");
    put_value(&w, message);
    for (const char *key; (key = va_arg(pairs, const char *)) != NULL;) {
        const char *value = va_arg(pairs, const char *);
        put(&w, " ");
        put(&w, key);
        put(&w, "=");
        put_value(&w, value != NULL ? value : "");
    }
    if (!w.failed) {
        shorten(&w);
        keep(log, &w);
        put(&w, "\n");
        if (log->sink != NULL && !w.failed)
            log->sink(log->ctx, (const char *)w.data, w.size);
    }
    kith_writer_deinit(&w);
}

void kith_logger_write(struct kith_logger *log, enum kith_logger_level level,
                       const char *area, const char *message, ...)
{
    if (log == NULL || level > log->level)
        return;
    va_list pairs;
    va_start(pairs, message);
    write_line(log, kith_clock_now().wall, level, area, message, pairs);
    va_end(pairs);
}

void kith_logger_write_at(struct kith_logger *log, kith_time wall,
                          enum kith_logger_level level, const char *area,
                          const char *message, ...)
{
    if (log == NULL || level > log->level)
        return;
    va_list pairs;
    va_start(pairs, message);
    write_line(log, wall, level, area, message, pairs);
    va_end(pairs);
}

const char *kith_logger_line(const struct kith_logger *log, size_t index)
{
    size_t oldest = log->lines[log->next] != NULL ? log->next : 0;
    if (index >= KITH_LOGGER_LINES_KEPT)
        return NULL;
    return log->lines[(oldest + index) % KITH_LOGGER_LINES_KEPT];
}

const char *kith_logger_number(char out[static 24], long long number)
{
    snprintf(out, 24, "%lld", number);
    return out;
}

bool kith_logger_throttle_pass(struct kith_logger_throttle *throttle, kith_time mono,
                               kith_time interval, unsigned *out_held_back)
{
    if (mono < throttle->next) {
        throttle->held_back++;
        return false;
    }
    *out_held_back = throttle->held_back;
    throttle->held_back = 0;
    throttle->next = mono + interval;
    return true;
}
