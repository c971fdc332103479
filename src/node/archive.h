/* SPDX-License-Identifier: MIT */
/* Files behind one another in one stream: what is inside a backup (docs/FORMATS.md).
 *
 *   entry  u8 size of the name (1 to 32), the name, u64 size, the content
 *   …
 *   end    u8 0, and nothing after it
 *
 * Names are those of files in a home: lower-case letters, digits, '.' and '-', no '.' in
 * front. So none leads anywhere else. */
#ifndef KITH_NODE_ARCHIVE_H
#define KITH_NODE_ARCHIVE_H

#include "base/bytes.h"
#include "base/writer.h"

#define KITH_ARCHIVE_NAME_MAX 32

/* ---- writing ---- */

/* What stands before the content, which the caller lets follow. The name is a usable
 * one. */
void kith_archive_begin(struct kith_writer *w, const char *name, uint64_t size);
void kith_archive_end(struct kith_writer *w);

/* ---- reading ---- */

/* Each returns 0 or an error (negative), which ends the reading and is passed on. */
struct kith_archive_handler {
    int (*begin)(void *ctx, const char *name, uint64_t size);
    int (*data)(void *ctx, struct kith_bytes bytes);
    int (*end)(void *ctx); /* of the entry */
    void *ctx;
};

enum kith_archive_state {
    KITH_ARCHIVE_NAME_SIZE,
    KITH_ARCHIVE_HEAD,
    KITH_ARCHIVE_CONTENT,
    KITH_ARCHIVE_DONE,
};

struct kith_archive_reader {
    struct kith_archive_handler handler;
    enum kith_archive_state state;
    uint8_t head[KITH_ARCHIVE_NAME_MAX + 8]; /* name and size, as far as they came */
    size_t head_size;
    size_t name_size;
    uint64_t left; /* of the content */
};

void kith_archive_reader_init(struct kith_archive_reader *reader,
                              const struct kith_archive_handler *handler);

/* The next bytes of the stream. KITH_ECORRUPT: not an archive, or something follows its
 * end; else what the handler said. */
int kith_archive_feed(struct kith_archive_reader *reader, struct kith_bytes bytes);

bool kith_archive_is_done(const struct kith_archive_reader *reader);

#endif
