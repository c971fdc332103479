/* SPDX-License-Identifier: MIT */
/* The node behind a fake runtime: the functions of core/node.h that the server calls. */
#ifndef TESTS_UNIT_API_FAKE_NODE_H
#define TESTS_UNIT_API_FAKE_NODE_H

#include "fake_runtime.h"

enum { LOBBY = 1, OWN_LOG_FIRST = 100, PEER_LOG_FIRST = 200 };

struct kith_id fake_id(uint8_t kind, uint64_t number);

/* The number of the open room of this name; 0 when there is none. */
uint32_t fake_find_open(const struct kith_node *node, const char *name);

/* The number of the direct room with this peer; 0 when there is none. */
uint32_t fake_find_direct(const struct kith_node *node, uint32_t peer_no);

#endif
