/* SPDX-License-Identifier: MIT */
/* What a program wants of the node that is started for it. */
#ifndef KITH_LIBKITH_OPTIONS_H
#define KITH_LIBKITH_OPTIONS_H

#include "base/passphrase.h"
#include "cli/command.h"
#include "kith/kith.h"

#define KITH_OPTIONS_MAX 1024 /* four full lists; a program in a loop ends here */

struct kith_options {
    struct kith_cli_given *given; /* owned, values too: as flags of `kith up` */
    size_t given_count;
    struct kith_passphrase passphrase; /* secret */
    kith_log_cb *log;                  /* NULL: nobody listens */
    void *log_ctx;
};

#endif
