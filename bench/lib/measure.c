/* SPDX-License-Identifier: MIT */
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

void bench_must(bool is_fine, const char *what)
{
    if (is_fine)
        return;
    fflush(stdout);
    fprintf(stderr, "%s: %s failed\n", program_invocation_short_name, what);
    exit(1);
}

double bench_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_quantile(double *values, size_t count, double at)
{
    qsort(values, count, sizeof *values, compare);
    return values[(size_t)((double)(count - 1) * at)];
}

double bench_median(double *values, size_t count)
{
    return bench_quantile(values, count, 0.5);
}

/* Three digits that count, whole numbers from a thousand on. */
static int decimals(double value)
{
    return value >= 1000 ? 0 : value >= 100 ? 1 : value >= 1 ? 2 : 3;
}

void bench_print(const struct bench_line *line)
{
    const double *rounds = line->rounds;
    double figure = rounds ? bench_median(line->rounds, line->round_count) : line->figure;
    printf("%s | %.*f %s ", line->what, decimals(figure), figure, line->unit);
    if (rounds)
        printf("(%.*f to %.*f) ", decimals(rounds[0]), rounds[0],
               decimals(rounds[line->round_count - 1]), rounds[line->round_count - 1]);
    printf("|");
    if (line->reference_name && figure > 0 && line->reference > 0) {
        double ratio =
            line->is_less_better ? line->reference / figure : figure / line->reference;
        printf(" %s %.*f %s | %.*f\n", line->reference_name, decimals(line->reference),
               line->reference, line->unit, ratio < 0.1 ? 3 : 2, ratio);
    } else {
        printf(" |\n");
    }
    fflush(stdout);
}

/* ---- others ---- */

static double usage_s(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
static double machine_busy_s(void)
{
    unsigned long long t[8] = {0};
    FILE *file = fopen("/proc/stat", "r");
    bench_must(file && fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0],
                              &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) == 8,
               "reading /proc/stat");
    fclose(file);
    return (double)(t[0] + t[1] + t[2] + t[5] + t[6] + t[7]) /
           (double)sysconf(_SC_CLK_TCK);
}

void bench_others_begin(struct bench_others *others)
{
    others->begin_s = bench_now_s();
    others->busy_s = machine_busy_s();
    others->own_s = usage_s(RUSAGE_SELF) + usage_s(RUSAGE_CHILDREN);
}

void bench_others_print(const struct bench_others *others, const char *what)
{
    struct bench_others now;
    bench_others_begin(&now);
    double busy_s = now.busy_s - others->busy_s - (now.own_s - others->own_s);
    double cores = busy_s <= 0 ? 0 : busy_s / (now.begin_s - others->begin_s);
    printf("  (%s: others kept %.2f of %ld cores busy%s)\n", what, cores,
           sysconf(_SC_NPROCESSORS_ONLN),
           cores > 0.1 ? "; only ratios and CPU times count" : "");
    fflush(stdout);
}

double bench_process_cpu_s(int pid)
{
    clockid_t clock;
    struct timespec used;
    bench_must(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &used) == 0,
               "reading a process's times");
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}
