/* SPDX-License-Identifier: MIT */
/* The tables of a kith database, all families together, and their version. */
#ifndef KITH_STORE_SCHEMA_H
#define KITH_STORE_SCHEMA_H

#include "store/db.h"

#define KITH_SCHEMA_VERSION     7
#define KITH_SCHEMA_CHECKSUMS   6          /* the first with checksums of events */
#define KITH_SCHEMA_APPLICATION 0x6b697468 /* "kith", in the file's application id */

/* NULL when there is none of this type. */
const struct kith_store_family *kith_schema_family(enum kith_record_type type);

/* Make all tables, in one transaction, in an empty database. */
int kith_schema_create(struct kith_store *store);

/* What is in the database: its version, 0 when it is empty. KITH_ECORRUPT: not kith's. */
int kith_schema_version(struct kith_store *store, int64_t *out);

#endif
