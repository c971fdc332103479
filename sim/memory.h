/* SPDX-License-Identifier: MIT */
/* Memory of the simulator: its own, which ends the program when it runs out, and the
 * counted heaps it gives to simulated nodes. */
#ifndef KITH_SIM_MEMORY_H
#define KITH_SIM_MEMORY_H

#include "base/alloc.h"
#include <stdbool.h>
#include <stdint.h>

void *sim_zeroed(size_t size);
void *sim_copied(const void *from, size_t size);

/* `array` grown (as needed, doubling) to hold index `count`; new items are zeroed. */
void *sim_grown(void *array, size_t *capacity, size_t count, size_t item_size);

/* The heap of one simulated process. Must stay in place while in use. */
struct sim_heap {
    size_t size; /* bytes in use */
    size_t size_peak;
    size_t count;   /* blocks in use: 0 once the node is freed, or it leaks */
    size_t fail_in; /* the allocation that fails, from 1, the next one; 0: none */
    bool has_failed;
    struct kith_alloc alloc;
};

void sim_heap_init(struct sim_heap *heap);

#endif
