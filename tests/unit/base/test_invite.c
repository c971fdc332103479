/* SPDX-License-Identifier: MIT */
#include "base/invite.h"

#include <stdio.h>

#include "lib/unit.h"

#include "kith/error.h"

#define ID       "aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq"
#define ID_UPPER "AEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQCAIBAEAQ"
#define OTHER    "aiaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq"

static struct kith_bytes text_of(const char *text)
{
    return kith_bytes(text, strlen(text));
}

static void assert_format(const struct kith_invite *invite, const char *wanted)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_invite_format(invite, &w);
    kith_writer_u8(&w, 0);
    assert_false(w.failed);
    assert_string_equal((const char *)w.data, wanted);
    kith_writer_deinit(&w);
}

static struct kith_invite parse(const char *text)
{
    struct kith_invite invite;
    const char *why = "";
    if (kith_invite_parse(text_of(text), &invite, &why) != 0)
        fail_msg("%s: %s", text, why);
    return invite;
}

static void an_invite_to_a_person_reads_as_it_was_written(void **state)
{
    (void)state;
    const char *text = "kith:add/" ID "?name=J%C3%B6rg%20B&net=home"
                       "&at=192.0.2.1:4747&at=%5B2001:db8::1%5D:4747"
                       "&via=tracker.example:55555/" ID;
    struct kith_invite invite = parse(text);
    assert_false(invite.has_room);
    assert_true(invite.has_id);
    assert_string_equal(invite.name.text, "Jörg B");
    assert_string_equal(invite.network.text, "home");
    assert_int_equal(invite.address_count, 2);
    assert_string_equal(invite.addresses[1].host, "2001:db8::1");
    assert_int_equal(invite.tracker_count, 1);
    assert_true(invite.trackers[0].has_id);
    assert_int_equal(invite.trackers[0].address.port, 55555);
    assert_format(&invite, text);
}

static void an_invite_to_a_room_names_who_invites(void **state)
{
    (void)state;
    struct kith_invite invite = parse("kith:join/Garden?by=" ID);
    assert_true(invite.has_room);
    assert_true(invite.has_id);
    assert_string_equal(invite.room.text, "garden");
    assert_format(&invite, "kith:join/garden?by=" ID);
    invite = parse("kith:join/garden");
    assert_false(invite.has_id);
    assert_format(&invite, "kith:join/garden");
}

static void the_id_that_is_seen_first_is_the_one_that_counts(void **state)
{
    (void)state;
    struct kith_invite plain = parse("kith:add/" ID);
    struct kith_invite invite = parse("kith:add/" ID "?by=" OTHER);
    assert_true(kith_id_equal(&invite.id, &plain.id));
    invite = parse("kith:join/garden?by=" ID "&by=" OTHER);
    assert_true(kith_id_equal(&invite.id, &plain.id));
}

static void what_a_later_version_adds_is_ignored(void **state)
{
    (void)state;
    struct kith_invite invite = parse("kith:add/" ID "?colour=blue&&name=ann&flag");
    assert_string_equal(invite.name.text, "ann");
    char text[1024] = "kith:add/" ID "?share=100%&colour=";
    size_t size = strlen(text);
    memset(text + size, 'x', 600);
    snprintf(text + size + 600, sizeof text - size - 600, "&name=ann");
    assert_string_equal(parse(text).name.text, "ann");
}

static void further_addresses_than_fit_are_left_out(void **state)
{
    (void)state;
    char text[1024] = "kith:add/" ID "?x";
    for (int i = 0; i < 10; i++) {
        size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "&at=192.0.2.1:1&via=192.0.2.2");
    }
    struct kith_invite invite = parse(text);
    assert_int_equal(invite.address_count, KITH_INVITE_ADDRESSES_MAX);
    assert_int_equal(invite.tracker_count, KITH_INVITE_TRACKERS_MAX);
}

static void what_is_no_invite_is_refused_with_the_reason(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "kith:",
        "kith:add",
        "kith:add/",
        "kith:add/abc",
        "kith:join/",
        "kith:join/a/b",
        "http://example.org/",
        "kith:add/" ID "x",
        "kith:join/garden?by=abc",
        "kith:add/" ID "?name=",
        "kith:add/" ID "?name=%",
        "kith:add/" ID "?name=%4",
        "kith:add/" ID "?name=%zz",
        "kith:add/" ID "?name=%00",
        "kith:add/" ID "?name=%1b%5b31m",
        "kith:add/" ID "?at=",
        "kith:add/" ID "?at=1.2.3:99999",
        "kith:add/" ID "?via=host/abc",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct kith_invite invite;
        const char *why = NULL;
        if (kith_invite_parse(text_of(wrong[i]), &invite, &why) != KITH_EINVALID)
            fail_msg("taken: %s", wrong[i]);
        assert_non_null(why);
        assert_true(why[0] != '\0');
    }
}

static void capitals_mean_the_same(void **state)
{
    (void)state;
    static const char upper[] = "KITH:ADD/" ID_UPPER "?name=Sam";
    assert_true(kith_invite_is(text_of(upper)));
    struct kith_invite invite = parse(upper);
    assert_format(&invite, "kith:add/" ID "?name=Sam");
    invite = parse("KITH:JOIN/GARDEN");
    assert_string_equal(invite.room.text, "garden");
}

static void one_that_is_too_long_is_refused(void **state)
{
    (void)state;
    static char text[KITH_INVITE_SIZE_MAX + 2] = "kith:add/" ID "?x=";
    struct kith_invite invite;
    size_t size = strlen(text);
    memset(text + size, 'y', sizeof text - 1 - size);
    assert_int_equal(
        kith_invite_parse(kith_bytes(text, KITH_INVITE_SIZE_MAX + 1), &invite, NULL),
        KITH_EINVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_to_a_person_reads_as_it_was_written),
        cmocka_unit_test(an_invite_to_a_room_names_who_invites),
        cmocka_unit_test(the_id_that_is_seen_first_is_the_one_that_counts),
        cmocka_unit_test(what_a_later_version_adds_is_ignored),
        cmocka_unit_test(further_addresses_than_fit_are_left_out),
        cmocka_unit_test(what_is_no_invite_is_refused_with_the_reason),
        cmocka_unit_test(capitals_mean_the_same),
        cmocka_unit_test(one_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
