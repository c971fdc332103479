/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259) appended to a buffer, without building a tree first: a stream carries
 * one object per message, and a tree of it costs ten times as much. Reading is
 * jansson's.
 *
 * Commas come by themselves: whatever follows a value inside an object or array is
 * separated from it. A NULL key is for array items and the outermost value. */
#ifndef KITH_API_JSON_H
#define KITH_API_JSON_H

#include "base/time.h"
#include "base/writer.h"

void kith_json_open(struct kith_writer *w, const char *key, char bracket); /* { or [ */
void kith_json_close(struct kith_writer *w, char bracket);                 /* } or ] */

/* Malformed bytes, which a path may have, appear as U+FFFD. */
void kith_json_text(struct kith_writer *w, const char *key, struct kith_bytes text);
void kith_json_string(struct kith_writer *w, const char *key, const char *text);
void kith_json_number(struct kith_writer *w, const char *key, uint64_t value);
void kith_json_bool(struct kith_writer *w, const char *key, bool value);
void kith_json_null(struct kith_writer *w, const char *key);

/* Milliseconds with three digits after the point. */
void kith_json_ms(struct kith_writer *w, const char *key, kith_time interval);

/* RFC 3339 in UTC with milliseconds. */
void kith_json_time(struct kith_writer *w, const char *key, kith_time wall);

#endif
