/* SPDX-License-Identifier: MIT */
/* Clocks that a test sets: preloaded into a program, it adds to what two of them say. The
 * file KITH_TEST_CLOCK has the seconds, as two int64: for CLOCK_REALTIME, and for
 * CLOCK_BOOTTIME. They may change at any time. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shifts;

__attribute__((constructor)) static void find_shifts(void)
{
    const char *path = getenv("KITH_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *map = mmap(NULL, 2 * sizeof *shifts, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (map != MAP_FAILED)
        shifts = map;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    long error = syscall(SYS_clock_gettime, clock, out);
    if (error == 0 && shifts && clock == CLOCK_REALTIME)
        out->tv_sec += shifts[0];
    else if (error == 0 && shifts && clock == CLOCK_BOOTTIME)
        out->tv_sec += shifts[1];
    return (int)error;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec at;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &at);
    *out = (struct timeval){at.tv_sec, at.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (out)
        *out = at.tv_sec;
    return at.tv_sec;
}
