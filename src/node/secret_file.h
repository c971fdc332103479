/* SPDX-License-Identifier: MIT */
/* A small file of the home that nobody but its owner may read (mode 0600). */
#ifndef KITH_NODE_SECRET_FILE_H
#define KITH_NODE_SECRET_FILE_H

#include "base/bytes.h"
#include "node/problem.h"
#include <stdbool.h>

/* Which file, and what it holds, for people: "identity", "network key". */
struct kith_secret_file {
    const char *home;
    const char *path;
    const char *what;
};

/* Read all of it into `out`, and its size. KITH_ENOTFOUND (`problem` untouched);
 * KITH_EACCESS when others could read it; KITH_ECORRUPT when it is no regular file or has
 * more than `size_max` bytes; KITH_EIO. Symbolic links are not followed. */
int kith_secret_file_read(const struct kith_secret_file *file, uint8_t *out,
                          size_t size_max, size_t *out_size,
                          struct kith_problem *problem);

/* Write it as PATH.part, make it durable, and put it in place at once, so that there is
 * never half of one, and of several processes one after the other does. `replaces`: what
 * was there goes; else it stays and counts (0 is returned). KITH_EREADONLY, KITH_EFULL,
 * KITH_EIO, KITH_ENOMEM. */
int kith_secret_file_write(const struct kith_secret_file *file, struct kith_bytes content,
                           bool replaces, struct kith_problem *problem);

/* Take away the PATH.part of a process that was killed. */
void kith_secret_file_clear(const char *path);

#endif
