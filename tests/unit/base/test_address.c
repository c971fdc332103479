/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <stdlib.h>

#include "kith/error.h"
#include "lib/unit.h"

/* Each input lies in a block of its own size, so that a sanitizer sees a read past
 * its end. */
static int parse(struct kith_bytes text, uint16_t port_default, bool allow_any,
                 struct kith_address *out, const char **why)
{
    uint8_t *copy = malloc(text.size > 0 ? text.size : 1);
    assert_non_null(copy);
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    int result = kith_address_parse(kith_bytes(copy, text.size), port_default, allow_any,
                                    out, why);
    free(copy);
    return result;
}

static void assert_address(const char *text, bool allow_any, const char *host,
                           uint16_t port, const char *formatted)
{
    struct kith_address address, again;
    const char *why = NULL;
    if (parse(kith_bytes(text, strlen(text)), KITH_PORT_DEFAULT, allow_any, &address,
              &why) != 0)
        fail_msg("refused: %s: %s", text, why);
    assert_string_equal(address.host, host);
    assert_int_equal(address.port, port);
    char out[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(&address, out);
    assert_string_equal(out, formatted);
    assert_int_equal(parse(kith_bytes(out, strlen(out)), 1, allow_any, &again, NULL), 0);
    assert_true(kith_address_equal(&address, &again));
}

static void assert_no_address(struct kith_bytes text, bool allow_any,
                              const char *why_part)
{
    struct kith_address address = {.host = "untouched", .port = 1};
    const char *why = NULL;
    if (parse(text, KITH_PORT_DEFAULT, allow_any, &address, &why) != KITH_EADDRESS)
        fail_msg("accepted: %.*s", (int)text.size, (const char *)text.data);
    assert_string_equal(address.host, "untouched");
    assert_int_equal(address.port, 1);
    assert_non_null(why);
    if (!strstr(why, why_part))
        fail_msg("%.*s: %s", (int)text.size, (const char *)text.data, why);
    assert_int_equal(parse(text, KITH_PORT_DEFAULT, allow_any, &address, NULL),
                     KITH_EADDRESS);
}

static void hosts_go_with_and_without_a_port(void **state)
{
    assert_address("example.org", false, "example.org", 4747, "example.org:4747");
    assert_address("example.org:80", false, "example.org", 80, "example.org:80");
    assert_address("localhost:65535", false, "localhost", 65535, "localhost:65535");
    assert_address("1.2.3.4", false, "1.2.3.4", 4747, "1.2.3.4:4747");
    assert_address("1.2.3.4:1", false, "1.2.3.4", 1, "1.2.3.4:1");
}

static void ipv6_goes_bare_or_in_brackets(void **state)
{
    assert_address("::1", false, "::1", 4747, "[::1]:4747");
    assert_address("[::1]", false, "::1", 4747, "[::1]:4747");
    assert_address("[::1]:80", false, "::1", 80, "[::1]:80");
    assert_address("[fe80::1%eth0]:80", false, "fe80::1%eth0", 80, "[fe80::1%eth0]:80");
    assert_address("fe80::1%eth0", false, "fe80::1%eth0", 4747, "[fe80::1%eth0]:4747");
    assert_address("::ffff:1.2.3.4", false, "::ffff:1.2.3.4", 4747,
                   "[::ffff:1.2.3.4]:4747");
}

static void addresses_have_one_form(void **state)
{
    assert_address("[0:0:0:0:0:0:0:1]", false, "::1", 4747, "[::1]:4747");
    assert_address("2001:DB8::A", false, "2001:db8::a", 4747, "[2001:db8::a]:4747");
    assert_address("Example.ORG", false, "example.org", 4747, "example.org:4747");
    assert_address("example.org:0080", false, "example.org", 80, "example.org:80");
}

static void host_names_may_be_absolute_international_and_odd(void **state)
{
    assert_address("example.org.", false, "example.org.", 4747, "example.org.:4747");
    assert_address("b\xC3\xBC"
                   "cher.example",
                   false,
                   "b\xC3\xBC"
                   "cher.example",
                   4747,
                   "b\xC3\xBC"
                   "cher.example:4747");
    assert_address("my_host", false, "my_host", 4747, "my_host:4747");
    assert_address("xn--bcher-kva", false, "xn--bcher-kva", 4747, "xn--bcher-kva:4747");
    assert_address("3com.com", false, "3com.com", 4747, "3com.com:4747");
    assert_address("1.2.3.4.example", false, "1.2.3.4.example", 4747,
                   "1.2.3.4.example:4747");
}

static void any_host_and_any_port_are_for_listening_only(void **state)
{
    assert_address(":4747", true, "", 4747, ":4747");
    assert_address(":0", true, "", 0, ":0");
    assert_address("127.0.0.1:0", true, "127.0.0.1", 0, "127.0.0.1:0");
    assert_no_address(BYTES(":4747"), false, "no host");
    assert_no_address(BYTES("127.0.0.1:0"), false, "port 0");
    assert_no_address(BYTES(""), true, "empty");
    assert_no_address(kith_bytes(NULL, 0), true, "empty");
    assert_no_address(BYTES(":"), true, "port");
    assert_no_address(BYTES("[]:4747"), true, "IPv6");
}

static void without_a_default_the_port_must_be_named(void **state)
{
    struct kith_address address;
    const char *why = NULL;
    assert_int_equal(parse(BYTES("localhost"), 0, false, &address, &why), KITH_EADDRESS);
    assert_string_equal(why, "the address names no port");
    assert_int_equal(parse(BYTES("localhost:1"), 0, false, &address, &why), 0);
    assert_int_equal(parse(BYTES("localhost"), 0, true, &address, &why), 0);
    assert_int_equal(address.port, 0);
}

static void wrong_ports_are_refused(void **state)
{
    const char *texts[] = {"a:",     "a:65536",     "a:99999", "a:100000", "a:-1",
                           "a:+1",   "a: 1",        "a:1 ",    "a:x",      "a:1x",
                           "[::1]:", "[::1]:65536", "[::1]:x"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_no_address(kith_bytes(texts[i], strlen(texts[i])), false, "a port is");
}

static void numbers_that_are_no_ipv4_address_are_refused(void **state)
{
    const char *texts[] = {"4747",      "1.2.3",    "1.2.3.256", "1.2.3.4.5", "1.2.3.04",
                           "example.1", "1.2.3.4.", "4747:1",    "0.0.0.0.0"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_no_address(kith_bytes(texts[i], strlen(texts[i])), false, "IPv4");
}

static void wrong_ipv6_addresses_are_refused(void **state)
{
    const char *texts[] = {
        ":::", "::1::2", "1:2:3:4:5:6:7:8:9", "[localhost]", "[1.2.3.4]", "host:1:2",
        "[]",  "::g",    "[%eth0]",           "12345::1"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_no_address(kith_bytes(texts[i], strlen(texts[i])), false, "IPv6");
    assert_no_address(BYTES("[::1"), false, "not closed");
    assert_no_address(BYTES("["), false, "not closed");
    assert_no_address(BYTES("[::1]]"), false, "bracket");
    assert_no_address(BYTES("[::1]80"), false, "behind the bracket");
    assert_no_address(BYTES("[fe80::1%]"), false, "interface");
    assert_no_address(BYTES("[fe80::1%a b]"), false, "interface");
    assert_no_address(BYTES("[fe80::1%a%b]"), false, "interface");
    assert_no_address(BYTES("[fe80::1%sixteen-letters-]"), false, "interface");
    assert_no_address(BYTES("[::1\0]"), false, "IPv6");
}

static void wrong_host_names_are_refused(void **state)
{
    const char *texts[] = {" host",
                           "ho st",
                           "host ",
                           ".",
                           "..",
                           ".host",
                           "a..b",
                           "a..",
                           "-host",
                           "host-",
                           "a.-b",
                           "a_b!",
                           "a@b",
                           "a\nb",
                           "*",
                           "a,b",
                           "a\x7f",
                           "a\xE2\x80\xAE"
                           "b",
                           "a\xFF"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_no_address(kith_bytes(texts[i], strlen(texts[i])), false, "host name");
    assert_no_address(BYTES("a\0b"), false, "host name");
    assert_no_address(BYTES("host/path"), false, "host:port");
    assert_no_address(BYTES("http://host"), false, "");
}

static void hosts_and_labels_have_their_limits(void **state)
{
    char text[300];
    memset(text, 'a', sizeof text);
    assert_no_address(kith_bytes(text, 64), false, "host name");
    for (size_t i = 63; i < sizeof text; i += 64)
        text[i] = '.';
    struct kith_address address;
    assert_int_equal(parse(kith_bytes(text, 63), 1, false, &address, NULL), 0);
    assert_int_equal(parse(kith_bytes(text, 255), 65535, false, &address, NULL), 0);
    char out[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(&address, out);
    assert_int_equal(strlen(out), 255 + 6);
    assert_no_address(kith_bytes(text, 256), false, "255");
    assert_no_address(kith_bytes(text, sizeof text), false, "255");
}

static void equal_means_host_and_port(void **state)
{
    struct kith_address a = {"Host", 1}, b = {"host", 1}, c = {"host", 2},
                        d = {"other", 1};
    assert_true(kith_address_equal(&a, &b));
    assert_false(kith_address_equal(&b, &c));
    assert_false(kith_address_equal(&b, &d));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_go_with_and_without_a_port),
        cmocka_unit_test(ipv6_goes_bare_or_in_brackets),
        cmocka_unit_test(addresses_have_one_form),
        cmocka_unit_test(host_names_may_be_absolute_international_and_odd),
        cmocka_unit_test(any_host_and_any_port_are_for_listening_only),
        cmocka_unit_test(without_a_default_the_port_must_be_named),
        cmocka_unit_test(wrong_ports_are_refused),
        cmocka_unit_test(numbers_that_are_no_ipv4_address_are_refused),
        cmocka_unit_test(wrong_ipv6_addresses_are_refused),
        cmocka_unit_test(wrong_host_names_are_refused),
        cmocka_unit_test(hosts_and_labels_have_their_limits),
        cmocka_unit_test(equal_means_host_and_port),
    };
    return cmocka_run_group_tests_name("base/address", tests, NULL, NULL);
}
