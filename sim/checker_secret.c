/* SPDX-License-Identifier: MIT */
/* Direct messages are at no third node, and those of a room with nobody who was never in
 * it. What comes to liars they check themselves (liar.c). */
#include "checker.h"

#include "world.h"
#include <inttypes.h>
#include <stdio.h>

static bool may_hold(const struct sim_world *world, const struct sim_text *text,
                     uint32_t host)
{
    if (sim_text_is_direct(text))
        return sim_host_is_same(world, host, text->to) ||
               sim_host_is_same(world, host, text->author);
    return sim_host_was_in(world->hosts[host], text->to);
}

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t text_no = 1; text_no <= world->ledger.count; text_no++) {
        const struct sim_text *text = sim_ledger_text(&world->ledger, text_no);
        for (uint32_t no = 1; no <= world->host_count; no++) {
            if (!may_hold(world, text, no) &&
                sim_disk_text_count(&world->hosts[no]->disk, text_no) > 0) {
                snprintf(why, SIM_WHY_SIZE,
                         "text %" PRIu32 " of host %" PRIu32 " to %" PRIu32
                         " is held at host %" PRIu32,
                         text_no, text->author, text->to, no);
                return false;
            }
        }
    }
    return true;
}

const struct sim_checker sim_checker_secret = {
    .name = "secret",
    .claim = "direct messages are held by the two alone, rooms by who was in them",
    .settled = settled,
};
