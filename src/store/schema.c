/* SPDX-License-Identifier: MIT */
#include "store/schema.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* By record type, which is the order of restoring; then those without records. */
static const struct kith_store_family *const families[] = {
    [KITH_RECORD_META] = &kith_store_meta,
    [KITH_RECORD_PEER] = &kith_store_peers,
    [KITH_RECORD_ROOM] = &kith_store_rooms,
    [KITH_RECORD_LOG] = &kith_store_logs,
    [KITH_RECORD_RUN] = &kith_store_events,
    [KITH_RECORD_ACK] = &kith_store_acks,
    [KITH_RECORD_TRACKER] = &kith_store_trackers,
    [KITH_RECORD_TRACKER + 1] = &kith_store_index,
    [KITH_RECORD_TRACKER + 2] = &kith_store_ids,
    [KITH_RECORD_TRACKER + 3] = &kith_store_seen,
};

const struct kith_store_family *kith_schema_family(enum kith_record_type type)
{
    return (size_t)type < COUNT(families) ? families[type] : NULL;
}

static int create_tables(struct kith_store *store)
{
    for (size_t i = 0; i < COUNT(families); i++) {
        int rc = kith_db_exec(store, families[i]->schema, "create the tables");
        if (rc != 0)
            return rc;
    }
    char sql[80];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             KITH_SCHEMA_APPLICATION, KITH_SCHEMA_VERSION);
    return kith_db_exec(store, sql, "create the tables");
}

int kith_schema_create(struct kith_store *store)
{
    int rc = kith_db_exec(store, "BEGIN IMMEDIATE", "create the tables");
    if (rc != 0)
        return rc;
    rc = create_tables(store);
    if (rc == 0)
        rc = kith_db_exec(store, "COMMIT", "create the tables");
    if (rc != 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int kith_schema_version(struct kith_store *store, int64_t *out)
{
    int64_t version = 0, application = 0, count = 0;
    int rc = kith_db_number(store, "PRAGMA user_version", &version);
    if (rc == 0)
        rc = kith_db_number(store, "PRAGMA application_id", &application);
    if (rc == 0)
        rc = kith_db_number(store, "SELECT count(*) FROM sqlite_schema", &count);
    if (rc != 0)
        return rc;
    bool is_empty = version == 0 && application == 0 && count == 0;
    if (!is_empty && (application != KITH_SCHEMA_APPLICATION || version < 1)) {
        snprintf(store->detail, sizeof store->detail, "not a database of kith");
        return KITH_ECORRUPT;
    }
    *out = version;
    return 0;
}
