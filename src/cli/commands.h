/* SPDX-License-Identifier: MIT */
/* The commands that are clients of a running node, each in a file of its own. */
#ifndef KITH_CLI_COMMANDS_H
#define KITH_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct kith_cli_command kith_cli_down;
extern const struct kith_cli_command kith_cli_send;
extern const struct kith_cli_command kith_cli_broadcast;
extern const struct kith_cli_command kith_cli_tail;
extern const struct kith_cli_command kith_cli_peers;
extern const struct kith_cli_command kith_cli_rooms;
extern const struct kith_cli_command kith_cli_invite;
extern const struct kith_cli_command kith_cli_members;
extern const struct kith_cli_command kith_cli_join_room;
extern const struct kith_cli_command kith_cli_leave_room;
extern const struct kith_cli_command kith_cli_lookup;
extern const struct kith_cli_command kith_cli_block;
extern const struct kith_cli_command kith_cli_unblock;
extern const struct kith_cli_command kith_cli_verify;
extern const struct kith_cli_command kith_cli_connect;
extern const struct kith_cli_command kith_cli_disconnect;
extern const struct kith_cli_command kith_cli_rename;
extern const struct kith_cli_command kith_cli_doctor;
extern const struct kith_cli_command kith_cli_completions;
extern const struct kith_cli_command kith_cli_web;
extern const struct kith_cli_command kith_cli_search;
extern const struct kith_cli_command kith_cli_export;
extern const struct kith_cli_command kith_cli_import;

#endif
