/* SPDX-License-Identifier: MIT */
#include "pour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define LINE_SIZE 256

/* The same line again and again. */
static char *make_block(const char *to, size_t *out_size)
{
    char line[LINE_SIZE];
    int size =
        snprintf(line, sizeof line, "{\"to\":\"%s\",\"text\":\"%0100d\"}\n", to, 0);
    char *block = malloc((size_t)size * BENCH_POUR_BLOCK);
    bench_must(block, "memory");
    for (size_t i = 0; i < BENCH_POUR_BLOCK; i++)
        memcpy(block + i * (size_t)size, line, (size_t)size);
    *out_size = (size_t)size * BENCH_POUR_BLOCK;
    return block;
}

void bench_pour(struct bench_control *control, const char *to, size_t count)
{
    size_t size;
    char *block = make_block(to, &size);
    bench_control_begin_batch(control, size * (count / BENCH_POUR_BLOCK));
    control->http.deadline_ms = INT64_MAX;
    for (size_t i = 0; i < count / BENCH_POUR_BLOCK; i++)
        bench_must(kith_http_write(&control->http, block, size) == 0, "writing lines");
    json_t *answer = bench_control_answer(control);
    bench_must(json_integer_value(json_object_get(answer, "stored")) == (json_int_t)count,
               "storing every line");
    json_decref(answer);
    free(block);
}
