/* SPDX-License-Identifier: MIT */
#include "store/memory.h"

#include <sqlite3.h>
#include <stdlib.h>

/* In front of each piece: SQLite asks for its size, and uses no more than that. */
union head {
    int size;
    sqlite3_int64 align;
};

static _Thread_local bool is_used, ran_out;

static void *resize(void *piece, int size)
{
    union head *before = piece == NULL ? NULL : (union head *)piece - 1;
    is_used = true;
    if (size > KITH_STORE_PIECE_MAX)
        return NULL;
    union head *head = realloc(before, sizeof(*head) + (size_t)size);
    if (head == NULL) {
        ran_out = true;
        return NULL;
    }
    head->size = size;
    return head + 1;
}

static void *allocate(int size)
{
    return resize(NULL, size);
}

static void release(void *piece)
{
    free((union head *)piece - 1);
}

static int size_of(void *piece)
{
    return piece == NULL ? 0 : ((union head *)piece - 1)->size;
}

static int round_up(int size)
{
    return (size + 7) & ~7;
}

static int begin(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void end(void *ctx)
{
    (void)ctx;
}

/* SQLite refuses to be set up once it is in use, so this needs not be remembered. */
void kith_store_memory_set_up(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = allocate,
        .xFree = release,
        .xRealloc = resize,
        .xSize = size_of,
        .xRoundup = round_up,
        .xInit = begin,
        .xShutdown = end,
    };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool kith_store_memory_ran_out(void)
{
    bool did = ran_out || !is_used;
    ran_out = false;
    return did;
}
