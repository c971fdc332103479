/* SPDX-License-Identifier: MIT */
/* A folder below $TMPDIR that goes away again. */
#ifndef KITH_BENCH_FOLDER_H
#define KITH_BENCH_FOLDER_H

#define BENCH_FOLDER_SIZE 64

struct bench_folder {
    char path[BENCH_FOLDER_SIZE];
};

void bench_folder_make(struct bench_folder *folder);
void bench_folder_remove(const struct bench_folder *folder); /* with all that is in it */

#endif
