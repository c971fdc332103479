/* SPDX-License-Identifier: MIT */
/* What a peer is called where people read it. */
#ifndef KITH_API_SERVER_NAMES_H
#define KITH_API_SERVER_NAMES_H

#include "core/node.h"

/* "sam", or "sam~k3f9q2abx7mw" when it must be told apart. */
#define KITH_SHOWN_SIZE (KITH_NAME_SIZE_MAX + 1 + KITH_ID_SHORT_SIZE)

struct kith_shown_name {
    char text[KITH_SHOWN_SIZE];
};

/* Shown names of all peers, made when first asked for after a change. */
struct kith_names {
    struct kith_shown_name *shown; /* owned; by peer number */
    size_t count;                  /* 0: to be made */
};

void kith_names_deinit(struct kith_names *names);

/* A peer came, went or was renamed. */
void kith_names_forget(struct kith_names *names);

/* The name of `peer_no` (0 is the node itself), with `~` and the short id when another
 * peer or the node itself has the same one (compared after case folding); the short id
 * alone when it has none. Borrowed until the next call on `names`. */
const char *kith_names_get(struct kith_names *names, const struct kith_node *node,
                           uint32_t peer_no);

/* `name~shortid`, whether or not the name is shared; the whole id without a name. */
void kith_names_full(const struct kith_node *node, uint32_t peer_no,
                     char out[static KITH_SHOWN_SIZE]);

#endif
