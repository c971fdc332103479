/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "kith/error.h"
#include "proto/ref.h"

/* Where the fields filled in late stand, from the start of the run. */
#define SIGNATURE_OFFSET (1 + KITH_ID_SIZE + 1 + KITH_LOG_ID_SIZE + 8 + KITH_ID_SIZE)
#define COUNT_OFFSET     (SIGNATURE_OFFSET + KITH_SIGNATURE_SIZE)

/* The size of a discarded content is 0, of any other at least that of its salt. */
enum { CONTENT_DISCARDED = 0, CONTENT_PRESENT = 1 };

static int check_head(const struct kith_run *run, uint8_t log_class)
{
    if (log_class > KITH_LOG_CONTROL || run->count == 0)
        return KITH_EPROTO;
    if (run->count > KITH_RUN_COUNT_MAX)
        return KITH_ETOOBIG;
    int error = kith_seq_check(run->seq_first);
    if (error)
        return error;
    if (run->seq_first + run->count - 1 > KITH_SEQ_MAX)
        return KITH_ETOOBIG;
    return kith_id_is_zero(&run->prev) == (run->seq_first == 1) ? 0 : KITH_EPROTO;
}

static int read_head(struct kith_reader *r, struct kith_run *out)
{
    uint8_t version = kith_reader_u8(r);
    if (r->failed)
        return KITH_EPROTO;
    if (version != KITH_EVENT_VERSION)
        return KITH_EVERSION;
    kith_reader_copy(r, out->author.bytes, KITH_ID_SIZE);
    uint8_t log_class = kith_reader_u8(r);
    kith_reader_copy(r, out->log.bytes, KITH_LOG_ID_SIZE);
    out->seq_first = kith_reader_u64(r);
    kith_reader_copy(r, out->prev.bytes, KITH_ID_SIZE);
    kith_reader_copy(r, out->signature, KITH_SIGNATURE_SIZE);
    out->count = kith_reader_u8(r);
    if (r->failed)
        return KITH_EPROTO;
    out->log_class = log_class ? KITH_LOG_CONTROL : KITH_LOG_CONTENT;
    return check_head(out, log_class);
}

static int read_content(struct kith_reader *r, struct kith_event *out)
{
    uint8_t flag = kith_reader_u8(r);
    out->content = kith_bytes(NULL, 0);
    if (flag > CONTENT_PRESENT)
        return KITH_EPROTO;
    if (flag == CONTENT_PRESENT) {
        size_t size = KITH_SALT_SIZE + (size_t)out->body_size;
        out->content = kith_bytes(kith_reader_bytes(r, size), size);
    }
    return r->failed ? KITH_EPROTO : 0;
}

static int read_event(struct kith_reader *r, struct kith_event *out)
{
    uint16_t size = kith_reader_u16(r);
    const uint8_t *own = kith_reader_bytes(r, size);
    if (!own)
        return KITH_EPROTO;
    memset(&out->id, 0, sizeof out->id);
    int error = kith_own_decode(kith_bytes(own, size), out);
    return error ? error : read_content(r, out);
}

int kith_run_decode(struct kith_bytes bytes, struct kith_run *out)
{
    if (bytes.size > KITH_RUN_SIZE_MAX)
        return KITH_ETOOBIG;
    struct kith_reader r = kith_reader(bytes);
    out->bytes = bytes;
    int error = read_head(&r, out);
    for (size_t i = 0; !error && i < out->count; i++) {
        struct kith_event *event = &out->events[i];
        event->seq = out->seq_first + i;
        error = read_event(&r, event);
        if (!error && i > 0 && event->hlc <= event[-1].hlc)
            error = KITH_EPROTO;
    }
    if (error)
        return error;
    return kith_reader_left(&r) == 0 ? 0 : KITH_EPROTO;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

void kith_event_prefix(const struct kith_run *run, const struct kith_id *room,
                       uint64_t seq, const struct kith_id *prev,
                       uint8_t out[static KITH_EVENT_PREFIX_SIZE])
{
    uint8_t *at = out;
    *at++ = KITH_EVENT_VERSION;
    at = put(at, room->bytes, KITH_ID_SIZE);
    at = put(at, run->author.bytes, KITH_ID_SIZE);
    *at++ = (uint8_t)run->log_class;
    at = put(at, run->log.bytes, KITH_LOG_ID_SIZE);
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(seq >> shift);
    put(at, prev->bytes, KITH_ID_SIZE);
}

size_t kith_run_begin(struct kith_writer *w, const struct kith_run_head *head)
{
    static const uint8_t unsigned_yet[KITH_SIGNATURE_SIZE];
    size_t run = w->size;
    kith_writer_u8(w, KITH_EVENT_VERSION);
    kith_writer_bytes(w, head->author.bytes, KITH_ID_SIZE);
    kith_writer_u8(w, (uint8_t)head->log_class);
    kith_writer_bytes(w, head->log.bytes, KITH_LOG_ID_SIZE);
    kith_writer_u64(w, head->seq_first);
    kith_writer_bytes(w, head->prev.bytes, KITH_ID_SIZE);
    kith_writer_bytes(w, unsigned_yet, sizeof unsigned_yet);
    kith_writer_u8(w, 0);
    return run;
}

void kith_run_add(struct kith_writer *w, size_t run, struct kith_bytes own,
                  struct kith_bytes content)
{
    assert(own.size <= KITH_OWN_SIZE_MAX);
    assert(content.size == 0 || content.size >= KITH_SALT_SIZE);
    kith_writer_bytes16(w, own);
    kith_writer_u8(w, content.size ? CONTENT_PRESENT : CONTENT_DISCARDED);
    kith_writer_bytes(w, content.data, content.size);
    if (w->failed)
        return;
    assert(w->data[run + COUNT_OFFSET] < KITH_RUN_COUNT_MAX);
    w->data[run + COUNT_OFFSET]++;
}

void kith_run_sign(struct kith_writer *w, size_t run,
                   const uint8_t signature[static KITH_SIGNATURE_SIZE])
{
    if (!w->failed)
        memcpy(w->data + run + SIGNATURE_OFFSET, signature, KITH_SIGNATURE_SIZE);
}
