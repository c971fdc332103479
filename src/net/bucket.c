/* SPDX-License-Identifier: MIT */
#include "net/bucket.h"
#include <assert.h>

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

uint64_t kith_bucket_level(struct kith_bucket *bucket, uint64_t now_ms)
{
    refill(bucket, now_ms);
    return bucket->level / TOKEN;
}

void kith_bucket_spend(struct kith_bucket *bucket, uint64_t count)
{
    assert(count <= bucket->level / TOKEN);
    bucket->level -= count * TOKEN;
}

bool kith_bucket_take(struct kith_bucket *bucket, uint64_t now_ms)
{
    if (kith_bucket_level(bucket, now_ms) == 0)
        return false;
    kith_bucket_spend(bucket, 1);
    return true;
}

void kith_bucket_return(struct kith_bucket *bucket)
{
    bucket->level += TOKEN;
}
