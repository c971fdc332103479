/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/fork.h"
#include "core/log.h"
#include "core/share.h"
#include "core/stream.h"

/* What all three name: the share, and our branch of the log. False when there is none. */
static bool find(struct kith_link *link, const struct kith_frame_graft *frame,
                 struct kith_share **out_share, struct kith_log **out_log)
{
    *out_share = kith_share_find(link, &frame->tag);
    if (*out_share == NULL)
        return false;
    *out_log = kith_log_match(
        kith_log_find((*out_share)->room, &frame->wanted.author, &frame->wanted.log),
        frame->wanted.seq, &frame->wanted.id);
    return *out_log != NULL;
}

static void graft(struct kith_node *node, struct kith_share *share, struct kith_log *log,
                  const struct kith_frame_graft *frame)
{
    struct kith_locator have = {0};
    if (log->no == 0)
        return; /* nothing of it is held here */
    if (frame->have_count > 0)
        have = kith_locator_at(frame, 0);
    kith_stream_begin(node, share, log, have.seq, &have.id);
}

static int receive_graft(struct kith_node *node, struct kith_link *link,
                         struct kith_bytes fields)
{
    struct kith_frame_graft frame;
    struct kith_share *share;
    struct kith_log *log;
    int error = kith_frame_graft_decode(fields, &frame);
    if (error == 0 && find(link, &frame, &share, &log))
        graft(node, share, log, &frame);
    return error;
}

static int receive_prune(struct kith_node *node, struct kith_link *link,
                         struct kith_bytes fields)
{
    struct kith_frame_graft frame;
    struct kith_share *share;
    struct kith_log *log;
    int error = kith_frame_graft_decode(fields, &frame);
    if (error == 0 && find(link, &frame, &share, &log))
        kith_stream_end(node, share, log);
    return error;
}

static int receive_fork(struct kith_node *node, struct kith_link *link,
                        struct kith_bytes fields)
{
    struct kith_frame_graft frame;
    int error = kith_frame_graft_decode(fields, &frame);
    struct kith_share *share = error == 0 ? kith_share_find(link, &frame.tag) : NULL;
    if (share != NULL)
        kith_fork_heard(node, share, &frame.wanted);
    return error;
}

/* A page of our vector had no place there; now it has. */
static int receive_more(struct kith_node *node, struct kith_link *link,
                        struct kith_bytes fields)
{
    struct kith_frame_graft frame;
    int error = kith_frame_graft_decode(fields, &frame);
    struct kith_share *share = error == 0 ? kith_share_find(link, &frame.tag) : NULL;
    if (share != NULL)
        kith_share_send_more(
            node, share,
            kith_log_match(
                kith_log_find(share->room, &frame.wanted.author, &frame.wanted.log),
                frame.wanted.seq, &frame.wanted.id));
    return error;
}

const struct kith_receiver kith_recv_graft = {
    .type = KITH_FRAME_GRAFT,
    .state = KITH_LINK_LIVE,
    .receive = receive_graft,
};

const struct kith_receiver kith_recv_prune = {
    .type = KITH_FRAME_PRUNE,
    .state = KITH_LINK_LIVE,
    .receive = receive_prune,
};

const struct kith_receiver kith_recv_fork = {
    .type = KITH_FRAME_FORK,
    .state = KITH_LINK_LIVE,
    .receive = receive_fork,
};

const struct kith_receiver kith_recv_more = {
    .type = KITH_FRAME_MORE,
    .state = KITH_LINK_LIVE,
    .receive = receive_more,
};
