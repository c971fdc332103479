/* SPDX-License-Identifier: MIT */
/* A token bucket: so many a second, and so many at once after a rest. */
#ifndef KITH_NET_BUCKET_H
#define KITH_NET_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct kith_bucket {
    uint32_t rate_per_s;
    uint32_t burst;
    uint64_t level;   /* thousandths of a token */
    uint64_t last_ms; /* when `level` was right */
};

/* Begins full. */
void kith_bucket_init(struct kith_bucket *bucket, uint32_t rate_per_s, uint32_t burst,
                      uint64_t now_ms);

/* False when there is none to take. */
bool kith_bucket_take(struct kith_bucket *bucket, uint64_t now_ms);

/* How many there are to take now. */
uint64_t kith_bucket_level(struct kith_bucket *bucket, uint64_t now_ms);

/* Take so many, at most what the level was. */
void kith_bucket_spend(struct kith_bucket *bucket, uint64_t count);

/* Give the one taken last back. */
void kith_bucket_return(struct kith_bucket *bucket);

#endif
