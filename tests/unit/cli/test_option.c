/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include "cli/option.h"
#include "cli/parse.h"

static struct kith_cli_value argument(const char *usage)
{
    return kith_cli_value_of_argument(&(struct kith_cli_command){.usage = usage});
}

static struct kith_cli_value value(const char *text)
{
    return kith_cli_value_of_option(&(struct kith_cli_option){.value = text});
}

static void the_first_argument_is_read_off_the_usage(void **state)
{
    (void)state;
    assert_true(argument("TARGET [TEXT…] [--wait delivered]").is_target);
    assert_true(argument("[TARGET] [--since TIME]").is_target);
    assert_true(argument("[--as [ADDR]:PORT] [--all] PEER").is_target);
    assert_true(argument("[FILE]").is_file);
    assert_true(argument("DIR").is_directory);
    struct kith_cli_value help = argument("[COMMAND|config]");
    assert_true(help.is_command);
    assert_string_equal(help.words, "config");
    assert_string_equal(argument("new [NAME] | show").words, "new show");
    assert_string_equal(argument("bash|zsh").words, "bash zsh");
    assert_string_equal(argument("[--name NAME] [--listen [ADDR]:PORT]…").words, "");
    assert_false(argument("TEXT… TARGET").is_target);
    assert_string_equal(argument("").words, "");
}

static void an_option_s_value_is_read_off_its_placeholder(void **state)
{
    (void)state;
    assert_string_equal(value("yes|no").words, "yes no");
    assert_string_equal(value("[ADDR]:PORT|no").words, "no");
    assert_string_equal(value("SECONDS").words, "");
    assert_string_equal(value(NULL).words, "");
    assert_true(value("FILE").is_file);
}

static void knobs_own_options_and_common_ones_come_in_turn(void **state)
{
    (void)state;
    static const struct kith_cli_option own[] = {{"own", NULL, "", false}, {0}};
    struct kith_cli_command command = {.options = own, .takes_knobs = true};
    struct kith_cli_option option;
    size_t count = 0, own_at = 0;
    while (kith_cli_option_at(&command, count, &option)) {
        if (option.name == own[0].name)
            own_at = count;
        count++;
    }
    assert_true(own_at > 5);
    kith_cli_option_at(&command, own_at + 1, &option);
    assert_string_equal(option.name, kith_cli_common[0].name);
    assert_string_equal((kith_cli_option_at(NULL, 0, &option), option.name),
                        kith_cli_common[0].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_argument_is_read_off_the_usage),
        cmocka_unit_test(an_option_s_value_is_read_off_its_placeholder),
        cmocka_unit_test(knobs_own_options_and_common_ones_come_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
