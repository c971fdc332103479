/* SPDX-License-Identifier: MIT */
#include "node/identity.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "kith/error.h"
#include "node_fixture.h"

static const char *file_of(const struct fixture *f)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/identity", f->directory);
    return path;
}

static int make(struct fixture *f, struct kith_identity *out)
{
    return kith_identity_load_or_make(f->directory, out, NULL);
}

static void it_is_made_once_and_stays(void **state)
{
    struct fixture *f = *state;
    struct kith_identity first, again;
    struct stat is;
    assert_int_equal(make(f, &first), 0);
    assert_int_equal(make(f, &again), 0);
    assert_true(kith_id_equal(&first.id, &again.id));
    assert_int_equal(stat(file_of(f), &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    assert_int_equal(is.st_size, KITH_IDENTITY_SEED_SIZE);
    assert_int_equal(kith_identity_load(f->directory, &again, NULL), 0);
    assert_true(kith_id_equal(&first.id, &again.id));
}

static void nothing_else_is_left_in_the_home(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    size_t count = 0;
    assert_int_equal(make(f, &identity), 0);
    DIR *directory = opendir(f->directory);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    assert_int_equal(count, 1);
}

static void what_a_killed_process_left_is_taken_over(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    struct stat is;
    char part[140];
    snprintf(part, sizeof part, "%s.part", file_of(f));
    int file = open(part, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(ftruncate(file, 100), 0);
    close(file);
    assert_int_equal(make(f, &identity), 0);
    assert_int_equal(stat(file_of(f), &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    assert_int_not_equal(access(part, F_OK), 0);
}

static void loading_makes_none(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    struct kith_problem problem;
    assert_int_equal(kith_identity_load(f->directory, &identity, &problem),
                     KITH_ENOTFOUND);
    assert_non_null(strstr(problem.text, "kith up"));
    assert_int_not_equal(access(file_of(f), F_OK), 0);
}

static void one_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    struct kith_problem problem;
    assert_int_equal(make(f, &identity), 0);
    assert_int_equal(chmod(file_of(f), 0640), 0);
    assert_int_equal(kith_identity_load_or_make(f->directory, &identity, &problem),
                     KITH_EACCESS);
    assert_non_null(strstr(problem.text, "chmod 600"));
}

static void one_of_a_wrong_size_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    struct kith_problem problem;
    struct stat is;
    assert_int_equal(make(f, &identity), 0);
    assert_int_equal(truncate(file_of(f), 31), 0);
    assert_int_equal(kith_identity_load_or_make(f->directory, &identity, &problem),
                     KITH_ECORRUPT);
    assert_non_null(strstr(problem.text, "31 bytes"));
    assert_int_equal(stat(file_of(f), &is), 0);
    assert_int_equal(is.st_size, 31);
}

static void a_link_is_not_followed(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    assert_int_equal(symlink("/dev/zero", file_of(f)), 0);
    assert_int_not_equal(make(f, &identity), 0);
}

static void of_two_processes_one_wins(void **state)
{
    struct fixture *f = *state;
    struct kith_identity mine;
    struct kith_id theirs;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct kith_identity identity = {0};
        make(f, &identity);
        ssize_t written = write(ends[1], &identity.id, sizeof identity.id);
        _exit(written == sizeof identity.id ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(make(f, &mine), 0);
    assert_int_equal(read(ends[0], &theirs, sizeof theirs), sizeof theirs);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(kith_id_equal(&mine.id, &theirs));
    close(ends[0]);
    close(ends[1]);
}

static void what_it_signs_its_id_verifies(void **state)
{
    struct fixture *f = *state;
    struct kith_identity identity;
    uint8_t signature[KITH_SIGNATURE_SIZE];
    const uint8_t message[] = "kith run 1";
    assert_int_equal(make(f, &identity), 0);
    struct kith_signer signer = kith_identity_signer(&identity);
    signer.sign(signer.ctx, message, sizeof message, signature);
    assert_int_equal(crypto_sign_verify_detached(signature, message, sizeof message,
                                                 identity.id.bytes),
                     0);
    kith_identity_deinit(&identity);
    assert_true(sodium_is_zero(identity.secret, sizeof identity.secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_made_once_and_stays, setup_directory,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_else_is_left_in_the_home, setup_directory,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_a_killed_process_left_is_taken_over,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(loading_makes_none, setup_directory, teardown),
        cmocka_unit_test_setup_teardown(one_that_others_may_read_is_refused,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(one_of_a_wrong_size_is_refused_and_kept,
                                        setup_directory, teardown),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup_directory,
                                        teardown),
        cmocka_unit_test_setup_teardown(of_two_processes_one_wins, setup_directory,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_it_signs_its_id_verifies, setup_directory,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
