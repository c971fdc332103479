/* SPDX-License-Identifier: MIT */
#include "proto/beacon.h"

#include <sodium.h>

#include "unit/proto/fixture.h"

/* Offsets within the plain part. */
enum { VERSION = 0, FLAGS = 1, PORT = 58 };

static void golden_beacon_opens_and_reads_field_by_field(void **state)
{
    struct fixture *f = *state;
    struct kith_beacon beacon;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    struct kith_bytes datagram = fixture_golden(f, "beacon");
    assert_memory_equal(datagram.data, "kithbcn1", KITH_BEACON_MAGIC_SIZE);
    assert_true(sample_open_beacon(datagram, plain));
    assert_int_equal(kith_beacon_decode(kith_bytes(plain, sizeof plain), &beacon), 0);
    assert_int_equal(beacon.flags, 0);
    assert_true(kith_id_equal(&beacon.id, &f->sample.alice));
    for (size_t i = 0; i < KITH_BEACON_BOOT_SIZE; i++)
        assert_int_equal(beacon.boot[i], 0x30);
    assert_int_equal(beacon.counter, 1);
    assert_int_equal(beacon.port, 4747);
}

static void golden_beacon_is_signed_under_the_network_key(void **state)
{
    struct fixture *f = *state;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE], message[10 + KITH_HASH_SIZE];
    assert_true(sample_open_beacon(fixture_golden(f, "beacon"), plain));
    memcpy(message, "kith bcn 1", 10);
    crypto_generichash(message + 10, KITH_HASH_SIZE, plain, KITH_BEACON_SIGNED_SIZE,
                       f->sample.network_key, KITH_HASH_SIZE);
    const uint8_t *signature = plain + KITH_BEACON_SIGNED_SIZE;
    assert_int_equal(crypto_sign_verify_detached(signature, message, sizeof message,
                                                 f->sample.alice.bytes),
                     0);
}

static struct kith_beacon largest(void)
{
    struct kith_beacon beacon = {
        .flags = 0xff,
        .counter = UINT64_MAX,
        .port = UINT16_MAX,
    };
    memset(beacon.id.bytes, 0xff, sizeof beacon.id.bytes);
    memset(beacon.boot, 0xee, sizeof beacon.boot);
    memset(beacon.signature, 0xdd, sizeof beacon.signature);
    return beacon;
}

static void largest_and_smallest_values_round_trip(void **state)
{
    (void)state;
    struct kith_beacon beacons[] = {largest(), {.port = 1}};
    for (size_t i = 0; i < COUNT(beacons); i++) {
        const struct kith_beacon *beacon = &beacons[i];
        struct kith_beacon back;
        uint8_t plain[KITH_BEACON_PLAIN_SIZE];
        kith_beacon_encode(beacon, plain);
        assert_int_equal(kith_beacon_decode(kith_bytes(plain, sizeof plain), &back), 0);
        assert_int_equal(back.flags, beacon->flags);
        assert_true(kith_id_equal(&back.id, &beacon->id));
        assert_memory_equal(back.boot, beacon->boot, sizeof back.boot);
        assert_true(back.counter == beacon->counter);
        assert_int_equal(back.port, beacon->port);
        assert_memory_equal(back.signature, beacon->signature, sizeof back.signature);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct kith_beacon beacon = largest(), back;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    kith_beacon_encode(&beacon, plain);
    for (size_t size = 0; size < sizeof plain; size++)
        assert_int_equal(kith_beacon_decode(kith_bytes(plain, size), &back), KITH_EPROTO);
}

static void another_version_is_told_from_none(void **state)
{
    (void)state;
    struct kith_beacon beacon = largest(), back;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    struct kith_bytes whole = kith_bytes(plain, sizeof plain);
    kith_beacon_encode(&beacon, plain);
    plain[VERSION] = KITH_BEACON_VERSION + 1;
    assert_int_equal(kith_beacon_decode(whole, &back), KITH_EVERSION);
    plain[VERSION] = 0;
    assert_int_equal(kith_beacon_decode(whole, &back), KITH_EPROTO);
}

static void port_0_is_refused(void **state)
{
    (void)state;
    struct kith_beacon beacon = largest(), back;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    kith_beacon_encode(&beacon, plain);
    plain[PORT] = plain[PORT + 1] = 0;
    assert_int_equal(kith_beacon_decode(kith_bytes(plain, sizeof plain), &back),
                     KITH_EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(golden_beacon_opens_and_reads_field_by_field),
        FIXTURE_TEST(golden_beacon_is_signed_under_the_network_key),
        FIXTURE_TEST(largest_and_smallest_values_round_trip),
        FIXTURE_TEST(every_truncation_is_refused),
        FIXTURE_TEST(another_version_is_told_from_none),
        FIXTURE_TEST(port_0_is_refused),
    };
    return FIXTURE_RUN(tests);
}
