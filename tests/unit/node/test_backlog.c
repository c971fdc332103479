/* SPDX-License-Identifier: MIT */
#include "node/backlog.h"

#include "lib/unit.h"

static void first_in_is_first_out_while_it_grows(void **state)
{
    struct kith_backlog backlog = {0};
    struct kith_backlog_item item = {.type = KITH_INPUT_VERIFIED}, out;
    uint64_t pushed = 0, popped = 0;
    (void)state;
    assert_false(kith_backlog_pop(&backlog, &out));
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 3; i++) {
            item.verified.verify_no = pushed++;
            assert_int_equal(kith_backlog_push(&backlog, &item), 0);
        }
        for (int i = 0; i < (round < 100 ? 2 : 4); i++) {
            if (!kith_backlog_pop(&backlog, &out))
                break;
            assert_int_equal(out.verified.verify_no, popped++);
        }
    }
    while (kith_backlog_pop(&backlog, &out))
        assert_int_equal(out.verified.verify_no, popped++);
    assert_int_equal(popped, pushed);
    assert_true(kith_backlog_is_empty(&backlog));
    kith_backlog_deinit(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out_while_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
