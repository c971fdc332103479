/* SPDX-License-Identifier: MIT */
#include "cli/parse.h"

#include <stdint.h>

#include "kith/error.h"
#include "lib/unit.h"

static const struct kith_cli_option send_options[] = {
    {"wait", "STATE", "wait for it", false},
    {"to", "NAME", "a list", true},
    {"quiet", NULL, "a flag", false},
    {0},
};
static const struct kith_cli_command command_send = {
    .name = "send",
    .summary = "say something",
    .usage = "TARGET [TEXT…]",
    .options = send_options,
    .args_min = 1,
    .args_max = KITH_CLI_ARGS_ANY,
};
static const struct kith_cli_command command_up = {
    .name = "up", .summary = "run", .usage = "", .takes_knobs = true};
static const struct kith_cli_command *const commands[] = {&command_send, &command_up};

static struct kith_cli_parsed parsed;
static char why[KITH_CLI_WHY_SIZE];

#define PARSE(...) parse((const char *[]){"kith", __VA_ARGS__, NULL})

static int parse(const char *const *argv)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    kith_cli_parsed_deinit(&parsed);
    why[0] = '\0';
    return kith_cli_parse(commands, COUNT(commands), argc, argv, &parsed, why);
}

static int teardown(void **state)
{
    (void)state;
    kith_cli_parsed_deinit(&parsed);
    return 0;
}

static void options_stand_anywhere_before_the_dashes(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--home", "/h", "send", "--json", "bob", "--wait", "delivered",
                           "hello", "--quiet", "--", "--json", "-x"),
                     0);
    assert_ptr_equal(parsed.command, &command_send);
    assert_string_equal(parsed.home, "/h");
    assert_true(parsed.is_json);
    assert_int_equal(parsed.arg_count, 4);
    assert_string_equal(parsed.args[0], "bob");
    assert_string_equal(parsed.args[1], "hello");
    assert_string_equal(parsed.args[2], "--json");
    assert_string_equal(parsed.args[3], "-x");
    assert_int_equal(parsed.given_count, 2);
    assert_string_equal(parsed.given[0].name, "wait");
    assert_string_equal(parsed.given[0].value, "delivered");
    assert_null(parsed.given[1].value);
}

static void a_value_may_stand_behind_an_equals_sign(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send", "bob", "--wait=a=b", "--home=/x"), 0);
    assert_string_equal(parsed.given[0].value, "a=b");
    assert_string_equal(parsed.home, "/x");
    assert_int_equal(PARSE("send", "bob", "--wait="), 0);
    assert_string_equal(parsed.given[0].value, "");
}

static void the_value_of_an_option_before_the_name_is_not_the_name(void **state)
{
    (void)state;
    assert_int_equal(PARSE("--wait", "up", "send", "bob"), 0);
    assert_ptr_equal(parsed.command, &command_send);
    assert_int_equal(PARSE("--name", "send", "up"), 0);
    assert_ptr_equal(parsed.command, &command_up);
    assert_string_equal(parsed.given[0].value, "send");
}

static void a_value_may_look_like_an_option(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send", "bob", "--wait", "--json"), 0);
    assert_string_equal(parsed.given[0].value, "--json");
    assert_false(parsed.is_json);
}

static void a_lone_dash_is_an_argument(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send", "bob", "-"), 0);
    assert_string_equal(parsed.args[1], "-");
}

static void every_knob_is_an_option_where_knobs_are_taken(void **state)
{
    (void)state;
    assert_int_equal(PARSE("up", "--listen", ":0", "--listen", ":1", "--peer=a"), 0);
    assert_int_equal(parsed.given_count, 3);
    assert_int_equal(PARSE("send", "bob", "--listen", ":0"), KITH_EINVALID);
}

static void a_switch_stands_alone(void **state)
{
    (void)state;
    assert_int_equal(PARSE("up", "--http-insecure", "--http", ":0"), 0);
    assert_int_equal(parsed.given_count, 2);
    assert_null(parsed.given[0].value);
    assert_string_equal(parsed.given[1].value, ":0");
    assert_int_equal(PARSE("up", "--http-insecure=no"), KITH_EINVALID);
}

static void help_and_version_are_wishes_and_ask_for_no_arguments(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send", "--help"), 0);
    assert_int_equal(parsed.wish, KITH_WISH_HELP);
    assert_ptr_equal(parsed.command, &command_send);
    assert_int_equal(PARSE("-h"), 0);
    assert_int_equal(parsed.wish, KITH_WISH_HELP);
    assert_int_equal(PARSE("--version"), 0);
    assert_int_equal(parsed.wish, KITH_WISH_VERSION);
}

static void an_unknown_word_is_answered_with_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(PARSE("sned", "bob"), KITH_EINVALID);
    assert_non_null(strstr(why, "did you mean 'send'"));
    assert_null(parsed.command);
    assert_int_equal(PARSE("send", "bob", "--wiat", "x"), KITH_EINVALID);
    assert_non_null(strstr(why, "did you mean '--wait'"));
    assert_ptr_equal(parsed.command, &command_send);
    assert_int_equal(PARSE("up", "--lisen", ":0"), KITH_EINVALID);
    assert_non_null(strstr(why, "did you mean '--listen'"));
    assert_int_equal(PARSE("send", "bob", "-x"), KITH_EINVALID);
    assert_non_null(strstr(why, "`--`"));
}

static void a_value_is_there_exactly_where_it_belongs(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send", "bob", "--wait"), KITH_EINVALID);
    assert_non_null(strstr(why, "--wait needs a value"));
    assert_int_equal(PARSE("send", "bob", "--quiet=yes"), KITH_EINVALID);
    assert_non_null(strstr(why, "--quiet takes no value"));
    assert_int_equal(PARSE("send", "bob", "--json=yes"), KITH_EINVALID);
}

static void too_few_and_too_many_arguments_are_refused(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send"), KITH_EINVALID);
    assert_non_null(strstr(why, "too few"));
    assert_int_equal(PARSE("up", "now"), KITH_EINVALID);
    assert_non_null(strstr(why, "'now'"));
}

static void an_endless_option_name_is_only_unknown(void **state)
{
    static char word[5000];
    (void)state;
    memset(word, '-', 2);
    memset(word + 2, 'x', sizeof word - 3);
    assert_int_equal(PARSE("up", word), KITH_EINVALID);
}

static void values_are_found_by_name(void **state)
{
    (void)state;
    assert_int_equal(PARSE("send", "bob", "--to", "a", "--to", "b", "--quiet"), 0);
    struct kith_cli cli = {.given = parsed.given, .given_count = parsed.given_count};
    assert_string_equal(kith_cli_value(&cli, "to"), "b");
    assert_string_equal(kith_cli_value_at(&cli, "to", 0), "a");
    assert_string_equal(kith_cli_value_at(&cli, "to", 1), "b");
    assert_null(kith_cli_value_at(&cli, "to", 2));
    assert_true(kith_cli_has(&cli, "quiet"));
    assert_false(kith_cli_has(&cli, "wait"));
    assert_null(kith_cli_value(&cli, "wait"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere_before_the_dashes),
        cmocka_unit_test(a_value_may_stand_behind_an_equals_sign),
        cmocka_unit_test(the_value_of_an_option_before_the_name_is_not_the_name),
        cmocka_unit_test(a_value_may_look_like_an_option),
        cmocka_unit_test(a_lone_dash_is_an_argument),
        cmocka_unit_test(every_knob_is_an_option_where_knobs_are_taken),
        cmocka_unit_test(a_switch_stands_alone),
        cmocka_unit_test(help_and_version_are_wishes_and_ask_for_no_arguments),
        cmocka_unit_test(an_unknown_word_is_answered_with_the_nearest),
        cmocka_unit_test(a_value_is_there_exactly_where_it_belongs),
        cmocka_unit_test(too_few_and_too_many_arguments_are_refused),
        cmocka_unit_test(an_endless_option_name_is_only_unknown),
        cmocka_unit_test(values_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
