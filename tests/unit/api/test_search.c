/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void receive(struct api *api, void *text)
{
    fake_receive(api->runtime, 1, false, text, 0);
}

static void receive_direct(struct api *api, void *text)
{
    fake_receive(api->runtime, 1, true, text, 0);
}

static void receive_many(struct api *api, void *text)
{
    for (int i = 0; i < 3000; i++)
        fake_receive(api->runtime, 1, false, text, 0);
}

static void index_slowly(struct api *api, void *ctx)
{
    api->runtime->index_steps = 20;
}

static int setup(void **state)
{
    api_setup(state);
    api_on_loop(*state, add_peer, "bob");
    return 0;
}

static size_t count(const struct api *api)
{
    return json_array_size(json_object_get(api->answer.json, "messages"));
}

static const char *text_of(const struct api *api, size_t index)
{
    const json_t *messages = json_object_get(api->answer.json, "messages");
    return json_string_value(json_object_get(json_array_get(messages, index), "text"));
}

static void what_is_found_comes_latest_first_page_by_page(void **state)
{
    struct api *api = *state;
    char path[128];
    static const char *const texts[] = {"one fox", "two foxes", "a dog", "three foxes"};
    for (size_t i = 0; i < COUNT(texts); i++)
        api_on_loop(api, receive, (void *)texts[i]);
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&limit=2", NULL), 0);
    assert_int_equal(count(api), 2);
    assert_string_equal(text_of(api, 0), "three foxes");
    assert_string_equal(text_of(api, 1), "two foxes");
    snprintf(path, sizeof path, "/search?q=fox&limit=2&cursor=%s",
             api_string(api, "next"));
    assert_int_equal(api_ask(api, "GET", path, NULL), 0);
    assert_int_equal(count(api), 1);
    assert_string_equal(text_of(api, 0), "one fox");
    assert_true(json_is_null(json_object_get(api->answer.json, "next")));
}

static void a_search_keeps_to_its_room(void **state)
{
    struct api *api = *state;
    api_on_loop(api, receive, "fox in the lobby");
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&room=bob", NULL), 0);
    assert_int_equal(count(api), 0); /* no room of that kind yet */
    api_on_loop(api, receive_direct, "fox for ada");
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&room=bob", NULL), 0);
    assert_int_equal(count(api), 1);
    assert_string_equal(text_of(api, 0), "fox for ada");
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&room=%23lobby", NULL), 0);
    assert_int_equal(count(api), 1);
    assert_int_equal(api_ask(api, "GET", "/search?q=fox", NULL), 0);
    assert_int_equal(count(api), 2);
}

/* More than one step looks at, all of another room. */
static void a_common_word_is_found_in_a_quiet_room(void **state)
{
    struct api *api = *state;
    api_on_loop(api, receive_direct, "fox for ada");
    api_on_loop(api, receive_many, "fox in the lobby");
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&room=bob", NULL), 0);
    assert_int_equal(count(api), 1);
    assert_true(json_is_null(json_object_get(api->answer.json, "next")));
}

static void a_search_waits_for_the_index(void **state)
{
    struct api *api = *state;
    api_on_loop(api, receive, "fox");
    api_on_loop(api, index_slowly, NULL);
    assert_int_equal(api_ask(api, "GET", "/search?q=fox", NULL), 0);
    assert_int_equal(count(api), 1);
    assert_int_equal(api->runtime->index_steps, 0);
}

static void fail_to_index(struct api *api, void *ctx)
{
    api->runtime->index_error = KITH_EFULL;
}

static void an_index_that_fails_is_told_with_what_to_do(void **state)
{
    struct api *api = *state;
    api_on_loop(api, receive, "fox");
    api_on_loop(api, fail_to_index, NULL);
    assert_int_equal(api_ask(api, "GET", "/search?q=fox", NULL), KITH_EFULL);
    assert_non_null(strstr(api_string(api, "detail"), "cannot be searched; make room"));
}

static void only_what_is_recent_enough_is_found(void **state)
{
    struct api *api = *state;
    api_on_loop(api, receive, "fox");
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&since=1h", NULL), 0);
    assert_int_equal(count(api), 1);
    assert_int_equal(api_ask(api, "GET", "/search?q=fox&since=2031-01-01", NULL), 0);
    assert_int_equal(count(api), 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const char *const paths[] = {
        "/search",
        "/search?q=a&limit=0",
        "/search?q=a&limit=x",
        "/search?q=a&cursor=0",
        "/search?q=a&cursor=-1",
        "/search?q=a&cursor=999999999999999999999999",
        "/search?q=a&since=soon",
    };
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_int_equal(api_ask(*state, "GET", paths[i], NULL), KITH_EINVALID);
    assert_int_equal(api_ask(*state, "GET", "/search?q=a&room=nobody", NULL),
                     KITH_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, api_teardown)
        T(what_is_found_comes_latest_first_page_by_page),
        T(a_search_keeps_to_its_room),
        T(a_common_word_is_found_in_a_quiet_room),
        T(a_search_waits_for_the_index),
        T(an_index_that_fails_is_told_with_what_to_do),
        T(only_what_is_recent_enough_is_found),
        T(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
