/* SPDX-License-Identifier: MIT */
/* What a peer is called where people read it. */
#ifndef KITH_API_SERVER_NAMES_H
#define KITH_API_SERVER_NAMES_H

#include "base/map.h"
#include "base/rng.h"
#include "core/node.h"

/* "sam", or "sam~k3f9q2abx7mw" when it must be told apart. */
#define KITH_SHOWN_SIZE (KITH_NAME_SIZE_MAX + 1 + KITH_ID_SHORT_SIZE)

struct kith_noted_name; /* opaque */

/* The names of all peers as they were noted last, and how many share each. What changes
 * is noted by itself, for peers come and go all the time. */
struct kith_names {
    struct kith_map sharers;       /* by a folded name, hashed */
    struct kith_noted_name *noted; /* owned; by peer number */
    size_t count;                  /* noted so far */
    size_t capacity;
    char shown[KITH_SHOWN_SIZE]; /* the last one that was asked for */
};

void kith_names_init(struct kith_names *names, const struct kith_rng *rng);
void kith_names_deinit(struct kith_names *names);

/* `peer_no` (0 is the node itself) came, went or was renamed. */
void kith_names_heard(struct kith_names *names, const struct kith_node *node,
                      uint32_t peer_no);

/* The name of `peer_no` (0 is the node itself), with `~` and the short id when another
 * peer or the node itself has the same one (compared after case folding); the short id
 * alone when it has none. Borrowed until the next call on `names`. */
const char *kith_names_get(struct kith_names *names, const struct kith_node *node,
                           uint32_t peer_no);

/* `name~shortid`, whether or not the name is shared; the whole id without a name. */
void kith_names_full(const struct kith_node *node, uint32_t peer_no,
                     char out[static KITH_SHOWN_SIZE]);

#endif
