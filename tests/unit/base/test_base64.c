/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "lib/unit.h"

static void expect(const char *plain, const char *text)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_base64_write(&w, kith_bytes(plain, strlen(plain)));
    assert_int_equal(w.size, strlen(text));
    if (w.size > 0)
        assert_memory_equal(w.data, text, w.size);
    kith_writer_clear(&w);
    assert_true(kith_base64_read(kith_bytes(text, strlen(text)), &w));
    assert_int_equal(w.size, strlen(plain));
    if (w.size > 0)
        assert_memory_equal(w.data, plain, w.size);
    kith_writer_deinit(&w);
}

static void the_vectors_of_the_rfc_hold(void **state)
{
    (void)state;
    expect("", "");
    expect("f", "Zg==");
    expect("fo", "Zm8=");
    expect("foo", "Zm9v");
    expect("foob", "Zm9vYg==");
    expect("fooba", "Zm9vYmE=");
    expect("foobar", "Zm9vYmFy");
}

static void every_byte_comes_back(void **state)
{
    uint8_t bytes[256];
    struct kith_writer text = kith_writer(&kith_alloc_heap);
    struct kith_writer back = kith_writer(&kith_alloc_heap);
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    kith_base64_write(&text, kith_bytes(bytes, sizeof bytes));
    assert_true(kith_base64_read(kith_writer_view(&text), &back));
    assert_int_equal(back.size, sizeof bytes);
    assert_memory_equal(back.data, bytes, sizeof bytes);
    kith_writer_deinit(&text);
    kith_writer_deinit(&back);
}

static void what_is_none_is_refused_and_adds_nothing(void **state)
{
    static const char *const wrong[] = {
        "Z",    "Zg",   "Zg=",      "Zg===", "Zm9v\n",   "Zh==",
        "Zm9=", "====", "Zg==Zg==", "Z===",  "Zm9v Zg=", "Zm-_"};
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    (void)state;
    kith_writer_u8(&w, 7);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_false(kith_base64_read(kith_bytes(wrong[i], strlen(wrong[i])), &w));
        assert_int_equal(w.size, 1);
    }
    kith_writer_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(what_is_none_is_refused_and_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
