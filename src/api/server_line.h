/* SPDX-License-Identifier: MIT */
/* One line of a batch: {"to": TARGET, "text": …}. */
#ifndef KITH_API_SERVER_LINE_H
#define KITH_API_SERVER_LINE_H

#include <jansson.h>

#include "base/bytes.h"

struct kith_line {
    struct kith_bytes to;   /* borrowed from the input, or from `json` */
    struct kith_bytes text; /* likewise; valid UTF-8 */
    json_t *json;           /* owned; NULL when the line was plain */
};

/* A line without escapes is cut into slices; whatever else is left to jansson, which
 * takes ten times as long. Returns 0, KITH_EINVALID with what is wrong in `*why`
 * (static), or KITH_ENOMEM. */
int kith_line_parse(struct kith_bytes bytes, struct kith_line *out, const char **why);
void kith_line_deinit(struct kith_line *line);

#endif
