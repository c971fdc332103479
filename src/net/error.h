/* SPDX-License-Identifier: MIT */
/* The one place where the operating system's complaints become ours. */
#ifndef KITH_NET_ERROR_H
#define KITH_NET_ERROR_H

/* `uv_error` is a UV_E… or UV_EAI_… value (negative) or 0. What has no name of its own
 * is KITH_EIO. */
int kith_net_error(int uv_error);

/* The same for a positive errno. */
int kith_net_error_errno(int number);

#endif
