/* SPDX-License-Identifier: MIT */
#include "cli/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/error.h"
#include "lib/unit.h"

static char home[64], xdg[80];
static char why[KITH_CONFIG_WHY_SIZE];
static struct kith_config *config;

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void write_home(const char *text)
{
    write_file(home, "kith.conf", text);
}

static int read_config(const struct kith_config_flag *flags, size_t count)
{
    kith_config_free(config);
    config = NULL;
    why[0] = '\0';
    return kith_config_new(home, flags, count, &config, why);
}

static int setup(void **state)
{
    char path[120];
    (void)state;
    snprintf(home, sizeof home, "/tmp/kith-config-XXXXXX");
    assert_non_null(mkdtemp(home));
    snprintf(xdg, sizeof xdg, "%s/xdg", home);
    assert_int_equal(mkdir(xdg, 0700), 0);
    snprintf(path, sizeof path, "%s/kith", xdg);
    assert_int_equal(mkdir(path, 0700), 0);
    setenv("XDG_CONFIG_HOME", xdg, 1);
    unsetenv("KITH_NAME");
    unsetenv("KITH_PEER");
    return 0;
}

static int teardown(void **state)
{
    static const char *const left[] = {"xdg/kith/kith.conf", "kith.conf", "xdg/kith",
                                       "xdg", ""};
    char path[200];
    (void)state;
    kith_config_free(config);
    config = NULL;
    for (size_t i = 0; i < COUNT(left); i++) {
        snprintf(path, sizeof path, "%s/%s", home, left[i]);
        remove(path);
    }
    return 0;
}

static void nothing_said_is_nothing_known(void **state)
{
    (void)state;
    assert_int_equal(read_config(NULL, 0), 0);
    assert_null(kith_config_value(config, "name"));
    assert_int_equal(kith_config_count(config, "peer"), 0);
    assert_null(kith_config_source(config, "name"));
    assert_null(kith_config_value(config, "no-such-knob"));
}

static void the_nearest_source_wins(void **state)
{
    const struct kith_config_flag flag = {"name", "of flag"};
    char source[200];
    (void)state;
    write_file(xdg, "kith/kith.conf", "name = of xdg\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "of xdg");
    write_home("# a comment\n\nname = of home\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "of home");
    snprintf(source, sizeof source, "%s/kith.conf:3", home);
    assert_string_equal(kith_config_source(config, "name"), source);
    setenv("KITH_NAME", "of environment", 1);
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "of environment");
    assert_string_equal(kith_config_source(config, "name"), "KITH_NAME");
    assert_int_equal(read_config(&flag, 1), 0);
    assert_string_equal(kith_config_value(config, "name"), "of flag");
    assert_string_equal(kith_config_source(config, "name"), "--name");
}

static void knobs_of_different_sources_go_together(void **state)
{
    (void)state;
    write_file(xdg, "kith/kith.conf", "log = debug\n");
    write_home("name = sam\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "sam");
    assert_string_equal(kith_config_value(config, "log"), "debug");
}

static void a_switch_means_yes_and_can_be_turned_off_elsewhere(void **state)
{
    const struct kith_config_flag flag = {"http-insecure", NULL};
    (void)state;
    write_home("http-insecure = no\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "http-insecure"), "no");
    assert_int_equal(read_config(&flag, 1), 0);
    assert_string_equal(kith_config_value(config, "http-insecure"), "yes");
}

static void a_list_takes_lines_flags_and_commas(void **state)
{
    const struct kith_config_flag flags[] = {
        {"peer", "x"}, {"detach", NULL}, {"peer", "y"}};
    (void)state;
    write_home("peer = a\npeer = b\npeer = [::1]:4747\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_int_equal(kith_config_count(config, "peer"), 3);
    assert_string_equal(kith_config_value_at(config, "peer", 2), "[::1]:4747");
    setenv("KITH_PEER", "c, d", 1);
    assert_int_equal(read_config(NULL, 0), 0);
    assert_int_equal(kith_config_count(config, "peer"), 2);
    assert_string_equal(kith_config_value_at(config, "peer", 1), "d");
    assert_int_equal(read_config(flags, COUNT(flags)), 0);
    assert_int_equal(kith_config_count(config, "peer"), 2);
    assert_string_equal(kith_config_value_at(config, "peer", 1), "y");
    assert_null(kith_config_value_at(config, "peer", 2));
}

static void of_a_flag_given_twice_the_last_counts(void **state)
{
    const struct kith_config_flag flags[] = {{"name", "x"}, {"name", "y"}};
    (void)state;
    assert_int_equal(read_config(flags, COUNT(flags)), 0);
    assert_string_equal(kith_config_value(config, "name"), "y");
}

static void assert_refused(const char *text, int line, const char *reason)
{
    char place[200];
    write_home(text);
    assert_int_equal(read_config(NULL, 0), KITH_EINVALID);
    assert_null(config);
    snprintf(place, sizeof place, "%s/kith.conf:%d: ", home, line);
    assert_non_null(strstr(why, place));
    if (strstr(why, reason) == NULL)
        fail_msg("'%s' does not say '%s'", why, reason);
}

static void a_line_that_makes_no_sense_is_named(void **state)
{
    (void)state;
    assert_refused("name = a\nnmae = b\n", 2, "unknown knob 'nmae'");
    assert_refused("\n[node]\nname = a\n", 3, "unknown section '[node]'");
    assert_refused("name = a\nname = b\n", 2, "second time");
    assert_refused("name =\n", 1, "no value");
    assert_refused("# all is well\nname\n", 2, "neither a comment nor");
}

static void what_the_parser_would_cut_is_refused(void **state)
{
    char line[400] = "name = ";
    (void)state;
    assert_refused("name = sam ; the elder\n", 1, "comment");
    assert_refused("log = info\nname = sam\t; x\n", 2, "comment");
    memset(line + 7, 'x', 200);
    assert_refused(line, 1, "199 bytes");
    write_home("name = a;b\n; a comment ; of its own\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "a;b");
}

static void a_line_of_199_bytes_is_whole(void **state)
{
    char line[201] = "name = ";
    (void)state;
    memset(line + 7, 'x', 191);
    line[198] = (char)10;
    write_home(line);
    assert_int_equal(read_config(NULL, 0), 0);
    assert_int_equal(strlen(kith_config_value(config, "name")), 191);
}

static void an_indented_line_stands_for_itself(void **state)
{
    (void)state;
    write_home("name = sam\n  log = debug\n\t# so does a comment\n");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "sam");
    assert_string_equal(kith_config_value(config, "log"), "debug");
}

static void a_last_line_without_its_end_counts(void **state)
{
    (void)state;
    write_home("name = sam");
    assert_int_equal(read_config(NULL, 0), 0);
    assert_string_equal(kith_config_value(config, "name"), "sam");
}

static void too_many_values_are_refused(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/kith.conf", home);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i <= KITH_CONFIG_VALUES_MAX; i++)
        fprintf(file, "peer = host%d\n", i);
    fclose(file);
    assert_int_equal(read_config(NULL, 0), KITH_EINVALID);
    assert_non_null(strstr(why, "more than 256"));
}

static void what_is_added_later_is_no_sources_alone(void **state)
{
    const struct kith_config_flag flag = {"peer", "one"};
    (void)state;
    assert_int_equal(read_config(&flag, 1), 0);
    assert_int_equal(kith_config_add(config, "peer", "one"), 0);
    assert_string_equal(kith_config_source(config, "peer"), "--peer");
    assert_int_equal(kith_config_add(config, "peer", "two"), 0);
    assert_null(kith_config_source(config, "peer"));
    assert_string_equal(kith_config_value_at(config, "peer", 1), "two");
    assert_int_equal(kith_config_add(config, "tracker", "three"), 0);
    assert_string_equal(kith_config_value(config, "tracker"), "three");
    for (size_t i = 2; i < KITH_CONFIG_VALUES_MAX; i++) {
        char value[16];
        snprintf(value, sizeof value, "%zu", i);
        assert_int_equal(kith_config_add(config, "peer", value), 0);
    }
    assert_int_equal(kith_config_add(config, "peer", "three"), KITH_ELIMIT);
    assert_int_equal(kith_config_count(config, "peer"), KITH_CONFIG_VALUES_MAX);
}

static void write_xdg(const char *text)
{
    write_file(xdg, "kith/kith.conf", text);
}

static void remove_xdg(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/kith/kith.conf", xdg);
    assert_int_equal(remove(path), 0);
}

/* What the text says once it is the file of a home. */
static void take_text_home(void)
{
    struct kith_config_text text;
    int error = kith_config_text(home, &text, why);
    if (error != 0)
        fail_msg("%s", why);
    assert_non_null(text.text);
    char *copy = strndup(text.text, text.size);
    free(text.text);
    write_home(copy);
    free(copy);
    remove_xdg();
    assert_int_equal(read_config(NULL, 0), 0);
}

static void one_text_says_what_both_files_did(void **state)
{
    char longest[200];
    (void)state;
    snprintf(longest, sizeof longest, "name=%0193d", 1);
    write_xdg(longest);
    write_home("# mine\nhttp = no\npeer = a:1"); /* without an end of line */
    take_text_home();
    assert_string_equal(kith_config_value(config, "name"), longest + 5);
    write_xdg("listen = 127.0.0.1:0\nlisten = [::1]:0\npeer = b:2\nhttp = [::1]:1\n");
    write_home("# mine\nhttp = no\npeer = a:1\n");
    take_text_home();
    assert_string_equal(kith_config_value(config, "http"), "no");
    assert_int_equal(kith_config_count(config, "peer"), 1);
    assert_string_equal(kith_config_value(config, "peer"), "a:1");
    assert_int_equal(kith_config_count(config, "listen"), 2);
    assert_string_equal(kith_config_value_at(config, "listen", 1), "[::1]:0");
}

static void a_text_of_one_file_is_that_file(void **state)
{
    struct kith_config_text text;
    (void)state;
    assert_int_equal(kith_config_text(home, &text, why), 0);
    assert_null(text.text);
    write_xdg("nonsense");
    assert_int_equal(kith_config_text(home, &text, why), 0);
    assert_int_equal(text.size, 8);
    assert_memory_equal(text.text, "nonsense", 8);
    free(text.text);
    write_home("log = debug\n");
    assert_int_equal(kith_config_text(home, &text, why), KITH_EINVALID);
    assert_non_null(strstr(why, "kith/kith.conf:1"));
}

static void every_knob_has_what_help_shows(void **state)
{
    (void)state;
    for (const struct kith_knob *knob = kith_knobs; knob->name != NULL; knob++) {
        assert_non_null(knob->value);
        assert_non_null(knob->summary);
        assert_ptr_equal(kith_knob_find(knob->name), knob);
    }
    assert_null(kith_knob_find("nonsense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_said_is_nothing_known, setup, teardown),
        cmocka_unit_test_setup_teardown(the_nearest_source_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(knobs_of_different_sources_go_together, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_switch_means_yes_and_can_be_turned_off_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_takes_lines_flags_and_commas, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(of_a_flag_given_twice_the_last_counts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_line_that_makes_no_sense_is_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_the_parser_would_cut_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_line_of_199_bytes_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(an_indented_line_stands_for_itself, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_last_line_without_its_end_counts, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(too_many_values_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_added_later_is_no_sources_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_text_says_what_both_files_did, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_text_of_one_file_is_that_file, setup, teardown),
        cmocka_unit_test(every_knob_has_what_help_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
