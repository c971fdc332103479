/* SPDX-License-Identifier: MIT */
/* Ports mapped by UPnP. NAT-PMP's port is closed where it is not said otherwise; a search
 * takes 1 s. */
#include "portmap_fixture.h"

#include <stdio.h>

#include "fake_igd.h"
#include "fake_natpmp.h"
#include "own_network.h"

struct fixture {
    struct portmap_fixture on;
    struct fake_igd router;
    struct fake_natpmp other; /* started by who wants it */
};

static int set_up(void **state)
{
    static struct fixture f;
    portmap_fixture_init(&f.on);
    fake_igd_start(&f.router, &f.on.loop);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->on.portmap != NULL)
        portmap_fixture_close(&f->on);
    fake_igd_stop(&f->router);
    portmap_fixture_deinit(&f->on);
    return 0;
}

static void start(struct fixture *f, unsigned second_ms)
{
    portmap_fixture_start(&f->on, FAKE_ROUTER, second_ms);
}

static void a_port_that_is_granted_is_told_renewed_and_removed(void **state)
{
    struct fixture *f = *state;
    start(f, 1);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_assert_external(&f->on, "203.0.113.7", PORTMAP_PORT);
    assert_string_equal(f->on.view.protocol, "UPnP");
    assert_int_equal(f->on.view.lifetime_s, KITH_PORTMAP_LIFETIME_S);
    assert_string_equal(f->router.client, FAKE_ROUTER); /* the test is on that host too */
    assert_int_equal(f->router.inner_port, PORTMAP_PORT);
    uint64_t first = f->router.mapped_at;
    assert_int_equal(f->router.searches, 1);
    portmap_fixture_until(&f->on, f->router.mappings == 2);
    assert_true(f->router.mapped_at - first >= KITH_PORTMAP_RENEW_MOST_S);
    assert_int_equal(f->router.searches, 1);
    assert_int_equal(f->on.changes, 1);
    portmap_fixture_close(&f->on);
    assert_true(f->router.removals >= 1); /* the renewal takes itself back, too */
    assert_int_equal(f->router.held_port, 0);
}

static void a_port_that_others_have_leads_to_the_next(void **state)
{
    struct fixture *f = *state;
    f->router.taken_port = PORTMAP_PORT + 2;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    portmap_fixture_assert_external(&f->on, "203.0.113.7", PORTMAP_PORT + 3);
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.held_port, 0);
}

static void when_others_have_all_ports_it_is_refused(void **state)
{
    struct fixture *f = *state;
    f->router.taken_port = UINT16_MAX;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_REFUSED);
    assert_string_equal(f->on.view.why, "others have the ports that were asked for");
    assert_int_equal(f->router.mappings, 16);
}

static void a_router_that_knows_no_lifetimes_maps_for_good(void **state)
{
    struct fixture *f = *state;
    f->router.is_permanent_only = true;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    assert_int_equal(f->on.view.lifetime_s, 0);
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.held_port, 0);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
    struct fixture *f = *state;
    f->router.error = 606;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_REFUSED);
    assert_string_equal(f->on.view.protocol, "UPnP");
    assert_string_equal(f->on.view.why,
                        "port mapping is not allowed there for this machine");
}

static void who_refuses_by_the_one_is_asked_by_the_other(void **state)
{
    struct fixture *f = *state;
    fake_natpmp_start(&f->other, &f->on.loop);
    f->other.result = 2;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
    assert_string_equal(f->on.view.protocol, "UPnP");
    portmap_fixture_close(&f->on);
    assert_int_equal(f->router.removals, 1);
    fake_natpmp_stop(&f->other);
}

static void an_address_that_is_none_is_not_believed(void **state)
{
    struct fixture *f = *state;
    f->router.external = "your.router.example";
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_BEHIND);
    portmap_fixture_assert_external(&f->on, "0.0.0.0", PORTMAP_PORT);
}

static void a_device_that_is_not_the_router_is_not_fetched_from(void **state)
{
    struct fixture *f = *state;
    f->router.location = "127.0.0.1";
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_UNANSWERED);
    assert_int_equal(f->router.searches, 1);
    assert_int_equal(f->router.connections, 0);
}

static void a_description_does_not_lead_to_others(void **state)
{
    struct fixture *f = *state;
    char elsewhere[64];
    snprintf(elsewhere, sizeof elsewhere, "http://127.0.0.1:%u/control",
             f->router.http_port);
    f->router.control = elsewhere;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_UNANSWERED);
    assert_int_equal(f->router.connections, f->router.descriptions);
    assert_int_equal(f->router.mappings, 0);
}

static void a_description_that_is_none_is_no_router(void **state)
{
    struct fixture *f = *state;
    f->router.description = "<root><device><<<\x01\xff serviceType></root";
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_UNANSWERED);
    assert_int_equal(f->router.descriptions, 1);
    assert_int_equal(f->router.mappings, 0);
}

static void a_router_that_hangs_counts_as_silent(void **state)
{
    struct fixture *f = *state;
    f->router.is_hung = true;
    start(f, 0);
    portmap_fixture_await(&f->on, KITH_PORTMAP_UNANSWERED);
    f->router.is_hung = false;
    kith_portmap_refresh(f->on.portmap);
    portmap_fixture_await(&f->on, KITH_PORTMAP_MAPPED);
}

static void the_close_does_not_wait_for_a_router_that_hangs(void **state)
{
    struct fixture *f = *state;
    f->router.is_hung = true;
    start(f, 0);
    portmap_fixture_until(&f->on, f->router.connections == 1);
    assert_in_range(portmap_fixture_close(&f->on), KITH_PORTMAP_CLOSE_MS - 1,
                    KITH_PORTMAP_CLOSE_MS + 5000);
}

static void a_search_that_outlives_the_close_asks_for_nothing(void **state)
{
    struct fixture *f = *state;
    f->on.search_ms = 4 * KITH_PORTMAP_CLOSE_MS;
    start(f, 0);
    portmap_fixture_until(&f->on, f->router.searches == 1);
    assert_in_range(portmap_fixture_close(&f->on), 0, KITH_PORTMAP_CLOSE_MS + 5000);
    portmap_fixture_until(&f->on, f->router.descriptions == 1);
    assert_int_equal(f->router.mappings, 0);
}

static void what_is_granted_after_the_close_is_taken_away_again(void **state)
{
    struct fixture *f = *state;
    f->router.hangs_on_mapping = true;
    start(f, 0);
    portmap_fixture_until(&f->on, f->router.held_port != 0);
    portmap_fixture_close(&f->on);
    fake_igd_release(&f->router);
    portmap_fixture_until(&f->on, f->router.held_port == 0);
    assert_int_equal(f->router.removals, 1);
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
        CASE(a_port_that_is_granted_is_told_renewed_and_removed),
        CASE(a_port_that_others_have_leads_to_the_next),
        CASE(when_others_have_all_ports_it_is_refused),
        CASE(a_router_that_knows_no_lifetimes_maps_for_good),
        CASE(a_refusal_is_told_with_its_reason),
        CASE(who_refuses_by_the_one_is_asked_by_the_other),
        CASE(an_address_that_is_none_is_not_believed),
        CASE(a_device_that_is_not_the_router_is_not_fetched_from),
        CASE(a_description_does_not_lead_to_others),
        CASE(a_description_that_is_none_is_no_router),
        CASE(the_close_does_not_wait_for_a_router_that_hangs),
        CASE(a_router_that_hangs_counts_as_silent),
        CASE(a_search_that_outlives_the_close_asks_for_nothing),
        CASE(what_is_granted_after_the_close_is_taken_away_again),
    };
    return cmocka_run_group_tests_name("net portmap upnp", tests, NULL, NULL);
}
