/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <inttypes.h>
#include <time.h>

#define INTERVAL_MS 1000

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void kith_cli_progress(struct kith_cli_progress *progress, uint64_t count)
{
    int64_t now = now_ms();
    if (progress->next_ms == 0)
        progress->next_ms = now + INTERVAL_MS;
    if (now < progress->next_ms)
        return;
    progress->next_ms = now + INTERVAL_MS;
    fprintf(progress->cli->err, "kith %s: %s %" PRIu64 " %s so far\n",
            progress->cli->command->name, progress->what, count, progress->unit);
}
