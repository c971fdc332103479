/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "lib/unit.h"
#include "net/lan.h"
#include "net/sockaddr.h"

static struct sockaddr_storage at(const char *host)
{
    struct kith_address address = {.port = 1};
    snprintf(address.host, sizeof address.host, "%s", host);
    struct sockaddr_storage out;
    assert_true(kith_sockaddr_parse(&address, &out));
    return out;
}

static bool is_local(const char *host)
{
    struct sockaddr_storage address = at(host);
    return kith_lan_is_local(&address);
}

static bool is_private(const char *host)
{
    struct sockaddr_storage address = at(host);
    return kith_lan_is_private(&address);
}

static void loopback_and_link_local_are_local(void **state)
{
    assert_true(is_local("127.0.0.1") && is_local("127.255.255.255"));
    assert_true(is_local("169.254.3.4"));
    assert_true(is_local("::1") && is_local("fe80::1") && is_local("febf::1"));
    assert_true(is_local("::ffff:127.0.0.1"));
    assert_false(is_local("128.0.0.1") || is_local("169.253.0.1"));
    assert_false(is_local("10.0.0.1") || is_local("fec0::1") || is_local("::2"));
}

static void private_ranges_end_where_they_end(void **state)
{
    assert_true(is_private("10.0.0.0") && is_private("10.255.255.255"));
    assert_true(is_private("172.16.0.1") && is_private("172.31.255.255"));
    assert_true(is_private("192.168.0.1") && is_private("::ffff:192.168.9.9"));
    assert_true(is_private("fc00::1") && is_private("fdff::1"));
    assert_false(is_private("172.15.255.255") || is_private("172.32.0.0"));
    assert_false(is_private("11.0.0.1") || is_private("192.169.0.1"));
    assert_false(is_private("fe00::1") || is_private("2001:db8::1"));
}

static void a_private_network_counts_while_we_are_on_it(void **state)
{
    struct sockaddr_storage own = at("127.9.9.9");
    struct sockaddr_storage near = at("10.1.2.3");
    struct sockaddr_storage mapped = at("::ffff:10.1.2.3");
    struct sockaddr_storage beyond = at("10.1.3.3");
    struct sockaddr_storage public = at("203.0.113.7");
    const struct kith_interfaces here = {.count = 2,
                                         .addresses = {{.address = {10, 1, 2, 9},
                                                        .mask = {255, 255, 255, 0},
                                                        .interface = 1,
                                                        .family = AF_INET},
                                                       {.address = {203, 0, 113, 1},
                                                        .mask = {255, 255, 255, 0},
                                                        .interface = 2,
                                                        .family = AF_INET}}};
    assert_true(kith_lan_has(&here, &own));
    assert_true(kith_lan_has(&here, &near) && kith_lan_has(&here, &mapped));
    assert_false(kith_lan_has(&here, &beyond));
    assert_false(kith_lan_has(&here, &public)); /* a provider's network may be slow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_and_link_local_are_local),
        cmocka_unit_test(private_ranges_end_where_they_end),
        cmocka_unit_test(a_private_network_counts_while_we_are_on_it),
    };
    return cmocka_run_group_tests_name("net lan", tests, NULL, NULL);
}
