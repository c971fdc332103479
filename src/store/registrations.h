/* SPDX-License-Identifier: MIT */
/* A tracker's registry on disk: a small database of its own, `tracker.db` in its home.
 *
 * Puts and removals join an open transaction, which one commit per turn ends, so a crowd
 * that comes at once costs few commits. What is committed survives the death of the
 * process; of a power cut it may lose the last ones, which then register again. */
#ifndef KITH_STORE_REGISTRATIONS_H
#define KITH_STORE_REGISTRATIONS_H

#include "proto/registration.h"

#define KITH_REGISTRATIONS_VERSION     1
#define KITH_REGISTRATIONS_DETAIL_SIZE 256

struct kith_registrations; /* opaque */

/* Open or make the database at `path`, after locking the folder it is in. KITH_ELOCKED
 * (another process has it), KITH_ENEWER, KITH_ECORRUPT, KITH_EREADONLY, KITH_EFULL,
 * KITH_EIO or KITH_ENOMEM; `detail` (may be NULL) then says more. */
int kith_registrations_open(const char *path, struct kith_registrations **out,
                            char detail[static KITH_REGISTRATIONS_DETAIL_SIZE]);

/* Commits what is open. Accepts NULL. */
void kith_registrations_close(struct kith_registrations *registrations);

/* Every row, as away, those longest away first. Whoever was here when the tracker ended
 * was seen at its last mark. Rows of who was not seen after `since_s` are removed, and
 * not visited. The slices live for the visit. Returns 0, what `visit`
 * stopped with (not 0), or what SQLite says; KITH_ECORRUPT for a row that is damaged. */
int kith_registrations_restore(struct kith_registrations *registrations, uint64_t since_s,
                               kith_registration_visit *visit, void *ctx);

/* These return 0, KITH_EFULL, KITH_EREADONLY, KITH_EIO, KITH_ECORRUPT or KITH_ENOMEM;
 * then all of the open transaction is undone. */
int kith_registrations_put(struct kith_registrations *registrations,
                           const struct kith_registration *row);
int kith_registrations_remove(struct kith_registrations *registrations,
                              const struct kith_id *id);
int kith_registrations_mark(struct kith_registrations *registrations, uint64_t seen_s);
int kith_registrations_commit(struct kith_registrations *registrations);

/* For tests: the pages that the database may have; 0: no limit. */
void kith_registrations_limit(struct kith_registrations *registrations,
                              uint32_t page_count_max);

/* On the last failure; never NULL. */
const char *kith_registrations_detail(const struct kith_registrations *registrations);

#endif
