/* SPDX-License-Identifier: MIT */
#include "api/server_since.h"

#define LOOK_COUNT 128 /* entries asked of the store at once */

static int note_entry(void *ctx, const struct kith_entry *entry)
{
    kith_time *seen = ctx;
    *seen = entry->seen;
    return 1;
}

/* When the first event from `arrival` on was seen that is shown at all; never when there
 * is none. */
static kith_time seen_from(struct kith_runtime *runtime, uint64_t arrival)
{
    kith_time seen = KITH_TIME_NEVER;
    uint64_t last = kith_runtime_arrival_last(runtime);
    while (seen == KITH_TIME_NEVER && arrival <= last) {
        if (kith_runtime_arrivals(runtime, arrival, LOOK_COUNT, note_entry, &seen) < 0)
            break;
        arrival += LOOK_COUNT;
    }
    return seen;
}

uint64_t kith_arrival_since(struct kith_runtime *runtime, kith_time since)
{
    uint64_t low = 1;
    uint64_t high = kith_runtime_arrival_last(runtime) + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (seen_from(runtime, middle) < since)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
