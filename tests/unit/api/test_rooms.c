/* SPDX-License-Identifier: MIT */
/* Open rooms over the API: joined, listed, spoken in, left. */
#include "fixture.h"

static int join(struct api *api, const char *body)
{
    return api_ask(api, "POST", "/rooms/join", body);
}

static size_t count_rooms(struct api *api, const char *path)
{
    assert_int_equal(api_ask(api, "GET", path, NULL), 0);
    return json_array_size(json_object_get(api->answer.json, "rooms"));
}

static void joining_answers_with_the_room(void **state)
{
    struct api *api = *state;
    assert_int_equal(join(api, "{\"room\": \"#Garden\"}"), 0);
    assert_int_equal(api->answer.status, 200);
    assert_string_equal(api_string(api, "id"), "#garden");
    assert_string_equal(api_string(api, "name"), "#garden");
    assert_string_equal(api_string(api, "kind"), "open");
    assert_true(json_is_true(json_object_get(api->answer.json, "joined")));
    assert_int_equal(api_number(api, "members"), 1);
    assert_int_equal(join(api, "{\"room\": \"garden\"}"), 0); /* and again, without # */
    assert_string_equal(api_string(api, "id"), "#garden");
    assert_int_equal(count_rooms(api, "/rooms"), 2);
}

static void what_is_no_name_of_a_room_is_refused_with_the_reason(void **state)
{
    struct api *api = *state;
    assert_int_equal(join(api, "{\"room\": \"#a/b\"}"), KITH_ENAME);
    assert_int_equal(api->answer.status, 400);
    assert_non_null(strstr(api_string(api, "detail"), "~ # : / or @"));
    assert_int_equal(join(api, "{\"room\": \"#\"}"), KITH_ENAME);
    assert_non_null(strstr(api_string(api, "detail"), "empty"));
    assert_int_equal(join(api, "{\"room\": 7}"), KITH_EINVALID);
    assert_int_equal(join(api, "{}"), KITH_EINVALID);
    assert_int_equal(count_rooms(api, "/rooms"), 1);
}

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static size_t count_members(struct api *api, const char *path)
{
    assert_int_equal(api_ask(api, "GET", path, NULL), 0);
    return json_array_size(json_object_get(api->answer.json, "members"));
}

static void members_are_the_peers_of_the_room(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    join(api, "{\"room\": \"#garden\"}");
    assert_int_equal(count_members(api, "/rooms/members?room=%23lobby"), 1);
    assert_int_equal(count_members(api, "/rooms/members?room=bob"), 1);
    assert_int_equal(count_members(api, "/rooms/members?room=%23garden"), 0);
    assert_int_equal(api_ask(api, "GET", "/rooms/members?room=%23nope", NULL),
                     KITH_ENOTFOUND);
    assert_int_equal(api_ask(api, "GET", "/rooms/members", NULL), KITH_EINVALID);
}

static void a_room_that_was_left_is_listed_to_who_asks_for_all(void **state)
{
    struct api *api = *state;
    join(api, "{\"room\": \"#garden\"}");
    assert_int_equal(api_ask(api, "POST", "/rooms/leave", "{\"room\": \"#garden\"}"), 0);
    assert_true(json_is_false(json_object_get(api->answer.json, "joined")));
    assert_int_equal(api_number(api, "members"), 0);
    assert_int_equal(count_rooms(api, "/rooms"), 1);
    assert_int_equal(count_rooms(api, "/rooms?all=1"), 2);
    join(api, "{\"room\": \"#garden\"}");
    assert_int_equal(count_rooms(api, "/rooms"), 2);
}

static void the_lobby_and_rooms_one_is_not_in_cannot_be_left(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "POST", "/rooms/leave", "{\"room\": \"#lobby\"}"),
                     KITH_EINVALID);
    assert_non_null(strstr(api_string(api, "detail"), "cannot be left"));
    assert_int_equal(api_ask(api, "POST", "/rooms/leave", "{\"room\": \"#garden\"}"),
                     KITH_ENOTFOUND);
    assert_int_equal(api->answer.status, 404);
}

static void what_is_said_goes_to_the_room_that_is_named(void **state)
{
    struct api *api = *state;
    join(api, "{\"room\": \"#garden\"}");
    assert_int_equal(
        api_ask(api, "POST", "/messages", "{\"to\": \"#garden\", \"text\": \"roses\"}"),
        0);
    assert_string_equal(api_string(api, "room"), "#garden");
    api_ask(api, "POST", "/messages", "{\"to\": \"#lobby\", \"text\": \"all\"}");
    assert_string_equal(api_string(api, "room"), "#lobby");
    assert_int_equal(api_ask(api, "GET", "/messages?room=%23garden", NULL), 0);
    const json_t *messages = json_object_get(api->answer.json, "messages");
    assert_int_equal(json_array_size(messages), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(messages, 0), "text")), "roses");
}

static void nothing_is_said_where_one_is_not_and_what_to_do_is(void **state)
{
    struct api *api = *state;
    static const char body[] = "{\"to\": \"#garden\", \"text\": \"x\"}";
    assert_int_equal(api_ask(api, "POST", "/messages", body), KITH_ENOTFOUND);
    assert_non_null(strstr(api_string(api, "detail"), "kith join"));
    join(api, "{\"room\": \"#garden\"}");
    api_ask(api, "POST", "/rooms/leave", "{\"room\": \"#garden\"}");
    assert_int_equal(api_ask(api, "POST", "/messages", body), KITH_ENOTFOUND);
    assert_non_null(strstr(api_string(api, "detail"), "kith join"));
    assert_int_equal(api_ask(api, "GET", "/messages?room=%23garden", NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(joining_answers_with_the_room),
        TEST(what_is_no_name_of_a_room_is_refused_with_the_reason),
        TEST(members_are_the_peers_of_the_room),
        TEST(a_room_that_was_left_is_listed_to_who_asks_for_all),
        TEST(the_lobby_and_rooms_one_is_not_in_cannot_be_left),
        TEST(what_is_said_goes_to_the_room_that_is_named),
        TEST(nothing_is_said_where_one_is_not_and_what_to_do_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
