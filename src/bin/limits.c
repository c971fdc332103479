/* SPDX-License-Identifier: MIT */
#include "bin/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int kith_limits_raise_files(struct kith_cli *cli)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return KITH_EXIT_DONE;
    rlim_t wanted = files.rlim_max < KITH_FILES_MAX ? files.rlim_max : KITH_FILES_MAX;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = wanted;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= KITH_FILES_MIN)
        return KITH_EXIT_DONE;
    return kith_cli_fail(
        cli, KITH_EXIT_FAILED,
        "only %llu files may be open at once here, and it takes %d; raise "
        "the limit (`ulimit -n 256`) and try again",
        (unsigned long long)files.rlim_cur, KITH_FILES_MIN);
}

void kith_limits_size_pool(void)
{
    char text[16];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(text, sizeof(text), "%ld", cores < 2 ? 2 : cores > 64 ? 64 : cores);
    setenv("UV_THREADPOOL_SIZE", text, 0);
}
