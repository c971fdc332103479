/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "core/digest.h"
#include "node/inside.h"

#define STEP_SIZE    (64 * 1024) /* of runs in one step */
#define STEP_GROUPS  64          /* looked at in one step, for few may be of the room */
#define LEFT_OUT_MAX 4096        /* events that cannot be read, one behind the other */
#define BRANCHES     16          /* of a log that are looked into for a run */

/* ---- exports ---- */

struct kith_export kith_runtime_export(const struct kith_runtime *runtime,
                                       uint32_t room_no, kith_time since)
{
    return (struct kith_export){
        .room_no = room_no,
        .since = kith_hlc_from_wall(since),
        .arrival = 1,
        .arrival_end = runtime->arrival_committed,
    };
}

struct step {
    struct kith_export *export;
    struct kith_export_run out;
    struct kith_run *run; /* decoding target */
    struct kith_id room_id;
    bool is_control;
    uint64_t seq_end; /* exclusive: of the group */
    size_t size;
    kith_export_cb *visit;
    void *ctx;
};

enum { GROUP_ENDS = 1 }; /* stops the store; never seen outside */

static int on_run(void *ctx, const struct kith_stored_run *stored)
{
    struct step *step = ctx;
    if (stored->seq_first >= step->seq_end)
        return GROUP_ENDS;
    if (kith_run_decode(stored->bytes, step->run) != 0 ||
        kith_digest_run(step->run, &step->room_id) != 0)
        return KITH_ECORRUPT;
    step->export->seq = stored->seq_last + 1;
    const struct kith_run *run = step->run;
    step->size += stored->bytes.size;
    if (run->events[run->count - 1].hlc < step->export->since && !step->is_control)
        return 0;
    int stop = step->visit(step->ctx, &step->out);
    return stop > 0 ? KITH_ECLOSED : stop;
}

static bool is_wanted(struct kith_runtime *runtime, const struct kith_export *export,
                      const struct kith_arrival_group *group, struct step *step)
{
    struct kith_log_view log;
    struct kith_room_view room;
    if (!kith_node_log(runtime->node, group->log_no, &log) ||
        (export->room_no != 0 && log.room_no != export->room_no) ||
        !kith_node_room(runtime->node, log.room_no, &room))
        return false;
    step->room_id = room.id;
    step->is_control = log.log_class == KITH_LOG_CONTROL;
    step->out =
        (struct kith_export_run){log.room_no, group->log_no, log.author_no, step->run};
    return true;
}

/* The event that is next cannot be read. What was signed with it fails for it too, so it
 * is a few in a row; much more is a damaged file, or a count that is. */
static void leave_out(struct kith_runtime *runtime, struct kith_export *export,
                      uint64_t seq_end, bool is_end)
{
    is_end |= ++export->left_out_in_row > LEFT_OUT_MAX;
    export->seq = is_end ? seq_end : export->seq + 1;
    export->left_out++;
    kith_health_read(runtime, KITH_ECORRUPT);
}

/* What of the group fits the step. */
static int step_group(struct kith_runtime *runtime, struct kith_export *export,
                      struct step *step, bool *out_more)
{
    struct kith_arrival_group group;
    int error = kith_store_arrival_group(runtime->store, export->arrival, &group);
    if (error == KITH_ENOTFOUND || (error == 0 && group.first >= export->arrival_end)) {
        *out_more = false;
        return 0;
    }
    if (error != 0)
        return error;
    step->seq_end = group.seq + group.count;
    if (export->seq == 0)
        export->seq = group.seq;
    export->arrival = group.first;
    uint64_t seq = export->seq;
    if (is_wanted(runtime, export, &group, step)) {
        error = kith_store_load(runtime->store, group.log_no, export->seq, KITH_SEQ_MAX,
                                STEP_SIZE - step->size, on_run, step);
        bool is_gone = error >= 0 && export->seq == seq; /* it arrived */
        if (error < 0 && error != KITH_ECORRUPT)
            return error;
        if (export->seq != seq)
            export->left_out_in_row = 0;
        if (export->seq < step->seq_end && (error < 0 || is_gone))
            leave_out(runtime, export, step->seq_end, is_gone);
    } else {
        export->seq = step->seq_end;
    }
    if (export->seq >= step->seq_end) {
        export->arrival = group.first + 1;
        export->seq = 0;
    }
    return 0;
}

int kith_runtime_export_step(struct kith_runtime *runtime, struct kith_export *export,
                             kith_export_cb *visit, void *ctx, bool *out_more)
{
    struct step step = {.export = export, .visit = visit, .ctx = ctx};
    int error = 0;
    *out_more = true;
    if (runtime->store == NULL)
        return KITH_ECLOSED;
    step.run = malloc(sizeof(*step.run));
    if (step.run == NULL)
        return KITH_ENOMEM;
    for (int i = 0; i < STEP_GROUPS && error == 0 && *out_more && step.size < STEP_SIZE;
         i++)
        error = step_group(runtime, export, &step, out_more);
    free(step.run);
    return kith_health_read(runtime, error);
}

/* ---- imports ---- */

struct search {
    struct kith_bytes wanted;
    bool is_found;
};

static int compare(void *ctx, const struct kith_stored_run *stored)
{
    struct search *search = ctx;
    search->is_found = kith_bytes_equal(stored->bytes, search->wanted);
    return GROUP_ENDS;
}

bool kith_runtime_holds(struct kith_runtime *runtime, const struct kith_id *room,
                        struct kith_bytes bytes)
{
    uint32_t nos[BRANCHES];
    struct search search = {.wanted = bytes};
    struct kith_run *run = runtime->store == NULL ? NULL : malloc(sizeof(*run));
    if (run == NULL || kith_run_decode(bytes, run) != 0) {
        free(run);
        return false;
    }
    uint64_t seq_last = run->seq_first + run->count - 1;
    size_t count =
        kith_node_log_nos(runtime->node, room, &run->author, &run->log, nos, BRANCHES);
    for (size_t i = 0; i < count && !search.is_found; i++) {
        struct kith_log_view log;
        if (kith_node_log(runtime->node, nos[i], &log) && log.head_seq >= seq_last)
            kith_store_load(runtime->store, nos[i], run->seq_first, KITH_SEQ_MAX, 1,
                            compare, &search);
    }
    free(run);
    return search.is_found;
}
