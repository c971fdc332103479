/* SPDX-License-Identifier: MIT */
/* Numbered migrations: from the schema of an older kith to this one's.
 *
 * Each step takes the database from one version to the next. All steps of an opening are
 * one transaction, after a copy of the database was put beside it. */
#ifndef KITH_STORE_MIGRATE_H
#define KITH_STORE_MIGRATE_H

#include "store/db.h"

struct kith_migration {
    int version_from; /* to the next */
    const char *sql;
};

/* The steps this kith knows, ascending, from version 1 to KITH_SCHEMA_VERSION. */
extern const struct kith_migration kith_migrations[];
extern const size_t kith_migration_count;

/* Copy the database to `PATH.v<version>` (not in memory), then run the steps from
 * `version` on. On failure the database is as it was; KITH_ECORRUPT when steps are
 * missing. */
int kith_migrate(struct kith_store *store, int64_t version,
                 const struct kith_migration *steps, size_t step_count);

#endif
