/* SPDX-License-Identifier: MIT */
/* A database in the scratch folder, spoilt as an input says. */
#ifndef KITH_FUZZ_SPOIL_H
#define KITH_FUZZ_SPOIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "scratch.h"

struct spoil_image {
    uint8_t *bytes; /* of malloc */
    size_t size;
};

struct spoil_image spoil_read(const char *name);

/* Write the database `name`, and perhaps its write-ahead log: bytes written over, both
 * cut short. */
void spoil_files(const char *name, const struct spoil_image *database,
                 const struct spoil_image *wal, struct kith_reader *in);

/* Then run some of these on it, as long as there is input; ?1 is a value of any type. */
void spoil_rows(const char *name, const char *const *statements, size_t count,
                struct kith_reader *in);

#endif
