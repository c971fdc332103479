/* SPDX-License-Identifier: MIT */
/* What happened, a line each: hashed always, printed when asked for.
 *
 * Two runs of one seed give the same lines, so the same hash. */
#ifndef KITH_SIM_TRACE_H
#define KITH_SIM_TRACE_H

#include "base/bytes.h"
#include "base/time.h"
#include <sodium.h>
#include <stdio.h>

#define SIM_TRACE_HASH_SIZE 16
#define SIM_TRACE_TEXT_SIZE (2 * SIM_TRACE_HASH_SIZE + 1)

struct sim_trace {
    crypto_generichash_state state;
    FILE *out; /* borrowed; NULL: hash only */
    uint64_t line_count;
};

/* What the lines mean, for people. */
extern const char sim_trace_legend[];

void sim_trace_init(struct sim_trace *trace, FILE *out);

/* Host 0 is the world. */
void sim_trace_line(struct sim_trace *trace, kith_time now, uint32_t host,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A short fingerprint of bytes, for lines. */
uint64_t sim_trace_print(struct kith_bytes bytes);

/* The hash of all lines so far; more may follow. */
void sim_trace_hash(const struct sim_trace *trace, char out[static SIM_TRACE_TEXT_SIZE]);

#endif
