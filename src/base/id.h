/* SPDX-License-Identifier: MIT */
/* 32-byte identifiers (peers, rooms, events) and the base32 people see.
 *
 * RFC 4648 base32, lower case, no padding: 52 characters for 32 bytes. The last
 * character carries one bit, so only 'a' and 'q' are accepted there. */
#ifndef KITH_BASE_ID_H
#define KITH_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KITH_ID_SIZE       32
#define KITH_ID_TEXT_SIZE  53 /* 52 characters and the terminator */
#define KITH_ID_SHORT_SIZE 13 /* the first 12 characters and the terminator */

struct kith_id {
    uint8_t bytes[KITH_ID_SIZE];
};

bool kith_id_equal(const struct kith_id *a, const struct kith_id *b);
bool kith_id_is_zero(const struct kith_id *id);
int kith_id_compare(const struct kith_id *a, const struct kith_id *b); /* memcmp order */

void kith_id_format(const struct kith_id *id, char out[static KITH_ID_TEXT_SIZE]);
void kith_id_format_short(const struct kith_id *id, char out[static KITH_ID_SHORT_SIZE]);

/* The whole 52 characters, either case. False leaves `out` untouched. */
bool kith_id_parse(const char *text, size_t size, struct kith_id *out);

/* Is `text` (1 to 52 characters) a prefix of the id's text? Either case. */
bool kith_id_has_prefix(const struct kith_id *id, const char *text, size_t size);

#endif
