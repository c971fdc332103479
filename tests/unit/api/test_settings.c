/* SPDX-License-Identifier: MIT */
/* The configuration over the API. */
#include "fixture.h"

static json_t *setting(const struct api *api, const char *name)
{
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(api->answer.json, "settings"), index, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return one;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static const char *member(const struct api *api, const char *name, const char *key)
{
    return json_string_value(json_object_get(setting(api, name), key));
}

static void every_knob_is_told_with_what_says_so(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/settings", NULL), 0);
    assert_int_equal(json_array_size(json_object_get(api->answer.json, "settings")), 3);
    assert_string_equal(member(api, "log", "value"), "info");
    assert_string_equal(member(api, "log", "source"), "KITH_LOG");
    assert_string_equal(member(api, "log", "about"), "how much");
    assert_true(json_is_true(json_object_get(setting(api, "log"), "changeable")));
    const json_t *peers = json_object_get(setting(api, "peer"), "value");
    assert_int_equal(json_array_size(peers), 2);
    assert_string_equal(json_string_value(json_array_get(peers, 1)), "two:2");
    assert_true(json_is_null(json_object_get(setting(api, "peer"), "default")));
    assert_true(json_is_true(json_object_get(setting(api, "peer"), "changeable")));
}

static void a_name_of_before_is_told_without_a_source(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    char *name = strdup(api_string(api, "name"));
    assert_int_equal(api_ask(api, "GET", "/settings", NULL), 0);
    assert_string_equal(member(api, "name", "value"), name);
    assert_true(json_is_null(json_object_get(setting(api, "name"), "source")));
    free(name);
}

static void name_and_level_change_together(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "PATCH", "/settings",
                             "{\"name\": \"configured\", \"log\": \"debug\"}"),
                     0);
    assert_string_equal(member(api, "name", "value"), "configured");
    assert_string_equal(member(api, "name", "source"), "--name");
    assert_string_equal(member(api, "log", "value"), "debug");
}

static void a_peer_that_is_added_is_dialled(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "PATCH", "/settings", "{\"peer\": [\"three:3\"]}"), 0);
    assert_string_equal(api->added, "three:3");
    assert_int_equal(api->runtime->command_count, 1);
}

static void where_one_cannot_change_none_does(void **state)
{
    struct api *api = *state;
    static const char *const bodies[] = {
        "{}",
        "{\"peer\": \"x\", \"log\": \"debug\"}",
        "{\"peer\": {\"0\": \"x\"}, \"log\": \"debug\"}",
        "{\"peer\": [\"one\", 1], \"log\": \"debug\"}",
        "{\"peer\": [\"one\", \"a b\"], \"log\": \"debug\"}",
        "{\"peer\": [\"one\"], \"log\": \"loud\"}",
        "{\"tracker\": [\"one\"], \"log\": \"debug\"}", /* no knob of this fixture */
        "{\"volume\": 3, \"log\": \"debug\"}",
        "{\"name\": \"a~b\", \"log\": \"debug\"}",
        "{\"name\": null, \"log\": \"debug\"}",
        "{\"name\": \"configured\", \"log\": \"loud\"}",
        "{\"name\": \"configured\", \"log\": [\"debug\"]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_not_equal(api_ask(api, "PATCH", "/settings", bodies[i]), 0);
        assert_int_equal(api->answer.status, 400);
    }
    assert_int_equal(api_ask(api, "GET", "/settings", NULL), 0);
    assert_string_equal(member(api, "log", "value"), "info");
    assert_string_equal(api->added, "");
    assert_int_equal(api->runtime->command_count, 0);
    assert_string_not_equal(member(api, "name", "value"), "configured");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_knob_is_told_with_what_says_so),
        TEST(a_name_of_before_is_told_without_a_source),
        TEST(name_and_level_change_together),
        TEST(a_peer_that_is_added_is_dialled),
        TEST(where_one_cannot_change_none_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
