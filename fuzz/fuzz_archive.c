/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "kith/error.h"
#include "node/archive.h"

/* What came out of it: its length and a sum that every byte and its place go into. */
struct yield {
    uint64_t left;
    uint64_t sum;
    size_t entries;
    bool is_open;
};

static void mix(struct yield *yield, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        yield->sum = (yield->sum ^ at[i]) * UINT64_C(1099511628211);
}

static int on_begin(void *ctx, const char *name, uint64_t size)
{
    struct yield *yield = ctx;
    assert(!yield->is_open && strlen(name) > 0 && strlen(name) <= KITH_ARCHIVE_NAME_MAX);
    assert(strchr(name, '/') == NULL && name[0] != '.');
    yield->is_open = true;
    yield->left = size;
    mix(yield, name, strlen(name));
    return 0;
}

static int on_data(void *ctx, struct kith_bytes bytes)
{
    struct yield *yield = ctx;
    assert(yield->is_open && bytes.size > 0 && bytes.size <= yield->left);
    yield->left -= bytes.size;
    mix(yield, bytes.data, bytes.size);
    return 0;
}

static int on_end(void *ctx)
{
    struct yield *yield = ctx;
    assert(yield->is_open && yield->left == 0);
    yield->is_open = false;
    yield->entries++;
    return 0;
}

static int read_all(const uint8_t *data, size_t size, size_t piece, struct yield *yield,
                    bool *is_done)
{
    struct kith_archive_reader reader;
    const struct kith_archive_handler handler = {on_begin, on_data, on_end, yield};
    int error = 0;
    kith_archive_reader_init(&reader, &handler);
    for (size_t at = 0; error == 0 && at < size; at += piece) {
        size_t left = size - at < piece ? size - at : piece;
        error = kith_archive_feed(&reader, kith_bytes(data + at, left));
    }
    *is_done = kith_archive_is_done(&reader);
    return error;
}

/* In whatever pieces it comes, the same comes out. */
void fuzz_input(const uint8_t *data, size_t size)
{
    struct yield whole = {0}, bytewise = {0};
    bool is_done = false, is_done_too = false;
    int error = read_all(data, size, size + 1, &whole, &is_done);
    int error_too = read_all(data, size, 1, &bytewise, &is_done_too);
    assert(error == 0 || error == KITH_ECORRUPT);
    assert(error == error_too && is_done == is_done_too);
    assert(whole.sum == bytewise.sum && whole.entries == bytewise.entries);
}
