/* SPDX-License-Identifier: MIT */
/* In which order logs are asked for and sent: content rests on what control logs say. */
#include "lone.h"

#include <stdlib.h>

#define LOGS 4 /* of the author; the last one is a control log */

struct scene {
    struct lone l;
    struct lone_peer author, reader;
    struct lone_log logs[LOGS];
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    lone_init(&s->l);
    lone_start(&s->l);
    lone_connect(&s->l, &s->author, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &s->author);
    lone_connect(&s->l, &s->reader, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(&s->l, &s->reader);
    for (size_t i = 0; i < LOGS; i++)
        s->logs[i] = (struct lone_log){.author = &s->author.key,
                                       .room = lone_lobby(),
                                       .log = {{(uint8_t)(i + 1)}},
                                       .log_class = i + 1 < LOGS ? KITH_LOG_CONTENT
                                                                 : KITH_LOG_CONTROL,
                                       .hlc = kith_hlc_from_wall(s->l.now.wall)};
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

/* Which of the logs are named in the frames of this type on this link, at this place of
 * their fields: as digits from 1 on. */
static void in_order(const struct scene *s, uint32_t link, uint8_t type, size_t at,
                     char out[static LOGS + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < s->l.sent_count; i++) {
        const struct lone_frame *sent = &s->l.sent[i];
        if (sent->link != link || sent->type != type)
            continue;
        assert_true(count < LOGS);
        out[count++] = (char)('0' + sent->fields[at]);
    }
    out[count] = '\0';
}

static void control_logs_are_asked_for_before_content_logs(void **state)
{
    struct scene *s = *state;
    struct kith_vector_entry entries[LOGS];
    char asked[LOGS + 1];
    for (size_t i = 0; i < LOGS; i++)
        entries[i] = (struct kith_vector_entry){
            s->author.key.id, s->logs[i].log_class, s->logs[i].log, 0, 1, {{9}}};
    for (int is_have = 0; is_have < 2; is_have++) {
        struct kith_writer w = kith_writer(&kith_alloc_heap);
        if (is_have)
            kith_frame_have_encode(&w, &s->author.lobby_tag, entries, LOGS);
        else
            kith_frame_vector_encode(&w, &s->author.lobby_tag, true, entries, LOGS);
        lone_forget(&s->l);
        lone_say(&s->l, &s->author, &w);
        kith_writer_deinit(&w);
        in_order(s, 1, KITH_FRAME_GRAFT, KITH_TAG_SIZE + KITH_ID_SIZE, asked);
        assert_string_equal(asked, "4123");
        teardown(state);
        setup(state);
        s = *state;
    }
}

static void graft(struct scene *s, size_t index)
{
    const struct lone_log *log = &s->logs[index];
    struct kith_ref wanted = {s->author.key.id, log->log, log->seq, log->head};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_graft_encode(&w, KITH_FRAME_GRAFT, &s->reader.lobby_tag, &wanted, NULL, 0);
    lone_say(&s->l, &s->reader, &w);
    kith_writer_deinit(&w);
}

/* What is being read when it is asked for goes before it. */
static void control_logs_are_sent_before_content_logs(void **state)
{
    struct scene *s = *state;
    char sent[LOGS + 1];
    for (size_t i = 0; i < LOGS; i++) {
        struct kith_writer run;
        lone_write(&s->logs[i], &run, 1, 'a');
        lone_say_run(&s->l, &s->author, &s->author.lobby_tag, &run);
        kith_writer_deinit(&run);
    }
    lone_forget(&s->l);
    s->l.is_load_held = true;
    for (size_t i = 0; i < LOGS; i++)
        graft(s, i);
    lone_load(&s->l);
    in_order(s, 2, KITH_FRAME_RUN, KITH_TAG_SIZE + 34, sent);
    assert_string_equal(sent, "1423");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(control_logs_are_asked_for_before_content_logs),
        TEST(control_logs_are_sent_before_content_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
