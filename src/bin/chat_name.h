/* SPDX-License-Identifier: MIT */
/* Asking a person for a name, once: when a home is new. */
#ifndef KITH_BIN_CHAT_NAME_H
#define KITH_BIN_CHAT_NAME_H

#include "base/name.h"
#include "cli/command.h"

/* Is there a person to ask, and no name yet: neither configured nor stored? */
bool kith_chat_name_is_wanted(const struct kith_cli *cli);

/* Ask until it is one; an empty line takes the login name. False when there was no
 * answer. */
bool kith_chat_name_ask(const struct kith_cli *cli, const char *login,
                        struct kith_name *out);

#endif
