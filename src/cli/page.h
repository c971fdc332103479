/* SPDX-License-Identifier: MIT */
/* Opening the node's page in the browser of whoever sits at this machine. */
#ifndef KITH_CLI_PAGE_H
#define KITH_CLI_PAGE_H

#include <stdbool.h>

/* Is there a display to open a window on? */
bool kith_cli_page_has_display(void);

/* Open `url`, which holds a code, by xdg-open. Arguments of programs can be read by every
 * user of the machine, so the browser is given HOME/open.html (mode 0600), which leads
 * there. Returns 0, KITH_EIO (the file cannot be written, or no program started) or
 * KITH_ENOMEM. Whether a window appears is the desktop's affair. */
int kith_cli_page_open(const char *home, const char *url);

#endif
