/* SPDX-License-Identifier: MIT */
/* Which directory is the home: --home, KITH_HOME, $XDG_DATA_HOME/kith,
 * ~/.local/share/kith (XDG Base Directory Specification). */
#ifndef KITH_CLI_HOME_H
#define KITH_CLI_HOME_H

/* An absolute path (heap; the caller's), or NULL when memory ran out or, with `*why` set
 * to a static sentence, when none can be told. Nothing is made or looked at on the disk.
 * `option` may be NULL. */
char *kith_cli_home_path(const char *option, const char **why);

#endif
