/* SPDX-License-Identifier: MIT */
/* The TCP door: what is asked of a request there, and only there. */
#include "fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server_page.h"
#include "api/server_sessions.h"

#define BEARER "Authorization: Bearer " API_TOKEN "\r\n"

/* One request whose Host is ours, on a connection of its own. */
static void ask_host(struct api *api, const char *line, const char *host,
                     const char *headers, const char *wanted)
{
    char request[1024];
    char answer[32768];
    const char *end = strstr(headers, "\r\n\r\n") ? "" : "\r\n";
    int size =
        snprintf(request, sizeof request, "%s HTTP/1.1\r\n%sConnection: close\r\n%s%s",
                 line, host, headers, end);
    int fd = api_connect_tcp(api);
    api_exchange(fd, request, (size_t)size, NULL, answer, sizeof answer);
    close(fd);
    if (!strstr(answer, wanted))
        fail_msg("no %s in %s", wanted, answer);
    if (strstr(answer, "Access-Control"))
        fail_msg("a page of elsewhere is let in: %s", answer);
}

static void ask(struct api *api, const char *line, const char *headers,
                const char *wanted)
{
    char host[64];
    snprintf(host, sizeof host, "Host: 127.0.0.1:%u\r\n", (unsigned)api->port);
    ask_host(api, line, host, headers, wanted);
}

#define SELF "GET /api/v1/self"

static void the_url_is_told(void **state)
{
    struct api *api = *state;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)api->port);
    assert_string_equal(kith_server_http(api->server), url);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    assert_string_equal(api_string(api, "http"), url);
}

static void the_token_opens(void **state)
{
    ask(*state, SELF, BEARER, "HTTP/1.1 200 ");
    ask(*state, SELF, "authorization: bearer " API_TOKEN "\r\n", "HTTP/1.1 200 ");
}

static void no_token_and_a_wrong_one_are_401(void **state)
{
    ask(*state, SELF, "", "HTTP/1.1 401 ");
    ask(*state, SELF, "", "WWW-Authenticate: Bearer");
    ask(*state, SELF, "Authorization: Bearer \r\n", "HTTP/1.1 401 ");
    ask(*state, SELF, "Authorization: Bearer " API_TOKEN "x\r\n", "HTTP/1.1 401 ");
    ask(*state, SELF, "Authorization: Bearer thetokenofthefixturf\r\n", "HTTP/1.1 401 ");
    ask(*state, SELF, "Authorization: Basic " API_TOKEN "\r\n", "HTTP/1.1 401 ");
    ask(*state, SELF, "Cookie: token=" API_TOKEN "\r\n", "HTTP/1.1 401 ");
    ask(*state, SELF "?token=" API_TOKEN, "", "HTTP/1.1 401 ");
    ask(*state, "GET /api/v1/stream", "", "HTTP/1.1 401 ");
    ask(*state, "POST /api/v1/shutdown",
        "Content-Type: application/json\r\nContent-Length: 0\r\n", "HTTP/1.1 401 ");
}

static void a_host_that_is_not_ours_is_refused(void **state)
{
    struct api *api = *state;
    char twice[128];
    snprintf(twice, sizeof twice, "Host: 127.0.0.1:%u\r\nHost: evil.example:%u\r\n",
             (unsigned)api->port, (unsigned)api->port);
    ask_host(api, SELF, "Host: evil.example\r\n", BEARER, "HTTP/1.1 403 ");
    ask_host(api, SELF, "Host: 127.0.0.1\r\n", BEARER, "HTTP/1.1 403 ");
    ask_host(api, SELF, "", BEARER, "HTTP/1.1 4");
    ask_host(api, SELF, twice, BEARER, "HTTP/1.1 4");
    ask_host(api, "GET /nothing", "Host: evil.example\r\n", BEARER, "HTTP/1.1 403 ");
}

static void a_page_of_elsewhere_is_refused(void **state)
{
    struct api *api = *state;
    char ours[128];
    snprintf(ours, sizeof ours, BEARER "Origin: http://localhost:%u\r\n",
             (unsigned)api->port);
    ask(api, SELF, ours, "HTTP/1.1 200 ");
    ask(api, SELF, BEARER "Origin: http://evil.example\r\n", "HTTP/1.1 403 ");
    ask(api, SELF, BEARER "Origin: null\r\n", "HTTP/1.1 403 ");
    ask(api, "OPTIONS /api/v1/messages",
        "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n"
        "Access-Control-Request-Headers: authorization,content-type\r\n",
        "HTTP/1.1 403 ");
    ask(api, "OPTIONS /api/v1/messages", BEARER, "HTTP/1.1 405 ");
}

static void the_socket_asks_for_none_of_it(void **state)
{
    struct api *api = *state;
    static const char request[] = SELF " HTTP/1.1\r\nHost: evil.example\r\n"
                                       "Origin: http://evil.example\r\n\r\n";
    char answer[4096];
    int fd = api_connect(api);
    api_exchange(fd, request, sizeof request - 1, "}\n", answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 200 "));
}

static void post(struct api *api, const char *path, const char *body, const char *headers,
                 const char *wanted)
{
    char line[128];
    char all[1024];
    snprintf(line, sizeof line, "POST /api/v1/%s", path);
    snprintf(all, sizeof all,
             "%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", headers,
             strlen(body), body);
    ask(api, line, all, wanted);
}

static void make_code(struct api *api, char body[static 128])
{
    assert_int_equal(api_ask(api, "POST", "/code", "{}"), 0);
    assert_non_null(strstr(api_string(api, "url"), "/#code="));
    assert_non_null(strstr(api_string(api, "url"), api_string(api, "code")));
    assert_int_equal(api_number(api, "seconds"), 60);
    snprintf(body, 128, "{\"code\": \"%s\"}", api_string(api, "code"));
}

static void a_page_trades_a_code_for_a_token_once(void **state)
{
    struct api *api = *state;
    char body[128];
    char header[128];
    make_code(api, body);
    assert_int_equal(api_ask(api, "POST", "/session", body), 0);
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n",
             api_string(api, "token"));
    ask(api, SELF, header, "HTTP/1.1 200 ");
    post(api, "session", body, "", "HTTP/1.1 403 ");
    post(api, "session", body, "", "kith web");
    make_code(api, body);
    post(api, "session", body, "", "HTTP/1.1 201 ");
    post(api, "session", "{\"code\": 7}", "", "HTTP/1.1 400 ");
    post(api, "session", "{", "", "HTTP/1.1 400 ");
}

static void a_minute_passes(struct api *api, void *ctx)
{
    api->runtime->wall += KITH_MINUTE;
}

static void a_late_code_is_refused(void **state)
{
    struct api *api = *state;
    char body[128];
    make_code(api, body);
    api_on_loop(api, a_minute_passes, NULL);
    post(api, "session", body, "", "HTTP/1.1 403 ");
}

static void a_page_makes_no_codes(void **state)
{
    post(*state, "code", "{}", "", "HTTP/1.1 403 ");
    post(*state, "code", "{}", BEARER, "HTTP/1.1 403 ");
}

static void too_many_wrong_codes_are_429(void **state)
{
    struct api *api = *state;
    for (int i = 0; i < KITH_SESSION_GUESSES_MAX; i++)
        post(api, "session", "{\"code\": \"guess\"}", "", "HTTP/1.1 403 ");
    post(api, "session", "{\"code\": \"guess\"}", "", "HTTP/1.1 429 ");
    post(api, "session", "{\"code\": \"guess\"}", "", "Retry-After: ");
    post(api, "session", "{", "", "HTTP/1.1 429 "); /* and nothing more is read of it */
    ask(api, SELF, BEARER, "HTTP/1.1 200 ");
}

static void pages_need_no_token_but_our_name(void **state)
{
    struct api *api = *state;
    ask(api, "GET /", "", "HTTP/1.1 200 ");
    ask(api, "GET /", "", "Content-Type: text/html");
    ask(api, "GET /", "", "</html>");
    ask(api, "GET /", "", "Content-Security-Policy: default-src 'self';");
    ask(api, "GET /", "", "X-Content-Type-Options: nosniff");
    ask(api, "GET /app.js", "", "Content-Type: text/javascript");
    ask(api, "GET /openapi.yaml", "", "openapi: 3.1.0");
    ask(api, "GET /docs", "", "Content-Type: text/html");
    ask(api, "GET /", "Origin: http://evil.example\r\n", "HTTP/1.1 403 ");
    ask_host(api, "GET /", "Host: evil.example\r\n", "", "HTTP/1.1 403 ");
    ask(api, "GET /nothing", "", "HTTP/1.1 404 ");
    ask(api, "POST /", "Content-Length: 0\r\n", "HTTP/1.1 405 ");
    ask(api, "POST /", "Content-Length: 0\r\n", "Allow: GET, HEAD");
}

static void a_page_that_is_held_is_not_sent_again(void **state)
{
    struct api *api = *state;
    char held[256];
    char answer[8192];
    const struct kith_page *page = kith_page_find("/app.js");
    int size = snprintf(held, sizeof held,
                        "GET /app.js HTTP/1.1\r\nHost: localhost:%u\r\n"
                        "Connection: close\r\nIf-None-Match: \"x\", %s\r\n\r\n",
                        (unsigned)api->port, page->etag);
    int fd = api_connect_tcp(api);
    api_exchange(fd, held, (size_t)size, NULL, answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 304 "));
    assert_non_null(strstr(answer, page->etag));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void the_plain_endpoints_ask_for_the_token_too(void **state)
{
    ask(*state, "GET /peers", "", "HTTP/1.1 401 ");
    ask(*state, "GET /messages", "", "HTTP/1.1 401 ");
    ask(*state, "POST /send", "Content-Length: 0\r\n", "HTTP/1.1 401 ");
    ask(*state, "GET /peers", BEARER, "HTTP/1.1 200 ");
}

static void a_full_tcp_door_leaves_the_socket_open(void **state)
{
    struct api *api = *state;
    static int fds[KITH_SERVER_CONNECTIONS_MAX + 20];
    char answer[4096];
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = api_connect_tcp(api);
    api_exchange(fds[COUNT(fds) - 1], "", 0, NULL, answer, sizeof answer);
    assert_non_null(strstr(answer, "HTTP/1.1 503 "));
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

/* One byte after the other until the server hangs up, which has to happen. */
static void trickle(int fd, const char *beginning, char filler)
{
    size_t size = strlen(beginning);
    assert_int_equal(send(fd, beginning, size, MSG_NOSIGNAL), size);
    for (int i = 0; i < 30000; i++) {
        char byte;
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (send(fd, &filler, 1, MSG_NOSIGNAL) != 1)
            return;
        if (poll(&poll_fd, 1, 1) > 0 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0)
            return;
    }
    fail_msg("still connected");
}

static void slow_clients_are_hung_up_on(void **state)
{
    struct api *api = *state;
    char beginning[512];
    snprintf(beginning, sizeof beginning,
             "POST /api/v1/messages HTTP/1.1\r\nHost: localhost:%u\r\n" BEARER
             "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
             (unsigned)api->port);
    int silent = api_connect_tcp(api);
    int slow = api_connect_tcp(api);
    trickle(slow, "GET /api/v1/self HTTP/1.1\r\nX-Filler: ", 'x');
    close(slow);
    slow = api_connect_tcp(api);
    trickle(slow, beginning, ' ');
    close(slow);
    char byte;
    assert_int_equal(recv(silent, &byte, 1, 0), 0);
    close(silent);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void receive(struct api *api, void *text)
{
    fake_receive(api->runtime, 1, false, text, 0);
}

/* Again, where this machine was too busy to ask in time. */
static int follow(struct api *api)
{
    for (int i = 0; i < 20; i++) {
        char text[4096];
        int size = snprintf(text, sizeof text,
                            "GET /api/v1/stream HTTP/1.1\r\nHost: localhost:%u\r\n" BEARER
                            "\r\n",
                            (unsigned)api->port);
        int fd = api_connect_tcp(api);
        api_exchange(fd, text, (size_t)size, "retry", text, sizeof text);
        if (strstr(text, "retry"))
            return fd;
        close(fd);
    }
    fail_msg("no stream");
    return -1;
}

/* Its request came in at once; that it then only listens is what a stream is for. */
static void a_stream_outlives_the_patience_for_requests(void **state)
{
    struct api *api = *state;
    char answer[4096];
    char byte;
    int stream = follow(api);
    int silent = api_connect_tcp(api);
    assert_int_equal(recv(silent, &byte, 1, 0), 0); /* the patience is over */
    close(silent);
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive, "still there");
    api_exchange(stream, "", 0, "still there", answer, sizeof answer);
    close(stream);
    assert_non_null(strstr(answer, "still there"));
}

static void requests_in_a_row_are_answered(struct api *api, const char *headers)
{
    char requests[4096] = "";
    char answer[16384];
    size_t size = 0;
    for (int i = 0; i < 5; i++)
        size += (size_t)snprintf(
            requests + size, sizeof requests - size,
            SELF " HTTP/1.1\r\nHost: localhost:%u\r\n" BEARER "%s%s\r\n",
            (unsigned)api->port, headers, i == 4 ? "Connection: close\r\n" : "");
    int fd = api_connect_tcp(api);
    api_exchange(fd, requests, size, NULL, answer, sizeof answer);
    close(fd);
    size_t count = 0;
    for (const char *at = answer; (at = strstr(at, "HTTP/1.1 200 ")) != NULL; at++)
        count++;
    assert_int_equal(count, 5);
}

static void requests_in_a_row_share_a_connection(void **state)
{
    requests_in_a_row_are_answered(*state, "");
}

static void who_has_no_body_and_asks_whether_to_send_it_is_answered(void **state)
{
    requests_in_a_row_are_answered(*state, "Expect: 100-continue\r\n");
}

static void what_is_too_much_is_named(void **state)
{
    struct api *api = *state;
    static char headers[100000];
    char answer[4096];
    size_t size = (size_t)snprintf(
        headers, sizeof headers,
        SELF " HTTP/1.1\r\nHost: localhost:%u\r\nX-Filler: ", (unsigned)api->port);
    memset(headers + size, 'x', sizeof headers - size);
    int fd = api_connect_tcp(api);
    api_exchange(fd, headers, sizeof headers, "\r\n", answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 431 "));
    ask(api, "POST /api/v1/messages",
        BEARER "Content-Type: application/json\r\nContent-Length: 1048577\r\n",
        "HTTP/1.1 413 ");
    ask(api, "POST /api/v1/messages",
        BEARER "Content-Type: text/plain\r\nContent-Length: 0\r\n", "HTTP/1.1 415 ");
    ask(api, "HEAD /api/v1/self", BEARER, "HTTP/1.1 200 ");
    ask(api, "DELETE /api/v1/self", BEARER, "Allow: GET, HEAD, PATCH");
}

/* The refusal comes before the body does. */
static void who_needs_little_may_send_no_more(void **state)
{
    struct api *api = *state;
    ask(api, "POST /api/v1/session",
        "Content-Type: application/json\r\nContent-Length: 4097\r\n", "HTTP/1.1 413 ");
    ask(api, "POST /api/v1/session",
        "Content-Type: application/json\r\nContent-Length: 4097\r\n", "4096 bytes");
    ask(api, "POST /send",
        BEARER "Content-Type: application/json\r\nContent-Length: 397313\r\n",
        "HTTP/1.1 413 ");
}

#define IMPATIENT(name)                                                                  \
    cmocka_unit_test_setup_teardown(name, api_setup_impatient, api_teardown)
static void a_body_that_nobody_reads_is_short(void **state)
{
    ask(*state, "GET /", "Content-Length: 4097\r\n\r\n", "HTTP/1.1 413 ");
    ask(*state, SELF, BEARER "Content-Length: 4097\r\n\r\n", "HTTP/1.1 413 ");
    ask(*state, "POST /api/v1/shutdown",
        BEARER "Content-Type: application/json\r\nContent-Length: 4097\r\n\r\n",
        "HTTP/1.1 413 ");
    ask(*state, SELF, BEARER "Content-Length: 4\r\n\r\n1234", "HTTP/1.1 200 ");
}

/* Chunked, so that only counting tells how much it is; what was counted is gone. */
static void a_body_that_nobody_reads_is_not_kept(void **state)
{
    struct api *api = *state;
    char request[6000], answer[4096];
    int head = snprintf(request, sizeof request,
                        "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n1001\r\n",
                        (unsigned)api->port);
    memset(request + head, ' ', 0x1001);
    memcpy(request + head + 0x1001, "\r\n0\r\n\r\n", 7);
    int fd = api_connect_tcp(api);
    api_exchange(fd, request, (size_t)head + 0x1001 + 7, "}\n", answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 413 "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_url_is_told),
        TEST(the_token_opens),
        TEST(no_token_and_a_wrong_one_are_401),
        TEST(a_host_that_is_not_ours_is_refused),
        TEST(a_page_of_elsewhere_is_refused),
        TEST(the_socket_asks_for_none_of_it),
        TEST(a_page_trades_a_code_for_a_token_once),
        TEST(a_late_code_is_refused),
        TEST(a_page_makes_no_codes),
        TEST(too_many_wrong_codes_are_429),
        TEST(pages_need_no_token_but_our_name),
        TEST(a_page_that_is_held_is_not_sent_again),
        TEST(the_plain_endpoints_ask_for_the_token_too),
        TEST(requests_in_a_row_share_a_connection),
        TEST(who_has_no_body_and_asks_whether_to_send_it_is_answered),
        TEST(what_is_too_much_is_named),
        TEST(who_needs_little_may_send_no_more),
        IMPATIENT(slow_clients_are_hung_up_on),
        IMPATIENT(a_stream_outlives_the_patience_for_requests),
        TEST(a_body_that_nobody_reads_is_short),
        TEST(a_body_that_nobody_reads_is_not_kept),
        TEST(a_full_tcp_door_leaves_the_socket_open),
    };
    return cmocka_run_group_tests_name("api/http", tests, NULL, NULL);
}
