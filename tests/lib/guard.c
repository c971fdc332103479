/* SPDX-License-Identifier: MIT */
#include "lib/guard.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void guard_init(struct guard *guard, size_t size_max)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t readable = (size_max + page - 1) / page * page;
    guard->map_size = page + readable + page;
    guard->map =
        mmap(NULL, guard->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(guard->map != MAP_FAILED);
    guard->begin = guard->map + page;
    guard->end = guard->begin + readable;
    int error = mprotect(guard->begin, readable, PROT_READ | PROT_WRITE);
    assert(error == 0);
}

void guard_deinit(struct guard *guard)
{
    munmap(guard->map, guard->map_size);
}

static struct kith_bytes put(const struct guard *guard, uint8_t *at,
                             struct kith_bytes bytes)
{
    assert(bytes.size <= (size_t)(guard->end - guard->begin));
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
    return kith_bytes(at, bytes.size);
}

struct kith_bytes guard_put(struct guard *guard, struct kith_bytes bytes)
{
    return put(guard, guard->end - bytes.size, bytes);
}

struct kith_bytes guard_put_first(struct guard *guard, struct kith_bytes bytes)
{
    return put(guard, guard->begin, bytes);
}
