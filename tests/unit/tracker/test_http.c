/* SPDX-License-Identifier: MIT */
/* The figures by TCP, over a tracker that nobody has come to. The doors, and all that may
 * come to them, are fuzz/fuzz_tracker_http.c's. */
#include "tracker/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "lib/rng_seeded.h"
#include "lib/unit.h"

/* RFC 8032 section 7.1, test 1. */
static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const struct kith_id id = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                   0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                   0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                   0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

struct fixture {
    uv_loop_t loop;
    struct rng_seeded rng;
    struct kith_tracker *tracker;
    struct kith_tracker_http *http;
    struct sockaddr_in at;
};

/* ---- a keeper that keeps nothing ---- */

static int restore(void *ctx, uint64_t since_s, kith_registration_visit *visit,
                   void *visit_ctx)
{
    return 0;
}

static int put(void *ctx, const struct kith_registration *row)
{
    return 0;
}

static int remove_row(void *ctx, const struct kith_id *peer)
{
    return 0;
}

static int mark(void *ctx, uint64_t seen_s)
{
    return 0;
}

static int commit(void *ctx)
{
    return 0;
}

static const char *detail_of(const void *ctx)
{
    return "";
}

static void close_keeper(void *ctx)
{
}

static struct kith_now clock_now(void)
{
    return (struct kith_now){KITH_HOUR, KITH_HOUR};
}

/* ---- life ---- */

static void open_tracker(struct fixture *f)
{
    char detail[KITH_KEEPER_DETAIL_SIZE];
    rng_seeded_init(&f->rng, 1);
    const struct kith_tracker_config config = {
        .loop = &f->loop,
        .seed = seed,
        .id = id,
        .rng = f->rng.rng,
        .clock = clock_now,
        .keeper = {.restore = restore,
                   .put = put,
                   .remove = remove_row,
                   .mark = mark,
                   .commit = commit,
                   .detail = detail_of,
                   .close = close_keeper},
        .peers_max = 10,
        .per_address_max = 10,
    };
    assert_int_equal(kith_tracker_new(&config, &f->tracker, detail), 0);
}

static int setup(void **state)
{
    static struct fixture f;
    socklen_t size = sizeof f.at;
    f = (struct fixture){
        .at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&f.at, size), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&f.at, &size), 0);
    assert_int_equal(uv_loop_init(&f.loop), 0);
    open_tracker(&f);
    assert_int_equal(kith_tracker_http_new(&f.loop, f.tracker, &f.http), 0);
    assert_int_equal(kith_tracker_http_listen(f.http, KITH_TRACKER_METRICS, fd), 0);
    *state = &f;
    return 0;
}

static void on_http_done(void *ctx)
{
    struct fixture *f = ctx;
    kith_tracker_http_free(f->http);
    f->http = NULL;
}

static void on_done(void *ctx)
{
    struct fixture *f = ctx;
    kith_tracker_free(f->tracker);
    f->tracker = NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_tracker_http_stop(f->http, on_http_done, f);
    kith_tracker_stop(f->tracker, on_done, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_null(f->http);
    assert_null(f->tracker);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    return 0;
}

/* ---- */

static int come(const struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&f->at, sizeof f->at), 0);
    return fd;
}

/* What comes until the tracker hangs up. */
static void ask(struct fixture *f, const char *request, char *out, size_t out_size)
{
    ssize_t size;
    size_t at = 0;
    int fd = come(f);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    do {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        size = recv(fd, out + at, out_size - 1 - at, MSG_DONTWAIT);
        at += size > 0 ? (size_t)size : 0;
    } while (size > 0 || (size < 0 && errno == EAGAIN));
    out[at] = '\0';
    close(fd);
}

static size_t count(const char *text, const char *what)
{
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        found++;
    return found;
}

static void who_has_no_body_and_asks_whether_to_send_it_is_answered(void **state)
{
    char answer[16384];
    ask(*state,
        "GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"
        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        answer, sizeof answer);
    assert_int_equal(count(answer, "HTTP/1.1 200 "), 2);
}

static void what_is_read_and_dropped_is_answered_once(void **state)
{
    char answer[16384];
    ask(*state,
        "POST /metrics HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Content-Length: 3\r\n\r\nabc"
        "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        answer, sizeof answer);
    assert_int_equal(count(answer, "HTTP/1.1 405 "), 1);
    assert_int_equal(count(answer, "HTTP/1.1 200 "), 1);
}

/* Peers wait for no more than some rounds. */
static void who_asks_much_at_once_is_answered_over_many_turns(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    struct fixture *f = *state;
    char answers[65536];
    size_t wanted = 500, come_in_all = 0;
    int fd = come(f);
    for (size_t i = 0; i < wanted; i++)
        assert_int_equal(write(fd, request, sizeof request - 1), sizeof request - 1);
    while (come_in_all < wanted) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        ssize_t size = recv(fd, answers, sizeof answers - 1, MSG_DONTWAIT);
        answers[size > 0 ? size : 0] = '\0';
        size_t come_now = count(answers, "HTTP/1.1 404 ");
        assert_in_range(come_now, 0, 100);
        come_in_all += come_now;
    }
    close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_has_no_body_and_asks_whether_to_send_it_is_answered),
        TEST(what_is_read_and_dropped_is_answered_once),
        TEST(who_asks_much_at_once_is_answered_over_many_turns),
    };
    return cmocka_run_group_tests_name("tracker/http", tests, NULL, NULL);
}
