/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <string.h>

#include "measure.h"

static void add_messages(struct bench_sample *sample, size_t at, size_t count)
{
    struct kith_writer own = kith_writer(&kith_alloc_heap);
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    uint8_t text[BENCH_TEXT_SIZE];
    memset(text, 'x', sizeof text);
    kith_writer_bytes(&content, text, KITH_SALT_SIZE);
    kith_body_message_encode(&content, kith_bytes(text, sizeof text));
    for (size_t i = 0; i < count; i++) {
        kith_writer_clear(&own);
        kith_own_encode(&own, &(struct kith_own){.hlc = i + 1,
                                                 .kind = KITH_KIND_MESSAGE,
                                                 .body_size = (uint32_t)content.size -
                                                              KITH_SALT_SIZE});
        kith_run_add(&sample->bytes, at, kith_writer_view(&own),
                     kith_writer_view(&content));
    }
    kith_writer_deinit(&own);
    kith_writer_deinit(&content);
}

void bench_sample_init(struct bench_sample *sample, size_t count)
{
    struct kith_run_head head = {.author = {{1}}, .seq_first = 1};
    sample->bytes = kith_writer(&kith_alloc_heap);
    size_t at = kith_run_begin(&sample->bytes, &head);
    add_messages(sample, at, count);
    kith_run_sign(&sample->bytes, at, (const uint8_t[KITH_SIGNATURE_SIZE]){7});
    bench_must(kith_run_decode(kith_writer_view(&sample->bytes), &sample->run) == 0,
               "making a run");
}

void bench_sample_deinit(struct bench_sample *sample)
{
    kith_writer_deinit(&sample->bytes);
}

void bench_sample_move(struct bench_sample *sample, uint64_t seq_first)
{
    sample->run.seq_first = seq_first;
    for (size_t i = 0; i < sample->run.count; i++) {
        struct kith_event *event = &sample->run.events[i];
        uint64_t seq = seq_first + i;
        event->seq = seq;
        event->hlc = (UINT64_C(1700000000000) + seq) << 16;
        uint64_t mixed = seq * UINT64_C(0x9E3779B97F4A7C15);
        memcpy(event->id.bytes, &mixed, sizeof mixed);
    }
}
