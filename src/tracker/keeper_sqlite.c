/* SPDX-License-Identifier: MIT */
#include "tracker/keeper.h"

#include "store/registrations.h"

_Static_assert(KITH_KEEPER_DETAIL_SIZE == KITH_REGISTRATIONS_DETAIL_SIZE, "passed on");

static int restore(void *ctx, uint64_t since_s, kith_registration_visit *visit,
                   void *visit_ctx)
{
    return kith_registrations_restore(ctx, since_s, visit, visit_ctx);
}

static int put(void *ctx, const struct kith_registration *row)
{
    return kith_registrations_put(ctx, row);
}

static int remove_row(void *ctx, const struct kith_id *id)
{
    return kith_registrations_remove(ctx, id);
}

static int mark(void *ctx, uint64_t seen_s)
{
    return kith_registrations_mark(ctx, seen_s);
}

static int commit(void *ctx)
{
    return kith_registrations_commit(ctx);
}

static const char *detail_of(const void *ctx)
{
    return kith_registrations_detail(ctx);
}

static void close_database(void *ctx)
{
    kith_registrations_close(ctx);
}

int kith_keeper_sqlite(const char *path, struct kith_keeper *out,
                       char detail[static KITH_KEEPER_DETAIL_SIZE])
{
    struct kith_registrations *registrations = NULL;
    int error = kith_registrations_open(path, &registrations, detail);
    if (error != 0)
        return error;
    *out = (struct kith_keeper){.ctx = registrations,
                                .restore = restore,
                                .put = put,
                                .remove = remove_row,
                                .mark = mark,
                                .commit = commit,
                                .detail = detail_of,
                                .close = close_database};
    return 0;
}
