/* SPDX-License-Identifier: MIT */
/* A home in one sealed file, and back (docs/FORMATS.md, "Backup").
 *
 * In it are the identity, the network's key, the configuration, and the database as it
 * was at one moment. A node may be running meanwhile: it is neither asked nor held up. */
#ifndef KITH_NODE_BACKUP_H
#define KITH_NODE_BACKUP_H

#include "base/bytes.h"
#include "node/problem.h"
#include "node/seal.h"

struct kith_backup_job {
    const char *home;
    struct kith_bytes config; /* of the configuration to take along; NULL: none */
    const char *file;         /* to be made; mode 0600 */
    bool replaces;            /* it may be there already */
    bool takes_damaged;       /* a database that is damaged is backed up all the same */
    const struct kith_passphrase *passphrase;
    const struct kith_seal_cost *cost;
};

/* Whole or not at all: written under another name, synced, and put in place; on failure a
 * file that was there before is still there, whole. `*out_size` (may be NULL) is the size
 * of the file. KITH_ENOTFOUND: nothing to back up there. KITH_EINVALID: the file is
 * there. KITH_ECORRUPT: a page or an event of the database is damaged. KITH_EFULL,
 * KITH_EREADONLY, KITH_EACCESS, KITH_EIO, KITH_ENOMEM. */
int kith_backup(const struct kith_backup_job *job, uint64_t *out_size,
                struct kith_problem *problem);

/* Could it be made? As far as one can tell before a passphrase is asked for. */
int kith_backup_check(const struct kith_backup_job *job, struct kith_problem *problem);

struct kith_restore_job {
    const char *home; /* must not be there, or be an empty directory */
    const char *file;
    const struct kith_passphrase *passphrase;
};

/* All or nothing: made beside the home, in the directory HOME.restoring, and put in its
 * place at once. The node that starts there goes on with none of its logs, so no sequence
 * number is used twice. KITH_EINVALID: there is something already. KITH_EACCESS: another
 * passphrase. KITH_ECORRUPT: no backup, cut short or changed. KITH_ENEWER: made by a
 * newer kith. KITH_ELOCKED: another restore is under way. KITH_ENOTFOUND: no such file.
 * Besides KITH_EFULL, KITH_EREADONLY, KITH_EIO, KITH_ENOMEM. */
int kith_restore(const struct kith_restore_job *job, struct kith_problem *problem);
int kith_restore_check(const struct kith_restore_job *job, struct kith_problem *problem);

#endif
