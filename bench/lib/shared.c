/* SPDX-License-Identifier: MIT */
#include "shared.h"

#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"

void *bench_shared_new(size_t size)
{
    int fd = memfd_create("bench", MFD_CLOEXEC);
    bench_must(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "memory to share");
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    bench_must(memory != MAP_FAILED, "sharing memory");
    close(fd);
    return memory;
}

void bench_shared_free(void *memory, size_t size)
{
    munmap(memory, size);
}
