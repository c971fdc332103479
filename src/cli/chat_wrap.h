/* SPDX-License-Identifier: MIT */
/* Long lines broken for a terminal, so that no row of them looks like a line of its own.
 */
#ifndef KITH_CLI_CHAT_WRAP_H
#define KITH_CLI_CHAT_WRAP_H

#include <stddef.h>
#include <stdio.h>

#define KITH_CHAT_WRAP_COLUMNS_MIN 24 /* narrower terminals wrap for themselves */

/* Write `text`, which is safe to show; rows past the first of a line are indented as
 * further lines of a message are, and break at a blank where one is near. */
void kith_chat_wrap(FILE *to, const char *text, size_t size, int columns);

#endif
