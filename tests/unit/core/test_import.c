/* SPDX-License-Identifier: MIT */
/* Runs out of a file: checked like those of peers, whoever wrote the file. */
#include "lone.h"

#include <stdlib.h>

#include "core/digest.h"

struct scene {
    struct lone l;
    struct lone_key author;
    struct lone_log log; /* of the author, in the lobby */
    uint64_t token;
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    lone_init(&s->l);
    lone_start(&s->l);
    lone_key_make(&s->author, 50);
    s->log = (struct lone_log){.author = &s->author,
                               .room = lone_lobby(),
                               .log = {{1}},
                               .hlc = kith_hlc_from_wall(s->l.now.wall)};
    lone_forget(&s->l);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    lone_deinit(&s->l);
    free(s);
    return 0;
}

/* Give the node a run of this room; NULL parties: an open room called lobby. */
static void import(struct scene *s, const struct kith_id *room,
                   const struct kith_id *party, const struct kith_writer *run)
{
    struct kith_input input = {.type = KITH_INPUT_COMMAND,
                               .command = {.type = KITH_COMMAND_IMPORT,
                                           .token = ++s->token,
                                           .import = {.room = *room,
                                                      .kind = KITH_ROOM_OPEN,
                                                      .name = {.text = KITH_LOBBY_NAME},
                                                      .run = kith_writer_view(run)}}};
    if (party != NULL) {
        input.command.import.kind = KITH_ROOM_DIRECT;
        input.command.import.name = (struct kith_name){0};
        input.command.import.parties[0] = *party;
    }
    lone_step(&s->l, input);
}

/* What came of the last one. */
static int result(const struct scene *s)
{
    const struct kith_notice *reply = lone_last_told(&s->l, KITH_NOTICE_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->reply.token, s->token);
    return reply->reply.error;
}

/* Write the next run and import it. */
static int import_next(struct scene *s, struct lone_log *log, size_t count, char text)
{
    struct kith_writer run;
    lone_write(log, &run, count, text);
    import(s, &log->room, NULL, &run);
    kith_writer_deinit(&run);
    return result(s);
}

static size_t messages(const struct scene *s)
{
    return lone_count_stored(&s->l) - 1; /* less our own profile */
}

static void runs_are_stored_and_told(void **state)
{
    struct scene *s = *state;
    assert_int_equal(import_next(s, &s->log, 3, 'a'), 0);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_REPLY)->reply.count, 3);
    assert_int_equal(import_next(s, &s->log, 1, 'd'), 0);
    assert_int_equal(messages(s), 4);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_MESSAGE), 2);
}

static void it_is_answered_when_it_is_stored_and_not_before(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    s->l.is_store_held = true;
    lone_write(&s->log, &run, 1, 'a');
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_REPLY), 0);
    lone_commit(&s->l);
    assert_int_equal(result(s), 0);
    kith_writer_deinit(&run);
}

static void what_is_held_already_changes_nothing(void **state)
{
    struct scene *s = *state;
    struct kith_writer first, second;
    lone_write(&s->log, &first, 2, 'a');
    lone_write(&s->log, &second, 2, 'c');
    import(s, &s->log.room, NULL, &first);
    import(s, &s->log.room, NULL, &second);
    for (int i = 0; i < 2; i++) {
        import(s, &s->log.room, NULL, i == 0 ? &first : &second);
        assert_int_equal(result(s), 0);
        assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_REPLY)->reply.count, 0);
    }
    assert_int_equal(messages(s), 4);
    kith_writer_deinit(&first);
    kith_writer_deinit(&second);
}

static void a_forged_run_is_refused_and_leaves_no_trace(void **state)
{
    struct scene *s = *state;
    struct lone_key other, forged = {s->author.id, {0}};
    lone_key_make(&other, 77);
    memcpy(forged.secret, other.secret, sizeof(forged.secret));
    struct lone_log log = s->log;
    log.author = &forged;
    assert_int_equal(import_next(s, &log, 2, 'a'), KITH_ESIGNATURE);
    assert_int_equal(messages(s), 0);
    assert_int_equal(kith_node_peer_count(s->l.node), 0);
    assert_int_equal(import_next(s, &s->log, 2, 'a'), 0);
}

static void every_changed_byte_is_noticed(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 2, 'a');
    for (size_t i = 0; i < run.size; i++) {
        run.data[i] ^= 1;
        import(s, &s->log.room, NULL, &run);
        assert_int_not_equal(result(s), 0);
        run.data[i] ^= 1;
        lone_forget(&s->l);
    }
    assert_int_equal(messages(s), 0);
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(result(s), 0);
    kith_writer_deinit(&run);
}

static void a_run_of_another_room_does_not_get_in(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    struct lone_log elsewhere = s->log;
    elsewhere.room = (struct kith_id){{9}};
    assert_int_equal(import_next(s, &elsewhere, 1, 'a'), KITH_ENOTFOUND);
    lone_write(&elsewhere, &run, 1, 'a');
    struct kith_id lobby = lone_lobby();
    import(s, &lobby, NULL, &run); /* passed off as one of the lobby */
    assert_int_equal(result(s), KITH_ESIGNATURE);
    assert_int_equal(messages(s), 0);
    kith_writer_deinit(&run);
}

static void a_direct_room_is_taken_only_where_this_node_is_a_party(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    struct lone_key stranger;
    lone_key_make(&stranger, 51);
    struct lone_log theirs = s->log, ours = s->log;
    theirs.room = kith_digest_direct_room(&s->author.id, &stranger.id);
    lone_write(&theirs, &run, 1, 'a');
    import(s, &theirs.room, &stranger.id, &run);
    assert_int_equal(result(s), KITH_ENOTFOUND);
    kith_writer_deinit(&run);
    ours.room = kith_digest_direct_room(&s->author.id, &s->l.key.id);
    lone_write(&ours, &run, 1, 'a');
    import(s, &ours.room, &stranger.id, &run); /* whoever the file says it was with */
    assert_int_equal(result(s), 0);
    kith_writer_deinit(&run);
    struct lone_log third = ours; /* signed, but not by one of the two */
    third.author = &stranger;
    third.seq = 0;
    third.head = (struct kith_id){0};
    lone_write(&third, &run, 1, 'a');
    import(s, &third.room, &stranger.id, &run);
    assert_int_equal(result(s), KITH_EACCESS);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 1);
}

static void what_rests_on_something_missing_is_refused(void **state)
{
    struct scene *s = *state;
    struct kith_writer first;
    lone_write(&s->log, &first, 2, 'a');
    assert_int_equal(import_next(s, &s->log, 2, 'c'), KITH_EUNEXPECTED);
    import(s, &s->log.room, NULL, &first);
    assert_int_equal(result(s), 0);
    assert_int_equal(import_next(s, &s->log, 2, 'e'), KITH_EUNEXPECTED);
    struct kith_ref ctl = {s->author.id, {{2}}, 1, {{3}}};
    struct lone_log other = s->log;
    other.log = (struct kith_log_id){{4}};
    other.seq = 0;
    other.head = (struct kith_id){0};
    other.ctl = &ctl;
    assert_int_equal(import_next(s, &other, 1, 'a'), KITH_EUNEXPECTED);
    assert_int_equal(messages(s), 2);
    kith_writer_deinit(&first);
}

static void what_is_dated_far_ahead_is_refused(void **state)
{
    struct scene *s = *state;
    s->log.hlc = kith_hlc_from_wall(s->l.now.wall + 25 * KITH_HOUR);
    assert_int_equal(import_next(s, &s->log, 1, 'a'), KITH_EINVALID);
}

static void a_fork_is_kept_and_told(void **state)
{
    struct scene *s = *state;
    assert_int_equal(import_next(s, &s->log, 2, 'a'), 0);
    struct lone_log other = s->log;
    assert_int_equal(import_next(s, &s->log, 1, 'c'), 0);
    assert_int_equal(import_next(s, &other, 1, 'z'), 0);
    assert_int_equal(messages(s), 4);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FORK);
    assert_int_equal(import_next(s, &other, 1, 'y'), 0);
    assert_int_equal(import_next(s, &s->log, 1, 'd'), 0);
    assert_int_equal(messages(s), 6);
}

/* Signed once more, together with what follows it. */
static void what_a_run_begins_with_may_be_held(void **state)
{
    struct scene *s = *state;
    struct lone_log longer = s->log;
    assert_int_equal(import_next(s, &s->log, 2, 'a'), 0);
    assert_int_equal(import_next(s, &longer, 3, 'a'), 0);
    assert_int_equal(messages(s), 3);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 0);
}

/* Nobody would take it from us. */
static void a_fork_that_turns_back_where_it_leaves_is_refused(void **state)
{
    struct scene *s = *state;
    assert_int_equal(import_next(s, &s->log, 2, 'a'), 0);
    struct lone_log other = s->log;
    assert_int_equal(import_next(s, &s->log, 1, 'c'), 0);
    other.hlc -= (kith_hlc)KITH_HOUR;
    assert_int_equal(import_next(s, &other, 1, 'z'), KITH_ECHAIN);
    assert_int_equal(messages(s), 3);
}

/* Nothing of a log is known to be true while its first run is being verified: so nothing
 * branches off it. A forged one would leave the branch of a log that never was. */
static void beside_a_log_that_is_being_verified(struct scene *s, bool is_forged)
{
    struct kith_writer first, imported;
    struct lone_peer peer;
    struct lone_key thief;
    uint32_t nos[3];
    lone_connect(&s->l, &peer, 50, 1, KITH_ROLE_DIALLER, 0); /* the author */
    lone_greet(&s->l, &peer);
    lone_key_make(&thief, 2);
    thief.id = s->author.id;
    struct lone_log other = s->log, shown = s->log;
    if (is_forged)
        shown.author = &thief;
    lone_write(&shown, &first, 1, 'a');
    lone_write(&other, &imported, 1, 'x');
    s->l.is_verify_held = true;
    lone_say_run(&s->l, &peer, &peer.lobby_tag, &first);
    s->l.is_verify_held = false;
    import(s, &other.room, NULL, &imported);
    assert_int_equal(result(s), KITH_EUNEXPECTED);
    size_t before = messages(s);
    lone_verify(&s->l);
    assert_int_equal(messages(s), before + (is_forged ? 0 : 1));
    import(s, &other.room, NULL, &imported);
    assert_int_equal(result(s), 0);
    assert_int_equal(
        kith_node_log_nos(s->l.node, &other.room, &s->author.id, &other.log, nos, 3),
        is_forged ? 1 : 2);
    kith_writer_deinit(&first);
    kith_writer_deinit(&imported);
}

static void beside_one_that_is_being_verified_it_waits(void **state)
{
    beside_a_log_that_is_being_verified(*state, false);
}

static void so_it_does_beside_one_that_is_forged(void **state)
{
    beside_a_log_that_is_being_verified(*state, true);
}

/* Else a forger could have an author accused of two histories. */
static void so_it_does_beside_one_that_goes_on_with_what_is_held(void **state)
{
    struct scene *s = *state;
    assert_int_equal(import_next(s, &s->log, 1, 'h'), 0);
    beside_a_log_that_is_being_verified(s, true);
    assert_int_equal(messages(s), 2);
}

static void so_it_does_where_the_disk_was_full_before(void **state)
{
    struct scene *s = *state;
    struct lone_log refused = s->log;
    s->l.store_error = KITH_EFULL;
    assert_int_equal(import_next(s, &refused, 1, 'r'), KITH_EFULL);
    s->l.store_error = 0;
    lone_pass(&s->l, 3 * KITH_SECOND);
    beside_a_log_that_is_being_verified(s, true);
}

/* Two histories of a log, of which the first is held; the first run of the other is
 * being imported, and compared with that. Its second run is still to come. */
static struct lone_log import_slowly(struct scene *s, struct lone_peer *peer,
                                     struct kith_writer *first,
                                     struct kith_writer *second)
{
    lone_connect(&s->l, peer, 50, 1, KITH_ROLE_DIALLER, 0); /* the author */
    lone_greet(&s->l, peer);
    struct lone_log other = s->log;
    assert_int_equal(import_next(s, &s->log, 1, 'a'), 0);
    lone_write(&other, first, 1, 'x');
    lone_write(&other, second, 1, 'y');
    lone_forget(&s->l);
    s->l.is_load_held = true;
    return other;
}

static void nothing_was_doubled(struct scene *s, size_t stored)
{
    uint32_t nos[KITH_RUN_COUNT_MAX];
    assert_int_equal(result(s), 0);
    assert_int_equal(messages(s), stored);
    assert_int_equal(kith_node_log_nos(s->l.node, &s->log.room, &s->author.id,
                                       &s->log.log, nos, KITH_RUN_COUNT_MAX),
                     2);
}

static void what_a_peer_brings_meanwhile_is_held(void **state)
{
    struct scene *s = *state;
    struct lone_peer peer;
    struct kith_writer first, second;
    import_slowly(s, &peer, &first, &second);
    import(s, &s->log.room, NULL, &first);
    s->l.is_store_held = true; /* still on its way when the comparison is over */
    lone_say_run(&s->l, &peer, &peer.lobby_tag, &first);
    lone_load(&s->l);
    s->l.is_store_held = false;
    lone_commit(&s->l);
    nothing_was_doubled(s, 2);
    kith_writer_deinit(&first);
    kith_writer_deinit(&second);
}

static void what_a_peer_brings_meanwhile_is_gone_on_with(void **state)
{
    struct scene *s = *state;
    struct lone_peer peer;
    struct kith_writer first, second;
    import_slowly(s, &peer, &first, &second);
    import(s, &s->log.room, NULL, &second);
    lone_say_run(&s->l, &peer, &peer.lobby_tag, &first);
    lone_load(&s->l);
    nothing_was_doubled(s, 3);
    kith_writer_deinit(&first);
    kith_writer_deinit(&second);
}

static void what_is_stored_while_it_is_compared_is_held(void **state)
{
    struct scene *s = *state;
    struct lone_peer peer;
    struct kith_writer first, second, third;
    struct lone_log other = import_slowly(s, &peer, &first, &second);
    lone_write(&other, &third, 1, 'z');
    import(s, &s->log.room, NULL, &second);
    lone_say_run(&s->l, &peer, &peer.lobby_tag, &first);
    s->l.is_load_held = true;
    lone_load(&s->l); /* and now the other history is being loaded */
    lone_say_run(&s->l, &peer, &peer.lobby_tag, &second);
    lone_say_run(&s->l, &peer, &peer.lobby_tag, &third);
    lone_load(&s->l);
    nothing_was_doubled(s, 4);
    kith_writer_deinit(&first);
    kith_writer_deinit(&second);
    kith_writer_deinit(&third);
}

static struct kith_notice say(struct scene *s)
{
    struct kith_bytes text = BYTES("said here");
    struct kith_input input = {
        .type = KITH_INPUT_COMMAND,
        .command = {.type = KITH_COMMAND_SEND, .token = ++s->token}};
    input.command.send.texts = &text;
    input.command.send.text_count = 1;
    lone_step(&s->l, input);
    assert_int_equal(result(s), 0);
    return *lone_last_told(&s->l, KITH_NOTICE_REPLY);
}

static void an_event_of_our_own_that_we_lacked_ends_our_log(void **state)
{
    struct scene *s = *state;
    uint32_t before = say(s).reply.log_no;
    assert_int_equal(say(s).reply.log_no, before);
    struct lone_log ours = s->log;
    ours.author = &s->l.key;
    assert_int_equal(import_next(s, &ours, 2, 'a'), 0);
    assert_int_not_equal(say(s).reply.log_no, before);
}

static void a_claim_of_our_own_that_is_forged_ends_nothing(void **state)
{
    struct scene *s = *state;
    uint32_t before = say(s).reply.log_no;
    struct lone_key forged = {s->l.key.id, {0}};
    memcpy(forged.secret, s->author.secret, sizeof(forged.secret));
    struct lone_log ours = s->log;
    ours.author = &forged;
    assert_int_equal(import_next(s, &ours, 2, 'a'), KITH_ESIGNATURE);
    assert_int_equal(say(s).reply.log_no, before);
}

static void a_full_disk_is_said(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    s->l.store_error = KITH_EFULL;
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(result(s), KITH_EFULL);
    s->l.store_error = 0;
    lone_pass(&s->l, 3 * KITH_SECOND);
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(result(s), 0);
    assert_int_equal(messages(s), 1);
    kith_writer_deinit(&run);
}

/* Verdicts come from several threads. */
static void runs_take_their_places_in_the_order_they_came(void **state)
{
    struct scene *s = *state;
    struct kith_writer first;
    lone_write(&s->log, &first, 1, 'a');
    s->l.is_verify_held = true;
    import(s, &s->log.room, NULL, &first);
    kith_writer_deinit(&first);
    s->l.is_verify_held = false;
    struct kith_writer second;
    lone_write(&s->log, &second, 1, 'b');
    import(s, &s->log.room, NULL, &second);
    kith_writer_deinit(&second);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_REPLY), 0);
    lone_verify(&s->l);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_REPLY), 2);
    assert_int_equal(messages(s), 2);
}

static void what_is_on_its_way_to_the_disk_is_held(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    s->l.is_store_held = true;
    lone_write(&s->log, &run, 1, 'a');
    import(s, &s->log.room, NULL, &run);
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(result(s), 0); /* the second at once: there is nothing to do */
    s->l.is_store_held = false;
    lone_commit(&s->l);
    assert_int_equal(lone_count_stored(&s->l), 2); /* our own profile is one */
    kith_writer_deinit(&run);
}

static void a_log_keeps_its_class(void **state)
{
    struct scene *s = *state;
    assert_int_equal(import_next(s, &s->log, 1, 'a'), 0);
    s->log.log_class = KITH_LOG_CONTROL;
    assert_int_equal(import_next(s, &s->log, 1, 'b'), KITH_ECHAIN);
}

static void a_run_whose_bodies_were_cut_is_refused(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    /* The content of the only event is last: discarded, it leaves its flag alone. */
    size_t content = KITH_SALT_SIZE + 4 + 1;
    run.size -= content;
    run.data[run.size - 1] = 0;
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(result(s), KITH_ECHAIN);
    kith_writer_deinit(&run);
}

static void a_disk_that_cannot_be_read_is_said(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    import(s, &s->log.room, NULL, &run);
    assert_int_equal(import_next(s, &s->log, 1, 'b'), 0);
    s->l.is_load_held = true;
    import(s, &s->log.room, NULL, &run); /* to be compared with what is stored */
    s->l.held_load.loaded.error = KITH_EIO;
    s->l.held_load.loaded.run_count = 0;
    lone_load(&s->l);
    assert_int_equal(result(s), KITH_EIO);
    assert_int_equal(import_next(s, &s->log, 1, 'c'), 0); /* the next are not held up */
    assert_int_equal(messages(s), 3);
    kith_writer_deinit(&run);
}

static void what_waits_when_the_node_ends_is_freed(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    s->l.is_verify_held = true;
    lone_write(&s->log, &run, 1, 'a');
    import(s, &s->log.room, NULL, &run);
    kith_writer_deinit(&run); /* the teardown looks at what is left */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_on_its_way_to_the_disk_is_held, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_log_keeps_its_class, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_whose_bodies_were_cut_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_waits_when_the_node_ends_is_freed, setup,
                                        teardown),
        CASE(runs_are_stored_and_told),
        CASE(it_is_answered_when_it_is_stored_and_not_before),
        CASE(what_is_held_already_changes_nothing),
        CASE(a_forged_run_is_refused_and_leaves_no_trace),
        CASE(every_changed_byte_is_noticed),
        CASE(a_run_of_another_room_does_not_get_in),
        CASE(a_direct_room_is_taken_only_where_this_node_is_a_party),
        CASE(what_rests_on_something_missing_is_refused),
        CASE(what_is_dated_far_ahead_is_refused),
        CASE(a_fork_is_kept_and_told),
        CASE(what_a_run_begins_with_may_be_held),
        CASE(beside_one_that_is_being_verified_it_waits),
        CASE(so_it_does_beside_one_that_is_forged),
        CASE(so_it_does_beside_one_that_goes_on_with_what_is_held),
        CASE(so_it_does_where_the_disk_was_full_before),
        CASE(a_fork_that_turns_back_where_it_leaves_is_refused),
        CASE(what_a_peer_brings_meanwhile_is_held),
        CASE(what_a_peer_brings_meanwhile_is_gone_on_with),
        CASE(what_is_stored_while_it_is_compared_is_held),
        CASE(an_event_of_our_own_that_we_lacked_ends_our_log),
        CASE(a_claim_of_our_own_that_is_forged_ends_nothing),
        CASE(a_full_disk_is_said),
        CASE(a_disk_that_cannot_be_read_is_said),
        CASE(runs_take_their_places_in_the_order_they_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
