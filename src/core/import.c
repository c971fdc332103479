/* SPDX-License-Identifier: MIT */
#include "core/import.h"

#include <string.h>

#include "core/command.h"
#include "core/digest.h"
#include "core/fetch.h"
#include "core/hearsay.h"
#include "core/intake.h"
#include "core/log.h"
#include "core/peer.h"
#include "core/room.h"

static uint64_t last_seq(const struct kith_run *run)
{
    return run->seq_first + run->count - 1;
}

static void release(struct kith_node *node, struct kith_import *import)
{
    kith_list_remove(&import->item);
    if (import->pending != NULL)
        kith_pending_free(node, import->pending);
    kith_release(node->alloc, import);
}

static void answer(struct kith_node *node, struct kith_import *import, int error)
{
    struct kith_notice *tell = kith_command_reply(node, import->pending->token, error, 0);
    const struct kith_room *room = kith_map_get(&node->room_map, import->room_id.bytes);
    if (error == 0 && room != NULL)
        tell->reply.room_no = room->no;
    release(node, import);
}

/* ---- in ---- */

static void verify(struct kith_node *node, struct kith_import *import)
{
    const struct kith_run *run = import->pending->run;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_VERIFY);
    import->verify_no = effect->verify.verify_no = ++node->verify_no;
    effect->verify.author = run->author;
    memcpy(effect->verify.signature, run->signature, KITH_SIGNATURE_SIZE);
    kith_digest_signed(&run->events[run->count - 1].id, effect->verify.message);
}

static void add(struct kith_node *node, const struct kith_command *command,
                const struct kith_run *run)
{
    struct kith_import *import = kith_alloc_zero(node->alloc, sizeof(*import));
    if (import == NULL) {
        kith_node_break(node);
        return;
    }
    import->room_id = command->import.room;
    import->kind = command->import.kind;
    import->name = command->import.name;
    memcpy(import->parties, command->import.parties, sizeof(import->parties));
    kith_list_push(&node->imports, &import->item);
    import->pending = kith_pending_new(node, run);
    if (import->pending == NULL)
        return;
    import->pending->token = command->token;
    import->pending->link = KITH_LINK_IMPORT;
    verify(node, import);
}

void kith_import_begin(struct kith_node *node, const struct kith_command *command)
{
    struct kith_run *run = node->run_scratch;
    int error = kith_run_decode(command->import.run, run);
    if (error == 0)
        error = kith_digest_run(run, &command->import.room);
    if (error == 0 && !kith_intake_has_bodies(run))
        error = KITH_ECHAIN;
    if (error == 0 &&
        kith_hlc_wall(run->events[run->count - 1].hlc) > node->now.wall + KITH_FUTURE_MAX)
        error = KITH_EINVALID;
    if (error != 0)
        kith_command_reply(node, command->token, error, 0);
    else
        add(node, command, run);
}

/* ---- its room ---- */

/* The room's id is a hash of both parties, so whoever is named wrongly does not fit. */
static struct kith_room *get_direct(struct kith_node *node,
                                    const struct kith_import *import)
{
    const struct kith_id *candidates[] = {&import->pending->run->author,
                                          &import->parties[0], &import->parties[1]};
    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        struct kith_id id = kith_digest_direct_room(&node->self->id, candidates[i]);
        if (!kith_id_equal(&id, &import->room_id) ||
            kith_id_equal(candidates[i], &node->self->id))
            continue;
        struct kith_peer *peer = kith_peer_get(node, candidates[i]);
        return peer == NULL ? NULL : kith_room_get_direct(node, peer);
    }
    return NULL;
}

/* NULL: none of ours. Rooms of other networks are only known if they were kept. */
static struct kith_room *get_room(struct kith_node *node,
                                  const struct kith_import *import)
{
    struct kith_room *room = kith_map_get(&node->room_map, import->room_id.bytes);
    if (room != NULL)
        return room;
    if (import->kind == KITH_ROOM_DIRECT)
        return get_direct(node, import);
    struct kith_id id = kith_digest_open_room(node->network_key, import->name.text);
    return kith_id_equal(&id, &import->room_id) ? kith_room_get_open(node, &import->name)
                                                : NULL;
}

/* ---- its place ---- */

static bool has_controls(const struct kith_room *room, const struct kith_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        for (size_t j = 0; j < run->events[i].ctl_count; j++) {
            struct kith_ref ref = kith_event_ref(&run->events[i], j);
            if (!kith_intake_holds(room, &ref))
                return false;
        }
    return true;
}

/* An event of our own that we lacked ends the log that we write. */
static void accept(struct kith_node *node, struct kith_import *import,
                   struct kith_log *log)
{
    struct kith_pending *pending = import->pending;
    if (!kith_hearsay_settle(node, log))
        return;
    kith_fetch_disown(node, log);
    kith_pending_append(node, log, pending);
    import->pending = NULL;
    release(node, import);
    kith_pending_ready(node, pending);
}

static int check(const struct kith_log *log, const struct kith_run *run)
{
    bool is_first = log->tail_seq == 0;
    if ((!is_first && run->log_class != log->log_class) ||
        run->events[0].hlc <= log->tail_hlc)
        return KITH_ECHAIN;
    return has_controls(log->room, run) ? 0 : KITH_EUNEXPECTED;
}

static void place_in(struct kith_node *node, struct kith_import *import,
                     struct kith_log *log)
{
    const struct kith_run *run = import->pending->run;
    int error = check(log, run);
    if (error != 0) {
        answer(node, import, error);
        kith_log_forget_branch(node, log);
        return;
    }
    if (log->tail_seq == 0)
        log->log_class = run->log_class; /* until now it was only hearsay */
    accept(node, import, log);
}

static void place_first(struct kith_node *node, struct kith_import *import,
                        struct kith_room *room)
{
    const struct kith_run *run = import->pending->run;
    if (run->seq_first != 1 || !has_controls(room, run)) {
        answer(node, import, KITH_EUNEXPECTED);
        return;
    }
    struct kith_peer *author = kith_peer_get(node, &run->author);
    if (author == NULL)
        return;
    if (!author->is_kept)
        kith_peer_keep(node, author);
    struct kith_log *log =
        kith_log_add(node, room, &run->author, &run->log, run->log_class);
    if (log != NULL)
        accept(node, import, log);
    else if (!node->is_broken)
        answer(node, import, KITH_ELIMIT);
}

/* ---- what does not simply follow ---- */

static bool is_pending(const struct kith_log *first, const struct kith_run *run)
{
    const struct kith_id *last = &run->events[run->count - 1].id;
    for (const struct kith_log *log = first; log != NULL; log = log->branch_next)
        kith_list_each (item, &log->pending) {
            const struct kith_run *other =
                kith_list_item(item, struct kith_pending, in_log)->run;
            if (kith_id_equal(&other->events[other->count - 1].id, last))
                return true;
        }
    return false;
}

static void branch_off(struct kith_node *node, struct kith_import *import)
{
    const struct kith_run *run = import->pending->run;
    struct kith_log *base = import->origin.log;
    if (base != NULL && (!kith_log_is_held(base) || base->head_seq < import->origin.seq ||
                         kith_intake_is_doubtful(&import->origin)))
        base = NULL; /* what it leaves is not stored, and may still be refused */
    struct kith_log *branch =
        base == NULL
            ? NULL
            : kith_log_branch(node, base, run->seq_first, &run->prev, import->origin.hlc);
    if (branch != NULL)
        place_in(node, import, branch);
    else if (!node->is_broken)
        answer(node, import, base == NULL ? KITH_EUNEXPECTED : KITH_ELIMIT);
}

/* Does it go on a branch, or is it on its way to the store? */
static bool place_known(struct kith_node *node, struct kith_import *import,
                        struct kith_log *first)
{
    const struct kith_run *run = import->pending->run;
    for (struct kith_log *log = first; log != NULL; log = log->branch_next)
        if (kith_intake_follows(log, run)) {
            place_in(node, import, log);
            return true;
        }
    if (!is_pending(first, run))
        return false;
    answer(node, import, 0);
    return true;
}

/* The next branch, from `log` on, that may hold it, or what comes before it. */
static struct kith_log *next_to_compare(struct kith_log *log, const struct kith_run *run)
{
    while (log != NULL && (!kith_log_is_held(log) || log->head_seq + 1 < run->seq_first))
        log = log->branch_next;
    return log;
}

static void compare_from(struct kith_node *node, struct kith_import *import,
                         struct kith_log *first, struct kith_log *log)
{
    struct kith_run *run = import->pending->run;
    uint64_t stored = kith_log_count_stored(first, last_seq(run));
    log = next_to_compare(log, run);
    if (log == NULL && stored > import->stored) {
        import->stored = stored; /* it may have been stored meanwhile: once more */
        log = next_to_compare(first, run);
    }
    if (log == NULL) {
        kith_intake_advance(first, run, &import->origin);
        if (import->origin.log != NULL)
            kith_intake_cut(run, import->origin.seq + 1);
        if (!place_known(node, import, first))
            branch_off(node, import);
        return;
    }
    import->compared = log;
    import->load_no = ++node->load_no;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_LOAD);
    effect->load.load_no = import->load_no;
    effect->load.log_no = log->no;
    effect->load.seq_from = run->seq_first > 1 ? run->seq_first - 1 : 1;
    effect->load.seq_last = run->seq_first + run->count - 1;
    effect->load.bytes_max = KITH_COMPARE_SIZE;
}

static void place(struct kith_node *node, struct kith_import *import)
{
    const struct kith_run *run = import->pending->run;
    struct kith_room *room = import->is_valid ? get_room(node, import) : NULL;
    int error = !import->is_valid ? KITH_ESIGNATURE : room == NULL ? KITH_ENOTFOUND : 0;
    if (error == 0 && !room->ops->admits(node, room, &run->author))
        error = KITH_EACCESS;
    if (error != 0) {
        answer(node, import, error);
        return;
    }
    struct kith_log *first = kith_log_find(room, &run->author, &run->log);
    if (first == NULL) {
        place_first(node, import, room);
    } else if (!place_known(node, import, first)) {
        import->origin = (struct kith_origin){run->seq_first == 1 ? first : NULL, 0, 0};
        import->stored = kith_log_count_stored(first, last_seq(run));
        compare_from(node, import, first, first);
    }
}

/* ---- answers ---- */

static void settle(struct kith_node *node)
{
    while (!node->is_broken && !kith_list_is_empty(&node->imports)) {
        struct kith_import *import =
            kith_list_item(node->imports.next, struct kith_import, item);
        if (!import->is_verified || import->load_no != 0)
            return;
        place(node, import);
        if (!kith_list_is_empty(&node->imports) &&
            kith_list_item(node->imports.next, struct kith_import, item) == import)
            return; /* something is being loaded for it */
    }
}

bool kith_import_verified(struct kith_node *node, uint64_t verify_no, bool is_valid)
{
    kith_list_each (item, &node->imports) {
        struct kith_import *import = kith_list_item(item, struct kith_import, item);
        if (import->verify_no != verify_no)
            continue;
        import->is_verified = true;
        import->is_valid = is_valid;
        settle(node);
        return true;
    }
    return false;
}

static void compare(struct kith_node *node, struct kith_import *import,
                    const struct kith_stored_run *runs, size_t run_count,
                    struct kith_run *scratch)
{
    const struct kith_run *run = import->pending->run;
    struct kith_log *log = import->compared;
    if (kith_intake_compare(log, runs, run_count, run, scratch, &import->origin)) {
        answer(node, import, 0);
        return;
    }
    compare_from(node, import, kith_log_find(log->room, &run->author, &run->log),
                 log->branch_next);
}

bool kith_import_loaded(struct kith_node *node, uint64_t load_no, int error,
                        const struct kith_stored_run *runs, size_t run_count)
{
    struct kith_import *import =
        kith_list_is_empty(&node->imports)
            ? NULL
            : kith_list_item(node->imports.next, struct kith_import, item);
    if (import == NULL || import->load_no != load_no)
        return false;
    struct kith_run *scratch = kith_alloc(node->alloc, sizeof(*scratch));
    import->load_no = 0;
    if (scratch == NULL)
        kith_node_break(node);
    else if (error != 0)
        answer(node, import, error);
    else
        compare(node, import, runs, run_count, scratch);
    kith_release(node->alloc, scratch);
    settle(node);
    return true;
}

void kith_import_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->imports) {
        struct kith_import *import = kith_list_item(item, struct kith_import, item);
        kith_release(node->alloc, import->pending);
        kith_release(node->alloc, import);
    }
}
