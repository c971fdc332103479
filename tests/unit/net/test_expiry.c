/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"
#include "net/expiry.h"

struct thing {
    struct kith_expiry_item item;
    int order; /* when it expired; 0 while it has not */
};

static int expired_count;

static void on_expired(struct kith_expiry_item *item)
{
    struct thing *thing = kith_list_item(item, struct thing, item);
    thing->order = ++expired_count;
}

struct fixture {
    uv_loop_t loop;
    struct kith_expiry expiry;
    struct thing things[3];
};

static int setup(void **state)
{
    static struct fixture fixture;
    expired_count = 0;
    uv_loop_init(&fixture.loop);
    kith_expiry_init(&fixture.expiry, &fixture.loop, 10, on_expired);
    for (int i = 0; i < 3; i++) {
        fixture.things[i].order = 0;
        kith_expiry_item_init(&fixture.things[i].item);
    }
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    kith_expiry_close(&fixture->expiry, NULL);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&fixture->loop);
}

static void the_oldest_expires_first(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        kith_expiry_add(&fixture->expiry, &fixture->things[i].item);
    uv_run(&fixture->loop, UV_RUN_DEFAULT); /* ends because the timer stops */
    for (int i = 0; i < 3; i++)
        assert_int_equal(fixture->things[i].order, i + 1);
    assert_int_equal(fixture->expiry.count, 0);
}

static void what_is_removed_does_not_expire(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        kith_expiry_add(&fixture->expiry, &fixture->things[i].item);
    kith_expiry_remove(&fixture->expiry, &fixture->things[0].item);
    kith_expiry_remove(&fixture->expiry, &fixture->things[0].item);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    assert_int_equal(fixture->things[0].order, 0);
    assert_int_equal(expired_count, 2);
}

static void no_timer_runs_while_nothing_waits(void **state)
{
    struct fixture *fixture = *state;
    uv_handle_t *timer = (uv_handle_t *)&fixture->expiry.timer;
    assert_false(uv_is_active(timer));
    kith_expiry_add(&fixture->expiry, &fixture->things[0].item);
    assert_true(uv_is_active(timer));
    kith_expiry_remove(&fixture->expiry, &fixture->things[0].item);
    assert_false(uv_is_active(timer));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_expires_first),
        TEST(what_is_removed_does_not_expire),
        TEST(no_timer_runs_while_nothing_waits),
    };
    return cmocka_run_group_tests_name("net expiry", tests, NULL, NULL);
}
