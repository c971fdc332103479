/* SPDX-License-Identifier: MIT */
/* Direct messages are at no third node, nor on their way to one, and those of a room with
 * nobody who was never in it. */
#include "checker.h"

#include "proto/frame.h"
#include "world.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool may_hold(const struct sim_world *world, const struct sim_text *text,
                     uint32_t host)
{
    if (sim_text_is_direct(text))
        return sim_host_is_same(world, host, text->to) ||
               sim_host_is_same(world, host, text->author);
    return sim_host_was_in(world->hosts[host], text->to);
}

/* As its process has it: on its disk that may not be yet. */
static bool has_room(const struct sim_host *host, uint32_t room)
{
    const struct kith_name name = sim_ledger_room(room);
    struct kith_room_view view;
    for (uint32_t no = 1; no <= kith_node_room_count(host->node); no++)
        if (kith_node_room(host->node, no, &view) && view.kind == KITH_ROOM_OPEN &&
            strcmp(view.name, name.text) == 0)
            return true;
    return false;
}

/* Liars are in whatever rooms they know the names of. */
static bool may_hear(const struct sim_world *world, const struct sim_text *text,
                     const struct sim_host *host)
{
    if (sim_text_is_direct(text))
        return may_hold(world, text, host->no);
    return host->liar != NULL || has_room(host, text->to);
}

static void on_frame(struct sim_world *world, const struct sim_host *from,
                     const struct sim_host *to, struct kith_bytes bytes)
{
    static struct kith_run run; /* too large for the stack; nothing is kept in it */
    struct kith_frame_run frame;
    if (from->liar != NULL || bytes.size == 0 || bytes.data[0] != KITH_FRAME_RUN ||
        kith_frame_run_decode(kith_bytes(bytes.data + 1, bytes.size - 1), &frame) != 0 ||
        kith_run_decode(frame.run, &run) != 0)
        return;
    for (size_t i = 0; i < run.count; i++) {
        const struct sim_text *text = sim_ledger_text(
            &world->ledger, sim_ledger_number(sim_ledger_body(run.events[i].kind,
                                                              run.events[i].content)));
        if (text != NULL && !may_hear(world, text, to))
            sim_world_fail(world, "secret",
                           "host %" PRIu32 " sends text %" PRIu32 " to %" PRIu32
                           " to host %" PRIu32,
                           from->no, text->no, text->to, to->no);
    }
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
    .claim = "direct messages go to the two alone, those of a room to who was in it",
    .frame = on_frame,
    .settled = settled,
};
