/* SPDX-License-Identifier: MIT */
/* Putting a file or a directory that was made under another name in its place. */
#ifndef KITH_NODE_PLACE_H
#define KITH_NODE_PLACE_H

#include <stdbool.h>

/* Rename, at once and whole. Unless it `replaces`, what is there already stays, which is
 * EEXIST. 0 or an errno. */
int kith_place_put(const char *from, const char *to, bool replaces);

/* Of a symbolic link, what keeps from where it leads to, an errno; else 0. */
int kith_place_link_error(const char *path);

/* The directory that `path` lies in; heap, NULL when memory ran out. */
char *kith_place_parent(const char *path);

/* Make what was put in the directory last over a power cut. Best effort: not every file
 * system can. */
void kith_place_sync(const char *directory);

/* As above for the directory that `path` lies in. */
void kith_place_sync_parent(const char *path);

/* What an errno of writing means: KITH_EFULL, KITH_EREADONLY or KITH_EIO. */
int kith_place_error(int number);

#endif
