/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static int say(struct api *api, const char *to, const char *text, size_t size)
{
    json_t *body = json_pack("{s:s, s:s%}", "to", to, "text", text, size);
    kith_answer_deinit(&api->answer);
    int error =
        kith_client_request(api->client, "POST", "/messages", body, 10000, &api->answer);
    json_decref(body);
    return error;
}

static void a_message_is_stored_and_shown(void **state)
{
    struct api *api = *state;
    assert_int_equal(say(api, "#lobby", "héllo \"x\"\n", 11), 0);
    assert_int_equal(api->answer.status, 201);
    assert_string_equal(api_string(api, "text"), "héllo \"x\"\n");
    assert_string_equal(api_string(api, "room"), "#lobby");
    assert_string_equal(api_string(api, "name"), "ada");
    assert_string_equal(api_string(api, "state"), "pending");
    assert_string_equal(api_string(api, "time"), "2025-11-21T04:40:00.001Z");
    assert_true(json_is_true(json_object_get(api->answer.json, "mine")));
    assert_true(json_is_false(json_object_get(api->answer.json, "direct")));
}

static void a_direct_message_names_the_peer_as_its_room(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(say(api, "bob", "psst", 4), 0);
    assert_true(json_is_true(json_object_get(api->answer.json, "direct")));
    assert_int_equal(strlen(api_string(api, "room")), 52);
}

static void an_unknown_peer_is_404(void **state)
{
    struct api *api = *state;
    assert_int_equal(say(api, "nobody", "x", 1), KITH_ENOTFOUND);
    assert_int_equal(api->answer.status, 404);
}

static void an_ambiguous_name_is_refused_with_the_choices(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "sam");
    api_on_loop(api, add_peer, "sam");
    assert_int_equal(say(api, "sam", "x", 1), KITH_EAMBIGUOUS);
    assert_int_equal(api->answer.status, 409);
    const json_t *choices = json_object_get(api->answer.json, "choices");
    assert_int_equal(json_array_size(choices), 2);
    char choice[128];
    snprintf(choice, sizeof choice, "%s", json_string_value(json_array_get(choices, 1)));
    assert_int_equal(say(api, choice, "x", 1), 0);
}

static void texts_up_to_the_limit_come_through(void **state)
{
    static const size_t sizes[] = {1, 1023, 1024, 1025, 2048, 5000, 65536};
    struct api *api = *state;
    char *text = malloc(65537);
    for (size_t i = 0; i < 65537; i++)
        text[i] = "\xC3\xA9"[i % 2];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        text[0] = sizes[i] % 2 ? 'x' : '\xC3';
        text[1] = sizes[i] % 2 ? '\xC3' : '\xA9';
        for (size_t j = 2; j < sizes[i]; j++)
            text[j] = "\xC3\xA9"[(j + sizes[i]) % 2];
        assert_int_equal(say(api, "#lobby", text, sizes[i]), 0);
        assert_int_equal(strlen(api_string(api, "text")), sizes[i]);
    }
    memset(text, '\x01', 65536);
    assert_int_equal(say(api, "#lobby", text, 65536), 0);
    memset(text, 'x', 65537);
    assert_int_equal(say(api, "#lobby", text, 65537), KITH_ETEXTSIZE);
    assert_int_equal(api->answer.status, 413);
    assert_non_null(strstr(api_string(api, "title"), "65536"));
    assert_non_null(strstr(api_string(api, "detail"), "65537"));
    free(text);
}

static void bad_members_are_named(void **state)
{
    static const struct {
        const char *body;
        int error;
    } cases[] = {
        {"{\"to\": \"#lobby\"}", KITH_EINVALID},
        {"{\"text\": \"x\"}", KITH_EINVALID},
        {"{\"to\": 1, \"text\": \"x\"}", KITH_EINVALID},
        {"{\"to\": \"#lobby\", \"text\": null}", KITH_EINVALID},
        {"{\"to\": \"#lobby\", \"text\": \"\"}", KITH_ETEXT},
        {"{\"to\": \"#lobby\", \"text\": \"x\", \"wait\": \"read\"}", KITH_EINVALID},
        {"{\"to\": \"#lobby\", \"text\": \"x\", \"wait\": true}", KITH_EINVALID},
        {"{\"to\": \"#lobby\", \"text\": \"x\", \"timeout\": \"1\"}", KITH_EINVALID},
        {"{\"to\": \"#lobby\", \"text\": \"x\", \"timeout\": 1e9}", KITH_EINVALID},
    };
    struct api *api = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(api_ask(api, "POST", "/messages", cases[i].body),
                         cases[i].error);
        assert_true(strlen(api_string(api, "detail")) > 10);
    }
}

static void set_reply_error(struct api *api, void *ctx)
{
    api->runtime->reply_error = *(int *)ctx;
}

static void a_full_disk_is_told(void **state)
{
    struct api *api = *state;
    int error = KITH_EFULL;
    api_on_loop(api, set_reply_error, &error);
    assert_int_equal(say(api, "#lobby", "x", 1), KITH_EFULL);
    assert_int_equal(api->answer.status, 507);
    assert_int_equal(api_ask(api, "PATCH", "/self", "{\"name\": \"zoe\"}"), KITH_EFULL);
    assert_string_equal(api_string(api, "detail"),
                        "the name was not changed; make room, and change it again");
    assert_int_equal(api_ask(api, "PATCH", "/settings", "{\"name\": \"zoe\"}"),
                     KITH_EFULL);
    assert_string_equal(api_string(api, "detail"),
                        "the name was not changed; make room, and change it again");
}

static void deliver_first(struct api *api, void *ctx)
{
    fake_deliver(api->runtime, *(uint32_t *)ctx, 1, 1);
}

static void wait_for_delivery(void *ctx)
{
    struct api *api = ctx;
    json_t *body =
        json_pack("{s:s, s:s, s:s}", "to", "bob", "text", "x", "wait", "delivered");
    kith_client_request(api->client, "POST", "/messages", body, 10000, &api->answer);
    json_decref(body);
}

static void read_count(struct api *api, void *ctx)
{
    *(size_t *)ctx = api->runtime->entry_count;
}

static void waiting_ends_with_the_delivery(void **state)
{
    struct api *api = *state;
    uv_thread_t thread;
    size_t count = 0;
    uint32_t log_no = 102;
    api_on_loop(api, add_peer, "bob");
    uv_thread_create(&thread, wait_for_delivery, api);
    while (count == 0)
        api_on_loop(api, read_count, &count);
    api_on_loop(api, deliver_first, &log_no);
    uv_thread_join(&thread);
    assert_int_equal(api->answer.status, 200);
    assert_string_equal(api_string(api, "state"), "delivered");
}

static void waiting_in_vain_says_that_the_message_is_stored(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(api_ask(api, "POST", "/messages",
                             "{\"to\": \"bob\", \"text\": \"x\", \"wait\": \"delivered\","
                             " \"timeout\": 0.02}"),
                     KITH_ETIMEDOUT);
    assert_int_equal(api->answer.status, 504);
    const json_t *message = json_object_get(api->answer.json, "message");
    assert_string_equal(json_string_value(json_object_get(message, "state")), "pending");
    assert_int_equal(api_ask(api, "GET", "/messages", NULL), 0);
    assert_int_equal(json_array_size(json_object_get(api->answer.json, "messages")), 1);
}

/* A client that hangs up while its answer is awaited. */
static void hanging_up_while_waiting_does_no_harm(void **state)
{
    static const char body[] = "{\"to\": \"bob\", \"text\": \"x\", "
                               "\"wait\": \"delivered\", \"timeout\": 0.05}";
    struct api *api = *state;
    char request[512];
    int size = snprintf(request, sizeof request,
                        "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
                        "Content-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        strlen(body), body);
    size_t count = 0;
    uint32_t log_no = 102;
    api_on_loop(api, add_peer, "bob");
    for (size_t i = 0; i < 10; i++) {
        int fd = api_connect(api);
        assert_int_equal(write(fd, request, (size_t)size), size);
        while (count == i)
            api_on_loop(api, read_count, &count);
        close(fd);
    }
    api_on_loop(api, deliver_first, &log_no);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

static void receive(struct api *api, void *ctx)
{
    for (int i = 0; i < *(int *)ctx; i++) {
        char text[32];
        snprintf(text, sizeof text, "text %d", i);
        fake_receive(api->runtime, 1, false, text, 0);
    }
}

/* Pages in the given order; returns how many messages, checking that they ascend. */
static size_t read_pages(struct api *api, const char *query, int step)
{
    char path[512];
    char after[128] = "";
    size_t count = 0;
    int last = step > 0 ? -1 : 1000000;
    for (;;) {
        snprintf(path, sizeof path, "/messages?%s%s%s", query, after[0] ? "&after=" : "",
                 after);
        assert_int_equal(api_ask(api, "GET", path, NULL), 0);
        const json_t *messages = json_object_get(api->answer.json, "messages");
        for (size_t i = 0; i < json_array_size(messages); i++, count++) {
            const char *text =
                json_string_value(json_object_get(json_array_get(messages, i), "text"));
            int number = (int)strtol(text + 5, NULL, 10);
            assert_int_equal(number > last, step > 0);
            last = number;
        }
        const char *next = api_string(api, "next");
        if (!next)
            return count;
        snprintf(after, sizeof after, "%s", next);
    }
}

static void history_comes_in_pages_both_ways(void **state)
{
    struct api *api = *state;
    int count = 250;
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive, &count);
    assert_int_equal(read_pages(api, "limit=100", 1), 250);
    assert_int_equal(read_pages(api, "limit=7&order=newest", -1), 250);
    assert_int_equal(read_pages(api, "limit=250&room=%23lobby", 1), 250);
    assert_int_equal(read_pages(api, "room=bob", 1), 0);
    assert_int_equal(read_pages(api, "since=2025-11-21T04:40:00.201Z", 1), 50);
    assert_int_equal(api_number(api, "arrival"), 250);
}

static void look_slowly(struct api *api, void *ctx)
{
    api->runtime->history_steps = 20;
}

static void a_page_may_take_several_turns(void **state)
{
    struct api *api = *state;
    int count = 20;
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive, &count);
    api_on_loop(api, look_slowly, NULL);
    assert_int_equal(read_pages(api, "limit=7", 1), 20);
    assert_int_equal(api->runtime->history_steps, 0);
}

static void history_refuses_what_it_does_not_understand(void **state)
{
    static const char *const queries[] = {
        "/messages?limit=0",  "/messages?limit=x",         "/messages?order=up",
        "/messages?after=12", "/messages?since=yesterday", "/messages?since=99999999",
        "/messages?limit=-1",
    };
    struct api *api = *state;
    for (size_t i = 0; i < COUNT(queries); i++)
        assert_int_equal(api_ask(api, "GET", queries[i], NULL), KITH_EINVALID);
    assert_int_equal(api_ask(api, "GET", "/messages?room=nobody", NULL), KITH_ENOTFOUND);
}

static void receive_early_and_late(struct api *api, void *ctx)
{
    fake_receive(api->runtime, 1, false, "early", 1763600000 * KITH_SECOND);
    fake_receive(api->runtime, 1, false, "late", 1763800000 * KITH_SECOND);
}

static void the_path_of_the_contract_is_no_message(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/messages/{id}", NULL), KITH_EINVALID);
    assert_int_equal(api->answer.status, 400);
}

static void time_is_the_lesser_of_written_and_seen(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive_early_and_late, NULL);
    assert_int_equal(api_ask(api, "GET", "/messages", NULL), 0);
    const json_t *messages = json_object_get(api->answer.json, "messages");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(messages, 0), "time")),
        "2025-11-20T00:53:20.000Z");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(messages, 1), "time")),
        "2025-11-21T04:40:00.002Z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_stored_and_shown),
        TEST(a_direct_message_names_the_peer_as_its_room),
        TEST(an_unknown_peer_is_404),
        TEST(an_ambiguous_name_is_refused_with_the_choices),
        TEST(texts_up_to_the_limit_come_through),
        TEST(bad_members_are_named),
        TEST(a_full_disk_is_told),
        TEST(waiting_ends_with_the_delivery),
        TEST(waiting_in_vain_says_that_the_message_is_stored),
        TEST(hanging_up_while_waiting_does_no_harm),
        TEST(history_comes_in_pages_both_ways),
        TEST(a_page_may_take_several_turns),
        TEST(history_refuses_what_it_does_not_understand),
        TEST(the_path_of_the_contract_is_no_message),
        TEST(time_is_the_lesser_of_written_and_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
