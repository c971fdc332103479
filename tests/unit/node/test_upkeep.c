/* SPDX-License-Identifier: MIT */
#include "node/upkeep.h"

#include "lib/unit.h"

static void on_settled(void *ctx, int error)
{
}

static void a_search_waits_no_longer_in_a_turn_whose_rows_hold_the_index_up(void **state)
{
    uv_loop_t loop;
    struct kith_store *store;
    struct kith_upkeep upkeep;
    struct kith_store_config config = {.path = ":memory:"};
    struct kith_record record = {.type = KITH_RECORD_META};
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(kith_store_open(&config, &store, NULL), 0);
    assert_int_equal(kith_upkeep_init(&upkeep, &loop, store, on_settled, NULL), 0);
    assert_int_equal(kith_store_put(store, &record), 0);
    upkeep.turn_ms = UINT64_MAX;
    assert_false(kith_upkeep_index(&upkeep));
    kith_upkeep_turn(&upkeep, false); /* nor at the end of a turn that left some */
    assert_int_equal(upkeep.rows, KITH_INDEX_ROWS_FIRST); /* no slice was tried */
    upkeep.turn_ms = UINT64_MAX;
    assert_false(kith_upkeep_index(&upkeep));
    assert_int_equal(kith_store_commit(store), 0);
    kith_upkeep_turn(&upkeep, true);                     /* it has its share then */
    assert_int_equal(kith_store_put(store, &record), 0); /* and there are others */
    upkeep.turn_ms = UINT64_MAX;
    assert_true(kith_upkeep_index(&upkeep));
    assert_int_equal(kith_store_commit(store), 0);
    kith_upkeep_stop(&upkeep);
    uv_close((uv_handle_t *)&upkeep.quiet, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    kith_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_waits_no_longer_in_a_turn_whose_rows_hold_the_index_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
