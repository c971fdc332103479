/* SPDX-License-Identifier: MIT */
/* A passphrase, as typed or as read from a file, in the one form that is hashed. */
#ifndef KITH_BASE_PASSPHRASE_H
#define KITH_BASE_PASSPHRASE_H

#include "base/bytes.h"

/* Below it a key that leaked is guessed in hours, whatever Argon2id costs. */
#define KITH_PASSPHRASE_CHARS_MIN 8
#define KITH_PASSPHRASE_SIZE_MAX                                                         \
    1024 /* a page of words; whatever is longer is no one                                \
          */

/* Secret: kith_passphrase_deinit wipes it. */
struct kith_passphrase {
    uint8_t bytes[KITH_PASSPHRASE_SIZE_MAX];
    size_t size; /* 0: none */
};

/* White space is cut off at both ends (so the line feed that ends a file or an input does
 * not count), the rest is normalised (NFC). It is one line of valid UTF-8 without control
 * characters, of at least KITH_PASSPHRASE_CHARS_MIN code points and at most
 * KITH_PASSPHRASE_SIZE_MAX bytes. Letter case and inner blanks count. Returns 0 or
 * KITH_EINVALID, `out` untouched, and `*why` (may be NULL) a static clause that quotes
 * nothing of the secret. */
int kith_passphrase_parse(struct kith_bytes text, struct kith_passphrase *out,
                          const char **why);

void kith_passphrase_deinit(struct kith_passphrase *passphrase);

#endif
