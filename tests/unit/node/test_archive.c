/* SPDX-License-Identifier: MIT */
#include "node/archive.h"

#include <stdio.h>

#include "kith/error.h"
#include "lib/unit.h"

/* What came out, as text: "name:size(content)". */
struct log {
    char text[256];
    size_t size;
    int answer; /* to everything */
};

static void add(struct log *log, const void *bytes, size_t size)
{
    assert_true(log->size + size < sizeof log->text);
    memcpy(log->text + log->size, bytes, size);
    log->size += size;
}

static int on_begin(void *ctx, const char *name, uint64_t size)
{
    struct log *log = ctx;
    char text[64];
    snprintf(text, sizeof text, "%s:%d(", name, (int)size);
    add(log, text, strlen(text));
    return log->answer;
}

static int on_data(void *ctx, struct kith_bytes bytes)
{
    add(ctx, bytes.data, bytes.size);
    return 0;
}

static int on_end(void *ctx)
{
    add(ctx, ")", 1);
    return 0;
}

static int read_in_pieces(struct kith_bytes bytes, size_t piece, struct log *log,
                          bool *is_done)
{
    struct kith_archive_reader reader;
    const struct kith_archive_handler handler = {on_begin, on_data, on_end, log};
    int error = 0;
    kith_archive_reader_init(&reader, &handler);
    for (size_t at = 0; error == 0 && at < bytes.size; at += piece) {
        size_t size = bytes.size - at < piece ? bytes.size - at : piece;
        error = kith_archive_feed(&reader, kith_bytes(bytes.data + at, size));
    }
    *is_done = kith_archive_is_done(&reader);
    return error;
}

static struct kith_writer sample(void)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_archive_begin(&w, "identity", 4);
    kith_writer_bytes(&w, "seed", 4);
    kith_archive_begin(&w, "kith.conf", 0);
    kith_archive_begin(&w, "kith.db", 5);
    kith_writer_bytes(&w, "pages", 5);
    kith_archive_end(&w);
    return w;
}

static void what_was_put_in_comes_out_in_any_pieces(void **state)
{
    (void)state;
    struct kith_writer w = sample();
    for (size_t piece = 1; piece <= w.size; piece++) {
        struct log log = {.size = 0};
        bool is_done = false;
        assert_int_equal(read_in_pieces(kith_writer_view(&w), piece, &log, &is_done), 0);
        assert_string_equal(log.text, "identity:4(seed)kith.conf:0()kith.db:5(pages)");
        assert_true(is_done);
    }
    kith_writer_deinit(&w);
}

static void no_truncation_is_whole(void **state)
{
    (void)state;
    struct kith_writer w = sample();
    for (size_t size = 0; size < w.size; size++) {
        struct log log = {.size = 0};
        bool is_done = false;
        assert_int_equal(read_in_pieces(kith_bytes(w.data, size), 3, &log, &is_done), 0);
        assert_false(is_done);
    }
    kith_writer_deinit(&w);
}

static void what_follows_the_end_is_refused(void **state)
{
    struct log log = {.size = 0};
    bool is_done = false;
    (void)state;
    struct kith_writer w = sample();
    kith_writer_u8(&w, 0);
    assert_int_equal(read_in_pieces(kith_writer_view(&w), 1, &log, &is_done),
                     KITH_ECORRUPT);
    kith_writer_deinit(&w);
}

static int read_name(struct kith_bytes name)
{
    struct log log = {.size = 0};
    bool is_done = false;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_writer_bytes8(&w, name);
    kith_writer_u64(&w, 0);
    int error = read_in_pieces(kith_writer_view(&w), 7, &log, &is_done);
    kith_writer_deinit(&w);
    return error;
}

static void a_name_leads_nowhere_else(void **state)
{
    (void)state;
    assert_int_equal(read_name(BYTES("kith.db-2")), 0);
    assert_int_equal(read_name(BYTES("../identity")), KITH_ECORRUPT);
    assert_int_equal(read_name(BYTES("/etc/passwd")), KITH_ECORRUPT);
    assert_int_equal(read_name(BYTES(".bashrc")), KITH_ECORRUPT);
    assert_int_equal(read_name(BYTES("..")), KITH_ECORRUPT);
    assert_int_equal(read_name(BYTES("a\0b")), KITH_ECORRUPT);
    assert_int_equal(read_name(BYTES("thirty-three-characters-are-more-")),
                     KITH_ECORRUPT);
}

static void what_the_handler_says_is_passed_on(void **state)
{
    struct log log = {.answer = KITH_EFULL};
    bool is_done = false;
    (void)state;
    struct kith_writer w = sample();
    assert_int_equal(read_in_pieces(kith_writer_view(&w), 64, &log, &is_done),
                     KITH_EFULL);
    kith_writer_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_in_comes_out_in_any_pieces),
        cmocka_unit_test(no_truncation_is_whole),
        cmocka_unit_test(what_follows_the_end_is_refused),
        cmocka_unit_test(a_name_leads_nowhere_else),
        cmocka_unit_test(what_the_handler_says_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
