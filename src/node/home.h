/* SPDX-License-Identifier: MIT */
/* The home: the directory with a node's identity, store and sockets. */
#ifndef KITH_NODE_HOME_H
#define KITH_NODE_HOME_H

#include "node/problem.h"
#include "proto/record.h"

#define KITH_HOME_DATABASE "kith.db"
#define KITH_HOME_IDENTITY "identity"
#define KITH_HOME_CONFIG   "kith.conf"
#define KITH_HOME_ORIGIN   "origin" /* random bytes: of a home that was restored */

/* Make the directory (0700, and what is missing above it) and see that it can be written
 * to. KITH_EREADONLY, KITH_EACCESS, KITH_EFULL or KITH_EIO, explained. */
int kith_home_make(const char *home, struct kith_problem *problem);

/* Where the logs are written: BLAKE2b-256 over boot id, machine id, device and inode of
 * the database (DESIGN section 5), and the file `origin` beside it, if there is one. It
 * changes with each of them, so copies and snapshots never go on with a log, and neither
 * does what was restored, even into the inode it once had. Where the system does not tell
 * a boot id it is random, and every start begins new logs. Returns 0 or KITH_EIO (no such
 * database). */
int kith_home_marker(const char *database, uint8_t out[static KITH_MARKER_SIZE]);

/* HOME/NAME; heap, NULL when memory ran out. */
char *kith_home_file(const char *home, const char *name);

#endif
