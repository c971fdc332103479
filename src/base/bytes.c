/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include <string.h>

bool kith_bytes_equal(struct kith_bytes a, struct kith_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool kith_bytes_equal_secret(struct kith_bytes a, struct kith_bytes b)
{
    volatile uint8_t difference = a.size != b.size;
    for (size_t i = 0; i < a.size && i < b.size; i++)
        difference |= a.data[i] ^ b.data[i];
    return difference == 0;
}
