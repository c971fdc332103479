/* SPDX-License-Identifier: MIT */
/* Peers and trackers that are added to a running node: the lists among what
 * PATCH /api/v1/settings takes. What they name comes to what is there already. */
#ifndef KITH_API_SERVER_ADDITIONS_H
#define KITH_API_SERVER_ADDITIONS_H

#include "api/server_request.h"

/* Is this knob such a list? */
bool kith_additions_has(const char *knob);

/* False after having answered what is wrong with a list of `body`; nothing is done yet.
 */
bool kith_additions_check(struct kith_request *request, const json_t *body);

/* Have what was checked dialled and registered at. Returns 0, KITH_ELIMIT or
 * KITH_ENOMEM. */
int kith_additions_apply(struct kith_request *request, const json_t *body);

#endif
