/* SPDX-License-Identifier: MIT */
/* Memory runs out within the core, at every allocation of a start and of the first
 * message: the start is refused, or its owner hears of it from the loop and stops it. And
 * at every allocation of a turn in which it is to stop. */
#include "node/runtime.h"

#include <stdio.h>

#include "lib/alloc_failing.h"
#include "node_fixture.h"

struct owner {
    struct alloc_failing memory;
    struct kith_runtime *runtime;
    bool is_broken, is_refused, is_answered, is_stopped;
    int error; /* of the message */
};

static void on_broken(void *ctx, int error)
{
    struct owner *owner = ctx;
    assert_int_equal(error, KITH_ENOMEM);
    assert_non_null(owner->runtime); /* it is known by now */
    assert_false(owner->is_broken);
    owner->is_broken = true;
}

static void on_reply(void *ctx, const struct kith_notice *notice)
{
    struct owner *owner = ctx;
    owner->is_answered = true;
    owner->error = notice->reply.error;
}

static void on_stopped(void *ctx)
{
    struct owner *owner = ctx;
    owner->is_stopped = true;
}

static bool is_over(void *ctx)
{
    struct owner *owner = ctx;
    return owner->is_broken || owner->is_answered || owner->is_refused;
}

static bool is_stopped(void *ctx)
{
    return ((struct owner *)ctx)->is_stopped;
}

static int start(struct fixture *f, struct owner *owner, size_t no)
{
    static const struct kith_address any_port = {.host = "127.0.0.1"};
    struct kith_problem problem = {0};
    struct kith_runtime_config config = {
        .home = path_of(f, no, NULL),
        .name = "alice",
        .listen = &any_port,
        .listen_count = 1,
        .log = &f->log,
        .core_alloc = &owner->memory.alloc,
        .broken = on_broken,
        .broken_ctx = owner,
    };
    return kith_runtime_new(&f->loop, &config, &owner->runtime, &problem);
}

static void say_hello(struct owner *owner)
{
    struct kith_bytes text = BYTES("hello");
    struct kith_command command = {.type = KITH_COMMAND_SEND,
                                   .send = {.texts = &text, .text_count = 1}};
    owner->is_refused =
        kith_runtime_command(owner->runtime, &command, on_reply, owner) != 0;
}

/* A message is there if that was said, and not there if that was; of KITH_ECLOSED nobody
 * knows. */
static void check_answer(struct fixture *f, const struct owner *owner, size_t no)
{
    size_t count = count_messages(f, no);
    assert_true(owner->is_refused != owner->is_answered);
    if (owner->is_answered && owner->error == 0)
        assert_int_equal(count, 1);
    else if (owner->is_answered && owner->error == KITH_ECLOSED)
        assert_in_range(count, 0, 1);
    else
        assert_int_equal(count, 0);
}

/* True when the node got along without a failure. */
static bool lives_until(struct fixture *f, size_t n)
{
    struct owner owner = {0};
    alloc_failing_init(&owner.memory);
    alloc_failing_arm(&owner.memory, n);
    int error = start(f, &owner, n);
    if (error != 0) {
        assert_int_equal(error, KITH_ENOMEM);
        assert_int_equal(owner.memory.live_blocks, 0);
        return false;
    }
    say_hello(&owner);
    run_until(f, is_over, &owner);
    bool is_unharmed = owner.memory.calls < n;
    assert_true(!is_unharmed || !owner.is_broken);
    kith_runtime_stop(owner.runtime, on_stopped, &owner);
    run_until(f, is_stopped, &owner);
    kith_runtime_free(owner.runtime);
    assert_int_equal(owner.memory.live_blocks, 0);
    check_answer(f, &owner, n);
    return is_unharmed;
}

static void a_start_without_memory_is_refused_or_its_owner_hears_of_it(void **state)
{
    size_t n = 1;
    while (n < 1000 && !lives_until(*state, n))
        n++;
    assert_in_range(n, 20, 999);
}

/* True when nothing failed on the way. */
static bool stops_without(struct fixture *f, size_t n)
{
    struct owner owner = {0};
    alloc_failing_init(&owner.memory);
    assert_int_equal(start(f, &owner, n), 0);
    alloc_failing_arm(&owner.memory, n);
    say_hello(&owner); /* in the turn of the stop, before it */
    kith_runtime_stop(owner.runtime, on_stopped, &owner);
    run_until(f, is_stopped, &owner);
    kith_runtime_free(owner.runtime);
    assert_int_equal(owner.memory.live_blocks, 0);
    return owner.memory.refused == 0;
}

static void a_stop_without_memory_comes_to_its_end(void **state)
{
    size_t n = 1;
    while (n < 1000 && !stops_without(*state, n))
        n++;
    assert_in_range(n, 2, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_start_without_memory_is_refused_or_its_owner_hears_of_it, setup_directory,
            teardown),
        cmocka_unit_test_setup_teardown(a_stop_without_memory_comes_to_its_end,
                                        setup_directory, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
