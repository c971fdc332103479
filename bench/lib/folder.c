/* SPDX-License-Identifier: MIT */
#include "folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

#define DESCRIPTORS_MAX 8

void bench_folder_make(struct bench_folder *folder)
{
    const char *below = getenv("TMPDIR");
    snprintf(folder->path, sizeof folder->path, "%.40s/kith-bench-XXXXXX",
             below ? below : "/tmp");
    bench_must(mkdtemp(folder->path), "making a folder");
}

static int forget(const char *path, const struct stat *status, int type, struct FTW *at)
{
    remove(path); /* what is left over shows in /tmp */
    return 0;
}

void bench_folder_remove(const struct bench_folder *folder)
{
    nftw(folder->path, forget, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS);
}
