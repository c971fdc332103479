/* SPDX-License-Identifier: MIT */
/* How often something may happen: a bucket of tokens, full when zeroed. */
#ifndef KITH_CORE_TOKENS_H
#define KITH_CORE_TOKENS_H

#include <stdbool.h>

#include "base/time.h"

/* What was taken and is not yet back: tokens times a second, so that fractions need no
 * floating point. */
struct kith_tokens {
    kith_time taken;
    kith_time counted_at; /* monotonic */
};

/* Take one of `most`, of which `per_s` come back in a second. False: none is left. */
bool kith_tokens_take(struct kith_tokens *tokens, kith_time now, unsigned per_s,
                      unsigned most);

#endif
