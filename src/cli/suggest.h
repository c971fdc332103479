/* SPDX-License-Identifier: MIT */
/* The known word that a mistyped one was probably meant to be. */
#ifndef KITH_CLI_SUGGEST_H
#define KITH_CLI_SUGGEST_H

#include <stddef.h>

#define KITH_SUGGEST_SIZE_MAX 32 /* longer words are compared by their beginning */

/* Edits (insert, remove, replace, swap neighbours) from one word to the other. */
size_t kith_suggest_distance(const char *a, const char *b);

/* Feed the known words one by one; `best` stays NULL when none comes near. */
struct kith_suggest {
    const char *typed; /* borrowed */
    const char *best;
    size_t best_distance;
};

void kith_suggest_init(struct kith_suggest *suggest, const char *typed);
void kith_suggest_offer(struct kith_suggest *suggest, const char *known);

#endif
