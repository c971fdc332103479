/* SPDX-License-Identifier: MIT */
/* What people are shown is what was said: whole, by whom, in the right room, in the
 * author's order, never twice, and only once it is committed. */
#include "checker.h"

#include "memory.h"
#include "world.h"
#include <inttypes.h>
#include <string.h>

static struct sim_shown_log *shown_log(struct sim_host *host, const struct kith_run *run)
{
    for (size_t i = 0; i < host->shown_log_count; i++) {
        struct sim_shown_log *log = &host->shown_logs[i];
        if (memcmp(log->log.bytes, run->log.bytes, sizeof(run->log.bytes)) == 0 &&
            kith_id_equal(&log->author, &run->author))
            return log;
    }
    host->shown_logs = sim_grown(host->shown_logs, &host->shown_log_capacity,
                                 host->shown_log_count, sizeof(*host->shown_logs));
    struct sim_shown_log *log = &host->shown_logs[host->shown_log_count++];
    log->author = run->author;
    log->log = run->log;
    return log;
}

/* Within a process a log is shown without gaps. What was committed just before a crash
 * may have been told to nobody: after it there may be one. */
static void check_sequence(struct sim_world *world, struct sim_host *host,
                           struct sim_shown_log *log, const struct kith_run *run)
{
    const bool has_crashed = log->generation != host->generation;
    const uint64_t first = run->seq_first;
    if (first <= log->seq || (!has_crashed && first != log->seq + 1))
        sim_world_fail(
            world, "shown",
            "host %" PRIu32 " shows seq %" PRIu64 " after %" PRIu64 " of a log%s",
            host->no, first, log->seq, first <= log->seq ? ": twice" : ": a gap");
    log->seq = first + run->count - 1;
    log->generation = host->generation;
}

static bool room_fits(const struct sim_host *host, uint32_t room_no,
                      const struct sim_world *world, const struct sim_text *text)
{
    struct kith_room_view room;
    if (!kith_node_room(host->node, room_no, &room))
        return false;
    const struct kith_name name = sim_ledger_room(text->to);
    if (!sim_text_is_direct(text))
        return room.kind == KITH_ROOM_OPEN && strcmp(room.name, name.text) == 0;
    const uint32_t other =
        sim_host_is_same(world, host->no, text->author) ? text->to : text->author;
    const struct kith_id peer = sim_host_peer_id(host, room.peer_no);
    return room.kind == KITH_ROOM_DIRECT &&
           kith_id_equal(&peer, &sim_world_host(world, other)->identity.id);
}

static void check_text(struct sim_world *world, struct sim_host *host,
                       struct sim_shown_log *log, const struct kith_notice *notice,
                       struct kith_bytes shown)
{
    const uint32_t no = sim_ledger_number(shown);
    const struct sim_text *text = sim_ledger_text(&world->ledger, no);
    if (text == NULL || !kith_bytes_equal(text->bytes, shown)) {
        sim_world_fail(world, "shown",
                       "host %" PRIu32 " shows what nobody said (%zu bytes)", host->no,
                       shown.size);
        return;
    }
    host->shown = sim_grown(host->shown, &host->shown_capacity, no, 1);
    if (host->shown[no]++ > 0)
        sim_world_fail(world, "shown", "host %" PRIu32 " shows text %" PRIu32 " twice",
                       host->no, no);
    if (!kith_id_equal(&notice->message.run->author,
                       &sim_world_host(world, text->author)->identity.id))
        sim_world_fail(world, "shown",
                       "host %" PRIu32 " shows text %" PRIu32 " as another's", host->no,
                       no);
    if (!room_fits(host, notice->message.room_no, world, text))
        sim_world_fail(world, "shown",
                       "host %" PRIu32 " shows text %" PRIu32 " in the wrong room",
                       host->no, no);
    if (sim_disk_text_count(&host->disk, no) == 0)
        sim_world_fail(world, "shown",
                       "host %" PRIu32 " shows text %" PRIu32 " before it is committed",
                       host->no, no);
    if (no <= log->text_no && !sim_world_host(world, text->author)->is_copy)
        sim_world_fail(world, "shown",
                       "host %" PRIu32 " shows text %" PRIu32 " after text %" PRIu32
                       " of the same author",
                       host->no, no, log->text_no);
    log->text_no = no;
}

static void on_notice(struct sim_world *world, struct sim_host *host,
                      const struct kith_notice *notice)
{
    if (notice->type != KITH_NOTICE_MESSAGE)
        return;
    const struct kith_run *run = notice->message.run;
    const struct kith_id author = sim_host_peer_id(host, notice->message.author_no);
    if (!kith_id_equal(&author, &run->author))
        sim_world_fail(world, "shown",
                       "host %" PRIu32 ": author_no %" PRIu32
                       " is not the author of the run",
                       host->no, notice->message.author_no);
    if (notice->message.arrival_first <= host->arrival_last)
        sim_world_fail(world, "shown",
                       "host %" PRIu32 ": arrival %" PRIu64 " after %" PRIu64, host->no,
                       notice->message.arrival_first, host->arrival_last);
    host->arrival_last = notice->message.arrival_first + run->count - 1;
    const struct sim_host *from = sim_world_host_of(world, &run->author);
    if (from == NULL) {
        sim_world_fail(world, "shown", "host %" PRIu32 " shows a stranger's run",
                       host->no);
        return;
    }
    if (from->liar != NULL)
        return; /* whatever it said */
    struct sim_shown_log *log = shown_log(host, run);
    if (!from->is_copy)
        check_sequence(world, host, log, run);
    for (size_t i = 0; i < run->count && !world->failure.is_set; i++) {
        const struct kith_bytes text =
            sim_ledger_body(run->events[i].kind, run->events[i].content);
        if (text.size > 0)
            check_text(world, host, log, notice, text);
    }
}

/* What a process committed of others it has shown too; one that died in between is
 * excused, for what it held is history to the next. */
static bool settled(struct sim_world *world, char why[static SIM_WHY_SIZE])
{
    for (uint32_t no = 1; no <= world->host_count; no++) {
        const struct sim_host *host = world->hosts[no];
        for (uint32_t text_no = 1;
             host->node != NULL && text_no < host->committed_in_capacity; text_no++) {
            if (host->committed_in[text_no] != host->generation ||
                sim_host_is_same(world, no,
                                 sim_ledger_text(&world->ledger, text_no)->author) ||
                sim_host_has_shown(world, no, text_no))
                continue;
            snprintf(why, SIM_WHY_SIZE,
                     "host %" PRIu32 " holds text %" PRIu32 " and does not show it", no,
                     text_no);
            return false;
        }
    }
    return true;
}

const struct sim_checker sim_checker_shown = {
    .name = "shown",
    .claim =
        "what is shown was said so, by that author, once, in order, and is committed; "
        "what is committed is shown",
    .notice = on_notice,
    .settled = settled,
};
