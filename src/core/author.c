/* SPDX-License-Identifier: MIT */
#include "core/author.h"

#include <assert.h>
#include <string.h>

#include "core/digest.h"
#include "core/intake.h"
#include "core/log.h"
#include "core/peer.h"
#include "proto/event.h"

/* A run holds a draft of the largest size: head, 128 own parts with salt and lengths, and
 * the references of the first event. */
_Static_assert(KITH_SEND_SIZE_MAX + KITH_RUN_COUNT_MAX * 128 + 2048 <= KITH_RUN_SIZE_MAX,
               "a draft fits one run");

/* Somebody sent a run of this log of ours, which is being verified: what we write must
 * not rest on it. */
static bool is_in_doubt(const struct kith_log *log)
{
    return !kith_list_is_empty(&log->pending) &&
           kith_list_item(log->pending.prev, struct kith_pending, in_log)->link != 0;
}

/* What comes behind it others might park, whose clocks are behind ours. Our own clock was
 * wrong when it was written, or that of somebody who wants us all to write there. */
static bool is_of_the_future(const struct kith_node *node, kith_hlc hlc)
{
    return kith_hlc_wall(hlc) > node->now.wall + KITH_FUTURE_GONE_ON;
}

/* A log of the future would take all that we write after it there, too: we begin another,
 * so that only what was said by the wrong clock has to wait for it to be right. */
static struct kith_log *own_log(struct kith_node *node, struct kith_room *room,
                                enum kith_log_class log_class)
{
    const struct kith_log *log = room->own[log_class];
    if (log == NULL || is_in_doubt(log) || is_of_the_future(node, log->tail_hlc)) {
        const struct kith_log_id id = kith_log_draw_id(node);
        room->own[log_class] = kith_log_add(node, room, &node->self->id, &id, log_class);
        room->own_control_told = 0;
    }
    return room->own[log_class];
}

/* Readers of our content shall know our control log first, so that they know our name;
 * unless they cannot know it yet. */
static size_t choose_ctl(const struct kith_node *node, struct kith_room *room,
                         enum kith_log_class log_class,
                         struct kith_ref ctl[static KITH_REFS_MAX])
{
    const struct kith_log *control = room->own[KITH_LOG_CONTROL];
    if (log_class != KITH_LOG_CONTENT || control == NULL ||
        control->head_seq <= room->own_control_told ||
        is_of_the_future(node, control->tail_hlc))
        return 0;
    room->own_control_told = control->head_seq;
    ctl[0] = kith_log_ref(control);
    return 1;
}

/* Hints for causal display: content that came since we last wrote. */
static size_t choose_deps(struct kith_room *room, enum kith_log_class log_class,
                          struct kith_ref deps[static KITH_REFS_MAX])
{
    size_t count = 0;
    if (log_class != KITH_LOG_CONTENT)
        return 0;
    for (size_t i = 0; i < room->recent_count; i++)
        deps[count++] = kith_log_ref(room->recent[i]);
    room->recent_count = 0;
    return count;
}

static kith_hlc next_hlc(const struct kith_node *node, struct kith_room *room,
                         kith_hlc before)
{
    kith_hlc now = kith_hlc_from_wall(node->now.wall);
    if (is_of_the_future(node, room->hlc_tail))
        room->hlc_tail = 0;
    kith_hlc floor = before > room->hlc_tail ? before : room->hlc_tail;
    return now > floor ? now : floor + 1;
}

static void add_event(struct kith_node *node, struct kith_writer *run, size_t run_at,
                      struct kith_own *own, struct kith_bytes body)
{
    struct kith_writer *w = &node->scratch_body;
    kith_writer_clear(w);
    uint8_t *salt = kith_writer_reserve(w, KITH_SALT_SIZE);
    if (salt != NULL)
        kith_rng_fill(&node->rng, salt, KITH_SALT_SIZE);
    kith_writer_bytes(w, body.data, body.size);
    if (w->failed) {
        kith_node_break(node);
        return;
    }
    size_t content_size = w->size;
    own->body_size = (uint32_t)body.size;
    kith_digest_content(kith_writer_view(w), own->body_hash);
    kith_own_encode(w, own);
    if (w->failed) {
        kith_node_break(node);
        return;
    }
    kith_run_add(run, run_at, kith_bytes(w->data + content_size, w->size - content_size),
                 kith_bytes(w->data, content_size));
}

static void compose(struct kith_node *node, struct kith_log *log,
                    const struct kith_draft *draft, size_t run_at)
{
    struct kith_ref ctl[KITH_REFS_MAX], deps[KITH_REFS_MAX];
    struct kith_own own = {
        .kind = draft->kind, .hlc = log->tail_hlc, .ctl = ctl, .deps = deps};
    own.ctl_count = choose_ctl(node, log->room, log->log_class, ctl);
    own.deps_count = choose_deps(log->room, log->log_class, deps);
    for (size_t i = 0; i < draft->count; i++) {
        own.hlc = next_hlc(node, log->room, own.hlc);
        add_event(node, &node->scratch, run_at, &own, draft->bodies[i]);
        own.ctl_count = own.deps_count = 0;
    }
}

/* What we wrote takes the way of what we receive, from the decoder on. */
static void submit(struct kith_node *node, struct kith_log *log, size_t run_at,
                   uint64_t token)
{
    struct kith_run *run = node->run_scratch;
    struct kith_bytes bytes =
        kith_bytes(node->scratch.data + run_at, node->scratch.size - run_at);
    int error = kith_run_decode(bytes, run);
    if (error == 0)
        error = kith_digest_run(run, &log->room->id);
    assert(error == 0);
    uint8_t message[KITH_VERIFY_SIZE];
    kith_digest_signed(&run->events[run->count - 1].id, message);
    node->signer.sign(node->signer.ctx, message, sizeof(message), run->signature);
    kith_run_sign(&node->scratch, run_at, run->signature);
    struct kith_pending *pending = kith_pending_add(node, log, run);
    if (pending == NULL)
        return;
    pending->token = token;
    kith_pending_ready(node, pending);
}

static void write_run(struct kith_node *node, struct kith_log *log,
                      const struct kith_draft *draft)
{
    struct kith_run_head head = {
        .author = node->self->id,
        .log_class = log->log_class,
        .log = log->id,
        .seq_first = log->tail_seq + 1,
        .prev = log->tail,
    };
    kith_writer_clear(&node->scratch);
    size_t run_at = kith_run_begin(&node->scratch, &head);
    compose(node, log, draft, run_at);
    if (node->scratch.failed)
        kith_node_break(node);
    if (!node->is_broken)
        submit(node, log, run_at, draft->token);
    kith_writer_clear(&node->scratch);
}

void kith_author_write(struct kith_node *node, struct kith_room *room,
                       const struct kith_draft *draft)
{
    struct kith_log *log = own_log(node, room, draft->log_class);
    if (log != NULL)
        write_run(node, log, draft);
}

void kith_author_profile(struct kith_node *node, const struct kith_name *name,
                         uint64_t token)
{
    struct kith_writer w = kith_writer(node->alloc);
    /* Or it could be told no other. It may be in doubt here, and not in the store. */
    if (node->self->name_hlc == 0 || is_of_the_future(node, node->self->name_hlc))
        kith_peer_doubt_name(node, node->self);
    kith_body_profile_encode(&w, kith_bytes(name->text, strlen(name->text)));
    struct kith_bytes body = kith_writer_view(&w);
    if (w.failed)
        kith_node_break(node);
    else
        kith_author_write(node, node->lobby,
                          &(struct kith_draft){
                              .log_class = KITH_LOG_CONTROL,
                              .kind = KITH_KIND_PROFILE,
                              .bodies = &body,
                              .count = 1,
                              .token = token,
                          });
    kith_writer_deinit(&w);
}

static bool has_profile(const struct kith_node *node)
{
    for (size_t i = 0; i < node->lobby->log_count; i++) {
        const struct kith_log *log = node->lobby->logs[i];
        if (log->author == node->self && log->log_class == KITH_LOG_CONTROL &&
            log->head_seq > 0)
            return true;
    }
    return false;
}

void kith_author_introduce(struct kith_node *node)
{
    if (node->self->name_hlc == 0 || !has_profile(node))
        kith_author_profile(node, &node->self->name, 0);
}
