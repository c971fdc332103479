/* SPDX-License-Identifier: MIT */
/* One line of an export (docs/FORMATS.md, "Export"). */
#ifndef KITH_API_SERVER_IMPORT_LINE_H
#define KITH_API_SERVER_IMPORT_LINE_H

#include "base/writer.h"
#include "core/node.h"

#define KITH_EXPORT_VERSION 1

enum kith_import_kind {
    KITH_IMPORT_HEAD, /* what this is, and of whom */
    KITH_IMPORT_RUN,
    KITH_IMPORT_END, /* so that one sees that nothing was cut off */
};

struct kith_import_line {
    enum kith_import_kind kind;
    struct kith_command command; /* of a run; its bytes are borrowed from the writer */
};

/* The bytes of a run are decoded into `run`, which is cleared first. Members that are not
 * needed to check and store it are for people, and not looked at. Returns 0;
 * KITH_EINVALID or KITH_ENEWER with what is wrong in `*why` (static); or KITH_ENOMEM. */
int kith_import_line_parse(struct kith_bytes bytes, struct kith_writer *run,
                           struct kith_import_line *out, const char **why);

#endif
