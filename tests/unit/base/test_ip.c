/* SPDX-License-Identifier: MIT */
#include "base/ip.h"

#include "lib/unit.h"

static struct kith_ip ip(const char *host)
{
    struct kith_ip out;
    assert_true(kith_ip_parse(host, &out));
    return out;
}

static void both_families_come_back_as_they_are_written(void **state)
{
    static const char *const texts[] = {"192.0.2.1:4747", "[2001:db8::1]:1",
                                        "[::1]:65535"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct kith_ip_port place;
        char text[KITH_ADDRESS_TEXT_SIZE];
        assert_true(kith_ip_port_parse(kith_bytes(texts[i], strlen(texts[i])), &place));
        struct kith_address address = kith_ip_port_address(&place);
        kith_address_format(&address, text);
        assert_string_equal(text, texts[i]);
    }
}

static void what_is_no_address_with_a_port_is_refused(void **state)
{
    static const char *const texts[] = {
        "",    "192.0.2.1",      "192.0.2.1:0", "example.org:1", "[fe80::1%eth0]:1",
        "::1", "192.0.2.1:65536"};
    struct kith_ip_port place;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_false(kith_ip_port_parse(kith_bytes(texts[i], strlen(texts[i])), &place));
}

static void mapped_and_plain_ipv4_are_one_host(void **state)
{
    struct kith_ip plain = ip("192.0.2.1"), dressed = ip("::ffff:192.0.2.1");
    assert_true(kith_ip_equal(&plain, &dressed));
}

static void a_zone_is_left_out(void **state)
{
    struct kith_ip with = ip("fe80::1%eth0"), without = ip("fe80::1");
    assert_true(kith_ip_equal(&with, &without));
}

static void a_household_is_an_ipv4_address_or_a_64(void **state)
{
    struct kith_ip a = ip("2001:db8::1"), b = ip("2001:db8::2:3"),
                   c = ip("2001:db8:0:1::1");
    struct kith_ip home_a = kith_ip_household(&a), home_b = kith_ip_household(&b);
    struct kith_ip home_c = kith_ip_household(&c);
    assert_true(kith_ip_equal(&home_a, &home_b));
    assert_false(kith_ip_equal(&home_a, &home_c));
    struct kith_ip d = ip("192.0.2.1"), home_d = kith_ip_household(&d);
    assert_true(kith_ip_equal(&d, &home_d));
}

static void expect(enum kith_ip_reach reach, const char *const *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kith_ip at = ip(hosts[i]);
        assert_int_equal(kith_ip_reach(&at), reach);
    }
}

static void every_range_leads_as_far_as_it_should(void **state)
{
    static const char *const local[] = {
        "0.1.2.3", "127.0.0.1", "169.254.1.1",  "224.0.0.1",         "255.255.255.255",
        "::",      "::1",       "::192.0.2.1",  "fe80::1",           "febf::1",
        "ff02::1", "2002::1",   "64:ff9b::a00", "::ffff:127.255.0.1"};
    static const char *const inside[] = {
        "10.1.2.3",   "100.64.0.1",     "100.127.255.255",
        "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "fc00::1",    "fdff::1",        "::ffff:10.0.0.1"};
    static const char *const global[] = {"1.1.1.1",     "100.63.0.1", "100.128.0.1",
                                         "172.15.0.1",  "172.32.0.1", "223.255.255.255",
                                         "2001:db8::1", "2a00::1",    "fbff::1"};
    expect(KITH_IP_LOCAL, local, COUNT(local));
    expect(KITH_IP_PRIVATE, inside, COUNT(inside));
    expect(KITH_IP_GLOBAL, global, COUNT(global));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_come_back_as_they_are_written),
        cmocka_unit_test(what_is_no_address_with_a_port_is_refused),
        cmocka_unit_test(mapped_and_plain_ipv4_are_one_host),
        cmocka_unit_test(a_zone_is_left_out),
        cmocka_unit_test(a_household_is_an_ipv4_address_or_a_64),
        cmocka_unit_test(every_range_leads_as_far_as_it_should),
    };
    return cmocka_run_group_tests_name("base/ip", tests, NULL, NULL);
}
