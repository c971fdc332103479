/* SPDX-License-Identifier: MIT */
/* The token in the home: who can read it may ask the control API over TCP. */
#ifndef KITH_NODE_TOKEN_H
#define KITH_NODE_TOKEN_H

#include "base/id.h"
#include "node/problem.h"

#define KITH_HOME_TOKEN      "token"
#define KITH_TOKEN_TEXT_SIZE KITH_ID_TEXT_SIZE /* 32 random bytes as people see ids */

/* Read HOME/token (mode 0600), or make it at the first start. It is kept, so that scripts
 * may hold on to it; who removes the file gets another at the next start. Returns 0 or a
 * named error, explained. */
int kith_token_load_or_make(const char *home, char out[static KITH_TOKEN_TEXT_SIZE],
                            struct kith_problem *problem);

#endif
