/* SPDX-License-Identifier: MIT */
#include "base/list.h"

#include "lib/unit.h"

struct item {
    int number;
    struct kith_list node;
};

static int number_of(struct kith_list *node)
{
    return kith_list_item(node, struct item, node)->number;
}

static void a_new_list_is_empty(void **state)
{
    struct kith_list head;
    kith_list_init(&head);
    assert_true(kith_list_is_empty(&head));
    kith_list_each (node, &head)
        fail();
}

static void items_come_in_the_order_of_pushing(void **state)
{
    struct item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    struct kith_list head;
    kith_list_init(&head);
    for (int i = 0; i < 3; i++)
        kith_list_push(&head, &items[i].node);
    int expected = 0;
    kith_list_each (node, &head)
        assert_int_equal(number_of(node), expected++);
    assert_int_equal(expected, 3);
    assert_false(kith_list_is_empty(&head));
}

static void removing_twice_is_harmless(void **state)
{
    struct item items[2] = {{.number = 0}, {.number = 1}};
    struct kith_list head;
    kith_list_init(&head);
    kith_list_push(&head, &items[0].node);
    kith_list_push(&head, &items[1].node);
    kith_list_remove(&items[0].node);
    kith_list_remove(&items[0].node);
    assert_int_equal(number_of(head.next), 1);
    assert_ptr_equal(head.next, head.prev);
}

static void the_safe_loop_may_remove_what_it_stands_on(void **state)
{
    struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    struct kith_list head;
    kith_list_init(&head);
    for (int i = 0; i < 4; i++)
        kith_list_push(&head, &items[i].node);
    int seen = 0;
    kith_list_each_safe (node, &head) {
        assert_int_equal(number_of(node), seen++);
        kith_list_remove(node);
    }
    assert_int_equal(seen, 4);
    assert_true(kith_list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_list_is_empty),
        cmocka_unit_test(items_come_in_the_order_of_pushing),
        cmocka_unit_test(removing_twice_is_harmless),
        cmocka_unit_test(the_safe_loop_may_remove_what_it_stands_on),
    };
    return cmocka_run_group_tests_name("base/list", tests, NULL, NULL);
}
