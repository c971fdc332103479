/* SPDX-License-Identifier: MIT */
/* The commands that need more than the control API: they run or read a node's home. */
#ifndef KITH_BIN_COMMANDS_H
#define KITH_BIN_COMMANDS_H

#include "cli/command.h"

extern const struct kith_cli_command kith_command_up;
extern const struct kith_cli_command kith_command_chat;
extern const struct kith_cli_command kith_command_id;
extern const struct kith_cli_command kith_command_network;
extern const struct kith_cli_command kith_command_tracker;
extern const struct kith_cli_command kith_command_backup;
extern const struct kith_cli_command kith_command_restore;

#endif
