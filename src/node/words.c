/* SPDX-License-Identifier: MIT */
#include "node/words.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

static const char words[][KITH_WORDS_SIZE_MAX + 1] = {
#include "node/words.inc"
};

_Static_assert(sizeof(words) / sizeof(words[0]) == KITH_WORDS_COUNT, "11 bits a word");

const char *kith_words_at(size_t index)
{
    return index < KITH_WORDS_COUNT ? words[index] : NULL;
}

void kith_words_draw(char out[static KITH_WORDS_TEXT_SIZE])
{
    char *at = out;
    for (size_t i = 0; i < KITH_WORDS_DRAWN; i++) {
        const char *word = words[randombytes_uniform(KITH_WORDS_COUNT)];
        if (i > 0)
            *at++ = '-';
        at = mempcpy(at, word, strlen(word));
    }
    *at = '\0';
}
