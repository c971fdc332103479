/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "kith/error.h"
#include "lib/unit.h"

static char *out_text, *err_text;
static char seen_home[128];

static int run_show(struct kith_cli *cli)
{
    snprintf(seen_home, sizeof seen_home, "%s", cli->home);
    fprintf(cli->out, "%s", cli->args[0]);
    return cli->arg_count > 1 ? kith_cli_fail(cli, KITH_EXIT_TIMED_OUT, "no %s", "luck")
                              : KITH_EXIT_DONE;
}

static const struct kith_cli_command command_show = {
    .name = "show",
    .summary = "print a word",
    .usage = "WORD [WORD]",
    .detail = "More about it.",
    .args_min = 1,
    .args_max = 2,
    .run = run_show,
};
static const struct kith_cli_command *const commands[] = {&command_show, &kith_cli_help,
                                                          &kith_cli_version};

#define RUN(...) run((const char *[]){"kith", __VA_ARGS__})

static int run_to(const char *const *argv, FILE *out)
{
    size_t size;
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    free(err_text);
    FILE *err = open_memstream(&err_text, &size);
    int code = kith_cli_main(commands, COUNT(commands), argc, argv, stdin, out, err);
    fclose(err);
    return code;
}

static int run(const char *const *argv)
{
    size_t size;
    free(out_text);
    FILE *out = open_memstream(&out_text, &size);
    int code = run_to(argv, out);
    fclose(out);
    return code;
}

static int teardown(void **state)
{
    (void)state;
    free(out_text);
    free(err_text);
    return 0;
}

static void a_command_gets_its_arguments_and_home(void **state)
{
    (void)state;
    assert_int_equal(RUN("show", "word", "--home", "/h", NULL), KITH_EXIT_DONE);
    assert_string_equal(out_text, "word");
    assert_string_equal(err_text, "");
    assert_string_equal(seen_home, "/h");
}

static void a_failure_is_one_sentence_and_its_exit_code(void **state)
{
    (void)state;
    assert_int_equal(RUN("show", "a", "b", NULL), KITH_EXIT_TIMED_OUT);
    assert_string_equal(err_text, "kith show: no luck\n");
}

static void a_usage_error_says_where_to_read_on(void **state)
{
    (void)state;
    assert_int_equal(RUN("show", NULL), KITH_EXIT_USAGE);
    assert_non_null(strstr(err_text, "`kith help show`"));
    assert_int_equal(RUN("shwo", "a", NULL), KITH_EXIT_USAGE);
    assert_non_null(strstr(err_text, "did you mean 'show'"));
    assert_string_equal(out_text, "");
}

static void nothing_at_all_shows_help_as_an_error(void **state)
{
    (void)state;
    assert_int_equal(run((const char *[]){"kith", NULL}), KITH_EXIT_USAGE);
    assert_string_equal(out_text, "");
    assert_non_null(strstr(err_text, "print a word"));
    assert_int_equal(RUN("--", "show", NULL), KITH_EXIT_USAGE);
}

static void help_lists_and_explains(void **state)
{
    (void)state;
    assert_int_equal(RUN("help", NULL), KITH_EXIT_DONE);
    assert_non_null(strstr(out_text, "print a word"));
    assert_int_equal(RUN("--help", NULL), KITH_EXIT_DONE);
    assert_non_null(strstr(out_text, "print a word"));
    assert_int_equal(RUN("help", "show", NULL), KITH_EXIT_DONE);
    assert_non_null(strstr(out_text, "usage: kith show WORD [WORD]"));
    assert_non_null(strstr(out_text, "More about it."));
    assert_int_equal(RUN("show", "--help", NULL), KITH_EXIT_DONE);
    assert_non_null(strstr(out_text, "More about it."));
    assert_int_equal(RUN("help", "config", NULL), KITH_EXIT_DONE);
    assert_non_null(strstr(out_text, "durability"));
    assert_non_null(strstr(out_text, "KITH_DISCOVERY_PORT"));
    assert_int_equal(RUN("help", "shw", NULL), KITH_EXIT_USAGE);
    assert_non_null(strstr(err_text, "did you mean 'show'"));
}

static void json_is_an_object_a_line(void **state)
{
    (void)state;
    assert_int_equal(RUN("version", "--json", NULL), KITH_EXIT_DONE);
    assert_memory_equal(out_text, "{\"version\":\"", 12);
    assert_int_equal(RUN("help", "show", "--json", NULL), KITH_EXIT_DONE);
    static const char begin[] = "{\"name\":\"show\",\"usage\":\"WORD [WORD]\","
                                "\"summary\":\"print a word\",\"detail\":\"";
    assert_memory_equal(out_text, begin, sizeof(begin) - 1);
    assert_non_null(strstr(out_text, "{\"name\":\"home\",\"value\":\"DIR\","));
    assert_ptr_equal(strchr(out_text, '\n'), out_text + strlen(out_text) - 1);
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "we");
    if (full == NULL)
        skip();
    assert_int_equal(run_to((const char *[]){"kith", "version", NULL}, full),
                     KITH_EXIT_FAILED);
    assert_non_null(strstr(err_text, "cannot be written"));
    fclose(full);
}

static void every_error_has_an_exit_code(void **state)
{
    (void)state;
    assert_int_equal(kith_cli_exit(0), KITH_EXIT_DONE);
    assert_int_equal(kith_cli_exit(KITH_ENONODE), KITH_EXIT_NO_NODE);
    assert_int_equal(kith_cli_exit(KITH_ENOTFOUND), KITH_EXIT_NOT_FOUND);
    assert_int_equal(kith_cli_exit(KITH_EAMBIGUOUS), KITH_EXIT_NOT_FOUND);
    assert_int_equal(kith_cli_exit(KITH_ETIMEDOUT), KITH_EXIT_TIMED_OUT);
    assert_int_equal(kith_cli_exit(KITH_ENAME), KITH_EXIT_USAGE);
    assert_int_equal(kith_cli_exit(KITH_EFULL), KITH_EXIT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_its_arguments_and_home),
        cmocka_unit_test(a_failure_is_one_sentence_and_its_exit_code),
        cmocka_unit_test(a_usage_error_says_where_to_read_on),
        cmocka_unit_test(nothing_at_all_shows_help_as_an_error),
        cmocka_unit_test(help_lists_and_explains),
        cmocka_unit_test(json_is_an_object_a_line),
        cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
        cmocka_unit_test(every_error_has_an_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
