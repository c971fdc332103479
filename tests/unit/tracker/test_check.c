/* SPDX-License-Identifier: MIT */
/* Which addresses are believed, and which are dialled back. */
#include "ground.h"

static void with_record(struct ground *g, uint64_t counter, const char *first,
                        const char *second)
{
    struct ground_record record = {.counter = counter, .addresses = {first, second}};
    ground_register(
        g, ALICE,
        (struct ground_register){.name = "alice",
                                 .record_public = ground_record(0, ALICE, record)});
}

static size_t records_told(struct ground *g, uint32_t who)
{
    ground_lookup_id(g, BOB, 5, who);
    return ground_told(g, BOB, who, 5)->record_count;
}

static struct kith_frame_reachable reachable(struct ground *g)
{
    struct kith_frame_reachable frame;
    struct kith_bytes fields = ground_last(g, ALICE, KITH_FRAME_REACHABLE);
    assert_int_equal(kith_frame_reachable_decode(fields, &frame), 0);
    return frame;
}

static void begin(struct ground *g, const char *host)
{
    ground_join(g, BOB, "bob");
    ground_up(g, ALICE, host);
}

static void addresses_of_the_observed_host_are_believed(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "198.51.100.1:4747", "198.51.100.1:4748");
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 0);
    assert_int_equal(records_told(g, ALICE), 1);
}

static void another_address_is_told_of_once_the_peer_was_met_there(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "198.51.100.1:4747", "[2001:db8::1]:4747");
    const struct kith_registry_effect *check = ground_effect(g, KITH_REGISTRY_CHECK);
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 1);
    assert_string_equal(check->check.address.host, "2001:db8::1");
    assert_int_equal(check->check.id.bytes[0], ALICE);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_told(g, BOB, ALICE, 0)->record_count, 0);
    ground_checked(g, check->check.check, KITH_CHECK_REACHED);
    ground_pass(g, KITH_SECOND);
    assert_true(reachable(g).is_reached);
    assert_true(kith_bytes_equal(reachable(g).address, BYTES("[2001:db8::1]:4747")));
    assert_int_equal(ground_told(g, BOB, ALICE, 0)->record_count, 1);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_KEEP)->keep.reached, 2);
}

static void who_is_not_met_there_is_told_so_and_stays_untold(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "203.0.113.1:4747", NULL);
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check,
                   KITH_CHECK_NOT_REACHED);
    assert_false(reachable(g).is_reached);
    assert_int_equal(records_told(g, ALICE), 0);
}

static void what_was_reached_stays_so_in_a_newer_record(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "203.0.113.1:4747", NULL);
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check,
                   KITH_CHECK_REACHED);
    with_record(g, 2, "198.51.100.1:1", "203.0.113.1:4747");
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 1);
    assert_int_equal(records_told(g, ALICE), 1);
    with_record(g, 3, "203.0.113.1:4748", NULL); /* another port is another place */
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 2);
    assert_int_equal(records_told(g, ALICE), 0);
}

static void a_host_that_changes_is_no_longer_believed(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "198.51.100.1:4747", NULL);
    assert_int_equal(records_told(g, ALICE), 1);
    ground_up_as(g, 50, ALICE, "203.0.113.9");
    ground_register(g, 50,
                    (struct ground_register){
                        .name = "alice",
                        .record_public = ground_record(
                            0, ALICE,
                            (struct ground_record){.counter = 1,
                                                   .addresses = {"198.51.100.1:4747"}})});
    assert_int_equal(records_told(g, ALICE), 0);
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 1);
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_told(g, BOB, ALICE, 0)->record_count, 0); /* unasked, too */
}

static void what_leads_further_inside_than_the_peer_is_not_dialled(void **state)
{
    struct ground *g = *state;
    static const char *const inside[] = {"127.0.0.1:22", "10.0.0.1:22",  "[fe80::1]:22",
                                         "[::1]:22",     "[fd00::1]:22", "example.org:22",
                                         "nonsense"};
    begin(g, "198.51.100.1");
    for (size_t i = 0; i < COUNT(inside); i++) {
        ground_forget(g);
        with_record(g, 1 + i, inside[i], NULL);
        assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 0);
        assert_false(reachable(g).is_reached);
        assert_int_equal(records_told(g, ALICE), 0);
    }
}

static void a_peer_of_a_private_network_may_name_its_own_kind(void **state)
{
    struct ground *g = *state;
    begin(g, "10.0.0.1");
    with_record(g, 1, "192.168.7.7:4747", "127.0.0.1:4747");
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 1);
    assert_string_equal(ground_effect(g, KITH_REGISTRY_CHECK)->check.address.host,
                        "192.168.7.7");
}

static void the_check_flag_dials_the_observed_host_at_the_port(void **state)
{
    struct ground *g = *state;
    begin(g, "127.0.0.1");
    ground_register(g, ALICE,
                    (struct ground_register){.port = 4747, .wants_check = true});
    const struct kith_registry_effect *check = ground_effect(g, KITH_REGISTRY_CHECK);
    assert_string_equal(check->check.address.host, "127.0.0.1");
    assert_int_equal(check->check.address.port, 4747);
    ground_register(g, ALICE, (struct ground_register){.wants_check = true});
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), 1); /* it listens nowhere */
}

static void an_answer_about_somebody_who_is_gone_means_nothing(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "203.0.113.1:4747", NULL);
    ground_down(g, ALICE);
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check,
                   KITH_CHECK_REACHED);
    ground_checked(g, 12345, KITH_CHECK_REACHED);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_REACHABLE), 0);
    assert_int_equal(kith_registry_counts(g->registry).checks, 0);
}

static void dials_back_are_limited_for_one_id(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    for (uint64_t i = 0; i < 14; i++) /* below what REGISTER allows */
        with_record(g, 1 + i, "203.0.113.1:1", "203.0.113.2:2");
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), KITH_REGISTRY_CHECK_BURST);
    ground_pass(g, KITH_REGISTRY_CHECK_EVERY);
    with_record(g, 99, "203.0.113.3:1", "203.0.113.4:2");
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), KITH_REGISTRY_CHECK_BURST + 1);
}

static void dials_back_are_limited_in_all(void **state)
{
    struct ground *g = *state;
    for (uint32_t who = 1; who <= KITH_REGISTRY_CHECKS_MAX + 1; who++) {
        ground_join(g, who, "one");
        ground_register(g, who, (struct ground_register){.port = 1, .wants_check = true});
    }
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK), KITH_REGISTRY_CHECKS_MAX);
    assert_int_equal(kith_registry_counts(g->registry).checks, KITH_REGISTRY_CHECKS_MAX);
}

/* Many ids of one address, each within its own limits. */
static void one_household_has_its_share_of_dials_back_and_no_more(void **state)
{
    struct ground *g = *state;
    uint32_t last = 10 + KITH_REGISTRY_CHECKS_PER_HOUSEHOLD;
    for (uint32_t who = 10; who <= last; who++) {
        ground_up(g, who, "198.51.100.7");
        ground_register(g, who, (struct ground_register){.port = 1, .wants_check = true});
    }
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK),
                     KITH_REGISTRY_CHECKS_PER_HOUSEHOLD);
    ground_up(g, ALICE, "192.0.2.1"); /* another one */
    ground_register(g, ALICE, (struct ground_register){.port = 1, .wants_check = true});
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK),
                     KITH_REGISTRY_CHECKS_PER_HOUSEHOLD + 1);
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check - 1,
                   KITH_CHECK_NOT_REACHED);
    ground_register(g, last, (struct ground_register){.port = 1, .wants_check = true});
    assert_int_equal(ground_count(g, KITH_REGISTRY_CHECK),
                     KITH_REGISTRY_CHECKS_PER_HOUSEHOLD + 2);
}

static void what_the_tracker_could_not_try_is_not_told_as_out_of_reach(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "203.0.113.1:4747", NULL);
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check,
                   KITH_CHECK_NOT_TRIED);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_REACHABLE), 0);
    assert_int_equal(kith_registry_counts(g->registry).checks, 0);
    with_record(g, 2, "203.0.113.1:4747", NULL); /* when it registers again */
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check,
                   KITH_CHECK_REACHED);
    assert_true(reachable(g).is_reached);
}

static void who_goes_is_not_dialled_back_if_that_can_be_helped(void **state)
{
    struct ground *g = *state;
    begin(g, "198.51.100.1");
    with_record(g, 1, "203.0.113.1:4747", NULL);
    uint32_t check = ground_effect(g, KITH_REGISTRY_CHECK)->check.check;
    assert_int_equal(ground_count(g, KITH_REGISTRY_UNCHECK), 0);
    ground_down(g, ALICE);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_UNCHECK)->uncheck.check, check);
    ground_up(g, ALICE, "198.51.100.1"); /* back before the answer to the old one */
    with_record(g, 1, "203.0.113.1:4747", NULL);
    ground_checked(g, check, KITH_CHECK_NOT_REACHED);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_REACHABLE), 0);
    ground_checked(g, ground_effect(g, KITH_REGISTRY_CHECK)->check.check,
                   KITH_CHECK_NOT_REACHED);
    assert_false(reachable(g).is_reached);
    ground_down(g, ALICE);
    assert_int_equal(ground_count(g, KITH_REGISTRY_UNCHECK), 1); /* none was left */
    assert_int_equal(kith_registry_counts(g->registry).checks, 0);
}

static void a_record_that_has_expired_is_told_no_more(void **state)
{
    struct ground *g = *state;
    struct ground_record record = {
        .counter = 1, .expiry_s = START_S + 60, .addresses = {"198.51.100.1:4747"}};
    begin(g, "198.51.100.1");
    ground_register(
        g, ALICE,
        (struct ground_register){.record_public = ground_record(0, ALICE, record),
                                 .record_local = ground_record(1, ALICE, record)});
    ground_pass(g, 40 * KITH_SECOND);
    assert_int_equal(records_told(g, ALICE), 1);
    ground_ping(g, BOB);
    ground_pass(g, 20 * KITH_SECOND);
    assert_int_equal(records_told(g, ALICE), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ground_setup, ground_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(addresses_of_the_observed_host_are_believed),
        CASE(another_address_is_told_of_once_the_peer_was_met_there),
        CASE(who_is_not_met_there_is_told_so_and_stays_untold),
        CASE(what_was_reached_stays_so_in_a_newer_record),
        CASE(a_host_that_changes_is_no_longer_believed),
        CASE(what_leads_further_inside_than_the_peer_is_not_dialled),
        CASE(a_peer_of_a_private_network_may_name_its_own_kind),
        CASE(the_check_flag_dials_the_observed_host_at_the_port),
        CASE(an_answer_about_somebody_who_is_gone_means_nothing),
        CASE(dials_back_are_limited_for_one_id),
        CASE(dials_back_are_limited_in_all),
        CASE(one_household_has_its_share_of_dials_back_and_no_more),
        CASE(what_the_tracker_could_not_try_is_not_told_as_out_of_reach),
        CASE(who_goes_is_not_dialled_back_if_that_can_be_helped),
        CASE(a_record_that_has_expired_is_told_no_more),
    };
    return cmocka_run_group_tests_name("tracker/check", tests, NULL, NULL);
}
