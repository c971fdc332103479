/* SPDX-License-Identifier: MIT */
/* Whoever was told that it is committed finds it again, whenever the process dies. */
#include "store_fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/rng_seeded.h"

#define ROUNDS 10

/* Commits runs for ever and writes the highest committed seq into the pipe. */
static void write_for_ever(struct fixture *f, int out, uint64_t seq)
{
    f->store = NULL;
    if (kith_store_open(&f->config, &f->store, NULL) != 0)
        _exit(1);
    f->arrival_next = seq;
    for (;;) {
        struct run_spec spec = {.log_no = 1, .seq_first = seq, .count = 1 + seq % 7};
        if (put_run(f, &spec) != 0 || kith_store_commit(f->store) != 0)
            _exit(2);
        seq += spec.count;
        uint64_t told = seq - 1;
        if (write(out, &told, sizeof told) != sizeof told)
            _exit(3);
    }
}

/* Kill it after it has told `commits`; the highest that it told. */
static uint64_t kill_after(pid_t child, int in, uint64_t commits)
{
    uint64_t told = 0, highest = 0;
    int status;
    while (read(in, &told, sizeof told) == sizeof told) {
        highest = told;
        if (commits-- == 0)
            kill(child, SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return highest;
}

struct check {
    struct fixture *f;
    uint64_t seq;
    uint64_t arrival_next;
};

static int see_head(void *ctx, const struct kith_record *record)
{
    struct check *check = ctx;
    if (record->type == KITH_RECORD_META)
        check->arrival_next = record->meta.arrival_next;
    if (record->type == KITH_RECORD_LOG && record->log.no == 1)
        check->seq = record->log.seq;
    return 0;
}

static int see_run(void *ctx, const struct kith_stored_run *run)
{
    struct check *check = ctx;
    struct kith_run decoded;
    assert_int_equal(run->seq_first, check->seq + 1);
    assert_int_equal(kith_run_decode(run->bytes, &decoded), 0);
    check->seq = run->seq_last;
    return 0;
}

static void what_was_told_survives_a_kill(void **state)
{
    struct fixture *f = *state;
    struct rng_seeded rng;
    rng_seeded_init(&rng, 1);
    put_world(f);
    uint64_t seq = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        int ends[2];
        kith_store_close(f->store);
        f->store = NULL;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            write_for_ever(f, ends[1], seq + 1);
        }
        close(ends[1]);
        uint64_t told = kill_after(child, ends[0], kith_rng_below(&rng.rng, 300));
        close(ends[0]);
        assert_int_equal(kith_store_open(&f->config, &f->store, NULL), 0);
        struct check check = {.f = f};
        assert_int_equal(kith_store_restore(f->store, see_head, &check), 0);
        assert_true(check.seq >= told);
        assert_int_equal(check.arrival_next, check.seq + 1);
        seq = check.seq;
        check.seq = 0;
        assert_int_equal(
            kith_store_load(f->store, 1, 1, KITH_SEQ_MAX, SIZE_MAX, see_run, &check), 0);
        assert_int_equal(check.seq, seq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_told_survives_a_kill, setup_disk,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
