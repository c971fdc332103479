/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648 section 4) with padding, in one way only: what decodes encodes to the
 * same text again. */
#ifndef KITH_BASE_BASE64_H
#define KITH_BASE_BASE64_H

#include "base/bytes.h"
#include "base/writer.h"

/* Append the text of `bytes`. */
void kith_base64_write(struct kith_writer *w, struct kith_bytes bytes);

/* Append what `text` stands for. False, and nothing appended, when it is no base64, or
 * memory ran out (`w->failed`). */
bool kith_base64_read(struct kith_bytes text, struct kith_writer *w);

#endif
