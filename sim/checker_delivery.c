/* SPDX-License-Identifier: MIT */
/* "Delivered" never lies, and in the end every direct message is. */
#include "checker.h"

#include "world.h"
#include <inttypes.h>
#include <stdio.h>

/* Now, or before a power cut. */
static uint64_t seq_held_by(const struct sim_world *world, const struct kith_id *peer,
                            const struct sim_disk_log *log)
{
    uint64_t seq = 0;
    for (uint32_t no = 1; no <= world->host_count; no++) {
        const struct sim_host *host = world->hosts[no];
        if (!kith_id_equal(&host->identity.id, peer))
            continue;
        const uint64_t held =
            sim_disk_seq(&host->disk, &log->author, &log->log, log->log_class);
        const uint64_t lost = sim_disk_logs_seq(host->logs_lost, host->log_lost_max,
                                                &log->author, &log->log, log->log_class);
        if (held > seq)
            seq = held;
        if (lost > seq)
            seq = lost;
    }
    return seq;
}

static void on_notice(struct sim_world *world, struct sim_host *host,
                      const struct kith_notice *notice)
{
    if (notice->type != KITH_NOTICE_DELIVERY)
        return;
    const uint32_t log_no = notice->delivery.log_no;
    const struct kith_id peer = sim_host_peer_id(host, notice->delivery.peer_no);
    const struct sim_host *other = sim_world_host_of(world, &peer);
    if (other != NULL && other->liar != NULL)
        return; /* that it holds it is its lie */
    if (log_no == 0 || log_no > host->disk.log_no_max) {
        sim_world_fail(world, "delivery", "host %" PRIu32 " knows no log %" PRIu32,
                       host->no, log_no);
        return;
    }
    const struct sim_disk_log *log = &host->disk.logs[log_no];
    const uint64_t held = seq_held_by(world, &peer, log);
    if (held < notice->delivery.seq)
        sim_world_fail(world, "delivery",
                       "host %" PRIu32 " says log %" PRIu32 " is delivered up to %" PRIu64
                       ", the peer holds %" PRIu64,
                       host->no, log_no, notice->delivery.seq, held);
    if (!kith_id_equal(&log->author, &host->identity.id))
        sim_world_fail(world, "delivery",
                       "host %" PRIu32 " tells of delivery of another's "
                       "log %" PRIu32,
                       host->no, log_no);
}

/* One who could hold it besides its author. */
static bool has_reader(const struct sim_world *world, const struct sim_text *text)
{
    for (uint32_t no = 1; no <= world->host_count; no++)
        if (!world->hosts[no]->has_left && !sim_host_is_same(world, no, text->author) &&
            sim_host_is_in(world->hosts[no], text->to))
            return true;
    return false;
}

static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t no = 1; no <= world->ledger.count; no++) {
        const struct sim_text *text = sim_ledger_text(&world->ledger, no);
        const struct sim_host *host = sim_world_host(world, text->author);
        if (text->state != SIM_TEXT_STORED || host->node == NULL ||
            (sim_text_is_direct(text) && sim_host_present(world, text->to) == NULL))
            continue;
        const struct kith_delivery state =
            kith_node_delivery(host->node, text->log_no, text->seq);
        const bool is_done = sim_text_is_direct(text)
                                 ? state.is_delivered
                                 : state.held_count > 0 || !has_reader(world, text);
        if (!is_done) {
            snprintf(why, SIM_WHY_SIZE,
                     "text %" PRIu32 " of host %" PRIu32 " to %" PRIu32
                     " is pending still",
                     no, text->author, text->to);
            return false;
        }
    }
    return true;
}

const struct sim_checker sim_checker_delivery = {
    .name = "delivery",
    .claim = "delivered means held by that peer; in the end nothing is pending but for "
             "whom left",
    .notice = on_notice,
    .settled = settled,
};
