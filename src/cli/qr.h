/* SPDX-License-Identifier: MIT */
/* QR codes (ISO/IEC 18004) where people read: on a terminal, or in a file. */
#ifndef KITH_CLI_QR_H
#define KITH_CLI_QR_H

#include "cli/command.h"

/* Draw `text` as a code, the quiet zone around it included, and `text` below it. On a
 * terminal black on white, whatever its own colours are; elsewhere what is dark is ink.
 * Half blocks, two modules to a character; where the locale is not UTF-8 or TERM is dumb,
 * or says nothing, `##` for each. Returns the exit code. */
int kith_cli_show_qr(const struct kith_cli *cli, const char *text);

#endif
