/* SPDX-License-Identifier: MIT */
/* A folder of this process for targets that need files; emptied and removed when the
 * process ends well. In $TMPDIR, else in memory, where there is no disk to wait for. */
#ifndef KITH_FUZZ_SCRATCH_H
#define KITH_FUZZ_SCRATCH_H

#include <stddef.h>

#define SCRATCH_PATH_SIZE 128

const char *scratch_folder(void);
void scratch_path(const char *name, char out[static SCRATCH_PATH_SIZE]);
void scratch_write(const char *name, const void *data, size_t size);
void scratch_clear(void); /* every file in it goes */

#endif
