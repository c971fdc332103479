/* SPDX-License-Identifier: MIT */
/* The system's clocks, read together. */
#ifndef KITH_NODE_CLOCK_H
#define KITH_NODE_CLOCK_H

#include "base/time.h"

struct kith_now kith_clock_now(void);

#endif
