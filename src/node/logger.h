/* SPDX-License-Identifier: MIT */
/* What the node tells those who run it: lines of `time level area message key=value…`.
 *
 * Lines go to a sink of the owner's, and the last KITH_LOGGER_LINES_KEPT of them stay in
 * memory. No secrets and no message text go in here. What comes from outside (names,
 * addresses) is escaped, so that it forges neither a line nor a field nor moves a
 * cursor. */
#ifndef KITH_NODE_LOGGER_H
#define KITH_NODE_LOGGER_H

#include "base/time.h"
#include <stdbool.h>
#include <stddef.h>

#define KITH_LOGGER_LINES_KEPT    1000 /* a day of an ordinary node */
#define KITH_LOGGER_LINE_SIZE_MAX 512  /* longer lines end in "…" */

enum kith_logger_level {
    KITH_LOGGER_ERROR,
    KITH_LOGGER_WARN,
    KITH_LOGGER_INFO,
    KITH_LOGGER_DEBUG
};

struct kith_logger {
    enum kith_logger_level level; /* what is less urgent is dropped */
    void (*sink)(void *ctx, const char *line, size_t size); /* with the line feed */
    void *ctx;
    char *lines[KITH_LOGGER_LINES_KEPT]; /* owned; oldest at `next` once it went round */
    size_t next;
};

void kith_logger_init(struct kith_logger *log, enum kith_logger_level level,
                      void (*sink)(void *ctx, const char *line, size_t size), void *ctx);
void kith_logger_deinit(struct kith_logger *log);

/* "error", "warn", "info", "debug". False for anything else. */
bool kith_logger_level_parse(const char *text, enum kith_logger_level *out);

/* The same the other way round. */
const char *kith_logger_level_name(enum kith_logger_level level);

/* Key and value, several times, then NULL. A NULL `log` is fine: nothing is logged. */
void kith_logger_write(struct kith_logger *log, enum kith_logger_level level,
                       const char *area, const char *message, ...)
    __attribute__((sentinel));

/* The same at a given wall time, for those who have it. */
void kith_logger_write_at(struct kith_logger *log, kith_time wall,
                          enum kith_logger_level level, const char *area,
                          const char *message, ...) __attribute__((sentinel));

/* The index-th kept line, oldest first, without line feed; NULL past the last. */
const char *kith_logger_line(const struct kith_logger *log, size_t index);

/* A number as text, for a value; the buffer lives as long as the enclosing block. */
#define KITH_LOGGER_NUMBER(number) kith_logger_number((char[24]){0}, (long long)(number))
const char *kith_logger_number(char out[static 24], long long number);

/* One kind of line at most so often; how many were held back is told by the next one. */
struct kith_logger_throttle {
    kith_time next; /* monotonic */
    unsigned held_back;
};
bool kith_logger_throttle_pass(struct kith_logger_throttle *throttle, kith_time mono,
                               kith_time interval, unsigned *out_held_back);

#endif
