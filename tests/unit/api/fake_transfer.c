/* SPDX-License-Identifier: MIT */
/* The fake runtime's side of exports and imports. */
#include "fake_runtime.h"

#include <string.h>

#include "base/writer.h"

struct kith_export kith_runtime_export(const struct kith_runtime *runtime,
                                       uint32_t room_no, kith_time since)
{
    return (struct kith_export){
        .room_no = room_no,
        .since = kith_hlc_from_wall(since),
        .arrival = 1,
        .arrival_end = runtime->entry_count + 1,
    };
}

/* A run of one for each entry, without a signature. */
int kith_runtime_export_step(struct kith_runtime *runtime, struct kith_export *export,
                             kith_export_cb *visit, void *ctx, bool *out_more)
{
    *out_more = export->arrival < export->arrival_end;
    if (!*out_more)
        return 0;
    const struct fake_entry *entry = &runtime->entries[export->arrival++ - 1];
    if (export->room_no != 0 && entry->room_no != export->room_no)
        return 0;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    memset(kith_writer_reserve(&w, KITH_SALT_SIZE), 0, KITH_SALT_SIZE);
    kith_body_message_encode(&w, kith_bytes(entry->text, entry->size));
    runtime->run.count = 1;
    runtime->run.bytes = kith_bytes("signed", 6);
    runtime->run.events[0] = (struct kith_event){
        .seq = entry->seq,
        .hlc = entry->hlc,
        .kind = KITH_KIND_MESSAGE,
        .content = kith_writer_view(&w),
        .id = entry->id,
    };
    struct kith_export_run run = {entry->room_no, entry->log_no, entry->author_no,
                                  &runtime->run};
    int stop = visit(ctx, &run);
    kith_writer_deinit(&w);
    return stop;
}

bool kith_runtime_holds(struct kith_runtime *runtime, const struct kith_id *room,
                        struct kith_bytes run)
{
    (void)room, (void)run;
    return runtime->holds_all;
}
