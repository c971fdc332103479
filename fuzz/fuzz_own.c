/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_event event;
    struct kith_ref refs[2 * KITH_REFS_MAX];
    int error = kith_own_decode(kith_bytes(data, size), &event);
    fuzz_check_error(error);
    if (error != 0)
        return;
    for (size_t i = 0; i < (size_t)event.ctl_count + event.deps_count; i++)
        refs[i] = kith_event_ref(&event, i);
    struct kith_own own = {
        .hlc = event.hlc,
        .kind = event.kind,
        .ctl = refs,
        .ctl_count = event.ctl_count,
        .deps = refs + event.ctl_count,
        .deps_count = event.deps_count,
        .body_size = event.body_size,
    };
    memcpy(own.body_hash, event.body_hash, sizeof own.body_hash);
    struct kith_writer w = fuzz_writer();
    kith_own_encode(&w, &own);
    fuzz_check_prefix(&w, 0, data, size);
}
