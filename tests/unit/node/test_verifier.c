/* SPDX-License-Identifier: MIT */
#include "node/verifier.h"

#include <sodium.h>

#include "kith/error.h"
#include "lib/unit.h"

#define TASKS_MAX 100

struct verdicts {
    size_t count;
    size_t batches;
    uint64_t nos[TASKS_MAX];
    bool are_valid[TASKS_MAX];
};

static uv_loop_t loop;
static struct kith_verifier verifier;
static struct verdicts verdicts;

static void on_verified(void *ctx, uint64_t verify_no, bool is_valid)
{
    (void)ctx;
    assert_true(verdicts.count < TASKS_MAX);
    verdicts.nos[verdicts.count] = verify_no;
    verdicts.are_valid[verdicts.count++] = is_valid;
}

static void on_batch_done(void *ctx)
{
    (void)ctx;
    verdicts.batches++;
}

static int setup(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    memset(&verdicts, 0, sizeof verdicts);
    assert_int_equal(uv_loop_init(&loop), 0);
    kith_verifier_init(&verifier, &loop, on_verified, on_batch_done, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    uv_run(&loop, UV_RUN_DEFAULT);
    kith_verifier_deinit(&verifier);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void add(uint64_t no, bool is_valid)
{
    struct kith_verify_task task = {.verify_no = no};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_keypair(task.author.bytes, secret);
    memset(task.message, (int)no, sizeof task.message);
    crypto_sign_detached(task.signature, NULL, task.message, sizeof task.message, secret);
    task.message[0] ^= is_valid ? 0 : 1;
    assert_int_equal(kith_verifier_add(&verifier, &task), 0);
}

static void a_lone_one_is_checked_on_the_spot(void **state)
{
    (void)state;
    add(7, true);
    assert_int_equal(verdicts.count, 0);
    assert_true(kith_verifier_settle(&verifier));
    assert_int_equal(verdicts.count, 1);
    assert_int_equal(verdicts.nos[0], 7);
    assert_true(verdicts.are_valid[0]);
    assert_true(kith_verifier_is_idle(&verifier));
    assert_false(kith_verifier_settle(&verifier));
    add(8, false);
    assert_true(kith_verifier_settle(&verifier));
    assert_false(verdicts.are_valid[1]);
}

static void many_go_to_the_pool_and_every_verdict_is_right(void **state)
{
    bool seen[TASKS_MAX] = {0};
    (void)state;
    for (uint64_t no = 0; no < TASKS_MAX; no++)
        add(no, no % 3 != 0);
    kith_verifier_settle(&verifier);
    assert_false(kith_verifier_is_idle(&verifier));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(verdicts.count, TASKS_MAX);
    for (size_t i = 0; i < TASKS_MAX; i++) {
        assert_false(seen[verdicts.nos[i]]);
        seen[verdicts.nos[i]] = true;
        assert_int_equal(verdicts.are_valid[i], verdicts.nos[i] % 3 != 0);
    }
    assert_int_equal(verdicts.batches, 4);
    assert_true(kith_verifier_is_idle(&verifier));
}

static void verdicts_of_a_batch_come_in_order(void **state)
{
    (void)state;
    for (uint64_t no = 0; no < 10; no++)
        add(no, true);
    kith_verifier_settle(&verifier);
    uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(verdicts.nos[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_lone_one_is_checked_on_the_spot, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_go_to_the_pool_and_every_verdict_is_right,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(verdicts_of_a_batch_come_in_order, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
