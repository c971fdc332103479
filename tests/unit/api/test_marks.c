/* SPDX-License-Identifier: MIT */
/* Blocking and verifying over the API. */
#include "fixture.h"

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static bool flag(const struct api *api, const char *name)
{
    return json_is_true(json_object_get(api->answer.json, name));
}

static void a_peer_is_blocked_and_unblocked(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(api_ask(api, "POST", "/peers/block", "{\"peer\": \"bob\"}"), 0);
    assert_true(flag(api, "blocked"));
    assert_int_equal(
        api_ask(api, "POST", "/messages", "{\"to\": \"bob\", \"text\": \"x\"}"),
        KITH_EBLOCKED);
    assert_int_equal(api->answer.status, 409);
    assert_non_null(strstr(api_string(api, "detail"), "kith unblock"));
    assert_int_equal(api_ask(api, "POST", "/peers/unblock", "{\"peer\": \"bob\"}"), 0);
    assert_false(flag(api, "blocked"));
    assert_int_equal(
        api_ask(api, "POST", "/messages", "{\"to\": \"bob\", \"text\": \"x\"}"), 0);
}

static void the_code_comes_with_both_ids(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(api_ask(api, "GET", "/peers/verify?peer=bob", NULL), 0);
    assert_int_equal(strlen(api_string(api, "own_id")), 52);
    assert_int_equal(strlen(api_string(api, "id")), 52);
    assert_string_not_equal(api_string(api, "own_id"), api_string(api, "id"));
    assert_int_equal(strlen(api_string(api, "code")), 35);
}

static void a_peer_is_verified_until_that_is_taken_back(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(api_ask(api, "POST", "/peers/verify", "{\"peer\": \"bob\"}"), 0);
    assert_true(flag(api, "verified"));
    assert_int_equal(
        api_ask(api, "POST", "/peers/verify", "{\"peer\": \"bob\", \"verified\": false}"),
        0);
    assert_false(flag(api, "verified"));
    assert_int_equal(
        api_ask(api, "POST", "/peers/verify", "{\"peer\": \"bob\", \"verified\": 1}"),
        KITH_EINVALID);
}

static void rooms_and_strangers_are_refused(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "POST", "/peers/block", "{\"peer\": \"#lobby\"}"),
                     KITH_EINVALID);
    assert_int_equal(api_ask(api, "POST", "/peers/block", "{\"peer\": \"nobody\"}"),
                     KITH_ENOTFOUND);
    assert_int_equal(api_ask(api, "POST", "/peers/block", "{}"), KITH_EINVALID);
    assert_int_equal(api_ask(api, "GET", "/peers/verify", NULL), KITH_EINVALID);
    assert_int_equal(api_ask(api, "GET", "/peers/verify?peer=nobody", NULL),
                     KITH_ENOTFOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_peer_is_blocked_and_unblocked),
        TEST(the_code_comes_with_both_ids),
        TEST(a_peer_is_verified_until_that_is_taken_back),
        TEST(rooms_and_strangers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
