/* SPDX-License-Identifier: MIT */
#include "node/reach.h"

#include "lib/unit.h"

static void a_given_address_is_told_as_it_is(void **state)
{
    struct kith_address bound = {.host = "192.0.2.7", .port = 1234}, out[8];
    (void)state;
    assert_int_equal(kith_reach(&bound, 1, out, COUNT(out)), 1);
    assert_true(kith_address_equal(&out[0], &bound));
}

static void a_wildcard_becomes_addresses_of_this_host(void **state)
{
    struct kith_address bound = {.host = "", .port = 1234}, out[8];
    (void)state;
    size_t count = kith_reach(&bound, 1, out, COUNT(out));
    assert_true(count >= 1); /* loopback at the least */
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out[i].port, 1234);
        assert_true(out[i].host[0] != '\0');
        assert_null(strstr(out[i].host, "fe80:"));
    }
}

static void there_are_never_more_than_fit(void **state)
{
    struct kith_address bound[3] = {{.host = "192.0.2.7", .port = 1},
                                    {.host = "192.0.2.8", .port = 2},
                                    {.host = "", .port = 3}};
    struct kith_address out[2] = {0};
    (void)state;
    assert_int_equal(kith_reach(bound, 3, out, 2), 2);
    assert_int_equal(out[1].port, 2);
}

static void what_others_reach_comes_first_and_is_what_beacons_tell(void **state)
{
    struct kith_address bound[4] = {{.host = "127.0.0.1", .port = 1},
                                    {.host = "192.0.2.7", .port = 2},
                                    {.host = "::1", .port = 2},
                                    {.host = "2001:db8::7", .port = 2}};
    struct kith_address out[4];
    (void)state;
    assert_int_equal(kith_reach(bound, 4, out, 4), 4);
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
        cmocka_unit_test(what_others_reach_comes_first_and_is_what_beacons_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
