/* SPDX-License-Identifier: MIT */
/* Writing to who may have stopped reading: Ctrl-S in a terminal, a full pipe. */
#ifndef KITH_BIN_WRITE_READY_H
#define KITH_BIN_WRITE_READY_H

#include <stddef.h>

/* As much as `fd` takes without waiting; how much that was. */
size_t kith_write_ready(int fd, const char *bytes, size_t size);

#endif
