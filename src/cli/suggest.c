/* SPDX-License-Identifier: MIT */
#include "cli/suggest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: Levenshtein with swaps of neighbours. Row r of the table is
 * kept in rows[r % 3]. */
size_t kith_suggest_distance(const char *a, const char *b)
{
    size_t rows[3][KITH_SUGGEST_SIZE_MAX + 1];
    size_t a_size = strnlen(a, KITH_SUGGEST_SIZE_MAX);
    size_t b_size = strnlen(b, KITH_SUGGEST_SIZE_MAX);
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *now = rows[i % 3], *above = rows[(i + 2) % 3],
               *two_up = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(replaced, least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], two_up[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

void kith_suggest_init(struct kith_suggest *suggest, const char *typed)
{
    *suggest = (struct kith_suggest){.typed = typed};
}

/* A third of the word may be wrong; a beginning of two characters or more always fits. */
void kith_suggest_offer(struct kith_suggest *suggest, const char *known)
{
    size_t typed_size = strlen(suggest->typed);
    size_t distance = kith_suggest_distance(suggest->typed, known);
    size_t far = 1 + typed_size / 3;
    if (typed_size >= 2 && strncmp(suggest->typed, known, typed_size) == 0)
        distance = least(distance, 1);
    if (distance > far || distance >= strlen(known))
        return;
    if (suggest->best == NULL || distance < suggest->best_distance) {
        suggest->best = known;
        suggest->best_distance = distance;
    }
}
