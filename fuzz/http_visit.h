/* SPDX-License-Identifier: MIT */
/* The doors of a server of HTTP, and strangers who come to them. */
#ifndef KITH_FUZZ_HTTP_VISIT_H
#define KITH_FUZZ_HTTP_VISIT_H

#include "fuzz.h"

#include <stdbool.h>

#include "base/writer.h"

/* A socket of AF_INET or AF_UNIX that listens, for the server to take. It is a copy: the
 * door stays for as long as the process lives. `out_port` of a Unix socket is 0. */
int http_door(int family, uint16_t *out_port);

/* Connected to it; -1 when so many connections were closed lately that no port is left.
 */
int http_knock(int family);

/* How much of it was taken. */
size_t http_say(int fd, struct kith_bytes text);

/* What came, appended; past `size_max` it is dropped. False when the server hung up. */
bool http_hear(int fd, size_t size_max, struct kith_writer *out, bool *is_news);

#endif
