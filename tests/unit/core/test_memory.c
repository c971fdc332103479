/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation of a day in a node's life, one after the other:
 * each time the step says so, and freeing the node leaves nothing behind. */
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

static void running_out_of_memory_anywhere_ends_in_an_error_and_leaks_nothing(
    void **state)
{
    (void)state;
    size_t failures = 0;
    bool is_over = false;
    for (size_t n = 1; !is_over && n < 5000; n++) {
        struct lone *l = malloc(sizeof(*l));
        lone_init(l);
        assert_int_equal(l->error, 0);
        size_t calls_before = l->memory.calls;
        alloc_failing_arm(&l->memory, n);
        live_a_day(l);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            running_out_of_memory_anywhere_ends_in_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
