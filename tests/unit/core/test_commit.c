/* SPDX-License-Identifier: MIT */
/* What follows a commit, and what follows a full disk. */
#include "lone.h"

#include <stdlib.h>

static void send_text(struct lone *l, struct kith_bytes text)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
}

static void a_message_is_answered_and_pushed_only_after_the_commit(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_forget(l);
    l->is_store_held = true;
    send_text(l, BYTES("hi"));
    assert_int_equal(lone_count_told(l, KITH_NOTICE_REPLY), 0);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_RUN), 0);
    lone_commit(l);
    const struct kith_notice *reply = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_int_equal(reply->reply.error, 0);
    assert_int_equal(reply->reply.count, 1);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_RUN), 1);
}

static void a_full_disk_refuses_the_message_by_name_and_pushes_nothing(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    lone_forget(l);
    l->store_error = KITH_EFULL;
    send_text(l, BYTES("hi"));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_EFULL);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_RUN), 0);
    assert_int_equal(l->closed[1], 1);
}

static void sequence_numbers_that_the_disk_refused_are_not_used_again(void **state)
{
    struct lone *l = *state;
    send_text(l, BYTES("one"));
    uint32_t log_before = lone_last_told(l, KITH_NOTICE_REPLY)->reply.log_no;
    l->store_error = KITH_EIO;
    send_text(l, BYTES("two"));
    l->store_error = 0;
    send_text(l, BYTES("three"));
    const struct kith_notice *reply = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_int_equal(reply->reply.error, 0);
    assert_int_not_equal(reply->reply.log_no, log_before);
    assert_int_equal(reply->reply.seq_first, 1);
}

/* The first event of a log that is stored now. */
static struct kith_event *first_event(struct lone *l, uint32_t log_no)
{
    static struct kith_run run;
    for (size_t i = 0; i < l->run_count; i++)
        if (l->runs[i].log_no == log_no && l->runs[i].is_committed) {
            assert_int_equal(
                kith_run_decode(kith_bytes(l->runs[i].bytes, l->runs[i].size), &run), 0);
            return &run.events[0];
        }
    fail();
    return NULL;
}

/* Or each moment of a full disk would leave everybody another log for good. */
static void a_log_goes_on_where_the_disk_was_full(void **state)
{
    struct lone *l = *state;
    l->store_error = KITH_EFULL;
    send_text(l, BYTES("none"));
    l->store_error = 0;
    send_text(l, BYTES("one"));
    struct kith_notice reply = *lone_last_told(l, KITH_NOTICE_REPLY);
    assert_int_equal(reply.reply.seq_first, 1);
    assert_int_equal(first_event(l, reply.reply.log_no)->ctl_count, 1); /* our name */
    l->store_error = KITH_EREADONLY;
    send_text(l, BYTES("none"));
    l->store_error = 0;
    send_text(l, BYTES("two"));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.log_no,
                     reply.reply.log_no);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.seq_first, 2);
}

/* A program may go on trying for hours. */
static void refuse_many(struct lone *l, int error)
{
    size_t before = 0;
    l->store_error = error;
    for (int i = 0; i < 2000; i++) {
        lone_forget(l);
        send_text(l, BYTES("two"));
        if (i == 200)
            before = l->memory.live_bytes;
    }
    assert_in_range(l->memory.live_bytes, 0, before + 32 * 1024); /* numbers of logs */
}

static void refused_messages_leave_nothing_behind(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    refuse_many(l, KITH_EFULL);
    refuse_many(l, KITH_EIO);
}

/* A peer sends what it wrote, and the disk is full. */
static void refuse_run(struct lone *l, struct lone_peer *peer, struct kith_writer *run)
{
    lone_connect(l, peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
    struct lone_log log = {.author = &peer->key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    lone_write(&log, run, 1, 'a');
    l->store_error = KITH_EFULL;
    lone_say_run(l, peer, &peer->lobby_tag, run);
}

static void what_others_sent_while_the_disk_was_full_is_fetched_afterwards(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    refuse_run(l, &peer, &run);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_HAVE), 0);
    l->store_error = 0;
    lone_forget(l);
    lone_pass(l, 3 * KITH_SECOND);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_GRAFT), 1);
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_HAVE), 1);
}

/* How often in so many seconds the node asks for what it lacks; each time it comes. */
static size_t answer_for(struct lone *l, const struct lone_peer *peer,
                         const struct kith_writer *run, int seconds)
{
    size_t asked = 0;
    for (int i = 0; i < seconds; i++) {
        lone_forget(l);
        lone_say_raw(l, peer,
                     BYTES("\x03"
                           "12345678")); /* PING: it lives */
        lone_pass(l, KITH_SECOND);
        if (lone_count_sent(l, peer->link, KITH_FRAME_GRAFT) == 0)
            continue;
        asked++;
        lone_say_run(l, peer, &peer->lobby_tag, run);
    }
    return asked;
}

/* All that is missing comes each time: 300 KB every two seconds are 13 GB a day. */
static void while_the_disk_stays_full_others_are_asked_less_and_less(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    struct kith_writer run;
    refuse_run(l, &peer, &run);
    assert_in_range(answer_for(l, &peer, &run, 600), 600 / 30, 600 / 30 + 5);
    l->store_error = 0;
    assert_int_equal(answer_for(l, &peer, &run, 40), 1);
    assert_int_equal(lone_count_stored(l), 2); /* and our profile */
    kith_writer_deinit(&run);
}

static void texts_beyond_the_limits_are_refused_by_name(void **state)
{
    struct lone *l = *state;
    uint8_t *text = malloc(KITH_TEXT_SIZE_MAX + 1);
    memset(text, 'x', KITH_TEXT_SIZE_MAX + 1);
    send_text(l, kith_bytes(text, KITH_TEXT_SIZE_MAX + 1));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_ETEXTSIZE);
    send_text(l, kith_bytes(text, KITH_TEXT_SIZE_MAX));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, 0);
    send_text(l, BYTES("\xff"));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_ETEXT);
    send_text(l, kith_bytes(NULL, 0));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_ETEXT);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.token = 9; /* to the lobby, nothing at all */
    lone_step(l, in);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_REPLY)->reply.error, KITH_EINVALID);
    free(text);
}

static void a_name_counts_once_it_is_committed(void **state)
{
    struct lone *l = *state;
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_RENAME;
    in.command.rename = (struct kith_name){.text = "other"};
    in.command.token = 9;
    l->store_error = KITH_EFULL;
    lone_step(l, in);
    assert_string_equal(kith_node_name(l->node), "lone");
    l->store_error = 0;
    lone_step(l, in);
    assert_string_equal(kith_node_name(l->node), "other");
}

/* Its reply. */
static struct kith_notice send_direct(struct lone *l, const struct lone_peer *peer)
{
    struct kith_bytes text = BYTES("hi");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.is_direct = true;
    in.command.send.peer = peer->key.id;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
    return *lone_last_told(l, KITH_NOTICE_REPLY);
}

/* That came, in the words of the peer. */
static struct kith_vector_entry entry_of_sent(const struct lone *l)
{
    const struct lone_frame *sent = lone_last_sent(l, 1, KITH_FRAME_RUN);
    struct kith_run *run = malloc(sizeof(*run));
    assert_int_equal(
        kith_run_decode(
            kith_bytes(sent->fields + KITH_TAG_SIZE, sent->size - KITH_TAG_SIZE), run),
        0);
    struct kith_vector_entry entry = {
        l->key.id, KITH_LOG_CONTENT, run->log, 0, 1, l->runs[l->run_count - 1].head};
    free(run);
    return entry;
}

static void acknowledge(struct lone *l, const struct lone_peer *peer,
                        const struct kith_vector_entry *entry)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_have_encode(&w, &peer->direct_tag, entry, 1);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

static void an_acknowledgement_makes_a_direct_message_delivered(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct kith_notice reply = send_direct(l, &peer);
    assert_false(kith_node_delivery(l->node, reply.reply.log_no, 1).is_delivered);
    struct kith_vector_entry entry = entry_of_sent(l);
    acknowledge(l, &peer, &entry);
    assert_true(kith_node_delivery(l->node, reply.reply.log_no, 1).is_delivered);
    assert_int_equal(lone_last_told(l, KITH_NOTICE_DELIVERY)->delivery.seq, 1);
    assert_int_equal(l->record_counts[KITH_RECORD_ACK], 1);
}

static bool is_delivered(const struct lone *l, const struct kith_notice *reply)
{
    return kith_node_delivery(l->node, reply->reply.log_no, reply->reply.seq_first)
        .is_delivered;
}

/* Of a history that is not ours; and of events that we have yet to write. */
static void who_says_it_holds_what_was_never_said_is_not_believed(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct kith_notice first = send_direct(l, &peer);
    const struct kith_vector_entry said = entry_of_sent(l);
    struct kith_vector_entry entry = said;
    entry.head.bytes[0] ^= 1;
    acknowledge(l, &peer, &entry);
    assert_false(is_delivered(l, &first));
    entry.seq = 9;
    acknowledge(l, &peer, &entry);
    assert_false(is_delivered(l, &first));
    acknowledge(l, &peer, &said);
    assert_true(is_delivered(l, &first));
    assert_int_equal(lone_last_told(l, KITH_NOTICE_DELIVERY)->delivery.seq, 1);
    struct kith_notice second = send_direct(l, &peer);
    assert_false(is_delivered(l, &second));
    lone_pass(l, 5 * KITH_SECOND);
    assert_false(is_delivered(l, &second));
    assert_int_equal(second.reply.log_no, first.reply.log_no);
    assert_int_equal(l->closed[1], 1);
}

/* What failed may have been the row that gives the peer its number. */
static void who_acknowledges_is_stored_first(void **state)
{
    struct lone *l = *state;
    struct lone_peer peer;
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    send_direct(l, &peer);
    struct kith_vector_entry entry = entry_of_sent(l);
    l->store_error = KITH_EFULL;
    send_text(l, BYTES("does not fit"));
    l->store_error = 0;
    size_t before = l->record_counts[KITH_RECORD_PEER];
    acknowledge(l, &peer, &entry);
    assert_int_equal(l->record_counts[KITH_RECORD_PEER], before + 1);
    assert_int_equal(l->record_counts[KITH_RECORD_ACK], 1);
}

/* As in a network that is new to this home. */
static void a_name_that_the_disk_refused_at_the_start_is_told_later(void **state)
{
    (void)state;
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    struct kith_record self = {.type = KITH_RECORD_PEER,
                               .peer = {.id = l->key.id, .name = {.text = "lone"}}};
    self.peer.name_hlc = 5; /* told elsewhere */
    assert_int_equal(kith_node_restore(l->node, &self), 0);
    l->is_restored = true;
    l->store_error = KITH_EFULL;
    lone_start(l);
    l->store_error = 0;
    lone_pass(l, 3 * KITH_SECOND);
    assert_int_equal(lone_count_stored(l), 1);
    lone_deinit(l);
    free(l);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_answered_and_pushed_only_after_the_commit),
        TEST(a_full_disk_refuses_the_message_by_name_and_pushes_nothing),
        TEST(sequence_numbers_that_the_disk_refused_are_not_used_again),
        TEST(a_log_goes_on_where_the_disk_was_full),
        TEST(refused_messages_leave_nothing_behind),
        TEST(what_others_sent_while_the_disk_was_full_is_fetched_afterwards),
        TEST(while_the_disk_stays_full_others_are_asked_less_and_less),
        TEST(texts_beyond_the_limits_are_refused_by_name),
        TEST(a_name_counts_once_it_is_committed),
        TEST(an_acknowledgement_makes_a_direct_message_delivered),
        TEST(who_says_it_holds_what_was_never_said_is_not_believed),
        TEST(who_acknowledges_is_stored_first),
        cmocka_unit_test(a_name_that_the_disk_refused_at_the_start_is_told_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
