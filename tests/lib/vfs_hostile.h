/* SPDX-License-Identifier: MIT */
/* A disk for SQLite that fails when told to, and that a power cut can befall.
 *
 * It stands in front of SQLite's own files, locks and shared memory, and is the default
 * from init to deinit. Syncs go no further than here, so that tests do not wait for the
 * machine's disk. Files that are opened without SQLite do not pass through here. */
#ifndef TESTS_LIB_VFS_HOSTILE_H
#define TESTS_LIB_VFS_HOSTILE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

#define VFS_IMAGES_MAX 8

enum vfs_fault {
    VFS_FAULT_IO,    /* any call: an I/O error */
    VFS_FAULT_FULL,  /* calls that need space: none is left */
    VFS_FAULT_SHORT, /* the same, but half of what is written arrives */
    VFS_FAULT_SYNC,  /* only syncs: an I/O error */
};

struct vfs_write; /* since the last sync */

/* What is known of one file, by its path. */
struct vfs_image {
    char *path; /* owned; NULL: none */
    uint8_t *synced;
    size_t synced_size;
    struct vfs_write *writes; /* oldest first; owned */
    size_t write_count, write_capacity;
};

struct vfs_hostile {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    enum vfs_fault fault;
    size_t calls;    /* so far, of those that this fault may befall */
    size_t fail_at;  /* the call (counted as `calls`, from 1) that fails; 0: none */
    bool is_lasting; /* those after it fail too */
    size_t failures;
    size_t syncs;                 /* of any file */
    size_t syncs_main;            /* of these, of databases */
    bool is_recording;            /* for power cuts */
    void (*on_change)(void *ctx); /* before each write, cut and sync recorded */
    void *ctx;
    struct vfs_image images[VFS_IMAGES_MAX];
    int last_errno;
};

void vfs_hostile_init(struct vfs_hostile *v);
void vfs_hostile_deinit(struct vfs_hostile *v);

/* From now on the n-th call fails (1: the next one), and with `is_lasting` all after it,
 * until armed anew. 0: none. Counts from 0 again. */
void vfs_hostile_arm(struct vfs_hostile *v, enum vfs_fault fault, size_t n,
                     bool is_lasting);

/* Begin to note what is written and not synced. `on_change` is told whenever that is
 * about to change, and may cut the power. */
void vfs_hostile_record(struct vfs_hostile *v, void (*on_change)(void *ctx), void *ctx);

/* Put into `folder`, which exists, what a power cut now would leave of each file: what
 * was synced, and of what was written since nothing, all, a beginning, or any sectors. */
void vfs_hostile_cut_power(const struct vfs_hostile *v, const char *folder,
                           const struct kith_rng *rng);

#endif
