/* SPDX-License-Identifier: MIT */
/* Completions of the command line, a file per shell, written from the table of commands.
 *
 * Peers choose their names. So no script ever evaluates what `kith completions targets`
 * prints: bash quotes it, zsh and fish do so by themselves. */
#ifndef KITH_CLI_COMPLETIONS_H
#define KITH_CLI_COMPLETIONS_H

#include "cli/command.h"

void kith_completions_bash(const struct kith_cli *cli);
void kith_completions_zsh(const struct kith_cli *cli);
void kith_completions_fish(const struct kith_cli *cli);

#endif
