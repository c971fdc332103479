/* SPDX-License-Identifier: MIT */
#include "node/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kith/error.h"
#include "lib/unit.h"

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void any_port_is_the_one_it_got(void **state)
{
    const struct kith_address any = {.host = "127.0.0.1"};
    int fd = -1;
    assert_int_equal(kith_http_listen(&any, true, &fd, NULL), 0);
    assert_int_not_equal(port_of(fd), 0);
    close(fd);
}

static void a_taken_port_is_an_error_or_the_next_free_one(void **state)
{
    struct kith_address address = {.host = "127.0.0.1"};
    struct kith_problem problem;
    int first = -1, second = -1;
    assert_int_equal(kith_http_listen(&address, true, &first, NULL), 0);
    address.port = port_of(first);
    assert_int_equal(kith_http_listen(&address, true, &second, &problem),
                     KITH_EADDRINUSE);
    assert_non_null(strstr(problem.text, "already in use"));
    assert_non_null(strstr(problem.text, "--http"));
    assert_int_equal(second, -1);
    assert_int_equal(kith_http_listen(&address, false, &second, NULL), 0);
    assert_true(port_of(second) != address.port);
    close(first);
    close(second);
}

static void an_address_of_elsewhere_is_named(void **state)
{
    const struct kith_address elsewhere = {.host = "192.0.2.1", .port = 8000};
    struct kith_problem problem;
    int fd = -1;
    assert_int_equal(kith_http_listen(&elsewhere, true, &fd, &problem),
                     KITH_EUNREACHABLE);
    assert_non_null(strstr(problem.text, "192.0.2.1:8000"));
}

static void loopback_is_told_from_networks(void **state)
{
    static const char *const here[] = {"127.0.0.1", "127.9.8.7", "::1"};
    static const char *const there[] = {"0.0.0.0", "::",        "10.0.0.1", "128.0.0.1",
                                        "::2",     "localhost", "",         "127.1"};
    for (size_t i = 0; i < COUNT(here); i++)
        assert_true(kith_http_is_loopback(here[i]));
    for (size_t i = 0; i < COUNT(there); i++)
        assert_false(kith_http_is_loopback(there[i]));
    assert_true(kith_http_is_ip("10.0.0.1"));
    assert_false(kith_http_is_ip("localhost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_port_is_the_one_it_got),
        cmocka_unit_test(a_taken_port_is_an_error_or_the_next_free_one),
        cmocka_unit_test(an_address_of_elsewhere_is_named),
        cmocka_unit_test(loopback_is_told_from_networks),
    };
    return cmocka_run_group_tests_name("node/http", tests, NULL, NULL);
}
