/* SPDX-License-Identifier: MIT */
/* Rows that contradict one another, or that no node ever wrote, are not taken back. */
#include "lone.h"

#include <stdlib.h>

static int setup(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    *state = l;
    return 0;
}

static struct kith_record meta_of(uint32_t next)
{
    return (struct kith_record){.type = KITH_RECORD_META,
                                .meta = {.arrival_next = 1,
                                         .peer_no_next = next,
                                         .room_no_next = next,
                                         .log_no_next = next}};
}

static void numbers_that_no_row_can_have_are_damage(void **state)
{
    struct lone *l = *state;
    struct kith_record good = meta_of(9), bad = good;
    bad.meta.peer_no_next = UINT32_MAX;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad = good;
    bad.meta.room_no_next = KITH_ROOM_NO_MAX + 2;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad = good;
    bad.meta.log_no_next = 0;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad = good;
    bad.meta.arrival_next = 0;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad.meta.arrival_next = INT64_MAX;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    good.meta.room_no_next = KITH_ROOM_NO_MAX + 1;
    assert_int_equal(kith_node_restore(l->node, &good), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_that_no_row_can_have_are_damage, setup,
                                        lone_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
