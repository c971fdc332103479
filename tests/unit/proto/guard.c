/* SPDX-License-Identifier: MIT */
#include "unit/proto/guard.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/unit.h"

void guard_init(struct guard *guard, size_t size_max)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t readable = (size_max + page - 1) / page * page;
    guard->map_size = readable + page;
    guard->map = mmap(NULL, guard->map_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(guard->map != MAP_FAILED);
    guard->end = guard->map + readable;
    assert_return_code(mprotect(guard->end, page, PROT_NONE), 0);
}

void guard_deinit(struct guard *guard)
{
    munmap(guard->map, guard->map_size);
}

struct kith_bytes guard_put(struct guard *guard, struct kith_bytes bytes)
{
    assert_true(bytes.size <= (size_t)(guard->end - guard->map));
    uint8_t *at = guard->end - bytes.size;
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
    return kith_bytes(at, bytes.size);
}
