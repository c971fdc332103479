/* SPDX-License-Identifier: MIT */
/* Who knows a peer knows it by its last name, and by none that stands where no name
 * belongs. */
#include "checker.h"

#include "liar.h"
#include "world.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        const struct sim_host *host = world->hosts[no];
        if (host->node == NULL)
            continue;
        for (uint32_t peer_no = 1; peer_no <= kith_node_peer_count(host->node);
             peer_no++) {
            struct kith_peer_view view;
            if (!kith_node_peer(host->node, peer_no, &view) || view.name[0] == '\0')
                continue;
            const struct sim_host *peer = sim_world_host_of(world, &view.id);
            if (peer != NULL && peer->liar != NULL &&
                view.name[0] == SIM_LIAR_MISPLACED) {
                snprintf(why, SIM_WHY_SIZE,
                         "host %" PRIu32 " calls liar %" PRIu32
                         " by what it wrote in a log that has no names",
                         no, peer->no);
                return false;
            }
            if (peer == NULL || peer->is_copy || peer->node == NULL ||
                strcmp(view.name, kith_node_name(peer->node)) == 0)
                continue;
            snprintf(why, SIM_WHY_SIZE,
                     "host %" PRIu32 " calls host %" PRIu32 " \"%s\", its name is \"%s\"",
                     no, peer->no, view.name, kith_node_name(peer->node));
            return false;
        }
    }
    return true;
}

const struct sim_checker sim_checker_names = {
    .name = "names",
    .claim = "in the end everyone is known by the last name they took",
    .settled = settled,
};
