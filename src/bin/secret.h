/* SPDX-License-Identifier: MIT */
/* Passphrases, from where they are no argument and no line of a configuration: the
 * environment, a file, or a question on the terminal. */
#ifndef KITH_BIN_SECRET_H
#define KITH_BIN_SECRET_H

#include "base/passphrase.h"
#include "bin/settings.h"
#include "cli/command.h"

#define KITH_SECRET_VARIABLE "KITH_NETWORK_PASSPHRASE"

/* All of them: 0, or KITH_EINVALID or KITH_EIO with one sentence in `why`. */

/* The network's. Asks if --passphrase was given, else reads the environment's, which
 * stays there until kith_secret_wipe, else the file's. `out->size` is 0 when none of them
 * is there. */
int kith_secret_read(const struct kith_cli *cli, const struct kith_settings *settings,
                     struct kith_passphrase *out, char why[static KITH_CONFIG_WHY_SIZE]);

/* Wipes it from the process's environment: once nothing will read it again. */
void kith_secret_wipe(void);

/* That of one command: the file's if `file` is given, else the environment's (wiped),
 * else it is asked for. */
struct kith_secret_want {
    const char *variable;
    const char *file;   /* of --passphrase-file; NULL: not given */
    const char *prompt; /* "passphrase of the backup: " */
    bool is_new;        /* asked for twice, so that a slip locks nobody out */
};
int kith_secret_want(const struct kith_cli *cli, const struct kith_secret_want *want,
                     struct kith_passphrase *out, char why[static KITH_CONFIG_WHY_SIZE]);

#endif
