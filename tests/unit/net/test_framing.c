/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <stdlib.h>
#include "kith/error.h"
#include "net/framing.h"

struct seen {
    size_t count;
    size_t sizes[8];
    uint8_t last[64];
    size_t stop_after; /* 0 never */
};

static bool on_frame(void *ctx, struct kith_bytes frame)
{
    struct seen *seen = ctx;
    assert_true(seen->count < COUNT(seen->sizes));
    seen->sizes[seen->count++] = frame.size;
    if (frame.size <= sizeof seen->last)
        memcpy(seen->last, frame.data, frame.size);
    return seen->count != seen->stop_after;
}

/* In memory of exactly its size, so that a read past it is seen. */
static int feed(struct kith_framing *framing, struct kith_bytes bytes, struct seen *seen)
{
    uint8_t *copy = malloc(bytes.size ? bytes.size : 1);
    assert_non_null(copy);
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    int error = kith_framing_feed(framing, kith_bytes(copy, bytes.size), on_frame, seen);
    free(copy);
    return error;
}

static const struct kith_bytes three = {
    (const uint8_t *)"\0\0\0\1a\0\0\0\5hello\0\0\0\2yz", 4 + 1 + 4 + 5 + 4 + 2};

static void frames_come_out_whole_wherever_the_stream_is_cut(void **state)
{
    for (size_t i = 0; i <= three.size; i++) {
        for (size_t j = i; j <= three.size; j++) {
            struct kith_framing framing = {.size_max = 5};
            struct seen seen = {0};
            assert_int_equal(feed(&framing, kith_bytes(three.data, i), &seen), 0);
            assert_int_equal(feed(&framing, kith_bytes(three.data + i, j - i), &seen), 0);
            assert_int_equal(
                feed(&framing, kith_bytes(three.data + j, three.size - j), &seen), 0);
            assert_int_equal(seen.count, 3);
            assert_int_equal(seen.sizes[1], 5);
            assert_memory_equal(seen.last, "yzllo", 5);
            assert_null(framing.partial.data);
            kith_framing_deinit(&framing);
        }
    }
}

static void byte_by_byte_is_enough(void **state)
{
    struct kith_framing framing = {.size_max = 5};
    struct seen seen = {0};
    for (size_t i = 0; i < three.size; i++)
        assert_int_equal(feed(&framing, kith_bytes(three.data + i, 1), &seen), 0);
    assert_int_equal(seen.count, 3);
    kith_framing_deinit(&framing);
}

static void a_length_above_the_limit_is_too_big_at_once(void **state)
{
    struct kith_framing framing = {.size_max = 4};
    struct seen seen = {0};
    assert_int_equal(feed(&framing, BYTES("\0\0\0\1a\0\0\0\5"), &seen), KITH_ETOOBIG);
    assert_int_equal(seen.count, 1);
    kith_framing_deinit(&framing);

    framing = (struct kith_framing){.size_max = 4};
    assert_int_equal(feed(&framing, BYTES("\xff\xff"), &seen), 0);
    assert_int_equal(feed(&framing, BYTES("\xff\xff"), &seen), KITH_ETOOBIG);
    kith_framing_deinit(&framing);
}

static void a_length_of_nothing_is_malformed(void **state)
{
    struct kith_framing framing = {.size_max = 4};
    struct seen seen = {0};
    assert_int_equal(feed(&framing, BYTES("\0\0\0\0"), &seen), KITH_EPROTO);
    kith_framing_deinit(&framing);
}

static void memory_follows_what_arrived_not_what_is_promised(void **state)
{
    struct kith_framing framing = {.size_max = 1024 * 1024};
    struct seen seen = {0};
    assert_int_equal(feed(&framing, BYTES("\0\x10\0\0abc"), &seen), 0);
    assert_true(framing.partial.capacity <= 1024);
    kith_framing_deinit(&framing);
}

static void a_refusal_stops_the_cutting(void **state)
{
    struct kith_framing framing = {.size_max = 5};
    struct seen seen = {.stop_after = 1};
    assert_int_equal(feed(&framing, three, &seen), 0);
    assert_int_equal(seen.count, 1);
    kith_framing_deinit(&framing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_whole_wherever_the_stream_is_cut),
        cmocka_unit_test(byte_by_byte_is_enough),
        cmocka_unit_test(a_length_above_the_limit_is_too_big_at_once),
        cmocka_unit_test(a_length_of_nothing_is_malformed),
        cmocka_unit_test(memory_follows_what_arrived_not_what_is_promised),
        cmocka_unit_test(a_refusal_stops_the_cutting),
    };
    return cmocka_run_group_tests_name("net framing", tests, NULL, NULL);
}
