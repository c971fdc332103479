/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include "kith/error.h"
#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "lib/unit.h"

enum { MANY = 5000 };

static const uint8_t hash_key[16] = {1, 2, 3};
static int values[MANY]; /* only their addresses matter */

struct fixture {
    struct alloc_failing a;
    struct kith_map map;
};

static int setup(void **state)
{
    static struct fixture f;
    alloc_failing_init(&f.a);
    kith_map_init(&f.map, &f.a.alloc, hash_key, sizeof(uint32_t));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_map_deinit(&f->map);
    return f->a.live_blocks == 0 && f->a.live_bytes == 0 ? 0 : -1;
}

static void put_all(struct fixture *f, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(kith_map_put(&f->map, &i, &values[i]), 0);
}

static void an_empty_map_holds_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t key = 1;
    assert_null(kith_map_get(&f->map, &key));
    assert_null(kith_map_remove(&f->map, &key));
    assert_null(kith_map_next(&f->map, NULL));
    assert_int_equal(f->map.count, 0);
    assert_int_equal(f->a.calls, 0);
}

static void what_was_put_is_found(void **state)
{
    struct fixture *f = *state;
    put_all(f, MANY);
    assert_int_equal(f->map.count, MANY);
    for (uint32_t i = 0; i < MANY; i++)
        assert_ptr_equal(kith_map_get(&f->map, &i), &values[i]);
    uint32_t absent = MANY;
    assert_null(kith_map_get(&f->map, &absent));
}

static void putting_again_replaces_without_allocating(void **state)
{
    struct fixture *f = *state;
    put_all(f, 10);
    uint32_t key = 3;
    alloc_failing_exhaust(&f->a);
    assert_int_equal(kith_map_put(&f->map, &key, &values[99]), 0);
    assert_ptr_equal(kith_map_get(&f->map, &key), &values[99]);
    assert_int_equal(f->map.count, 10);
}

static void the_key_is_copied(void **state)
{
    struct fixture *f = *state;
    uint32_t key = 7;
    assert_int_equal(kith_map_put(&f->map, &key, &values[0]), 0);
    key = 8;
    assert_null(kith_map_get(&f->map, &key));
    key = 7;
    assert_ptr_equal(kith_map_get(&f->map, &key), &values[0]);
}

static void what_was_removed_is_gone_and_the_rest_stays(void **state)
{
    struct fixture *f = *state;
    put_all(f, MANY);
    for (uint32_t i = 0; i < MANY; i += 2)
        assert_ptr_equal(kith_map_remove(&f->map, &i), &values[i]);
    assert_int_equal(f->map.count, MANY / 2);
    for (uint32_t i = 0; i < MANY; i++)
        assert_ptr_equal(kith_map_get(&f->map, &i), i % 2 ? &values[i] : NULL);
}

static void an_emptied_map_holds_no_memory_and_can_be_filled_again(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 3; round++) {
        put_all(f, 100);
        for (uint32_t i = 0; i < 100; i++)
            assert_non_null(kith_map_remove(&f->map, &i));
        assert_int_equal(f->map.count, 0);
        assert_int_equal(f->a.live_blocks, 0);
    }
}

static void iteration_is_in_order_of_insertion(void **state)
{
    struct fixture *f = *state;
    put_all(f, MANY);
    uint32_t expected = 0;
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&f->map, entry))) {
        assert_memory_equal(kith_map_entry_key(entry), &expected, sizeof expected);
        assert_ptr_equal(kith_map_entry_value(entry), &values[expected]);
        expected++;
    }
    assert_int_equal(expected, MANY);
}

static void iteration_may_remove_behind_itself(void **state)
{
    struct fixture *f = *state;
    put_all(f, 100);
    size_t seen = 0;
    for (struct kith_map_entry *entry = kith_map_next(&f->map, NULL), *next; entry;
         entry = next) {
        next = kith_map_next(&f->map, entry);
        assert_non_null(kith_map_remove(&f->map, kith_map_entry_key(entry)));
        seen++;
    }
    assert_int_equal(seen, 100);
    assert_int_equal(f->map.count, 0);
}

/* Whether the map holds exactly the first `count` keys, by look-up and in order. */
static void assert_holds_first(struct fixture *f, uint32_t count)
{
    assert_int_equal(f->map.count, count);
    uint32_t seen = 0;
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&f->map, entry))) {
        assert_memory_equal(kith_map_entry_key(entry), &seen, sizeof seen);
        assert_ptr_equal(kith_map_get(&f->map, &seen), &values[seen]);
        seen++;
    }
    assert_int_equal(seen, count);
}

static void running_out_of_memory_leaves_the_map_as_it_was(void **state)
{
    struct fixture *f = *state;
    size_t failures = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        for (size_t fail_at = 1;; fail_at++) {
            size_t blocks = f->a.live_blocks;
            alloc_failing_arm(&f->a, fail_at);
            int result = kith_map_put(&f->map, &i, &values[i]);
            if (result == 0)
                break;
            failures++;
            assert_int_equal(result, KITH_ENOMEM);
            assert_int_equal(f->a.live_blocks, blocks);
            assert_null(kith_map_get(&f->map, &i));
            assert_holds_first(f, i);
        }
        alloc_failing_arm(&f->a, 0);
    }
    /* One entry each, the first table with its buckets, and several expansions. */
    assert_true(failures > 1000 + 4);
}

static void keys_of_every_size_and_value_are_told_apart(void **state)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 2);
    for (size_t size = 1; size <= KITH_MAP_KEY_MAX; size++) {
        struct kith_map map;
        kith_map_init(&map, &kith_alloc_heap, hash_key, size);
        uint8_t key[KITH_MAP_KEY_MAX] = {0};
        kith_rng_fill(&r.rng, key, size);
        assert_int_equal(kith_map_put(&map, key, &values[0]), 0);
        for (size_t i = 0; i < size; i++) {
            key[i] ^= 1;
            assert_null(kith_map_get(&map, key));
            key[i] ^= 1;
        }
        assert_ptr_equal(kith_map_get(&map, key), &values[0]);
        kith_map_deinit(&map);
    }
}

static void deinit_accepts_nothing_and_can_be_repeated(void **state)
{
    struct kith_map zeroed = {0};
    kith_map_deinit(NULL);
    kith_map_deinit(&zeroed);
    struct fixture *f = *state;
    put_all(f, 3);
    kith_map_deinit(&f->map);
    kith_map_deinit(&f->map);
    assert_int_equal(f->map.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_map_holds_nothing),
        TEST(what_was_put_is_found),
        TEST(putting_again_replaces_without_allocating),
        TEST(the_key_is_copied),
        TEST(what_was_removed_is_gone_and_the_rest_stays),
        TEST(an_emptied_map_holds_no_memory_and_can_be_filled_again),
        TEST(iteration_is_in_order_of_insertion),
        TEST(iteration_may_remove_behind_itself),
        TEST(running_out_of_memory_leaves_the_map_as_it_was),
        TEST(keys_of_every_size_and_value_are_told_apart),
        TEST(deinit_accepts_nothing_and_can_be_repeated),
    };
    return cmocka_run_group_tests_name("base/map", tests, NULL, NULL);
}
