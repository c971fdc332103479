/* SPDX-License-Identifier: MIT */
#include "node/archive.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "kith/error.h"

static bool is_name(const uint8_t *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool is_plain = (name[i] >= 'a' && name[i] <= 'z') ||
                        (name[i] >= '0' && name[i] <= '9') || name[i] == '-';
        if (!is_plain && (name[i] != '.' || i == 0))
            return false;
    }
    return size > 0 && size <= KITH_ARCHIVE_NAME_MAX;
}

void kith_archive_begin(struct kith_writer *w, const char *name, uint64_t size)
{
    assert(is_name((const uint8_t *)name, strlen(name)));
    kith_writer_bytes8(w, kith_bytes(name, strlen(name)));
    kith_writer_u64(w, size);
}

void kith_archive_end(struct kith_writer *w)
{
    kith_writer_u8(w, 0);
}

void kith_archive_reader_init(struct kith_archive_reader *reader,
                              const struct kith_archive_handler *handler)
{
    *reader = (struct kith_archive_reader){.handler = *handler};
}

bool kith_archive_is_done(const struct kith_archive_reader *reader)
{
    return reader->state == KITH_ARCHIVE_DONE;
}

static int end_entry(struct kith_archive_reader *reader)
{
    reader->state = KITH_ARCHIVE_NAME_SIZE;
    return reader->handler.end(reader->handler.ctx);
}

static int take_name_size(struct kith_archive_reader *reader, uint8_t size)
{
    if (size > KITH_ARCHIVE_NAME_MAX)
        return KITH_ECORRUPT;
    reader->name_size = size;
    reader->head_size = 0;
    reader->state = size == 0 ? KITH_ARCHIVE_DONE : KITH_ARCHIVE_HEAD;
    return 0;
}

static int begin_entry(struct kith_archive_reader *reader)
{
    char name[KITH_ARCHIVE_NAME_MAX + 1] = "";
    struct kith_reader r = kith_reader(kith_bytes(reader->head, reader->head_size));
    kith_reader_copy(&r, name, reader->name_size);
    reader->left = kith_reader_u64(&r);
    if (!is_name(reader->head, reader->name_size))
        return KITH_ECORRUPT;
    reader->state = KITH_ARCHIVE_CONTENT;
    int error = reader->handler.begin(reader->handler.ctx, name, reader->left);
    return error != 0 || reader->left > 0 ? error : end_entry(reader);
}

static int take_head(struct kith_archive_reader *reader, struct kith_bytes *bytes)
{
    size_t size = reader->name_size + 8 - reader->head_size;
    if (size > bytes->size)
        size = bytes->size;
    memcpy(reader->head + reader->head_size, bytes->data, size);
    reader->head_size += size;
    *bytes = kith_bytes(bytes->data + size, bytes->size - size);
    return reader->head_size == reader->name_size + 8 ? begin_entry(reader) : 0;
}

static int take_content(struct kith_archive_reader *reader, struct kith_bytes *bytes)
{
    size_t size = bytes->size < reader->left ? bytes->size : (size_t)reader->left;
    struct kith_bytes piece = kith_bytes(bytes->data, size);
    reader->left -= size;
    *bytes = kith_bytes(bytes->data + size, bytes->size - size);
    int error = reader->handler.data(reader->handler.ctx, piece);
    return error != 0 || reader->left > 0 ? error : end_entry(reader);
}

int kith_archive_feed(struct kith_archive_reader *reader, struct kith_bytes bytes)
{
    int error = 0;
    while (error == 0 && bytes.size > 0) {
        switch (reader->state) {
        case KITH_ARCHIVE_NAME_SIZE:
            error = take_name_size(reader, bytes.data[0]);
            bytes = kith_bytes(bytes.data + 1, bytes.size - 1);
            break;
        case KITH_ARCHIVE_HEAD:
            error = take_head(reader, &bytes);
            break;
        case KITH_ARCHIVE_CONTENT:
            error = take_content(reader, &bytes);
            break;
        case KITH_ARCHIVE_DONE:
            return KITH_ECORRUPT;
        }
    }
    return error;
}
