/* SPDX-License-Identifier: MIT */
#include "proto/frame.h"

#include "unit/proto/fixture.h"

static void golden_proof_is_of_alice(void **state)
{
    struct fixture *f = *state;
    struct kith_frame_proof frame;
    struct kith_bytes fields = fixture_golden(f, "frame_proof");
    assert_int_equal(f->w.data[4], KITH_FRAME_PROOF);
    assert_int_equal(kith_frame_proof_decode(fields, &frame), 0);
    assert_memory_equal(frame.mac, f->sample.proof, KITH_HASH_SIZE);
}

static void no_fields_are_refused(void **state)
{
    (void)state;
    struct kith_frame_proof frame;
    assert_int_equal(kith_frame_proof_decode(kith_bytes(NULL, 0), &frame), KITH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_proof_is_of_alice),
        FIXTURE_TEST(no_fields_are_refused),
    };
    return FIXTURE_RUN(tests);
}
