/* SPDX-License-Identifier: MIT */
/* Every input ends where a page ends that cannot be read, and what is before it cannot be
 * read either where AddressSanitizer looks, but for the rest of a word of 8 bytes. */
#include "fuzz.h"

#include <sanitizer/asan_interface.h>

#include "lib/guard.h"

static void unpoison(const struct guard *guard)
{
    ASAN_UNPOISON_MEMORY_REGION(guard->begin, guard->end - guard->begin);
}

static struct kith_bytes put(struct guard *guard, struct kith_bytes bytes)
{
    unpoison(guard);
    struct kith_bytes input = guard_put(guard, bytes);
    ASAN_POISON_MEMORY_REGION(guard->begin, input.data - guard->begin);
    return input;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guard guard;
    static size_t room;
    if (size > room) {
        if (room > 0) {
            unpoison(&guard);
            guard_deinit(&guard);
        }
        guard_init(&guard, size);
        room = size;
    }
    struct kith_bytes input =
        room > 0 ? put(&guard, kith_bytes(data, size)) : kith_bytes(data, size);
    fuzz_input(input.data, input.size);
    return 0;
}
