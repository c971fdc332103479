/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629): validation, and text made safe to show. */
#ifndef KITH_BASE_UTF8_H
#define KITH_BASE_UTF8_H

#include "base/bytes.h"
#include "base/writer.h"

#define KITH_UTF8_REPLACEMENT 0xFFFD /* stands where a character cannot */

/* Well-formed: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool kith_utf8_is_valid(struct kith_bytes text);

/* Decode one character at `*at` (advanced past it). Malformed bytes give U+FFFD
 * and advance by one. `*at < end` is the caller's to ensure. */
uint32_t kith_utf8_next(const uint8_t **at, const uint8_t *end);

/* `text` without the white space at both ends. */
struct kith_bytes kith_utf8_trim(struct kith_bytes text);

/* Would this character move a cursor, switch direction, or not be seen: C0, DEL, C1,
 * bidirectional controls (U+061C, U+200E/F, U+202A-E, U+2066-9), zero width (U+180E,
 * U+200B, U+2060-F, U+FEFF), line and paragraph separators, interlinear marks
 * (U+FFF9-B), musical controls (U+1D173-A), tags (U+E0000-7F), surrogates,
 * non-characters, and whatever is above U+10FFFF? ZWJ and ZWNJ are not among them:
 * emoji and scripts need them. */
bool kith_utf8_is_unsafe(uint32_t character);

/* Append `text` so that no terminal obeys it and no line is forged: unsafe characters
 * and malformed bytes appear as U+FFFD, a line feed (or CR LF) as `newline` (for
 * example "\n    " or " "), tab as a space. */
void kith_utf8_write_safe(struct kith_writer *w, struct kith_bytes text,
                          const char *newline);

#endif
