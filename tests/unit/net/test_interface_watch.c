/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <sys/resource.h>
#include <unistd.h>

#include "net/interface_watch.h"
#include "own_network.h"

#define WAIT_MS 20000

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    struct kith_interface_watch watch;
    int changes;
    bool is_closed;
};

static void on_limit(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_changed(struct kith_interface_watch *watch,
                       const struct kith_interfaces *before)
{
    struct fixture *f = watch->owner;
    f->changes++;
    uv_stop(&f->loop);
}

static void on_closed(struct kith_interface_watch *watch)
{
    struct fixture *f = watch->owner;
    f->is_closed = true;
}

static void start(struct fixture *f, bool polls)
{
    memset(f, 0, sizeof *f);
    own_network_set_loopback(true);
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->limit);
    kith_interface_watch_init(&f->watch, &f->loop, polls, on_changed);
    f->watch.owner = f;
}

static void await(struct fixture *f)
{
    uv_timer_start(&f->limit, on_limit, WAIT_MS, 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&f->limit);
}

static void end(struct fixture *f)
{
    kith_interface_watch_close(&f->watch, on_closed);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_true(f->is_closed);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void what_goes_and_comes_is_told(void **state)
{
    struct fixture f;
    start(&f, false);
    own_network_set_loopback(false);
    await(&f);
    assert_int_equal(f.changes, 1);
    assert_int_equal(f.watch.now.count, 0);
    own_network_set_loopback(true);
    await(&f);
    assert_int_equal(f.changes, 2);
    assert_true(f.watch.now.count > 0);
    own_network_add_address("10.9.8.7");
    await(&f);
    assert_int_equal(f.changes, 3);
    end(&f);
}

static void out_and_in_again_between_two_looks_is_told(void **state)
{
    struct fixture f;
    start(&f, false);
    struct kith_interfaces before = f.watch.now;
    own_network_set_loopback(false);
    own_network_set_loopback(true);
    await(&f);
    assert_int_equal(f.changes, 1);
    assert_true(kith_interfaces_equal(&before, &f.watch.now));
    end(&f);
}

/* Below it nothing can be opened. What was takes the lowest number that is free. */
static struct rlimit no_more_descriptors(void)
{
    struct rlimit before, none;
    int lowest = dup(0);
    assert_true(lowest >= 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
    close(lowest);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    return before;
}

static void what_the_system_does_not_tell_stays_and_is_asked_for_again(void **state)
{
    struct fixture f;
    start(&f, false);
    struct kith_interfaces before = f.watch.now;
    own_network_add_address("10.9.8.6");
    struct rlimit limits = no_more_descriptors();
    uint64_t end_ms = uv_now(&f.loop) + WAIT_MS;
    uv_timer_start(&f.limit, on_limit, WAIT_MS, 0);
    while (uv_timer_get_due_in(&f.watch.timer) <= KITH_INTERFACE_SETTLE_MS &&
           f.changes == 0 && uv_now(&f.loop) < end_ms)
        uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_equal(f.changes, 0);
    assert_true(kith_interfaces_equal(&before, &f.watch.now));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
    await(&f);
    assert_int_equal(f.changes, 1);
    assert_false(kith_interfaces_equal(&before, &f.watch.now));
    end(&f);
}

static void no_timer_runs_while_nothing_happens(void **state)
{
    struct fixture f;
    start(&f, false);
    uv_run(&f.loop, UV_RUN_NOWAIT);
    assert_false(uv_is_active((uv_handle_t *)&f.watch.timer));
    assert_int_equal(uv_backend_timeout(&f.loop), -1);
    end(&f);
}

static void without_rtnetlink_it_looks_now_and_then(void **state)
{
    struct fixture f;
    start(&f, true);
    assert_int_equal(uv_timer_get_repeat(&f.watch.timer), KITH_INTERFACE_POLL_MS);
    uv_timer_set_repeat(&f.watch.timer, 1);
    uv_timer_again(&f.watch.timer);
    for (int i = 0; i < 3; i++)
        uv_run(&f.loop, UV_RUN_ONCE);
    assert_int_equal(f.changes, 0);
    own_network_set_loopback(false);
    await(&f);
    assert_int_equal(f.changes, 1);
    end(&f);
}

int main(void)
{
    if (!own_network_enter()) {
        print_message("1..0 # SKIP no network namespace can be made here\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_and_comes_is_told),
        cmocka_unit_test(out_and_in_again_between_two_looks_is_told),
        cmocka_unit_test(what_the_system_does_not_tell_stays_and_is_asked_for_again),
        cmocka_unit_test(no_timer_runs_while_nothing_happens),
        cmocka_unit_test(without_rtnetlink_it_looks_now_and_then),
    };
    return cmocka_run_group_tests_name("net interface watch", tests, NULL, NULL);
}
