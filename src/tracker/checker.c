/* SPDX-License-Identifier: MIT */
#include "tracker/checker.h"

#include <stdlib.h>

#include "base/list.h"
#include "kith/error.h"

struct waiting {
    struct kith_list node;
    uint32_t check;
    struct kith_address address;
    struct kith_id id;
};

struct kith_checker {
    struct kith_checker_config config;
    struct kith_net *net;
    struct kith_list waiting; /* the oldest first */
    size_t dialling;
    bool is_stopping;
};

/* What is short here says nothing of who is dialled. */
static enum kith_check_outcome outcome_of(int error)
{
    return error == KITH_ELIMIT || error == KITH_ENOMEM ? KITH_CHECK_NOT_TRIED
                                                        : KITH_CHECK_NOT_REACHED;
}

static void tell(const struct kith_checker *checker, uint32_t check,
                 enum kith_check_outcome outcome)
{
    checker->config.checked(checker->config.ctx, check, outcome);
}

static void dial_next(struct kith_checker *checker)
{
    while (!kith_list_is_empty(&checker->waiting) &&
           checker->dialling < KITH_CHECKER_DIALS_MAX && !checker->is_stopping) {
        struct waiting *next =
            kith_list_item(checker->waiting.next, struct waiting, node);
        kith_list_remove(&next->node);
        const struct kith_net_target target = {
            .addresses = &next->address, .count = 1, .expected = &next->id};
        int error = kith_net_dial(checker->net, next->check, &target);
        if (error == 0)
            checker->dialling++;
        else
            tell(checker, next->check, outcome_of(error));
        free(next);
    }
}

static void finish(struct kith_checker *checker, uint32_t check,
                   enum kith_check_outcome outcome)
{
    checker->dialling--;
    if (!checker->is_stopping)
        tell(checker, check, outcome);
    dial_next(checker);
}

/* ---- happenings ---- */

/* All is said. Would the link wait for the peer to hang up, those who do not could take
 * the places of others. */
static void on_up(void *ctx, const struct kith_net_up *up)
{
    struct kith_checker *checker = ctx;
    kith_net_abort(checker->net, up->link, KITH_ECLOSED);
    finish(checker, up->dial, KITH_CHECK_REACHED);
}

static void on_dial_failed(void *ctx, uint32_t dial, int error)
{
    finish(ctx, dial, outcome_of(error));
}

static void on_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
}

static void on_down(void *ctx, kith_link_no link, int error)
{
}

static void on_drained(void *ctx, kith_link_no link, size_t sent)
{
}

/* ---- life ---- */

int kith_checker_new(const struct kith_checker_config *config, struct kith_checker **out)
{
    struct kith_checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL)
        return KITH_ENOMEM;
    checker->config = *config;
    kith_list_init(&checker->waiting);
    struct kith_net_config net = {.seed = config->seed,
                                  .id = config->id,
                                  .alpn = "kith/1",
                                  .links_max = KITH_CHECKER_DIALS_MAX,
                                  .frame_size_initial = 1,
                                  .handler = {.ctx = checker,
                                              .up = on_up,
                                              .frame = on_frame,
                                              .down = on_down,
                                              .dial_failed = on_dial_failed,
                                              .drained = on_drained}};
    int error = kith_net_new(config->loop, &net, &checker->net);
    if (error != 0)
        free(checker);
    else
        *out = checker;
    return error;
}

void kith_checker_shutdown(struct kith_checker *checker, void (*done)(void *ctx),
                           void *ctx)
{
    checker->is_stopping = true;
    kith_net_shutdown(checker->net, done, ctx);
}

void kith_checker_free(struct kith_checker *checker)
{
    if (checker == NULL)
        return;
    kith_list_each_safe (node, &checker->waiting)
        free(kith_list_item(node, struct waiting, node));
    kith_net_free(checker->net);
    free(checker);
}

void kith_checker_drop(struct kith_checker *checker, uint32_t check)
{
    kith_list_each (node, &checker->waiting) {
        struct waiting *waiting = kith_list_item(node, struct waiting, node);
        if (waiting->check != check)
            continue;
        kith_list_remove(&waiting->node);
        free(waiting);
        tell(checker, check, KITH_CHECK_NOT_TRIED);
        return;
    }
}

void kith_checker_check(struct kith_checker *checker, uint32_t check,
                        const struct kith_address *address, const struct kith_id *id)
{
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL) {
        tell(checker, check, KITH_CHECK_NOT_TRIED);
        return;
    }
    waiting->check = check;
    waiting->address = *address;
    waiting->id = *id;
    kith_list_push(&checker->waiting, &waiting->node);
    dial_next(checker);
}
