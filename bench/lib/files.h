/* SPDX-License-Identifier: MIT */
/* How many files a process may have open: a descriptor for a link, and then some. */
#ifndef KITH_BENCH_FILES_H
#define KITH_BENCH_FILES_H

/* Raise the limit of this process, and of those it starts, to `wanted`. Past the hard
 * limit only who may raise that gets as many; returns the limit that came of it. */
unsigned bench_files_raise(unsigned wanted);

#endif
