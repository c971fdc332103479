/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation that a request leads to: it is answered, if only
 * that it cannot be, or its connection is closed, and the next one is answered. A stream
 * ends rather than pass over a message. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "lib/malloc_failing.h"

#define COUNT_MAX 2000

static const struct request {
    const char *method, *path, *body;
} requests[] = {
    {"GET", "/self", ""},
    {"GET", "/peers", ""},
    {"GET", "/rooms", ""},
    {"GET", "/trackers", ""},
    {"GET", "/settings", ""},
    {"GET", "/doctor", ""},
    {"GET", "/peers/verify?peer=bob", ""},
    {"GET", "/messages?room=%23lobby", ""},
    {"GET", "/search?q=fox", ""},
    {"GET", "/nothing", ""},
    {"PATCH", "/self", "{\"name\": \"eve\"}"},
    {"PATCH", "/settings", "{\"log\": \"debug\"}"},
    {"POST", "/peers/connect", "{\"address\": \"10.0.0.1\"}"},
    {"POST", "/peers/block", "{\"peer\": \"bob\"}"},
};

/* The status, or 0 when the connection was closed without one. */
static int ask(struct api *api, const struct request *request)
{
    char text[512], out[16384];
    int size =
        snprintf(text, sizeof text,
                 "%s /api/v1%s HTTP/1.1\r\nHost: localhost\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                 "Connection: close\r\n\r\n%s",
                 request->method, request->path, strlen(request->body), request->body);
    int fd = api_connect(api);
    api_exchange(fd, text, (size_t)size, NULL, out, sizeof out);
    close(fd);
    int status = 0;
    return sscanf(out, "HTTP/1.1 %d ", &status) == 1 ? status : 0;
}

static void every_request_survives_every_failure(void **state)
{
    struct api *api = *state;
    size_t failures = 0;
    for (size_t i = 0; i < COUNT(requests); i++) {
        int wanted = ask(api, &requests[i]);
        bool is_over = false;
        assert_true(wanted != 0 && wanted < 500);
        for (size_t n = 1; !is_over; n++) {
            assert_true(n < COUNT_MAX);
            malloc_failing_arm(n);
            int status = ask(api, &requests[i]);
            is_over = !malloc_failing_has_failed();
            malloc_failing_arm(0);
            failures += !is_over;
            /* jansson takes a token for which it had no memory for a wrong one. */
            bool is_misread = status == 400 && requests[i].body[0] != '\0';
            if (status != wanted && status != 0 && status < 500 && !is_misread)
                fail_msg("%s: %d, wanted %d", requests[i].path, status, wanted);
            assert_int_equal(ask(api, &requests[i]), wanted);
        }
    }
    print_message("%zu failures\n", failures);
    assert_true(failures > 50);
}

/* Told of a message before the server, and after it: what fails is the server's. */
struct failing {
    struct kith_observer before, after;
    size_t n;
    bool has_failed;
};

static void on_before(void *ctx, const struct kith_notice *notice)
{
    malloc_failing_arm(((struct failing *)ctx)->n);
}

static void on_after(void *ctx, const struct kith_notice *notice)
{
    struct failing *failing = ctx;
    failing->has_failed = malloc_failing_has_failed();
    malloc_failing_arm(0);
}

static void observe_before(struct api *api, void *ctx)
{
    struct failing *failing = ctx;
    failing->before = (struct kith_observer){.notice = on_before, .ctx = failing};
    kith_runtime_observe(api->runtime, &failing->before);
}

static void observe_after(struct api *api, void *ctx)
{
    struct failing *failing = ctx;
    failing->after = (struct kith_observer){.notice = on_after, .ctx = failing};
    kith_runtime_observe(api->runtime, &failing->after);
}

static void unobserve(struct api *api, void *ctx)
{
    struct failing *failing = ctx;
    kith_runtime_unobserve(&failing->before);
    kith_runtime_unobserve(&failing->after);
}

static void add_peer(struct api *api, void *name)
{
    fake_add_peer(api->runtime, name, true);
}

static void receive(struct api *api, void *text)
{
    fake_receive(api->runtime, 1, false, text, 0);
}

static int follow(const struct api *api, uint64_t after, const char *wanted, char *out,
                  size_t out_size)
{
    char text[256];
    int size = snprintf(text, sizeof text,
                        "GET /api/v1/stream?after=%llu HTTP/1.1\r\nHost: localhost\r\n"
                        "Connection: close\r\n\r\n",
                        (unsigned long long)after);
    int fd = api_connect(api);
    api_exchange(fd, text, (size_t)size, wanted, out, out_size);
    return fd;
}

/* What a follower got goes up to its last: nothing before that is missing. */
static void check_gapless(const char *out)
{
    bool has_first = strstr(out, "\"text\":\"first\"");
    bool has_second = strstr(out, "\"text\":\"second\"");
    if (has_second && !has_first)
        fail_msg("a message was passed over: %s", out);
}

static void a_follower_misses_nothing_live_whatever_fails(void **state)
{
    struct api *api = *state;
    struct failing failing = {.has_failed = true};
    char out[8192];
    api_on_loop(api, add_peer, "bob");
    for (failing.n = 1; failing.has_failed; failing.n++) {
        assert_true(failing.n < COUNT_MAX);
        api_on_loop(api, observe_before, &failing);
        api_restart(api); /* comes after that one, and has no memory of its own yet */
        api_on_loop(api, observe_after, &failing);
        int fd = follow(api, api->runtime->entry_count, "retry", out, sizeof out);
        api_on_loop(api, receive, "first");
        api_on_loop(api, unobserve, &failing);
        api_on_loop(api, receive, "second");
        api_exchange(fd, "", 0, "\"text\":\"second\"", out, sizeof out);
        close(fd);
        check_gapless(out);
    }
    assert_true(failing.n > 2);
}

static void a_follower_misses_nothing_that_is_stored_whatever_fails(void **state)
{
    struct api *api = *state;
    bool has_failed = true;
    size_t failures = 0;
    char out[8192];
    api_on_loop(api, add_peer, "bob");
    api_on_loop(api, receive, "first");
    api_on_loop(api, receive, "second");
    for (size_t n = 1; has_failed; n++) {
        assert_true(n < COUNT_MAX);
        api_restart(api);
        malloc_failing_arm(n);
        int fd = follow(api, 0, "\"text\":\"second\"", out, sizeof out);
        has_failed = malloc_failing_has_failed();
        malloc_failing_arm(0);
        close(fd);
        check_gapless(out);
        failures += has_failed;
    }
    assert_non_null(strstr(out, "\"text\":\"second\""));
    assert_true(failures > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_request_survives_every_failure, api_setup,
                                        api_teardown),
        cmocka_unit_test_setup_teardown(a_follower_misses_nothing_live_whatever_fails,
                                        api_setup, api_teardown),
        cmocka_unit_test_setup_teardown(
            a_follower_misses_nothing_that_is_stored_whatever_fails, api_setup,
            api_teardown),
    };
    json_set_alloc_funcs(malloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
