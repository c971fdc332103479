/* SPDX-License-Identifier: MIT */
/* Pieces of frames that peers and trackers send alike. */
#ifndef KITH_FUZZ_CORE_FRAMES_H
#define KITH_FUZZ_CORE_FRAMES_H

#include "core_world.h"

/* An address record; `choice` says of whom, how new, and where. */
void world_write_record(const struct world *w, uint8_t choice, struct kith_writer *out);

/* A RING that names one of the peers, to meet or to be relayed. */
void world_write_ring(const struct world *w, uint8_t choice, struct kith_writer *f);

#endif
