/* SPDX-License-Identifier: MIT */
/* Links: authenticated connections, from the first PROOF to the last BYE. */
#ifndef KITH_CORE_LINK_H
#define KITH_CORE_LINK_H

#include "core/engine.h"

/* NULL when there is no such link (any more). */
struct kith_link *kith_link_find(const struct kith_node *node, uint32_t no);

/* A connection came up: greet it. */
void kith_link_open(struct kith_node *node, const struct kith_input_link_up *up);

/* One has greeted: the idlest goes if that is one too many. */
void kith_link_make_room(struct kith_node *node);

/* The connection is gone; forget the link. */
void kith_link_lost(struct kith_node *node, uint32_t no, int error);

/* Send the frame that was built in node->scratch (and clear that). The link, and its
 * shares, outlive the step, even if that was more than KITH_QUEUE_MAX: whoever sends need
 * not look. */
void kith_link_send_scratch(struct kith_node *node, struct kith_link *link);

/* Is more queued than KITH_QUEUE_MAX? Then nothing that can wait is worth writing. */
bool kith_link_is_stuffed(const struct kith_link *link);

/* Close those, at the end of the step. */
void kith_link_close_stuffed(struct kith_node *node);

/* `size` bytes of what was sent have left. */
void kith_link_drained(struct kith_node *node, struct kith_link *link, size_t size);

/* May more runs, or pages of a vector, be queued? */
bool kith_link_has_room(const struct kith_node *node, const struct kith_link *link);

/* At the end of a step, for it closes links: what waits for all of them is bounded. */
void kith_link_bound_queues(struct kith_node *node);

/* Say BYE with this reason, close, and detach it from peer, dial and rooms. The link
 * itself lives until LINK_DOWN. `error` is what the dial and the log are told. */
void kith_link_close(struct kith_node *node, struct kith_link *link,
                     enum kith_bye_reason reason, int error);

/* Did the peer say that it wants no link now? Being replaced is no such word: two links
 * may have ended in favour of one another, and nobody meant that. */
bool kith_link_is_farewell(const struct kith_link *link);

/* Warn that the peer is not of our network, as far as can be told. */
void kith_link_warn_network(struct kith_node *node, const struct kith_link *link);

/* The peer broke the protocol, or failed to prove our network: warn and close. */
void kith_link_fault(struct kith_node *node, struct kith_link *link, int error);

/* Any place in node->links, its head among them: who begins behind it, and goes round to
 * it, does not begin with the same link each time. */
struct kith_list *kith_link_draw(struct kith_node *node);

/* A link to this peer that is not yet live; NULL: none. */
const struct kith_link *kith_link_coming(const struct kith_node *node,
                                         const struct kith_id *id);

/* Both HELLOs are through: judge whether this link or another to the same peer stays.
 * True when it became the peer's link. */
bool kith_link_settle(struct kith_node *node, struct kith_link *link);

/* Send pings that are due and close what is dead; lowers the node's deadline. */
void kith_link_check_all(struct kith_node *node);

void kith_link_send_ping(struct kith_node *node, struct kith_link *link);

/* A run went out, which is to be acknowledged: who hears nothing for KITH_ANSWER_TIME
 * asks. */
void kith_link_asked(struct kith_node *node, struct kith_link *link);

/* There is a sign that the peer may have lost this link: if it was silent for
 * KITH_PROBE_TIME it has as long to show that it lives. Was it? */
bool kith_link_doubt(struct kith_node *node, struct kith_link *link);

/* An address of ours went, or our router's, and with it perhaps a link that nothing else
 * will end soon: all have KITH_PROBE_TIME to show that they live. */
void kith_link_probe_all(struct kith_node *node);
void kith_link_free_all(struct kith_node *node);

#endif
