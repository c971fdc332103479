/* SPDX-License-Identifier: MIT */
/* Who may have how much of the relay. The relay itself is tested in net/test_relay. */
#include "tracker/relaying.h"

#include <sys/socket.h>
#include <unistd.h>

#include "kith/error.h"
#include "lib/unit.h"

#define PAIRS_MAX          64
#define PER_PEER_MAX       4
#define PER_PEER_SPARE_MAX 6
#define PER_HOUSEHOLD_MAX  16

struct fixture {
    uv_loop_t loop;
    struct kith_relaying *relaying;
    uint32_t pair_last;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.pair_last = 0};
    assert_int_equal(uv_loop_init(&f.loop), 0);
    const struct kith_relaying_config config = {
        .loop = &f.loop,
        .pairs_max = PAIRS_MAX,
        .per_peer_max = PER_PEER_MAX,
        .per_peer_spare_max = PER_PEER_SPARE_MAX,
        .per_household_max = PER_HOUSEHOLD_MAX,
    };
    assert_int_equal(kith_relaying_new(&config, &f.relaying), 0);
    *state = &f;
    return 0;
}

static void on_done(void *ctx)
{
    struct fixture *f = ctx;
    kith_relaying_free(f->relaying);
    f->relaying = NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_relaying_shutdown(f->relaying, on_done, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_null(f->relaying);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    return 0;
}

/* Of peers with these numbers, in households with these. */
static struct kith_registry_pair pair_of(struct fixture *f, uint32_t peer_a,
                                         uint32_t peer_b, uint8_t house_a,
                                         uint8_t house_b)
{
    struct kith_registry_pair pair = {0};
    pair.pair = ++f->pair_last;
    memcpy(pair.ids[0].bytes, &peer_a, sizeof peer_a);
    memcpy(pair.ids[1].bytes, &peer_b, sizeof peer_b);
    pair.households[0].bytes[0] = house_a;
    pair.households[1].bytes[0] = house_b;
    memcpy(pair.tickets[0], &pair.pair, sizeof pair.pair);
    memcpy(pair.tickets[1], &pair.pair, sizeof pair.pair);
    pair.tickets[1][31] = 1;
    return pair;
}

static int expect(struct fixture *f, const struct kith_registry_pair *pair)
{
    return kith_relaying_expect(f->relaying, pair);
}

/* Both come, and stay: the ends are the test's to close. */
static void join(struct fixture *f, const struct kith_registry_pair *pair, int ends[2])
{
    for (int i = 0; i < 2; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        kith_relaying_take(f->relaying, pair->tickets[i], fds[0]);
        ends[i] = fds[1];
    }
}

static void leave(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* Peer 1 gets `wanted` pairs, called and calling by turns, and no more. */
static void check_share(struct fixture *f, uint32_t wanted)
{
    struct kith_registry_pair pair;
    int ends[PER_PEER_SPARE_MAX][2];
    for (uint32_t i = 0; i < wanted; i++) {
        bool is_caller = i % 2 == 0;
        pair = pair_of(f, is_caller ? 1 : 100 + i, is_caller ? 100 + i : 1,
                       (uint8_t)(10 + i), (uint8_t)(100 + i));
        assert_int_equal(expect(f, &pair), 0);
        join(f, &pair, ends[i]);
    }
    pair = pair_of(f, 1, 2, 1, 2);
    assert_int_equal(expect(f, &pair), KITH_ELIMIT);
    pair = pair_of(f, 2, 1, 1, 2);
    assert_int_equal(expect(f, &pair), KITH_ELIMIT);
    pair = pair_of(f, 2, 3, 1, 2);
    assert_int_equal(expect(f, &pair), 0);
    for (uint32_t i = 0; i < wanted; i++)
        leave(ends[i]);
}

static void one_peer_has_more_than_its_share_while_half_is_free(void **state)
{
    check_share(*state, PER_PEER_SPARE_MAX);
}

static void when_it_gets_tight_its_share_is_all(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < PAIRS_MAX / 2; i++) {
        struct kith_registry_pair pair =
            pair_of(f, 1000 + i, 3000 + i, (uint8_t)(1 + i), (uint8_t)(201 + i % 50));
        assert_int_equal(expect(f, &pair), 0);
    }
    check_share(f, PER_PEER_MAX);
}

static void many_ids_of_one_household_share_what_is_its(void **state)
{
    struct fixture *f = *state;
    struct kith_registry_pair pair;
    for (uint32_t i = 0; i < PER_HOUSEHOLD_MAX; i++) {
        pair = pair_of(f, 1000 + i, 2000 + i, 1, (uint8_t)(2 + i % 100));
        assert_int_equal(expect(f, &pair), 0);
    }
    pair = pair_of(f, 1, 2, 200, 1);
    assert_int_equal(expect(f, &pair), KITH_ELIMIT);
    pair = pair_of(f, 1, 2, 200, 201);
    assert_int_equal(expect(f, &pair), 0);
}

static void calls_of_strangers_take_nothing_of_whom_they_call(void **state)
{
    struct fixture *f = *state;
    struct kith_registry_pair pair;
    for (uint32_t i = 0; i < PER_HOUSEHOLD_MAX; i++) { /* all its household has */
        pair = pair_of(f, 1000 + i, 1, 1, 2);
        assert_int_equal(expect(f, &pair), 0);
    }
    pair = pair_of(f, 2, 1, 3, 2); /* a friend */
    assert_int_equal(expect(f, &pair), 0);
    pair = pair_of(f, 1, 2, 2, 3);
    assert_int_equal(expect(f, &pair), 0);
}

static void the_same_two_are_awaited_once_for_each_that_calls(void **state)
{
    struct fixture *f = *state;
    struct kith_registry_pair pair = pair_of(f, 1, 2, 1, 2);
    struct kith_registry_pair again = pair_of(f, 1, 2, 1, 2);
    struct kith_registry_pair back = pair_of(f, 2, 1, 2, 1);
    int ends[2];
    assert_int_equal(expect(f, &pair), 0);
    assert_int_equal(expect(f, &again), KITH_ELIMIT);
    assert_int_equal(expect(f, &back), 0);
    join(f, &pair, ends);
    assert_int_equal(expect(f, &again), 0); /* the link over it may have broken */
    leave(ends);
}

static void all_together_have_a_limit(void **state)
{
    struct fixture *f = *state;
    struct kith_registry_pair pair;
    for (uint32_t i = 0; i < PAIRS_MAX; i++) {
        pair = pair_of(f, 1000 + i, 3000 + i, (uint8_t)(1 + i % 100),
                       (uint8_t)(101 + i % 100));
        assert_int_equal(expect(f, &pair), 0);
    }
    pair = pair_of(f, 1, 2, 250, 251);
    assert_int_equal(expect(f, &pair), KITH_ELIMIT);
    assert_int_equal(kith_relaying_counts(f->relaying).pairs, PAIRS_MAX);
}

static void a_pair_that_ends_makes_room(void **state)
{
    struct fixture *f = *state;
    struct kith_registry_pair pair = {0};
    int ends[2];
    for (uint32_t i = 0; i < PER_PEER_SPARE_MAX; i++) {
        pair = pair_of(f, 1, 100 + i, 1, 2);
        assert_int_equal(expect(f, &pair), 0);
    }
    join(f, &pair, ends);
    leave(ends);
    while (kith_relaying_counts(f->relaying).pairs == PER_PEER_SPARE_MAX)
        uv_run(&f->loop, UV_RUN_ONCE);
    pair = pair_of(f, 1, 2, 1, 2);
    assert_int_equal(expect(f, &pair), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_peer_has_more_than_its_share_while_half_is_free),
        CASE(when_it_gets_tight_its_share_is_all),
        CASE(many_ids_of_one_household_share_what_is_its),
        CASE(calls_of_strangers_take_nothing_of_whom_they_call),
        CASE(the_same_two_are_awaited_once_for_each_that_calls),
        CASE(all_together_have_a_limit),
        CASE(a_pair_that_ends_makes_room),
    };
    return cmocka_run_group_tests_name("tracker/relaying", tests, NULL, NULL);
}
