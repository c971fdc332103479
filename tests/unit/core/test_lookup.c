/* SPDX-License-Identifier: MIT */
/* Asking trackers for somebody. */
#include "tracked.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/engine.h"

static int setup(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    tracked_join(l, 1);
    tracked_join(l, 2);
    lone_forget(l);
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    struct lone *l = *state;
    lone_deinit(l);
    free(l);
    return 0;
}

/* Replies point into the step that told them, so a look-up is seen as it happens. */
static void ask(struct lone *l, uint64_t token, const char *name,
                const struct kith_id *id)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LOOKUP;
    in.command.token = token;
    in.command.lookup.is_name = name != NULL;
    if (name != NULL)
        snprintf(in.command.lookup.name.text, sizeof(in.command.lookup.name.text), "%s",
                 name);
    else
        in.command.lookup.id = *id;
    lone_step(l, in);
}

static struct kith_frame_lookup asked(const struct lone *l, uint32_t no)
{
    const struct lone_frame *sent =
        lone_last_sent(l, LONE_TRACKER + no, KITH_FRAME_LOOKUP);
    struct kith_frame_lookup frame;
    assert_non_null(sent);
    assert_int_equal(
        kith_frame_lookup_decode(kith_bytes(sent->fields, sent->size), &frame), 0);
    return frame;
}

static void answer_nobody(struct lone *l, uint32_t no)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_peers frame = {.token = asked(l, no).token};
    kith_frame_peers_encode(&w, &frame);
    tracked_say(l, no, &w);
}

static const struct kith_notice *reply(const struct lone *l)
{
    return lone_last_told(l, KITH_NOTICE_REPLY);
}

static void all_trackers_are_asked_and_their_answers_put_together(void **state)
{
    struct lone *l = *state;
    struct tracked_peer bob = {
        .seed = 1, .name = "Bob", .seen_s = 5, .state = KITH_TRACKED_AWAY};
    struct tracked_peer rob = {.seed = 2, .name = "bob", .seen_s = UINT64_C(5000000000)};
    struct kith_id id = tracked_peer_id(2);
    ask(l, 7, "bob", NULL);
    for (uint32_t no = 1; no <= 2; no++) {
        struct kith_frame_lookup frame = asked(l, no);
        assert_int_equal(frame.by, KITH_LOOKUP_NAME);
        assert_true(kith_bytes_equal(frame.value, BYTES("bob")));
    }
    bob.token = rob.token = asked(l, 1).token;
    tracked_tell(l, 1, &bob);
    assert_null(reply(l));
    tracked_tell(l, 2, &rob);
    assert_non_null(reply(l));
    assert_int_equal(reply(l)->reply.token, 7);
    assert_int_equal(reply(l)->reply.error, 0);
    assert_int_equal(reply(l)->reply.count, 2);
    const struct kith_found *found = reply(l)->reply.found; /* good until the next step */
    assert_true(kith_id_equal(&found[0].id, &id));          /* who is here comes first */
    assert_true(found[0].is_here);
    assert_true(found[0].seen > 4000000000 * KITH_SECOND);
    assert_string_equal(found[1].name.text, "Bob");
    assert_false(found[1].is_here);
    assert_true(found[1].seen == 5 * KITH_SECOND);
}

static void an_id_is_asked_for_as_such(void **state)
{
    struct lone *l = *state;
    struct kith_id id = tracked_peer_id(1);
    ask(l, 7, NULL, &id);
    assert_int_equal(asked(l, 1).by, KITH_LOOKUP_ID);
    assert_true(kith_bytes_equal(asked(l, 1).value, kith_bytes(id.bytes, KITH_ID_SIZE)));
    assert_true(asked(l, 1).token != 0);
}

static void one_peer_at_two_trackers_is_found_once_and_here(void **state)
{
    struct lone *l = *state;
    struct tracked_peer bob = {.seed = 1, .name = "bob", .state = KITH_TRACKED_AWAY};
    ask(l, 7, "bob", NULL);
    bob.token = asked(l, 1).token;
    tracked_tell(l, 1, &bob);
    bob.state = KITH_TRACKED_HERE;
    tracked_tell(l, 2, &bob);
    assert_int_equal(reply(l)->reply.count, 1);
    assert_true(reply(l)->reply.found[0].is_here);
    ask(l, 8, "bob", NULL); /* and the other way about */
    bob.token = asked(l, 1).token;
    tracked_tell(l, 2, &bob);
    bob.state = KITH_TRACKED_AWAY;
    tracked_tell(l, 1, &bob);
    assert_int_equal(reply(l)->reply.token, 8);
    assert_int_equal(reply(l)->reply.count, 1);
    assert_true(reply(l)->reply.found[0].is_here);
}

static void a_name_that_is_none_is_not_shown(void **state)
{
    struct lone *l = *state;
    struct tracked_peer bob = {.seed = 1, .name = "\x1b[31m"};
    struct kith_id id = tracked_peer_id(1);
    ask(l, 7, NULL, &id);
    answer_nobody(l, 2);
    bob.token = asked(l, 1).token;
    tracked_tell(l, 1, &bob);
    assert_string_equal(reply(l)->reply.found[0].name.text, "");
}

static void who_is_found_here_is_dialled(void **state)
{
    struct lone *l = *state;
    struct tracked_peer bob = {.seed = tracked_higher_seed(l),
                               .address_count = 1,
                               .addresses = {"192.0.2.20:4747"}};
    ask(l, 7, "bob", NULL);
    bob.token = asked(l, 1).token;
    bob.state = KITH_TRACKED_AWAY;
    tracked_tell(l, 1, &bob);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(l->dial_count, 0);
    bob.state = KITH_TRACKED_HERE;
    tracked_tell(l, 2, &bob);
    lone_pass(l, 0);
    assert_int_equal(l->dial_count, 1);
}

static void nobody_known_is_not_found(void **state)
{
    struct lone *l = *state;
    ask(l, 7, "bob", NULL);
    answer_nobody(l, 1);
    answer_nobody(l, 2);
    assert_int_equal(reply(l)->reply.error, KITH_ENOTFOUND);
    assert_int_equal(reply(l)->reply.count, 0);
}

static void silence_is_borne_for_3_s_and_is_no_answer(void **state)
{
    struct lone *l = *state;
    ask(l, 7, "bob", NULL);
    lone_pass(l, KITH_LOOKUP_TIME - KITH_MS);
    assert_null(reply(l));
    lone_pass(l, KITH_MS);
    assert_int_equal(reply(l)->reply.error, KITH_EUNREACHABLE);
    ask(l, 8, "bob", NULL);
    answer_nobody(l, 1); /* one said so */
    lone_pass(l, KITH_LOOKUP_TIME);
    assert_int_equal(reply(l)->reply.token, 8);
    assert_int_equal(reply(l)->reply.error, KITH_ENOTFOUND);
}

static void a_tracker_that_goes_is_not_waited_for(void **state)
{
    struct lone *l = *state;
    ask(l, 7, "bob", NULL);
    tracked_down(l, 1, KITH_ECLOSED);
    assert_null(reply(l));
    answer_nobody(l, 2);
    assert_int_equal(reply(l)->reply.error, KITH_ENOTFOUND);
    ask(l, 8, "bob", NULL);
    tracked_down(l, 2, KITH_ECLOSED);
    assert_int_equal(reply(l)->reply.token, 8);
    assert_int_equal(reply(l)->reply.error, KITH_EUNREACHABLE);
}

static void without_a_tracker_nobody_can_be_asked(void **state)
{
    struct lone *l = *state;
    tracked_down(l, 1, KITH_ECLOSED);
    tracked_down(l, 2, KITH_ECLOSED);
    ask(l, 7, "bob", NULL);
    assert_int_equal(reply(l)->reply.error, KITH_EUNREACHABLE);
}

static void an_answer_counts_once_and_for_its_question(void **state)
{
    struct lone *l = *state;
    struct tracked_peer bob = {.seed = 1, .name = "bob"};
    ask(l, 7, "bob", NULL);
    bob.token = asked(l, 1).token + 2;
    tracked_tell(l, 1, &bob); /* to nothing that was asked */
    tracked_tell(l, 2, &bob);
    assert_null(reply(l));
    answer_nobody(l, 1);
    answer_nobody(l, 1); /* the other one is still waited for */
    assert_null(reply(l));
    answer_nobody(l, 2);
    assert_int_equal(reply(l)->reply.error, KITH_ENOTFOUND);
}

static void say_many(struct lone *l, uint32_t no, uint8_t mark, uint8_t state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_frame_peers frame = {.token = asked(l, no).token,
                                     .count = KITH_PEERS_FRAME_MAX};
    for (size_t i = 0; i < frame.count; i++) {
        memset(&frame.peers[i].id, mark, KITH_ID_SIZE);
        frame.peers[i].id.bytes[0] = (uint8_t)i;
        frame.peers[i].state = state;
    }
    kith_frame_peers_encode(&w, &frame);
    tracked_say(l, no, &w);
}

static void of_too_many_those_who_are_here_are_told(void **state)
{
    struct lone *l = *state;
    ask(l, 7, "bob", NULL);
    say_many(l, 1, 0xa0, KITH_TRACKED_AWAY);
    say_many(l, 2, 0xb0, KITH_TRACKED_HERE);
    assert_int_equal(reply(l)->reply.count, KITH_FOUND_MAX);
    for (size_t i = 0; i < KITH_FOUND_MAX; i++)
        assert_true(reply(l)->reply.found[i].is_here);
}

static void of_too_many_who_are_away_the_first_are_told(void **state)
{
    struct lone *l = *state;
    ask(l, 7, "bob", NULL);
    say_many(l, 1, 0xa0, KITH_TRACKED_AWAY);
    say_many(l, 2, 0xb0, KITH_TRACKED_AWAY);
    assert_int_equal(reply(l)->reply.count, KITH_FOUND_MAX);
    for (size_t i = 0; i < KITH_FOUND_MAX; i++)
        assert_int_equal(reply(l)->reply.found[i].id.bytes[1], 0xa0);
}

/* Where a network is too large to be told of whole. */
static void contacts_that_are_away_are_looked_up_and_nobody_else(void **state)
{
    struct lone *l = *state;
    struct lone_peer peers[3];
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.send.is_direct = true;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    for (uint8_t i = 0; i < 3; i++) {
        lone_connect(l, &peers[i], (uint8_t)(i + 1), i + 1u, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &peers[i]);
        in.command.send.peer = peers[i].key.id;
        if (i < 2)
            lone_step(l, in);
    }
    lone_say_raw(l, &peers[0], BYTES("\x05\x00")); /* only the second is still there */
    lone_say_raw(l, &peers[2], BYTES("\x05\x00"));
    lone_forget(l);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_peers_encode(&w, &(struct kith_frame_peers){.has_more = true});
    tracked_say(l, 1, &w);
    assert_int_equal(tracked_count(l, 1, KITH_FRAME_LOOKUP), 1);
    assert_true(kith_bytes_equal(asked(l, 1).value,
                                 kith_bytes(peers[0].key.id.bytes, KITH_ID_SIZE)));
}

static void too_many_questions_are_refused(void **state)
{
    struct lone *l = *state;
    for (uint64_t i = 0; i < KITH_LOOKUPS_MAX; i++)
        ask(l, 100 + i, "bob", NULL);
    assert_null(reply(l));
    ask(l, 99, "bob", NULL);
    assert_int_equal(reply(l)->reply.token, 99);
    assert_int_equal(reply(l)->reply.error, KITH_ELIMIT);
    lone_pass(l, KITH_LOOKUP_TIME);
    lone_forget(l);
    ask(l, 98, "bob", NULL); /* there is room again */
    assert_null(reply(l));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_trackers_are_asked_and_their_answers_put_together),
        TEST(an_id_is_asked_for_as_such),
        TEST(one_peer_at_two_trackers_is_found_once_and_here),
        TEST(a_name_that_is_none_is_not_shown),
        TEST(who_is_found_here_is_dialled),
        TEST(nobody_known_is_not_found),
        TEST(silence_is_borne_for_3_s_and_is_no_answer),
        TEST(a_tracker_that_goes_is_not_waited_for),
        TEST(without_a_tracker_nobody_can_be_asked),
        TEST(an_answer_counts_once_and_for_its_question),
        TEST(of_too_many_those_who_are_here_are_told),
        TEST(of_too_many_who_are_away_the_first_are_told),
        TEST(contacts_that_are_away_are_looked_up_and_nobody_else),
        TEST(too_many_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
