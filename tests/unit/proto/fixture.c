/* SPDX-License-Identifier: MIT */
#include "unit/proto/fixture.h"

#include <stdlib.h>

#include "unit/proto/golden.h"

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    sample_init(&f->sample);
    f->w = kith_writer(&kith_alloc_heap);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    sample_deinit(&f->sample);
    kith_writer_deinit(&f->w);
    free(f);
    return 0;
}

int fixture_clear(void **state)
{
    struct fixture *f = *state;
    kith_writer_clear(&f->w);
    return 0;
}

struct kith_bytes frame_fields(const struct kith_writer *w)
{
    assert_false(w->failed);
    assert_true(w->size >= 5);
    return kith_bytes(w->data + 5, w->size - 5);
}

struct kith_bytes fixture_golden(struct fixture *f, const char *name)
{
    struct kith_writer text = kith_writer(&kith_alloc_heap);
    golden_read(name, &text);
    golden_parse(kith_writer_view(&text), &f->w);
    kith_writer_deinit(&text);
    bool is_frame = strncmp(name, "frame_", 6) == 0;
    return is_frame ? frame_fields(&f->w) : kith_writer_view(&f->w);
}
