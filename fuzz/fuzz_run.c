/* SPDX-License-Identifier: MIT */
#include "fuzz_proto.h"

static struct kith_run run;

static void check_event(const struct kith_event *event, size_t index)
{
    assert(event->seq == run.seq_first + index && event->seq <= KITH_SEQ_MAX);
    assert(index == 0 || event->hlc > event[-1].hlc);
    assert(event->own.size <= KITH_OWN_SIZE_MAX);
    assert(event->content.size == 0 ||
           event->content.size == KITH_SALT_SIZE + (size_t)event->body_size);
    for (size_t i = 0; i < (size_t)event->ctl_count + event->deps_count; i++)
        assert(kith_event_ref(event, i).seq >= 1);
}

/* A decoded run is put together again byte for byte: nothing in it is lost. */
static void check_rebuilt(const uint8_t *data, size_t size)
{
    struct kith_writer w = fuzz_writer();
    struct kith_run_head head = {run.author, run.log_class, run.log, run.seq_first,
                                 run.prev};
    size_t at = kith_run_begin(&w, &head);
    for (size_t i = 0; i < run.count; i++)
        kith_run_add(&w, at, run.events[i].own, run.events[i].content);
    kith_run_sign(&w, at, run.signature);
    assert(w.size == size);
    fuzz_check_prefix(&w, 0, data, size);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    int error = kith_run_decode(kith_bytes(data, size), &run);
    assert(error == 0 || error == KITH_EPROTO || error == KITH_ETOOBIG ||
           error == KITH_EVERSION);
    if (error != 0)
        return;
    assert(run.count >= 1 && run.count <= KITH_RUN_COUNT_MAX);
    for (size_t i = 0; i < run.count; i++)
        check_event(&run.events[i], i);
    check_rebuilt(data, size);
}
