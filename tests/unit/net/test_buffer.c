/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"
#include "net/buffer.h"

static void bytes_leave_in_the_order_they_came(void **state)
{
    struct kith_buffer buffer = {0};
    uint8_t in = 0;
    uint8_t out = 0;
    for (int round = 0; round < 5000; round++) {
        for (int i = 0; i < round % 7; i++, in++)
            assert_true(kith_buffer_append(&buffer, kith_bytes(&in, 1)));
        struct kith_bytes view = kith_buffer_view(&buffer);
        size_t take = view.size < 3 ? view.size : 3;
        for (size_t i = 0; i < take; i++, out++)
            assert_int_equal(view.data[i], out);
        kith_buffer_take(&buffer, take);
    }
    assert_int_equal((uint8_t)(in - out), kith_buffer_size(&buffer) & 0xff);
    kith_buffer_deinit(&buffer);
}

static void a_queue_that_never_empties_does_not_grow(void **state)
{
    struct kith_buffer buffer = {0};
    uint8_t block[100] = {0};
    for (int i = 0; i < 10000; i++) {
        assert_true(kith_buffer_append(&buffer, kith_bytes(block, sizeof block)));
        if (i > 0)
            kith_buffer_take(&buffer, sizeof block);
    }
    assert_true(buffer.capacity <= 1024);
    kith_buffer_deinit(&buffer);
}

static void an_empty_buffer_has_no_view(void **state)
{
    struct kith_buffer buffer = {0};
    assert_null(kith_buffer_view(&buffer).data);
    assert_true(kith_buffer_append(&buffer, kith_bytes(NULL, 0)));
    assert_null(buffer.data);
    assert_true(kith_buffer_append(&buffer, BYTES("ab")));
    kith_buffer_take(&buffer, 99);
    assert_int_equal(kith_buffer_size(&buffer), 0);
    kith_buffer_deinit(&buffer);
    kith_buffer_deinit(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_leave_in_the_order_they_came),
        cmocka_unit_test(a_queue_that_never_empties_does_not_grow),
        cmocka_unit_test(an_empty_buffer_has_no_view),
    };
    return cmocka_run_group_tests_name("net buffer", tests, NULL, NULL);
}
