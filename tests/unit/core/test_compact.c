/* SPDX-License-Identifier: MIT */
/* Places of logs that were told of and forgotten are given back, and what is known of the
 * logs that are left moves along. */
#include "hearing.h"

#include "core/engine.h"

/* Links, by number. */
enum { AUTHOR = 1, READER, IDLE, FLOODER };

struct company {
    struct lone_peer peers[FLOODER + 1];
    struct lone_log logs[2]; /* of the author, in the lobby */
};

static void meet(struct lone *l, struct lone_peer *peer, uint32_t link)
{
    lone_connect(l, peer, link, link, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
    lone_forget(l);
}

static void write_on(struct lone *l, struct company *c, int no)
{
    const struct lone_peer *author = &c->peers[AUTHOR];
    struct kith_writer run;
    lone_write(&c->logs[no], &run, 1, 'a');
    lone_say_run(l, author, &author->lobby_tag, &run);
    kith_writer_deinit(&run);
}

/* All are here; the flooder has told of 600 logs, and then the author has said something
 * in each of two. */
static void gather(struct lone *l, struct company *c)
{
    for (uint32_t link = AUTHOR; link <= FLOODER; link++)
        meet(l, &c->peers[link], link);
    rumour(l, &c->peers[FLOODER], 0, 600, true);
    for (uint8_t i = 0; i < 2; i++) {
        c->logs[i] = (struct lone_log){.author = &c->peers[AUTHOR].key,
                                       .room = lone_lobby(),
                                       .log = {{(uint8_t)(i + 1)}},
                                       .hlc = kith_hlc_from_wall(l->now.wall)};
        write_on(l, c, i);
    }
    assert_true(l->node->lobby->log_count > 600);
    lone_forget(l);
}

static void leave(struct lone *l, const struct lone_peer *peer)
{
    lone_say_raw(l, peer, BYTES("\x05\x00"));
}

/* The reader wants all of this log, and what will follow it. */
static void graft(struct lone *l, const struct company *c, int no)
{
    const struct lone_peer *reader = &c->peers[READER];
    const struct lone_log *log = &c->logs[no];
    struct kith_ref wanted = {log->author->id, log->log, log->seq, log->head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, KITH_FRAME_GRAFT, &reader->lobby_tag, &wanted, NULL, 0);
    lone_say(l, reader, &w);
    kith_writer_deinit(&w);
}

static void assert_compact(const struct lone *l)
{
    const struct kith_room *lobby = l->node->lobby;
    assert_int_equal(lobby->hearsay_count, 0);
    assert_true(lobby->log_count <=
                2 * (lobby->log_count - lobby->spare_count) + KITH_SPARE_LOGS_MAX);
}

static void what_hearsay_took_is_given_back(void **state)
{
    struct lone *l = *state;
    static struct company c;
    static struct lone_peer more[20];
    gather(l, &c);
    leave(l, &c.peers[FLOODER]);
    for (uint32_t i = 0; i < COUNT(more); i++)
        meet(l, &more[i], FLOODER + 1 + i);
    size_t before = l->memory.live_bytes;
    for (uint32_t page = 0; page < 20; page++) {
        rumour(l, &more[page], 600 * page, 600, true);
        write_on(l, &c, 0); /* everybody is told of it */
        lone_forget(l);
    }
    assert_true(l->memory.live_bytes > before + 8 * 1024 * 1024);
    lone_pass(l, 6 * KITH_SECOND);
    assert_compact(l);
    assert_in_range(l->memory.live_bytes, 0, before + 256 * 1024);
}

/* Just before, the idle one is still to be told of what the author said. */
static void what_is_to_be_told_is_told(void **state)
{
    struct lone *l = *state;
    static struct company c;
    gather(l, &c);
    lone_pass(l, KITH_SECOND);
    lone_forget(l);
    write_on(l, &c, 1);
    leave(l, &c.peers[FLOODER]);
    assert_compact(l);
    assert_int_equal(lone_count_sent(l, IDLE, KITH_FRAME_HAVE), 0);
    lone_pass(l, KITH_SECOND);
    assert_int_equal(lone_count_sent(l, IDLE, KITH_FRAME_HAVE), 1);
    const struct lone_frame *sent = lone_last_sent(l, IDLE, KITH_FRAME_HAVE);
    struct kith_frame_vector have;
    assert_int_equal(kith_frame_have_decode(kith_bytes(sent->fields, sent->size), &have),
                     0);
    assert_int_equal(have.count, 1);
    struct kith_vector_entry entry = kith_vector_entry_at(&have, 0);
    assert_memory_equal(&entry.head, &c.logs[1].head, sizeof(entry.head));
}

/* While one log is being loaded, and another one waits for its turn. */
static void what_is_being_streamed_is_streamed_on(void **state)
{
    struct lone *l = *state;
    static struct company c;
    gather(l, &c);
    l->is_load_held = true;
    graft(l, &c, 0);
    graft(l, &c, 1);
    leave(l, &c.peers[FLOODER]);
    assert_compact(l);
    lone_forget(l);
    l->is_load_held = false;
    lone_load(l);
    assert_int_equal(lone_count_sent(l, READER, KITH_FRAME_RUN), 2);
    write_on(l, &c, 0);
    write_on(l, &c, 1);
    assert_int_equal(lone_count_sent(l, READER, KITH_FRAME_RUN), 4);
    assert_int_equal(lone_count_sent(l, IDLE, KITH_FRAME_RUN), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_hearsay_took_is_given_back),
        TEST(what_is_to_be_told_is_told),
        TEST(what_is_being_streamed_is_streamed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
