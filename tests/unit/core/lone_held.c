/* SPDX-License-Identifier: MIT */
/* What a lone node says it holds, answers that are held back, and memory that is not. */
#include "lone.h"

#include "core/engine.h"

static bool is_committed(const struct lone *l, const struct kith_id *head)
{
    for (size_t i = 0; i < l->run_count; i++)
        if (l->runs[i].is_committed && kith_id_equal(&l->runs[i].head, head))
            return true;
    return false;
}

void lone_check_held(const struct lone *l, uint8_t type, struct kith_bytes fields)
{
    struct kith_frame_vector vector = {0};
    if (type == KITH_FRAME_HAVE)
        assert_int_equal(kith_frame_have_decode(fields, &vector), 0);
    else if (type == KITH_FRAME_VECTOR)
        assert_int_equal(kith_frame_vector_decode(fields, &vector), 0);
    for (size_t i = 0; !l->is_restored && i < vector.count; i++) {
        struct kith_vector_entry entry = kith_vector_entry_at(&vector, i);
        assert_true(is_committed(l, &entry.head));
    }
}

void lone_shed(struct lone *l)
{
    kith_outbox_deinit(&l->node->out);
    kith_outbox_init(&l->node->out, &l->memory.alloc);
    kith_writer_deinit(&l->node->scratch);
    kith_writer_deinit(&l->node->scratch_body);
}

void lone_load(struct lone *l)
{
    lone_step(l, l->held_load);
}
