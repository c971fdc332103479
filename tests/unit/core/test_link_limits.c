/* SPDX-License-Identifier: MIT */
/* Who makes room when all places for links are taken. */
#include "lone.h"

#include <stdio.h>
#include <stdlib.h>

/* A connection of a stranger, who says nothing. */
static void come(struct lone *l, uint32_t link, uint8_t seed)
{
    struct kith_input in = {.type = KITH_INPUT_LINK_UP};
    in.link_up = (struct kith_input_link_up){
        .link = link, .role = KITH_ROLE_LISTENER, .peer = {{seed}}};
    snprintf(in.link_up.remote.host, sizeof(in.link_up.remote.host), "10.0.0.9");
    in.now = l->now;
    struct kith_effects effects;
    assert_int_equal(kith_node_step(l->node, &in, &effects), 0);
    for (size_t i = 0; i < effects.count; i++)
        if (effects.items[i].type == KITH_EFFECT_CLOSE) {
            assert_int_equal(effects.items[i].close.error, KITH_ELIMIT);
            l->closed[0] = (int)effects.items[i].close.link; /* the last one */
        }
}

static void past_the_limit_strangers_push_out_strangers_alone(void **state)
{
    (void)state;
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    struct lone_peer bob, carol;
    lone_connect(l, &bob, 1, 1, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &bob);
    lone_connect(l, &carol, 2, 2, KITH_ROLE_DIALLER, 0);
    lone_greet(l, &carol);
    const uint32_t last = KITH_LINKS_MAX + KITH_STRANGERS_MAX;
    for (uint32_t link = 3; link <= last; link++)
        come(l, link, (uint8_t)(100 + link % 100));
    assert_int_equal(l->closed[0], 1); /* none so far */
    for (uint32_t link = 3; link <= last; link++) {
        l->now.mono += KITH_MS;
        come(l, last + link, 99);
        assert_int_equal(l->closed[0], link); /* the oldest stranger */
    }
    struct kith_peer_view view;
    for (uint32_t no = 1; no <= 2; no++)
        assert_true(kith_node_peer(l->node, no, &view) && view.is_online);
    lone_deinit(l);
    free(l);
}

/* Somebody who is greeted and in the lobby. */
static void meet(struct lone *l, struct lone_peer *peer, uint32_t link)
{
    l->now.mono += KITH_MS;
    lone_connect(l, peer, 1000 + link, link, KITH_ROLE_DIALLER, 0);
    lone_greet(l, peer);
    lone_forget(l);
}

static void past_the_limit_the_idlest_goes(void **state)
{
    (void)state;
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    struct lone_peer first, others[2];
    meet(l, &first, 1);
    for (uint32_t link = 2; link <= KITH_LINKS_MAX; link++)
        meet(l, &others[0], link);
    struct lone_log log = {.author = &first.key,
                           .room = lone_lobby(),
                           .log = {{1}},
                           .hlc = kith_hlc_from_wall(l->now.wall)};
    struct kith_writer run;
    lone_write(&log, &run, 1, 'a');
    lone_say_run(l, &first, &first.lobby_tag, &run); /* so it is not idle */
    kith_writer_deinit(&run);
    lone_forget(l);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(l->closed[2 + i], 1);
        meet(l, &others[i], KITH_LINKS_MAX + 1 + i);
        assert_int_equal(l->closed[2 + i], KITH_ELIMIT);
        assert_int_equal(kith_node_link_count(l->node), KITH_LINKS_MAX);
    }
    assert_int_equal(l->closed[1], 1);
    lone_deinit(l);
    free(l);
}

/* It was the first to come, and the last to be greeted, in one moment. */
static void the_idlest_may_be_the_newcomer_itself(void **state)
{
    (void)state;
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    struct lone_peer first, other;
    lone_connect(l, &first, 999, 1, KITH_ROLE_DIALLER, 0);
    for (uint32_t link = 2; link <= KITH_LINKS_MAX + 1; link++) {
        lone_connect(l, &other, 1000 + link, link, KITH_ROLE_DIALLER, 0);
        lone_greet(l, &other);
        lone_forget(l);
    }
    lone_greet(l, &first);
    assert_int_equal(l->closed[1], KITH_ELIMIT);
    assert_int_equal(lone_count_sent(l, 1, KITH_FRAME_ROOMS), 0);
    struct kith_input in = {.type = KITH_INPUT_LINK_DOWN};
    in.link_down.link = 1;
    in.link_down.error = KITH_ELIMIT;
    lone_step(l, in);
    lone_pass(l, KITH_MS);
    lone_deinit(l);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(past_the_limit_strangers_push_out_strangers_alone),
        cmocka_unit_test(past_the_limit_the_idlest_goes),
        cmocka_unit_test(the_idlest_may_be_the_newcomer_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
