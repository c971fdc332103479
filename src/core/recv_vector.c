/* SPDX-License-Identifier: MIT */
#include "core/recv.h"

#include "core/fetch.h"
#include "core/hearsay.h"
#include "core/link.h"
#include "core/share.h"

/* Control logs are asked for first, so that content finds what it rests on. */
static void learn_class(struct kith_node *node, struct kith_share *share,
                        const struct kith_frame_vector *vector,
                        enum kith_log_class log_class)
{
    for (size_t i = 0; i < vector->count; i++) {
        struct kith_vector_entry entry = kith_vector_entry_at(vector, i);
        if (entry.log_class == log_class)
            kith_fetch_learn(node, share, &entry);
    }
}

static int learn(struct kith_node *node, struct kith_link *link,
                 const struct kith_frame_vector *vector)
{
    struct kith_share *share = kith_share_find(link, &vector->tag);
    if (share == NULL)
        return 0; /* a room that is not, or no more, shared */
    learn_class(node, share, vector, KITH_LOG_CONTROL);
    learn_class(node, share, vector, KITH_LOG_CONTENT);
    return 0;
}

static void take_page(struct kith_node *node, struct kith_link *link,
                      const struct kith_frame_vector *page)
{
    struct kith_share *share = kith_share_wake(node, link, &page->tag);
    if (share == NULL)
        return;
    share->is_in_page = true;
    learn(node, link, page);
    share->is_in_page = false;
    kith_hearsay_page(node, share, page);
}

static int receive_vector(struct kith_node *node, struct kith_link *link,
                          struct kith_bytes fields)
{
    struct kith_frame_vector vector;
    int error = kith_frame_vector_decode(fields, &vector);
    if (error == 0)
        take_page(node, link, &vector);
    return error;
}

static int receive_have(struct kith_node *node, struct kith_link *link,
                        struct kith_bytes fields)
{
    struct kith_frame_vector have;
    int error = kith_frame_have_decode(fields, &have);
    return error != 0 ? error : learn(node, link, &have);
}

const struct kith_receiver kith_recv_vector = {
    .type = KITH_FRAME_VECTOR,
    .state = KITH_LINK_LIVE,
    .receive = receive_vector,
};

const struct kith_receiver kith_recv_have = {
    .type = KITH_FRAME_HAVE,
    .state = KITH_LINK_LIVE,
    .receive = receive_have,
};
