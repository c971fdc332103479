/* SPDX-License-Identifier: MIT */
#include "node/verifier.h"

#include <stdlib.h>

#include <sodium.h>

#include "kith/error.h"

struct kith_verify_batch {
    uv_work_t work;
    struct kith_verifier *verifier;
    size_t count;
    struct kith_verify_task tasks[KITH_VERIFY_BATCH_MAX];
};

void kith_verifier_init(struct kith_verifier *verifier, uv_loop_t *loop,
                        kith_verified_cb *verified, void (*batch_done)(void *ctx),
                        void *ctx)
{
    *verifier = (struct kith_verifier){
        .loop = loop, .verified = verified, .batch_done = batch_done, .ctx = ctx};
}

void kith_verifier_deinit(struct kith_verifier *verifier)
{
    free(verifier->open);
    verifier->open = NULL;
}

bool kith_verifier_is_idle(const struct kith_verifier *verifier)
{
    return verifier->running == 0 &&
           (verifier->open == NULL || verifier->open->count == 0);
}

/* ---- the checking ---- */

static void check(struct kith_verify_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct kith_verify_task *task = &batch->tasks[i];
        task->is_valid =
            crypto_sign_verify_detached(task->signature, task->message,
                                        sizeof(task->message), task->author.bytes) == 0;
    }
}

static void tell(struct kith_verifier *verifier, const struct kith_verify_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        verifier->verified(verifier->ctx, batch->tasks[i].verify_no,
                           batch->tasks[i].is_valid);
}

static void on_pool(uv_work_t *work)
{
    check(work->data);
}

static void on_pool_done(uv_work_t *work, int status)
{
    struct kith_verify_batch *batch = work->data;
    struct kith_verifier *verifier = batch->verifier;
    verifier->running--;
    if (status == 0)
        tell(verifier, batch);
    free(batch);
    if (verifier->batch_done != NULL)
        verifier->batch_done(verifier->ctx);
}

/* True when the pool could not take it and it was checked here. */
static bool hand_over(struct kith_verifier *verifier)
{
    struct kith_verify_batch *batch = verifier->open;
    verifier->open = NULL;
    batch->work.data = batch;
    verifier->running++;
    if (uv_queue_work(verifier->loop, &batch->work, on_pool, on_pool_done) == 0)
        return false;
    verifier->running--;
    check(batch);
    tell(verifier, batch);
    free(batch);
    return true;
}

/* ---- the queue ---- */

int kith_verifier_add(struct kith_verifier *verifier, const struct kith_verify_task *task)
{
    if (verifier->open != NULL && verifier->open->count == KITH_VERIFY_BATCH_MAX)
        hand_over(verifier);
    if (verifier->open == NULL) {
        verifier->open = malloc(sizeof(*verifier->open));
        if (verifier->open == NULL)
            return KITH_ENOMEM;
        verifier->open->verifier = verifier;
        verifier->open->count = 0;
    }
    verifier->open->tasks[verifier->open->count++] = *task;
    return 0;
}

bool kith_verifier_settle(struct kith_verifier *verifier)
{
    struct kith_verify_batch *batch = verifier->open;
    if (batch == NULL || batch->count == 0)
        return false;
    if (batch->count > 1 || verifier->running > 0)
        return hand_over(verifier);
    verifier->open = NULL; /* a verdict may bring the next task */
    check(batch);
    tell(verifier, batch);
    batch->count = 0;
    if (verifier->open == NULL)
        verifier->open = batch;
    else
        free(batch);
    return true;
}
