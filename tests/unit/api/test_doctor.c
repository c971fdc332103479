/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>

/* The first check of that name in the answer; NULL when there is none. */
static const json_t *find(struct api *api, const char *name)
{
    size_t index;
    const json_t *check;
    assert_int_equal(api_ask(api, "GET", "/doctor", NULL), 0);
    json_array_foreach(json_object_get(api->answer.json, "checks"), index, check)
    {
        if (strcmp(json_string_value(json_object_get(check, "check")), name) == 0)
            return check;
    }
    return NULL;
}

static void assert_check(struct api *api, const char *name, const char *state,
                         const char *detail)
{
    const json_t *check = find(api, name);
    assert_non_null(check);
    assert_string_equal(json_string_value(json_object_get(check, "state")), state);
    assert_non_null(strstr(json_string_value(json_object_get(check, "detail")), detail));
    assert_true(strcmp(state, "problem") != 0 ||
                json_is_string(json_object_get(check, "advice")));
}

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void a_linked_node_is_well(void **state)
{
    struct api *api = *state;
    size_t index;
    const json_t *check;
    api_on_loop(api, add_peer, "bob");
    assert_check(api, "peers", "ok", "1 online of 1 known");
    json_array_foreach(json_object_get(api->answer.json, "checks"), index, check)
    {
        assert_string_equal(json_string_value(json_object_get(check, "state")), "ok");
    }
    assert_check(api, "version", "ok", "9.8.7");
    assert_check(api, "network", "ok", "fingerprint abcdefghijkl");
    assert_check(api, "listening", "ok", "0.0.0.0:4747");
    assert_check(api, "interfaces", "ok", "10.0.0.1");
    assert_check(api, "beacons", "ok", "2 of others");
    assert_check(api, "mapping", "ok", "by NAT-PMP to 203.0.113.7:50123");
    assert_null(find(api, "networks"));
    assert_null(find(api, "dial"));
}

static void silence(struct api *api, void *ctx)
{
    api->runtime->node.beacons = (struct kith_beacon_counts){.sent = 3};
    api->runtime->interface_count = 0;
}

static void multicast_that_does_not_pass_is_a_problem(void **state)
{
    struct api *api = *state;
    api_on_loop(api, silence, NULL);
    assert_check(api, "beacons", "problem", "not even our own");
    assert_check(api, "interfaces", "problem", "loopback");
    assert_check(api, "peers", "warning", "0 online");
}

static void refuse_sockets(struct api *api, void *ctx)
{
    api->runtime->lan.error = KITH_EADDRINUSE;
}

static void hear_by_ipv6_alone(struct api *api, void *ctx)
{
    api->runtime->lan.error = 0;
    api->runtime->lan.error_ipv4 = KITH_EADDRINUSE;
}

static void confine(struct api *api, void *ctx)
{
    api->runtime->lan.error_ipv4 = 0;
    api->runtime->lan.is_confined = true;
}

static void turn_off(struct api *api, void *ctx)
{
    api->runtime->lan = (struct kith_lan_view){0};
}

static void discovery_tells_what_keeps_it(void **state)
{
    struct api *api = *state;
    api_on_loop(api, refuse_sockets, NULL);
    assert_check(api, "discovery", "problem", "already in use");
    api_on_loop(api, hear_by_ipv6_alone, NULL);
    assert_check(api, "discovery", "warning", "not heard by IPv4");
    api_on_loop(api, confine, NULL);
    assert_check(api, "discovery", "warning", "on this machine alone");
    api_on_loop(api, turn_off, NULL);
    assert_check(api, "discovery", "warning", "off");
    assert_check(api, "peers", "problem", "0 online");
    assert_null(find(api, "beacons"));
}

static void hear_foreigners(struct api *api, void *ctx)
{
    api->runtime->node.beacons =
        (struct kith_beacon_counts){.sent = 3, .own = 3, .foreign = 7};
}

static void another_network_is_told(void **state)
{
    struct api *api = *state;
    api_on_loop(api, hear_foreigners, NULL);
    assert_check(api, "networks", "warning", "7 beacons");
    assert_check(api, "beacons", "warning", "nobody else");
}

static void hear_of_another_setting(struct api *api, void *ctx)
{
    api->runtime->node.beacons =
        (struct kith_beacon_counts){.sent = 3, .own = 3, .foreign = 7, .foreign_open = 7};
}

static void hear_the_usual_network(struct api *api, void *ctx)
{
    api->runtime->node.beacons = (struct kith_beacon_counts){
        .sent = 3, .own = 3, .foreign = 7, .foreign_default = 7};
}

static void which_setting_differs_is_told_where_known(void **state)
{
    struct api *api = *state;
    api_on_loop(api, hear_of_another_setting, NULL);
    assert_check(api, "networks", "warning", "without a passphrase");
    api_on_loop(api, hear_the_usual_network, NULL);
    assert_check(api, "networks", "warning", "the usual network");
}

static void hear_another_version(struct api *api, void *ctx)
{
    api->runtime->node.beacons =
        (struct kith_beacon_counts){.sent = 3, .own = 3, .other_version = 5};
}

static void another_version_is_told(void **state)
{
    struct api *api = *state;
    size_t index, warnings = 0;
    const json_t *check;
    api_on_loop(api, hear_another_version, NULL);
    assert_check(api, "version", "ok", "9.8.7");
    json_array_foreach(json_object_get(api->answer.json, "checks"), index, check)
    {
        warnings +=
            strcmp(json_string_value(json_object_get(check, "check")), "version") == 0 &&
            strcmp(json_string_value(json_object_get(check, "state")), "warning") == 0;
    }
    assert_int_equal(warnings, 1);
}

static void fail_dial(struct api *api, void *ctx)
{
    struct kith_dial_view *dial = &api->runtime->node.dial;
    dial->error = KITH_EREFUSED;
    dial->failures = 4;
    dial->address.port = 9;
    snprintf(dial->address.host, sizeof dial->address.host, "10.0.0.7");
}

static void a_dial_that_fails_is_named_with_its_reason(void **state)
{
    struct api *api = *state;
    api_on_loop(api, fail_dial, NULL);
    assert_check(api, "dial", "problem", "10.0.0.7:9: nobody listens");
    api_on_loop(api, add_peer, "bob");
    assert_check(api, "dial", "warning", "failed 4 times");
}

static void stay_silent(struct api *api, void *ctx)
{
    api->runtime->mapping.router.state = KITH_PORTMAP_UNANSWERED;
}

static void refuse_mapping(struct api *api, void *ctx)
{
    api->runtime->mapping.router.state = KITH_PORTMAP_REFUSED;
    snprintf(api->runtime->mapping.router.why, KITH_PORTMAP_WHY_SIZE, "no more");
}

static void be_behind(struct api *api, void *ctx)
{
    api->runtime->mapping.router.state = KITH_PORTMAP_BEHIND;
}

static void map_nothing(struct api *api, void *ctx)
{
    api->runtime->mapping.is_confined = true;
}

static void do_not_map(struct api *api, void *ctx)
{
    api->runtime->mapping.is_wanted = false;
}

static void what_the_router_does_is_told(void **state)
{
    struct api *api = *state;
    api_on_loop(api, stay_silent, NULL);
    assert_check(api, "mapping", "warning", "10.0.0.254 does not answer");
    api_on_loop(api, refuse_mapping, NULL);
    assert_check(api, "mapping", "warning", "refuses by NAT-PMP to map port 4747: no");
    api_on_loop(api, be_behind, NULL);
    assert_check(api, "mapping", "warning", "not a public address");
    api_on_loop(api, map_nothing, NULL);
    assert_check(api, "mapping", "ok", "nobody beyond this machine");
    api_on_loop(api, do_not_map, NULL);
    assert_check(api, "mapping", "ok", "turned off");
}

static void go_wrong(struct api *api, void *ctx)
{
    api->runtime->wall = 5 * KITH_SECOND;
    api->runtime->store_error = KITH_EFULL;
    api->runtime->warning = "2026-11-21T01:02:03.004Z warn lan hush";
}

static void park(struct api *api, void *ctx)
{
    api->runtime->node.parked_count = 2;
}

static void clock_store_and_log_are_told(void **state)
{
    struct api *api = *state;
    api_on_loop(api, park, NULL);
    assert_check(api, "clock", "warning", "2 wrote");
    api_on_loop(api, go_wrong, NULL);
    assert_check(api, "clock", "problem", "1970");
    assert_check(api, "store", "problem", "disk is full");
    assert_check(api, "log", "warning", "hush");
}

static void fail_to_index(struct api *api, void *ctx)
{
    api->runtime->index_error = KITH_EFULL;
}

static void what_cannot_be_searched_is_told(void **state)
{
    struct api *api = *state;
    api_on_loop(api, fail_to_index, NULL);
    assert_check(api, "search", "problem", "cannot be searched: the disk is full");
}

static void register_at_one(struct api *api, void *ctx)
{
    struct kith_node *node = &api->runtime->node;
    node->trackers[0] = (struct kith_tracker_view){
        .address = {.host = "t.example", .port = 55555},
        .is_registered = true,
        .observed = {.host = "203.0.113.7", .port = 4747},
        .reach = KITH_REACH_NO,
        .network_count = 3,
    };
    node->trackers[1] = (struct kith_tracker_view){
        .address = {.host = "192.0.2.1", .port = 443},
        .error = KITH_EIDENTITY,
        .failures = 4,
    };
    node->tracker_count = 2;
}

/* `how`: "direct", "relayed", or "" for not at all. */
static void tell_of_a_candidate(struct api *api, void *how)
{
    api->runtime->node.candidate = (struct kith_candidate_view){
        .is_linked = *(const char *)how != '\0',
        .is_relayed = *(const char *)how == 'r',
        .relay = {.host = "198.51.100.1", .port = 55555},
        .address_count = 2,
        .stage = "meeting",
        .direct_error = KITH_EREFUSED,
        .meet_error = KITH_ETIMEDOUT,
    };
}

static void trackers_are_told_with_what_they_see(void **state)
{
    struct api *api = *state;
    assert_null(find(api, "tracker"));
    api_on_loop(api, register_at_one, NULL);
    assert_check(api, "tracker", "ok",
                 "registered at t.example:55555, which sees this node at "
                 "203.0.113.7:4747 and does not reach this node from outside; 3 of");
    const json_t *check = find(api, "tracker"); /* a network without a passphrase */
    assert_non_null(
        strstr(json_string_value(json_object_get(check, "advice")), "kith network new"));
    const json_t *checks = json_object_get(api->answer.json, "checks");
    size_t index, failed = 0;
    json_array_foreach(checks, index, check)
    {
        const char *detail = json_string_value(json_object_get(check, "detail"));
        if (strstr(detail, "not registered at 192.0.2.1:443") == NULL)
            continue;
        failed++;
        assert_non_null(
            strstr(json_string_value(json_object_get(check, "advice")), "HOST:PORT/ID"));
    }
    assert_int_equal(failed, 1);
}

static void the_ways_to_those_at_trackers_are_told(void **state)
{
    struct api *api = *state;
    assert_null(find(api, "path"));
    api_on_loop(api, tell_of_a_candidate, "direct");
    assert_check(api, "path", "ok", "linked directly with 1 of those at trackers");
    api_on_loop(api, tell_of_a_candidate, "");
    assert_check(api, "path", "warning", "with 2 addresses; now: meeting; directly: ");
    api_on_loop(api, tell_of_a_candidate, "relayed");
    assert_check(api, "path", "ok",
                 "is relayed by 198.51.100.1:55555, which reads nothing");
    assert_check(api, "path", "ok",
                 "directly: nobody listens at that address; both at once: no answer");
}

static void damage(struct api *api, void *ctx)
{
    api->runtime->read_error = KITH_ECORRUPT;
}

static void damage_is_told_whatever_is_stored(void **state)
{
    struct api *api = *state;
    api_on_loop(api, damage, NULL);
    assert_check(api, "store", "problem", "cannot be read: the database is damaged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_linked_node_is_well, api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(multicast_that_does_not_pass_is_a_problem,
                                        api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(discovery_tells_what_keeps_it, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(another_network_is_told, api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(which_setting_differs_is_told_where_known,
                                        api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(another_version_is_told, api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(a_dial_that_fails_is_named_with_its_reason,
                                        api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(trackers_are_told_with_what_they_see, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(the_ways_to_those_at_trackers_are_told, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(what_the_router_does_is_told, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_searched_is_told, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(clock_store_and_log_are_told, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(damage_is_told_whatever_is_stored, api_setup,
                                        api_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
