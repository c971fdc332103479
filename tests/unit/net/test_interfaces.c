/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "net/interfaces.h"
#include "net/sockaddr.h"
#include "own_network.h"

static struct sockaddr_storage at(const char *host)
{
    struct kith_address address = {.port = 1};
    snprintf(address.host, sizeof address.host, "%s", host);
    struct sockaddr_storage out;
    assert_true(kith_sockaddr_parse(&address, &out));
    return out;
}

static void add(struct kith_interfaces *to, unsigned interface, const char *host,
                unsigned bits)
{
    struct kith_interface_address *added = &to->addresses[to->count++];
    struct sockaddr_storage address = at(host);
    added->interface = interface;
    added->family = address.ss_family;
    if (address.ss_family == AF_INET)
        memcpy(added->address, &((struct sockaddr_in *)&address)->sin_addr, 4);
    else
        memcpy(added->address, &((struct sockaddr_in6 *)&address)->sin6_addr, 16);
    for (unsigned i = 0; i < bits; i++)
        added->mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

static bool reach(const struct kith_interfaces *interfaces, const char *host)
{
    struct sockaddr_storage address = at(host);
    return kith_interfaces_reach(interfaces, &address);
}

static void a_subnet_ends_at_its_mask(void **state)
{
    struct kith_interfaces interfaces = {0};
    assert_false(reach(&interfaces, "10.1.2.3"));
    add(&interfaces, 2, "10.1.2.3", 22);
    add(&interfaces, 2, "fd00::1", 64);
    assert_true(reach(&interfaces, "10.1.0.0") && reach(&interfaces, "10.1.3.255"));
    assert_false(reach(&interfaces, "10.1.4.0") || reach(&interfaces, "10.0.255.255"));
    assert_true(reach(&interfaces, "fd00::ffff:ffff:ffff:ffff"));
    assert_false(reach(&interfaces, "fd00:0:0:1::1"));
}

static void families_are_not_mixed_up(void **state)
{
    struct kith_interfaces interfaces = {0};
    add(&interfaces, 2, "0.0.0.1", 8);
    assert_true(reach(&interfaces, "0.1.1.1"));
    assert_false(reach(&interfaces, "::1"));
}

static void each_interface_is_met_once_a_family(void **state)
{
    struct kith_interfaces interfaces = {0};
    add(&interfaces, 2, "10.0.0.1", 24);
    add(&interfaces, 3, "10.0.0.2", 24);
    add(&interfaces, 2, "10.0.1.1", 24);
    add(&interfaces, 2, "fe80::1", 64);
    add(&interfaces, 2, "fd00::1", 64);
    const bool wanted[] = {true, true, false, true, false};
    for (size_t i = 0; i < COUNT(wanted); i++)
        assert_int_equal(kith_interfaces_is_first(&interfaces, i), wanted[i]);
    assert_true(kith_interfaces_have(&interfaces, 3, AF_INET));
    assert_true(kith_interfaces_have(&interfaces, 3, AF_UNSPEC));
    assert_false(kith_interfaces_have(&interfaces, 3, AF_INET6));
    assert_false(kith_interfaces_have(&interfaces, 4, AF_UNSPEC));
}

static void the_broadcast_address_has_all_host_bits_set(void **state)
{
    struct kith_interfaces interfaces = {0};
    add(&interfaces, 2, "10.1.2.3", 22);
    struct in_addr got = kith_interface_address_broadcast(&interfaces.addresses[0]);
    assert_int_equal(ntohl(got.s_addr), 0x0a0103ff);
}

static void every_difference_is_one(void **state)
{
    struct kith_interfaces a = {0};
    struct kith_interfaces b = {0};
    add(&a, 2, "10.0.0.1", 24);
    assert_false(kith_interfaces_equal(&a, &b));
    add(&b, 2, "10.0.0.1", 24);
    assert_true(kith_interfaces_equal(&a, &b));
    b.addresses[0].is_multicast = true;
    assert_false(kith_interfaces_equal(&a, &b));
    b = (struct kith_interfaces){0};
    add(&b, 2, "10.0.0.1", 25);
    assert_false(kith_interfaces_equal(&a, &b));
}

static void loopback_takes_part_only_while_it_is_up(void **state)
{
    if (!own_network_enter())
        skip();
    struct kith_interfaces now;
    kith_interfaces_read(&now);
    assert_true(now.count >= 1);
    const struct kith_interface_address *first = &now.addresses[0];
    assert_int_equal(first->family, AF_INET);
    assert_true(first->is_multicast && first->is_broadcast && first->interface == 1);
    assert_int_equal(ntohl(kith_interface_address_broadcast(first).s_addr), 0x7fffffff);
    own_network_set_loopback(false);
    kith_interfaces_read(&now);
    assert_int_equal(now.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subnet_ends_at_its_mask),
        cmocka_unit_test(families_are_not_mixed_up),
        cmocka_unit_test(each_interface_is_met_once_a_family),
        cmocka_unit_test(the_broadcast_address_has_all_host_bits_set),
        cmocka_unit_test(every_difference_is_one),
        cmocka_unit_test(loopback_takes_part_only_while_it_is_up),
    };
    return cmocka_run_group_tests_name("net interfaces", tests, NULL, NULL);
}
