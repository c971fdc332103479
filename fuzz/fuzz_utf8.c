/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "base/utf8.h"

/* What is safe to show is valid, holds nothing unsafe and no line feed. */
static void check_shown(struct kith_bytes shown)
{
    assert(kith_utf8_is_valid(shown));
    if (shown.size == 0)
        return;
    const uint8_t *end = shown.data + shown.size;
    for (const uint8_t *at = shown.data; at < end;)
        assert(!kith_utf8_is_unsafe(kith_utf8_next(&at, end)));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_bytes text = kith_bytes(data, size);
    bool found_replacement = false;
    const uint8_t *at = data;
    while (at < data + size) {
        const uint8_t *before = at;
        found_replacement |= kith_utf8_next(&at, data + size) == KITH_UTF8_REPLACEMENT;
        assert(at > before && at <= data + size && at - before <= 4);
    }
    assert(kith_utf8_is_valid(text) || found_replacement);

    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_utf8_write_safe(&w, text, " / ");
    assert(!w.failed);
    check_shown(kith_writer_view(&w));
    kith_writer_deinit(&w);
}
