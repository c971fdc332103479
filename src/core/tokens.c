/* SPDX-License-Identifier: MIT */
#include "core/tokens.h"

bool kith_tokens_take(struct kith_tokens *tokens, kith_time now, unsigned per_s,
                      unsigned most)
{
    kith_time limit = (kith_time)most * KITH_SECOND;
    kith_time passed = now - tokens->counted_at;
    /* Asked seldom, it is full: and what has passed since may be more than multiplies. */
    if (passed >= tokens->taken / per_s)
        tokens->taken = 0;
    else
        tokens->taken -= passed * per_s;
    tokens->counted_at = now;
    if (tokens->taken + KITH_SECOND > limit)
        return false;
    tokens->taken += KITH_SECOND;
    return true;
}
