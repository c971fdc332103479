/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

/* Post `body` as JSON Lines in pieces of `step` bytes (0: at once). */
static void post(struct api *api, const char *body, size_t size, size_t step)
{
    char head[256];
    char out[65536];
    int head_size = snprintf(head, sizeof head,
                             "POST /api/v1/messages/batch HTTP/1.1\r\nHost: x\r\n"
                             "Content-Type: application/jsonl\r\n"
                             "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                             size);
    int fd = api_connect(api);
    assert_int_equal(write(fd, head, (size_t)head_size), head_size);
    for (size_t at = 0; step > 0 && at < size; at += step)
        assert_true(write(fd, body + at, size - at < step ? size - at : step) > 0);
    api_exchange(fd, body, step > 0 ? 0 : size, NULL, out, sizeof out);
    close(fd);
    const char *json = strstr(out, "\r\n\r\n");
    assert_non_null(json);
    kith_answer_deinit(&api->answer);
    api->answer.json = json_loads(json + 4, 0, NULL);
    assert_non_null(api->answer.json);
}

static const char *refused(const struct api *api, size_t index, const char *member,
                           json_int_t *number)
{
    const json_t *refusals = json_object_get(api->answer.json, "refused");
    const json_t *value = json_object_get(json_array_get(refusals, index), member);
    if (number)
        *number = json_integer_value(value);
    return json_string_value(value);
}

static char *make_lines(size_t count, size_t *size)
{
    char *body = malloc(count * 64);
    *size = 0;
    for (size_t i = 0; i < count; i++)
        *size += (size_t)snprintf(body + *size, 64,
                                  "{\"to\":\"#lobby\",\"text\":\"line %zu\"}\n", i);
    return body;
}

struct stats {
    size_t commands, largest, entries;
    bool is_ordered;
};

static void read_stats(struct api *api, void *ctx)
{
    struct stats *stats = ctx;
    stats->commands = api->runtime->command_count;
    stats->largest = api->runtime->batch_max;
    stats->entries = api->runtime->entry_count;
    stats->is_ordered = true;
    for (size_t i = 0; i < stats->entries; i++) {
        char text[32];
        snprintf(text, sizeof text, "line %zu", i);
        stats->is_ordered &= strcmp(api->runtime->entries[i].text, text) == 0;
    }
}

static void lines_are_stored_in_order_and_in_groups(void **state)
{
    struct api *api = *state;
    size_t size;
    struct stats stats;
    char *body = make_lines(20000, &size);
    post(api, body, size, 0);
    free(body);
    api_on_loop(api, read_stats, &stats);
    assert_int_equal(api_number(api, "stored"), 20000);
    assert_int_equal(api_number(api, "refused_count"), 0);
    assert_int_equal(stats.entries, 20000);
    assert_int_equal(stats.largest, 128);
    assert_true(stats.is_ordered);
    assert_true(stats.commands < 600);
}

static void lines_may_be_cut_anywhere(void **state)
{
    struct api *api = *state;
    size_t size;
    struct stats stats;
    char *body = make_lines(300, &size);
    post(api, body, size - 1, 7); /* and the last one has no line feed */
    free(body);
    api_on_loop(api, read_stats, &stats);
    assert_int_equal(api_number(api, "stored"), 300);
    assert_true(stats.is_ordered);
}

static void set_limit(struct api *api, void *ctx)
{
    api->runtime->unanswered_max = *(size_t *)ctx;
}

static void a_busy_runtime_is_waited_for(void **state)
{
    struct api *api = *state;
    size_t size;
    struct stats stats;
    size_t limit = 2;
    api_on_loop(api, set_limit, &limit);
    char *body = make_lines(5000, &size);
    post(api, body, size, 0);
    free(body);
    api_on_loop(api, read_stats, &stats);
    assert_int_equal(api_number(api, "stored"), 5000);
    assert_true(stats.is_ordered);
}

static void bad_lines_are_refused_by_number_and_the_rest_stored(void **state)
{
    static const char body[] = "{\"to\":\"#lobby\",\"text\":\"line 0\"}\n"
                               "no json\n"
                               "\r\n"
                               "{\"to\":\"nobody\",\"text\":\"x\"}\n"
                               "{\"to\":\"sam\",\"text\":\"x\"}\n"
                               "{\"to\":\"#lobby\"}\n"
                               "{\"to\":\"#lobby\",\"text\":\"\"}\n"
                               "[1]\n"
                               "{\"to\":\"#lobby\",\"text\":\"\xff\"}\n"
                               " { \"text\" : \"line 1\" , \"to\" : \"#lobby\" } \r\n"
                               "{\"to\":\"#lobby\",\"text\":\"li\\u006ee 2\"}\n"
                               "{\"to\":\"#lobby\",\"text\":\"line 3\",\"more\":1}";
    static const struct {
        json_int_t line;
        const char *error;
    } expected[] = {
        {2, "KITH_EINVALID"}, {4, "KITH_ENOTFOUND"}, {5, "KITH_EAMBIGUOUS"},
        {6, "KITH_EINVALID"}, {7, "KITH_ETEXT"},     {8, "KITH_EINVALID"},
        {9, "KITH_EINVALID"},
    };
    struct api *api = *state;
    struct stats stats;
    api_on_loop(api, add_peer, "sam");
    api_on_loop(api, add_peer, "sam");
    post(api, body, sizeof body - 1, 0);
    api_on_loop(api, read_stats, &stats);
    assert_int_equal(api_number(api, "stored"), 4);
    assert_true(stats.is_ordered);
    assert_int_equal(api_number(api, "refused_count"), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        json_int_t line;
        refused(api, i, "line", &line);
        assert_int_equal(line, expected[i].line);
        assert_string_equal(refused(api, i, "error", NULL), expected[i].error);
    }
}

static void long_lines_and_texts_are_refused(void **state)
{
    struct api *api = *state;
    size_t long_size = 70000;
    size_t huge_size = 600000;
    char *body = malloc(long_size + huge_size + 200);
    size_t size = (size_t)snprintf(body, 200, "{\"to\":\"#lobby\",\"text\":\"");
    memset(body + size, 'x', long_size);
    size += long_size;
    memcpy(body + size, "\"}\n", 3);
    size += 3;
    memset(body + size, 'y', huge_size);
    size += huge_size;
    memcpy(body + size, "\n{\"to\":\"#lobby\",\"text\":\"line 0\"}\n", 33);
    size += 33;
    post(api, body, size, 0);
    free(body);
    assert_int_equal(api_number(api, "stored"), 1);
    assert_int_equal(api_number(api, "refused_count"), 2);
    assert_string_equal(refused(api, 0, "error", NULL), "KITH_ETEXTSIZE");
    json_int_t line;
    refused(api, 1, "line", &line);
    assert_int_equal(line, 2);
}

/* Longest texts, more than one run holds. */
static void groups_stay_within_a_run(void **state)
{
    struct api *api = *state;
    char *body = malloc(20 * 70000);
    size_t size = 0;
    for (int i = 0; i < 20; i++) {
        size += (size_t)snprintf(body + size, 100, "{\"to\":\"#lobby\",\"text\":\"");
        memset(body + size, 'x', 65536);
        size += 65536;
        memcpy(body + size, "\"}\n", 3);
        size += 3;
    }
    struct stats stats;
    post(api, body, size, 0);
    free(body);
    api_on_loop(api, read_stats, &stats);
    assert_int_equal(api_number(api, "stored"), 20);
    assert_true(stats.largest <= 4);
}

static void set_reply_error(struct api *api, void *ctx)
{
    api->runtime->reply_error = *(int *)ctx;
}

static void a_failing_store_refuses_every_line_and_shows_a_hundred(void **state)
{
    struct api *api = *state;
    size_t size;
    int error = KITH_EFULL;
    api_on_loop(api, set_reply_error, &error);
    char *body = make_lines(500, &size);
    post(api, body, size, 0);
    free(body);
    assert_int_equal(api_number(api, "stored"), 0);
    assert_int_equal(api_number(api, "refused_count"), 500);
    assert_int_equal(json_array_size(json_object_get(api->answer.json, "refused")), 100);
    assert_string_equal(refused(api, 99, "error", NULL), "KITH_EFULL");
}

/* A program would send again what was refused. */
static void what_may_have_been_stored_is_not_told_as_refused(void **state)
{
    struct api *api = *state;
    size_t size;
    int error = KITH_ECLOSED;
    api_on_loop(api, set_reply_error, &error);
    char *body = make_lines(3, &size);
    post(api, body, size, 0);
    free(body);
    assert_int_equal(api_number(api, "status"), 502);
    assert_non_null(strstr(api_string(api, "detail"), "line 1 and what follows"));
    static const char lines[] = "{\"to\":\"nobody\",\"text\":\"a\"}\n"
                                "{\"to\":\"#lobby\",\"text\":\"b\"}\n";
    post(api, lines, sizeof lines - 1, 0);
    assert_int_equal(api_number(api, "status"), 502);
    assert_non_null(strstr(api_string(api, "detail"), "line 2 and what follows"));
    assert_int_equal(api_number(api, "refused_count"), 1); /* which is known */
    assert_string_equal(refused(api, 0, "error", NULL), "KITH_ENOTFOUND");
}

static void rooms_are_kept_apart(void **state)
{
    static const char body[] = "{\"to\":\"#lobby\",\"text\":\"a\"}\n"
                               "{\"to\":\"bob\",\"text\":\"b\"}\n"
                               "{\"to\":\"#lobby\",\"text\":\"c\"}\n";
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    post(api, body, sizeof body - 1, 0);
    assert_int_equal(api_number(api, "stored"), 3);
    assert_int_equal(api_ask(api, "GET", "/messages?room=bob", NULL), 0);
    const json_t *messages = json_object_get(api->answer.json, "messages");
    assert_int_equal(json_array_size(messages), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(messages, 0), "text")), "b");
}

/* Also those behind one that was refused, to the same. */
static void what_is_to_nobody_is_said_to_nobody(void **state)
{
    static const char body[] = "{\"to\":\"nobody\",\"text\":\"a\"}\n"
                               "{\"to\":\"nobody\",\"text\":\"b\"}\n"
                               "{\"to\":\"#lobby\",\"text\":\"line 0\"}\n"
                               "{\"to\":\"sam\",\"text\":\"c\"}\n"
                               "{\"to\":\"sam\",\"text\":\"d\"}\n"
                               "{\"to\":\"bob\",\"text\":\"\"}\n"
                               "{\"to\":\"bob\",\"text\":\"e\"}\n";
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, add_peer, "sam");
    api_on_loop(api, add_peer, "sam");
    post(api, body, sizeof body - 1, 0);
    assert_int_equal(api_number(api, "stored"), 2);
    assert_int_equal(api_number(api, "refused_count"), 5);
    assert_int_equal(api_ask(api, "GET", "/messages?room=%23lobby", NULL), 0);
    assert_int_equal(json_array_size(json_object_get(api->answer.json, "messages")), 1);
    assert_int_equal(api_ask(api, "GET", "/messages?room=bob", NULL), 0);
    assert_int_equal(json_array_size(json_object_get(api->answer.json, "messages")), 1);
}

static void an_empty_batch_is_refused(void **state)
{
    struct api *api = *state;
    post(api, "", 0, 0);
    assert_string_equal(api_string(api, "error"), "KITH_EINVALID");
}

static void a_client_that_hangs_up_leaves_what_it_sent(void **state)
{
    struct api *api = *state;
    static const char head[] = "POST /api/v1/messages/batch HTTP/1.1\r\nHost: x\r\n"
                               "Content-Type: application/jsonl\r\n"
                               "Content-Length: 1000000\r\n\r\n"
                               "{\"to\":\"#lobby\",\"text\":\"line 0\"}\n";
    struct stats stats = {0};
    int fd = api_connect(api);
    assert_int_equal(write(fd, head, sizeof head - 1), sizeof head - 1);
    while (stats.entries == 0)
        api_on_loop(api, read_stats, &stats);
    close(fd);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_stored_in_order_and_in_groups),
        TEST(lines_may_be_cut_anywhere),
        TEST(a_busy_runtime_is_waited_for),
        TEST(bad_lines_are_refused_by_number_and_the_rest_stored),
        TEST(long_lines_and_texts_are_refused),
        TEST(groups_stay_within_a_run),
        TEST(a_failing_store_refuses_every_line_and_shows_a_hundred),
        TEST(what_may_have_been_stored_is_not_told_as_refused),
        TEST(rooms_are_kept_apart),
        TEST(what_is_to_nobody_is_said_to_nobody),
        TEST(an_empty_batch_is_refused),
        TEST(a_client_that_hangs_up_leaves_what_it_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
