/* SPDX-License-Identifier: MIT */
/* Wall time as people and scripts write it (RFC 3339). */
#ifndef KITH_BASE_TIME_FORMAT_H
#define KITH_BASE_TIME_FORMAT_H

#include "base/bytes.h"
#include "base/time.h"

#define KITH_TIME_TEXT_SIZE 25 /* 2026-11-21T01:02:03.004Z and the terminator */

/* In UTC with milliseconds, rounded down. What lies outside the years 0000 to 9999,
 * which RFC 3339 cannot write, appears as the nearest end of them. */
void kith_time_format(kith_time wall, char out[static KITH_TIME_TEXT_SIZE]);

/* An RFC 3339 date (midnight UTC) or date-time (with its offset), or how long before
 * `now` as a whole number of seconds, minutes, hours or days: 45s, 30m, 2h, 3d. A
 * leap second counts as the second after it; what is finer than a microsecond is
 * dropped. False leaves `out` untouched. */
bool kith_time_parse(struct kith_bytes text, kith_time now, kith_time *out);

#endif
