/* SPDX-License-Identifier: MIT */
/* A tracker that runs: the registry with its sockets, clock and disk.
 *
 * Happenings of the loop become inputs of the registry, its effects are carried out at
 * once; when the loop is about to poll, rows are committed and frames written. */
#ifndef KITH_TRACKER_TRACKER_H
#define KITH_TRACKER_TRACKER_H

#include "net/net.h"
#include "tracker/keeper.h"
#include "tracker/registry.h"
#include "tracker/relaying.h"

/* Accepted and unproven: a crowd that comes at once after a restart; about 50 KiB each.
 * Past it a host's newest push out its oldest. */
#define KITH_TRACKER_HANDSHAKES_MAX 1024
/* Links besides those of peers: connected, and not yet registered. */
#define KITH_TRACKER_STRANGERS_MAX 1024

struct kith_tracker; /* opaque */

struct kith_tracker_config {
    uv_loop_t *loop;     /* borrowed */
    const uint8_t *seed; /* KITH_NET_SEED_SIZE bytes; copied */
    struct kith_id id;
    struct kith_rng rng;
    struct kith_now (*clock)(void);
    struct kith_keeper keeper; /* taken, also on failure */
    size_t peers_max;
    size_t per_address_max;
    size_t once; /* say so when as many were introduced; 0: never */

    bool has_relay; /* pass bytes on between peers that do not reach another */
    uint32_t relay_bytes_per_s; /* of a pair; 0: no limit */

    /* From the loop; each may be NULL but `broken`. */
    void (*told)(void *ctx, const struct kith_registry_effect *tell);
    void (*trouble)(void *ctx, const char *what, int error, const char *detail);
    void (*introduced)(void *ctx);        /* once */
    void (*broken)(void *ctx, int error); /* memory ran out: stop it */
    void *ctx;
};

/* Takes over what was kept. KITH_ENOMEM, KITH_EINVALID, or what the keeper says, with
 * `detail`. */
int kith_tracker_new(const struct kith_tracker_config *config, struct kith_tracker **out,
                     char detail[static KITH_KEEPER_DETAIL_SIZE]);

/* As kith_net_listen. */
int kith_tracker_listen(struct kith_tracker *tracker, const struct kith_address *address,
                        struct kith_address *out_bound);

/* The same with a host that others can dial: where it is bound to all interfaces, the
 * first address of one that leads furthest. */
struct kith_address kith_tracker_shown(const struct kith_address *bound);

/* Tells every peer, writes what is left, closes everything; `done` comes within
 * KITH_NET_LINGER_MS and a little. kith_tracker_free only after it, or before the loop
 * has run at all. */
void kith_tracker_stop(struct kith_tracker *tracker, void (*done)(void *ctx), void *ctx);
void kith_tracker_free(struct kith_tracker *tracker); /* accepts NULL */

struct kith_tracker_stats {
    struct kith_registry_counts registry;
    struct kith_net_counts net;
    struct kith_relay_counts relay;
    uint64_t strangers; /* connections that ended before they had proven a key */
    uint64_t checks;    /* dials back */
    uint64_t reached;   /* of these */
    uint64_t commits;
    uint64_t commits_failed;
    uint64_t uptime_s;
    kith_time now; /* wall */
};
struct kith_tracker_stats kith_tracker_stats(const struct kith_tracker *tracker);
const struct kith_registry *kith_tracker_registry(const struct kith_tracker *tracker);
const struct kith_id *kith_tracker_id(const struct kith_tracker *tracker);

#endif
