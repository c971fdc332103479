/* SPDX-License-Identifier: MIT */
#include "api/server_gate.h"

#include <stdio.h>

#include "lib/unit.h"

static const struct kith_gate ipv4 = {"127.0.0.1", 8000};
static const struct kith_gate ipv6 = {"[::1]", 8000};
static const struct kith_gate plain = {"127.0.0.1", 80};

static void the_bound_address_and_localhost_are_ours(void **state)
{
    assert_true(kith_gate_has_host(&ipv4, "127.0.0.1:8000"));
    assert_true(kith_gate_has_host(&ipv4, "localhost:8000"));
    assert_true(kith_gate_has_host(&ipv4, "LocalHost:8000"));
    assert_true(kith_gate_has_host(&ipv6, "[::1]:8000"));
}

static void every_other_name_is_not(void **state)
{
    static const char *const others[] = {
        "",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:8001",
        "127.0.0.1:80000",
        "127.0.0.2:8000",
        "127.0.0.1.evil.example:8000",
        "evil.example:8000",
        "localhost.evil.example:8000",
        "localhost:8000.evil.example",
        "localhost:8000 ",
        "localhost.:8000",
        "user@localhost:8000",
        "[::1]:8000",
        "2130706433:8000",
        "0.0.0.0:8000",
    };
    for (size_t i = 0; i < COUNT(others); i++)
        if (kith_gate_has_host(&ipv4, others[i]))
            fail_msg("'%s' passed", others[i]);
}

static void only_the_port_of_http_may_be_left_out(void **state)
{
    assert_true(kith_gate_has_host(&plain, "127.0.0.1"));
    assert_true(kith_gate_has_host(&plain, "localhost"));
    assert_true(kith_gate_has_host(&plain, "localhost:80"));
    assert_false(kith_gate_has_host(&plain, "localhost:8000"));
}

static void an_origin_is_ours_by_scheme_name_and_port(void **state)
{
    static const char *const others[] = {
        "",
        "null",
        "http://",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8001",
        "http://127.0.0.1",
        "http://evil.example:8000",
        "http://localhost:8000.evil.example",
        "http://localhost:8000/",
        "localhost:8000",
        "http://localhost:8000 http://evil.example",
    };
    assert_true(kith_gate_has_origin(&ipv4, "http://127.0.0.1:8000"));
    assert_true(kith_gate_has_origin(&ipv4, "http://localhost:8000"));
    for (size_t i = 0; i < COUNT(others); i++)
        if (kith_gate_has_origin(&ipv4, others[i]))
            fail_msg("'%s' passed", others[i]);
}

static void who_listens_everywhere_is_asked_at_the_loopback_of_its_family(void **state)
{
    static const char *const cases[][2] = {
        {"0.0.0.0", "127.0.0.1"},
        {"[::]", "[::1]"},
        {"192.0.2.1", "192.0.2.1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kith_gate gate = {.port = 8000};
        snprintf(gate.host, sizeof gate.host, "%s", cases[i][0]);
        kith_gate_any_to_loopback(&gate);
        assert_string_equal(gate.host, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_address_and_localhost_are_ours),
        cmocka_unit_test(who_listens_everywhere_is_asked_at_the_loopback_of_its_family),
        cmocka_unit_test(every_other_name_is_not),
        cmocka_unit_test(only_the_port_of_http_may_be_left_out),
        cmocka_unit_test(an_origin_is_ours_by_scheme_name_and_port),
    };
    return cmocka_run_group_tests_name("api/gate", tests, NULL, NULL);
}
