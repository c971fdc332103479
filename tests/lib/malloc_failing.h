/* SPDX-License-Identifier: MIT */
/* malloc, calloc, realloc and strdup that fail when told to, for code that takes memory
 * from the heap and not from an injected allocator. Only in programs that are linked with
 * dep_malloc_failing, and there for all code but that of shared libraries. */
#ifndef TESTS_LIB_MALLOC_FAILING_H
#define TESTS_LIB_MALLOC_FAILING_H

#include <stdbool.h>
#include <stddef.h>

/* Fail the n-th call from now on (1: the next one), and only that. 0: none. */
void malloc_failing_arm(size_t n);

/* Has one failed since it was armed? */
bool malloc_failing_has_failed(void);

#endif
