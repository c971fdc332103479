/* SPDX-License-Identifier: MIT */
/* REGISTER: who is welcome, what is refused, and what a second one changes. */
#include "ground.h"

#define FAULT   KITH_BYE_FAULT
#define LIMIT   KITH_BYE_LIMIT
#define SILENCE (2 * KITH_REGISTRY_REFRESH_S * KITH_SECOND)

static void who_registers_is_welcome_and_told_its_own_address(void **state)
{
    struct ground *g = *state;
    ground_up(g, ALICE, "192.0.2.1");
    ground_register(g, ALICE, (struct ground_register){.name = "alice"});
    struct kith_frame_welcome welcome = ground_welcome(g, ALICE);
    assert_int_equal(welcome.version, 1);
    assert_int_equal(welcome.capabilities, 0);
    assert_int_equal(welcome.refresh_s, KITH_REGISTRY_REFRESH_S);
    assert_int_equal(welcome.network_count, 1);
    assert_true(kith_bytes_equal(welcome.observed, BYTES("192.0.2.1:40001")));
    const struct kith_registry_effect *tell = ground_effect(g, KITH_REGISTRY_TELL);
    assert_int_equal(tell->tell.what, KITH_REGISTRY_JOINED);
    assert_string_equal(tell->tell.name.text, "alice");
    assert_string_equal(tell->tell.remote.host, "192.0.2.1");
    assert_int_equal(tell->tell.here_count, 1);
}

static void an_ipv6_address_is_told_in_brackets_without_its_zone(void **state)
{
    struct ground *g = *state;
    ground_up(g, ALICE, "fe80::1%eth0");
    ground_register(g, ALICE, (struct ground_register){.name = "alice"});
    assert_true(
        kith_bytes_equal(ground_welcome(g, ALICE).observed, BYTES("[fe80::1]:40001")));
}

static void a_name_that_is_none_is_shown_as_none(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "\x1b[2J");
    ground_pass(g, KITH_SECOND);
    ground_is_here(g, ALICE, BOB, "");
}

static void versions_that_do_not_meet_are_a_fault(void **state)
{
    struct ground *g = *state;
    ground_up(g, ALICE, "192.0.2.1");
    ground_register(g, ALICE,
                    (struct ground_register){.version_min = 2, .version_max = 3});
    ground_ended(g, ALICE, KITH_EVERSION, FAULT);
    ground_up(g, BOB, "192.0.2.2");
    ground_register(g, BOB, (struct ground_register){.version_min = 1, .version_max = 9});
    assert_int_equal(ground_welcome(g, BOB).version, 1);
}

static void a_cut_frame_is_a_fault_at_every_length(void **state)
{
    struct ground *g = *state;
    uint8_t frame[42] = {1, 1};
    for (uint32_t size = 0; size < sizeof frame; size++) {
        ground_up(g, 100 + size, "192.0.2.9");
        ground_frame(g, 100 + size, KITH_FRAME_REGISTER, kith_bytes(frame, size));
        ground_ended(g, 100 + size, KITH_EPROTO, FAULT);
    }
    assert_int_equal(kith_registry_counts(g->registry).faults, sizeof frame);
    assert_int_equal(kith_registry_counts(g->registry).links, 0);
    assert_int_equal(kith_registry_slots(g->registry), 0);
}

static void more_than_the_limit_is_a_fault(void **state)
{
    struct ground *g = *state;
    static uint8_t frame[KITH_REGISTER_SIZE_MAX] = {1, 1};
    ground_join(g, ALICE, "alice"); /* the brim: type and fields are 8192 */
    ground_frame(g, ALICE, KITH_FRAME_REGISTER, kith_bytes(frame, sizeof frame - 1));
    assert_int_equal(g->closed[ALICE], 0);
    ground_frame(g, ALICE, KITH_FRAME_REGISTER, kith_bytes(frame, sizeof frame));
    ground_ended(g, ALICE, KITH_ETOOBIG, FAULT);
}

static void a_record_of_somebody_else_is_a_fault_and_keeps_nothing(void **state)
{
    struct ground *g = *state;
    for (int which = 0; which < 2; which++) {
        struct kith_bytes record =
            ground_record(0, BOB, (struct ground_record){.counter = 1});
        struct ground_register fields = {.name = "alice"};
        *(which == 0 ? &fields.record_public : &fields.record_local) = record;
        ground_up(g, ALICE, "192.0.2.1");
        ground_register(g, ALICE, fields);
        ground_ended(g, ALICE, KITH_EPROTO, FAULT);
        assert_int_equal(ground_count(g, KITH_REGISTRY_KEEP), 0);
    }
}

static void a_record_that_is_none_is_a_fault(void **state)
{
    struct ground *g = *state;
    struct kith_bytes record =
        ground_record(0, ALICE, (struct ground_record){.counter = 1});
    ground_up(g, ALICE, "192.0.2.1");
    record.size--;
    ground_register(g, ALICE, (struct ground_register){.record_public = record});
    ground_ended(g, ALICE, KITH_EPROTO, FAULT);
}

static void anything_before_register_is_a_fault(void **state)
{
    struct ground *g = *state;
    static const uint8_t types[] = {KITH_FRAME_PING, KITH_FRAME_LOOKUP, KITH_FRAME_CALL,
                                    KITH_FRAME_PROOF, 0x7f};
    for (size_t i = 0; i < COUNT(types); i++) {
        ground_up(g, ALICE, "192.0.2.1");
        ground_frame(g, ALICE, types[i], BYTES("\0\0\0\0\0\0\0\1"));
        ground_ended(g, ALICE, KITH_EUNEXPECTED, FAULT);
    }
}

static void a_frame_of_a_tracker_is_a_fault_and_an_unknown_one_is_not(void **state)
{
    struct ground *g = *state;
    static const uint8_t types[] = {KITH_FRAME_WELCOME, KITH_FRAME_REACHABLE,
                                    KITH_FRAME_PEERS, KITH_FRAME_RING,
                                    KITH_FRAME_REFUSED};
    ground_join(g, BOB, "bob");
    ground_frame(g, BOB, 0x7f, BYTES("of a later version"));
    ground_frame(g, BOB, KITH_FRAME_PONG, BYTES("\0\0\0\0\0\0\0\1"));
    assert_int_equal(g->closed[BOB], 0);
    for (size_t i = 0; i < COUNT(types); i++) {
        ground_join(g, ALICE, "alice");
        ground_frame(g, ALICE, types[i], BYTES("\0\0\0\0\0\0\0\1"));
        ground_ended(g, ALICE, KITH_EUNEXPECTED, FAULT);
    }
}

static void an_empty_frame_is_a_fault(void **state)
{
    struct ground *g = *state;
    struct kith_registry_input input = {.type = KITH_REGISTRY_FRAME};
    ground_up(g, ALICE, "192.0.2.1");
    input.frame.link = ALICE;
    ground_step(g, &input);
    ground_ended(g, ALICE, KITH_EPROTO, FAULT);
}

static void who_does_not_register_in_time_is_closed_without_a_word(void **state)
{
    struct ground *g = *state;
    ground_up(g, ALICE, "192.0.2.1");
    ground_pass(g, KITH_REGISTRY_REGISTER_MAX - 1);
    assert_int_equal(g->closed[ALICE], 0);
    ground_pass(g, 1);
    ground_ended(g, ALICE, KITH_ETIMEDOUT, -1);
}

static void silence_ends_a_link_and_any_frame_breaks_it(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_pass(g, SILENCE - 1);
    ground_ping(g, ALICE);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PONG), 1);
    ground_pass(g, SILENCE - 1);
    assert_int_equal(g->closed[ALICE], 0);
    ground_pass(g, 1);
    ground_ended(g, ALICE, KITH_ETIMEDOUT, -1);
    assert_int_equal(kith_registry_counts(g->registry).here, 0);
}

static void a_refresh_writes_nothing_and_tells_nobody(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_forget(g);
    for (int i = 0; i < 100; i++)
        ground_ping(g, ALICE);
    assert_int_equal(g->other_count, 0);
    assert_int_equal(g->frame_count, 100);
}

static void bye_ends_a_link_and_the_peer_is_away(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_frame(g, BOB, KITH_FRAME_BYE, BYTES("\0"));
    ground_pass(g, KITH_SECOND);
    ground_ended(g, BOB, KITH_ECLOSED, -1);
    ground_is_away(g, ALICE, BOB);
}

static void a_second_link_of_one_id_replaces_the_first(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_forget(g);
    ground_up_as(g, 50, BOB, "192.0.2.3"); /* from where it was */
    ground_register(g, 50, (struct ground_register){.name = "bob"});
    ground_pass(g, KITH_SECOND);
    ground_ended(g, BOB, KITH_EREPLACED, KITH_BYE_REPLACED);
    assert_int_equal(ground_welcome(g, 50).network_count, 2);
    ground_is_here(g, 50, ALICE, "alice");
    assert_null(ground_told(g, ALICE, BOB, 0)); /* nothing changed for her */
    assert_int_equal(ground_count(g, KITH_REGISTRY_TELL), 0);
    ground_down(g, BOB); /* late, and of no more meaning */
    ground_pass(g, KITH_SECOND);
    assert_null(ground_told(g, ALICE, BOB, 0));
    assert_int_equal(kith_registry_counts(g->registry).here, 2);
}

static void a_new_name_is_told_once(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_pass(g, KITH_SECOND);
    ground_forget(g);
    ground_register(g, BOB, (struct ground_register){.name = "robert"});
    ground_pass(g, KITH_SECOND);
    ground_is_here(g, ALICE, BOB, "robert");
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 1);
    const struct kith_registry_effect *tell = ground_effect(g, KITH_REGISTRY_TELL);
    assert_int_equal(tell->tell.what, KITH_REGISTRY_RENAMED);
    ground_forget(g);
    ground_register(g, BOB, (struct ground_register){.name = "robert"});
    ground_pass(g, KITH_SECOND);
    assert_int_equal(ground_sent(g, ALICE, KITH_FRAME_PEERS), 0);
    assert_int_equal(g->other_count, 0); /* neither told nor written */
}

static void another_tag_is_leaving_and_joining(void **state)
{
    struct ground *g = *state;
    ground_join(g, ALICE, "alice");
    ground_join(g, BOB, "bob");
    ground_up(g, CAROL, "192.0.2.4");
    ground_register(g, CAROL, (struct ground_register){.name = "carol", .tag = 9});
    ground_pass(g, KITH_SECOND);
    assert_null(ground_told(g, CAROL, BOB, 0));
    ground_forget(g);
    ground_register(g, BOB, (struct ground_register){.name = "bob", .tag = 9});
    ground_pass(g, KITH_SECOND);
    ground_is_away(g, ALICE, BOB);
    ground_is_here(g, CAROL, BOB, "bob");
    ground_is_here(g, BOB, CAROL, "carol");
    assert_int_equal(ground_welcome(g, BOB).network_count, 2);
    ground_forget(g);
    ground_register(g, BOB, (struct ground_register){.name = "elsewhere", .tag = 9});
    ground_pass(g, KITH_SECOND);
    assert_null(ground_told(g, ALICE, BOB, 0));
}

static void too_many_registers_of_one_id_end_its_link(void **state)
{
    struct ground *g = *state;
    char name[8] = "a";
    ground_join(g, ALICE, name);
    for (int i = 1; i < KITH_REGISTRY_REGISTER_BURST; i++) {
        name[0] = (char)('a' + i);
        ground_register(g, ALICE, (struct ground_register){.name = name});
    }
    assert_int_equal(g->closed[ALICE], 0);
    ground_register(g, ALICE, (struct ground_register){.name = "more"});
    ground_ended(g, ALICE, KITH_ELIMIT, LIMIT);
    ground_join(g, ALICE, "again"); /* a new link brings no new tokens */
    ground_ended(g, ALICE, KITH_ELIMIT, LIMIT);
    ground_pass(g, KITH_REGISTRY_REGISTER_EVERY);
    ground_join(g, ALICE, "again");
    assert_int_equal(g->closed[ALICE], 0);
}

/* Alice, with this public record. */
static void sign_up(struct ground *g, struct ground_record record)
{
    ground_register(
        g, ALICE,
        (struct ground_register){.record_public = ground_record(0, ALICE, record)});
}

/* Bob is told of Alice by it. */
static void assert_told(struct ground *g, struct ground_record record)
{
    ground_pass(g, KITH_SECOND);
    const struct kith_tracked *told = ground_told(g, BOB, ALICE, 0);
    assert_true(kith_bytes_equal(told->records[0], ground_record(0, ALICE, record)));
}

static void an_older_record_never_replaces_a_newer_one(void **state)
{
    struct ground *g = *state;
    struct ground_record newer = {.counter = 7, .addresses = {"192.0.2.2:7"}};
    struct ground_record older = {.counter = 6, .addresses = {"192.0.2.2:6"}};
    ground_join(g, BOB, "bob");
    ground_up(g, ALICE, "192.0.2.2");
    sign_up(g, newer);
    sign_up(g, older);
    assert_told(g, newer);
    /* Nor after it was taken back. */
    ground_register(g, ALICE, (struct ground_register){0});
    sign_up(g, older);
    ground_forget(g);
    ground_lookup_id(g, BOB, 5, ALICE);
    assert_int_equal(ground_told(g, BOB, ALICE, 5)->record_count, 0);
}

/* A machine whose clock is set right after it registered. */
static void a_record_of_a_clock_that_was_ahead_gives_way(void **state)
{
    struct ground *g = *state;
    struct ground_record ahead = {.counter = (START_S + 7200) * 1000,
                                  .addresses = {"192.0.2.2:7"}};
    struct ground_record right = {.counter = START_S * 1000,
                                  .addresses = {"192.0.2.2:6"}};
    ground_join(g, BOB, "bob");
    ground_up(g, ALICE, "192.0.2.2");
    sign_up(g, ahead);
    sign_up(g, right);
    assert_told(g, right);
}

/* Else the row of the network that was left would be kept, with records that are gone. */
static void moving_keeps_one_row_that_says_what_is_true_now(void **state)
{
    struct ground *g = *state;
    const struct ground_record older = {.counter = 1, .addresses = {"192.0.2.1:4747"}};
    const struct ground_record newer = {.counter = 2, .addresses = {"192.0.2.1:4748"}};
    ground_up(g, ALICE, "192.0.2.1");
    ground_register(
        g, ALICE,
        (struct ground_register){.record_public = ground_record(0, ALICE, older)});
    ground_forget(g);
    struct kith_bytes record = ground_record(0, ALICE, newer);
    ground_register(g, ALICE,
                    (struct ground_register){.tag = 9, .record_public = record});
    assert_int_equal(ground_count(g, KITH_REGISTRY_KEEP), 1);
    const struct kith_registration *row = &ground_effect(g, KITH_REGISTRY_KEEP)->keep;
    assert_true(row->is_here);
    assert_int_equal(row->tag[0], 9);
    assert_true(kith_bytes_equal(row->records[0], record));
    ground_forget(g);
    ground_register(g, ALICE,
                    (struct ground_register){.tag = 8, .record_public = record});
    assert_int_equal(ground_count(g, KITH_REGISTRY_KEEP), 1);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_KEEP)->keep.tag[0], 8);
}

static void stopping_tells_everybody_who_registered(void **state)
{
    struct ground *g = *state;
    struct kith_registry_input input = {.type = KITH_REGISTRY_STOP};
    ground_join(g, ALICE, "alice");
    ground_up(g, BOB, "192.0.2.2");
    ground_step(g, &input);
    ground_ended(g, ALICE, KITH_ECLOSED, KITH_BYE_LEAVING);
    ground_ended(g, BOB, KITH_ECLOSED, -1);
    assert_int_equal(ground_effect(g, KITH_REGISTRY_MARKED)->marked.seen_s, START_S);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ground_setup, ground_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_registers_is_welcome_and_told_its_own_address),
        CASE(an_ipv6_address_is_told_in_brackets_without_its_zone),
        CASE(a_name_that_is_none_is_shown_as_none),
        CASE(versions_that_do_not_meet_are_a_fault),
        CASE(a_cut_frame_is_a_fault_at_every_length),
        CASE(more_than_the_limit_is_a_fault),
        CASE(a_record_of_somebody_else_is_a_fault_and_keeps_nothing),
        CASE(a_record_that_is_none_is_a_fault),
        CASE(anything_before_register_is_a_fault),
        CASE(a_frame_of_a_tracker_is_a_fault_and_an_unknown_one_is_not),
        CASE(an_empty_frame_is_a_fault),
        CASE(who_does_not_register_in_time_is_closed_without_a_word),
        CASE(silence_ends_a_link_and_any_frame_breaks_it),
        CASE(a_refresh_writes_nothing_and_tells_nobody),
        CASE(bye_ends_a_link_and_the_peer_is_away),
        CASE(a_second_link_of_one_id_replaces_the_first),
        CASE(a_new_name_is_told_once),
        CASE(another_tag_is_leaving_and_joining),
        CASE(too_many_registers_of_one_id_end_its_link),
        CASE(an_older_record_never_replaces_a_newer_one),
        CASE(a_record_of_a_clock_that_was_ahead_gives_way),
        CASE(moving_keeps_one_row_that_says_what_is_true_now),
        CASE(stopping_tells_everybody_who_registered),
    };
    return cmocka_run_group_tests_name("tracker/register", tests, NULL, NULL);
}
