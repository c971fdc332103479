/* SPDX-License-Identifier: MIT */
#include "node/runtime.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "node_fixture.h"

/* What an observer saw. */
struct seen {
    struct kith_observer observer;
    size_t runs;
    size_t messages;
    size_t deliveries;
    char text[256]; /* the last message's */
    uint32_t author_no;
};

static void on_notice(void *ctx, const struct kith_notice *notice)
{
    struct seen *seen = ctx;
    if (notice->type == KITH_NOTICE_DELIVERY)
        seen->deliveries++;
    if (notice->type != KITH_NOTICE_MESSAGE ||
        notice->message.run->log_class != KITH_LOG_CONTENT)
        return;
    const struct kith_run *run = notice->message.run;
    struct kith_bytes content = run->events[run->count - 1].content, text;
    seen->runs++;
    seen->messages += run->count;
    seen->author_no = notice->message.author_no;
    assert_int_equal(kith_body_message_decode(kith_bytes(content.data + KITH_SALT_SIZE,
                                                         content.size - KITH_SALT_SIZE),
                                              &text),
                     0);
    assert_true(text.size < sizeof seen->text);
    memcpy(seen->text, text.data, text.size);
    seen->text[text.size] = '\0';
}

static void watch(struct fixture *f, size_t index, struct seen *seen)
{
    *seen = (struct seen){.observer = {.notice = on_notice, .ctx = seen}};
    kith_runtime_observe(f->nodes[index], &seen->observer);
}

/* A reply, waited for. */
struct answer {
    size_t count;
    int error;
    uint64_t seq_first;
    size_t id_count;
    struct kith_id id;
    kith_hlc hlc_first;
};

static void on_reply(void *ctx, const struct kith_notice *notice)
{
    struct answer *answer = ctx;
    assert_int_equal(notice->type, KITH_NOTICE_REPLY);
    answer->count++;
    answer->error = notice->reply.error;
    answer->seq_first = notice->reply.seq_first;
    answer->id_count = notice->reply.count;
    answer->hlc_first = notice->reply.hlc_first;
    if (notice->reply.ids != NULL)
        answer->id = notice->reply.ids[0];
}

static bool is_answered(void *ctx)
{
    return ((struct answer *)ctx)->count > 0;
}

static bool has_message(void *ctx)
{
    return ((struct seen *)ctx)->messages > 0;
}

static bool has_delivery(void *ctx)
{
    return ((struct seen *)ctx)->deliveries > 0;
}

static int say(struct fixture *f, size_t index, const char *text, struct answer *answer)
{
    struct kith_bytes bytes = kith_bytes(text, strlen(text));
    struct kith_command command = {.type = KITH_COMMAND_SEND,
                                   .send = {.texts = &bytes, .text_count = 1}};
    return kith_runtime_command(f->nodes[index], &command,
                                answer != NULL ? on_reply : NULL, answer);
}

static void a_message_is_shown_at_the_other_node_and_acknowledged(void **state)
{
    struct fixture *f = *state;
    static struct seen alice, bob; /* the node outlives the test */
    static struct answer answer;
    run_until_linked(f);
    watch(f, 0, &alice);
    watch(f, 1, &bob);
    assert_int_equal(say(f, 0, "hello Bob", &answer), 0);
    run_until(f, has_message, &bob);
    run_until(f, has_delivery, &alice);
    assert_int_equal(answer.error, 0);
    assert_string_equal(bob.text, "hello Bob");
    assert_int_equal(bob.author_no, 1);
    assert_int_equal(alice.author_no, 0);
}

static void what_was_said_before_they_met_arrives_too(void **state)
{
    struct fixture *f = *state;
    static struct seen bob; /* the node outlives the test */
    static struct answer answer;
    start_node(f, 0, "alice", -1);
    assert_int_equal(say(f, 0, "is anybody there?", &answer), 0);
    run_until(f, is_answered, &answer);
    start_node(f, 1, "bob", 0);
    watch(f, 1, &bob);
    run_until(f, has_message, &bob);
    assert_string_equal(bob.text, "is anybody there?");
}

static void a_configured_peer_is_dialled_until_it_is_there(void **state)
{
    struct fixture *f = *state;
    start_node(f, 0, "alice", -1);
    struct kith_address address = address_of(f, 0);
    start_node(f, 1, "bob", 0);
    run_until_linked(f);
    stop_node(f, 0);
    start_node_at(f, 0, "alice", &address);
    run_until_linked(f);
    stop_node(f, 1);
    stop_node(f, 0);
    start_node_dialling(f, 1, "bob", &address); /* nobody is there yet */
    uv_run(&f->loop, UV_RUN_NOWAIT);
    start_node_at(f, 0, "alice", &address);
    run_until_linked(f);
}

static void a_reply_never_comes_from_within_the_command(void **state)
{
    struct fixture *f = *state;
    static struct answer answer;
    assert_int_equal(say(f, 0, "hello", &answer), 0);
    assert_int_equal(answer.count, 0);
    run_until(f, is_answered, &answer);
    assert_int_equal(answer.count, 1);
}

static void sends_of_one_turn_share_a_run_and_each_has_its_reply(void **state)
{
    struct fixture *f = *state;
    static struct seen seen; /* the node outlives the test */
    static struct answer answers[10];
    watch(f, 0, &seen);
    for (size_t i = 0; i < COUNT(answers); i++)
        assert_int_equal(say(f, 0, "burst", &answers[i]), 0);
    run_until(f, is_answered, &answers[9]);
    assert_int_equal(seen.runs, 1);
    assert_int_equal(seen.messages, 10);
    for (size_t i = 0; i < COUNT(answers); i++) {
        assert_int_equal(answers[i].count, 1);
        assert_int_equal(answers[i].id_count, 1);
        assert_int_equal(answers[i].seq_first, answers[0].seq_first + i);
        assert_int_equal(answers[i].hlc_first, answers[0].hlc_first + i);
        if (i > 0)
            assert_false(kith_id_equal(&answers[i].id, &answers[0].id));
    }
}

struct collected {
    size_t count;
    struct kith_id ids[16];
    kith_hlc hlcs[16];
    char last[64];
};

static int collect(void *ctx, const struct kith_entry *entry)
{
    struct collected *collected = ctx;
    struct kith_bytes text;
    assert_true(collected->count < COUNT(collected->ids));
    collected->ids[collected->count] = entry->id;
    collected->hlcs[collected->count++] = entry->hlc;
    assert_int_equal(kith_body_message_decode(entry->body, &text), 0);
    snprintf(collected->last, sizeof collected->last, "%.*s", (int)text.size, text.data);
    return 0;
}

static struct collected history_of(struct fixture *f, struct kith_history_query query)
{
    struct collected collected = {0};
    bool has_more = false;
    query.kind = KITH_KIND_MESSAGE;
    assert_int_equal(
        kith_runtime_history(f->nodes[0], &query, collect, &collected, &has_more), 0);
    assert_false(has_more);
    return collected;
}

static void a_reply_names_the_events_that_history_shows(void **state)
{
    struct fixture *f = *state;
    static struct answer answers[3];
    for (size_t i = 0; i < COUNT(answers); i++)
        assert_int_equal(say(f, 0, "one of three", &answers[i]), 0);
    run_until(f, is_answered, &answers[2]);
    struct collected all = history_of(f, (struct kith_history_query){.limit = 10});
    assert_int_equal(all.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(&all.ids[i], &answers[i].id, sizeof(struct kith_id));
        assert_int_equal(all.hlcs[i], answers[i].hlc_first);
    }
}

static void history_is_read_in_pages_both_ways(void **state)
{
    struct fixture *f = *state;
    static struct answer answer;
    assert_int_equal(say(f, 0, "first", NULL), 0);
    assert_int_equal(say(f, 0, "second", NULL), 0);
    assert_int_equal(say(f, 0, "third", &answer), 0);
    run_until(f, is_answered, &answer);
    struct kith_history_query query = {.limit = 2};
    struct collected page = history_of(f, query);
    assert_int_equal(page.count, 2);
    assert_string_equal(page.last, "second");
    query.has_after = true;
    query.after_hlc = page.hlcs[1];
    query.after_id = page.ids[1];
    page = history_of(f, query);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.last, "third");
    query = (struct kith_history_query){.limit = 1, .newest_first = true};
    page = history_of(f, query);
    assert_string_equal(page.last, "third");
}

static void what_is_not_committed_is_no_history(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(say(f, 0, "soon", NULL), 0);
    assert_int_equal(history_of(f, (struct kith_history_query){.limit = 10}).count, 0);
}

static void history_outlives_the_process(void **state)
{
    struct fixture *f = *state;
    static struct answer answer;
    start_node(f, 0, "alice", -1);
    struct kith_id id = *kith_node_id(kith_runtime_node(f->nodes[0]));
    assert_int_equal(say(f, 0, "remember me", &answer), 0);
    run_until(f, is_answered, &answer);
    stop_node(f, 0);
    start_node(f, 0, NULL, -1);
    assert_true(kith_id_equal(&id, kith_node_id(kith_runtime_node(f->nodes[0]))));
    assert_string_equal(kith_node_name(kith_runtime_node(f->nodes[0])), "alice");
    struct collected all = history_of(f, (struct kith_history_query){.limit = 10});
    assert_int_equal(all.count, 1);
    assert_string_equal(all.last, "remember me");
}

static void an_unusable_text_is_refused_before_it_joins_a_run(void **state)
{
    struct fixture *f = *state;
    static char long_text[KITH_TEXT_SIZE_MAX + 2];
    memset(long_text, 'x', KITH_TEXT_SIZE_MAX + 1);
    assert_int_equal(say(f, 0, "", NULL), KITH_ETEXT);
    assert_int_equal(say(f, 0, "\xff", NULL), KITH_ETEXT);
    assert_int_equal(say(f, 0, long_text, NULL), KITH_ETEXTSIZE);
    long_text[KITH_TEXT_SIZE_MAX] = '\0';
    static struct answer answer;
    assert_int_equal(say(f, 0, long_text, &answer), 0);
    run_until(f, is_answered, &answer);
    assert_int_equal(answer.error, 0);
}

static void a_reply_that_never_comes_is_closed_by_the_stop(void **state)
{
    struct fixture *f = *state;
    static struct answer answer;
    struct kith_command command = {.type = KITH_COMMAND_CONNECT,
                                   .connect = {.host = "127.0.0.1", .port = 1}};
    assert_int_equal(kith_runtime_command(f->nodes[0], &command, on_reply, &answer), 0);
    stop_node(f, 0);
    assert_int_equal(answer.count, 1);
    assert_true(answer.error != 0);
}

static void on_stopped(void *ctx)
{
    *(bool *)ctx = true;
}

static bool is_true(void *ctx)
{
    return *(bool *)ctx;
}

static void a_page_that_much_is_left_out_of_goes_on_in_later_turns(void **state)
{
    struct fixture *f = *state;
    static struct answer answers[500];
    struct collected collected = {0};
    for (size_t said = 0; said < 2500; said += COUNT(answers)) {
        memset(answers, 0, sizeof answers);
        for (size_t i = 0; i < COUNT(answers); i++)
            assert_int_equal(say(f, 0, "to be left out", &answers[i]), 0);
        run_until(f, is_answered, &answers[COUNT(answers) - 1]);
    }
    for (int newest_first = 0; newest_first < 2; newest_first++) {
        struct kith_history_query query = {
            .kind = 99, .newest_first = newest_first, .limit = 10};
        bool has_more = true;
        size_t turns = 0;
        for (; has_more; turns++)
            assert_int_equal(
                kith_runtime_history(f->nodes[0], &query, collect, &collected, &has_more),
                0);
        assert_int_equal(turns, 2);
        assert_int_equal(collected.count, 0);
    }
}

static void a_stopping_node_takes_no_commands(void **state)
{
    struct fixture *f = *state;
    bool is_otherwise = false;
    bool stopped = false;
    kith_runtime_stop(f->nodes[0], on_stopped, &stopped);
    assert_int_equal(say(f, 0, "too late", NULL), KITH_ECLOSED);
    run_until(f, is_true, &stopped);
    assert_int_equal(say(f, 0, "far too late", NULL), KITH_ECLOSED);
    struct kith_history_query query = {.limit = 1};
    assert_int_equal(
        kith_runtime_history(f->nodes[0], &query, collect, NULL, &is_otherwise),
        KITH_ECLOSED);
    kith_runtime_free(f->nodes[0]);
    f->nodes[0] = NULL;
}

struct leaver {
    struct kith_observer observer;
    struct leaver *other; /* leaves too */
    size_t calls;
};

static void on_notice_leave(void *ctx, const struct kith_notice *notice)
{
    struct leaver *leaver = ctx;
    (void)notice;
    leaver->calls++;
    kith_runtime_unobserve(&leaver->observer);
    kith_runtime_unobserve(&leaver->other->observer);
}

static void observers_may_leave_while_they_are_told(void **state)
{
    struct fixture *f = *state;
    static struct leaver first, second;
    static struct answer answer;
    first.observer = (struct kith_observer){.notice = on_notice_leave, .ctx = &first};
    second.observer = (struct kith_observer){.notice = on_notice_leave, .ctx = &second};
    first.other = &second;
    second.other = &first;
    kith_runtime_observe(f->nodes[0], &first.observer);
    kith_runtime_observe(f->nodes[0], &second.observer);
    assert_int_equal(say(f, 0, "go", &answer), 0);
    run_until(f, is_answered, &answer);
    assert_int_equal(say(f, 0, "gone?", &answer), 0);
    answer.count = 0;
    run_until(f, is_answered, &answer);
    assert_int_equal(first.calls + second.calls, 1);
}

static void a_start_takes_away_the_secrets_of_one_that_was_killed(void **state)
{
    static const char *const left[] = {"identity.part", "network.part", "token.part"};
    struct fixture *f = *state;
    stop_node(f, 0);
    for (size_t i = 0; i < COUNT(left); i++)
        close(open(path_of(f, 0, left[i]), O_WRONLY | O_CREAT, 0600));
    start_node(f, 0, "alice", -1);
    for (size_t i = 0; i < COUNT(left); i++)
        assert_int_not_equal(access(path_of(f, 0, left[i]), F_OK), 0);
}

static int refused_start(struct fixture *f, const struct kith_address *listen,
                         const char *home, struct kith_problem *problem)
{
    struct kith_runtime *none = NULL;
    struct kith_runtime_config config = {
        .home = home, .listen = listen, .listen_count = 1, .log = &f->log};
    int error = kith_runtime_new(&f->loop, &config, &none, problem);
    assert_null(none);
    return error;
}

static void a_second_runtime_on_a_home_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_problem problem;
    struct kith_address any = {.host = "127.0.0.1"};
    assert_int_equal(refused_start(f, &any, path_of(f, 0, NULL), &problem), KITH_ELOCKED);
    assert_non_null(strstr(problem.text, "kith down"));
}

static void a_taken_port_is_refused_and_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct kith_problem problem;
    struct kith_address taken = address_of(f, 0);
    assert_int_equal(refused_start(f, &taken, path_of(f, 2, NULL), &problem),
                     KITH_EADDRINUSE);
    assert_non_null(strstr(problem.text, "--listen"));
    start_node(f, 2, "carol", -1); /* its home is free again */
}

static void fits_counts_the_texts_of_one_send(void **state)
{
    static char text[KITH_TEXT_SIZE_MAX];
    struct kith_bytes texts[200];
    for (size_t i = 0; i < COUNT(texts); i++)
        texts[i] = kith_bytes(text, 1);
    assert_int_equal(kith_runtime_fits(texts, 3), 3);
    assert_int_equal(kith_runtime_fits(texts, COUNT(texts)), KITH_SEND_TEXTS_MAX);
    for (size_t i = 0; i < COUNT(texts); i++)
        texts[i] = kith_bytes(text, sizeof text);
    assert_int_equal(kith_runtime_fits(texts, COUNT(texts)),
                     KITH_SEND_SIZE_MAX / sizeof text);
}

static int setup_alice(void **state)
{
    setup_directory(state);
    start_node(*state, 0, "alice", -1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_message_is_shown_at_the_other_node_and_acknowledged, setup_nodes, teardown),
        cmocka_unit_test_setup_teardown(what_was_said_before_they_met_arrives_too,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_configured_peer_is_dialled_until_it_is_there,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_reply_never_comes_from_within_the_command,
                                        setup_alice, teardown),
        cmocka_unit_test_setup_teardown(
            sends_of_one_turn_share_a_run_and_each_has_its_reply, setup_alice, teardown),
        cmocka_unit_test_setup_teardown(a_reply_names_the_events_that_history_shows,
                                        setup_alice, teardown),
        cmocka_unit_test_setup_teardown(history_is_read_in_pages_both_ways, setup_alice,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_not_committed_is_no_history, setup_alice,
                                        teardown),
        cmocka_unit_test_setup_teardown(history_outlives_the_process, setup_directory,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unusable_text_is_refused_before_it_joins_a_run,
                                        setup_alice, teardown),
        cmocka_unit_test_setup_teardown(a_reply_that_never_comes_is_closed_by_the_stop,
                                        setup_alice, teardown),
        cmocka_unit_test_setup_teardown(
            a_page_that_much_is_left_out_of_goes_on_in_later_turns, setup_alice,
            teardown),
        cmocka_unit_test_setup_teardown(a_stopping_node_takes_no_commands, setup_alice,
                                        teardown),
        cmocka_unit_test_setup_teardown(observers_may_leave_while_they_are_told,
                                        setup_alice, teardown),
        cmocka_unit_test_setup_teardown(
            a_start_takes_away_the_secrets_of_one_that_was_killed, setup_alice, teardown),
        cmocka_unit_test_setup_teardown(a_second_runtime_on_a_home_is_refused,
                                        setup_alice, teardown),
        cmocka_unit_test_setup_teardown(a_taken_port_is_refused_and_leaves_nothing_behind,
                                        setup_alice, teardown),
        cmocka_unit_test(fits_counts_the_texts_of_one_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
