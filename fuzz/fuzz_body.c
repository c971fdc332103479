/* SPDX-License-Identifier: MIT */
/* Both kinds of body read the same input. */
#include "fuzz_proto.h"

#include "base/utf8.h"

static void check_message(const uint8_t *data, size_t size)
{
    struct kith_bytes text;
    int error = kith_body_message_decode(kith_bytes(data, size), &text);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(text.size >= 1 && text.size <= KITH_TEXT_SIZE_MAX);
    assert(kith_utf8_is_valid(text));
    struct kith_writer w = fuzz_writer();
    kith_body_message_encode(&w, text);
    fuzz_check_prefix(&w, 0, data, size);
}

static void check_profile(const uint8_t *data, size_t size)
{
    struct kith_bytes name;
    int error = kith_body_profile_decode(kith_bytes(data, size), &name);
    fuzz_check_error(error);
    if (error != 0)
        return;
    assert(name.size <= KITH_NAME_SIZE_MAX);
    struct kith_writer w = fuzz_writer();
    kith_body_profile_encode(&w, name);
    fuzz_check_prefix(&w, 0, data, size);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    check_message(data, size);
    check_profile(data, size);
}
