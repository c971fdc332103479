/* SPDX-License-Identifier: MIT */
#include "spoil.h"

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define TEXT_SIZE_MAX 200 /* of a value */
#define STATEMENT_MAX 8   /* of an input */

struct spoil_image spoil_read(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    struct spoil_image image = {0};
    scratch_path(name, path);
    FILE *file = fopen(path, "rb");
    assert(file != NULL && fseek(file, 0, SEEK_END) == 0);
    image.size = (size_t)ftell(file);
    image.bytes = malloc(image.size + 1);
    rewind(file);
    size_t got = fread(image.bytes, 1, image.size, file);
    assert(got == image.size);
    fclose(file);
    return image;
}

/* ---- bytes ---- */

static struct spoil_image copy_of(const struct spoil_image *image)
{
    struct spoil_image copy = {malloc(image->size), image->size};
    memcpy(copy.bytes, image->bytes, image->size);
    return copy;
}

static void write_over(struct spoil_image *image, struct kith_reader *in)
{
    size_t at = (size_t)kith_reader_u32(in) % image->size;
    size_t size = 1 + kith_reader_u8(in) % 16;
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    size = size < image->size - at ? size : image->size - at;
    memcpy(image->bytes + at, kith_reader_bytes(in, size), size);
}

void spoil_files(const char *name, const struct spoil_image *database,
                 const struct spoil_image *wal, struct kith_reader *in)
{
    char log_name[32];
    struct spoil_image db = copy_of(database), log = copy_of(wal);
    uint8_t how = kith_reader_u8(in);
    for (int i = 0; i < (how & 3); i++)
        write_over(&db, in);
    for (int i = 0; i < (how >> 2 & 3); i++)
        write_over(&log, in);
    if (how & 0x10)
        db.size = kith_reader_u32(in) % db.size;
    if (how & 0x20)
        log.size = kith_reader_u32(in) % log.size;
    scratch_write(name, db.bytes, db.size);
    snprintf(log_name, sizeof(log_name), "%.20s-wal", name);
    if (how & 0x40)
        scratch_write(log_name, log.bytes, log.size);
    free(db.bytes);
    free(log.bytes);
}

/* ---- rows ---- */

static void bind(sqlite3_stmt *statement, struct kith_reader *in)
{
    uint8_t kind = kith_reader_u8(in);
    size_t size = kith_reader_u8(in) % TEXT_SIZE_MAX;
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    if (kind % 6 == 1)
        sqlite3_bind_int64(statement, 1, (int64_t)kith_reader_u64(in));
    else if (kind % 6 == 2)
        sqlite3_bind_int64(statement, 1, kind / 6 - 10);
    else if (kind % 6 == 3)
        sqlite3_bind_text(statement, 1, (const char *)kith_reader_bytes(in, size),
                          (int)size, SQLITE_TRANSIENT);
    else if (kind % 6 == 5)
        sqlite3_bind_zeroblob(statement, 1,
                              (int)size * 1024); /* longer than u16 counts */
    else if (kind % 6 == 4)
        sqlite3_bind_blob(statement, 1, kith_reader_bytes(in, size), (int)size,
                          SQLITE_TRANSIENT);
}

static void run(sqlite3 *db, const char *sql, struct kith_reader *in)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (statement != NULL) {
        bind(statement, in);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
}

void spoil_rows(const char *name, const char *const *statements, size_t count,
                struct kith_reader *in)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_path(name, path);
    for (int i = 0; kith_reader_left(in) > 0 && i < STATEMENT_MAX; i++) {
        sqlite3 *db = NULL;
        if (sqlite3_open(path, &db) == SQLITE_OK)
            run(db, statements[kith_reader_u8(in) % count], in);
        sqlite3_close(db);
    }
}
