/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bin/commands.h"
#include "cli/commands.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In the order `kith help` shows them. */
static const struct kith_cli_command *const commands[] = {
    &kith_command_up,      &kith_command_chat,    &kith_cli_down,
    &kith_cli_send,        &kith_cli_broadcast,   &kith_cli_tail,
    &kith_cli_search,      &kith_cli_peers,       &kith_cli_rooms,
    &kith_cli_members,     &kith_cli_invite,      &kith_cli_join_room,
    &kith_cli_leave_room,  &kith_cli_block,       &kith_cli_unblock,
    &kith_cli_verify,      &kith_cli_connect,     &kith_cli_disconnect,
    &kith_cli_lookup,      &kith_cli_rename,      &kith_command_id,
    &kith_command_network, &kith_command_tracker, &kith_cli_export,
    &kith_cli_import,      &kith_command_backup,  &kith_command_restore,
    &kith_cli_doctor,      &kith_cli_completions, &kith_cli_web,
    &kith_cli_help,        &kith_cli_version,
};

/* Without a word a person at a terminal wants to talk; a script is told what there is. */
static bool is_person(int argc)
{
    return argc == 1 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* A standard stream that came closed would be the next file or socket that is opened, and
 * what is printed would go into that. What is opened in its place fails as it did. */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return;
}

int main(int argc, char **argv)
{
    static const char *const chat[] = {"kith", "chat", NULL};
    hold_standard_streams();
    if (is_person(argc))
        return kith_cli_main(commands, COUNT(commands), 2, chat, stdin, stdout, stderr);
    return kith_cli_main(commands, COUNT(commands), argc, (const char *const *)argv,
                         stdin, stdout, stderr);
}
