/* SPDX-License-Identifier: MIT */
/* Every input ends where a page ends that cannot be read. */
#include "fuzz.h"

#include "lib/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guard guard;
    static size_t room;
    if (size > room) {
        if (room > 0)
            guard_deinit(&guard);
        guard_init(&guard, size);
        room = size;
    }
    struct kith_bytes input =
        room > 0 ? guard_put(&guard, kith_bytes(data, size)) : kith_bytes(data, size);
    fuzz_input(input.data, input.size);
    return 0;
}
