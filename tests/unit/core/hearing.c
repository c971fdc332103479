/* SPDX-License-Identifier: MIT */
#include "hearing.h"

#include <stdlib.h>

int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    lone_init(&s->l);
    lone_start(&s->l);
    lone_connect(&s->l, &s->peer, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &s->peer);
    s->log = (struct lone_log){.author = &s->peer.key,
                               .room = lone_lobby(),
                               .log = {{1}},
                               .hlc = kith_hlc_from_wall(s->l.now.wall)};
    lone_forget(&s->l);
    *state = s;
    return 0;
}

int teardown(void **state)
{
    struct scene *s = *state;
    lone_deinit(&s->l);
    free(s);
    return 0;
}

void say_run(struct scene *s, const struct kith_writer *run)
{
    lone_say_run(&s->l, &s->peer, &s->peer.lobby_tag, run);
}

void push_to(struct scene *s, struct lone_log *log, size_t count, char text)
{
    struct kith_writer run;
    lone_write(log, &run, count, text);
    say_run(s, &run);
    kith_writer_deinit(&run);
}

void push(struct scene *s, size_t count)
{
    push_to(s, &s->log, count, 'a');
}

size_t messages(const struct scene *s)
{
    return lone_count_stored(&s->l) - 1; /* less our own profile */
}

void rumour(struct lone *l, const struct lone_peer *peer, uint32_t first, size_t count,
            bool is_last)
{
    struct kith_vector_entry *page = calloc(count + 1, sizeof(*page));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t no = first + i;
        page[i].seq = 3;
        memcpy(page[i].author.bytes, &no, sizeof(no));
        page[i].author.bytes[9] = page[i].head.bytes[0] = 1;
    }
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_vector_encode(&w, &peer->lobby_tag, is_last, page, count);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
    free(page);
}

void say_again(struct scene *s, const struct kith_writer *run)
{
    say_run(s, run);
    assert_int_equal(s->l.closed[1], 1);
}

void say_have(struct scene *s, const struct lone_peer *peer, const struct lone_log *log)
{
    struct kith_vector_entry held = {s->peer.key.id, log->log_class, log->log, 0,
                                     log->seq,       log->head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_have_encode(&w, &peer->lobby_tag, &held, 1);
    lone_say(&s->l, peer, &w);
    kith_writer_deinit(&w);
}

/* Both peers live. */
void pass_alive(struct scene *s, const struct lone_peer *other, kith_time duration)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_ping_encode(&w, KITH_FRAME_PING, &(struct kith_frame_ping){1});
    for (kith_time t = 0; t < duration; t += 3 * KITH_SECOND) {
        lone_say(&s->l, &s->peer, &w);
        lone_say(&s->l, other, &w);
        lone_pass(&s->l, 3 * KITH_SECOND);
    }
    kith_writer_deinit(&w);
}

void say_fork(struct scene *s, const struct lone_peer *peer, const struct lone_log *log)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_ref head = {log->author->id, log->log, log->seq, log->head};
    kith_frame_graft_encode(&w, KITH_FRAME_FORK, &peer->lobby_tag, &head, NULL, 0);
    lone_say(&s->l, peer, &w);
    kith_writer_deinit(&w);
}
