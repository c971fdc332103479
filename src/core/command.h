/* SPDX-License-Identifier: MIT */
/* What the people of this node ask for. */
#ifndef KITH_CORE_COMMAND_H
#define KITH_CORE_COMMAND_H

#include "core/engine.h"

void kith_command_run(struct kith_node *node, const struct kith_command *command);

/* Answer a command; nothing is told for token 0. The notice, for the caller to add to. */
struct kith_notice *kith_command_reply(struct kith_node *node, uint64_t token, int error,
                                       uint32_t peer_no);

#endif
