/* SPDX-License-Identifier: MIT */
/* An allocator that counts what lives and fails when told to.
 *
 * To test every allocation of an operation, run it with `fail_at` 1, 2, 3, … until
 * it succeeds; `live_blocks` back at 0 shows that nothing leaked. */
#ifndef TESTS_LIB_ALLOC_FAILING_H
#define TESTS_LIB_ALLOC_FAILING_H

#include "base/alloc.h"

struct alloc_failing {
    struct kith_alloc alloc; /* hand out &alloc: it points back here, so do not move */
    size_t live_blocks;
    size_t live_bytes;
    size_t live_bytes_max; /* the highest live_bytes so far */
    size_t calls;          /* allocations and growths asked for so far */
    size_t refused;   /* those that failed, without those that would shrink a block */
    size_t fail_at;   /* the call (counted as `calls`, from 1) that fails; 0: none */
    size_t fail_from; /* every call from this one on fails; 0: none */
};

void alloc_failing_init(struct alloc_failing *a);

/* Fail the n-th call from now on (1: the next one), and only that. 0: none. */
void alloc_failing_arm(struct alloc_failing *a, size_t n);

/* Fail every call from now on, until armed anew. */
void alloc_failing_exhaust(struct alloc_failing *a);

#endif
