/* SPDX-License-Identifier: MIT */
/* The bytes of PCP; the exchange is in test_portmap.c. */
#include "lib/unit.h"

#include <arpa/inet.h>

#include "net/portmap_pcp.h"

static const struct kith_pcp_nonce nonce = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};

/* By RFC 6887, 7.1 and 11.1. */
static const uint8_t request[KITH_PCP_MAP_SIZE] =
    "\x02\x01\x00\x00\x00\x00\x0e\x10"                                 /* MAP, an hour */
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x09\x00\x05" /* 10.9.0.5 */
    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
    "\x06\x00\x00\x00\x12\x8b\xc3\xcb" /* TCP, 4747, 50123 */
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00";

/* By 7.2 and 11.1. */
static const uint8_t answer[KITH_PCP_MAP_SIZE] =
    "\x02\x81\x00\x00\x00\x00\x07\x08\x00\x00\x30\x39" /* half an hour */
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
    "\x06\x00\x00\x00\x12\x8b\xc3\xcc"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xcb\x00\x71\x07";

static struct kith_portmap_wish wish_of(void)
{
    struct kith_portmap_wish wish = {
        .port = 4747, .external_port = 50123, .lifetime_s = 3600};
    inet_pton(AF_INET, "10.9.0.5", &wish.source);
    return wish;
}

static bool decode_as(const uint8_t *bytes, size_t size, bool is_removal,
                      struct kith_portmap_answer *out)
{
    struct kith_portmap_wish wish = wish_of();
    return kith_pcp_decode(kith_bytes(bytes, size), &wish, &nonce, is_removal, out);
}

static bool decode(const uint8_t *bytes, size_t size, struct kith_portmap_answer *out)
{
    return decode_as(bytes, size, false, out);
}

static void a_request_is_as_the_rfc_has_it(void **state)
{
    uint8_t bytes[KITH_PCP_MAP_SIZE];
    struct kith_portmap_wish wish = wish_of();
    kith_pcp_encode(&wish, &nonce, false, bytes);
    assert_memory_equal(bytes, request, sizeof request);
}

static void a_removal_asks_for_no_time_and_no_port(void **state)
{
    uint8_t bytes[KITH_PCP_MAP_SIZE], wanted[KITH_PCP_MAP_SIZE];
    struct kith_portmap_wish wish = wish_of();
    memcpy(wanted, request, sizeof wanted);
    memset(wanted + 4, 0, 4);
    memset(wanted + 42, 0, 2);
    kith_pcp_encode(&wish, &nonce, true, bytes);
    assert_memory_equal(bytes, wanted, sizeof wanted);
}

static void an_answer_is_read(void **state)
{
    struct kith_portmap_answer out;
    char text[INET_ADDRSTRLEN];
    assert_true(decode(answer, sizeof answer, &out));
    assert_int_equal(out.outcome, KITH_PORTMAP_GRANTED);
    assert_int_equal(out.port, 50124);
    assert_int_equal(out.lifetime_s, 1800);
    assert_string_equal(inet_ntop(AF_INET, &out.external, text, sizeof text),
                        "203.0.113.7");
}

static void options_that_follow_are_passed_over(void **state)
{
    uint8_t bytes[KITH_PCP_SIZE_MAX + 4] = {0};
    struct kith_portmap_answer out;
    memcpy(bytes, answer, sizeof answer);
    assert_true(decode(bytes, sizeof answer + 8, &out));
    assert_true(decode(bytes, KITH_PCP_SIZE_MAX, &out));
    assert_false(decode(bytes, sizeof bytes, &out));
}

static void what_is_cut_short_is_no_answer(void **state)
{
    struct kith_portmap_answer out = {.port = 77};
    for (size_t size = 0; size < sizeof answer; size++)
        assert_false(decode(answer, size, &out));
    assert_int_equal(out.port, 77);
}

static void what_answers_something_else_is_no_answer(void **state)
{
    /* Version, opcode, each byte of the nonce, protocol, inner port; an outer address of
     * IPv6. */
    static const size_t decisive[] = {0,  1,  24, 25, 26, 27, 28, 29, 30,
                                      31, 32, 33, 34, 35, 36, 40, 41, 44};
    struct kith_portmap_answer out;
    for (size_t i = 0; i < COUNT(decisive); i++) {
        uint8_t bytes[sizeof answer];
        memcpy(bytes, answer, sizeof answer);
        bytes[decisive[i]] ^= 1;
        assert_false(decode(bytes, sizeof bytes, &out));
    }
}

static void a_mapping_without_port_or_time_makes_no_sense(void **state)
{
    uint8_t no_port[sizeof answer], no_time[sizeof answer];
    struct kith_portmap_answer out;
    memcpy(no_port, answer, sizeof answer);
    memcpy(no_time, answer, sizeof answer);
    memset(no_port + 42, 0, 2);
    memset(no_time + 4, 0, 4);
    assert_false(decode(no_port, sizeof no_port, &out));
    assert_false(decode(no_time, sizeof no_time, &out));
    assert_true(decode_as(no_time, sizeof no_time, true, &out));
    assert_int_equal(out.outcome, KITH_PORTMAP_GRANTED);
}

static void every_error_has_a_reason(void **state)
{
    uint8_t bytes[sizeof answer];
    struct kith_portmap_answer out;
    memcpy(bytes, answer, sizeof answer);
    for (unsigned result = 1; result <= UINT8_MAX; result++) {
        bytes[3] = (uint8_t)result;
        assert_true(decode(bytes, sizeof bytes, &out));
        assert_int_equal(out.outcome, KITH_PORTMAP_DENIED);
        assert_non_null(out.why);
    }
    bytes[3] = 2;
    decode(bytes, sizeof bytes, &out);
    assert_string_equal(out.why, "port mapping is not allowed there for this machine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_as_the_rfc_has_it),
        cmocka_unit_test(a_removal_asks_for_no_time_and_no_port),
        cmocka_unit_test(an_answer_is_read),
        cmocka_unit_test(options_that_follow_are_passed_over),
        cmocka_unit_test(what_is_cut_short_is_no_answer),
        cmocka_unit_test(what_answers_something_else_is_no_answer),
        cmocka_unit_test(a_mapping_without_port_or_time_makes_no_sense),
        cmocka_unit_test(every_error_has_a_reason),
    };
    return cmocka_run_group_tests_name("net portmap pcp", tests, NULL, NULL);
}
