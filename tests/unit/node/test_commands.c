/* SPDX-License-Identifier: MIT */
#include "node/commands.h"

#include "lib/unit.h"

static struct kith_commands commands;
static struct kith_id bob = {{1}}, carol = {{2}};

struct answer {
    size_t count;
    struct kith_notice notice;
};

static void on_reply(void *ctx, const struct kith_notice *notice)
{
    struct answer *answer = ctx;
    answer->count++;
    answer->notice = *notice;
}

static int setup(void **state)
{
    (void)state;
    kith_commands_init(&commands);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kith_commands_abandon(&commands, KITH_ECLOSED);
    return 0;
}

static int push_texts(const struct kith_id *to, const char *text, size_t size,
                      size_t count, struct answer *answer)
{
    struct kith_bytes texts[KITH_SEND_TEXTS_MAX + 1];
    for (size_t i = 0; i < count; i++)
        texts[i] = kith_bytes(text, size);
    struct kith_command command = {.type = KITH_COMMAND_SEND,
                                   .send = {.texts = texts, .text_count = count}};
    if (to != NULL) {
        command.send.is_direct = true;
        command.send.peer = *to;
    }
    return kith_commands_push(&commands, &command, answer ? on_reply : NULL, answer);
}

static int push_text(const struct kith_id *to, const char *text, struct answer *answer)
{
    return push_texts(to, text, strlen(text), 1, answer);
}

static void texts_are_copied_and_gathered_in_order(void **state)
{
    struct kith_command out;
    char text[] = "one";
    (void)state;
    assert_int_equal(push_text(NULL, text, NULL), 0);
    memset(text, 'x', 3);
    assert_int_equal(push_text(NULL, "two", NULL), 0);
    assert_true(kith_commands_pop(&commands, &out));
    assert_int_equal(out.type, KITH_COMMAND_SEND);
    assert_int_equal(out.send.text_count, 2);
    assert_memory_equal(out.send.texts[0].data, "one", 3);
    assert_memory_equal(out.send.texts[1].data, "two", 3);
    assert_int_not_equal(out.token, 0);
    assert_false(kith_commands_pop(&commands, &out));
}

static void rooms_are_kept_apart(void **state)
{
    struct kith_command out;
    (void)state;
    push_text(NULL, "a", NULL);
    push_text(&bob, "b", NULL);
    push_text(&bob, "b", NULL);
    push_text(&carol, "c", NULL);
    push_text(NULL, "d", NULL);
    const size_t expected[] = {1, 2, 1, 1};
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(kith_commands_pop(&commands, &out));
        assert_int_equal(out.send.text_count, expected[i]);
    }
    assert_true(kith_commands_is_empty(&commands));
}

static void another_command_between_keeps_its_place(void **state)
{
    struct kith_command out;
    struct kith_command rename = {.type = KITH_COMMAND_RENAME, .rename = {"sam"}};
    (void)state;
    push_text(NULL, "a", NULL);
    assert_int_equal(kith_commands_push(&commands, &rename, NULL, NULL), 0);
    push_text(NULL, "b", NULL);
    assert_true(kith_commands_pop(&commands, &out));
    assert_int_equal(out.type, KITH_COMMAND_SEND);
    assert_true(kith_commands_pop(&commands, &out));
    assert_int_equal(out.type, KITH_COMMAND_RENAME);
    assert_string_equal(out.rename.text, "sam");
    assert_true(kith_commands_pop(&commands, &out));
    assert_int_equal(out.send.text_count, 1);
}

static void who_asks_for_no_reply_gets_no_token(void **state)
{
    static struct answer answer; /* told at the end */
    struct kith_command out;
    struct kith_command connect = {.type = KITH_COMMAND_CONNECT, .connect = {"host", 1}};
    (void)state;
    assert_int_equal(kith_commands_push(&commands, &connect, NULL, NULL), 0);
    assert_int_equal(kith_commands_push(&commands, &connect, on_reply, &answer), 0);
    assert_true(kith_commands_pop(&commands, &out));
    assert_int_equal(out.token, 0);
    assert_string_equal(out.connect.host, "host");
    assert_true(kith_commands_pop(&commands, &out));
    assert_int_not_equal(out.token, 0);
    assert_int_equal(commands.count, 1); /* the first one is done with */
}

static void a_run_is_never_overfilled(void **state)
{
    static char big[KITH_TEXT_SIZE_MAX];
    struct kith_command out;
    size_t size = 0, count = 0, pops = 0;
    (void)state;
    memset(big, 'x', sizeof big);
    for (int i = 0; i < 20; i++)
        assert_int_equal(push_texts(NULL, big, sizeof big, 1, NULL), 0);
    for (int i = 0; i < 300; i++)
        assert_int_equal(push_text(NULL, "x", NULL), 0);
    while (kith_commands_pop(&commands, &out)) {
        size_t run = 0;
        assert_true(out.send.text_count <= KITH_SEND_TEXTS_MAX);
        for (size_t i = 0; i < out.send.text_count; i++)
            run += out.send.texts[i].size;
        assert_true(run <= KITH_SEND_SIZE_MAX);
        size += run;
        count += out.send.text_count;
        pops++;
    }
    assert_int_equal(count, 320);
    assert_int_equal(size, 20 * sizeof big + 300);
    assert_true(pops <= 6);
}

static void a_shared_reply_is_cut_up(void **state)
{
    struct answer first = {0}, second = {0};
    struct kith_id ids[3] = {{{1}}, {{2}}, {{3}}};
    struct kith_command out;
    (void)state;
    push_texts(NULL, "a", 1, 2, &first);
    push_text(NULL, "b", &second);
    assert_true(kith_commands_pop(&commands, &out));
    struct kith_notice notice = {.type = KITH_NOTICE_REPLY,
                                 .reply = {.token = out.token,
                                           .seq_first = 7,
                                           .count = 3,
                                           .ids = ids,
                                           .hlc_first = 100,
                                           .room_no = 1,
                                           .log_no = 4}};
    kith_commands_reply(&commands, &notice);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.notice.reply.seq_first, 7);
    assert_int_equal(first.notice.reply.count, 2);
    assert_ptr_equal(first.notice.reply.ids, ids);
    assert_int_equal(second.notice.reply.seq_first, 9);
    assert_int_equal(second.notice.reply.count, 1);
    assert_ptr_equal(second.notice.reply.ids, &ids[2]);
    assert_int_equal(second.notice.reply.hlc_first, 102);
    assert_int_equal(second.notice.reply.log_no, 4);
    kith_commands_reply(&commands, &notice); /* nobody waits for it any more */
    assert_int_equal(first.count, 1);
}

static void a_failure_reaches_all_who_share_it(void **state)
{
    struct answer first = {0}, second = {0};
    struct kith_command out;
    (void)state;
    push_text(NULL, "a", &first);
    push_text(NULL, "b", &second);
    assert_true(kith_commands_pop(&commands, &out));
    kith_commands_reply(&commands, &(struct kith_notice){.type = KITH_NOTICE_REPLY,
                                                         .reply = {.token = out.token,
                                                                   .error = KITH_EFULL}});
    assert_int_equal(first.notice.reply.error, KITH_EFULL);
    assert_int_equal(second.notice.reply.error, KITH_EFULL);
}

static void what_waits_is_answered_when_all_ends(void **state)
{
    struct answer waiting = {0}, queued = {0};
    struct kith_command out;
    (void)state;
    push_text(NULL, "a", &waiting);
    assert_true(kith_commands_pop(&commands, &out));
    push_text(NULL, "b", &queued);
    kith_commands_abandon(&commands, KITH_ECLOSED);
    assert_int_equal(waiting.notice.reply.error, KITH_ECLOSED);
    assert_int_equal(queued.notice.reply.error, KITH_ECLOSED);
    assert_int_equal(commands.count, 0);
    assert_int_equal(commands.size, 0);
}

static void unusable_texts_are_named(void **state)
{
    static char big[KITH_TEXT_SIZE_MAX + 1];
    (void)state;
    memset(big, 'x', sizeof big);
    assert_int_equal(push_texts(NULL, "x", 1, 0, NULL), KITH_EINVALID);
    assert_int_equal(push_texts(NULL, "x", 1, KITH_SEND_TEXTS_MAX + 1, NULL),
                     KITH_EINVALID);
    assert_int_equal(push_text(NULL, "", NULL), KITH_ETEXT);
    assert_int_equal(push_text(NULL, "\xc3", NULL), KITH_ETEXT);
    assert_int_equal(push_texts(NULL, big, sizeof big, 1, NULL), KITH_ETEXTSIZE);
    assert_int_equal(push_texts(NULL, big, sizeof big - 1, 100, NULL), KITH_ELIMIT);
    assert_true(kith_commands_is_empty(&commands));
}

static void the_queue_has_an_end(void **state)
{
    (void)state;
    for (int i = 0; i < KITH_COMMANDS_MAX; i++)
        assert_int_equal(push_text(NULL, "x", NULL), 0);
    assert_int_equal(push_text(NULL, "x", NULL), KITH_ELIMIT);
}

/* Or it would break, or end without a word to its peers. */
static void but_not_for_what_the_node_tells_its_own_core(void **state)
{
    struct kith_command told[] = {{.type = KITH_COMMAND_LISTENING},
                                  {.type = KITH_COMMAND_MAPPED},
                                  {.type = KITH_COMMAND_STOP}};
    the_queue_has_an_end(state);
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        assert_int_equal(kith_commands_push(&commands, &told[i], NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_are_copied_and_gathered_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(rooms_are_kept_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(another_command_between_keeps_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_no_reply_gets_no_token, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_run_is_never_overfilled, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shared_reply_is_cut_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_reaches_all_who_share_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_waits_is_answered_when_all_ends, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(unusable_texts_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(the_queue_has_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(but_not_for_what_the_node_tells_its_own_core,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
