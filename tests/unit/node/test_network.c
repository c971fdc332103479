/* SPDX-License-Identifier: MIT */
#include "node/network.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "kith/error.h"
#include "node_fixture.h"

static const char *file_of(const struct fixture *f)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/network", f->directory);
    return path;
}

static struct kith_passphrase passphrase(const char *text)
{
    struct kith_passphrase out;
    assert_int_equal(kith_passphrase_parse(kith_bytes(text, strlen(text)), &out, NULL),
                     0);
    return out;
}

static int choose(struct fixture *f, const char *name, const char *text,
                  struct kith_network *out)
{
    struct kith_passphrase secret;
    struct kith_network kept;
    struct kith_network_wish wish = {.name = name};
    if (text != NULL) {
        secret = passphrase(text);
        wish.passphrase = &secret;
    }
    int error = kith_network_choose(f->directory, &wish, out, &kept, NULL);
    if (error == 0 && !kith_network_equal(out, &kept))
        error = kith_network_save(f->directory, out, NULL);
    return error;
}

static void without_a_passphrase_the_key_is_the_hash_of_the_name(void **state)
{
    struct kith_network network;
    uint8_t expected[KITH_NETWORK_KEY_SIZE];
    (void)state;
    assert_int_equal(
        kith_network_derive(&(struct kith_name){.text = "home"}, NULL, &network), 0);
    crypto_generichash(expected, sizeof expected, (const uint8_t *)"kith-nethome", 12,
                       NULL, 0);
    assert_memory_equal(network.key, expected, sizeof expected);
    struct kith_network by_default = kith_network_default();
    assert_true(kith_network_equal(&network, &by_default));
}

static void another_name_is_another_network(void **state)
{
    struct kith_network home = kith_network_default(), work;
    (void)state;
    assert_int_equal(
        kith_network_derive(&(struct kith_name){.text = "work"}, NULL, &work), 0);
    assert_memory_not_equal(home.key, work.key, sizeof home.key);
}

/* The vector is that of docs/PROTOCOL.md; the other side of the comparison is built from
 * the words there, by libsodium's general entry. */
static void with_a_passphrase_the_key_is_argon2id_as_the_protocol_says(void **state)
{
    static const char text[] = "seven small otters sing";
    struct kith_passphrase secret = passphrase(text);
    struct kith_network network;
    uint8_t salt[32], expected[32], vector[32];
    (void)state;
    assert_int_equal(
        kith_network_derive(&(struct kith_name){.text = "work"}, &secret, &network), 0);
    crypto_generichash(salt, sizeof salt, (const uint8_t *)"kith-network", 12, NULL, 0);
    assert_int_equal(crypto_pwhash(expected, sizeof expected, text, sizeof text - 1, salt,
                                   3, 64 * 1024 * 1024, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    assert_memory_equal(network.key, expected, sizeof expected);
    sodium_hex2bin(vector, sizeof vector,
                   "5272250cbb821326be3810922f6ffed8"
                   "f12c64ea89c6ee5ddc8864428c537da3",
                   64, NULL, NULL, NULL);
    assert_memory_equal(network.key, vector, sizeof vector);
    assert_true(network.has_passphrase);
}

static void the_fingerprint_is_that_of_the_key(void **state)
{
    struct kith_network network = kith_network_default();
    struct kith_id hashed;
    uint8_t text[11 + KITH_NETWORK_KEY_SIZE] = "kith-net-fp";
    char expected[KITH_ID_SHORT_SIZE], fingerprint[KITH_ID_SHORT_SIZE];
    (void)state;
    memcpy(text + 11, network.key, sizeof network.key);
    crypto_generichash(hashed.bytes, sizeof hashed.bytes, text, sizeof text, NULL, 0);
    kith_id_format_short(&hashed, expected);
    kith_network_fingerprint(&network, fingerprint);
    assert_string_equal(fingerprint, expected);
}

static void what_is_saved_is_loaded_and_nobody_else_may_read_it(void **state)
{
    struct fixture *f = *state;
    struct kith_network saved, loaded;
    struct stat is;
    assert_int_equal(kith_network_load(f->directory, &loaded, NULL), KITH_ENOTFOUND);
    assert_int_equal(choose(f, "the café", "seven small otters", &saved), 0);
    assert_int_equal(kith_network_load(f->directory, &loaded, NULL), 0);
    assert_true(kith_network_equal(&saved, &loaded));
    assert_string_equal(loaded.name.text, "the café");
    assert_int_equal(stat(file_of(f), &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    kith_network_deinit(&loaded);
    assert_true(sodium_is_zero(loaded.key, sizeof loaded.key));
}

static void the_longest_name_fits(void **state)
{
    struct fixture *f = *state;
    char name[KITH_NAME_SIZE_MAX + 1] = "";
    struct kith_network saved, loaded;
    for (size_t i = 0; i < KITH_NAME_CHARS_MAX; i++)
        memcpy(name + 4 * i, "😀", 4);
    assert_int_equal(choose(f, name, NULL, &saved), 0);
    assert_int_equal(kith_network_load(f->directory, &loaded, NULL), 0);
    assert_true(kith_network_equal(&saved, &loaded));
}

static void the_default_leaves_no_file(void **state)
{
    struct fixture *f = *state;
    struct kith_network network;
    assert_int_equal(choose(f, NULL, NULL, &network), 0);
    assert_string_equal(network.name.text, "home");
    assert_int_equal(choose(f, "home", NULL, &network), 0);
    assert_int_not_equal(access(file_of(f), F_OK), 0);
}

static void once_given_a_passphrase_is_not_needed_again(void **state)
{
    struct fixture *f = *state;
    struct kith_network first, again, named;
    assert_int_equal(choose(f, "work", "seven small otters", &first), 0);
    assert_int_equal(choose(f, NULL, NULL, &again), 0);
    assert_int_equal(choose(f, "work", NULL, &named), 0);
    assert_true(kith_network_equal(&first, &again));
    assert_true(kith_network_equal(&first, &named));
}

static void another_passphrase_or_name_replaces_what_was_kept(void **state)
{
    struct fixture *f = *state;
    struct kith_network first, second, third, loaded;
    assert_int_equal(choose(f, "work", "seven small otters", &first), 0);
    assert_int_equal(choose(f, NULL, "seven large otters", &second), 0);
    assert_string_equal(second.name.text, "work");
    assert_memory_not_equal(first.key, second.key, sizeof first.key);
    assert_int_equal(choose(f, "play", NULL, &third), 0);
    assert_false(third.has_passphrase);
    assert_int_equal(kith_network_load(f->directory, &loaded, NULL), 0);
    assert_true(kith_network_equal(&third, &loaded));
}

static void a_passphrase_can_be_dropped(void **state)
{
    struct fixture *f = *state;
    struct kith_network first, out, kept;
    struct kith_network_wish wish = {.drops_passphrase = true};
    assert_int_equal(choose(f, "work", "seven small otters", &first), 0);
    assert_int_equal(kith_network_choose(f->directory, &wish, &out, &kept, NULL), 0);
    assert_string_equal(out.name.text, "work");
    assert_false(out.has_passphrase);
    assert_true(kith_network_equal(&first, &kept));
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_network network;
    struct kith_problem problem;
    assert_int_equal(choose(f, "work", NULL, &network), 0);
    assert_int_equal(chmod(file_of(f), 0604), 0);
    assert_int_equal(kith_network_load(f->directory, &network, &problem), KITH_EACCESS);
    assert_non_null(strstr(problem.text, "chmod 600"));
}

/* Any byte changed, and any truncation, is noticed. */
static void a_damaged_file_is_refused_and_kept(void **state)
{
    struct fixture *f = *state;
    struct kith_network network;
    struct kith_problem problem;
    uint8_t text[512];
    assert_int_equal(choose(f, "work", NULL, &network), 0);
    int fd = open(file_of(f), O_RDWR);
    ssize_t size = read(fd, text, sizeof text);
    assert_true(size > 0);
    for (ssize_t i = 0; i < size; i++) {
        uint8_t wrong = text[i] ^ 1;
        assert_int_equal(pwrite(fd, &wrong, 1, i), 1);
        assert_int_equal(kith_network_load(f->directory, &network, &problem),
                         KITH_ECORRUPT);
        assert_int_equal(pwrite(fd, &text[i], 1, i), 1);
    }
    assert_int_equal(kith_network_load(f->directory, &network, NULL), 0);
    while (size-- > 0) {
        assert_int_equal(ftruncate(fd, size), 0);
        assert_int_equal(kith_network_load(f->directory, &network, &problem),
                         KITH_ECORRUPT);
    }
    assert_non_null(strstr(problem.text, "--network"));
    close(fd);
}

static void a_name_that_is_none_is_refused(void **state)
{
    struct fixture *f = *state;
    struct kith_network network;
    assert_int_equal(choose(f, "a/b", NULL, &network), KITH_ENAME);
    assert_int_not_equal(access(file_of(f), F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_directory, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_passphrase_the_key_is_the_hash_of_the_name),
        cmocka_unit_test(another_name_is_another_network),
        cmocka_unit_test(with_a_passphrase_the_key_is_argon2id_as_the_protocol_says),
        cmocka_unit_test(the_fingerprint_is_that_of_the_key),
        TEST(what_is_saved_is_loaded_and_nobody_else_may_read_it),
        TEST(the_longest_name_fits),
        TEST(the_default_leaves_no_file),
        TEST(once_given_a_passphrase_is_not_needed_again),
        TEST(another_passphrase_or_name_replaces_what_was_kept),
        TEST(a_passphrase_can_be_dropped),
        TEST(a_file_that_others_may_read_is_refused),
        TEST(a_damaged_file_is_refused_and_kept),
        TEST(a_name_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
