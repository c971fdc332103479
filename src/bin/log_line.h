/* SPDX-License-Identifier: MIT */
/* Lines of the log, on standard error. */
#ifndef KITH_BIN_LOG_LINE_H
#define KITH_BIN_LOG_LINE_H

#include <stddef.h>

/* Lost where nobody reads it, or whoever reads has stopped: Ctrl-S in a terminal, a full
 * pipe. The loop must not wait for him; the last lines are kept in memory. */
void kith_log_line(const char *line, size_t size);

#endif
