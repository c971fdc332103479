/* SPDX-License-Identifier: MIT */
/* Nothing acknowledged is lost, nothing is held twice, nothing refused turns up. What one
 * node holds of a room all its members come to hold. Who left for good may have taken
 * with it what nobody else held yet; of liars nothing is expected. */
#include "checker.h"

#include "world.h"
#include <inttypes.h>
#include <stdio.h>

static bool is_member(const struct sim_world *world, const struct sim_text *text,
                      uint32_t host)
{
    if (world->hosts[host]->has_left || world->hosts[host]->liar != NULL)
        return false;
    if (text->to & SIM_ROOM)
        return sim_host_is_in(world->hosts[host], text->to);
    return text->to == 0 || sim_host_is_same(world, text->to, host) ||
           sim_host_is_same(world, text->author, host);
}

static bool is_held_anywhere(const struct sim_world *world, uint32_t text_no)
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        if (!world->hosts[no]->has_left &&
            sim_disk_text_count(&world->hosts[no]->disk, text_no) > 0)
            return true;
    }
    return false;
}

static bool text_settled(const struct sim_world *world, const struct sim_text *text,
                         char why[static SIM_WHY_SIZE])
{
    const bool is_held = is_held_anywhere(world, text->no);
    const bool has_author = !sim_world_host(world, text->author)->has_left;
    const bool is_expected = is_held || (text->state == SIM_TEXT_STORED && has_author);
    if (text->state == SIM_TEXT_REFUSED && is_held) {
        snprintf(why, SIM_WHY_SIZE, "text %" PRIu32 " was refused (%s), yet it is held",
                 text->no, kith_error_name(text->error));
        return false;
    }
    for (uint32_t no = 1; no <= world->host_count && is_expected; no++) {
        const unsigned count = sim_disk_text_count(&world->hosts[no]->disk, text->no);
        if (is_member(world, text, no) && count != 1) {
            snprintf(why, SIM_WHY_SIZE,
                     "text %" PRIu32 " of host %" PRIu32 " to %" PRIu32
                     " (%s, seq %" PRIu64 ") is held %u times at host %" PRIu32,
                     text->no, text->author, text->to,
                     text->state == SIM_TEXT_STORED ? "acknowledged" : "unanswered",
                     text->seq, count, no);
            return false;
        }
    }
    return true;
}

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t no = 1; no <= world->ledger.count; no++) {
        if (!text_settled(world, sim_ledger_text(&world->ledger, no), why))
            return false;
    }
    return true;
}

const struct sim_checker sim_checker_loss = {
    .name = "loss",
    .claim =
        "what was acknowledged is held once by every member, what was refused by none",
    .settled = settled,
};
