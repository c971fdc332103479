/* SPDX-License-Identifier: MIT */
/* A client of no node: what api/client.h promises, from lines. */
#ifndef KITH_FUZZ_CLI_CLIENT_H
#define KITH_FUZZ_CLI_CLIENT_H

#include "base/bytes.h"

/* Lines that are taken one after the other; where none is left no node answers.
 *
 *   answers   {…}, or !DIGIT{…} for a refusal, by its number in a list of errors
 *   events    TYPE {…} for the stream; or lines of a download, as they stand */
void cli_client_begin(struct kith_bytes answers, struct kith_bytes events);

#endif
