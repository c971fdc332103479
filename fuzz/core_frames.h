/* SPDX-License-Identifier: MIT */
/* Pieces of frames that peers and trackers send alike. */
#ifndef KITH_FUZZ_CORE_FRAMES_H
#define KITH_FUZZ_CORE_FRAMES_H

#include "core_world.h"

/* Cut it or change some bytes, if the input says so. */
void world_alter(struct kith_reader *in, uint8_t *bytes, size_t *size);

/* An address record; `choice` says of whom, how new, and where. */
void world_write_record(const struct world *w, uint8_t choice, struct kith_writer *out);

/* A RING that names one of the peers, to meet or to be relayed. */
void world_write_ring(const struct world *w, uint8_t choice, struct kith_writer *f);

#endif
