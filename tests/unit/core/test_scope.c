/* SPDX-License-Identifier: MIT */
#include "core/scope.h"

#include <string.h>

#include "core/exchange.h"
#include "lib/unit.h"

static void loopback_is_this_host_alone(void **state)
{
    (void)state;
    static const char *const loopback[] = {"127.0.0.1", "127.255.0.3", "::1"};
    static const char *const others[] = {
        "128.0.0.1",        "10.127.0.1", "::2",     "::",  "localhost",
        "12.7.0.1",         "",           "127.0.0", "127", "127.a.example",
        "127.0.0.1.example"};
    for (size_t i = 0; i < COUNT(loopback); i++)
        assert_true(kith_scope_is_loopback(loopback[i]));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(kith_scope_is_loopback(others[i]));
}

static void what_is_dialled_from_everywhere_is_global(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "1.1.1.1",     "9.255.255.255", "11.0.0.0",    "100.63.255.255",
        "100.128.0.0", "126.0.0.1",     "128.0.0.1",   "169.253.0.1",
        "172.15.0.1",  "172.32.0.1",    "192.167.0.1", "192.169.0.1",
        "223.1.2.3",   "2001:db8::1",   "2a00::1",     "3fff::1",
    };
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (!kith_scope_is_global(hosts[i]))
            fail_msg("%s is not global", hosts[i]);
}

static void what_has_a_meaning_nearby_only_is_not_global(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2001::1%eth0",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:1.1.1.1",
        "2::1",
        "20::1",
        "200::1",
    };
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (kith_scope_is_global(hosts[i]))
            fail_msg("%s is global", hosts[i]);
}

static void names_and_what_is_no_address_are_not_global(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "",         "example.org", "1.1.1",    "1.1.1.1.1",           "1.1.1.256",
        "1.1.1.1 ", "1..1.1",      "-1.1.1.1", "1.1.1.99999999999999"};
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (kith_scope_is_global(hosts[i]))
            fail_msg("%s is global", hosts[i]);
}

static void usual_addresses_are_public(void **state)
{
    (void)state;
    static const char *const good[] = {"10.0.0.1",    "192.168.1.2", "172.16.0.1",
                                       "100.64.0.1",  "8.8.8.8",     "223.255.255.1",
                                       "2001:db8::1", "fd00::1",     "22.4.5.6"};
    for (size_t i = 0; i < COUNT(good); i++) {
        struct kith_address address = {.port = 4747};
        memcpy(address.host, good[i], strlen(good[i]) + 1);
        if (!kith_exchange_is_public(&address))
            fail_msg("%s is not", good[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_this_host_alone),
        cmocka_unit_test(what_is_dialled_from_everywhere_is_global),
        cmocka_unit_test(what_has_a_meaning_nearby_only_is_not_global),
        cmocka_unit_test(names_and_what_is_no_address_are_not_global),
        cmocka_unit_test(usual_addresses_are_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
