/* SPDX-License-Identifier: MIT */
/* The relay of a tracker, with a share for each peer: nobody fills all of its places. */
#ifndef KITH_TRACKER_RELAYING_H
#define KITH_TRACKER_RELAYING_H

#include "base/id.h"
#include "net/relay.h"
#include "tracker/registry.h"

/* A pair costs two descriptors and, while it is in use, 128 KiB; two more descriptors, as
 * much again and a TLS session for each side that comes inside TLS. */
#define KITH_RELAYING_PAIRS_MAX 1024
/* Of one peer at once, those it called for and those of others that it came to: as many
 * friends as none of them reaches directly. While half of all places are free it may have
 * as many as it seeks links by itself (64): who is behind the worst of routers belongs to
 * large networks too. */
#define KITH_RELAYING_PER_PEER_MAX       16
#define KITH_RELAYING_PER_PEER_SPARE_MAX 64
/* Of one household at once, however many ids it makes up: a quarter of all. */
#define KITH_RELAYING_PER_HOUSEHOLD_MAX 256
/* Of one pair, both ways together: a file comes over in good time, and a hundred pairs
 * that use it to the full still fit a gigabit. */
#define KITH_RELAYING_BYTES_PER_S (1024 * 1024)

struct kith_relaying; /* opaque */

struct kith_relaying_config {
    uv_loop_t *loop; /* borrowed */
    size_t pairs_max;
    size_t per_peer_max;
    size_t per_household_max;
    size_t per_peer_spare_max; /* while half of the places are free */
    uint32_t bytes_per_s;      /* of a pair; 0: no limit */
};

/* KITH_ENOMEM. */
int kith_relaying_new(const struct kith_relaying_config *config,
                      struct kith_relaying **out);

/* As kith_relay_shutdown and kith_relay_free. */
void kith_relaying_shutdown(struct kith_relaying *relaying, void (*done)(void *ctx),
                            void *ctx);
void kith_relaying_free(struct kith_relaying *relaying);

/* Await the two peers with their tickets. 0, KITH_ELIMIT (one of them or its household
 * has its share, all places are taken, or the same two are awaited at the same one's call
 * already), KITH_ENOMEM, KITH_EINVALID. */
int kith_relaying_expect(struct kith_relaying *relaying,
                         const struct kith_registry_pair *pair);

/* As kith_relay_take. */
void kith_relaying_take(struct kith_relaying *relaying, const uint8_t *ticket,
                        int take_fd);

struct kith_relay_counts kith_relaying_counts(const struct kith_relaying *relaying);

#endif
