/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <ifaddrs.h>
#include <stdio.h>

#include "endpoint.h"
#include "net/lan.h"
#include "net/sockaddr.h"
#include "own_network.h"

static size_t readings; /* of all interfaces */

int getifaddrs(struct ifaddrs **out)
{
    typedef int reader(struct ifaddrs **);
    void *symbol = dlsym(RTLD_NEXT, "getifaddrs");
    reader *libc;
    memcpy(&libc, &symbol, sizeof(libc));
    readings++;
    return libc(out);
}

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

/* Of a link to an address of this host: is it of the LAN, and were interfaces read? */
static bool link_over(const char *host, bool *out_is_read)
{
    uv_loop_t loop;
    own_network_add_address(host);
    uv_loop_init(&loop);
    struct endpoint *alice = endpoint_new(&loop, seed_alice, &id_alice, NULL);
    struct endpoint *bob = endpoint_new(&loop, seed_bob, &id_bob, NULL);
    endpoint_listen(bob, host);
    readings = 0;
    assert_int_equal(endpoint_dial(alice, 1, &bob->at, &id_bob), 0);
    turn_until(&loop, alice, bob, &alice->up_count, 1);
    turn_until(&loop, alice, bob, &bob->up_count, 1);
    bool is_lan = alice->up.is_lan;
    assert_string_equal(bob->up.remote.host, host);
    assert_int_equal(bob->up.is_lan, is_lan);
    *out_is_read = readings > 0;
    endpoint_free(&loop, alice);
    endpoint_free(&loop, bob);
    loop_close(&loop);
    return is_lan;
}

static void interfaces_are_read_where_a_link_may_be_private(void **state)
{
    bool is_read;
    if (!own_network_enter())
        skip();
    assert_true(link_over("10.1.2.3", &is_read) && is_read);
    assert_false(link_over("203.0.113.7", &is_read) || is_read);
    assert_true(link_over("169.254.3.4", &is_read) && !is_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_and_link_local_are_local),
        cmocka_unit_test(private_ranges_end_where_they_end),
        cmocka_unit_test(a_private_network_counts_while_we_are_on_it),
        cmocka_unit_test(interfaces_are_read_where_a_link_may_be_private),
    };
    return cmocka_run_group_tests_name("net lan", tests, NULL, NULL);
}
