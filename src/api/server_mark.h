/* SPDX-License-Identifier: MIT */
/* Requests that mark a peer, and are answered with it. */
#ifndef KITH_API_SERVER_MARK_H
#define KITH_API_SERVER_MARK_H

#include "api/server_request.h"

/* {"peer": TARGET, …}: give the runtime a BLOCK or VERIFY. With `flag` the object may
 * have a boolean of that name, true if it is missing; without (NULL) it is `is_on`. */
void kith_request_mark(struct kith_request *request, enum kith_command_type type,
                       const char *flag, bool is_on);

/* The id that is meant by the text of a TARGET. False after having answered that it is a
 * room, unknown or ambiguous. */
bool kith_request_peer(struct kith_request *request, struct kith_bytes text,
                       struct kith_id *out);

#endif
