/* SPDX-License-Identifier: MIT */
/* Passphrases that a machine draws and people can say over the telephone. */
#ifndef KITH_NODE_WORDS_H
#define KITH_NODE_WORDS_H

#include <stddef.h>

#define KITH_WORDS_COUNT     2048 /* 11 bits a word */
#define KITH_WORDS_SIZE_MAX  6    /* of a word */
#define KITH_WORDS_DRAWN     7    /* 77 bits: beyond trying, even without Argon2id */
#define KITH_WORDS_TEXT_SIZE (KITH_WORDS_DRAWN * (KITH_WORDS_SIZE_MAX + 1))

/* The index-th word; NULL past the last. */
const char *kith_words_at(size_t index);

/* Seven words drawn at random, with '-' between. A secret: wipe it. */
void kith_words_draw(char out[static KITH_WORDS_TEXT_SIZE]);

#endif
