/* SPDX-License-Identifier: MIT */
/* Memory runs out at every allocation of two nets that meet, talk and part: the dial
 * fails or the link goes down, and the next ones work. */
#include "endpoint.h"

#include "lib/malloc_failing.h"

#define FRAME_SIZE 0x20000
#define TURNS_MAX  4000 /* of 2 ms */
#define COUNT_MAX  1000

struct pair {
    uv_loop_t loop;
    struct endpoint *alice, *bob;
};

static bool is_linked(const struct pair *pair)
{
    return pair->alice->up_count > pair->alice->down_count;
}

static bool has_ended(const struct pair *pair)
{
    return pair->alice->dial_failed_count > 0 ||
           (pair->alice->up_count > 0 && !is_linked(pair));
}

static bool has_arrived(const struct pair *pair)
{
    return pair->bob->frame_count > 0;
}

/* Turn until it is so or the link has ended; false if neither comes. */
static bool turn(struct pair *pair, bool (*is_so)(const struct pair *pair))
{
    for (int i = 0; i < TURNS_MAX; i++) {
        if (is_so(pair) || has_ended(pair))
            return true;
        turn_for(&pair->loop, pair->alice, pair->bob, 2);
    }
    return false;
}

/* Both ways out are good ones: the frame is there, or somebody is told that it is not. */
static void meet(struct pair *pair)
{
    static const uint8_t frame[4 + FRAME_SIZE] = {0, FRAME_SIZE >> 16, 0, 0};
    if (endpoint_dial(pair->alice, 1, &pair->bob->at, &id_bob) != 0)
        return;
    assert_true(turn(pair, is_linked));
    if (is_linked(pair)) {
        kith_net_send(pair->alice->net, pair->alice->up.link,
                      kith_bytes(frame, sizeof frame));
        kith_net_flush(pair->alice->net);
        assert_true(turn(pair, has_arrived));
        kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EDISCONNECTED);
        assert_true(turn(pair, has_ended));
    }
    for (int i = 0; i < TURNS_MAX && pair->bob->up_count > pair->bob->down_count; i++)
        turn_for(&pair->loop, pair->alice, pair->bob, 2);
    assert_int_equal(pair->bob->up_count, pair->bob->down_count);
}

static void the_next_ones_meet(struct pair *pair)
{
    size_t ups = pair->alice->up_count, bobs = pair->bob->up_count;
    assert_int_equal(endpoint_dial(pair->alice, 2, &pair->bob->at, &id_bob), 0);
    turn_until(&pair->loop, pair->alice, pair->bob, &pair->alice->up_count, ups + 1);
    turn_until(&pair->loop, pair->alice, pair->bob, &pair->bob->up_count, bobs + 1);
}

static void running_out_of_memory_anywhere_ends_one_link_and_no_more(void **state)
{
    size_t n = 0;
    bool is_over = false;
    while (!is_over) {
        struct pair pair;
        assert_true(++n < COUNT_MAX);
        uv_loop_init(&pair.loop);
        pair.alice = endpoint_new(&pair.loop, seed_alice, &id_alice, NULL);
        pair.bob = endpoint_new(&pair.loop, seed_bob, &id_bob, NULL);
        endpoint_listen(pair.bob, "127.0.0.1");
        malloc_failing_arm(n);
        meet(&pair);
        is_over = !malloc_failing_has_failed();
        malloc_failing_arm(0);
        assert_true(!is_over || has_arrived(&pair));
        the_next_ones_meet(&pair);
        endpoint_free(&pair.loop, pair.alice);
        endpoint_free(&pair.loop, pair.bob);
        loop_close(&pair.loop);
    }
    print_message("%zu allocations\n", n - 1);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_out_of_memory_anywhere_ends_one_link_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
