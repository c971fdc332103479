/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"

#include "kith/error.h"
#include "lib/alloc_failing.h"
#include "lib/unit.h"

static void size_zero_gives_a_block_that_can_be_released(void **state)
{
    void *memory = kith_alloc(&kith_alloc_heap, 0);
    assert_non_null(memory);
    memory = kith_alloc_resize(&kith_alloc_heap, memory, 0);
    assert_non_null(memory);
    kith_release(&kith_alloc_heap, memory);
}

static void zeroed_memory_is_zero(void **state)
{
    uint8_t *memory = kith_alloc_zero(&kith_alloc_heap, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(memory[i], 0);
    kith_release(&kith_alloc_heap, memory);
}

static void a_copy_is_equal_and_apart(void **state)
{
    char original[] = "kith";
    char *copy = kith_alloc_copy(&kith_alloc_heap, original, sizeof original);
    original[0] = 'w';
    assert_string_equal(copy, "kith");
    kith_release(&kith_alloc_heap, copy);
}

static void an_empty_copy_needs_no_source(void **state)
{
    void *copy = kith_alloc_copy(&kith_alloc_heap, NULL, 0);
    assert_non_null(copy);
    kith_release(&kith_alloc_heap, copy);
}

static void releasing_null_does_nothing(void **state)
{
    kith_release(&kith_alloc_heap, NULL);
    kith_release(NULL, NULL);
}

static void arrays_grow_by_doubling_from_8(void **state)
{
    void *items = NULL;
    size_t capacity = 0;
    const size_t asked[] = {1, 8, 9, 16, 17, 1000};
    const size_t given[] = {8, 8, 16, 16, 32, 1024};
    for (size_t i = 0; i < COUNT(asked); i++) {
        assert_int_equal(
            kith_alloc_grow(&kith_alloc_heap, &items, &capacity, asked[i], 4), 0);
        assert_int_equal(capacity, given[i]);
        memset(items, 1, capacity * 4);
    }
    kith_release(&kith_alloc_heap, items);
}

static void asking_for_what_is_there_allocates_nothing(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    void *items = NULL;
    size_t capacity = 0;
    assert_int_equal(kith_alloc_grow(&a.alloc, &items, &capacity, 0, 4), 0);
    assert_int_equal(a.calls, 0);
    assert_null(items);
}

static void failed_growth_leaves_the_array_alone(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    void *items = NULL;
    size_t capacity = 0;
    assert_int_equal(kith_alloc_grow(&a.alloc, &items, &capacity, 8, 4), 0);
    void *before = items;
    alloc_failing_arm(&a, 1);
    assert_int_equal(kith_alloc_grow(&a.alloc, &items, &capacity, 9, 4), KITH_ENOMEM);
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, 8);
    kith_release(&a.alloc, items);
    assert_int_equal(a.live_blocks, 0);
}

static void growth_past_the_address_space_fails(void **state)
{
    void *items = NULL;
    size_t capacity = 0;
    assert_int_equal(
        kith_alloc_grow(&kith_alloc_heap, &items, &capacity, SIZE_MAX / 4 + 2, 4),
        KITH_ENOMEM);
    assert_int_equal(
        kith_alloc_grow(&kith_alloc_heap, &items, &capacity, SIZE_MAX / 2 + 2, 2),
        KITH_ENOMEM);
    assert_null(items);
    assert_int_equal(capacity, 0);
}

static void the_failing_allocator_counts_and_fails_as_told(void **state)
{
    struct alloc_failing a;
    alloc_failing_init(&a);
    alloc_failing_arm(&a, 2);
    void *one = kith_alloc(&a.alloc, 10);
    assert_non_null(one);
    assert_null(kith_alloc(&a.alloc, 10));
    one = kith_alloc_resize(&a.alloc, one, 30);
    assert_int_equal(a.live_blocks, 1);
    assert_int_equal(a.live_bytes, 30);
    alloc_failing_exhaust(&a);
    assert_null(kith_alloc(&a.alloc, 1));
    assert_null(kith_alloc_resize(&a.alloc, one, 40));
    kith_release(&a.alloc, one);
    assert_int_equal(a.live_blocks, 0);
    assert_int_equal(a.live_bytes, 0);
    assert_int_equal(a.live_bytes_max, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_gives_a_block_that_can_be_released),
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(a_copy_is_equal_and_apart),
        cmocka_unit_test(an_empty_copy_needs_no_source),
        cmocka_unit_test(releasing_null_does_nothing),
        cmocka_unit_test(arrays_grow_by_doubling_from_8),
        cmocka_unit_test(asking_for_what_is_there_allocates_nothing),
        cmocka_unit_test(failed_growth_leaves_the_array_alone),
        cmocka_unit_test(growth_past_the_address_space_fails),
        cmocka_unit_test(the_failing_allocator_counts_and_fails_as_told),
    };
    return cmocka_run_group_tests_name("base/alloc", tests, NULL, NULL);
}
