/* SPDX-License-Identifier: MIT */
#include "base/tracker_address.h"

#include <stdlib.h>

#include "kith/error.h"
#include "lib/unit.h"

#define ID "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq"

/* Bytes 0 to 31. */
static struct kith_id counted_id(void)
{
    struct kith_id id;
    for (uint8_t i = 0; i < KITH_ID_SIZE; i++)
        id.bytes[i] = i;
    return id;
}

static struct kith_tracker_address parsed(const char *text)
{
    struct kith_tracker_address out = {0};
    const char *why = "";
    if (kith_tracker_address_parse(kith_bytes(text, strlen(text)), &out, &why) != 0)
        fail_msg("refused: %s: %s", text, why);
    return out;
}

static void assert_refused(const char *text, const char *why_part)
{
    struct kith_tracker_address out = {.address = {"untouched", 1}};
    struct kith_bytes bytes = kith_bytes(text, strlen(text));
    const char *why = "";
    assert_int_equal(kith_tracker_address_parse(bytes, &out, &why), KITH_EADDRESS);
    assert_int_equal(kith_tracker_address_parse(bytes, &out, NULL), KITH_EADDRESS);
    assert_string_equal(out.address.host, "untouched");
    assert_false(out.has_id);
    if (strstr(why, why_part) == NULL)
        fail_msg("%s: %s", text, why);
}

static void the_port_of_trackers_is_the_default(void **state)
{
    (void)state;
    assert_int_equal(parsed("tracker.example").address.port, 55555);
    assert_int_equal(parsed("tracker.example:443").address.port, 443);
    assert_string_equal(parsed("[2001:db8::1]").address.host, "2001:db8::1");
    assert_int_equal(parsed("[2001:db8::1]").address.port, 55555);
    assert_false(parsed("tracker.example").has_id);
}

static void an_id_stands_behind_a_slash(void **state)
{
    (void)state;
    static const char *const texts[] = {"t.example/" ID, "t.example:55555/" ID,
                                        "[::1]:55555/" ID, "::1/" ID};
    struct kith_id id = counted_id();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct kith_tracker_address out = parsed(texts[i]);
        assert_true(out.has_id);
        assert_true(kith_id_equal(&out.id, &id));
        assert_int_equal(out.address.port, 55555);
    }
}

static void what_was_formatted_reads_as_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {"t.example:55555", "t.example:443/" ID,
                                        "[2001:db8::1]:55555/" ID};
    for (size_t i = 0; i < COUNT(texts); i++) {
        char out[KITH_TRACKER_ADDRESS_TEXT_SIZE];
        struct kith_tracker_address address = parsed(texts[i]);
        kith_tracker_address_format(&address, out);
        assert_string_equal(out, texts[i]);
    }
}

static void the_longest_one_fits(void **state)
{
    (void)state;
    char out[KITH_TRACKER_ADDRESS_TEXT_SIZE];
    struct kith_tracker_address address = {.has_id = true, .id = counted_id()};
    memset(address.address.host, 'a', sizeof(address.address.host) - 1);
    address.address.port = 65535;
    kith_tracker_address_format(&address, out);
    assert_true(strlen(out) < sizeof(out));
    assert_string_equal(out + strlen(out) - strlen(ID), ID);
}

static void what_is_no_address_or_no_id_is_refused(void **state)
{
    (void)state;
    assert_refused("", "empty");
    assert_refused("/" ID, "");
    assert_refused(":55555", "");
    assert_refused("t.example:0", "port");
    assert_refused("t.example/", "id of the tracker");
    assert_refused("t.example/short", "id of the tracker");
    assert_refused("t.example/" ID "a", "id of the tracker");
    assert_refused("t.example/" ID "/" ID, "id of the tracker");
}

static void every_beginning_of_one_is_read_within_its_bounds(void **state)
{
    (void)state;
    static const char text[] = "[2001:db8::1]:443/" ID;
    for (size_t size = 0; size < sizeof(text); size++) {
        char *copy =
            malloc(size > 0 ? size : 1); /* a sanitizer sees a read past its end */
        struct kith_tracker_address out;
        memcpy(copy, text, size);
        int error = kith_tracker_address_parse(kith_bytes(copy, size), &out, NULL);
        assert_true(error == 0 || error == KITH_EADDRESS);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_port_of_trackers_is_the_default),
        cmocka_unit_test(an_id_stands_behind_a_slash),
        cmocka_unit_test(what_was_formatted_reads_as_the_same),
        cmocka_unit_test(the_longest_one_fits),
        cmocka_unit_test(what_is_no_address_or_no_id_is_refused),
        cmocka_unit_test(every_beginning_of_one_is_read_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
