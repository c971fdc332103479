/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/server_stream.h"

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void receive(struct api *api, void *ctx)
{
    for (int i = 0; i < *(int *)ctx; i++) {
        char text[32];
        snprintf(text, sizeof text, "%zu", api->runtime->entry_count + 1);
        fake_receive(api->runtime, 1, false, text, 0);
    }
}

static void receive_count(struct api *api, int count)
{
    api_on_loop(api, receive, &count);
}

/* Open a stream by hand and read until `wanted` has come. */
static int open_stream(struct api *api, const char *query, const char *wanted, char *out,
                       size_t out_size)
{
    char request[256];
    int size = snprintf(request, sizeof request,
                        "GET /api/v1/stream%s HTTP/1.1\r\nHost: x\r\n"
                        "Connection: close\r\n\r\n",
                        query);
    int fd = api_connect(api);
    api_exchange(fd, request, (size_t)size, wanted, out, out_size);
    return fd;
}

static void read_until(int fd, const char *wanted, char *out, size_t out_size)
{
    api_exchange(fd, "", 0, wanted, out, out_size);
    if (!strstr(out, wanted))
        fail_msg("no %s in %s", wanted, out);
}

static void messages_come_live(void **state)
{
    struct api *api = *state;
    char out[4096];
    api_on_loop(api, add_peer, "bob");
    receive_count(api, 3);
    int fd = open_stream(api, "", "retry", out, sizeof out);
    receive_count(api, 1);
    read_until(fd, "}\n\n", out, sizeof out);
    assert_non_null(strstr(out, "id: 4\nevent: message\ndata: {\"id\":\""));
    assert_non_null(strstr(out, "\"text\":\"4\""));
    assert_non_null(strstr(out, "\"name\":\"bob\""));
    assert_null(strstr(out, "\"text\":\"3\""));
    close(fd);
}

struct reader {
    struct api *api;
    const char *path;
    uint64_t last;
    uint64_t until;
    size_t count;
    int error;
    bool is_gapless;
    bool was_away;
    uv_sem_t *begun; /* posted at the first message */
};

static int on_event(void *ctx, const struct kith_client_event *event)
{
    struct reader *reader = ctx;
    if (strcmp(event->type, "message") != 0)
        return 0;
    json_t *message = json_loadb(event->data, event->size, 0, NULL);
    uint64_t number =
        strtoull(json_string_value(json_object_get(message, "text")), NULL, 10);
    json_decref(message);
    reader->is_gapless &= number == reader->last + 1;
    reader->last = number;
    if (reader->count++ == 0 && reader->begun)
        uv_sem_post(reader->begun);
    return number == reader->until;
}

static void on_away(void *ctx)
{
    ((struct reader *)ctx)->was_away = true;
}

static void follow(void *ctx)
{
    struct reader *reader = ctx;
    struct kith_client *client;
    struct kith_client_follower follower = {
        .event = on_event, .away = on_away, .ctx = reader};
    kith_client_new(reader->api->home, &client);
    reader->error = kith_client_follow(client, reader->path, &follower);
    kith_client_free(client);
}

static void catching_up_and_going_live_leave_no_gap(void **state)
{
    struct api *api = *state;
    struct reader reader = {api, "/stream?after=0", .until = 5000, .is_gapless = true};
    uv_thread_t thread;
    api_on_loop(api, add_peer, "bob");
    receive_count(api, 1000);
    uv_thread_create(&thread, follow, &reader);
    for (int i = 0; i < 400; i++)
        receive_count(api, 10);
    uv_thread_join(&thread);
    assert_true(reader.is_gapless);
    assert_int_equal(reader.count, 5000);
}

static void a_restart_is_survived_without_gap_or_repeat(void **state)
{
    struct api *api = *state;
    struct reader reader = {api, "/stream?after=0", .until = 300, .is_gapless = true};
    uv_thread_t thread;
    uv_sem_t begun;
    uv_sem_init(&begun, 0);
    reader.begun = &begun;
    api_on_loop(api, add_peer, "bob");
    receive_count(api, 100);
    uv_thread_create(&thread, follow, &reader);
    uv_sem_wait(&begun);
    for (int i = 0; i < 4; i++) {
        receive_count(api, 50);
        api_restart(api);
    }
    uv_thread_join(&thread);
    assert_true(reader.is_gapless);
    assert_int_equal(reader.count, 300);
    uv_sem_destroy(&begun);
}

/* The node cannot be reached before the first stream; back once that was told. */
static void come_back(void *ctx)
{
    struct reader *reader = ctx;
    char away[96], back[96];
    snprintf(away, sizeof away, "%s/away", reader->api->home);
    snprintf(back, sizeof back, "%s/control", reader->api->home);
    assert_int_equal(rename(away, back), 0);
    reader->was_away = true;
}

static void go_away(struct api *api)
{
    char away[96], back[96];
    snprintf(away, sizeof away, "%s/away", api->home);
    snprintf(back, sizeof back, "%s/control", api->home);
    assert_int_equal(rename(back, away), 0);
}

static void a_node_that_dies_before_the_first_stream_is_waited_for(void **state)
{
    struct api *api = *state;
    struct reader reader = {api, "/stream?after=0", .until = 3, .is_gapless = true};
    struct kith_client_follower follower = {
        .event = on_event, .away = come_back, .ctx = &reader, .is_going_on = true};
    struct kith_client *client;
    api_on_loop(api, add_peer, "bob");
    receive_count(api, 3);
    assert_int_equal(kith_client_new(api->home, &client), 0);
    go_away(api);
    assert_int_equal(kith_client_follow(client, reader.path, &follower), 1);
    assert_true(reader.was_away);
    assert_true(reader.is_gapless);
    assert_int_equal(reader.count, 3);
    go_away(api);
    follower.is_going_on = false; /* nothing is known of it: said at once */
    assert_int_equal(kith_client_follow(client, reader.path, &follower), KITH_ENONODE);
    come_back(&reader);
    kith_client_free(client);
}

struct waiter {
    struct api *api;
    struct kith_client *client;
    uv_sem_t open;
    int cancel_fd;
    int error;
    bool was_away;
};

static void on_open(void *ctx)
{
    uv_sem_post(&((struct waiter *)ctx)->open);
}

static void on_lost(void *ctx)
{
    ((struct waiter *)ctx)->was_away = true;
}

static void wait_for_nothing(void *ctx)
{
    struct waiter *waiter = ctx;
    struct kith_client_follower follower = {
        .event = on_event, .open = on_open, .away = on_lost, .ctx = waiter};
    waiter->error = kith_client_follow(waiter->client, "/stream", &follower);
}

static void a_follower_knows_when_it_is_open_and_can_be_cancelled(void **state)
{
    struct waiter waiter = {.api = *state, .cancel_fd = eventfd(0, EFD_CLOEXEC)};
    uv_thread_t thread;
    uv_sem_init(&waiter.open, 0);
    assert_int_equal(kith_client_new(waiter.api->home, &waiter.client), 0);
    kith_client_cancel_by(waiter.client, waiter.cancel_fd, POLLIN);
    uv_thread_create(&thread, wait_for_nothing, &waiter);
    uv_sem_wait(&waiter.open);
    assert_int_equal(eventfd_write(waiter.cancel_fd, 1), 0);
    uv_thread_join(&thread);
    assert_int_equal(waiter.error, KITH_ECLOSED);
    assert_false(waiter.was_away);
    kith_client_free(waiter.client);
    uv_sem_destroy(&waiter.open);
    close(waiter.cancel_fd);
}

static void fifty_streams_get_everything(void **state)
{
    struct api *api = *state;
    static struct reader readers[50];
    static uv_thread_t threads[50];
    api_on_loop(api, add_peer, "bob");
    for (size_t i = 0; i < COUNT(readers); i++) {
        readers[i] =
            (struct reader){api, "/stream?after=0", .until = 200, .is_gapless = true};
        uv_thread_create(&threads[i], follow, &readers[i]);
    }
    for (int i = 0; i < 20; i++)
        receive_count(api, 10);
    for (size_t i = 0; i < COUNT(readers); i++) {
        uv_thread_join(&threads[i]);
        assert_true(readers[i].is_gapless);
        assert_int_equal(readers[i].count, 200);
    }
}

static void receive_large(struct api *api, void *ctx)
{
    static char text[4001];
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 2000; i++)
        fake_receive(api->runtime, 1, false, text, 0);
}

/* 8 MB for somebody who does not read: they stay in the store, not in memory. */
static void a_slow_client_is_behind_and_loses_nothing(void **state)
{
    struct api *api = *state;
    char out[4096];
    char *all = malloc(20 * 1024 * 1024);
    api_on_loop(api, add_peer, "bob");
    int fd = open_stream(api, "", "retry", out, sizeof out);
    api_on_loop(api, receive_large, NULL);
    receive_count(api, 1);
    receive_count(api, 1);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    read_until(fd, "\"text\":\"2002\"", all, 20 * 1024 * 1024);
    char *at = all;
    for (int i = 1; i <= 2002; i++) {
        char id[32];
        snprintf(id, sizeof id, "id: %d\n", i);
        at = strstr(at, id);
        assert_non_null(at);
    }
    close(fd);
    free(all);
}

static void flip(struct api *api, void *ctx)
{
    for (int i = 0; i < 2000; i++)
        fake_set_online(api->runtime, 1, i % 2);
}

static void events_that_do_not_fit_close_the_stream(void **state)
{
    struct api *api = *state;
    char out[4096];
    size_t size = 4 * 1024 * 1024;
    char *all = malloc(size);
    api_on_loop(api, add_peer, "bob");
    int fd = open_stream(api, "", "retry", out, sizeof out);
    for (int i = 0; i < 5; i++)
        api_on_loop(api, flip, NULL);
    assert_true(api_exchange(fd, "", 0, NULL, all, size) < 1024 * 1024);
    assert_non_null(strstr(all, "event: peer"));
    close(fd);
    free(all);
    assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
}

static void dead_clients_are_let_go(void **state)
{
    struct api *api = *state;
    char out[4096];
    api_on_loop(api, add_peer, "bob");
    for (int round = 0; round < 4; round++) {
        int fds[100];
        for (size_t i = 0; i < COUNT(fds); i++)
            fds[i] = open_stream(api, "", "retry", out, sizeof out);
        for (size_t i = 0; i < COUNT(fds); i++)
            close(fds[i]);
        receive_count(api, 1);
        assert_int_equal(api_ask(api, "GET", "/self", NULL), 0);
    }
}

static void receive_direct(struct api *api, void *ctx)
{
    fake_receive(api->runtime, 1, true, "psst", 0);
}

static void only_the_asked_room_is_told(void **state)
{
    struct api *api = *state;
    char out[8192];
    api_on_loop(api, add_peer, "bob");
    int fd = open_stream(api, "?after=0&room=bob", "retry", out, sizeof out);
    receive_count(api, 300);
    api_on_loop(api, receive_direct, NULL);
    read_until(fd, "}\n\n", out, sizeof out);
    assert_non_null(strstr(out, "psst"));
    assert_null(strstr(out, "#lobby"));
    close(fd);
    fd = open_stream(api, "?after=0&room=bob", "}\n\n", out, sizeof out);
    assert_non_null(strstr(out, "psst"));
    assert_null(strstr(out, "#lobby"));
    close(fd);
}

static void since_begins_at_a_time(void **state)
{
    struct api *api = *state;
    char out[8192];
    api_on_loop(api, add_peer, "bob");
    receive_count(api, 300);
    int fd = open_stream(api, "?since=2025-11-21T04:40:00.295Z", "\"text\":\"300\"", out,
                         sizeof out);
    assert_non_null(strstr(out, "id: 295\n"));
    assert_null(strstr(out, "id: 294\n"));
    close(fd);
    fd = open_stream(api, "?since=2030-01-01", "retry", out, sizeof out);
    receive_count(api, 1);
    read_until(fd, "}\n\n", out, sizeof out);
    assert_non_null(strstr(out, "id: 301\n"));
    close(fd);
}

/* Written long ago by somebody who was away until now. */
static void receive_old(struct api *api, void *ctx)
{
    fake_receive(api->runtime, 1, false, ctx, KITH_MS);
}

/* Whoever was told of no message yet comes back with the id that it was told. */
static void who_comes_back_before_any_message_misses_none(void **state)
{
    struct api *api = *state;
    char out[4096];
    api_on_loop(api, add_peer, "bob");
    receive_count(api, 3);
    close(open_stream(api, "", "id: 3\n\n", out, sizeof out));
    close(open_stream(api, "?since=2030-01-01", "id: 3\n\n", out, sizeof out));
    api_on_loop(api, receive_old, "news");
    int fd = open_stream(api, "?since=2030-01-01&after=3", "}\n\n", out, sizeof out);
    assert_non_null(strstr(out, "\"text\":\"news\""));
    assert_null(strstr(out, "id: 4\n\n"));
    close(fd);
}

static void what_arrives_while_a_slow_client_catches_up_is_news_however_old(void **state)
{
    struct api *api = *state;
    char out[4096];
    size_t size = 20 * 1024 * 1024;
    char *all = malloc(size);
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive_old, "old news");
    api_on_loop(api, receive_large, NULL);
    int fd = open_stream(api, "?since=2025-11-21", "retry", out, sizeof out);
    api_on_loop(api, receive_old, "news");
    receive_count(api, 1);
    read_until(fd, "\"text\":\"2003\"", all, size);
    assert_non_null(strstr(all, "\"text\":\"news\""));
    assert_null(strstr(all, "old news"));
    close(fd);
    free(all);
}

static void change_peers(struct api *api, void *ctx)
{
    fake_set_online(api->runtime, 1, false);
    fake_rename_peer(api->runtime, 1, "rob");
    fake_deliver(api->runtime, 101, 1, 1);
}

static void peers_and_deliveries_are_told(void **state)
{
    struct api *api = *state;
    char out[8192];
    api_on_loop(api, add_peer, "bob");
    int fd = open_stream(api, "", "retry", out, sizeof out);
    api_on_loop(api, change_peers, NULL);
    read_until(fd, "\"held_by\":1}", out, sizeof out);
    assert_non_null(strstr(out, "event: peer\ndata: {\"change\":\"offline\""));
    assert_non_null(strstr(out, "\"change\":\"renamed\",\"name_before\":\"bob\""));
    assert_non_null(strstr(out, "event: delivery\ndata: {\"room\":\"#lobby\""));
    assert_non_null(strstr(out, "\"name\":\"rob\""));
    close(fd);
}

static void beat(struct api *api, void *ctx)
{
    kith_streams_heartbeat(api->server);
}

static void a_heartbeat_is_a_comment(void **state)
{
    struct api *api = *state;
    char out[4096];
    int fd = open_stream(api, "", "retry: 1000\n\n", out, sizeof out);
    api_on_loop(api, beat, NULL);
    read_until(fd, "2\r\n:\n\r\n", out, sizeof out);
    close(fd);
}

static void a_wrong_place_is_refused(void **state)
{
    static const char *const queries[] = {"/stream?after=x", "/stream?after=-1",
                                          "/stream?since=x"};
    struct api *api = *state;
    for (size_t i = 0; i < COUNT(queries); i++)
        assert_int_equal(api_ask(api, "GET", queries[i], NULL), KITH_EINVALID);
    assert_int_equal(api_ask(api, "GET", "/stream?room=nobody", NULL), KITH_ENOTFOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_come_live),
        TEST(catching_up_and_going_live_leave_no_gap),
        TEST(a_restart_is_survived_without_gap_or_repeat),
        TEST(a_node_that_dies_before_the_first_stream_is_waited_for),
        TEST(a_follower_knows_when_it_is_open_and_can_be_cancelled),
        TEST(fifty_streams_get_everything),
        TEST(a_slow_client_is_behind_and_loses_nothing),
        TEST(events_that_do_not_fit_close_the_stream),
        TEST(dead_clients_are_let_go),
        TEST(only_the_asked_room_is_told),
        TEST(since_begins_at_a_time),
        TEST(who_comes_back_before_any_message_misses_none),
        TEST(what_arrives_while_a_slow_client_catches_up_is_news_however_old),
        TEST(peers_and_deliveries_are_told),
        TEST(a_heartbeat_is_a_comment),
        TEST(a_wrong_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
