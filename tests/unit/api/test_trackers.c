/* SPDX-License-Identifier: MIT */
/* Trackers, those they know, and the paths they lead to, over the API. */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "fake_node.h"

/* The first is registered, the second shows another key. */
static void add_trackers(struct api *api, void *ctx)
{
    struct kith_node *node = &api->runtime->node;
    node->trackers[0] = (struct kith_tracker_view){
        .address = {.host = "t.example", .port = 55555},
        .has_id = true,
        .id = fake_id(7, 1),
        .is_registered = true,
        .since = 1763700000 * KITH_SECOND,
        .observed = {.host = "2001:db8::7", .port = 4747},
        .reach = KITH_REACH_YES,
        .relays = true,
        .network_count = 3,
    };
    node->trackers[1] = (struct kith_tracker_view){
        .address = {.host = "192.0.2.1", .port = 443},
        .error = KITH_EIDENTITY,
        .failures = 4,
    };
    node->tracker_count = 2;
}

static void tell_tracker(struct api *api, void *no)
{
    fake_tell_tracker(api->runtime, *(uint32_t *)no);
}

static void add_found(struct api *api, void *ctx)
{
    api->runtime->found[0] = (struct kith_found){
        .id = fake_id(8, 1), .name = {"bob"}, .is_here = true, .seen = KITH_SECOND};
    api->runtime->found[1] = (struct kith_found){.id = fake_id(8, 2)};
    api->runtime->found_count = 2;
}

static void fail_with(struct api *api, void *error)
{
    api->runtime->reply_error = *(int *)error;
}

static void relay(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
    api->runtime->node.is_relayed = true;
}

static const json_t *item(const struct api *api, const char *list, size_t index)
{
    return json_array_get(json_object_get(api->answer.json, list), index);
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "(none)";
}

static void no_trackers_are_an_empty_list(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/trackers", NULL), 0);
    assert_int_equal(json_array_size(json_object_get(api->answer.json, "trackers")), 0);
}

static void trackers_are_listed_with_how_it_stands(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_trackers, NULL);
    assert_int_equal(api_ask(api, "GET", "/trackers", NULL), 0);
    const json_t *first = item(api, "trackers", 0), *second = item(api, "trackers", 1);
    assert_string_equal(text(first, "address"), "t.example:55555");
    assert_int_equal(strlen(text(first, "id")), 52);
    assert_string_equal(text(first, "state"), "registered");
    assert_string_equal(text(first, "error"), "");
    assert_string_equal(text(first, "observed"), "[2001:db8::7]:4747");
    assert_string_equal(text(first, "reachable"), "yes");
    assert_string_equal(text(first, "since"), "2025-11-21T04:40:00.000Z");
    assert_true(json_is_true(json_object_get(first, "relays")));
    assert_int_equal(json_integer_value(json_object_get(first, "peers")), 3);
    assert_string_equal(text(second, "state"), "failed");
    assert_string_equal(text(second, "error"), kith_error_text(KITH_EIDENTITY));
    assert_string_equal(text(second, "id"), "");
    assert_string_equal(text(second, "reachable"), "unknown");
    assert_null(json_object_get(second, "observed"));
    assert_null(json_object_get(second, "since"));
    assert_null(item(api, "trackers", 2));
}

static void the_stream_tells_of_trackers(void **state)
{
    static const char request[] = "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n"
                                  "Connection: close\r\n\r\n";
    struct api *api = *state;
    char out[4096];
    api_on_loop(api, add_trackers, NULL);
    int fd = api_connect(api);
    api_exchange(fd, request, sizeof request - 1, "retry", out, sizeof out);
    for (uint32_t no = 1; no <= 2; no++) {
        api_on_loop(api, tell_tracker, &no);
        api_exchange(fd, "", 0, "}\n\n", out, sizeof out);
        assert_non_null(strstr(out, "event: tracker\ndata: {\"address\":\""));
        assert_non_null(
            strstr(out, no == 1 ? "\"state\":\"registered\"" : "\"state\":\"failed\""));
    }
    close(fd);
}

static void who_is_known_is_listed(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_found, NULL);
    assert_int_equal(api_ask(api, "GET", "/lookup?who=Bob%20B", NULL), 0);
    assert_true(api->runtime->asked.lookup.is_name);
    assert_string_equal(api->runtime->asked.lookup.name.text, "Bob B");
    const json_t *first = item(api, "found", 0), *second = item(api, "found", 1);
    assert_int_equal(strlen(text(first, "id")), 52);
    assert_string_equal(text(first, "name"), "bob");
    assert_string_equal(text(first, "state"), "here");
    assert_string_equal(text(first, "last_seen"), "1970-01-01T00:00:01.000Z");
    assert_string_equal(text(second, "state"), "away");
    assert_string_equal(text(second, "name"), "");
}

static void an_id_is_looked_up_as_an_id(void **state)
{
    struct api *api = *state;
    struct kith_id id = fake_id(8, 1);
    char path[32 + KITH_ID_TEXT_SIZE] = "/lookup?who=";
    kith_id_format(&id, path + strlen(path));
    api_on_loop(api, add_found, NULL);
    assert_int_equal(api_ask(api, "GET", path, NULL), 0);
    assert_false(api->runtime->asked.lookup.is_name);
    assert_true(kith_id_equal(&api->runtime->asked.lookup.id, &id));
}

static void what_is_neither_an_id_nor_a_name_is_refused(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/lookup", NULL), KITH_EINVALID);
    assert_non_null(strstr(api_string(api, "detail"), "who="));
    assert_int_equal(api_ask(api, "GET", "/lookup?who=", NULL), KITH_EINVALID);
    assert_int_equal(api_ask(api, "GET", "/lookup?who=a%0Ab", NULL), KITH_EINVALID);
    assert_non_null(strstr(api_string(api, "detail"), "neither an id nor a name"));
}

static void why_nobody_is_found_is_told(void **state)
{
    static const struct {
        int error;
        int status;
        const char *detail;
    } cases[] = {
        {KITH_ENOTFOUND, 404, "no tracker knows"},
        {KITH_EUNREACHABLE, 502, "kith doctor"},
        {KITH_ELIMIT, 503, "try again"},
    };
    struct api *api = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int error = cases[i].error;
        api_on_loop(api, fail_with, &error);
        assert_int_equal(api_ask(api, "GET", "/lookup?who=bob", NULL), error);
        assert_int_equal(api->answer.status, cases[i].status);
        assert_non_null(strstr(api_string(api, "detail"), cases[i].detail));
    }
}

static void a_relayed_peer_says_by_whom_and_since_when(void **state)
{
    struct api *api = *state;
    api_on_loop(api, relay, "bob");
    assert_int_equal(api_ask(api, "GET", "/peers", NULL), 0);
    const json_t *peer = item(api, "peers", 0);
    assert_string_equal(text(peer, "path"), "relay");
    assert_string_equal(text(peer, "relay"), "203.0.113.1:55555");
    assert_string_equal(text(peer, "path_since"), "2025-11-21T04:40:01.000Z");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_trackers_are_an_empty_list),
        TEST(trackers_are_listed_with_how_it_stands),
        TEST(the_stream_tells_of_trackers),
        TEST(who_is_known_is_listed),
        TEST(an_id_is_looked_up_as_an_id),
        TEST(what_is_neither_an_id_nor_a_name_is_refused),
        TEST(why_nobody_is_found_is_told),
        TEST(a_relayed_peer_says_by_whom_and_since_when),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
