/* SPDX-License-Identifier: MIT */
/* What every fuzz target includes. A target states with `assert` what must hold for
 * every input; a crash, a leak or a slow input fails by itself. */
#ifndef KITH_FUZZ_FUZZ_H
#define KITH_FUZZ_FUZZ_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* One input. What is behind it cannot be read (guarded.c). */
void fuzz_input(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
