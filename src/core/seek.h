/* SPDX-License-Identifier: MIT */
/* Looking for one certain peer: at the addresses an invite names, and at the trackers. */
#ifndef KITH_CORE_SEEK_H
#define KITH_CORE_SEEK_H

#include "core/engine.h"

/* KITH_COMMAND_SEEK. */
void kith_seek_begin(struct kith_node *node, const struct kith_command *command);

/* A link to this peer was greeted: who waits for it is answered. */
void kith_seek_linked(struct kith_node *node, const struct kith_peer *peer);

/* Carry out what is due; lowers the node's deadline. */
void kith_seek_check_all(struct kith_node *node);
void kith_seek_free_all(struct kith_node *node);

#endif
