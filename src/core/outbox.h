/* SPDX-License-Identifier: MIT */
/* The effects of one step, and the bytes they point at.
 *
 * Memory comes from an arena that is emptied at the next step, so effects need no freeing
 * one by one. Running out of memory is sticky: kith_node_step asks once, at its end. */
#ifndef KITH_CORE_OUTBOX_H
#define KITH_CORE_OUTBOX_H

#include "core/node.h"

/* One chunk serves most steps; larger pieces get a chunk of their own. */
#define KITH_OUTBOX_CHUNK_SIZE (64 * 1024)

struct kith_outbox {
    const struct kith_alloc *alloc;
    struct kith_effect *items;
    size_t count;
    size_t capacity;
    struct kith_outbox_chunk
        *chunks;              /* newest first; the last is kept for the next step */
    struct kith_effect spill; /* what is written to once memory ran out */
    bool failed;
};

void kith_outbox_init(struct kith_outbox *outbox, const struct kith_alloc *alloc);
void kith_outbox_deinit(struct kith_outbox *outbox);

/* Forget the effects; their memory may be used again. */
void kith_outbox_clear(struct kith_outbox *outbox);

/* Append an effect for the caller to fill in. Never NULL. */
struct kith_effect *kith_outbox_add(struct kith_outbox *outbox,
                                    enum kith_effect_type type);

/* Bytes that live as long as the effects. NULL (and `failed`) when memory ran out. */
void *kith_outbox_alloc(struct kith_outbox *outbox, size_t size);
struct kith_bytes kith_outbox_copy(struct kith_outbox *outbox, struct kith_bytes bytes);

#endif
