/* SPDX-License-Identifier: MIT */
/* Dials peers back to see that they are where they say: a TLS handshake as between peers,
 * in which the peer proves its id, and nothing else. Some at once, the rest in turn. */
#ifndef KITH_TRACKER_CHECKER_H
#define KITH_TRACKER_CHECKER_H

#include "net/net.h"
#include "tracker/registry.h"

#define KITH_CHECKER_DIALS_MAX 64 /* at once; a silent address takes 8 s */

struct kith_checker; /* opaque */

struct kith_checker_config {
    uv_loop_t *loop; /* borrowed */
    const uint8_t *seed;
    struct kith_id id;
    /* From the loop, once for each check; or from within kith_checker_check or _drop. */
    void (*checked)(void *ctx, uint32_t check, enum kith_check_outcome outcome);
    void *ctx;
};

/* KITH_ENOMEM or KITH_EINVALID. */
int kith_checker_new(const struct kith_checker_config *config, struct kith_checker **out);

/* What waits is forgotten. kith_checker_free only after `done`. */
void kith_checker_shutdown(struct kith_checker *checker, void (*done)(void *ctx),
                           void *ctx);
void kith_checker_free(struct kith_checker *checker); /* accepts NULL */

/* How many may wait is up to the caller. */
void kith_checker_check(struct kith_checker *checker, uint32_t check,
                        const struct kith_address *address, const struct kith_id *id);

/* If it still waits it is not tried. */
void kith_checker_drop(struct kith_checker *checker, uint32_t check);

#endif
