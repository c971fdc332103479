/* SPDX-License-Identifier: MIT */
/* Writing: events of this node, in runs signed once. */
#ifndef KITH_CORE_AUTHOR_H
#define KITH_CORE_AUTHOR_H

#include "core/engine.h"

/* What is written, in one run: bodies of one kind, 1 to KITH_RUN_COUNT_MAX, together at
 * most KITH_SEND_SIZE_MAX with 4 bytes for each. */
struct kith_draft {
    enum kith_log_class log_class;
    uint16_t kind;
    const struct kith_bytes *bodies; /* encoded, without salt (borrowed) */
    size_t count;
    uint64_t token; /* answered once committed; 0 for none */
};

/* Append a run to our log of this room, beginning one if there is none. */
void kith_author_write(struct kith_node *node, struct kith_room *room,
                       const struct kith_draft *draft);

/* Tell a name of ours in the lobby. It is ours once that is committed. */
void kith_author_profile(struct kith_node *node, const struct kith_name *name,
                         uint64_t token);

/* The same of the name that we have, unless the lobby knows it: in a network that is new
 * to this home it does not. */
void kith_author_introduce(struct kith_node *node);

#endif
