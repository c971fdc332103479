/* SPDX-License-Identifier: MIT */
/* A room that holds as many logs as may be, and a home that has no number left for one.
 */
#include "lone.h"

#include <stdlib.h>

#include "core/engine.h"

struct scene {
    struct lone l;
    struct lone_peer peer;
    struct lone_log log; /* of the peer, in the lobby; another one than those restored */
};

static void restore(struct lone *l, struct kith_record row)
{
    assert_int_equal(kith_node_restore(l->node, &row), 0);
}

/* A home whose next log has this number, and that knows so many logs of one peer, each
 * with as many further branches. */
static struct scene *make(uint32_t log_no_next, uint32_t logs, uint32_t branches)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct lone_key author;
    lone_key_make(&author, 2);
    lone_init(&s->l);
    s->l.is_restored = true;
    restore(&s->l, (struct kith_record){.type = KITH_RECORD_META,
                                        .meta = {.arrival_next = 1,
                                                 .peer_no_next = 2,
                                                 .room_no_next = 2,
                                                 .log_no_next = log_no_next}});
    restore(&s->l, (struct kith_record){.type = KITH_RECORD_PEER,
                                        .peer = {.no = 1, .id = author.id}});
    restore(&s->l, (struct kith_record){.type = KITH_RECORD_ROOM,
                                        .room = {.no = 1,
                                                 .id = lone_lobby(),
                                                 .kind = KITH_ROOM_OPEN,
                                                 .name = {.text = KITH_LOBBY_NAME},
                                                 .is_joined = true}});
    struct kith_record row = {
        .type = KITH_RECORD_LOG,
        .log = {.room_no = 1, .author_no = 1, .seq_first = 1, .seq = 1}};
    for (uint32_t no = 1; no <= logs; no++) {
        memcpy(row.log.log.bytes, &no, sizeof(no));
        for (uint32_t i = 0; i <= branches; i++) {
            row.log.no = no + i * logs;
            row.log.base_no = i == 0 ? 0 : no;
            row.log.head.bytes[0] = (uint8_t)i;
            restore(&s->l, row);
        }
    }
    lone_start(&s->l);
    lone_connect(&s->l, &s->peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &s->peer);
    lone_forget(&s->l);
    s->log = (struct lone_log){.author = &s->peer.key,
                               .room = lone_lobby(),
                               .log = {{0, 0, 0, 0, 1}},
                               .hlc = kith_hlc_from_wall(s->l.now.wall)};
    return s;
}

static void drop(struct scene *s)
{
    lone_deinit(&s->l);
    free(s);
}

/* How a command is answered: that which imports the run, or one that says something. */
static int answer(struct scene *s, const struct kith_writer *run)
{
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.token = 5;
    if (run != NULL) {
        in.command.type = KITH_COMMAND_IMPORT;
        in.command.import.room = lone_lobby();
        in.command.import.kind = KITH_ROOM_OPEN;
        in.command.import.name = (struct kith_name){.text = KITH_LOBBY_NAME};
        in.command.import.run = kith_writer_view(run);
    } else {
        in.command.type = KITH_COMMAND_SEND;
        in.command.send.texts = &text;
        in.command.send.text_count = 1;
    }
    lone_step(&s->l, in);
    const struct kith_notice *reply = lone_last_told(&s->l, KITH_NOTICE_REPLY);
    assert_non_null(reply);
    return reply->reply.error;
}

static void a_full_room_takes_no_new_log_but_our_own(void **state)
{
    (void)state;
    struct scene *s = make(KITH_ROOM_LOGS_MAX + 1, KITH_ROOM_LOGS_MAX, 0);
    struct kith_writer run;
    size_t before = lone_count_stored(&s->l);
    lone_write(&s->log, &run, 1, 'a');
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    assert_int_equal(lone_count_told(&s->l, KITH_NOTICE_WARNING), 1);
    assert_int_equal(lone_last_told(&s->l, KITH_NOTICE_WARNING)->warning.warning,
                     KITH_WARNING_FULL);
    assert_int_equal(answer(s, &run), KITH_ELIMIT);
    assert_int_equal(lone_count_stored(&s->l), before);
    assert_int_equal(s->l.closed[1], 1);
    assert_int_equal(answer(s, NULL), 0);
    assert_int_equal(lone_count_stored(&s->l), before + 1);
    kith_writer_deinit(&run);
    drop(s);
}

/* It would come again each time, and whole. */
static void a_full_room_asks_once_for_a_branch_that_has_no_place(void **state)
{
    (void)state;
    struct scene *s = make(KITH_ROOM_LOGS_MAX + 1, KITH_ROOM_LOGS_MAX, 0);
    struct kith_ref head = {.log = {{1}}, .seq = 1, .id = {{9}}};
    struct lone_key author;
    lone_key_make(&author, 2);
    head.author = author.id;
    size_t grafts = 0;
    for (int i = 0; i < 3; i++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        kith_frame_graft_encode(&w, KITH_FRAME_FORK, &s->peer.lobby_tag, &head, NULL, 0);
        lone_say(&s->l, &s->peer, &w);
        kith_writer_deinit(&w);
        grafts += lone_count_sent(&s->l, 1, KITH_FRAME_GRAFT);
        lone_forget(&s->l);
        lone_pass(&s->l, KITH_STALL_TIME + KITH_SECOND);
    }
    assert_int_equal(grafts, 1);
    drop(s);
}

/* Those told of before it was full came all the same. */
static void a_home_with_more_than_that_is_taken_back(void **state)
{
    (void)state;
    struct scene *s = make(KITH_ROOM_LOGS_MAX + 11, KITH_ROOM_LOGS_MAX + 10, 0);
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    assert_int_equal(answer(s, &run), KITH_ELIMIT);
    kith_writer_deinit(&run);
    drop(s);
}

static void a_home_without_a_number_left_stores_no_new_log(void **state)
{
    (void)state;
    struct scene *s = make(KITH_LOG_NO_MAX + 1, 0, 0);
    struct kith_writer run;
    lone_write(&s->log, &run, 1, 'a');
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, &run);
    assert_int_equal(answer(s, &run), KITH_ELIMIT);
    assert_int_equal(answer(s, NULL), KITH_ELIMIT);
    assert_int_equal(lone_count_stored(&s->l), 0);
    assert_int_equal(s->l.closed[1], 1);
    kith_writer_deinit(&run);
    drop(s);
}

/* The lone node keeps few frames: so these steps are not carried out. */
static size_t count_forks(struct scene *s, struct kith_input in)
{
    struct kith_effects effects;
    size_t count = 0;
    in.now = s->l.now;
    assert_int_equal(kith_node_step(s->l.node, &in, &effects), 0);
    for (size_t i = 0; i < effects.count; i++)
        count += effects.items[i].type == KITH_EFFECT_SEND &&
                 effects.items[i].send.bytes.data[4] == KITH_FRAME_FORK;
    return count;
}

static void of_very_many_branches_a_peer_is_told_as_it_reads(void **state)
{
    (void)state;
    const uint32_t logs = 20000;
    struct scene *s = make(2 * logs + 1, logs, 1);
    const struct kith_link *link =
        kith_list_item(s->l.node->links.next, struct kith_link, item);
    struct kith_input timeout = {.type = KITH_INPUT_TIMEOUT};
    struct kith_input drained = {.type = KITH_INPUT_LINK_DRAINED, .drained.link = 1};
    size_t told = 0;
    for (int i = 0; i < 100; i++) {
        drained.drained.size = link->queued;
        told += count_forks(s, drained);
        assert_in_range(link->queued, 0, 2 * KITH_QUEUE_HIGH);
        s->l.now.mono += KITH_MS * 100;
        told += count_forks(s, timeout);
        assert_in_range(link->queued, 0, 2 * KITH_QUEUE_HIGH);
    }
    assert_int_equal(told, 2 * logs);
    drop(s);
}

/* As it is after half a minute. */
static void pass_to_forks(struct scene *s, struct kith_link *link)
{
    s->l.now.mono += 50 * KITH_MS;
    s->l.node->forks_at = s->l.now.mono;
    kith_list_each (item, &link->shares) {
        struct kith_share *share = kith_list_item(item, struct kith_share, in_link);
        if (share->forks_at > 0)
            share->forks_at = s->l.now.mono;
    }
}

/* A queue that stays full for a while: those told of before are told of again. */
static void what_was_told_before_the_queue_was_full_is_told_again(void **state)
{
    (void)state;
    struct scene *s = make(3, 1, 1);
    struct kith_link *link =
        kith_list_item(s->l.node->links.next, struct kith_link, item);
    struct kith_input timeout = {.type = KITH_INPUT_TIMEOUT};
    struct kith_input drained = {.type = KITH_INPUT_LINK_DRAINED, .drained.link = 1};
    s->l.node->queued += KITH_QUEUE_HIGH - 1 - link->queued;
    link->queued = KITH_QUEUE_HIGH - 1;
    for (int i = 0; i < 4; i++) {
        assert_int_not_equal(s->l.node->forks_at, KITH_TIME_NEVER);
        pass_to_forks(s, link);
        count_forks(s, timeout);
    }
    drained.drained.size = link->queued;
    size_t told = count_forks(s, drained);
    pass_to_forks(s, link);
    told += count_forks(s, timeout);
    assert_in_range(told, 2, 4);
    drop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_room_takes_no_new_log_but_our_own),
        cmocka_unit_test(a_full_room_asks_once_for_a_branch_that_has_no_place),
        cmocka_unit_test(a_home_with_more_than_that_is_taken_back),
        cmocka_unit_test(a_home_without_a_number_left_stores_no_new_log),
        cmocka_unit_test(of_very_many_branches_a_peer_is_told_as_it_reads),
        cmocka_unit_test(what_was_told_before_the_queue_was_full_is_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
