/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <jansson.h>

#include "api/json.h"

static void values_are_separated_wherever_they_stand(void **state)
{
    static const char expected[] =
        "{\"a\":1,\"b\":[true,null,[],{\"c\":\"x\"},{}],\"d\":1.034,"
        "\"t\":\"1970-01-01T00:00:01.500Z\"}";
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_number(&w, "a", 1);
    kith_json_open(&w, "b", '[');
    kith_json_bool(&w, NULL, true);
    kith_json_null(&w, NULL);
    kith_json_open(&w, NULL, '[');
    kith_json_close(&w, ']');
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "c", "x");
    kith_json_close(&w, '}');
    kith_json_open(&w, NULL, '{');
    kith_json_close(&w, '}');
    kith_json_close(&w, ']');
    kith_json_ms(&w, "d", 1034);
    kith_json_time(&w, "t", 1500 * KITH_MS);
    kith_json_close(&w, '}');
    assert_true(kith_bytes_equal(kith_writer_view(&w), BYTES(expected)));
    kith_writer_deinit(&w);
}

static void every_character_survives_a_strict_reader(void **state)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    char text[160];
    for (int i = 0; i < 127; i++)
        text[i] = (char)(i + 1);
    memcpy(text + 127, "\xC2\x80\xE2\x80\xAE\xF0\x9F\x98\x80", 10);
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "x", text);
    kith_json_close(&w, '}');
    json_t *read = json_loadb((const char *)w.data, w.size, 0, NULL);
    assert_non_null(read);
    assert_string_equal(json_string_value(json_object_get(read, "x")), text);
    assert_null(memchr(w.data, '\n', w.size));
    json_decref(read);
    kith_writer_deinit(&w);
}

static void malformed_bytes_become_replacement_characters(void **state)
{
    static const char expected[] = "{\"x\":\"/h\uFFFDme\uFFFD\uFFFDä\uFFFD\"}";
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "x", "/h\xF6me\xE2\x82ä\xC3");
    kith_json_close(&w, '}');
    assert_true(kith_bytes_equal(kith_writer_view(&w), BYTES(expected)));
    kith_writer_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_separated_wherever_they_stand),
        cmocka_unit_test(every_character_survives_a_strict_reader),
        cmocka_unit_test(malformed_bytes_become_replacement_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
