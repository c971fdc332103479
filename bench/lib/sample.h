/* SPDX-License-Identifier: MIT */
/* A run of messages of 100 bytes, to be stored over and over. */
#ifndef KITH_BENCH_SAMPLE_H
#define KITH_BENCH_SAMPLE_H

#include "base/writer.h"
#include "proto/event.h"

#define BENCH_TEXT_SIZE 100

struct bench_sample {
    struct kith_writer bytes;
    struct kith_run run; /* points into `bytes` */
};

void bench_sample_init(struct bench_sample *sample, size_t count);
void bench_sample_deinit(struct bench_sample *sample);

/* Make it another run: seq, hlc and ids go on from `seq_first`. */
void bench_sample_move(struct bench_sample *sample, uint64_t seq_first);

#endif
