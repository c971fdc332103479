/* SPDX-License-Identifier: MIT */
#include "store/event_row.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As FNV-1a (Fowler, Noll and Vo), but by words, and what is high comes down again, for a
 * product carries upwards alone. Each step can be undone, so what differs in one word
 * only never has the same hash. */
static uint64_t add_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15; /* odd, its bits well mixed */
    return hash ^ hash >> 32;
}

static uint64_t load_le(const uint8_t *from, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)from[i] << (8 * i);
    return word;
}

/* Its size ends it: bytes that move to the next piece are noticed. */
static uint64_t add_bytes(uint64_t hash, struct kith_bytes bytes)
{
    const uint8_t *at = bytes.data;
    size_t left = bytes.size;
    for (; left >= 8; at += 8, left -= 8)
        hash = add_word(hash, load_le(at, 8));
    hash = add_word(hash, load_le(at, left));
    return add_word(hash, bytes.size);
}

/* 32 bits take four bytes in each row, and miss damage once in four thousand million. */
static int32_t checksum(const struct kith_event_row *row)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < KITH_EVENT_NUMBERS; i++)
        hash = add_word(hash, (uint64_t)row->numbers[i]);
    for (size_t i = 0; i < COUNT(row->bytes); i++)
        hash = add_bytes(hash, row->bytes[i]);
    return (int32_t)(uint32_t)hash;
}

void kith_event_row_bind(sqlite3_stmt *statement, const struct kith_event_row *row)
{
    for (int i = 0; i < KITH_EVENT_NUMBERS; i++)
        sqlite3_bind_int64(statement, 1 + i, row->numbers[i]);
    for (int i = KITH_EVENT_ID; i < KITH_EVENT_CHECKSUM; i++) {
        struct kith_bytes bytes = kith_event_row_bytes(row, i);
        bool is_null = bytes.size == 0 && i != KITH_EVENT_OWN;
        if (is_null)
            sqlite3_bind_null(statement, 1 + i);
        else
            kith_db_bind_bytes(statement, 1 + i, bytes.data, bytes.size);
    }
    sqlite3_bind_int(statement, 1 + KITH_EVENT_CHECKSUM, checksum(row));
}

bool kith_event_row_read(sqlite3_stmt *statement, struct kith_event_row *out)
{
    for (int i = 0; i < KITH_EVENT_NUMBERS; i++)
        out->numbers[i] = sqlite3_column_int64(statement, i);
    for (int i = KITH_EVENT_ID; i < KITH_EVENT_CHECKSUM; i++)
        out->bytes[i - KITH_EVENT_NUMBERS] = kith_db_bytes(statement, i);
    /* A text of the same bytes is sorted elsewhere, so that pages would go in circles. */
    if (sqlite3_column_type(statement, KITH_EVENT_ID) != SQLITE_BLOB ||
        kith_event_row_bytes(out, KITH_EVENT_ID).size != KITH_ID_SIZE ||
        out->numbers[KITH_EVENT_HLC] < 0)
        return false;
    return sqlite3_column_type(statement, KITH_EVENT_CHECKSUM) == SQLITE_NULL ||
           sqlite3_column_int64(statement, KITH_EVENT_CHECKSUM) == checksum(out);
}
