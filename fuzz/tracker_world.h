/* SPDX-License-Identifier: MIT */
/* What a tracker answers over HTTP, of a registry with a few peers and no network beside
 * it, under a clock that only the input moves. */
#ifndef KITH_FUZZ_TRACKER_WORLD_H
#define KITH_FUZZ_TRACKER_WORLD_H

#include "fuzz.h"

#include "tracker/http.h"

struct tracker_world {
    uv_loop_t loop;
    struct kith_tracker_http *http;
};

/* Both doors are open. */
void tracker_begin(struct tracker_world *w);
void tracker_end(struct tracker_world *w);

void tracker_turn(struct tracker_world *w);
/* Nothing is left to do until somebody comes, or time passes. */
bool tracker_sleeps(const struct tracker_world *w);
size_t tracker_clients(const struct tracker_world *w);

/* The clock of the process, for the loop and libmicrohttpd: it never goes back. */
uint64_t tracker_now_ms(void);
void tracker_pass(uint64_t ms);

/* The same one for as long as the process lives; it never changes. */
const struct kith_tracker *tracker_told_of(void);

#endif
