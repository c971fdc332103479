/* SPDX-License-Identifier: MIT */
/* The stateful one: the input is a day of one node. A byte of options, then operations, a
 * byte each and what it needs. */
#include "core_world.h"

static void hold(struct world *w, uint8_t what)
{
    w->holds_commits = what & 1;
    w->holds_verdicts = what & 2;
    w->holds_loads = what & 4;
    w->holds_drains = what & 8;
    /* What was held and is not any more follows. */
    world_step(w, &(struct kith_input){.type = KITH_INPUT_TIMEOUT});
}

static void lose_link(struct world *w, uint8_t choice)
{
    static const int errors[] = {KITH_ECLOSED, KITH_ETIMEDOUT, KITH_EPROTO, KITH_EPROOF};
    struct world_link *link = &w->links[choice % WORLD_LINKS_MAX];
    struct kith_input input = {.type = KITH_INPUT_LINK_DOWN};
    if (link->no == 0)
        return;
    input.link_down.link = link->no;
    input.link_down.error = errors[choice >> 3 & 3];
    *link = (struct world_link){0};
    world_step(w, &input);
}

static void fail_dial(struct world *w, uint8_t choice)
{
    uint32_t *dial = &w->dials[choice % WORLD_DIALS_MAX];
    struct kith_input input = {.type = KITH_INPUT_DIAL_FAILED};
    if (*dial == 0)
        return;
    input.dial_failed.dial = *dial;
    input.dial_failed.error = choice & 128 ? KITH_EIDENTITY : KITH_EREFUSED;
    *dial = 0;
    world_step(w, &input);
}

static void pass(struct world *w, uint8_t choice)
{
    static const kith_time times[] = {
        KITH_MS,     250 * KITH_MS,    KITH_SECOND,   5 * KITH_SECOND,
        KITH_MINUTE, 10 * KITH_MINUTE, 2 * KITH_HOUR, 26 * KITH_HOUR,
    };
    kith_time time = times[choice & 7];
    if (choice & 128)
        world_pass(w, 0, choice & 64 ? -time : time); /* somebody sets the clock */
    else
        world_pass(w, time, time);
}

/* The op of a failing allocation: without effect before, and in few of the seeds. */
#define RUNS_SHORT 0xdf

static void act(struct world *w, struct kith_reader *in)
{
    uint8_t op = kith_reader_u8(in);
    switch (op % 16) {
    case 0:
    case 1:
        world_peer_act(w, in);
        break;
    case 2:
        world_command(w, in);
        break;
    case 3:
        world_link_up(w, in);
        break;
    case 4:
        world_sleep(w);
        break;
    case 5:
        pass(w, kith_reader_u8(in));
        break;
    case 6:
        lose_link(w, kith_reader_u8(in));
        break;
    case 7:
        fail_dial(w, kith_reader_u8(in));
        break;
    case 8:
        world_tracker_act(w, in, op >> 5 == 5);
        break;
    case 9:
        world_beacon(w, in);
        break;
    case 10:
        hold(w, kith_reader_u8(in));
        break;
    case 11:
        world_settle(w, op & 128);
        break;
    case 12:
        world_verify(w, kith_reader_u8(in), !(op & 128));
        break;
    case 13:
        world_load(w, op & 128 ? KITH_EIO : 0);
        break;
    case 14:
        world_restart(w, !(op & 128), op & 64);
        break;
    default:
        if (op == RUNS_SHORT)
            alloc_failing_arm(&w->memory, 1u + kith_reader_u8(in));
        else
            world_check_views(w, kith_bytes(in->at, kith_reader_left(in) % 40));
        break;
    }
}

#define DAY_MAX 1000 /* bytes; longer days are slower, and find no more */

void fuzz_input(const uint8_t *data, size_t size)
{
    static struct world w;
    struct kith_reader in =
        kith_reader(kith_bytes(data, size < DAY_MAX ? size : DAY_MAX));
    world_begin(&w, kith_reader_u8(&in));
    while (kith_reader_left(&in) > 0)
        act(&w, &in);
    world_end(&w);
}
