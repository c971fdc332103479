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

#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_came_with_an_invite_is_used_after_a_restart),
        TEST(an_invite_puts_nobody_in_the_place_of_a_tracker),
        cmocka_unit_test(those_of_invites_crowd_out_none_that_is_configured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
