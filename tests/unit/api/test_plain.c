/* SPDX-License-Identifier: MIT */
/* The three endpoints at the root, as scripts use them. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct answer {
    int status;
    json_t *json; /* owned */
};

/* One request over the socket. */
static struct answer ask(struct api *api, const char *line, const char *body)
{
    static char text[256 * 1024];
    char request[512];
    struct answer answer = {0};
    int size = snprintf(request, sizeof request,
                        "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        line, strlen(body), body);
    int fd = api_connect(api);
    api_exchange(fd, request, (size_t)size, NULL, text, sizeof text);
    close(fd);
    assert_int_equal(sscanf(text, "HTTP/1.1 %d", &answer.status), 1);
    const char *at = strstr(text, "\r\n\r\n");
    assert_non_null(at);
    answer.json = json_loads(at, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(answer.json);
    return answer;
}

static void assert_send(struct api *api, const char *body, int status, const char *wanted)
{
    struct answer answer = ask(api, "POST /send", body);
    const char *got = json_string_value(json_object_get(answer.json, "status"));
    assert_int_equal(answer.status, status);
    if (wanted)
        assert_string_equal(got, wanted);
    else
        assert_non_null(json_object_get(answer.json, "detail"));
    json_decref(answer.json);
}

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void add_absent_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, false);
}

static void peers_are_addresses_and_times(void **state)
{
    struct api *api = *state;
    struct answer answer = ask(api, "GET /peers", "");
    assert_int_equal(json_object_size(answer.json), 0);
    json_decref(answer.json);
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, add_absent_peer, "eve");
    answer = ask(api, "GET /peers", "");
    assert_int_equal(answer.status, 200);
    assert_int_equal(json_object_size(answer.json), 2);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "10.0.0.1")),
                     1763700000);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "10.0.0.2")),
                     1763700000);
    json_decref(answer.json);
}

static void share_a_host(struct api *api, void *ctx)
{
    api->runtime->node.is_one_host = true;
}

static void add_many_peers(struct api *api, void *ctx)
{
    for (int i = 0; i < FAKE_PEERS_MAX; i++)
        fake_add_peer(api->runtime, "bob", true);
}

static void many_peers_cost_no_square_of_looks(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_many_peers, NULL);
    size_t before = fake_view_count;
    struct answer answer = ask(api, "GET /peers", "");
    assert_int_equal(json_object_size(answer.json), FAKE_PEERS_MAX);
    assert_in_range(fake_view_count - before, FAKE_PEERS_MAX, 2 * FAKE_PEERS_MAX);
    json_decref(answer.json);
}

static void a_shared_address_is_told_with_its_port(void **state)
{
    struct api *api = *state;
    api_on_loop(api, share_a_host, NULL);
    api_on_loop(api, add_peer, "bob");
    struct answer answer = ask(api, "GET /peers", "");
    assert_non_null(json_object_get(answer.json, "10.0.0.1"));
    json_decref(answer.json);
    api_on_loop(api, add_peer, "eve");
    answer = ask(api, "GET /peers", "");
    assert_null(json_object_get(answer.json, "10.0.0.1"));
    assert_non_null(json_object_get(answer.json, "10.0.0.1:4747"));
    assert_non_null(json_object_get(answer.json, "10.0.0.1:4748"));
    json_decref(answer.json);
}

static void share_an_address(struct api *api, void *ctx)
{
    api->runtime->node.is_one_host = api->runtime->node.is_one_address = true;
}

static void who_were_at_one_address_one_after_another_are_told_as_one(void **state)
{
    struct api *api = *state;
    api_on_loop(api, share_an_address, NULL);
    api_on_loop(api, add_absent_peer, "bob");
    api_on_loop(api, add_peer, "robert");
    struct answer answer = ask(api, "GET /peers", "");
    assert_int_equal(json_object_size(answer.json), 1);
    assert_non_null(json_object_get(answer.json, "10.0.0.1"));
    json_decref(answer.json);
}

static void receive(struct api *api, void *ctx)
{
    for (int i = 0; i < *(int *)ctx; i++) {
        char text[32];
        snprintf(text, sizeof text, "text %d", i);
        fake_receive(api->runtime, 1, false, text, 0);
    }
}

static const char *text_at(const struct answer *answer, size_t index)
{
    return json_string_value(json_array_get(answer->json, index));
}

static void messages_are_lines_oldest_first(void **state)
{
    struct api *api = *state;
    int count = 3;
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive, &count);
    assert_int_equal(
        api_ask(api, "POST", "/messages", "{\"to\": \"#lobby\", \"text\": \"mine\"}"), 0);
    struct answer answer = ask(api, "GET /messages", "");
    assert_int_equal(answer.status, 200);
    assert_int_equal(json_array_size(answer.json), 4);
    assert_string_equal(text_at(&answer, 0), "bob: text 0");
    assert_string_equal(text_at(&answer, 2), "bob: text 2");
    assert_string_equal(text_at(&answer, 3), "ada: mine");
    json_decref(answer.json);
}

static void look_slowly(struct api *api, void *ctx)
{
    api->runtime->history_steps = 20;
}

static void of_many_messages_the_last_are_told(void **state)
{
    struct api *api = *state;
    int count = 1003;
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive, &count);
    api_on_loop(api, look_slowly, NULL);
    struct answer answer = ask(api, "GET /messages", "");
    assert_int_equal(json_array_size(answer.json), 1000);
    assert_string_equal(text_at(&answer, 0), "bob: text 3");
    assert_string_equal(text_at(&answer, 999), "bob: text 1002");
    json_decref(answer.json);
}

static void to_one_who_is_away_is_pending(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_absent_peer, "eve");
    assert_send(api, "{\"ip\": \"eve\", \"msg\": \"hello\"}", 202, "pending");
}

static void see_where_it_was_said(struct api *api, void *out_room)
{
    assert_int_equal(api->runtime->entry_count, 1);
    *(struct kith_name *)out_room =
        api->runtime->node.room_name[api->runtime->entries[0].room_no];
}

static void what_is_for_a_room_is_said_in_that_room(void **state)
{
    struct api *api = *state;
    struct kith_name room;
    assert_int_equal(api_ask(api, "POST", "/rooms/join", "{\"room\": \"garden\"}"), 0);
    assert_send(api, "{\"ip\": \"#garden\", \"msg\": \"hello\"}", 202, "pending");
    api_on_loop(api, see_where_it_was_said, &room);
    assert_string_equal(room.text, "garden");
}

static void nobody_talks_to_himself(void **state)
{
    struct api *api = *state;
    char id[KITH_ID_TEXT_SIZE], body[128];
    kith_id_format(&api->runtime->node.id, id);
    snprintf(body, sizeof body, "{\"ip\": \"%s\", \"msg\": \"hello\"}", id);
    assert_send(api, body, 400, NULL);
    snprintf(body, sizeof body, "{\"to\": \"%s\", \"text\": \"hello\"}", id);
    assert_int_equal(api_ask(api, "POST", "/messages", body), KITH_EINVALID);
}

static void what_cannot_be_sent_is_told_why(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_send(api, "{\"ip\": \"nobody\", \"msg\": \"hello\"}", 404, NULL);
    assert_send(api, "{\"ip\": \"bob\"}", 400, NULL);
    assert_send(api, "{\"msg\": \"hello\"}", 400, NULL);
    assert_send(api, "{\"ip\": 5, \"msg\": \"hello\"}", 400, NULL);
    assert_send(api, "{\"ip\": \"bob\", \"msg\": \"\"}", 400, NULL);
    assert_send(api, "[]", 400, NULL);
    assert_send(api, "{", 400, NULL);
    assert_send(api, "", 400, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(peers_are_addresses_and_times),
        TEST(a_shared_address_is_told_with_its_port),
        TEST(who_were_at_one_address_one_after_another_are_told_as_one),
        TEST(many_peers_cost_no_square_of_looks),
        TEST(messages_are_lines_oldest_first),
        TEST(of_many_messages_the_last_are_told),
        TEST(to_one_who_is_away_is_pending),
        TEST(what_is_for_a_room_is_said_in_that_room),
        TEST(nobody_talks_to_himself),
        TEST(what_cannot_be_sent_is_told_why),
    };
    return cmocka_run_group_tests_name("api/plain", tests, NULL, NULL);
}
