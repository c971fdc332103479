/* SPDX-License-Identifier: MIT */
#include "node/clock.h"

#include <time.h>

static kith_time microseconds(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (kith_time)at.tv_sec * KITH_SECOND + at.tv_nsec / 1000;
}

struct kith_now kith_clock_now(void)
{
    return (struct kith_now){microseconds(CLOCK_BOOTTIME), microseconds(CLOCK_REALTIME)};
}
