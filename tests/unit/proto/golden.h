/* SPDX-License-Identifier: MIT */
/* Hex text, as the files of tests/golden/ and docs/PROTOCOL.md hold it. */
#ifndef TESTS_UNIT_PROTO_GOLDEN_H
#define TESTS_UNIT_PROTO_GOLDEN_H

#include "base/bytes.h"
#include "base/writer.h"

/* A whole file; fails the test when it cannot be read. `out` must be initialised. */
void golden_read_file(const char *path, struct kith_writer *out);

/* Lines of 32 bytes as lower-case hex. */
void golden_format(struct kith_bytes bytes, struct kith_writer *out);

/* tests/golden/NAME.hex as text. */
void golden_read(const char *name, struct kith_writer *out_text);

/* docs/PROTOCOL.md. */
void golden_read_document(struct kith_writer *out_text);

/* The bytes of hex text; white space is skipped. Fails the test on anything else. */
void golden_parse(struct kith_bytes text, struct kith_writer *out);

#endif
