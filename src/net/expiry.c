/* SPDX-License-Identifier: MIT */
#include "net/expiry.h"

static struct kith_expiry_item *oldest(const struct kith_expiry *expiry)
{
    return kith_list_item(expiry->items.next, struct kith_expiry_item, node);
}

static void arm(struct kith_expiry *expiry);

static void on_timer(uv_timer_t *timer)
{
    struct kith_expiry *expiry = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    while (!kith_list_is_empty(&expiry->items)) {
        struct kith_expiry_item *item = oldest(expiry);
        if (item->due_ms > now_ms)
            break;
        kith_expiry_remove(expiry, item);
        expiry->expired(item);
    }
    arm(expiry);
}

static void arm(struct kith_expiry *expiry)
{
    if (uv_is_closing((uv_handle_t *)&expiry->timer))
        return;
    if (kith_list_is_empty(&expiry->items)) {
        uv_timer_stop(&expiry->timer);
        return;
    }
    uint64_t now_ms = uv_now(expiry->timer.loop);
    uint64_t due_ms = oldest(expiry)->due_ms;
    uv_timer_start(&expiry->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void kith_expiry_init(struct kith_expiry *expiry, uv_loop_t *loop, uint64_t timeout_ms,
                      void (*expired)(struct kith_expiry_item *item))
{
    uv_timer_init(loop, &expiry->timer);
    expiry->timer.data = expiry;
    kith_list_init(&expiry->items);
    expiry->count = 0;
    expiry->timeout_ms = timeout_ms;
    expiry->expired = expired;
}

void kith_expiry_close(struct kith_expiry *expiry, uv_close_cb closed)
{
    uv_close((uv_handle_t *)&expiry->timer, closed);
}

void kith_expiry_item_init(struct kith_expiry_item *item)
{
    kith_list_init(&item->node);
}

void kith_expiry_add(struct kith_expiry *expiry, struct kith_expiry_item *item)
{
    item->due_ms = uv_now(expiry->timer.loop) + expiry->timeout_ms;
    kith_list_push(&expiry->items, &item->node);
    if (expiry->count++ == 0)
        arm(expiry);
}

void kith_expiry_remove(struct kith_expiry *expiry, struct kith_expiry_item *item)
{
    if (kith_list_is_empty(&item->node))
        return;
    kith_list_remove(&item->node);
    if (--expiry->count == 0)
        arm(expiry);
}
