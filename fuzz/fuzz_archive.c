/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "kith/error.h"
#include "node/archive.h"

struct yield {
    uint64_t left;
    struct kith_writer again; /* written from what came out */
    size_t entries;
    bool is_open;
};

static int on_begin(void *ctx, const char *name, uint64_t size)
{
    struct yield *yield = ctx;
    assert(!yield->is_open && strlen(name) > 0 && strlen(name) <= KITH_ARCHIVE_NAME_MAX);
    assert(strchr(name, '/') == NULL && name[0] != '.');
    yield->is_open = true;
    yield->left = size;
    kith_archive_begin(&yield->again, name, size);
    return 0;
}

static int on_data(void *ctx, struct kith_bytes bytes)
{
    struct yield *yield = ctx;
    assert(yield->is_open && bytes.size > 0 && bytes.size <= yield->left);
    yield->left -= bytes.size;
    kith_writer_bytes(&yield->again, bytes.data, bytes.size);
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
    if (*is_done)
        kith_archive_end(&yield->again);
    return error;
}

/* In whatever pieces it comes, the same comes out, and all of what went in. */
void fuzz_input(const uint8_t *data, size_t size)
{
    struct yield whole = {.again = kith_writer(&kith_alloc_heap)};
    struct yield bytewise = {.again = kith_writer(&kith_alloc_heap)};
    bool is_done = false, is_done_too = false;
    int error = read_all(data, size, size + 1, &whole, &is_done);
    int error_too = read_all(data, size, 1, &bytewise, &is_done_too);
    assert(error == 0 || error == KITH_ECORRUPT);
    assert(error == error_too && is_done == is_done_too);
    struct kith_bytes again = kith_writer_view(&whole.again);
    assert(kith_bytes_equal(again, kith_writer_view(&bytewise.again)));
    assert(whole.entries == bytewise.entries);
    if (error == 0 && is_done)
        assert(kith_bytes_equal(again, kith_bytes(data, size)));
    kith_writer_deinit(&whole.again);
    kith_writer_deinit(&bytewise.again);
}
