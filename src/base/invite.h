/* SPDX-License-Identifier: MIT */
/* Invites: links that are enough to meet somebody, or a room.
 *
 *     kith:add/ID?name=NAME&net=NETWORK&at=ADDR&via=TRACKER
 *     kith:join/ROOM?by=ID&name=NAME&net=NETWORK&at=ADDR&via=TRACKER
 *
 * ROOM is without its '#'. `at` and `via` may stand several times, all but ID and ROOM
 * may be missing, unknown parameters are ignored; values are percent-encoded (RFC 3986).
 * Before the '?' capitals mean the same, since a QR code holds more of them.
 * A link holds nothing secret: whoever reads it learns where somebody may be found. */
#ifndef KITH_BASE_INVITE_H
#define KITH_BASE_INVITE_H

#include "base/name.h"
#include "base/tracker_address.h"
#include "base/writer.h"

#define KITH_INVITE_ADDRESSES_MAX 8
#define KITH_INVITE_TRACKERS_MAX  4
#define KITH_INVITE_SIZE_MAX      4096 /* of a link: all of its parts, and some space */

struct kith_invite {
    bool has_room; /* kith:join, else kith:add */
    struct kith_name room;
    bool has_id; /* always of kith:add */
    struct kith_id id;
    struct kith_name name;    /* "" when not told: what the one who invites is called */
    struct kith_name network; /* "" when not told */
    struct kith_address addresses[KITH_INVITE_ADDRESSES_MAX];
    size_t address_count;
    struct kith_tracker_address trackers[KITH_INVITE_TRACKERS_MAX];
    size_t tracker_count;
};

/* Is it meant as one? */
bool kith_invite_is(struct kith_bytes text);

/* Returns 0, or KITH_EINVALID with `*why` (may be NULL), a static clause; `out` is then
 * undefined. Further addresses and trackers than there is room for are left out. */
int kith_invite_parse(struct kith_bytes text, struct kith_invite *out, const char **why);

/* Append the link. */
void kith_invite_format(const struct kith_invite *invite, struct kith_writer *w);

#endif
