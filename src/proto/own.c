/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <assert.h>

#include "base/reader.h"
#include "kith/error.h"
#include "proto/ref.h"

static void write_refs(struct kith_writer *w, const struct kith_ref *refs, size_t count)
{
    assert(count <= KITH_REFS_MAX);
    kith_writer_u8(w, (uint8_t)count);
    for (size_t i = 0; i < count; i++)
        kith_ref_write(w, &refs[i]);
}

void kith_own_encode(struct kith_writer *w, const struct kith_own *own)
{
    kith_writer_u64(w, own->hlc);
    kith_writer_u16(w, own->kind);
    write_refs(w, own->ctl, own->ctl_count);
    write_refs(w, own->deps, own->deps_count);
    kith_writer_u32(w, own->body_size);
    kith_writer_bytes(w, own->body_hash, KITH_HASH_SIZE);
}

/* `*out_refs` is left at the first reference, which may be the end of the input. */
static int read_refs(struct kith_reader *r, uint8_t *out_count, const uint8_t **out_refs)
{
    uint8_t count = kith_reader_u8(r);
    if (count > KITH_REFS_MAX)
        return KITH_ETOOBIG;
    *out_count = count;
    *out_refs = r->at;
    kith_reader_bytes(r, (size_t)count * KITH_REF_SIZE);
    if (r->failed)
        return KITH_EPROTO;
    return kith_refs_check(*out_refs, count);
}

int kith_own_decode(struct kith_bytes own, struct kith_event *out)
{
    if (own.size > KITH_OWN_SIZE_MAX)
        return KITH_ETOOBIG;
    struct kith_reader r = kith_reader(own);
    const uint8_t *ctl, *deps;
    out->own = own;
    out->hlc = kith_reader_u64(&r);
    out->kind = kith_reader_u16(&r);
    int error = read_refs(&r, &out->ctl_count, &ctl);
    if (!error)
        error = read_refs(&r, &out->deps_count, &deps);
    if (error)
        return error;
    out->refs = kith_bytes(ctl, (size_t)(r.at - ctl));
    out->body_size = kith_reader_u32(&r);
    kith_reader_copy(&r, out->body_hash, KITH_HASH_SIZE);
    if (r.failed)
        return KITH_EPROTO;
    return out->body_size > KITH_BODY_SIZE_MAX ? KITH_ETOOBIG : 0;
}

struct kith_ref kith_event_ref(const struct kith_event *event, size_t index)
{
    assert(index < (size_t)event->ctl_count + event->deps_count);
    /* deps_count, one byte, stands between ctl and deps */
    size_t at = index * KITH_REF_SIZE + (index >= event->ctl_count ? 1 : 0);
    struct kith_reader r = kith_reader(kith_bytes(event->refs.data + at, KITH_REF_SIZE));
    return kith_ref_read(&r);
}
