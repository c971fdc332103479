/* SPDX-License-Identifier: MIT */
/* The client against a server that says whatever a case wants. */
#include "lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <uv.h>

#include "api/client.h"

struct liar {
    char home[64];
    struct sockaddr_un address;
    int listen_fd;
    uv_thread_t thread;
    const char *answer; /* to the one request that is taken */
    bool is_silent;     /* keeps the connection open after it */
    int silent_fd;
    struct kith_client *client;
};

static int setup(void **state)
{
    struct liar *liar = calloc(1, sizeof *liar);
    snprintf(liar->home, sizeof liar->home, "/tmp/kith-client-XXXXXX");
    assert_non_null(mkdtemp(liar->home));
    liar->address.sun_family = AF_UNIX;
    snprintf(liar->address.sun_path, sizeof liar->address.sun_path, "%s/control",
             liar->home);
    liar->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(liar->listen_fd, (struct sockaddr *)&liar->address, sizeof liar->address),
        0);
    assert_int_equal(listen(liar->listen_fd, 8), 0);
    liar->silent_fd = -1;
    assert_int_equal(kith_client_new(liar->home, &liar->client), 0);
    *state = liar;
    return 0;
}

static int teardown(void **state)
{
    struct liar *liar = *state;
    kith_client_free(liar->client);
    if (liar->listen_fd >= 0)
        close(liar->listen_fd);
    if (liar->silent_fd >= 0)
        close(liar->silent_fd);
    unlink(liar->address.sun_path);
    rmdir(liar->home);
    free(liar);
    return 0;
}

static void serve(void *ctx)
{
    struct liar *liar = ctx;
    char request[4096];
    int fd = accept(liar->listen_fd, NULL, NULL);
    ssize_t got = recv(fd, request, sizeof request, 0);
    ssize_t sent = send(fd, liar->answer, strlen(liar->answer), MSG_NOSIGNAL);
    (void)got;
    (void)sent;
    if (liar->is_silent)
        liar->silent_fd = fd;
    else
        close(fd);
}

static int request(struct liar *liar, const char *method, const char *path,
                   const char *said, int timeout_ms, json_t **out)
{
    struct kith_answer answer;
    liar->answer = said;
    uv_thread_create(&liar->thread, serve, liar);
    int error =
        kith_client_request(liar->client, method, path, NULL, timeout_ms, &answer);
    uv_thread_join(&liar->thread);
    if (out)
        *out = json_incref(answer.json);
    kith_answer_deinit(&answer);
    return error;
}

static int ask(struct liar *liar, const char *said, int timeout_ms, json_t **out)
{
    return request(liar, "GET", "/self", said, timeout_ms, out);
}

static void nonsense_is_no_node(void **state)
{
    static const char *const answers[] = {
        "nonsense\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\n<html></html>",
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        int error = ask(*state, answers[i], 5000, NULL);
        if (error != KITH_EPROTO)
            fail_msg("%s after %s", kith_error_name(error), answers[i]);
    }
}

static void an_answer_cut_short_is_a_closed_connection(void **state)
{
    static const char *const answers[] = {
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}",
    };
    for (size_t i = 0; i < COUNT(answers); i++)
        assert_int_equal(ask(*state, answers[i], 5000, NULL), KITH_ECLOSED);
}

static void bodies_come_in_every_form(void **state)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{\"a\":5}",
        "HTTP/1.0 200 OK\r\n\r\n{\"a\":5}",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nConnection: close\n\n"
        "3;x=y\r\n{\"a\r\n4\r\n\":5}\r\n0\r\nTrailer: x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n"
        "Connection: close\r\n\r\n{\"a\":5}",
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        json_t *json;
        assert_int_equal(ask(*state, answers[i], 5000, &json), 0);
        assert_int_equal(json_integer_value(json_object_get(json, "a")), 5);
        json_decref(json);
    }
}

static void a_problem_is_its_error_with_title_and_detail(void **state)
{
    struct liar *liar = *state;
    assert_int_equal(
        ask(liar,
            "HTTP/1.1 507 x\r\nConnection: close\r\n\r\n"
            "{\"error\":\"KITH_EFULL\",\"title\":\"full\",\"detail\":\"tidy\"}",
            5000, NULL),
        KITH_EFULL);
    assert_string_equal(kith_client_detail(liar->client), "full: tidy");
    assert_int_equal(ask(liar,
                         "HTTP/1.1 500 x\r\nConnection: close\r\n\r\n"
                         "{\"error\":\"KITH_EOFTHEFUTURE\",\"title\":\"\"}",
                         5000, NULL),
                     KITH_EIO);
    assert_string_equal(kith_client_detail(liar->client), kith_error_text(KITH_EIO));
}

static void silence_is_a_timeout(void **state)
{
    struct liar *liar = *state;
    liar->is_silent = true;
    assert_int_equal(ask(liar, "HTTP/1.1 200 OK\r\nContent-", 20, NULL), KITH_ETIMEDOUT);
}

static bool says_that_it_may_be_stored(const struct liar *liar)
{
    const char *detail = kith_client_detail(liar->client);
    return strstr(detail, "may have stored") && strstr(detail, "`kith tail`") &&
           !strstr(detail, "try again");
}

static void a_message_whose_answer_is_lost_is_not_to_be_sent_again_unseen(void **state)
{
    struct liar *liar = *state;
    assert_int_equal(request(liar, "POST", "/messages", "", 5000, NULL), KITH_ECLOSED);
    assert_true(says_that_it_may_be_stored(liar));
    assert_int_equal(request(liar, "PATCH", "/self", "", 5000, NULL), KITH_ECLOSED);
    assert_false(says_that_it_may_be_stored(liar));
    liar->is_silent = true;
    assert_int_equal(request(liar, "POST", "/messages", "HTTP/1.1 2", 20, NULL),
                     KITH_ETIMEDOUT);
    assert_true(says_that_it_may_be_stored(liar));
    close(liar->silent_fd);
    assert_int_equal(ask(liar, "HTTP/1.1 2", 20, NULL), KITH_ETIMEDOUT);
    assert_false(says_that_it_may_be_stored(liar));
}

static void endless_headers_are_cut(void **state)
{
    char *answer = malloc(1 << 20);
    size_t size = (size_t)snprintf(answer, 100, "HTTP/1.1 200 OK\r\n");
    while (size < 100000)
        size += (size_t)snprintf(answer + size, 32, "X: y\r\n");
    assert_int_equal(ask(*state, answer, 5000, NULL), KITH_EPROTO);
    size = (size_t)snprintf(answer, 100, "HTTP/1.1 200 OK\r\nX: ");
    memset(answer + size, 'y', 100000);
    answer[size + 100000] = '\0';
    assert_int_equal(ask(*state, answer, 5000, NULL), KITH_EPROTO);
    free(answer);
}

static void a_socket_nobody_listens_on_is_no_node(void **state)
{
    struct liar *liar = *state;
    struct kith_answer answer;
    close(liar->listen_fd);
    liar->listen_fd = -1;
    assert_int_equal(
        kith_client_request(liar->client, "GET", "/self", NULL, 1000, &answer),
        KITH_ENONODE);
    kith_answer_deinit(&answer);
}

static void a_home_with_a_long_path_is_reached(void **state)
{
    struct liar *liar = *state;
    char dir[256];
    char path[512];
    struct kith_client *client;
    struct kith_answer answer;
    snprintf(dir, sizeof dir, "%s/%0100d", liar->home, 1);
    snprintf(path, sizeof path, "%s/control", dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_int_equal(rename(liar->address.sun_path, path), 0);
    assert_int_equal(kith_client_new(dir, &client), 0);
    liar->answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}";
    uv_thread_create(&liar->thread, serve, liar);
    assert_int_equal(kith_client_request(client, "GET", "/self", NULL, 5000, &answer), 0);
    uv_thread_join(&liar->thread);
    kith_answer_deinit(&answer);
    kith_client_free(client);
    unlink(path);
    rmdir(dir);
}

static void escaping_leaves_only_unreserved_characters(void **state)
{
    char out[64];
    kith_client_escape("a#b ~é/", out);
    assert_string_equal(out, "a%23b%20~%C3%A9%2F");
}

/* As the kernel keeps those who come while a node is stopped. */
static void where_nobody_is_let_in_it_does_not_wait_for_ever(void **state)
{
    struct liar *liar = *state;
    struct kith_client *others[4];
    struct kith_answer answer;
    json_t *body = json_object();
    assert_int_equal(listen(liar->listen_fd, 1), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kith_client_new(liar->home, &others[i]), 0);
        assert_int_equal(
            kith_client_request(others[i], "POST", "/messages", body, 1, &answer),
            KITH_ETIMEDOUT);
        kith_answer_deinit(&answer);
    }
    assert_non_null(strstr(kith_client_detail(others[3]), "try again")); /* unsent */
    json_decref(body);
    for (size_t i = 0; i < 4; i++)
        kith_client_free(others[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nonsense_is_no_node),
        TEST(an_answer_cut_short_is_a_closed_connection),
        TEST(bodies_come_in_every_form),
        TEST(a_problem_is_its_error_with_title_and_detail),
        TEST(silence_is_a_timeout),
        TEST(a_message_whose_answer_is_lost_is_not_to_be_sent_again_unseen),
        TEST(endless_headers_are_cut),
        TEST(a_socket_nobody_listens_on_is_no_node),
        TEST(where_nobody_is_let_in_it_does_not_wait_for_ever),
        TEST(a_home_with_a_long_path_is_reached),
        cmocka_unit_test(escaping_leaves_only_unreserved_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
