/* SPDX-License-Identifier: MIT */
/* References and sequence numbers, as frames and events both carry them. */
#ifndef KITH_PROTO_REF_H
#define KITH_PROTO_REF_H

#include "base/reader.h"
#include "proto/event.h"

/* Events are numbered from 1. */
static inline bool kith_seq_is_valid(uint64_t seq)
{
    return seq >= 1 && seq <= KITH_SEQ_MAX;
}

/* 0, KITH_EPROTO for 0, or KITH_ETOOBIG beyond KITH_SEQ_MAX. */
int kith_seq_check(uint64_t seq);

/* author 32 | log 16 | seq u64 | id 32; the caller checks seq. */
struct kith_ref kith_ref_read(struct kith_reader *r);
void kith_ref_write(struct kith_writer *w, const struct kith_ref *ref);

/* Check the seq of each of `count` references at `refs`. As kith_seq_check. */
int kith_refs_check(const uint8_t *refs, size_t count);

#endif
