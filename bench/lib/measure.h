/* SPDX-License-Identifier: MIT */
/* What the benchmarks share: clocks, medians, one form of output.
 *
 * A line is `case | figure unit | reference | ratio`, the figure's unit followed by
 * `(LEAST to MOST)` where it is a median of rounds. The ratio is above 1 where kith
 * does better than the reference, whether more or less is better. Ratios come from runs
 * in turns, so they hold on a busy machine too; figures hold only on a quiet one, so
 * every case says how busy others kept it meanwhile. What is the difference of two
 * figures may be below zero, in their noise; then it has no ratio. */
#ifndef KITH_BENCH_MEASURE_H
#define KITH_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Say what failed and exit, unless it is fine. */
void bench_must(bool is_fine, const char *what);

double bench_now_s(void); /* monotonic */

/* Both sort `values`. */
double bench_quantile(double *values, size_t count, double at);
double bench_median(double *values, size_t count);

struct bench_line {
    const char *what;
    double figure;  /* where there are no rounds */
    double *rounds; /* figures whose median it is; they are sorted. NULL: none */
    size_t round_count;
    const char *unit;
    const char *reference_name; /* NULL: there is none */
    double reference;           /* in the same unit */
    bool is_less_better;
};
void bench_print(const struct bench_line *line);

/* How busy other processes kept the machine. Children count as ours once they have been
 * waited for, so that comes first. */
struct bench_others {
    double begin_s;
    double busy_s; /* CPU time of everybody */
    double own_s;  /* CPU time of this process and its children */
};
void bench_others_begin(struct bench_others *others);
void bench_others_print(const struct bench_others *others, const char *what);

/* CPU seconds a child has used: user and system, all threads. */
double bench_process_cpu_s(int pid);

#endif
