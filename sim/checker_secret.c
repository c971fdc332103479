/* SPDX-License-Identifier: MIT */
/* Direct messages are at no third node. */
#include "checker.h"

#include "world.h"
#include <inttypes.h>
#include <stdio.h>

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t text_no = 1; text_no <= world->ledger.count; text_no++) {
        const struct sim_text *text = sim_ledger_text(&world->ledger, text_no);
        for (uint32_t no = 1; no <= world->host_count && text->to != 0; no++) {
            if (no != text->to && no != text->author &&
                sim_disk_text_count(&world->hosts[no]->disk, text_no) > 0) {
                snprintf(why, SIM_WHY_SIZE,
                         "direct text %" PRIu32 " of host %" PRIu32 " to host %" PRIu32
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
    .claim = "direct messages are held by nobody but the two",
    .settled = settled,
};
