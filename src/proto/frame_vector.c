/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"
#include "proto/ref.h"

#define ENTRY_SIZE   (KITH_ID_SIZE + 1 + KITH_LOG_ID_SIZE + 8 + 8 + KITH_ID_SIZE)
#define FLAG_IS_LAST 0x01 /* the other bits are skipped */

static void write_entries(struct kith_writer *w, const struct kith_vector_entry *entries,
                          size_t count)
{
    assert(count <= KITH_VECTOR_ENTRIES_MAX);
    kith_writer_u16(w, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        const struct kith_vector_entry *entry = &entries[i];
        kith_writer_bytes(w, entry->author.bytes, KITH_ID_SIZE);
        kith_writer_u8(w, (uint8_t)entry->log_class);
        kith_writer_bytes(w, entry->log.bytes, KITH_LOG_ID_SIZE);
        kith_writer_u64(w, entry->floor);
        kith_writer_u64(w, entry->seq);
        kith_writer_bytes(w, entry->head.bytes, KITH_ID_SIZE);
    }
}

void kith_frame_vector_encode(struct kith_writer *w, const struct kith_tag *tag,
                              bool is_last, const struct kith_vector_entry *entries,
                              size_t count)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_VECTOR);
    kith_writer_bytes(w, tag->bytes, KITH_TAG_SIZE);
    kith_writer_u8(w, is_last ? FLAG_IS_LAST : 0);
    write_entries(w, entries, count);
    kith_frame_end(w, at);
}

void kith_frame_have_encode(struct kith_writer *w, const struct kith_tag *tag,
                            const struct kith_vector_entry *entries, size_t count)
{
    size_t at = kith_frame_begin(w, KITH_FRAME_HAVE);
    kith_writer_bytes(w, tag->bytes, KITH_TAG_SIZE);
    write_entries(w, entries, count);
    kith_frame_end(w, at);
}

static int check_entry(struct kith_reader *r)
{
    kith_reader_bytes(r, KITH_ID_SIZE);
    uint8_t log_class = kith_reader_u8(r);
    kith_reader_bytes(r, KITH_LOG_ID_SIZE);
    uint64_t floor = kith_reader_u64(r);
    uint64_t seq = kith_reader_u64(r);
    kith_reader_bytes(r, KITH_ID_SIZE);
    if (log_class > KITH_LOG_CONTROL || floor > seq)
        return KITH_EPROTO;
    return kith_seq_check(seq);
}

static int read_entries(struct kith_reader *r, struct kith_frame_vector *out)
{
    out->count = kith_reader_u16(r);
    if (out->count > KITH_VECTOR_ENTRIES_MAX)
        return KITH_ETOOBIG;
    size_t size = out->count * ENTRY_SIZE;
    out->entries = kith_bytes(kith_reader_bytes(r, size), size);
    if (r->failed)
        return KITH_EPROTO;
    struct kith_reader entries = kith_reader(out->entries);
    int error = 0;
    for (size_t i = 0; !error && i < out->count; i++)
        error = check_entry(&entries);
    return error;
}

int kith_frame_vector_decode(struct kith_bytes fields, struct kith_frame_vector *out)
{
    struct kith_reader r = kith_reader(fields);
    kith_reader_copy(&r, out->tag.bytes, KITH_TAG_SIZE);
    out->is_last = kith_reader_u8(&r) & FLAG_IS_LAST;
    return read_entries(&r, out);
}

int kith_frame_have_decode(struct kith_bytes fields, struct kith_frame_vector *out)
{
    struct kith_reader r = kith_reader(fields);
    kith_reader_copy(&r, out->tag.bytes, KITH_TAG_SIZE);
    out->is_last = false;
    return read_entries(&r, out);
}

struct kith_vector_entry kith_vector_entry_at(const struct kith_frame_vector *frame,
                                              size_t index)
{
    assert(index < frame->count);
    struct kith_vector_entry entry;
    const uint8_t *at = frame->entries.data + index * ENTRY_SIZE;
    struct kith_reader r = kith_reader(kith_bytes(at, ENTRY_SIZE));
    kith_reader_copy(&r, entry.author.bytes, KITH_ID_SIZE);
    entry.log_class = kith_reader_u8(&r) ? KITH_LOG_CONTROL : KITH_LOG_CONTENT;
    kith_reader_copy(&r, entry.log.bytes, KITH_LOG_ID_SIZE);
    entry.floor = kith_reader_u64(&r);
    entry.seq = kith_reader_u64(&r);
    kith_reader_copy(&r, entry.head.bytes, KITH_ID_SIZE);
    return entry;
}
