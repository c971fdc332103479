/* SPDX-License-Identifier: MIT */
/* A home for each name: `kith chat NAME`. */
#ifndef KITH_BIN_CHAT_HOME_H
#define KITH_BIN_CHAT_HOME_H

/* Beside the usual home, `kith-NAME`, as a file may be called (heap; NULL when memory ran
 * out): letters, digits, - _ and what is beyond ASCII stay, all else becomes %XX. */
char *kith_chat_home(const char *usual, const char *name);

#endif
