/* SPDX-License-Identifier: MIT */
/* Ports mapped by NAT-PMP and PCP. Nobody answers by UPnP here: a search takes 1 s. */
#include "portmap_fixture.h"

#include <arpa/inet.h>
#include <sys/resource.h>

#include "fake_natpmp.h"
#include "net/portmap_natpmp.h"
#include "own_network.h"

struct fixture {
    struct portmap_fixture on;
    struct fake_natpmp router;
};

#define PATIENT_MS 5000
#define HASTY_MS   20

static int set_up(void **state)
{
    static struct fixture f;
    portmap_fixture_init(&f.on);
    f.on.try_ms =
        PATIENT_MS; /* requests are counted: no second one on a loaded machine */
    fake_natpmp_start(&f.router, &f.on.loop);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->on.portmap != NULL)
        portmap_fixture_close(&f->on);
    fake_natpmp_stop(&f->router);
    portmap_fixture_deinit(&f->on);
    return 0;
}

static void start(struct fixture *f, unsigned second_ms)
{
    portmap_fixture_start(&f->on, FAKE_ROUTER, second_ms);
}

static struct in_addr at(const char *text)
{
    struct in_addr address;
    assert_int_equal(inet_pton(AF_INET, text, &address), 1);
    return address;
}

static void private_and_public_addresses_are_told_apart(void **state)
{
    static const char *const private[] = {"10.0.0.1",    "172.16.0.1", "172.31.255.255",
                                          "192.168.3.4", "100.64.0.1", "100.127.255.255"};
    static const char *const public[] = {
        "9.255.255.255",  "11.0.0.1",    "172.15.255.255", "172.32.0.1",
        "100.63.255.255", "100.128.0.1", "203.0.113.7",    "223.255.255.255"};
    static const char *const neither[] = {"0.0.0.0", "127.0.0.1", "169.254.1.1",
                                          "224.0.0.1", "255.255.255.255"};
    for (size_t i = 0; i < COUNT(private); i++)
        assert_true(kith_portmap_is_private(at(private[i])) &&
                    !kith_portmap_is_public(at(private[i])));
    for (size_t i = 0; i < COUNT(public); i++)
        assert_true(kith_portmap_is_public(at(public[i])) &&
                    !kith_portmap_is_private(at(public[i])));
    for (size_t i = 0; i < COUNT(neither); i++)
        assert_false(kith_portmap_is_public(at(neither[i])) ||
                     kith_portmap_is_private(at(neither[i])));
}

static void a_port_that_is_granted_is_told(void **state)
{
    struct fixture *f = *state;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_assert_external(&f->on, "203.0.113.7", PORTMAP_PORT);
    assert_string_equal(f->on.view.protocol, "NAT-PMP");
    assert_string_equal(f->on.view.router, FAKE_ROUTER);
    assert_int_equal(f->on.view.lifetime_s, 3600);
    assert_int_equal(f->router.inner_port, PORTMAP_PORT);
    assert_int_equal(f->router.wished_s, KITH_PORTMAP_LIFETIME_S);
    assert_int_equal(f->router.requests, 2);
}

static void another_port_that_is_granted_is_told_and_kept(void **state)
{
    struct fixture *f = *state;
    f->router.port = 50123;
    start(f, 1);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_assert_external(&f->on, "203.0.113.7", 50123);
    portmap_fixture_until(&f->on, f->router.mappings == 2);
    assert_int_equal(f->router.wished_port, 50123);
    assert_int_equal(f->on.changes, 1);
}

static void a_mapping_is_renewed_at_half_of_its_lifetime(void **state)
{
    struct fixture *f = *state;
    f->router.lifetime_s = 100;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    uint64_t first = f->router.mapped_at;
    portmap_fixture_until(&f->on, f->router.mappings == 2);
    assert_true(f->router.mapped_at - first >= 500);
    portmap_fixture_until(&f->on, f->router.mappings == 3);
    assert_int_equal(f->on.changes, 1);
}

static void a_router_that_grants_moments_is_not_asked_all_the_time(void **state)
{
    struct fixture *f = *state;
    f->router.lifetime_s = 1;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    uint64_t first = f->router.mapped_at;
    portmap_fixture_until(&f->on, f->router.mappings == 2);
    assert_true(f->router.mapped_at - first >= 10 * KITH_PORTMAP_RENEW_LEAST_S);
}

static void a_mapping_outlives_a_renewal_without_descriptors(void **state)
{
    struct fixture *f = *state;
    struct rlimit usual;
    f->router.lifetime_s = 100;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    const struct rlimit none = {.rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    kith_portmap_refresh(f->on.portmap);
    uv_run(&f->on.loop, UV_RUN_ONCE); /* the round that cannot look */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(f->on.changes, 1);
    portmap_fixture_until(&f->on, f->router.mappings == 2);
    assert_int_equal(f->on.changes, 1);
    assert_int_equal(f->on.view.state, KITH_PORTMAP_MAPPED);
}

static void a_router_that_restarts_is_given_the_mapping_again(void **state)
{
    struct fixture *f = *state;
    f->router.lifetime_s = UINT32_MAX;
    start(f, 1);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    uint64_t first = f->router.mapped_at;
    fake_natpmp_restart(&f->router);
    portmap_fixture_until(&f->on, f->router.held_port == PORTMAP_PORT);
    assert_true(f->router.mapped_at - first >= KITH_PORTMAP_RENEW_MOST_S);
    assert_int_equal(f->on.changes, 1);
}

static void an_address_that_changes_is_told(void **state)
{
    struct fixture *f = *state;
    start(f, 1);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    f->router.external = "198.51.100.9";
    portmap_fixture_until(&f->on, f->on.changes == 2);
    portmap_fixture_assert_external(&f->on, "198.51.100.9", PORTMAP_PORT);
}

static void a_router_behind_another_is_told_as_such(void **state)
{
    struct fixture *f = *state;
    f->router.external = "192.168.178.2";
    start(f, 1);
    portmap_fixture_await(&f->on, KITH_PORTMAP_BEHIND);
    portmap_fixture_assert_external(&f->on, "192.168.178.2", PORTMAP_PORT);
    f->router.external = "0.0.0.0";
    portmap_fixture_until(&f->on, f->on.changes == 2);
    assert_int_equal(f->on.view.state, KITH_PORTMAP_BEHIND);
    portmap_fixture_assert_external(&f->on, "0.0.0.0", PORTMAP_PORT);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
    struct fixture *f = *state;
    f->router.result = 2;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_REFUSED);
    assert_string_equal(f->on.view.protocol, "NAT-PMP");
    assert_string_equal(f->on.view.why, "port mapping is turned off there");
    assert_int_equal(f->router.mappings, 1);
}

static void what_makes_no_sense_is_no_mapping(void **state)
{
    struct fixture *f = *state;
    f->router.grants_port_0 = true;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_REFUSED);
    assert_string_equal(f->on.view.why, "its answer makes no sense");
}

static void a_router_that_knows_only_pcp_is_asked_by_it(void **state)
{
    struct fixture *f = *state;
    f->router.is_pcp_only = true;
    f->router.port = 50123;
    f->router.lifetime_s = 100;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_assert_external(&f->on, "203.0.113.7", 50123);
    assert_string_equal(f->on.view.protocol, "PCP");
    assert_int_equal(f->router.requests, 2);
    portmap_fixture_until(&f->on, f->router.mappings == 2); /* its owner renews it */
    assert_int_equal(f->router.wished_port, 50123);
    assert_int_equal(f->router.requests, 3);
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.held_port, 0);
    assert_int_equal(f->on.changes, 1);
}

static void a_refusal_by_pcp_is_told_with_its_reason(void **state)
{
    struct fixture *f = *state;
    f->router.is_pcp_only = true;
    f->router.result = 8;
    start(f, 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_REFUSED);
    assert_string_equal(f->on.view.protocol, "PCP");
    assert_string_equal(f->on.view.why, "it has no mapping left to give");
    assert_int_equal(f->router.mappings, 1);
}

static void noise_is_passed_over(void **state)
{
    struct fixture *f = *state;
    f->router.is_noisy = true;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_assert_external(&f->on, "203.0.113.7", PORTMAP_PORT);
    assert_int_equal(f->on.view.lifetime_s, 3600);
}

static void a_silent_router_is_asked_a_few_times_and_then_left_alone(void **state)
{
    struct fixture *f = *state;
    f->on.try_ms = HASTY_MS;
    f->router.is_silent = true;
    start(f, 1000);
    portmap_fixture_await(&f->on, KITH_PORTMAP_UNANSWERED);
    assert_int_equal(f->router.requests, KITH_NATPMP_TRIES);
    assert_in_range(uv_backend_timeout(&f->on.loop), 750 * KITH_PORTMAP_RETRY_S - 100,
                    1250 * KITH_PORTMAP_RETRY_S + 100);
}

static void a_router_that_answers_late_is_heard_at_the_next_try(void **state)
{
    struct fixture *f = *state;
    f->on.try_ms = HASTY_MS;
    f->router.is_silent = true;
    start(f, 10);
    portmap_fixture_until(&f->on, f->router.requests == 2);
    f->router.is_silent = false;
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
}

static void a_lost_renewal_leaves_the_mapping_until_its_end(void **state)
{
    struct fixture *f = *state;
    f->on.try_ms = HASTY_MS;
    start(f, 2);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    uint64_t end = f->router.mapped_at + 2 * KITH_PORTMAP_LIFETIME_S;
    f->router.is_silent = true;
    portmap_fixture_until(&f->on, f->router.requests >= 2 + 2 * KITH_NATPMP_TRIES);
    assert_int_equal(kith_portmap_view(f->on.portmap)->state, KITH_PORTMAP_MAPPED);
    portmap_fixture_await(&f->on, KITH_PORTMAP_UNANSWERED);
    assert_true(uv_now(&f->on.loop) >= end);
}

static void a_host_with_a_public_address_asks_nobody(void **state)
{
    struct fixture *f = *state;
    own_network_add_address("203.0.113.1");
    portmap_fixture_start(&f->on, "203.0.113.1", 10);
    portmap_fixture_await(&f->on, KITH_PORTMAP_NEEDLESS);
    own_network_add_address(FAKE_ROUTER);
    assert_int_equal(f->router.requests, 0);
}

static void a_router_that_comes_is_asked_on_refresh(void **state)
{
    struct fixture *f = *state;
    own_network_add_address("203.0.113.1");
    portmap_fixture_start(&f->on, FAKE_ROUTER, 1000);
    portmap_fixture_await(&f->on, KITH_PORTMAP_NO_ROUTER);
    own_network_add_address(FAKE_ROUTER);
    kith_portmap_refresh(f->on.portmap);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
}

static void a_router_that_comes_back_is_asked_for_the_port_it_granted(void **state)
{
    struct fixture *f = *state;
    f->router.port = 50123;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    own_network_add_address("203.0.113.1");
    kith_portmap_refresh(f->on.portmap);
    portmap_fixture_await(&f->on, KITH_PORTMAP_NO_ROUTER);
    own_network_add_address(FAKE_ROUTER);
    kith_portmap_refresh(f->on.portmap);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    assert_int_equal(f->router.wished_port, 50123);
}

static void without_a_default_route_there_is_no_router(void **state)
{
    struct fixture *f = *state;
    portmap_fixture_start(&f->on, NULL, 1000);
    portmap_fixture_await(&f->on, KITH_PORTMAP_NO_ROUTER);
    assert_string_equal(f->on.view.router, "");
    assert_in_range(uv_backend_timeout(&f->on.loop), 1000, 2600);
}

static void a_refresh_while_asking_asks_once_more(void **state)
{
    struct fixture *f = *state;
    start(f, 0);
    portmap_fixture_until(&f->on, f->router.requests == 1);
    kith_portmap_refresh(f->on.portmap);
    kith_portmap_refresh(f->on.portmap);
    portmap_fixture_until(&f->on, f->router.mappings == 2);
    assert_int_equal(f->router.requests, 4);
    assert_int_equal(f->on.changes, 1);
}

static void the_close_removes_the_mapping(void **state)
{
    struct fixture *f = *state;
    f->router.port = 50123;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.removals, 1);
    assert_int_equal(f->router.held_port, 0);
    assert_int_equal(f->router.inner_port, PORTMAP_PORT);
    assert_int_equal(f->router.wished_port, 0);
}

static void the_close_removes_what_was_asked_for_a_moment_ago(void **state)
{
    struct fixture *f = *state;
    f->router.holds_back = true;
    start(f, 0);
    portmap_fixture_until(&f->on, f->router.mappings == 1);
    f->router.holds_back = false;
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.removals, 1);
}

static void the_close_does_not_wait_long_for_a_silent_router(void **state)
{
    struct fixture *f = *state;
    f->on.try_ms = KITH_PORTMAP_CLOSE_MS;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    f->router.is_silent = true;
    assert_in_range(portmap_fixture_close(&f->on), KITH_PORTMAP_CLOSE_MS - 1,
                    KITH_PORTMAP_CLOSE_MS + 5000);
}

static void the_close_before_anything_was_asked_is_quick(void **state)
{
    struct fixture *f = *state;
    start(f, 0);
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.requests, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    if (!own_network_enter()) {
        print_message("1..0 # SKIP no network namespace can be made here\n");
        return 0;
    }
    own_network_add_address(FAKE_ROUTER);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_and_public_addresses_are_told_apart),
        CASE(a_port_that_is_granted_is_told),
        CASE(another_port_that_is_granted_is_told_and_kept),
        CASE(a_mapping_is_renewed_at_half_of_its_lifetime),
        CASE(a_router_that_grants_moments_is_not_asked_all_the_time),
        CASE(a_mapping_outlives_a_renewal_without_descriptors),
        CASE(a_router_that_restarts_is_given_the_mapping_again),
        CASE(an_address_that_changes_is_told),
        CASE(a_router_behind_another_is_told_as_such),
        CASE(a_refusal_is_told_with_its_reason),
        CASE(what_makes_no_sense_is_no_mapping),
        CASE(a_router_that_knows_only_pcp_is_asked_by_it),
        CASE(a_refusal_by_pcp_is_told_with_its_reason),
        CASE(noise_is_passed_over),
        CASE(a_silent_router_is_asked_a_few_times_and_then_left_alone),
        CASE(a_router_that_answers_late_is_heard_at_the_next_try),
        CASE(a_lost_renewal_leaves_the_mapping_until_its_end),
        CASE(a_host_with_a_public_address_asks_nobody),
        CASE(a_router_that_comes_is_asked_on_refresh),
        CASE(a_router_that_comes_back_is_asked_for_the_port_it_granted),
        CASE(without_a_default_route_there_is_no_router),
        CASE(a_refresh_while_asking_asks_once_more),
        CASE(the_close_removes_the_mapping),
        CASE(the_close_removes_what_was_asked_for_a_moment_ago),
        CASE(the_close_does_not_wait_long_for_a_silent_router),
        CASE(the_close_before_anything_was_asked_is_quick),
    };
    return cmocka_run_group_tests_name("net portmap", tests, NULL, NULL);
}
