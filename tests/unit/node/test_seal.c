/* SPDX-License-Identifier: MIT */
#include "node/seal.h"

#include <stdlib.h>

#include <sodium.h>

#include "base/writer.h"
#include "kith/error.h"
#include "lib/unit.h"

static const struct kith_seal_cost cheap = {KITH_SEAL_MEMORY_KIB_MIN, 1};

static struct kith_passphrase passphrase(const char *text)
{
    struct kith_passphrase out;
    assert_int_equal(kith_passphrase_parse(kith_bytes(text, strlen(text)), &out, NULL),
                     0);
    return out;
}

static int keep(void *ctx, struct kith_bytes bytes)
{
    kith_writer_bytes(ctx, bytes.data, bytes.size);
    return 0;
}

/* Sealed in pieces of odd sizes; the caller's to deinitialise. */
static struct kith_writer seal(const uint8_t *plain, size_t size)
{
    struct kith_passphrase secret = passphrase("seven small otters");
    struct kith_writer out = kith_writer(&kith_alloc_heap);
    struct kith_sealer *sealer = NULL;
    assert_int_equal(kith_sealer_new(&secret, &cheap, keep, &out, &sealer), 0);
    for (size_t at = 0, piece; at < size; at += piece) {
        piece = size - at < 10007 ? size - at : 10007;
        assert_int_equal(kith_sealer_put(sealer, kith_bytes(plain + at, piece)), 0);
    }
    assert_int_equal(kith_sealer_end(sealer), 0);
    kith_sealer_free(sealer);
    assert_false(out.failed);
    return out;
}

struct source {
    struct kith_bytes bytes;
    size_t at;
};

static int give(void *ctx, uint8_t *out, size_t size, size_t *out_size)
{
    struct source *source = ctx;
    size_t left = source->bytes.size - source->at;
    *out_size = size < left ? size : left;
    if (*out_size > 0)
        memcpy(out, source->bytes.data + source->at, *out_size);
    source->at += *out_size;
    return 0;
}

static int open_with(const char *text, struct kith_bytes sealed, struct kith_writer *out)
{
    struct kith_passphrase secret = passphrase(text);
    struct source source = {.bytes = sealed};
    struct kith_unseal unseal = {&secret, give, &source, keep, out};
    return kith_seal_open(&unseal);
}

static int open_it(struct kith_bytes sealed)
{
    struct kith_writer out = kith_writer(&kith_alloc_heap);
    int fault = open_with("seven small otters", sealed, &out);
    kith_writer_deinit(&out);
    return fault;
}

static void expect_back(size_t size)
{
    uint8_t *plain = malloc(size + 1);
    assert_non_null(plain);
    randombytes_buf(plain, size + 1);
    struct kith_writer sealed = seal(plain, size);
    struct kith_writer out = kith_writer(&kith_alloc_heap);
    assert_int_equal(open_with("seven small otters", kith_writer_view(&sealed), &out), 0);
    assert_int_equal(out.size, size);
    if (size > 0)
        assert_memory_equal(out.data, plain, size);
    kith_writer_deinit(&out);
    kith_writer_deinit(&sealed);
    free(plain);
}

static void what_was_sealed_comes_back(void **state)
{
    (void)state;
    expect_back(0);
    expect_back(1);
    expect_back(KITH_SEAL_CHUNK_SIZE - 1);
    expect_back(KITH_SEAL_CHUNK_SIZE);
    expect_back(KITH_SEAL_CHUNK_SIZE + 1);
    expect_back(3 * KITH_SEAL_CHUNK_SIZE + 77);
}

static void nothing_of_it_can_be_read(void **state)
{
    static const uint8_t plain[64] = "meet at the old mill at nine";
    (void)state;
    struct kith_writer a = seal(plain, sizeof plain), b = seal(plain, sizeof plain);
    assert_null(memmem(a.data, a.size, "old mill", 8));
    assert_memory_not_equal(a.data + KITH_SEAL_HEADER_SIZE,
                            b.data + KITH_SEAL_HEADER_SIZE, sizeof plain);
    kith_writer_deinit(&a);
    kith_writer_deinit(&b);
}

static void another_passphrase_is_named(void **state)
{
    (void)state;
    struct kith_writer sealed = seal((const uint8_t *)"x", 1);
    struct kith_writer out = kith_writer(&kith_alloc_heap);
    assert_int_equal(open_with("seven small otter", kith_writer_view(&sealed), &out),
                     KITH_SEAL_PASSPHRASE);
    assert_int_equal(out.size, 0);
    kith_writer_deinit(&out);
    kith_writer_deinit(&sealed);
}

static void every_truncation_is_noticed(void **state)
{
    uint8_t plain[100] = {0};
    (void)state;
    struct kith_writer sealed = seal(plain, sizeof plain);
    for (size_t size = 0; size < sealed.size; size++) {
        int fault = open_it(kith_bytes(sealed.data, size));
        assert_int_equal(fault, size < 8 ? KITH_SEAL_STRANGE : KITH_SEAL_SHORT);
    }
    kith_writer_deinit(&sealed);
}

static void a_missing_chunk_is_noticed(void **state)
{
    static uint8_t plain[3 * KITH_SEAL_CHUNK_SIZE];
    const size_t chunk = KITH_SEAL_CHUNK_SIZE + KITH_SEAL_CHUNK_MORE;
    (void)state;
    struct kith_writer sealed = seal(plain, sizeof plain);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            open_it(kith_bytes(sealed.data, KITH_SEAL_HEADER_SIZE + i * chunk)),
            KITH_SEAL_SHORT);
    uint8_t *second = sealed.data + KITH_SEAL_HEADER_SIZE + chunk;
    memmove(second, second + chunk, sealed.size - (size_t)(second + chunk - sealed.data));
    assert_int_equal(open_it(kith_bytes(sealed.data, sealed.size - chunk)),
                     KITH_SEAL_CHANGED);
    kith_writer_deinit(&sealed);
}

static void every_flipped_bit_is_noticed(void **state)
{
    uint8_t plain[40] = {0};
    (void)state;
    struct kith_writer sealed = seal(plain, sizeof plain);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(open_it(kith_writer_view(&sealed)), 0);
        sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(open_it(kith_writer_view(&sealed)), 0);
    kith_writer_deinit(&sealed);
}

static void what_follows_the_end_is_noticed(void **state)
{
    static uint8_t plain[KITH_SEAL_CHUNK_SIZE];
    (void)state;
    struct kith_writer sealed = seal(plain, sizeof plain);
    kith_writer_u8(&sealed, 0);
    assert_int_equal(open_it(kith_writer_view(&sealed)), KITH_SEAL_CHANGED);
    kith_writer_deinit(&sealed);
}

/* With the checksum that belongs to it, as one who means harm would write it. */
static int decode_with(size_t offset, uint32_t value, struct kith_bytes sealed)
{
    struct kith_seal_header header;
    uint8_t bytes[KITH_SEAL_HEADER_SIZE];
    size_t size = KITH_SEAL_HEADER_SIZE - KITH_SEAL_CHECK_SIZE;
    memcpy(bytes, sealed.data, sizeof bytes);
    kith_store_u32(bytes + offset, value);
    crypto_generichash(bytes + size, KITH_SEAL_CHECK_SIZE, bytes, size, NULL, 0);
    return kith_seal_header_decode(kith_bytes(bytes, sizeof bytes), &header);
}

static void a_file_that_asks_for_too_much_is_refused(void **state)
{
    (void)state;
    struct kith_writer sealed = seal((const uint8_t *)"x", 1);
    struct kith_bytes view = kith_writer_view(&sealed);
    const size_t memory = 9, passes = 13;
    assert_int_equal(decode_with(memory, 8, view), 0);
    assert_int_equal(decode_with(memory, KITH_SEAL_MEMORY_KIB_MAX, view), 0);
    assert_int_equal(decode_with(memory, KITH_SEAL_MEMORY_KIB_MAX + 1, view),
                     KITH_SEAL_GREEDY);
    assert_int_equal(decode_with(memory, UINT32_MAX, view), KITH_SEAL_GREEDY);
    assert_int_equal(decode_with(passes, KITH_SEAL_PASSES_MAX + 1, view),
                     KITH_SEAL_GREEDY);
    assert_int_equal(decode_with(passes, 0, view), KITH_SEAL_CHANGED);
    kith_writer_deinit(&sealed);
}

static void what_a_newer_kith_sealed_is_named(void **state)
{
    (void)state;
    struct kith_writer sealed = seal((const uint8_t *)"x", 1);
    sealed.data[8] = 2;
    assert_int_equal(open_it(kith_writer_view(&sealed)), KITH_SEAL_NEWER);
    assert_int_equal(open_it(BYTES("SQLite format 3\0 and so on")), KITH_SEAL_STRANGE);
    kith_writer_deinit(&sealed);
}

static int refuse(void *ctx, struct kith_bytes bytes)
{
    size_t *left = ctx;
    if (bytes.size > *left)
        return KITH_EFULL;
    *left -= bytes.size;
    return 0;
}

static void what_the_sink_says_is_passed_on(void **state)
{
    struct kith_passphrase secret = passphrase("seven small otters");
    static uint8_t plain[2 * KITH_SEAL_CHUNK_SIZE];
    struct kith_sealer *sealer = NULL;
    size_t left = 10;
    (void)state;
    assert_int_equal(kith_sealer_new(&secret, &cheap, refuse, &left, &sealer),
                     KITH_EFULL);
    left = KITH_SEAL_HEADER_SIZE;
    assert_int_equal(kith_sealer_new(&secret, &cheap, refuse, &left, &sealer), 0);
    assert_int_equal(kith_sealer_put(sealer, kith_bytes(plain, sizeof plain)),
                     KITH_EFULL);
    kith_sealer_free(sealer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_comes_back),
        cmocka_unit_test(nothing_of_it_can_be_read),
        cmocka_unit_test(another_passphrase_is_named),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(a_missing_chunk_is_noticed),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(what_follows_the_end_is_noticed),
        cmocka_unit_test(a_file_that_asks_for_too_much_is_refused),
        cmocka_unit_test(what_a_newer_kith_sealed_is_named),
        cmocka_unit_test(what_the_sink_says_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
