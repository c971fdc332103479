/* SPDX-License-Identifier: MIT */
/* What a peer is called, when HELLO and profile events tell it. */
#include "lone.h"

#include <stdio.h>

#include "core/peer.h"

static void greet(struct lone *l, struct lone_peer *peer, uint32_t link, const char *name,
                  kith_hlc hlc)
{
    lone_connect(l, peer, 1, link, KITH_ROLE_DIALLER, 0);
    peer->name_hlc = hlc;
    lone_prove(l, peer);
    lone_hello(l, peer, name);
    lone_rooms(l, peer);
}

static void say(struct lone *l, struct lone_peer *peer, struct lone_log *log,
                const struct kith_tag *tag, char name)
{
    struct kith_writer run;
    lone_write(log, &run, 1, name);
    lone_say_run(l, peer, tag, &run);
    kith_writer_deinit(&run);
}

/* A profile event with a name of one letter. */
static void say_profile(struct lone *l, struct lone_peer *peer, char name, kith_hlc hlc)
{
    struct lone_log log = {
        .author = &peer->key,
        .room = lone_lobby(),
        .log = {{(uint8_t)name}},
        .log_class = KITH_LOG_CONTROL,
        .hlc = hlc - 1,
    };
    say(l, peer, &log, &peer->lobby_tag, name);
}

static bool is_called(const struct lone *l, const char *name)
{
    struct kith_target target;
    return kith_node_find(l->node, kith_bytes(name, strlen(name)), &target, NULL, 0,
                          NULL) == 0;
}

static kith_hlc hours_ahead(const struct lone *l, int hours)
{
    return kith_hlc_from_wall(l->now.wall + hours * KITH_HOUR);
}

static void an_older_profile_does_not_take_back_the_name_of_a_hello(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, "new", hours_ahead(l, 0));
    size_t stored = lone_count_stored(l);
    say_profile(l, &peer, 'o', hours_ahead(l, -1));
    assert_int_equal(lone_count_stored(l), stored + 1);
    assert_true(is_called(l, "new"));
    say_profile(l, &peer, 'n', hours_ahead(l, 1));
    assert_true(is_called(l, "n"));
}

static void a_hello_renames_at_once_whom_an_older_profile_named(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, "o", hours_ahead(l, -1));
    greet(l, &peer, 2, "new", hours_ahead(l, 0));
    assert_true(is_called(l, "new"));
    const struct kith_notice *told = lone_last_told(l, KITH_NOTICE_PEER);
    assert_int_equal(told->peer.change, KITH_PEER_RENAMED);
    assert_string_equal(told->peer.name_before.text, "o");
}

/* A power cut took the rename from who made it. */
static void a_hello_takes_back_what_only_a_hello_told(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, "o", hours_ahead(l, -2));
    say_profile(l, &peer, 'o', hours_ahead(l, -2));
    greet(l, &peer, 2, "new", hours_ahead(l, -1));
    assert_true(l->peer_row.is_name_told); /* that holds for the next start, too */
    greet(l, &peer, 3, "o", hours_ahead(l, -2));
    assert_true(is_called(l, "o"));
    greet(l, &peer, 4, "n", hours_ahead(l, 0));
    say_profile(l, &peer, 'n', hours_ahead(l, 0));
    greet(l, &peer, 5, "o", hours_ahead(l, -2)); /* of a copy that was left behind */
    assert_true(is_called(l, "n"));
    assert_int_equal(l->peer_row.name_hlc, hours_ahead(l, 0));
    assert_false(l->peer_row.is_name_told);
}

static void a_hello_without_an_hlc_or_with_one_of_the_far_future_only_fills_a_gap(
    void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, "far", hours_ahead(l, 25));
    assert_true(is_called(l, "far"));
    greet(l, &peer, 2, "none", 0);
    assert_true(is_called(l, "none"));
    say_profile(l, &peer, 'p', hours_ahead(l, -1));
    assert_true(is_called(l, "p"));
    greet(l, &peer, 3, "far", hours_ahead(l, 25));
    greet(l, &peer, 4, "none", 0);
    assert_true(is_called(l, "p"));
}

/* They are kept for others, who may know better what it is. */
static void a_profile_elsewhere_than_in_a_control_log_of_the_lobby_names_nobody(
    void **state)
{
    struct lone *l = *state;
    struct lone_peer peer, other;
    greet(l, &peer, 1, "sam", hours_ahead(l, -2));
    say_profile(l, &peer, 's', hours_ahead(l, -1));
    lone_connect(l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &other);
    lone_pass(l, KITH_SECOND);
    lone_forget(l);
    size_t stored = lone_count_stored(l);
    struct lone_log direct = {.author = &peer.key,
                              .room = lone_direct(l, &peer),
                              .log = {{1}},
                              .log_class = KITH_LOG_CONTROL,
                              .hlc = hours_ahead(l, 1)};
    struct lone_log content = {.author = &peer.key,
                               .room = lone_lobby(),
                               .log = {{2}},
                               .kind = KITH_KIND_PROFILE,
                               .hlc = hours_ahead(l, 2)};
    say(l, &peer, &direct, &peer.direct_tag, 'd');
    say(l, &peer, &content, &peer.lobby_tag, 'c');
    lone_pass(l, KITH_SECOND);
    assert_int_equal(lone_count_stored(l), stored + 2);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_HAVE), 2);
    assert_int_equal(lone_count_sent(l, 2, KITH_FRAME_HAVE), 1); /* of the lobby */
    assert_int_equal(l->closed[1], 1);
    assert_true(is_called(l, "s"));
    assert_string_equal(l->peer_row.name.text, "s"); /* at the next start, too */
}

static void a_profile_with_a_name_that_is_none_names_nobody(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, "sam", hours_ahead(l, -3));
    say_profile(l, &peer, 's', hours_ahead(l, -2));
    size_t stored = lone_count_stored(l);
    say_profile(l, &peer, '\n', hours_ahead(l, -1));
    assert_int_equal(lone_count_stored(l), stored + 1);
    assert_int_equal(l->closed[1], 1);
    assert_true(is_called(l, "s"));
    assert_string_equal(l->peer_row.name.text, "s");
}

static void what_is_no_address_is_nobodys(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    greet(l, &peer, 1, "sam", 0);
    assert_true(is_called(l, "10.0.0.9"));
    assert_true(is_called(l, "10.0.0.9:4747"));
    assert_false(is_called(l, "10.0.0.9:99999"));
    assert_false(is_called(l, "[10.0.0.9"));
}

static void an_address_is_of_who_is_there_now(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer, other;
    greet(l, &peer, 1, "sam", 0);
    lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                     .link_down = {.link = 1, .error = KITH_ECLOSED}});
    assert_true(is_called(l, "10.0.0.9:4747"));
    lone_connect(l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &other);
    struct kith_target target;
    assert_int_equal(
        kith_node_find(l->node, BYTES("10.0.0.9:4747"), &target, NULL, 0, NULL), 0);
    assert_true(kith_id_equal(&target.peer, &other.key.id));
}

/* The port of a link that came in is what its peer says. */
static void a_stranger_takes_no_address_from_a_contact(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer, other;
    greet(l, &peer, 1, "sam", 0);
    struct kith_peer *sam = kith_peer_find(l->node, &peer.key.id);
    sam->is_contact = true;
    lone_step(l, (struct kith_input){.type = KITH_INPUT_LINK_DOWN,
                                     .link_down = {.link = 1, .error = KITH_ECLOSED}});
    lone_connect(l, &other, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &other);
    struct kith_target target;
    assert_int_equal(
        kith_node_find(l->node, BYTES("10.0.0.9:4747"), &target, NULL, 0, NULL),
        KITH_EAMBIGUOUS);
    sam->is_contact = false;
    assert_int_equal(
        kith_node_find(l->node, BYTES("10.0.0.9:4747"), &target, NULL, 0, NULL), 0);
    kith_peer_find(l->node, &other.key.id)->link->is_relayed = true;
    assert_int_equal(
        kith_node_find(l->node, BYTES("10.0.0.9:4747"), &target, NULL, 0, NULL),
        KITH_EAMBIGUOUS); /* both were there; now nobody is */
    kith_peer_find(l->node, &other.key.id)->link->is_relayed = false;
    sam->address.port = 5000;
    assert_int_equal(kith_node_find(l->node, BYTES("10.0.0.9"), &target, NULL, 0, NULL),
                     KITH_EAMBIGUOUS); /* beside each other */
}

static void is_found_at(struct kith_peer *peer, const char *host, const char *kept)
{
    struct kith_address address = {.port = 4747};
    memcpy(address.host, host, strlen(host) + 1);
    kith_peer_found_at(peer, &address);
    assert_string_equal(peer->address.host, host);
    assert_string_equal(peer->address_kept.host, kept);
}

static void an_address_of_the_link_alone_is_used_and_not_kept(void **state)
{
    (void)state;
    struct kith_peer peer = {0};
    is_found_at(&peer, "169.254.7.2", "");
    is_found_at(&peer, "10.0.0.9", "10.0.0.9");
    is_found_at(&peer, "fe80::1%eth0", "10.0.0.9");
    is_found_at(&peer, "169.254.7.2", "10.0.0.9");
    is_found_at(&peer, "169.25.4.1", "169.25.4.1");
}

static int try_rename(struct lone *l, const char *name)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_RENAME;
    in.command.token = 9;
    snprintf(in.command.rename.text, sizeof(in.command.rename.text), "%s", name);
    lone_step(l, in);
    return lone_last_told(l, KITH_NOTICE_REPLY)->reply.error;
}

static void rename_to(struct lone *l, const char *name)
{
    assert_int_equal(try_rename(l, name), 0);
    assert_string_equal(kith_node_name(l->node), name);
}

static void a_name_of_a_clock_that_was_ahead_is_not_for_ever(void **state)
{
    struct lone *l = *state;
    l->now.wall += 30 * 24 * KITH_HOUR;
    rename_to(l, "ahead");
    l->now.wall -= 30 * 24 * KITH_HOUR;
    rename_to(l, "right");
}

/* What is in doubt here has to be in doubt in the store. */
static void nor_if_its_place_could_not_be_stored_at_first(void **state)
{
    struct lone *l = *state;
    l->now.wall += 30 * 24 * KITH_HOUR;
    rename_to(l, "ahead");
    l->now.wall -= 30 * 24 * KITH_HOUR;
    l->store_error = KITH_EFULL;
    assert_int_equal(try_rename(l, "refused"), KITH_EFULL);
    l->store_error = 0;
    size_t before = l->told_rows;
    lone_pass(l, KITH_MINUTE);
    rename_to(l, "right");
    assert_true(l->told_rows > before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_older_profile_does_not_take_back_the_name_of_a_hello),
        TEST(a_hello_renames_at_once_whom_an_older_profile_named),
        TEST(a_hello_takes_back_what_only_a_hello_told),
        TEST(a_hello_without_an_hlc_or_with_one_of_the_far_future_only_fills_a_gap),
        TEST(a_profile_elsewhere_than_in_a_control_log_of_the_lobby_names_nobody),
        TEST(a_profile_with_a_name_that_is_none_names_nobody),
        TEST(what_is_no_address_is_nobodys),
        TEST(an_address_is_of_who_is_there_now),
        TEST(a_stranger_takes_no_address_from_a_contact),
        TEST(an_address_of_the_link_alone_is_used_and_not_kept),
        TEST(a_name_of_a_clock_that_was_ahead_is_not_for_ever),
        TEST(nor_if_its_place_could_not_be_stored_at_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
