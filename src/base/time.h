/* SPDX-License-Identifier: MIT */
/* Time as kith counts it: microseconds in a signed 64-bit integer. */
#ifndef KITH_BASE_TIME_H
#define KITH_BASE_TIME_H

#include <stdint.h>

typedef int64_t kith_time;

#define KITH_TIME_NEVER INT64_MAX
#define KITH_MS         ((kith_time)1000)
#define KITH_SECOND     ((kith_time)1000000)
#define KITH_MINUTE     (60 * KITH_SECOND)
#define KITH_HOUR       (60 * KITH_MINUTE)

/* One moment, read off both clocks at once. */
struct kith_now {
    kith_time mono; /* monotonic, counts suspend (CLOCK_BOOTTIME); for intervals */
    kith_time wall; /* since 1970-01-01 UTC; may jump; for people and hlc */
};

#endif
