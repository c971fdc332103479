/* SPDX-License-Identifier: MIT */
/* Greeting: what a link does from a valid proof to being live. */
#ifndef KITH_CORE_GREET_H
#define KITH_CORE_GREET_H

#include "core/engine.h"

/* The peer proved that it knows the network: prove it too (the listener), and say hello.
 */
void kith_greet_proven(struct kith_node *node, struct kith_link *link);

/* The peer said hello. Returns 0 or its fault. */
int kith_greet_hello(struct kith_node *node, struct kith_link *link,
                     const struct kith_frame_hello *hello);

/* Prove that this node knows the network. */
void kith_greet_prove(struct kith_node *node, struct kith_link *link);

#endif
