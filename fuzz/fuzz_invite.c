/* SPDX-License-Identifier: MIT */
/* Invites: what was read is written, and reads the same again. */
#include "fuzz.h"

#include <string.h>

#include "base/invite.h"
#include "kith/error.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_invite invite, again;
    const char *why = NULL;
    int error = kith_invite_parse(kith_bytes(data, size), &invite, &why);
    assert(error == 0 || (error == KITH_EINVALID && why != NULL));
    if (error != 0)
        return;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_writer w2 = kith_writer(&kith_alloc_heap);
    kith_invite_format(&invite, &w);
    assert(!w.failed && w.size <= 4 * KITH_INVITE_SIZE_MAX); /* %XX for a byte */
    if (w.size <= KITH_INVITE_SIZE_MAX) {
        assert(kith_invite_parse(kith_writer_view(&w), &again, NULL) == 0);
        kith_invite_format(&again, &w2);
        assert(kith_bytes_equal(kith_writer_view(&w), kith_writer_view(&w2)));
    }
    kith_writer_deinit(&w);
    kith_writer_deinit(&w2);
}
