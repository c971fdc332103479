/* SPDX-License-Identifier: MIT */
/* SipHash-2-4: a short keyed hash for hash tables.
 *
 * Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. Who does not
 * know the key can neither predict nor collide the values. */
#ifndef KITH_BASE_SIPHASH_H
#define KITH_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define KITH_SIPHASH_KEY_SIZE 16

uint64_t kith_siphash(const uint8_t key[static KITH_SIPHASH_KEY_SIZE], const void *data,
                      size_t size);

#endif
