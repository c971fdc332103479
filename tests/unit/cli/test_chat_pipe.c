/* SPDX-License-Identifier: MIT */
#include "cli/chat_pipe.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/unit.h"

static struct kith_chat_pipe lines;
static int ends[2];

static int setup(void **state)
{
    (void)state;
    assert_int_equal(pipe(ends), 0);
    return kith_chat_pipe_init(&lines);
}

static int teardown(void **state)
{
    (void)state;
    kith_chat_pipe_deinit(&lines);
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return 0;
}

static void feed(const char *text, size_t size)
{
    assert_int_equal(write(ends[1], text, size), size);
    kith_chat_pipe_read(&lines, ends[0]);
}

static void end(void)
{
    close(ends[1]);
    ends[1] = -1;
    kith_chat_pipe_read(&lines, ends[0]);
}

static void expect(const char *wanted)
{
    char *line = kith_chat_pipe_line(&lines);
    if (wanted) {
        assert_non_null(line);
        assert_string_equal(line, wanted);
    } else {
        assert_null(line);
    }
    free(line);
}

static void lines_come_out_one_by_one(void **state)
{
    (void)state;
    feed("one\ntwo\r\n\nthr", 13);
    expect("one");
    expect("two");
    expect("");
    expect(NULL);
    feed("ee\nfour", 7);
    expect("three");
    expect(NULL);
    assert_false(lines.is_over);
}

static void the_end_ends_a_line_too(void **state)
{
    (void)state;
    feed("one\nlast", 8);
    end();
    assert_true(lines.is_over);
    expect("one");
    expect("last");
    expect(NULL);
}

static void zero_bytes_are_left_out(void **state)
{
    (void)state;
    feed("a\0b\n", 4);
    expect("ab");
}

/* Longer than any message, so the node refuses what is left of it. */
static void an_endless_line_is_cut_and_the_next_is_whole(void **state)
{
    static char block[4096];
    (void)state;
    memset(block, 'x', sizeof block);
    for (size_t i = 0; i < 3 * KITH_CHAT_LINE_SIZE_MAX / sizeof block; i++)
        feed(block, sizeof block);
    feed("y\nnext\nmo", 9);
    char *line = kith_chat_pipe_line(&lines);
    assert_true(strlen(line) > 65537);
    free(line);
    expect("next");
    expect(NULL);
    feed("re\n", 3);
    expect("more");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(lines_come_out_one_by_one),
        TEST(the_end_ends_a_line_too),
        TEST(zero_bytes_are_left_out),
        TEST(an_endless_line_is_cut_and_the_next_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
