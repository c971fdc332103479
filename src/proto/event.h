/* SPDX-License-Identifier: MIT */
/* Events, logs and runs as values (PROTOCOL, "Events").
 *
 * An event is one signed entry of one author in one room. Its header bytes are
 *
 *   version u8 | room 32 | author 32 | class u8 | log 16 | seq u64 | prev 32 | own part
 *
 * and its id is BLAKE2b-256 of exactly those bytes. A run carries what its events share
 * once, so nothing is re-encoded: header bytes are put together from slices. */
#ifndef KITH_PROTO_EVENT_H
#define KITH_PROTO_EVENT_H

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"
#include "base/writer.h"

#define KITH_EVENT_VERSION     1
#define KITH_LOG_ID_SIZE       16
#define KITH_SIGNATURE_SIZE    64
#define KITH_SALT_SIZE         16
#define KITH_HASH_SIZE         32
#define KITH_TEXT_SIZE_MAX     65536        /* longer texts are files */
#define KITH_BODY_SIZE_MAX     (128 * 1024) /* a longest text, and room to grow */
#define KITH_RUN_COUNT_MAX     128          /* events that a burst signs at once */
#define KITH_RUN_SIZE_MAX      (512 * 1024) /* half a frame: a run always fits one */
#define KITH_REFS_MAX          8            /* ctl and deps each */
#define KITH_REF_SIZE          88
#define KITH_OWN_SIZE_MAX      4096 /* own part: 1,456 bytes now, and room to grow */
#define KITH_SEQ_MAX           ((UINT64_C(1) << 40) - 1) /* shares a row's key with the log */
#define KITH_EVENT_PREFIX_SIZE (1 + 32 + 32 + 1 + 16 + 8 + 32)

/* 48 bits of milliseconds since 1970, 16 bits of counter: compares as a number. */
typedef uint64_t kith_hlc;

static inline kith_time kith_hlc_wall(kith_hlc hlc)
{
    return (kith_time)(hlc >> 16) * KITH_MS;
}

static inline kith_hlc kith_hlc_from_wall(kith_time wall)
{
    return wall <= 0 ? 0 : (kith_hlc)(wall / KITH_MS) << 16;
}

struct kith_log_id {
    uint8_t bytes[KITH_LOG_ID_SIZE];
};

/* A control log (profile, membership, moderation) is never pruned and is synced before
 * the content logs. A log is of one class for ever. */
enum kith_log_class { KITH_LOG_CONTENT = 0, KITH_LOG_CONTROL = 1 };

enum kith_event_kind {
    KITH_KIND_MESSAGE = 1, /* content; body: text bytes32, then unknown fields */
    KITH_KIND_PROFILE = 2, /* control; body: name bytes8, then unknown fields */
};

/* Points at one event of one log; the id makes it verifiable. */
struct kith_ref {
    struct kith_id author;
    struct kith_log_id log;
    uint64_t seq;
    struct kith_id id;
};

/* One event of a decoded run. Slices borrow from the run's bytes. */
struct kith_event {
    uint64_t seq;
    kith_hlc hlc;
    uint16_t kind; /* unknown kinds are kept and forwarded */
    uint8_t ctl_count;
    uint8_t deps_count;
    struct kith_bytes refs; /* ctl, deps_count, deps; kith_event_ref reads one */
    uint32_t body_size;
    uint8_t body_hash[KITH_HASH_SIZE]; /* BLAKE2b-256(salt || body) */
    struct kith_bytes own;             /* own part of the header, as received */
    struct kith_bytes content;         /* salt || body, or empty when discarded */
    struct kith_id id;                 /* filled in by the core, which hashes */
};

/* A decoded run: what its events share, and the events. */
struct kith_run {
    struct kith_id author;
    enum kith_log_class log_class;
    struct kith_log_id log;
    uint64_t seq_first;
    struct kith_id prev; /* zero before the first event of a log */
    uint8_t signature[KITH_SIGNATURE_SIZE];
    struct kith_bytes bytes; /* the whole run as received (borrowed) */
    size_t count;            /* 1 to KITH_RUN_COUNT_MAX */
    struct kith_event events[KITH_RUN_COUNT_MAX]; /* last: copies may end after `count` */
};

/* The i-th reference of an event: ctl first, then deps. */
struct kith_ref kith_event_ref(const struct kith_event *event, size_t index);

/* Parse a run. Checks structure and limits, not hashes or the signature; event ids stay
 * zero. All of `bytes` must be used up. Returns 0, KITH_EPROTO, KITH_ETOOBIG or
 * KITH_EVERSION. `out` borrows from `bytes`. */
int kith_run_decode(struct kith_bytes bytes, struct kith_run *out);

/* Header bytes before the own part, to be hashed together with it. */
void kith_event_prefix(const struct kith_run *run, const struct kith_id *room,
                       uint64_t seq, const struct kith_id *prev,
                       uint8_t out[static KITH_EVENT_PREFIX_SIZE]);

/* What the events of a run share. */
struct kith_run_head {
    struct kith_id author;
    enum kith_log_class log_class;
    struct kith_log_id log;
    uint64_t seq_first;
    struct kith_id prev;
};

/* Building a run: begin, add each event, put in the signature. The same functions serve
 * the author and the store, which puts stored runs together again byte for byte.
 *
 * kith_run_begin appends the head with an empty signature and count 0, and returns the
 * offset of the run in `w`, for the other two. */
size_t kith_run_begin(struct kith_writer *w, const struct kith_run_head *head);
/* `content` is salt || body, or empty when it was discarded. Counts the event. */
void kith_run_add(struct kith_writer *w, size_t run, struct kith_bytes own,
                  struct kith_bytes content);
void kith_run_sign(struct kith_writer *w, size_t run,
                   const uint8_t signature[static KITH_SIGNATURE_SIZE]);

/* What an author writes into the own part of a header. */
struct kith_own {
    kith_hlc hlc;
    uint16_t kind;
    const struct kith_ref *ctl; /* borrowed */
    size_t ctl_count;           /* at most KITH_REFS_MAX */
    const struct kith_ref *deps;
    size_t deps_count; /* at most KITH_REFS_MAX */
    uint32_t body_size;
    uint8_t body_hash[KITH_HASH_SIZE];
};
void kith_own_encode(struct kith_writer *w, const struct kith_own *own);

/* The own part alone, as the store holds it; unknown trailing bytes are skipped. Fills
 * all of `out` but seq, content and id. 0, KITH_EPROTO or KITH_ETOOBIG. */
int kith_own_decode(struct kith_bytes own, struct kith_event *out);

/* Bodies. Decoders skip unknown trailing fields. `body` is without the salt. */
void kith_body_message_encode(struct kith_writer *w, struct kith_bytes text);
/* 1 to KITH_TEXT_SIZE_MAX bytes of valid UTF-8 without U+0000, which C and many others
 * take for an end. */
bool kith_text_is_valid(struct kith_bytes text);
/* KITH_EPROTO for a text that is not valid. */
int kith_body_message_decode(struct kith_bytes body, struct kith_bytes *out_text);
void kith_body_profile_encode(struct kith_writer *w, struct kith_bytes name);
/* The name is as sent, at most KITH_NAME_SIZE_MAX bytes; the caller judges it. */
int kith_body_profile_decode(struct kith_bytes body, struct kith_bytes *out_name);

#endif
