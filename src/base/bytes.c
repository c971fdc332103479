/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

#include <string.h>

bool kith_bytes_equal(struct kith_bytes a, struct kith_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}
