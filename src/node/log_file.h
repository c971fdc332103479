/* SPDX-License-Identifier: MIT */
/* The log of a node that nobody looks at: HOME/kith.log, and what came before it in
 * HOME/kith.log.1. */
#ifndef KITH_NODE_LOG_FILE_H
#define KITH_NODE_LOG_FILE_H

#include <stddef.h>
#include <sys/types.h>

#define KITH_LOG_FILE        "kith.log"
#define KITH_LOG_FILE_BEFORE "kith.log.1"
/* Months of an ordinary node, and days of one that a peer keeps busy; and both files
 * together are little beside the database that they share the disk with. */
#define KITH_LOG_FILE_SIZE_MAX ((off_t)4 << 20)

/* Begin the log: a descriptor (0600, appending, not for children), or -1. What was logged
 * there becomes the log before, in place of the one that was; where it cannot, it is
 * dropped. */
int kith_log_file_begin(const char *home);

/* Before `size` bytes are written to `fd`: when the log that it leads to would grow
 * beyond `size_max`, begin it anew, and have `fd` lead there. Where that fails all stays
 * as it is, and the next line tries again; at twice the limit the log is emptied instead.
 * What is no regular file is left alone. */
void kith_log_file_make_room(const char *home, int fd, size_t size, off_t size_max);

#endif
