/* SPDX-License-Identifier: MIT */
/* The network's passphrase, from where it is no argument and no line of a configuration:
 * the environment, a file, or a question on the terminal. */
#ifndef KITH_BIN_SECRET_H
#define KITH_BIN_SECRET_H

#include "base/passphrase.h"
#include "bin/settings.h"
#include "cli/command.h"

#define KITH_SECRET_VARIABLE "KITH_NETWORK_PASSPHRASE"

/* Asks if --passphrase was given, else takes the environment's, which is wiped from the
 * process's environment, else the file's. Returns 0 with `out->size` 0 when none of them
 * is there; else KITH_EINVALID or KITH_EIO with one sentence in `why`. */
int kith_secret_read(const struct kith_cli *cli, const struct kith_settings *settings,
                     struct kith_passphrase *out, char why[static KITH_CONFIG_WHY_SIZE]);

#endif
