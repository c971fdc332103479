/* SPDX-License-Identifier: MIT */
/* The halves of the client that wait for nothing. One thread is client and server: had
 * the client waited, nobody would have gone on. */
#include "lib/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/client.h"

struct server {
    char home[64];
    struct sockaddr_un address;
    int listen_fd;
    int fd; /* the connection taken last */
    struct kith_client *client;
    struct kith_client_watch *watch;
    struct kith_client_follower follower;
    char seen[256]; /* "type:data;" for each event */
    int away_count;
    int open_count;
};

static int on_event(void *ctx, const struct kith_client_event *event)
{
    struct server *server = ctx;
    size_t size = strlen(server->seen);
    snprintf(server->seen + size, sizeof server->seen - size, "%s:%s;", event->type,
             event->data);
    if (strcmp(event->data, "unread") == 0)
        return KITH_ENOMEM;
    return strcmp(event->data, "enough") == 0 ? 7 : 0;
}

static void on_away(void *ctx)
{
    ((struct server *)ctx)->away_count++;
}

static void on_open(void *ctx)
{
    ((struct server *)ctx)->open_count++;
}

static int setup(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    snprintf(server->home, sizeof server->home, "/tmp/kith-watch-XXXXXX");
    assert_non_null(mkdtemp(server->home));
    server->address.sun_family = AF_UNIX;
    snprintf(server->address.sun_path, sizeof server->address.sun_path, "%s/control",
             server->home);
    server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    server->fd = -1;
    assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&server->address,
                          sizeof server->address),
                     0);
    assert_int_equal(listen(server->listen_fd, 8), 0);
    server->follower = (struct kith_client_follower){
        .event = on_event, .away = on_away, .open = on_open, .ctx = server};
    assert_int_equal(kith_client_new(server->home, &server->client), 0);
    assert_int_equal(kith_client_watch_new(server->home, "/stream?after=3",
                                           &server->follower, &server->watch),
                     0);
    *state = server;
    return 0;
}

static int teardown(void **state)
{
    struct server *server = *state;
    kith_client_watch_free(server->watch);
    kith_client_free(server->client);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    if (server->fd >= 0)
        close(server->fd);
    unlink(server->address.sun_path);
    rmdir(server->home);
    free(server);
    return 0;
}

/* The next connection, and what was asked on it. */
static void take_request(struct server *server, char *out, size_t out_size)
{
    if (server->fd >= 0)
        close(server->fd);
    server->fd = accept(server->listen_fd, NULL, NULL);
    ssize_t got = recv(server->fd, out, out_size - 1, 0);
    assert_true(got > 0);
    out[got] = '\0';
}

static void say(struct server *server, const char *text)
{
    assert_int_equal(send(server->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void say_in_bytes(struct server *server, const char *text)
{
    for (; *text; text++) {
        assert_int_equal(send(server->fd, text, 1, MSG_NOSIGNAL), 1);
        assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    }
}

static void say_chunk(struct server *server, const char *text)
{
    char chunk[256];
    snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(text), text);
    say_in_bytes(server, chunk);
}

/* Go on until it has connected again: the first attempts may be due later. */
static void reconnect(struct server *server, char *out, size_t out_size)
{
    struct pollfd asked = {.fd = server->listen_fd, .events = POLLIN};
    while (poll(&asked, 1, 0) == 0) {
        struct kith_client_wait wait = kith_client_watch_wait(server->watch);
        poll(NULL, 0, wait.timeout_ms);
        assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    }
    take_request(server, out, out_size);
}

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";

static void events_come_whole_from_any_pieces(void **state)
{
    struct server *server = *state;
    char request[512];
    assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    take_request(server, request, sizeof request);
    assert_non_null(strstr(request, "GET /api/v1/stream?after=3 "));
    say_in_bytes(server, head);
    assert_int_equal(server->open_count, 1);
    say_chunk(server, "id");
    say_chunk(server, ": 5\nevent: message\ndata: one\n\n");
    assert_string_equal(server->seen, "message:one;");
    say_chunk(server, "event: peer\ndata: {two}\n\n");
    assert_string_equal(server->seen, "message:one;peer:{two};");
    assert_int_equal(server->away_count, 0);
}

static int go_on_after(struct server *server, const char *event)
{
    char request[512];
    assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    take_request(server, request, sizeof request);
    say(server, head);
    say(server, event);
    int result = 0;
    while (result == 0) /* head and events may come one after the other */
        result = kith_client_watch_go_on(server->watch);
    return result;
}

static void what_the_follower_returns_ends_it(void **state)
{
    assert_int_equal(go_on_after(*state, "e\r\ndata: enough\n\n\r\n"), 7);
}

static void an_error_of_the_follower_is_explained(void **state)
{
    const struct server *server = *state;
    assert_int_equal(go_on_after(*state, "e\r\ndata: unread\n\n\r\n"), KITH_ENOMEM);
    assert_string_equal(kith_client_watch_detail(server->watch),
                        kith_error_text(KITH_ENOMEM));
}

static void a_node_that_was_never_there_is_an_error(void **state)
{
    struct server *server = *state;
    close(server->listen_fd);
    server->listen_fd = -1;
    assert_int_equal(kith_client_watch_go_on(server->watch), KITH_ENONODE);
    assert_non_null(strstr(kith_client_watch_detail(server->watch), "kith up"));
    assert_int_equal(server->away_count, 0);
}

static void it_goes_on_after_the_last_whole_event(void **state)
{
    struct server *server = *state;
    char request[512];
    assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    take_request(server, request, sizeof request);
    assert_null(strstr(request, "Last-Event-ID"));
    say_in_bytes(server, head);
    say_chunk(server, "id: 5\ndata: five\n\n");
    say_chunk(server, "id: 6\ndata: si"); /* cut short */
    close(server->fd);
    server->fd = -1;
    assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    assert_int_equal(server->away_count, 1);
    reconnect(server, request, sizeof request);
    assert_non_null(strstr(request, "Last-Event-ID: 5\r\n"));
    say_in_bytes(server, head);
    say_chunk(server, "id: 6\ndata: six\n\n");
    assert_string_equal(server->seen, "message:five;message:six;");
    assert_int_equal(server->away_count, 1);
    assert_int_equal(server->open_count, 2);
}

static void a_call_is_answered_when_all_of_it_came(void **state)
{
    struct server *server = *state;
    struct kith_answer answer;
    char request[512];
    json_t *body = json_pack("{s:s}", "text", "hi");
    assert_int_equal(kith_client_call(server->client, "POST", "/messages", body, 60000),
                     0);
    json_decref(body);
    assert_true(kith_client_call_wait(server->client).events & POLLOUT);
    assert_int_equal(kith_client_call_go_on(server->client, &answer), KITH_CLIENT_WAITS);
    take_request(server, request, sizeof request);
    assert_non_null(strstr(request, "{\"text\":\"hi\"}"));
    assert_true(kith_client_call_wait(server->client).events & POLLIN);
    const char *text = "HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    for (; text[1]; text++) {
        assert_int_equal(send(server->fd, text, 1, MSG_NOSIGNAL), 1);
        assert_int_equal(kith_client_call_go_on(server->client, &answer),
                         KITH_CLIENT_WAITS);
    }
    say(server, text);
    assert_int_equal(kith_client_call_go_on(server->client, &answer), 0);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "a")), 1);
    kith_answer_deinit(&answer);
}

static void a_call_ends_when_its_time_is_over(void **state)
{
    struct server *server = *state;
    struct kith_answer answer;
    assert_int_equal(kith_client_call(server->client, "GET", "/self", NULL, 1), 0);
    int error = KITH_CLIENT_WAITS;
    while (error == KITH_CLIENT_WAITS) {
        poll(NULL, 0, kith_client_call_wait(server->client).timeout_ms);
        error = kith_client_call_go_on(server->client, &answer);
    }
    assert_int_equal(error, KITH_ETIMEDOUT);
}

static void who_goes_on_waits_from_the_start(void **state)
{
    struct server *server = *state;
    close(server->listen_fd);
    server->listen_fd = -1;
    server->follower.is_going_on = true;
    assert_int_equal(kith_client_watch_go_on(server->watch), 0);
    assert_int_equal(server->away_count, 1);
    assert_true(kith_client_watch_wait(server->watch).timeout_ms > 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_goes_on_waits_from_the_start),
        TEST(events_come_whole_from_any_pieces),
        TEST(what_the_follower_returns_ends_it),
        TEST(an_error_of_the_follower_is_explained),
        TEST(a_node_that_was_never_there_is_an_error),
        TEST(it_goes_on_after_the_last_whole_event),
        TEST(a_call_is_answered_when_all_of_it_came),
        TEST(a_call_ends_when_its_time_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
