/* SPDX-License-Identifier: MIT */
/* What a peer may call itself, and what an open room may be called. */
#ifndef KITH_BASE_NAME_H
#define KITH_BASE_NAME_H

#include "base/bytes.h"

#define KITH_NAME_CHARS_MAX 32  /* fits a column, an IRC line and a mouth */
#define KITH_NAME_SIZE_MAX  128 /* 32 characters of at most 4 bytes */

/* A usable name in its one form, zero-terminated. */
struct kith_name {
    char text[KITH_NAME_SIZE_MAX + 1];
};

/* Trim, fold white space (any run of it becomes one space), normalise (NFC) and check:
 * 1 to 32 characters (code points); no control, bidirectional, invisible, private or
 * unassigned characters, none of `~ # : / @`, no combining mark in front, not shaped
 * like an id (52 base32 characters cannot occur, but a bare 12 or more character id
 * prefix with a digit can) or an address (numbers and dots; an IPv6 address needs the
 * colons that are refused anyway). ZWNJ and ZWJ are allowed where they are seen: where
 * they change how letters join (RFC 5892 appendix A).
 *
 * The name of a name is itself. `*why` (may be NULL) gets a static clause saying what
 * is wrong. Returns 0 or KITH_ENAME, `out` untouched. What counts as assigned depends
 * on the Unicode version at hand: a newer peer may use a character unknown here. */
int kith_name_parse(struct kith_bytes text, struct kith_name *out, const char **why);

/* The name of an open room, with or without one `#` in front, in its one form: as above,
 * and case folded, so that "#Garden" and "#garden" are one room. */
int kith_name_parse_room(struct kith_bytes text, struct kith_name *out, const char **why);

/* The login name if it is usable, else "anonymous": a first guess at a name.
 * Deterministic in its argument; `login` may be NULL. */
struct kith_name kith_name_default(const char *login);

/* Equal to a person: compared after full case folding and NFC, so "Straße" matches
 * "STRASSE". Malformed text, and text too long to become a name, matches only itself. */
bool kith_name_matches(const char *a, const char *b);

#endif
