/* SPDX-License-Identifier: MIT */
#include "node/reach.h"

#include <sys/socket.h>

#include "lib/unit.h"

/* Loopback and an interface, with the addresses of the link that are no use elsewhere. */
static const struct kith_interfaces host = {
    .count = 5,
    .addresses = {
        {.family = AF_INET, .address = {127, 0, 0, 1}, .is_loopback = true},
        {.family = AF_INET, .address = {192, 0, 2, 9}},
        {.family = AF_INET, .address = {169, 254, 0, 9}},
        {.family = AF_INET6, .address = {0xfe, 0x80, [15] = 9}},
        {.family = AF_INET6, .address = {0x20, 0x01, 0x0d, 0xb8, [15] = 9}},
    }};

static void a_given_address_is_told_as_it_is(void **state)
{
    struct kith_address bound = {.host = "192.0.2.7", .port = 1234}, out[8];
    (void)state;
    assert_int_equal(kith_reach(&bound, 1, &host, out, COUNT(out)), 1);
    assert_true(kith_address_equal(&out[0], &bound));
}

static void a_wildcard_becomes_addresses_of_this_host(void **state)
{
    const struct kith_address any = {.host = "", .port = 1234};
    const struct kith_address any4 = {.host = "0.0.0.0", .port = 1234};
    struct kith_address out[8];
    (void)state;
    assert_int_equal(kith_reach(&any, 1, &host, out, COUNT(out)), 2);
    assert_string_equal(out[0].host, "192.0.2.9");
    assert_int_equal(out[0].port, 1234);
    assert_string_equal(out[1].host, "2001:db8::9");
    assert_int_equal(kith_reach(&any4, 1, &host, out, COUNT(out)), 1);
    assert_string_equal(out[0].host, "192.0.2.9");
    const struct kith_interfaces alone = {.count = 1, .addresses = {host.addresses[0]}};
    assert_int_equal(kith_reach(&any, 1, &alone, out, COUNT(out)), 1);
    assert_string_equal(out[0].host, "127.0.0.1");
}

static void there_are_never_more_than_fit(void **state)
{
    struct kith_address bound[3] = {{.host = "192.0.2.7", .port = 1},
                                    {.host = "192.0.2.8", .port = 2},
                                    {.host = "", .port = 3}};
    struct kith_address out[2] = {0};
    (void)state;
    assert_int_equal(kith_reach(bound, 3, &host, out, 2), 2);
    assert_int_equal(out[1].port, 2);
}

/* A server with ten bridges of containers, and a card that was plugged in after them. */
static void of_many_addresses_the_useful_ones_are_told(void **state)
{
    const struct kith_address any = {.host = "", .port = 1};
    struct kith_interfaces many = {.count = 23};
    struct kith_address out[8];
    (void)state;
    for (uint8_t i = 0; i < 20; i++)
        many.addresses[i] = (struct kith_interface_address){
            .family = AF_INET,
            .interface = 1 + i / 2u,
            .address = {172, 16, (uint8_t)(i / 2), (uint8_t)(1 + i % 2)}};
    many.addresses[20] = (struct kith_interface_address){
        .family = AF_INET, .interface = 11, .address = {192, 168, 1, 5}, .is_main = true};
    many.addresses[21] =
        (struct kith_interface_address){.family = AF_INET6,
                                        .interface = 11,
                                        .address = {0x20, 0x01, 0x04, 0x70, [15] = 9}};
    many.addresses[22] = (struct kith_interface_address){
        .family = AF_INET6, .interface = 11, .address = {0xfd, [15] = 9}};
    assert_int_equal(kith_reach(&any, 1, &many, out, COUNT(out)), 8);
    assert_string_equal(out[0].host, "192.168.1.5");
    assert_string_equal(out[1].host, "2001:470::9");
    assert_string_equal(out[2].host,
                        "172.16.0.1"); /* one of each, before any two of one */
    assert_string_equal(out[3].host, "172.16.1.1");
    assert_string_equal(out[7].host, "172.16.5.1");
}

static void what_others_reach_comes_first_and_is_what_beacons_tell(void **state)
{
    struct kith_address bound[4] = {{.host = "127.0.0.1", .port = 1},
                                    {.host = "192.0.2.7", .port = 2},
                                    {.host = "::1", .port = 2},
                                    {.host = "2001:db8::7", .port = 2}};
    struct kith_address out[4];
    (void)state;
    assert_int_equal(kith_reach(bound, 4, &host, out, 4), 4);
    assert_string_equal(out[0].host, "192.0.2.7");
    assert_string_equal(out[1].host, "2001:db8::7");
    assert_int_equal(out[2].port, 1);
    assert_int_equal(kith_reach_sources(bound, 4, out, 4), 3);
    assert_string_equal(out[0].host, "192.0.2.7");
    assert_string_equal(out[1].host, "2001:db8::7");
    assert_string_equal(out[2].host, "::1");
    assert_int_equal(kith_reach_sources(bound, 1, out, 4), 1);
    assert_string_equal(out[0].host, "127.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_address_is_told_as_it_is),
        cmocka_unit_test(a_wildcard_becomes_addresses_of_this_host),
        cmocka_unit_test(there_are_never_more_than_fit),
        cmocka_unit_test(of_many_addresses_the_useful_ones_are_told),
        cmocka_unit_test(what_others_reach_comes_first_and_is_what_beacons_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
