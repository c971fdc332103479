/* SPDX-License-Identifier: MIT */
#include "proto/event.h"

#include <string.h>

#include "base/name.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "kith/error.h"

void kith_body_message_encode(struct kith_writer *w, struct kith_bytes text)
{
    kith_writer_bytes32(w, text);
}

bool kith_text_is_valid(struct kith_bytes text)
{
    return text.size > 0 && text.size <= KITH_TEXT_SIZE_MAX &&
           memchr(text.data, 0, text.size) == NULL && kith_utf8_is_valid(text);
}

int kith_body_message_decode(struct kith_bytes body, struct kith_bytes *out_text)
{
    struct kith_reader r = kith_reader(body);
    struct kith_bytes text = kith_reader_bytes32(&r, KITH_TEXT_SIZE_MAX);
    if (r.failed || !kith_text_is_valid(text))
        return KITH_EPROTO;
    *out_text = text;
    return 0;
}

void kith_body_profile_encode(struct kith_writer *w, struct kith_bytes name)
{
    kith_writer_bytes8(w, name);
}

int kith_body_profile_decode(struct kith_bytes body, struct kith_bytes *out_name)
{
    struct kith_reader r = kith_reader(body);
    struct kith_bytes name = kith_reader_bytes8(&r, KITH_NAME_SIZE_MAX);
    if (r.failed)
        return KITH_EPROTO;
    *out_name = name;
    return 0;
}
