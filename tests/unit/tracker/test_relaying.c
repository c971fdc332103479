/* SPDX-License-Identifier: MIT */
/* Who gets how many places of a tracker's relay. Nobody comes to take them: what is
 * expected is a place taken. */
#include "tracker/relaying.h"

#include <stdlib.h>

#include "kith/error.h"
#include "lib/unit.h"

#define PAIRS  20
#define SHARE  3
#define SPARES 6

struct fixture {
    uv_loop_t loop;
    struct kith_relaying *relaying;
    uint32_t pair_last;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    const struct kith_relaying_config config = {.loop = &f->loop,
                                                .pairs_max = PAIRS,
                                                .per_peer_max = SHARE,
                                                .per_peer_spare_max = SPARES};
    assert_int_equal(kith_relaying_new(&config, &f->relaying), 0);
    *state = f;
    return 0;
}

static void on_done(void *ctx)
{
    *(bool *)ctx = true;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    bool is_done = false;
    kith_relaying_shutdown(f->relaying, on_done, &is_done);
    while (!is_done)
        uv_run(&f->loop, UV_RUN_ONCE);
    kith_relaying_free(f->relaying);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

static int expect(struct fixture *f, uint8_t one, uint8_t other)
{
    const struct kith_id ids[2] = {{{one}}, {{other}}};
    uint8_t tickets[2][KITH_TICKET_SIZE] = {{0}};
    f->pair_last++;
    for (uint8_t i = 0; i < 2; i++) {
        tickets[i][0] = (uint8_t)f->pair_last;
        tickets[i][1] = i;
    }
    return kith_relaying_expect(f->relaying, f->pair_last, ids,
                                (const uint8_t(*)[KITH_TICKET_SIZE])tickets);
}

static void one_peer_has_more_than_its_share_while_half_is_free(void **state)
{
    struct fixture *f = *state;
    for (uint8_t i = 0; i < SPARES; i++)
        assert_int_equal(expect(f, 1, 100 + i), 0);
    assert_int_equal(expect(f, 1, 99), KITH_ELIMIT);
    assert_int_equal(expect(f, 99, 1), KITH_ELIMIT); /* whoever called */
    assert_int_equal(expect(f, 2, 99), 0);
}

static void when_it_gets_tight_its_share_is_all(void **state)
{
    struct fixture *f = *state;
    for (uint8_t i = 0; i < PAIRS / 2; i++)
        assert_int_equal(expect(f, 10 + 2 * i, 11 + 2 * i), 0);
    for (uint8_t i = 0; i < SHARE; i++)
        assert_int_equal(expect(f, 1, 100 + i), 0);
    assert_int_equal(expect(f, 1, 99), KITH_ELIMIT);
    assert_int_equal(expect(f, 2, 99), 0);
}

static void past_the_last_place_nobody_gets_one(void **state)
{
    struct fixture *f = *state;
    for (uint8_t i = 0; i < PAIRS; i++)
        assert_int_equal(expect(f, 10 + 2 * i, 11 + 2 * i), 0);
    assert_int_equal(expect(f, 1, 2), KITH_ELIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_peer_has_more_than_its_share_while_half_is_free),
        TEST(when_it_gets_tight_its_share_is_all),
        TEST(past_the_last_place_nobody_gets_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
