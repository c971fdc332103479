/* SPDX-License-Identifier: MIT */
/* Rows that contradict one another, or that no node ever wrote, are not taken back. */
#include "lone.h"

#include <stdlib.h>

#include "core/engine.h"
#include "core/log.h"

static int setup(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    *state = l;
    return 0;
}

static struct kith_record meta_of(uint32_t next)
{
    return (struct kith_record){.type = KITH_RECORD_META,
                                .meta = {.arrival_next = 1,
                                         .peer_no_next = next,
                                         .room_no_next = next,
                                         .log_no_next = next}};
}

static void numbers_that_no_row_can_have_are_damage(void **state)
{
    struct lone *l = *state;
    struct kith_record good = meta_of(9), bad = good;
    bad.meta.peer_no_next = UINT32_MAX;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad = good;
    bad.meta.room_no_next = KITH_ROOM_NO_MAX + 2;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad = good;
    bad.meta.log_no_next = 0;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad = good;
    bad.meta.arrival_next = 0;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    bad.meta.arrival_next = INT64_MAX;
    assert_int_equal(kith_node_restore(l->node, &bad), KITH_ECORRUPT);
    good.meta.room_no_next = KITH_ROOM_NO_MAX + 1;
    assert_int_equal(kith_node_restore(l->node, &good), 0);
}

/* Rows as a home keeps them: peer 1, the lobby as room 1, a direct room as room 2. */
static struct kith_record peer_row(uint32_t no)
{
    struct lone_key key;
    lone_key_make(&key, (uint8_t)no);
    return (struct kith_record){.type = KITH_RECORD_PEER,
                                .peer = {.no = no, .id = key.id}};
}

static struct kith_record lobby_row(uint32_t no)
{
    return (struct kith_record){.type = KITH_RECORD_ROOM,
                                .room = {.no = no,
                                         .id = lone_lobby(),
                                         .kind = KITH_ROOM_OPEN,
                                         .name = {.text = KITH_LOBBY_NAME},
                                         .is_joined = true}};
}

static struct kith_record log_row(uint32_t no)
{
    return (struct kith_record){.type = KITH_RECORD_LOG,
                                .log = {.no = no,
                                        .room_no = 1,
                                        .author_no = 1,
                                        .log = {{(uint8_t)no}},
                                        .seq_first = 1}};
}

static int restore(struct lone *l, struct kith_record row)
{
    return kith_node_restore(l->node, &row);
}

static void restore_home(struct lone *l)
{
    assert_int_equal(restore(l, meta_of(9)), 0);
    assert_int_equal(restore(l, peer_row(1)), 0);
    assert_int_equal(restore(l, lobby_row(1)), 0);
}

static void a_peer_twice_is_damage(void **state)
{
    struct lone *l = *state;
    struct kith_record other = peer_row(1);
    restore_home(l);
    other.peer.no = 2;
    assert_int_equal(restore(l, other), KITH_ECORRUPT);
    assert_int_equal(restore(l, peer_row(9)), KITH_ECORRUPT);
}

static void a_room_that_cannot_be_is_damage(void **state)
{
    struct lone *l = *state;
    struct kith_record direct = lobby_row(2);
    restore_home(l);
    assert_int_equal(restore(l, lobby_row(0)), KITH_ECORRUPT);
    assert_int_equal(restore(l, lobby_row(9)), KITH_ECORRUPT);
    assert_int_equal(restore(l, lobby_row(1)), KITH_ECORRUPT);
    direct.room.kind = KITH_ROOM_DIRECT;
    direct.room.peer_no = 7; /* nobody */
    assert_int_equal(restore(l, direct), KITH_ECORRUPT);
    direct.room.peer_no = 1; /* with whom the room has another id */
    assert_int_equal(restore(l, direct), KITH_ECORRUPT);
    direct.room.kind = (enum kith_room_kind)3;
    assert_int_equal(restore(l, direct), KITH_ECORRUPT);
}

static void a_log_that_cannot_be_is_damage(void **state)
{
    struct lone *l = *state;
    struct kith_record row = log_row(1);
    restore_home(l);
    row.log.room_no = 7;
    assert_int_equal(restore(l, row), KITH_ECORRUPT);
    row = log_row(1);
    row.log.author_no = 7;
    assert_int_equal(restore(l, row), KITH_ECORRUPT);
    assert_int_equal(restore(l, log_row(1)), 0);
    assert_int_equal(restore(l, log_row(1)), KITH_ECORRUPT); /* its number twice */
    row = log_row(1);
    row.log.no = 2;
    assert_int_equal(restore(l, row), KITH_ECORRUPT); /* its id twice */
    row = log_row(2);
    row.log.base_no = 7;
    assert_int_equal(restore(l, row), KITH_ECORRUPT); /* a branch of nothing */
    row.log.base_no = 1;
    row.log.seq_first = 0;
    assert_int_equal(restore(l, row), KITH_ECORRUPT); /* from nowhere */
}

static void a_branch_comes_back_as_one(void **state)
{
    struct lone *l = *state;
    struct lone_key author;
    struct kith_record row = log_row(1);
    struct kith_id lobby = lone_lobby();
    uint32_t nos[3];
    restore_home(l);
    row.log.seq = 3;
    assert_int_equal(restore(l, row), 0);
    row.log.no = 2;
    row.log.base_no = 1;
    row.log.seq_first = 2;
    row.log.log_class =
        KITH_LOG_CONTROL; /* one that begins with the log may be of another */
    assert_int_equal(restore(l, row), 0);
    struct kith_log_view view;
    assert_true(kith_node_log(l->node, 2, &view));
    assert_int_equal(view.log_class, KITH_LOG_CONTROL);
    row.log.log_class = KITH_LOG_CONTENT;
    lone_key_make(&author, 1);
    assert_int_equal(kith_node_log_nos(l->node, &lobby, &author.id, &row.log.log, nos, 3),
                     2);
    assert_int_equal(nos[1], 2);
    /* One that forked more often than is followed was not kept. */
    for (uint32_t no = 3; no < 3 + KITH_BRANCHES_MAX; no++) {
        row.log.no = no;
        int error = kith_node_restore(l->node, &row);
        assert_int_equal(error, no < 9 ? 0 : KITH_ECORRUPT);
    }
}

static void what_somebody_holds_is_of_our_own_logs(void **state)
{
    struct lone *l = *state;
    struct kith_record ack = {.type = KITH_RECORD_ACK, .ack = {7, 1, 1}};
    restore_home(l);
    assert_int_equal(restore(l, log_row(1)), 0);
    assert_int_equal(restore(l, ack), KITH_ECORRUPT); /* no such log */
    ack.ack.log_no = 1;
    assert_int_equal(restore(l, ack), KITH_ECORRUPT); /* the peer's own */
    struct kith_record own = log_row(2);
    own.log.author_no = 0;
    assert_int_equal(restore(l, own), 0);
    ack.ack.log_no = 2;
    assert_int_equal(restore(l, ack), 0);
    assert_int_equal(kith_node_delivery(l->node, 2, 1).held_count, 1);
}

static void runs_are_loaded_and_not_restored(void **state)
{
    struct lone *l = *state;
    assert_int_equal(restore(l, (struct kith_record){.type = KITH_RECORD_RUN}),
                     KITH_ECORRUPT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, lone_teardown)

/* As it had stopped to before. */
static void a_forked_log_of_ours_is_not_gone_on_with(void **state)
{
    struct lone *l = *state;
    struct kith_bytes text = BYTES("hello");
    struct kith_record meta = meta_of(9);
    memcpy(meta.meta.marker, l->node->marker, sizeof(meta.meta.marker));
    assert_int_equal(restore(l, meta), 0);
    assert_int_equal(restore(l, peer_row(1)), 0);
    assert_int_equal(restore(l, lobby_row(1)), 0);
    struct kith_record base = log_row(1);
    base.log.author_no = 0;
    base.log.log = kith_log_draw_id(l->node);
    base.log.seq = 2;
    struct kith_record branch = base;
    branch.log.no = 2;
    branch.log.base_no = 1;
    branch.log.seq_first = 2;
    branch.log.head.bytes[0] = 1;
    assert_int_equal(restore(l, base), 0);
    assert_int_equal(restore(l, branch), 0);
    l->is_restored = true;
    lone_start(l);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
    const struct kith_notice *reply = lone_last_told(l, KITH_NOTICE_REPLY);
    assert_int_equal(reply->reply.error, 0);
    assert_true(reply->reply.log_no > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(numbers_that_no_row_can_have_are_damage),
        CASE(a_peer_twice_is_damage),
        CASE(a_room_that_cannot_be_is_damage),
        CASE(a_log_that_cannot_be_is_damage),
        CASE(a_forked_log_of_ours_is_not_gone_on_with),
        CASE(a_branch_comes_back_as_one),
        CASE(what_somebody_holds_is_of_our_own_logs),
        CASE(runs_are_loaded_and_not_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
