/* SPDX-License-Identifier: MIT */
/* From a time to a place in the order of arrival. */
#ifndef KITH_API_SERVER_SINCE_H
#define KITH_API_SERVER_SINCE_H

#include "node/runtime.h"

/* The lowest arrival number from which on everything was seen at `since` or later. */
uint64_t kith_arrival_since(struct kith_runtime *runtime, kith_time since);

#endif
