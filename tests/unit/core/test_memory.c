/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation of a day in a node's life, one after the other:
 * each time the step says so, and freeing the node leaves nothing behind. */
#include "hearing.h"
#include "tracked.h"

#include <stdlib.h>

static void send_text(struct lone *l, const struct lone_peer *peer)
{
    struct kith_bytes text = BYTES("hello");
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_SEND;
    in.command.token = 5;
    in.command.send.is_direct = peer != NULL;
    if (peer != NULL)
        in.command.send.peer = peer->key.id;
    in.command.send.texts = &text;
    in.command.send.text_count = 1;
    lone_step(l, in);
}

static void receive(struct lone *l, struct lone_peer *peer)
{
    struct lone_log log = {.author = &peer->key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct kith_writer run;
    lone_write(&log, &run, 2, 'a');
    lone_say_run(l, peer, &peer->lobby_tag, &run);
    kith_writer_deinit(&run);
    struct lone_log other = log;
    lone_write(&log, &run, 1, 'c');
    lone_say_run(l, peer, &peer->lobby_tag, &run);
    kith_writer_deinit(&run);
    lone_write(&other, &run, 1, 'z'); /* a fork */
    lone_say_run(l, peer, &peer->lobby_tag, &run);
    kith_writer_deinit(&run);
}

static void join_and_leave(struct lone *l, struct lone_peer *peer)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_JOIN;
    in.command.token = 6;
    in.command.room = (struct kith_name){"garden"};
    lone_step(l, in);
    lone_rooms(l, peer);
    in.command.type = KITH_COMMAND_LEAVE;
    lone_step(l, in);
}

static void look_up(struct lone *l)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_LOOKUP;
    in.command.token = 8;
    in.command.lookup.is_name = true;
    in.command.lookup.name = (struct kith_name){"bob"};
    lone_step(l, in);
    in.command.type = KITH_COMMAND_SEEK;
    in.command.token = 9;
    in.command.seek.id = tracked_peer_id(5);
    in.command.seek.addresses = &(struct kith_address){.host = "192.0.2.5", .port = 1};
    in.command.seek.count = 1;
    lone_step(l, in);
}

/* Away, met, found: all that trackers lead to. */
static void use_trackers(struct lone *l)
{
    static const char *const hosts[] = {"192.168.1.5", "2001:db8::5"};
    struct tracked_peer told = {.seed = tracked_higher_seed(l),
                                .name = "bob",
                                .address_count = 1,
                                .addresses = {"192.0.2.20:4747"},
                                .local = "192.168.1.20:4747"};
    struct lone_peer peer;
    tracked_listen(l, hosts, 2);
    tracked_join(l, 1);
    tracked_reachable(l, 1, "203.0.113.77:4747", true);
    tracked_tell(l, 1, &told);
    lone_pass(l, KITH_SECOND);
    tracked_ring(l, 1, told.seed, 'd', "192.0.2.20:50000");
    tracked_ring(l, 1, told.seed, 'd', NULL);
    l->is_relayed = true;
    lone_connect(l, &peer, told.seed, 4, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    l->is_relayed = false;
    look_up(l);
    told.counter = 2000; /* a record in the place of the one before */
    tracked_tell(l, 1, &told);
    lone_pass(l, 3 * KITH_SECOND);
    tracked_down(l, 1, KITH_ECLOSED);
}

static void live_a_day(struct lone *l)
{
    struct lone_peer first, second;
    lone_start(l);
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_CONNECT;
    in.command.connect = (struct kith_address){.host = "10.0.0.9", .port = 4747};
    lone_step(l, in);
    lone_connect(l, &first, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &first);
    lone_connect(l, &second, 2, 2, KITH_ROLE_LISTENER, 1);
    lone_greet(l, &second);
    send_text(l, NULL);
    send_text(l, &first);
    receive(l, &second);
    join_and_leave(l, &first);
    lone_pass(l, 5 * KITH_SECOND);
    lone_connect(l, &first, 1, 3, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &first);
    use_trackers(l);
}

/* ---- another day: histories, files, rooms, and peers who ask first ---- */

/* A new link on which this frame comes before any other of the lobby. */
static void ask(struct lone *l, uint8_t seed, enum kith_frame_type type,
                const struct lone_log *log)
{
    struct lone_peer peer;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const struct kith_ref wanted = {log->author->id, log->log, log->seq, log->head};
    lone_connect(l, &peer, seed, seed, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    kith_frame_graft_encode(&w, type, &peer.lobby_tag, &wanted, NULL, 0);
    lone_say(l, &peer, &w);
    kith_writer_deinit(&w);
}

static void import(struct lone *l, const struct kith_writer *run)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_IMPORT;
    in.command.token = 10;
    in.command.import.room = lone_lobby();
    in.command.import.kind = KITH_ROOM_OPEN;
    in.command.import.name = (struct kith_name){KITH_LOBBY_NAME};
    in.command.import.run = kith_writer_view(run);
    lone_step(l, in);
}

static void tell_of(struct lone *l, const struct lone_peer *peer,
                    const struct lone_log *log)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    const struct kith_vector_entry entry = {log->author->id, log->log_class, log->log, 0,
                                            log->seq,        log->head};
    kith_frame_vector_encode(&w, &peer->lobby_tag, true, &entry, 1);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

/* Of three strangers: what a peer brings, what it tells of and a file holds, and what
 * only a file holds, twice. */
static void take_from_strangers(struct lone *l, const struct lone_peer *peer)
{
    for (uint8_t i = 0; i < 3; i++) {
        struct lone_key author;
        struct kith_writer run, next;
        lone_key_make(&author, 60 + i);
        struct lone_log log = {.author = &author,
                               .room = lone_lobby(),
                               .log = {{9}},
                               .hlc = kith_hlc_from_wall(l->now.wall)};
        lone_write(&log, &run, 1, 'a');
        if (i == 0)
            lone_say_run(l, peer, &peer->lobby_tag, &run);
        else if (i == 1)
            tell_of(l, peer, &log);
        import(l, &run);
        lone_write(&log, &next, 1, 'b');
        import(l, &next);
        import(l, &run);
        kith_writer_deinit(&run);
        kith_writer_deinit(&next);
    }
}

static void join_many(struct lone *l)
{
    struct kith_input in = {.type = KITH_INPUT_COMMAND};
    in.command.type = KITH_COMMAND_JOIN;
    in.command.token = 11;
    for (char name = 'a'; name < 'a' + 9; name++) {
        in.command.room = (struct kith_name){.text = {name}};
        lone_step(l, in);
    }
}

/* Of more logs than there is room for when they are forgotten. */
static void hear_rumours(struct lone *l)
{
    struct lone_peer peer;
    lone_connect(l, &peer, 5, 5, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    rumour(l, &peer, 0, 100, true);
    lone_say_raw(l, &peer, BYTES("\x05\x00")); /* BYE */
}

static void live_another(struct lone *l)
{
    static const char *const hosts[] = {"10.0.0.1"};
    struct lone_peer peer;
    struct kith_writer run;
    lone_start(l);
    tracked_listen(l, hosts, 1);
    lone_connect(l, &peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &peer);
    struct lone_log log = {.author = &peer.key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct lone_log other = log;
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &peer, &peer.lobby_tag, &run);
    kith_writer_deinit(&run);
    lone_write(&other, &run, 1, 'z'); /* a branch that is only told of */
    kith_writer_deinit(&run);
    tell_of(l, &peer, &other);
    ask(l, 2, KITH_FRAME_GRAFT, &log);
    ask(l, 3, KITH_FRAME_PRUNE, &log);
    ask(l, 4, KITH_FRAME_FORK, &log);
    take_from_strangers(l, &peer);
    join_many(l);
    hear_rumours(l);
    lone_pass(l, 5 * KITH_SECOND);
}

/* ---- at every allocation ---- */

typedef void day(struct lone *l);

static void fail_anywhere(day *live, bool is_lean)
{
    size_t failures = 0;
    bool is_over = false;
    for (size_t n = 1; !is_over && n < 5000; n++) {
        struct lone *l = malloc(sizeof(*l));
        lone_init_beacon(l, 200, 0);
        assert_int_equal(l->error, 0);
        l->is_lean = is_lean;
        size_t calls_before = l->memory.calls;
        alloc_failing_arm(&l->memory, n);
        live(l);
        is_over = l->memory.calls - calls_before < n;
        if (!is_over) {
            /* Either the step said so, or it was a growth that could wait. */
            failures += l->error == KITH_ENOMEM;
        } else {
            assert_int_equal(l->error, 0);
        }
        lone_deinit(l);
        free(l);
    }
    assert_true(is_over);
    assert_true(failures > 50);
}

static void running_out_of_memory_anywhere_ends_in_an_error_and_leaks_nothing(
    void **state)
{
    (void)state;
    fail_anywhere(live_a_day, false);
    fail_anywhere(live_another, false);
}

static void so_it_does_where_a_step_has_to_ask_for_all_it_needs(void **state)
{
    (void)state;
    fail_anywhere(live_a_day, true);
    fail_anywhere(live_another, true);
}

/* What a home keeps: a peer, the lobby, its log there, and the key of a tracker. */
static int restore(struct lone *l)
{
    struct kith_record rows[] = {
        {.type = KITH_RECORD_META,
         .meta =
             {.arrival_next = 1, .peer_no_next = 2, .room_no_next = 2, .log_no_next = 2}},
        {.type = KITH_RECORD_PEER, .peer = {.no = 1, .id = tracked_peer_id(1)}},
        {.type = KITH_RECORD_ROOM,
         .room = {.no = 1,
                  .id = lone_lobby(),
                  .kind = KITH_ROOM_OPEN,
                  .name = {KITH_LOBBY_NAME},
                  .is_joined = true}},
        {.type = KITH_RECORD_LOG,
         .log = {.no = 1, .room_no = 1, .log = {{1}}, .seq_first = 1, .seq = 1}},
        {.type = KITH_RECORD_ACK, .ack = {1, 1, 1}},
        {.type = KITH_RECORD_TRACKER,
         .tracker = {.address = tracked_address(1), .id = tracked_id(1)}},
    };
    int error = 0;
    for (size_t i = 0; i < COUNT(rows) && error == 0; i++)
        error = kith_node_restore(l->node, &rows[i]);
    return error;
}

static void a_home_that_does_not_fit_is_no_damaged_one(void **state)
{
    (void)state;
    size_t n = 1;
    for (bool is_over = false; !is_over; n++) {
        struct lone *l = malloc(sizeof(*l));
        lone_init(l);
        size_t calls_before = l->memory.calls;
        alloc_failing_arm(&l->memory, n);
        int error = restore(l);
        is_over = l->memory.calls - calls_before < n;
        assert_int_equal(error, is_over ? 0 : KITH_ENOMEM);
        lone_deinit(l);
        free(l);
    }
    assert_true(n > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            running_out_of_memory_anywhere_ends_in_an_error_and_leaks_nothing),
        cmocka_unit_test(so_it_does_where_a_step_has_to_ask_for_all_it_needs),
        cmocka_unit_test(a_home_that_does_not_fit_is_no_damaged_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
