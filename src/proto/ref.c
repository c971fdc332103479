/* SPDX-License-Identifier: MIT */
#include "proto/ref.h"

#include "kith/error.h"

int kith_seq_check(uint64_t seq)
{
    if (seq == 0)
        return KITH_EPROTO;
    return seq > KITH_SEQ_MAX ? KITH_ETOOBIG : 0;
}

struct kith_ref kith_ref_read(struct kith_reader *r)
{
    struct kith_ref ref;
    kith_reader_copy(r, ref.author.bytes, KITH_ID_SIZE);
    kith_reader_copy(r, ref.log.bytes, KITH_LOG_ID_SIZE);
    ref.seq = kith_reader_u64(r);
    kith_reader_copy(r, ref.id.bytes, KITH_ID_SIZE);
    return ref;
}

void kith_ref_write(struct kith_writer *w, const struct kith_ref *ref)
{
    kith_writer_bytes(w, ref->author.bytes, KITH_ID_SIZE);
    kith_writer_bytes(w, ref->log.bytes, KITH_LOG_ID_SIZE);
    kith_writer_u64(w, ref->seq);
    kith_writer_bytes(w, ref->id.bytes, KITH_ID_SIZE);
}

int kith_refs_check(const uint8_t *refs, size_t count)
{
    struct kith_reader r = kith_reader(kith_bytes(refs, count * KITH_REF_SIZE));
    for (size_t i = 0; i < count; i++) {
        kith_reader_bytes(&r, KITH_ID_SIZE + KITH_LOG_ID_SIZE);
        int error = kith_seq_check(kith_reader_u64(&r));
        if (error)
            return error;
        kith_reader_bytes(&r, KITH_ID_SIZE);
    }
    return 0;
}
