/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <sys/resource.h>

#include "measure.h"

unsigned bench_files_raise(unsigned wanted)
{
    struct rlimit files, all;
    bench_must(getrlimit(RLIMIT_NOFILE, &files) == 0, "reading a limit");
    if (files.rlim_cur >= wanted)
        return wanted;
    all = (struct rlimit){wanted, files.rlim_max < wanted ? wanted : files.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &all) == 0)
        return wanted;
    files.rlim_cur = files.rlim_max;
    bench_must(setrlimit(RLIMIT_NOFILE, &files) == 0, "raising the limit of open files");
    return (unsigned)files.rlim_cur;
}
