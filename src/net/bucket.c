/* SPDX-License-Identifier: MIT */
#include "net/bucket.h"

#define TOKEN 1000 /* at one a second, a thousandth comes each millisecond */

void kith_bucket_init(struct kith_bucket *bucket, uint32_t rate_per_s, uint32_t burst,
                      uint64_t now_ms)
{
    *bucket = (struct kith_bucket){
        .rate_per_s = rate_per_s,
        .burst = burst,
        .level = (uint64_t)burst * TOKEN,
        .last_ms = now_ms,
    };
}

static void refill(struct kith_bucket *bucket, uint64_t now_ms)
{
    uint64_t room = (uint64_t)bucket->burst * TOKEN - bucket->level;
    uint64_t passed_ms = now_ms > bucket->last_ms ? now_ms - bucket->last_ms : 0;
    bool fits = passed_ms <= room / bucket->rate_per_s;
    bucket->level += fits ? passed_ms * bucket->rate_per_s : room;
    bucket->last_ms = now_ms;
}

bool kith_bucket_take(struct kith_bucket *bucket, uint64_t now_ms)
{
    refill(bucket, now_ms);
    if (bucket->level < TOKEN)
        return false;
    bucket->level -= TOKEN;
    return true;
}

void kith_bucket_return(struct kith_bucket *bucket)
{
    bucket->level += TOKEN;
}
