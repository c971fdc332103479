/* SPDX-License-Identifier: MIT */
/* Exports and imports over HTTP, with a runtime that believes everything. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/server_import_line.h"

static const char head_line[] = "{\"kind\":\"kith export\",\"version\":1}\n";
static const char end_line[] = "{\"kind\":\"end\"}\n";
static const char run_line[] =
    "{\"kind\":\"run\",\"room\":\"#lobby\",\"room_id\":"
    "\"ozjnpv7boufvm2wyuhe46fk4f2vnhgbdhltvuef7dsbalekdghja\",\"direct\":false,"
    "\"messages\":[{\"text\":\"} ] \\\" {\"}],\"run\":\"AAEC\"}\n";

/* Post in pieces of `step` bytes (0: at once); the answer's JSON. */
static void post(struct api *api, const char *body, size_t size, size_t step)
{
    char head[256];
    static char out[65536];
    int head_size = snprintf(head, sizeof head,
                             "POST /api/v1/import HTTP/1.1\r\nHost: x\r\n"
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

static json_int_t number(const struct api *api, const char *name)
{
    return json_integer_value(json_object_get(api->answer.json, name));
}

static const json_t *refused(const struct api *api, size_t index)
{
    return json_array_get(json_object_get(api->answer.json, "refused"), index);
}

static char *make_export(size_t run_count)
{
    char *body = malloc(sizeof head_line + sizeof end_line + run_count * sizeof run_line);
    assert_non_null(body);
    char *at = stpcpy(body, head_line);
    for (size_t i = 0; i < run_count; i++)
        at = stpcpy(at, run_line);
    stpcpy(at, end_line);
    return body;
}

static void runs_are_taken_whatever_pieces_they_come_in(void **state)
{
    struct api *api = *state;
    static const size_t steps[] = {0, 7, 1000};
    char *body = make_export(200);
    for (size_t i = 0; i < COUNT(steps); i++) {
        post(api, body, strlen(body), steps[i]);
        assert_int_equal(number(api, "runs"), 200);
        assert_int_equal(number(api, "events"), 200);
        assert_int_equal(number(api, "refused_count"), 0);
        assert_true(json_is_true(json_object_get(api->answer.json, "complete")));
    }
    free(body);
}

static void limit_unanswered(struct api *api, void *max)
{
    api->runtime->unanswered_max = *(const size_t *)max;
}

static void a_busy_runtime_makes_it_wait_and_loses_nothing(void **state)
{
    struct api *api = *state;
    size_t max = 3;
    api_on_loop(api, limit_unanswered, &max);
    char *body = make_export(2000);
    post(api, body, strlen(body), 0);
    assert_int_equal(number(api, "runs"), 2000);
    free(body);
}

static void hold_all(struct api *api, void *ctx)
{
    (void)ctx;
    api->runtime->holds_all = true;
}

static void what_is_held_is_not_given_to_the_core(void **state)
{
    struct api *api = *state;
    api_on_loop(api, hold_all, NULL);
    char *body = make_export(10);
    post(api, body, strlen(body), 0);
    assert_int_equal(number(api, "known"), 10);
    assert_int_equal(number(api, "runs"), 0);
    assert_int_equal(api->runtime->command_count, 0);
    free(body);
}

static void answer_with(struct api *api, void *error)
{
    api->runtime->reply_error = *(const int *)error;
}

static void a_refused_line_is_named_and_the_others_go_on(void **state)
{
    struct api *api = *state;
    char body[4096];
    snprintf(body, sizeof body, "%s\n%snonsense\n%s{\"kind\":\"run\"}\n%s", head_line,
             run_line, run_line, end_line);
    post(api, body, strlen(body), 5);
    assert_int_equal(number(api, "runs"), 2);
    assert_int_equal(number(api, "refused_count"), 2);
    assert_int_equal(json_integer_value(json_object_get(refused(api, 0), "line")), 4);
    assert_int_equal(json_integer_value(json_object_get(refused(api, 1), "line")), 6);
    int error = KITH_ESIGNATURE;
    api_on_loop(api, answer_with, &error);
    post(api, body, strlen(body), 0);
    assert_int_equal(number(api, "refused_count"), 4);
    assert_string_equal(json_string_value(json_object_get(refused(api, 3), "error")),
                        "KITH_ESIGNATURE");
}

static void a_full_disk_ends_it_and_names_the_line(void **state)
{
    struct api *api = *state;
    int error = KITH_EFULL;
    api_on_loop(api, answer_with, &error);
    char *body = make_export(3);
    post(api, body, strlen(body), 0);
    assert_string_equal(json_string_value(json_object_get(api->answer.json, "error")),
                        "KITH_EFULL");
    const char *detail = json_string_value(json_object_get(api->answer.json, "detail"));
    assert_non_null(strstr(detail, "line 2"));
    free(body);
}

/* An export of a version to come, and how much of it is still to be sent. */
struct newer {
    bool has_begun;
    size_t size;
};

static int read_newer(void *ctx, char *out, size_t size, size_t *out_size)
{
    static const char head[] = "{\"kind\":\"kith export\",\"version\":99}\n";
    struct newer *newer = ctx;
    *out_size = newer->has_begun ? size < newer->size ? size : newer->size : strlen(head);
    if (newer->has_begun) {
        memset(out, '\n', *out_size);
        newer->size -= *out_size;
    } else {
        memcpy(out, head, *out_size);
        newer->has_begun = true;
    }
    return 0;
}

static void the_reason_is_told_however_much_is_still_to_come(void **state)
{
    struct api *api = *state;
    struct newer newer = {.size = 20 * 1024 * 1024};
    struct kith_client_writer writer = {read_newer, &newer};
    struct kith_answer answer;
    assert_int_equal(kith_client_upload(api->client, "/import", &writer, &answer),
                     KITH_ENEWER);
    assert_non_null(strstr(kith_client_detail(api->client), "line 1"));
    kith_answer_deinit(&answer);
}

static void what_was_cut_off_is_said(void **state)
{
    struct api *api = *state;
    char *body = make_export(3);
    post(api, body, strlen(body) - strlen(end_line), 0);
    assert_int_equal(number(api, "runs"), 3);
    assert_true(json_is_false(json_object_get(api->answer.json, "complete")));
    post(api, run_line, strlen(run_line), 0);
    assert_int_equal(number(api, "refused_count"), 1);
    free(body);
}

/* Exports may follow one another. */
static void what_was_cut_off_is_said_whatever_follows(void **state)
{
    struct api *api = *state;
    char *body = make_export(3);
    size_t size = strlen(body), cut = size - strlen(end_line);
    char *both = malloc(2 * size);
    memcpy(both, body, cut);
    memcpy(both + cut, body, size);
    post(api, both, cut + size, 0);
    assert_true(json_is_false(json_object_get(api->answer.json, "complete")));
    memcpy(both, body, size);
    memcpy(both + size, body, (size_t)(strchr(body, '\n') + 1 - body)); /* its head */
    post(api, both, size + (size_t)(strchr(body, '\n') + 1 - body), 0);
    assert_true(json_is_false(json_object_get(api->answer.json, "complete")));
    memcpy(both + size, body, size);
    post(api, both, 2 * size, 0);
    assert_true(json_is_true(json_object_get(api->answer.json, "complete")));
    free(both);
    free(body);
}

static void say_things(struct api *api, void *ctx)
{
    (void)ctx;
    fake_add_peer(api->runtime, "bob", true);
    for (int i = 0; i < 300; i++)
        fake_receive(api->runtime, 1, i % 3 == 0, "said \"so\" by bob", 1 + i);
}

struct counts {
    size_t lines, runs;
    bool has_end;
};

static int on_line(void *ctx, const char *line, size_t size)
{
    struct counts *counts = ctx;
    json_t *json = json_loadb(line, size, 0, NULL);
    const char *kind = json_string_value(json_object_get(json, "kind"));
    assert_non_null(kind);
    counts->lines++;
    counts->runs += strcmp(kind, "run") == 0;
    counts->has_end = strcmp(kind, "end") == 0;
    if (strcmp(kind, "run") == 0) {
        const json_t *message = json_array_get(json_object_get(json, "messages"), 0);
        assert_string_equal(json_string_value(json_object_get(message, "text")),
                            "said \"so\" by bob");
        assert_string_equal(json_string_value(json_object_get(json, "run")), "c2lnbmVk");
    }
    json_decref(json);
    return 0;
}

static struct counts export(struct api *api, const char *path)
{
    struct counts counts = {0};
    struct kith_client_reader reader = {on_line, &counts};
    assert_int_equal(kith_client_download(api->client, path, &reader), 0);
    return counts;
}

static void an_export_has_a_line_a_run_between_head_and_end(void **state)
{
    struct api *api = *state;
    api_on_loop(api, say_things, NULL);
    struct counts all = export(api, "/export");
    assert_int_equal(all.lines, 302);
    assert_int_equal(all.runs, 300);
    assert_true(all.has_end);
    assert_int_equal(export(api, "/export?room=%23lobby").runs, 200);
    assert_int_equal(export(api, "/export?room=bob").runs, 100);
    struct counts none = {0};
    struct kith_client_reader reader = {on_line, &none};
    assert_int_equal(kith_client_download(api->client, "/export?room=nobody", &reader),
                     KITH_ENOTFOUND);
    assert_int_equal(none.lines, 0);
}

static int parse(const char *line, struct kith_import_line *out, const char **why)
{
    struct kith_writer run = kith_writer(&kith_alloc_heap);
    *why = NULL;
    int error = kith_import_line_parse(kith_bytes(line, strlen(line)), &run, out, why);
    kith_writer_deinit(&run);
    return error;
}

static void a_line_may_be_written_otherwise(void **state)
{
    struct kith_import_line line;
    const char *why;
    (void)state;
    assert_int_equal(
        parse(" { \"run\" : \"AA\\/C\" , \"extra\":{\"a\":[1,\"]\\\"}\"]}, "
              "\"kind\":\"run\","
              "\"room_id\":\"ozjnpv7boufvm2wyuhe46fk4f2vnhgbdhltvuef7dsbalekdghja\","
              "\"room\":\"#l\\u006fbby~abcdefghijkl\" } ",
              &line, &why),
        0);
    assert_int_equal(line.command.import.kind, KITH_ROOM_OPEN);
    assert_string_equal(line.command.import.name.text, "lobby");
    assert_int_equal(line.command.import.run.size, 3);
}

static void a_line_that_is_none_is_refused_with_a_reason(void **state)
{
    static const char *const wrong[] = {
        "",
        "{",
        "{}",
        "{\"kind\"}",
        "{\"kind\":\"run\"",
        "{\"kind\":\"run\"}",
        "{\"kind\":\"run\",\"kind\":\"end\"}",
        "{\"kind\":\"end\"} x",
        "{\"kind\":\"kith export\"}",
        "{\"kind\":\"kith export\",\"version\":\"1\"}",
        "{\"kind\":\"run\",\"messages\":[{\"text\":\"",
        "{\"kind\":\"run\",\"messages\":[[}",
        "[\"kind\"]",
    };
    struct kith_import_line line;
    const char *why;
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(parse(wrong[i], &line, &why), KITH_EINVALID);
        assert_non_null(why);
    }
    assert_int_equal(
        parse("{\"kind\":\"kith export\",\"version\":99999999999}", &line, &why),
        KITH_ENEWER);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(runs_are_taken_whatever_pieces_they_come_in),
        CASE(a_busy_runtime_makes_it_wait_and_loses_nothing),
        CASE(what_is_held_is_not_given_to_the_core),
        CASE(a_refused_line_is_named_and_the_others_go_on),
        CASE(a_full_disk_ends_it_and_names_the_line),
        CASE(the_reason_is_told_however_much_is_still_to_come),
        CASE(what_was_cut_off_is_said),
        CASE(what_was_cut_off_is_said_whatever_follows),
        CASE(an_export_has_a_line_a_run_between_head_and_end),
        cmocka_unit_test(a_line_may_be_written_otherwise),
        cmocka_unit_test(a_line_that_is_none_is_refused_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
