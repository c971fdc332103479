/* SPDX-License-Identifier: MIT */
#include "node/control.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/socket_path.h"
#include "kith/error.h"
#include "node_fixture.h"

static int connect_to(const char *home)
{
    struct kith_socket_path path;
    assert_int_equal(kith_socket_path_init(&path, home, KITH_CONTROL_NAME), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(fd, (const struct sockaddr *)&path.address, path.address_size);
    kith_socket_path_deinit(&path);
    close(fd);
    return result;
}

static void assert_serves(const char *home)
{
    int fd = -1;
    struct stat is;
    struct kith_control control = {0};
    char path[512];
    assert_int_equal(kith_control_listen(home, &control, &fd, NULL), 0);
    assert_int_equal(connect_to(home), 0);
    snprintf(path, sizeof path, "%s/%s", home, KITH_CONTROL_NAME);
    assert_int_equal(stat(path, &is), 0);
    assert_true(S_ISSOCK(is.st_mode));
    assert_int_equal(is.st_mode & 0777, 0600);
    close(fd);
    assert_int_not_equal(connect_to(home), 0);
    assert_int_equal(kith_control_listen(home, &control, &fd, NULL),
                     0); /* over the left-over */
    assert_int_equal(connect_to(home), 0);
    close(fd);
    kith_control_remove(home, &control);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void it_serves_its_user_and_replaces_a_left_over(void **state)
{
    struct fixture *f = *state;
    assert_serves(f->directory);
}

static void a_long_path_does_as_well(void **state)
{
    struct fixture *f = *state;
    char home[400];
    snprintf(home, sizeof home, "%s/%0100d", f->directory, 1);
    assert_int_equal(mkdir(home, 0700), 0);
    snprintf(home, sizeof home, "%s/%0100d/%0100d", f->directory, 1, 2);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_serves(home);
}

static void that_of_another_home_in_its_place_is_left(void **state)
{
    struct fixture *f = *state;
    struct kith_control ours = {0}, theirs = {0};
    char home[128], moved[128];
    int our_fd = -1, their_fd = -1;
    snprintf(home, sizeof home, "%s/home", f->directory);
    snprintf(moved, sizeof moved, "%s/moved", f->directory);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(kith_control_listen(home, &ours, &our_fd, NULL), 0);
    assert_int_equal(rename(home, moved), 0);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(kith_control_listen(home, &theirs, &their_fd, NULL), 0);
    kith_control_remove(home, &ours);
    assert_int_equal(connect_to(home), 0);
    kith_control_remove(home, &theirs);
    assert_int_not_equal(connect_to(home), 0);
    close(our_fd);
    close(their_fd);
}

static void without_a_home_there_is_no_socket(void **state)
{
    struct fixture *f = *state;
    struct kith_problem problem;
    struct kith_control control = {0};
    char home[128];
    int fd = -1;
    snprintf(home, sizeof home, "%s/none", f->directory);
    assert_int_not_equal(kith_control_listen(home, &control, &fd, &problem), 0);
    assert_int_equal(fd, -1);
    assert_true(problem.text[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_serves_its_user_and_replaces_a_left_over,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_long_path_does_as_well, setup_directory,
                                        teardown),
        cmocka_unit_test_setup_teardown(that_of_another_home_in_its_place_is_left,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(without_a_home_there_is_no_socket,
                                        setup_directory, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
