/* SPDX-License-Identifier: MIT */
#include "bin/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void kith_limits_raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    rlim_t wanted = files.rlim_max < KITH_FILES_MAX ? files.rlim_max : KITH_FILES_MAX;
    if (files.rlim_cur >= wanted)
        return;
    files.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &files);
}

void kith_limits_size_pool(void)
{
    char text[16];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(text, sizeof(text), "%ld", cores < 2 ? 2 : cores > 64 ? 64 : cores);
    setenv("UV_THREADPOOL_SIZE", text, 0);
}
