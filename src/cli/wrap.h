/* SPDX-License-Identifier: MIT */
/* Long lines broken for a terminal, so that no row of them looks like a line of its own.
 */
#ifndef KITH_CLI_WRAP_H
#define KITH_CLI_WRAP_H

#include <stddef.h>
#include <stdio.h>

#define KITH_CLI_WRAP_COLUMNS_MIN 24 /* narrower terminals wrap for themselves */

/* Write `text`, which is safe to show; rows past the first of a line are indented as
 * further lines of a message are, and break at a blank where one is near. A character
 * counts as wide as any terminal may show it: rows rather end early. */
void kith_cli_wrap(FILE *to, const char *text, size_t size, int columns);

/* Of the terminal that `fd` is; 0 where it is none. */
int kith_cli_columns(int fd);

#endif
