/* SPDX-License-Identifier: MIT */
/* Checks Ed25519 signatures: a lone one on the spot, many on the thread pool.
 *
 * A person's message is verified faster than a thread wakes up; a node that catches up
 * has thousands to check, and every core helps. */
#ifndef KITH_NODE_VERIFIER_H
#define KITH_NODE_VERIFIER_H

#include "core/node.h"
#include <uv.h>

#define KITH_VERIFY_BATCH_MAX                                                            \
    32 /* about 2 ms of work: far more than handing it over costs */

struct kith_verify_task {
    uint64_t verify_no;
    struct kith_id author;
    uint8_t message[KITH_VERIFY_SIZE];
    uint8_t signature[KITH_SIGNATURE_SIZE];
    bool is_valid;
};

struct kith_verify_batch;

typedef void kith_verified_cb(void *ctx, uint64_t verify_no, bool is_valid);

struct kith_verifier {
    uv_loop_t *loop; /* borrowed */
    kith_verified_cb *verified;
    void (*batch_done)(void *ctx); /* after the last verdict of a batch */
    void *ctx;
    struct kith_verify_batch *open; /* being filled; NULL: none yet */
    size_t running;                 /* batches with the pool */
};

/* Called on the loop's thread. `batch_done` may be NULL. */
void kith_verifier_init(struct kith_verifier *verifier, uv_loop_t *loop,
                        kith_verified_cb *verified, void (*batch_done)(void *ctx),
                        void *ctx);

/* Only when nothing runs. */
void kith_verifier_deinit(struct kith_verifier *verifier);

/* Queue one; its verdict never comes from within. KITH_ENOMEM. */
int kith_verifier_add(struct kith_verifier *verifier,
                      const struct kith_verify_task *task);

/* The turn ends: a single task that is alone is checked here and now, its verdict given
 * from within; otherwise what is queued goes to the pool. True when verdicts were given.
 */
bool kith_verifier_settle(struct kith_verifier *verifier);

bool kith_verifier_is_idle(const struct kith_verifier *verifier);

#endif
