/* SPDX-License-Identifier: MIT */
/* Runs that arrive: in order, twice, with gaps, forged, broken, from the future, forked.
 */
#include "hearing.h"

#include <stdlib.h>

static void announce(struct scene *s, const struct lone_peer *peer,
                     const struct kith_vector_entry *entry)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_have_encode(&w, &peer->lobby_tag, entry, 1);
    lone_say(&s->l, peer, &w);
    kith_writer_deinit(&w);
}

static void a_run_is_stored_then_acknowledged_and_told(void **state)
{
    struct scene *s = *state;
    s->l.is_store_held = true;
    push(s, 3);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 0);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_MESSAGE), 0);
    lone_commit(&s->l);
    assert_int_equal(messages(s), 3);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 1);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_MESSAGE), 1);
}

static void the_same_run_twice_is_stored_once_and_acknowledged_again(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 2, 'a');
    say_run(s, &run);
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 2);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_MESSAGE), 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 2);
}

static void a_gap_is_dropped_and_asked_for(void **state)
{
    struct scene *s = *state;
    struct kith_writer first;
    lone_write(&s->log, &first, 1, 'a');
    push(s, 1);
    assert_int_equal(messages(s), 0);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
    say_run(s, &first);
    kith_writer_deinit(&first);
    assert_int_equal(messages(s), 1);
}

static void a_forged_signature_stores_nothing_and_closes_the_link(void **state)
{
    struct scene *s = *state;
    struct lone_key other;
    lone_key_make(&other, 77);
    struct lone_key forged = {s->peer.key.id, {0}};
    memcpy(forged.secret, other.secret, sizeof(forged.secret));
    s->log.author = &forged;
    push(s, 2);
    assert_int_equal(messages(s), 0);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.error,
                     KITH_ESIGNATURE);
}

static void a_changed_body_closes_the_link(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    run.data[run.size - 1] ^= 1;
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 0);
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
}

static void a_clock_that_stands_within_a_log_closes_the_link(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    s->log.hlc--;
    push(s, 1);
    assert_int_equal(messages(s), 1);
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
}

static void a_stranger_cannot_write_into_a_direct_room(void **state)
{
    struct scene *s = *state;
    struct lone_key other;
    lone_key_make(&other, 77);
    s->log.author = &other;
    s->log.room = lone_direct(&s->l, &s->peer);
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    lone_say_run(&s->l, &s->peer, &s->peer.direct_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 0);
    assert_int_equal(s->l.closed[1], KITH_EUNEXPECTED);
}

static void a_run_replayed_in_another_room_does_not_verify(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a'); /* signed for the lobby */
    lone_say_run(&s->l, &s->peer, &s->peer.direct_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 0);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
}

static void the_far_future_is_parked_until_due(void **state)
{
    struct scene *s = *state;
    s->log.hlc = kith_hlc_from_wall(s->l.now.wall + 25 * KITH_HOUR);
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    say_run(s, &run);
    assert_int_equal(messages(s), 0);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 0);
    const struct kith_notice *told = lone_last_told(&s->l, KITH_NOTICE_WARNING);
    assert_int_equal(told->warning.warning, KITH_WARNING_FUTURE);
    assert_int_equal(told->warning.address.host[0], 0); /* it is about no address */
    s->l.now.wall += 2 * KITH_HOUR;
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 1);
}

static void what_was_parked_is_asked_for_with_the_next_run_once_due(void **state)
{
    struct scene *s = *state;
    s->log.hlc = kith_hlc_from_wall(s->l.now.wall + 25 * KITH_HOUR);
    push(s, 1);
    push(s, 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 0);
    s->l.now.wall += 2 * KITH_HOUR;
    push(s, 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
}

/* It would keep what its author has said from being asked for. */
static void a_forged_run_of_the_far_future_parks_nothing(void **state)
{
    struct scene *s = *state;
    struct lone_peer author;
    struct lone_key forged;
    lone_connect(&s->l, &author, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &author);
    forged = (struct lone_key){author.key.id, {0}};
    memcpy(forged.secret, s->peer.key.secret, sizeof(forged.secret));
    struct lone_log real = {.author = &author.key, .room = lone_lobby(), .log = {{9}}};
    struct lone_log fake = real;
    struct kith_writer run;
    fake.author = &forged;
    fake.hlc = kith_hlc_from_wall(s->l.now.wall + 1000 * KITH_HOUR);
    lone_write(&fake, &run, 1, 'a');
    lone_forget(&s->l);
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FAULT);
    struct kith_vector_entry entry = {author.key.id, KITH_LOG_CONTENT, real.log, 0, 1,
                                      {{7}}};
    announce(s, &author, &entry);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
}

static void content_waits_for_the_control_event_it_names(void **state)
{
    struct scene *s = *state;
    struct lone_log control = s->log;
    control.log_class = KITH_LOG_CONTROL;
    control.log = (struct kith_log_id){{2}};
    struct kith_writer profile, message;
    lone_write(&control, &profile, 1, 'n');
    struct kith_ref ctl = {s->peer.key.id, control.log, 1, control.head};
    s->log.ctl = &ctl;
    lone_write(&s->log, &message, 1, 'a');
    say_run(s, &message);
    assert_int_equal(messages(s), 0);
    lone_forget(&s->l);
    say_run(s, &profile);
    assert_int_equal(messages(s), 1);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT), 1);
    say_run(s, &message);
    assert_int_equal(messages(s), 2);
    kith_writer_deinit(&profile);
    kith_writer_deinit(&message);
}

static void both_branches_of_a_fork_are_kept_and_the_fork_is_told(void **state)
{
    struct scene *s = *state;
    push(s, 2);
    struct lone_log other = s->log;
    push(s, 1); /* third event, one way */
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z'); /* third event, the other way */
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(s->l.closed[1], 1);
    assert_int_equal(messages(s), 4);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FORK);
    lone_write(&other, &run, 1, 'y'); /* and it grows */
    say_run(s, &run);
    kith_writer_deinit(&run);
    push(s, 1); /* as does the first */
    assert_int_equal(messages(s), 6);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1);
}

static void a_log_that_begins_twice_is_a_fork_too(void **state)
{
    struct scene *s = *state;
    struct lone_log other = s->log;
    push(s, 2);
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z');
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 3);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FORK);
}

static void a_forged_run_is_no_fork(void **state)
{
    struct scene *s = *state;
    struct lone_key forged = {s->peer.key.id, {0}};
    struct lone_log other = s->log;
    struct lone_key stranger;
    push(s, 2);
    lone_key_make(&stranger, 77);
    memcpy(forged.secret, stranger.secret, sizeof(forged.secret));
    other.author = &forged;
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z');
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 2);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FAULT);
}

/* The same run as somebody passes it on who has discarded the body of its one event. */
static void discard_body(struct kith_writer *run)
{
    struct kith_run *decoded = calloc(1, sizeof(*decoded));
    assert_int_equal(kith_run_decode(kith_writer_view(run), decoded), 0);
    assert_int_equal(decoded->count, 1);
    run->size -= decoded->events[0].content.size;
    run->data[run->size - 1] = 0; /* content: discarded */
    free(decoded);
}

static void a_run_without_its_bodies_is_asked_of_others(void **state)
{
    struct scene *s = *state;
    struct lone_peer second;
    struct kith_writer run;
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    lone_write(&s->log, &run, 1, 'a');
    struct kith_vector_entry entry = {s->peer.key.id, KITH_LOG_CONTENT, s->log.log, 0, 1,
                                      s->log.head};
    announce(s, &s->peer, &entry);
    announce(s, &second, &entry);
    struct kith_writer cut = kith_writer(&kith_alloc_heap);
    kith_writer_bytes(&cut, run.data, run.size);
    discard_body(&cut);
    lone_forget(&s->l);
    say_run(s, &cut);
    assert_int_equal(messages(s), 0);
    assert_int_equal(s->l.closed[1], KITH_ECHAIN);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_HAVE), 0);
    assert_int_equal(lone_count_sent(&s->l, 2, KITH_FRAME_GRAFT), 1);
    lone_say_run(&s->l, &second, &second.lobby_tag, &run);
    assert_int_equal(messages(s), 1);
    kith_writer_deinit(&cut);
    kith_writer_deinit(&run);
}

static void a_run_without_its_bodies_is_no_fork(void **state)
{
    struct scene *s = *state;
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    say_run(s, &run);
    push(s, 1);
    discard_body(&run);
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), 2);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FAULT);
}

static void forged_runs_leave_no_branch_behind(void **state)
{
    struct scene *s = *state;
    struct lone_key forged = {s->peer.key.id, {0}}, stranger;
    lone_key_make(&stranger, 77);
    memcpy(forged.secret, stranger.secret, sizeof(forged.secret));
    struct lone_log forks[20], fork;
    struct kith_writer run;
    for (size_t i = 0; i < COUNT(forks); i++) {
        forks[i] = s->log;
        push(s, 1);
    }
    fork = s->log;
    push(s, 1);
    for (size_t i = 0; i < COUNT(forks); i++) {
        forks[i].author = &forged;
        lone_write(&forks[i], &run, 1, 'z');
        say_run(s, &run);
        kith_writer_deinit(&run);
        assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
        s->l.closed[1] = 1;
        lone_forget(&s->l);
        lone_connect(&s->l, &s->peer, 1, 1, KITH_ROLE_DIALLER, 0);
        lone_greet(&s->l, &s->peer);
    }
    lone_write(&fork, &run, 1, 'z');
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(messages(s), COUNT(forks) + 2);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FORK);
}

/* Two peers send the same run before the disk has the first. */
static void nothing_is_announced_that_the_disk_does_not_have(void **state)
{
    struct scene *s = *state;
    struct lone_peer second;
    struct kith_writer run;
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    lone_forget(&s->l);
    s->l.is_store_held = true;
    lone_write(&s->log, &run, 1, 'a');
    lone_say_run(&s->l, &second, &second.lobby_tag, &run);
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 0);
    lone_commit(&s->l);
    lone_pass(&s->l, KITH_SECOND);
    assert_int_equal(lone_count_sent(&s->l, 1, KITH_FRAME_HAVE), 1); /* the author */
}

/* ---- logs of our own ---- */

/* Say something in the lobby; the log it went to. */
static uint32_t say(struct scene *s)
{
    struct kith_bytes text = BYTES("hi");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(&s->l, in);
    const struct kith_notice *reply = lone_last_told(&s->l, KITH_NOTICE_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->reply.error, 0);
    return reply->reply.log_no;
}

/* The log that we wrote last, as `author` would go on with it. */
static struct lone_log ours(struct scene *s, const struct lone_key *author)
{
    const struct lone_run *last = &s->l.runs[s->l.run_count - 1];
    struct kith_run *run = malloc(sizeof(*run));
    assert_int_equal(kith_run_decode(kith_bytes(last->bytes, last->size), run), 0);
    struct lone_log log = {.author = author,
                           .room = lone_lobby(),
                           .log = run->log,
                           .seq = last->seq_last,
                           .head = last->head,
                           .hlc = kith_hlc_from_wall(s->l.now.wall + KITH_SECOND)};
    free(run);
    return log;
}

static void what_others_claim_of_our_log_does_not_end_it(void **state)
{
    struct scene *s = *state;
    uint32_t log_no = say(s);
    struct lone_log log = ours(s, &s->l.key);
    struct kith_vector_entry longer = {s->l.key.id, KITH_LOG_CONTENT, log.log,
                                       0,           log.seq + 9,      {{7}}};
    announce(s, &s->peer, &longer);
    assert_int_equal(say(s), log_no);
    struct kith_vector_entry other = {s->l.key.id, KITH_LOG_CONTENT, log.log,
                                      0,           log.seq + 1,      {{7}}};
    announce(s, &s->peer, &other);
    assert_int_equal(say(s), log_no);
    struct kith_ref fork = {s->l.key.id, log.log, log.seq + 9, {{7}}};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, KITH_FRAME_FORK, &s->peer.lobby_tag, &fork, NULL, 0);
    lone_say(&s->l, &s->peer, &w);
    kith_writer_deinit(&w);
    assert_int_equal(say(s), log_no);
}

static void an_event_of_ours_that_we_lack_begins_a_new_log(void **state)
{
    struct scene *s = *state;
    uint32_t log_no = say(s);
    struct lone_log log = ours(s, &s->l.key);
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    say_run(s, &run);
    kith_writer_deinit(&run);
    uint32_t next = say(s);
    assert_int_not_equal(next, log_no);
    assert_int_equal(say(s), next);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 0);
}

/* Who says that he holds it acknowledges nothing: it has no number yet. */
static void a_branch_of_ours_that_is_being_verified_is_not_delivered(void **state)
{
    struct scene *s = *state;
    say(s);
    struct lone_log other = ours(s, &s->l.key);
    say(s);
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z');
    s->l.is_verify_held = true;
    say_run(s, &run);
    kith_writer_deinit(&run);
    struct kith_vector_entry held = {s->l.key.id, KITH_LOG_CONTENT, other.log,
                                     0,           other.seq,        other.head};
    announce(s, &s->peer, &held);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_DELIVERY), 0);
    lone_verify(&s->l);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1);
}

/* As after a power cut, when a peer has what this home lost. */
static void what_came_back_of_ours_is_delivered_to_whom_it_came_from(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    say(s);
    struct lone_log log = ours(s, &s->l.key);
    struct lone_log other = log;
    struct kith_writer run, unknown;
    struct lone_peer second;
    lone_write(&log, &run, 2, 'y');
    lone_write(&other, &unknown, 2, 'z');
    struct kith_vector_entry held = {s->l.key.id, KITH_LOG_CONTENT, log.log,
                                     0,           log.seq,          log.head};
    announce(s, &s->peer, &held);
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &second);
    held.head = other.head; /* of a third, that a copy of this home wrote */
    announce(s, &second, &held);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_DELIVERY), 0);
    say_run(s, &run);
    kith_writer_deinit(&run);
    kith_writer_deinit(&unknown);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_DELIVERY), 1);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_DELIVERY)->delivery.seq, log.seq);
}

static void what_we_write_does_not_rest_on_a_run_being_verified(void **state)
{
    struct scene *s = *state;
    struct lone_key forged = {s->l.key.id, {0}};
    memcpy(forged.secret, s->peer.key.secret, sizeof(forged.secret));
    say(s);
    struct lone_log log = ours(s, &forged);
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    s->l.is_verify_held = true;
    say_run(s, &run);
    kith_writer_deinit(&run);
    lone_forget(&s->l);
    say(s); /* stored and answered, whatever becomes of that run */
    lone_verify(&s->l);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
    assert_int_equal(messages(s), 2);
}

static void a_forged_run_does_not_date_what_we_write(void **state)
{
    struct scene *s = *state;
    struct lone_key forged = {{{5}}, {0}};
    struct kith_writer run;
    memcpy(forged.secret, s->peer.key.secret, sizeof(forged.secret));
    s->log.author = &forged;
    s->log.hlc = kith_hlc_from_wall(s->l.now.wall + 23 * KITH_HOUR);
    lone_write(&s->log, &run, 1, 'a');
    say_run(s, &run);
    kith_writer_deinit(&run);
    assert_int_equal(s->l.closed[1], KITH_ESIGNATURE);
    say(s);
    const struct kith_notice *reply = lone_last_told(&s->l, KITH_NOTICE_REPLY);
    assert_true(kith_hlc_wall(reply->reply.hlc_first) < s->l.now.wall + KITH_SECOND);
}

static void branches_stand_in_the_vector_each_with_its_head(void **state)
{
    struct scene *s = *state;
    push(s, 1);
    struct lone_log other = s->log;
    push(s, 1);
    struct kith_writer run;
    lone_write(&other, &run, 1, 'z');
    say_run(s, &run);
    kith_writer_deinit(&run);
    struct lone_peer second;
    lone_connect(&s->l, &second, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_forget(&s->l);
    lone_greet(&s->l, &second);
    size_t entries = 0;
    for (size_t i = 0; i < s->l.sent_count; i++) {
        struct kith_frame_vector vector;
        if (s->l.sent[i].link == 2 && s->l.sent[i].type == KITH_FRAME_VECTOR &&
            kith_frame_vector_decode(kith_bytes(s->l.sent[i].fields, s->l.sent[i].size),
                                     &vector) == 0)
            entries += vector.count;
    }
    assert_int_equal(entries, 3); /* our profile, two branches */
}

static void too_much_that_waits_for_the_disk_stops_the_reading(void **state)
{
    struct scene *s = *state;
    s->l.is_store_held = true;
    s->l.is_forgiving = true;
    struct kith_writer run;
    for (int i = 0; i < 500 && !s->l.paused[1]; i++) {
        memcpy(s->log.log.bytes, &i, sizeof(i)); /* many logs, each of one large run */
        s->log.seq = 0;
        s->log.head = (struct kith_id){0};
        lone_write(&s->log, &run, 128, 'A');
        say_run(s, &run);
        kith_writer_deinit(&run);
    }
    assert_true(s->l.paused[1]);
    lone_commit(&s->l);
    lone_pass(&s->l, 5 * KITH_SECOND);
    assert_false(s->l.paused[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_run_is_stored_then_acknowledged_and_told),
        TEST(the_same_run_twice_is_stored_once_and_acknowledged_again),
        TEST(a_gap_is_dropped_and_asked_for),
        TEST(a_forged_signature_stores_nothing_and_closes_the_link),
        TEST(a_changed_body_closes_the_link),
        TEST(a_clock_that_stands_within_a_log_closes_the_link),
        TEST(a_stranger_cannot_write_into_a_direct_room),
        TEST(a_run_replayed_in_another_room_does_not_verify),
        TEST(the_far_future_is_parked_until_due),
        TEST(what_was_parked_is_asked_for_with_the_next_run_once_due),
        TEST(a_forged_run_of_the_far_future_parks_nothing),
        TEST(content_waits_for_the_control_event_it_names),
        TEST(both_branches_of_a_fork_are_kept_and_the_fork_is_told),
        TEST(a_log_that_begins_twice_is_a_fork_too),
        TEST(a_forged_run_is_no_fork),
        TEST(a_run_without_its_bodies_is_asked_of_others),
        TEST(a_run_without_its_bodies_is_no_fork),
        TEST(forged_runs_leave_no_branch_behind),
        TEST(nothing_is_announced_that_the_disk_does_not_have),
        TEST(what_others_claim_of_our_log_does_not_end_it),
        TEST(an_event_of_ours_that_we_lack_begins_a_new_log),
        TEST(a_branch_of_ours_that_is_being_verified_is_not_delivered),
        TEST(what_came_back_of_ours_is_delivered_to_whom_it_came_from),
        TEST(what_we_write_does_not_rest_on_a_run_being_verified),
        TEST(a_forged_run_does_not_date_what_we_write),
        TEST(branches_stand_in_the_vector_each_with_its_head),
        TEST(too_much_that_waits_for_the_disk_stops_the_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
