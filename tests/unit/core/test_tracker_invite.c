/* SPDX-License-Identifier: MIT */
/* Trackers that come with an invite, beside those of the configuration. */
#include "tracked.h"

#include <stdlib.h>

#include "core/engine.h"

static struct kith_tracker_view view(const struct lone *l, uint32_t no)
{
    struct kith_tracker_view out;
    assert_true(kith_node_tracker(l->node, no, &out));
    return out;
}

static void one_that_came_with_an_invite_is_used_after_a_restart(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    (void)state;
    lone_init(l);
    struct kith_record record = {.type = KITH_RECORD_TRACKER,
                                 .tracker = {tracked_address(1), {{0}}, true}};
    assert_int_equal(kith_node_restore(l->node, &record), 0);
    lone_start(l);
    assert_int_equal(l->trackers[1].dial_count, 1);
    assert_false(l->trackers[1].has_expected);
    assert_true(view(l, 1).is_kept);
    lone_deinit(l);
    free(l);
}

static void add_by_invite(struct lone *l, uint32_t no, const struct kith_id *id)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_TRACKER;
    in.command.token = 4;
    in.command.tracker.address = tracked_address(no);
    in.command.tracker.has_id = true;
    in.command.tracker.id = *id;
    in.command.tracker.is_kept = true;
    lone_step(l, in);
}

static void an_invite_puts_nobody_in_the_place_of_a_tracker(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_id(1), other = tracked_id(2);
    tracked_join(l, 1);
    tracked_down(l, 1, KITH_ECLOSED);
    add_by_invite(l, 1, &other);
    assert_true(kith_id_equal(&l->pin.id, &id));
    lone_pass(l, KITH_TRACKER_RETRY_MAX);
    assert_true(kith_id_equal(&l->trackers[1].expected, &id));
}

static void those_of_invites_crowd_out_none_that_is_configured(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    struct kith_id id = tracked_id(1);
    (void)state;
    lone_init(l);
    for (uint32_t no = 1; no <= KITH_TRACKERS_MAX; no++) {
        struct kith_record record = {
            .type = KITH_RECORD_TRACKER,
            .tracker = {tracked_address(no), tracked_id(no + 1), true}};
        assert_int_equal(kith_node_restore(l->node, &record), 0);
    }
    const struct kith_tracker_address configured[] = {
        {.address = tracked_address(9)},
        {.address = tracked_address(1), .has_id = true, .id = id}};
    lone_step(l, (struct kith_input){.type = KITH_INPUT_START,
                                     .start = {configured, COUNT(configured)}});
    assert_string_equal(view(l, 1).address.host, "t9.example");
    assert_string_equal(view(l, 2).address.host, "t1.example");
    assert_true(kith_id_equal(&l->trackers[2].expected, &id)); /* it is corrected so */
    assert_int_equal(l->trackers[KITH_TRACKERS_MAX].dial_count, 1);
    lone_deinit(l);
    free(l);
}

static void fail_for_long(struct lone *l, uint32_t no)
{
    for (size_t failed = 0; failed <= KITH_TRACKER_EAGER;) {
        size_t dials = l->trackers[no].dial_count;
        tracked_down(l, no, KITH_EREFUSED);
        failed++;
        while (l->trackers[no].dial_count == dials)
            lone_pass(l, KITH_SECOND);
    }
    tracked_down(l, no, KITH_EREFUSED);
}

static void one_that_is_not_reached_gives_way_to_a_new_one(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_id(9);
    for (uint32_t no = 1; no <= KITH_TRACKERS_MAX; no++) {
        struct kith_id own = tracked_id(no);
        add_by_invite(l, no, &own);
    }
    add_by_invite(l, 9, &id);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_ELIMIT);
    fail_for_long(l, 3);
    size_t dials = l->trackers[3].dial_count,
           rows = l->record_counts[KITH_RECORD_TRACKER];
    lone_pass(l, 10 * KITH_SECOND);
    assert_int_equal(l->trackers[3].dial_count, dials); /* not so often any more */
    add_by_invite(l, 9, &id);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, 0);
    assert_string_equal(view(l, 3).address.host, "t9.example");
    assert_int_equal(l->trackers[3].dial_count, dials + 1);
    assert_int_equal(l->record_counts[KITH_RECORD_TRACKER], rows + 2);
}

/* `longer` fails once more than `other`, which has failed for long, too. */
static void check_gives_way(struct lone *l, uint32_t longer, uint32_t other)
{
    struct kith_id id = tracked_id(9);
    for (uint32_t no = 1; no <= KITH_TRACKERS_MAX; no++) {
        struct kith_id own = tracked_id(no);
        add_by_invite(l, no, &own);
    }
    fail_for_long(l, longer);
    fail_for_long(l, other);
    tracked_down(l, longer, KITH_EREFUSED);
    add_by_invite(l, 9, &id);
    assert_string_equal(view(l, longer).address.host, "t9.example");
    assert_string_equal(view(l, other).address.host, tracked_address(other).host);
}

static void of_two_that_are_not_reached_the_one_that_failed_longer_gives_way(void **state)
{
    check_gives_way(*state, 3, 2);
}

static void so_it_is_where_the_other_is_the_later_one(void **state)
{
    check_gives_way(*state, 2, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_came_with_an_invite_is_used_after_a_restart),
        TEST(an_invite_puts_nobody_in_the_place_of_a_tracker),
        cmocka_unit_test(those_of_invites_crowd_out_none_that_is_configured),
        TEST(one_that_is_not_reached_gives_way_to_a_new_one),
        TEST(of_two_that_are_not_reached_the_one_that_failed_longer_gives_way),
        TEST(so_it_is_where_the_other_is_the_later_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
