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
