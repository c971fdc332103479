/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server_request.h"

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void self_tells_who_and_where(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    assert_string_equal(api_string(api, "name"), "ada");
    assert_string_equal(api_string(api, "version"), "9.8.7");
    assert_string_equal(api_string(api, "home"), "/home/of/fake");
    assert_int_equal(strlen(api_string(api, "id")), 52);
    assert_int_equal(api_number(api, "pid"), getpid());
    const json_t *listen = json_object_get(api->answer.json, "listen");
    assert_string_equal(json_string_value(json_array_get(listen, 0)), "0.0.0.0:4747");
}

static void peers_of_one_name_are_told_apart(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "Sam");
    api_on_loop(api, add_peer, "sam");
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(api_ask(api, "GET", "/peers", NULL), 0);
    const json_t *peers = json_object_get(api->answer.json, "peers");
    assert_int_equal(json_array_size(peers), 3);
    const char *first =
        json_string_value(json_object_get(json_array_get(peers, 0), "name"));
    assert_memory_equal(first, "Sam~", 4);
    assert_int_equal(strlen(first), 4 + 12);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(peers, 2), "name")), "bob");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(peers, 2), "path")), "lan");
}

static const char *name_of(struct api *api, size_t index)
{
    assert_int_equal(api_ask(api, "GET", "/peers", NULL), 0);
    const json_t *peers = json_object_get(api->answer.json, "peers");
    return json_string_value(json_object_get(json_array_get(peers, index), "name"));
}

static void rename_second(struct api *api, void *name)
{
    fake_rename_peer(api->runtime, 2, name);
}

static void a_name_is_told_apart_for_as_long_as_it_is_shared(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "Sam");
    assert_string_equal(name_of(api, 0), "Sam");
    api_on_loop(api, add_peer, "sam");
    assert_memory_equal(name_of(api, 0), "Sam~", 4);
    assert_memory_equal(name_of(api, 1), "sam~", 4);
    api_on_loop(api, rename_second, "bob");
    assert_string_equal(name_of(api, 0), "Sam");
    assert_string_equal(name_of(api, 1), "bob");
    api_on_loop(api, rename_second, "SAM");
    assert_memory_equal(name_of(api, 0), "Sam~", 4);
    assert_int_equal(api_ask(api, "PATCH", "/self", "{\"name\": \"Bob\"}"), 0);
    api_on_loop(api, rename_second, "bob");
    assert_string_equal(name_of(api, 0), "Sam");
    assert_memory_equal(name_of(api, 1), "bob~", 4);
    assert_int_equal(api_ask(api, "PATCH", "/self", "{\"name\": \"eve\"}"), 0);
    assert_string_equal(name_of(api, 1), "bob");
}

static void add_nearly_all_peers(struct api *api, void *ctx)
{
    for (int i = 0; i < FAKE_PEERS_MAX - 1; i++)
        fake_add_peer(api->runtime, "bob", true);
}

static void go_and_come(struct api *api, void *ctx)
{
    fake_set_online(api->runtime, 1, false);
    fake_set_online(api->runtime, 1, true);
    fake_rename_peer(api->runtime, 2, "carol");
}

static void say(struct api *api)
{
    assert_int_equal(
        api_ask(api, "POST", "/messages", "{\"to\": \"#lobby\", \"text\": \"hi\"}"), 0);
}

static void who_comes_or_goes_has_no_others_names_made_anew(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_nearly_all_peers, NULL);
    say(api);
    size_t before = fake_view_count;
    say(api);
    size_t usual = fake_view_count - before;
    api_on_loop(api, go_and_come, NULL);
    api_on_loop(api, add_peer, "dora");
    before = fake_view_count;
    say(api);
    assert_in_range(fake_view_count - before, 0, usual + 4);
}

static void rename_changes_the_name(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "PATCH", "/self", "{\"name\": \"  eve \"}"), 0);
    assert_string_equal(api_string(api, "name"), "eve");
}

static void rename_refuses_what_is_no_name(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "PATCH", "/self", "{\"name\": \"a#b\"}"), KITH_ENAME);
    assert_int_equal(api->answer.status, 400);
    assert_string_equal(api_string(api, "error"), "KITH_ENAME");
    assert_string_equal(api_string(api, "type"), "urn:kith:error:ENAME");
    assert_int_equal(api_number(api, "status"), 400);
    assert_int_equal(api_ask(api, "PATCH", "/self", "{\"name\": 5}"), KITH_EINVALID);
    assert_int_equal(api_ask(api, "PATCH", "/self", "{}"), KITH_EINVALID);
    assert_int_equal(api_ask(api, "PATCH", "/self", "[]"), KITH_EINVALID);
}

static void rooms_lists_the_lobby(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/rooms", NULL), 0);
    const json_t *room = json_array_get(json_object_get(api->answer.json, "rooms"), 0);
    assert_string_equal(json_string_value(json_object_get(room, "id")), "#lobby");
    assert_string_equal(json_string_value(json_object_get(room, "kind")), "open");
}

static void connect_answers_with_the_peer(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(
        api_ask(api, "POST", "/peers/connect", "{\"address\": \"10.0.0.1\"}"), 0);
    assert_string_equal(api_string(api, "name"), "bob");
    assert_int_equal(api_ask(api, "POST", "/peers/connect", "{\"address\": \"a b\"}"),
                     KITH_EADDRESS);
}

static void set_reply_error(struct api *api, void *ctx)
{
    api->runtime->reply_error = *(int *)ctx;
}

static void connect_names_what_failed(void **state)
{
    struct api *api = *state;
    int error = KITH_EREFUSED;
    api_on_loop(api, set_reply_error, &error);
    assert_int_equal(
        api_ask(api, "POST", "/peers/connect", "{\"address\": \"10.0.0.1\"}"),
        KITH_EREFUSED);
    assert_int_equal(api->answer.status, 502);
    assert_non_null(strstr(api_string(api, "detail"), "10.0.0.1:4747"));
}

static void hold(struct api *api, void *ctx)
{
    api->runtime->is_holding = true;
}

static void release(struct api *api, void *ctx)
{
    fake_release(api->runtime);
}

static void connect_times_out(void **state)
{
    struct api *api = *state;
    api_on_loop(api, hold, NULL);
    assert_int_equal(api_ask(api, "POST", "/peers/connect",
                             "{\"address\": \"10.0.0.1\", \"timeout\": 0.02}"),
                     KITH_ETIMEDOUT);
    assert_int_equal(api->answer.status, 504);
    api_on_loop(api, release, NULL);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    assert_int_equal(api_ask(api, "POST", "/peers/connect",
                             "{\"address\": \"10.0.0.1\", \"timeout\": -1}"),
                     KITH_EINVALID);
}

static void disconnect_needs_a_peer(void **state)
{
    struct api *api = *state;
    api_on_loop(api, add_peer, "bob");
    assert_int_equal(api_ask(api, "POST", "/peers/disconnect", "{\"peer\": \"bob\"}"), 0);
    assert_string_equal(api_string(api, "state"), "offline");
    assert_int_equal(api_ask(api, "POST", "/peers/disconnect", "{\"peer\": \"#lobby\"}"),
                     KITH_EINVALID);
    assert_int_equal(api_ask(api, "POST", "/peers/disconnect", "{\"peer\": \"eve\"}"),
                     KITH_ENOTFOUND);
}

static void read_shutdown(struct api *api, void *ctx)
{
    *(bool *)ctx = api->is_shutdown_asked;
}

static void shutdown_is_told_after_the_answer(void **state)
{
    struct api *api = *state;
    bool is_asked = false;
    assert_int_equal(api_ask(api, "POST", "/shutdown", "{}"), 0);
    assert_int_equal(api->answer.status, 202);
    api_on_loop(api, read_shutdown, &is_asked);
    assert_true(is_asked);
}

static void unknown_paths_and_methods_are_named(void **state)
{
    struct api *api = *state;
    assert_int_equal(api_ask(api, "GET", "/nothing", NULL), KITH_ENOTFOUND);
    assert_int_equal(api->answer.status, 404);
    assert_int_equal(api_ask(api, "POST", "/rooms", "{}"), KITH_EINVALID);
    assert_int_equal(api->answer.status, 405);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

static void ask_raw(struct api *api, const char *request, const char *wanted)
{
    char answer[4096];
    int fd = api_connect(api);
    api_exchange(fd, request, strlen(request), "}\n", answer, sizeof answer);
    close(fd);
    if (!strstr(answer, wanted))
        fail_msg("no %s in %s", wanted, answer);
}

static void a_body_that_is_no_json_is_400_with_the_reason(void **state)
{
    struct api *api = *state;
    ask_raw(api,
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"to\": ",
            "HTTP/1.1 400 ");
    ask_raw(api,
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"to\": ",
            "not valid JSON");
    ask_raw(api,
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: 31\r\n\r\n"
            "{\"to\":\"#lobby\",\"text\":\"\\u0000\"}",
            "U+0000 cannot be in a text");
    ask_raw(api,
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 400 ");
}

static void a_form_is_refused(void **state)
{
    ask_raw(*state,
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            "Content-Length: 3\r\n\r\na=b",
            "HTTP/1.1 415 ");
}

static void a_body_beyond_the_limit_is_refused(void **state)
{
    ask_raw(*state,
            "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
            "Content-Type: application/json\r\nContent-Length: 1048577\r\n\r\n{",
            "HTTP/1.1 413 ");
}

/* Chunked, so that only counting tells how much it is. */
static void a_chunked_body_beyond_the_limit_is_refused(void **state)
{
    struct api *api = *state;
    char answer[4096];
    size_t size = 2 * 1024 * 1024;
    char *body = malloc(size + 400);
    int head = snprintf(body, 400,
                        "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\n"
                        "Content-Type: application/json\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
                        size);
    memset(body + head, ' ', size);
    memcpy(body + head + size, "\r\n0\r\n\r\n", 7);
    int fd = api_connect(api);
    api_exchange(fd, body, (size_t)head + size + 7, "}\n", answer, sizeof answer);
    close(fd);
    free(body);
    assert_non_null(strstr(answer, "HTTP/1.1 413 "));
}

static void garbage_leaves_the_server_standing(void **state)
{
    struct api *api = *state;
    char answer[4096];
    char garbage[2048];
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (char)(i * 89 + i / 7);
    for (int i = 0; i < 20; i++) {
        int fd = api_connect(api);
        shutdown(fd, SHUT_RD);
        api_exchange(fd, garbage + i, sizeof garbage - 100, NULL, answer, 16);
        close(fd);
    }
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

static void endless_headers_are_refused(void **state)
{
    struct api *api = *state;
    char answer[4096];
    char *request = malloc(200000);
    size_t size = (size_t)snprintf(request, 200000, "GET /api/v1/self HTTP/1.1\r\n");
    while (size < 190000)
        size += (size_t)snprintf(request + size, 200000 - size,
                                 "X-Filler: 0123456789012345678901234\r\n");
    int fd = api_connect(api);
    api_exchange(fd, request, size, "\r\n", answer, sizeof answer);
    close(fd);
    free(request);
    assert_non_null(strstr(answer, "HTTP/1.1 4"));
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

static void too_many_clients_get_503_and_room_comes_back(void **state)
{
    struct api *api = *state;
    static int fds[KITH_SERVER_CONNECTIONS_MAX];
    char answer[4096];
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = api_connect(api);
    int fd = api_connect(api);
    api_exchange(fd, "", 0, NULL, answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 503 "));
    assert_non_null(strstr(answer, "}\n"));
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    int error = KITH_ELIMIT;
    while (error == KITH_ELIMIT) /* until the server has seen them close */
        error = api_ask(api, "GET", "/self", NULL);
    assert_int_equal(error, 0);
}

/* Each waits for an hour for the delivery of what it said. */
static void say_and_wait(int fd)
{
    static const char request[] =
        "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 65\r\n\r\n{\"to\": \"bob\", \"text\": \"hi\", "
        "\"wait\": \"delivered\", \"timeout\": 3600}";
    assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
}

static void read_waiting(struct api *api, void *ctx)
{
    size_t *count = ctx;
    *count = 0;
    kith_list_each (node, &api->server->requests)
        *count += kith_list_item(node, struct kith_request, link)->is_suspended;
    assert_true(*count == 0 || api->server->look_ms > 0);
}

static void await_waiting(struct api *api, size_t wanted)
{
    size_t count = wanted + 1;
    while (count != wanted)
        api_on_loop(api, read_waiting, &count);
}

static void look(struct api *api, void *ctx)
{
    kith_requests_look(api->server);
}

static void who_vanishes_while_it_waits_makes_room_for_others(void **state)
{
    struct api *api = *state;
    static int fds[KITH_SERVER_CONNECTIONS_MAX];
    api_on_loop(api, add_peer, "bob");
    for (size_t i = 0; i < COUNT(fds); i++)
        say_and_wait(fds[i] = api_connect(api));
    await_waiting(api, COUNT(fds));
    assert_int_equal(api_ask(api, "GET", "/self", NULL), KITH_ELIMIT);
    for (size_t i = 1; i < COUNT(fds); i++)
        close(fds[i]);
    api_on_loop(api, look, NULL);
    await_waiting(api, 1); /* who is there still waits on */
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    close(fds[0]);
    api_on_loop(api, look, NULL);
    await_waiting(api, 0);
}

static void a_request_in_single_bytes_is_answered(void **state)
{
    struct api *api = *state;
    static const char request[] = "GET /api/v1/self HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[4096];
    int fd = api_connect(api);
    for (size_t i = 0; i + 1 < sizeof request; i++)
        assert_int_equal(write(fd, request + i, 1), 1);
    api_exchange(fd, "", 0, "}\n", answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 200 "));
}

static void many_requests_share_a_connection(void **state)
{
    struct api *api = *state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(api_ask(api, "GET", "/rooms", NULL), 0);
}

static void the_client_names_a_missing_node(void **state)
{
    struct kith_client *client;
    struct kith_answer answer;
    assert_int_equal(kith_client_new("/nonexistent", &client), 0);
    assert_int_equal(kith_client_request(client, "GET", "/self", NULL, 1000, &answer),
                     KITH_ENONODE);
    assert_non_null(strstr(kith_client_detail(client), "kith up"));
    kith_answer_deinit(&answer);
    kith_client_free(client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(self_tells_who_and_where),
        TEST(peers_of_one_name_are_told_apart),
        TEST(a_name_is_told_apart_for_as_long_as_it_is_shared),
        TEST(who_comes_or_goes_has_no_others_names_made_anew),
        TEST(rename_changes_the_name),
        TEST(rename_refuses_what_is_no_name),
        TEST(rooms_lists_the_lobby),
        TEST(connect_answers_with_the_peer),
        TEST(connect_names_what_failed),
        TEST(connect_times_out),
        TEST(disconnect_needs_a_peer),
        TEST(shutdown_is_told_after_the_answer),
        TEST(unknown_paths_and_methods_are_named),
        TEST(a_body_that_is_no_json_is_400_with_the_reason),
        TEST(a_form_is_refused),
        TEST(a_body_beyond_the_limit_is_refused),
        TEST(a_chunked_body_beyond_the_limit_is_refused),
        TEST(garbage_leaves_the_server_standing),
        TEST(endless_headers_are_refused),
        TEST(too_many_clients_get_503_and_room_comes_back),
        TEST(who_vanishes_while_it_waits_makes_room_for_others),
        TEST(a_request_in_single_bytes_is_answered),
        TEST(many_requests_share_a_connection),
        cmocka_unit_test(the_client_names_a_missing_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
