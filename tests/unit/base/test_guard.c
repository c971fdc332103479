/* SPDX-License-Identifier: MIT */
/* Whatever takes text reads nothing in front of it, and nothing behind: neither do the
 * libraries that it asks. */
#include "lib/guard.h"
#include "lib/unit.h"

#include "base/address.h"
#include "base/base64.h"
#include "base/id.h"
#include "base/invite.h"
#include "base/ip.h"
#include "base/name.h"
#include "base/passphrase.h"
#include "base/time_format.h"
#include "base/tracker_address.h"
#include "base/utf8.h"

#define ID "aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq"

static void parse_address(struct kith_bytes text)
{
    struct kith_address out;
    const char *why = NULL;
    kith_address_parse(text, 4747, true, &out, &why);
}

static void parse_tracker_address(struct kith_bytes text)
{
    struct kith_tracker_address out;
    const char *why = NULL;
    kith_tracker_address_parse(text, &out, &why);
}

static void parse_ip_port(struct kith_bytes text)
{
    struct kith_ip_port out;
    kith_ip_port_parse(text, &out);
}

static void parse_id(struct kith_bytes text)
{
    struct kith_id out;
    kith_id_parse((const char *)text.data, text.size, &out);
    kith_id_has_prefix(&(struct kith_id){{0}}, (const char *)text.data, text.size);
}

static void parse_invite(struct kith_bytes text)
{
    struct kith_invite out;
    const char *why = NULL;
    if (kith_invite_is(text))
        kith_invite_parse(text, &out, &why);
}

static void parse_name(struct kith_bytes text)
{
    struct kith_name out;
    const char *why = NULL;
    kith_name_parse(text, &out, &why);
    kith_name_parse_room(text, &out, &why);
}

static void parse_passphrase(struct kith_bytes text)
{
    struct kith_passphrase out = {0};
    const char *why = NULL;
    kith_passphrase_parse(text, &out, &why);
    kith_passphrase_deinit(&out);
}

static void parse_time(struct kith_bytes text)
{
    kith_time out;
    kith_time_parse(text, 1700000000 * KITH_SECOND, &out);
}

static void read_base64(struct kith_bytes text)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_base64_read(text, &w);
    kith_writer_deinit(&w);
}

static void write_safe(struct kith_bytes text)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_utf8_is_valid(text);
    kith_utf8_write_safe(&w, text, " / ");
    kith_writer_deinit(&w);
}

static void (*const readers[])(struct kith_bytes text) = {
    parse_address, parse_tracker_address, parse_ip_port, parse_id,    parse_invite,
    parse_name,    parse_passphrase,      parse_time,    read_base64, write_safe,
};

static const char *const texts[] = {
    "[2001:db8::1%eth0]:4747",
    "host.example:65535",
    "203.0.113.77:4747",
    "192.0.2.7:55555/" ID,
    ID,
    "kith:add/" ID "?name=J%C3%B6rg%20B&net=home&at=192.0.2.1:4747"
    "&at=%5B2001:db8::1%5D:4747&via=tracker.example:55555/" ID,
    "kith:join/Garden?by=" ID,
    "Zoe\xcc\x88 \xe6\x9d\x8e\xe9\x9b\xb7 \xf0\x9f\x9c\x82",
    "a\xe2\x80\xae\xef\xbf\xbf\xf4\x90\x80\x80\xc0\xaf\xed\xa0\x80\x1b[31m",
    "2026-11-28T18:00:00.000Z",
    "2h30m",
    "Zm9vYmFyIGFuZCBiYXo=",
};

static void text_between_pages_is_read_and_no_byte_more(void **state)
{
    for (size_t t = 0; t < COUNT(texts); t++) {
        struct guard guard;
        size_t whole = strlen(texts[t]);
        guard_init(&guard, whole);
        for (size_t size = 0; size <= whole; size++)
            for (size_t r = 0; r < COUNT(readers); r++) {
                readers[r](guard_put(&guard, kith_bytes(texts[t], size)));
                readers[r](guard_put_first(&guard, kith_bytes(texts[t], size)));
                /* and cut in front */
                readers[r](guard_put(&guard, kith_bytes(texts[t] + size, whole - size)));
            }
        guard_deinit(&guard);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_between_pages_is_read_and_no_byte_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
