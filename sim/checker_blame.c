/* SPDX-License-Identifier: MIT */
/* What people are warned of is true: nobody lies, or is copied, who is accused of it. */
#include "checker.h"

#include "kith/error.h"
#include "world.h"
#include <inttypes.h>

/* What a host sends may be tampered with; then nobody knows better. */
static bool is_guilty(const struct sim_world *world, const struct sim_host *peer,
                      enum kith_warning warning)
{
    if (warning == KITH_WARNING_FAULT)
        return peer->liar != NULL || world->wire.tamper != NULL;
    return peer->liar != NULL || peer->is_copy;
}

static void on_notice(struct sim_world *world, struct sim_host *host,
                      const struct kith_notice *notice)
{
    static const char *const charges[] = {
        [KITH_WARNING_FORK] = "two histories",
        [KITH_WARNING_COPIED_HOME] = "running twice",
        [KITH_WARNING_FAULT] = "breaking the protocol",
    };
    const enum kith_warning warning = notice->warning.warning;
    if (notice->type != KITH_NOTICE_WARNING ||
        warning >= sizeof(charges) / sizeof(charges[0]) || charges[warning] == NULL)
        return;
    const struct sim_host *peer = sim_world_host_of(world, &notice->warning.peer);
    if (peer != NULL && !is_guilty(world, peer, warning))
        sim_world_fail(
            world, "blame", "host %" PRIu32 " accuses host %" PRIu32 " of %s (%s)",
            host->no, peer->no, charges[warning], kith_error_name(notice->warning.error));
}

const struct sim_checker sim_checker_blame = {
    .name = "blame",
    .claim = "nobody is accused of two histories, of running twice or of breaking the "
             "protocol who did not",
    .notice = on_notice,
};
