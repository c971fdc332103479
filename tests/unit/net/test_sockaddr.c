/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "lib/unit.h"

#include <stdio.h>
#include <net/if.h>
#include <netinet/in.h>
#include "net/sockaddr.h"

static bool parse(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    struct kith_address address = {.port = port};
    snprintf(address.host, sizeof address.host, "%s", host);
    return kith_sockaddr_parse(&address, out);
}

static void numeric_hosts_go_there_and_back(void **state)
{
    const char *const hosts[] = {"127.0.0.1", "192.0.2.33", "::1", "2001:db8::7", "::"};
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct sockaddr_storage at;
        struct kith_address back;
        assert_true(parse(hosts[i], 4747, &at));
        kith_sockaddr_format(&at, &back);
        assert_string_equal(back.host, hosts[i]);
        assert_int_equal(back.port, 4747);
    }
}

static void names_and_nothing_are_not_numeric(void **state)
{
    struct sockaddr_storage at;
    assert_false(parse("localhost", 1, &at));
    assert_false(parse("", 1, &at));
    assert_false(parse("1.2.3.4.5", 1, &at));
}

static void the_scope_of_a_link_local_address_is_kept(void **state)
{
    char name[IF_NAMESIZE];
    if (!if_indextoname(1, name))
        skip();
    char host[64] = "fe80::1%";
    strncat(host, name, sizeof host - strlen(host) - 1);
    struct sockaddr_storage at;
    struct kith_address back;
    assert_true(parse(host, 1, &at));
    assert_int_equal(((struct sockaddr_in6 *)&at)->sin6_scope_id, 1);
    kith_sockaddr_format(&at, &back);
    assert_string_equal(back.host, host);
}

static void mapped_ipv4_is_shown_plain(void **state)
{
    struct sockaddr_storage mapped, plain, other;
    struct kith_address back;
    assert_true(parse("::ffff:192.0.2.1", 7, &mapped));
    assert_true(parse("192.0.2.1", 7, &plain));
    assert_true(parse("192.0.2.2", 7, &other));
    kith_sockaddr_format(&mapped, &back);
    assert_string_equal(back.host, "192.0.2.1");
    assert_int_equal(back.port, 7);
    assert_true(kith_sockaddr_equal(&mapped, &plain));
    assert_false(kith_sockaddr_equal(&mapped, &other));
    assert_int_equal(mapped.ss_family, AF_INET6);
}

static void equal_are_host_port_and_scope(void **state)
{
    struct sockaddr_storage mapped, plain, other_port, scoped, other_scope;
    assert_true(parse("::ffff:192.0.2.1", 7, &mapped));
    assert_true(parse("192.0.2.1", 7, &plain));
    assert_true(parse("192.0.2.1", 8, &other_port));
    assert_true(parse("fe80::1%1", 7, &scoped));
    assert_true(parse("fe80::1%2", 7, &other_scope));
    assert_true(kith_sockaddr_equal(&mapped, &plain));
    assert_false(kith_sockaddr_equal(&plain, &other_port));
    assert_true(kith_sockaddr_equal(&scoped, &scoped));
    assert_false(kith_sockaddr_equal(&scoped, &other_scope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_hosts_go_there_and_back),
        cmocka_unit_test(names_and_nothing_are_not_numeric),
        cmocka_unit_test(the_scope_of_a_link_local_address_is_kept),
        cmocka_unit_test(mapped_ipv4_is_shown_plain),
        cmocka_unit_test(equal_are_host_port_and_scope),
    };
    return cmocka_run_group_tests_name("net sockaddr", tests, NULL, NULL);
}
