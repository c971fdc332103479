/* SPDX-License-Identifier: MIT */
/* Links: one per connection, registered or not yet. */
#include "tracker/registry_state.h"

#include "proto/frame.h"

/* ---- life ---- */

struct kith_registry_link *kith_registry_link(const struct kith_registry *r, uint32_t no)
{
    return kith_map_get(&r->links, &no);
}

void kith_registry_link_free(struct kith_registry *r, struct kith_registry_link *link)
{
    kith_map_remove(&r->links, &link->no);
    kith_list_remove(&link->heard_node);
    kith_list_remove(&link->ending_node);
    kith_news_release(r, link);
    r->queued_all -= link->queued;
    if (link->household != NULL) {
        link->household->link_count--;
        kith_registry_household_drop(r, link->household);
    }
    kith_release(r->alloc, link);
}

static struct kith_registry_link *make(struct kith_registry *r, uint32_t no)
{
    struct kith_registry_link *link = kith_alloc_zero(r->alloc, sizeof *link);
    if (link == NULL)
        return NULL;
    link->no = no;
    kith_list_init(&link->heard_node);
    kith_list_init(&link->ending_node);
    kith_list_init(&link->news_node);
    if (kith_map_put(&r->links, &no, link) == 0)
        return link;
    kith_release(r->alloc, link);
    return NULL;
}

static int move_in(struct kith_registry *r, struct kith_registry_link *link,
                   const struct kith_address *remote)
{
    if (!kith_ip_parse(remote->host, &link->remote.ip))
        return KITH_EINVALID; /* the net gives numbers */
    link->remote.port = remote->port;
    link->household = kith_registry_household(r, &link->remote.ip);
    if (link->household == NULL)
        return KITH_ENOMEM;
    link->household->link_count++;
    return link->household->link_count > r->config.per_address_max ? KITH_ELIMIT : 0;
}

void kith_registry_link_up(struct kith_registry *r,
                           const struct kith_registry_input *input)
{
    struct kith_registry_link *link = make(r, input->link_up.link);
    if (link == NULL) {
        kith_registry_broke(r);
        return;
    }
    link->peer = input->link_up.peer;
    link->heard_at = r->now.mono;
    kith_list_push(&r->strangers, &link->heard_node);
    int error = move_in(r, link, &input->link_up.remote);
    if (error != 0)
        kith_registry_link_fail(r, link, error);
}

/* ---- sending ---- */

void kith_registry_link_send(struct kith_registry *r, struct kith_registry_link *link,
                             size_t from)
{
    size_t size = r->bytes.size - from;
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_SEND);
    if (effect == NULL)
        return;
    effect->send.link = link->no;
    effect->send.bytes.size = size;
    bool is_slow = link->queued > KITH_REGISTRY_QUEUE_HIGH;
    link->queued += size;
    r->queued_all += size;
    if (link->queued > KITH_REGISTRY_QUEUE_MAX ||
        (is_slow && r->queued_all > KITH_REGISTRY_QUEUES_MAX))
        kith_registry_link_fail(r, link, KITH_ELIMIT);
}

void kith_registry_link_drained(struct kith_registry *r, struct kith_registry_link *link,
                                size_t size)
{
    size = size < link->queued ? size : link->queued;
    link->queued -= size;
    r->queued_all -= size;
    if (link->news == KITH_NEWS_HELD && link->queued <= KITH_REGISTRY_QUEUE_HIGH / 2) {
        kith_news_release(r, link);
        kith_news_wake(r, link);
    }
}

/* ---- receiving ---- */

static int pong(struct kith_registry *r, struct kith_registry_link *link,
                struct kith_bytes fields)
{
    struct kith_frame_ping ping;
    size_t from = r->bytes.size;
    int error = kith_frame_ping_decode(fields, &ping);
    if (error != 0)
        return error;
    r->counts.pings++;
    kith_frame_ping_encode(&r->bytes, KITH_FRAME_PONG, &ping);
    kith_registry_link_send(r, link, from);
    return kith_watch_has_room(link->entry) ? kith_watch_fill(r, link->entry) : 0;
}

static int receive(struct kith_registry *r, struct kith_registry_link *link,
                   struct kith_bytes frame)
{
    if (frame.size == 0)
        return KITH_EPROTO;
    struct kith_bytes fields = kith_bytes(frame.data + 1, frame.size - 1);
    uint8_t type = frame.data[0];
    if (type == KITH_FRAME_BYE)
        return KITH_ECLOSED;
    if (type == KITH_FRAME_REGISTER)
        return kith_registry_register(r, link, fields);
    if (link->entry == NULL)
        return KITH_EUNEXPECTED;
    switch (type) {
    case KITH_FRAME_PING:
        return pong(r, link, fields);
    case KITH_FRAME_LOOKUP:
        return kith_registry_lookup(r, link, fields);
    case KITH_FRAME_CALL:
        return kith_registry_call(r, link, fields);
    case KITH_FRAME_WELCOME:
    case KITH_FRAME_REACHABLE:
    case KITH_FRAME_PEERS:
    case KITH_FRAME_RING:
    case KITH_FRAME_REFUSED:
        return KITH_EUNEXPECTED; /* a tracker's, not a peer's */
    default:
        return 0; /* of a later version */
    }
}

void kith_registry_link_frame(struct kith_registry *r, struct kith_registry_link *link,
                              struct kith_bytes frame)
{
    link->heard_at = r->now.mono;
    if (link->entry != NULL) {
        kith_list_remove(&link->heard_node);
        kith_list_push(&r->heard, &link->heard_node);
    }
    int error = receive(r, link, frame);
    if (error != 0)
        kith_registry_link_fail(r, link, error);
}

/* ---- the end ---- */

void kith_registry_link_down(struct kith_registry *r, struct kith_registry_link *link)
{
    struct kith_entry *entry = link->entry;
    if (entry != NULL) {
        kith_registry_entry_leave(r, entry);
        kith_registry_entry_keep(r, entry);
    }
    kith_registry_link_free(r, link);
}

void kith_registry_link_fail(struct kith_registry *r, struct kith_registry_link *link,
                             int error)
{
    if (error == KITH_ENOMEM)
        kith_registry_broke(r);
    if (link->error != 0)
        return;
    link->error = error;
    kith_list_push(&r->ending, &link->ending_node);
}

static uint8_t reason_of(int error)
{
    if (error == KITH_EREPLACED)
        return KITH_BYE_REPLACED;
    return error == KITH_ELIMIT ? KITH_BYE_LIMIT : KITH_BYE_FAULT;
}

static void say_goodbye(struct kith_registry *r, struct kith_registry_link *link,
                        enum kith_bye_reason reason)
{
    struct kith_frame_bye bye = {(uint8_t)reason};
    size_t from = r->bytes.size;
    kith_frame_bye_encode(&r->bytes, &bye);
    kith_registry_link_send(r, link, from);
}

static void close_link(struct kith_registry *r, const struct kith_registry_link *link,
                       int error)
{
    struct kith_registry_effect *effect = kith_registry_effect(r, KITH_REGISTRY_CLOSE);
    if (effect == NULL)
        return;
    effect->close.link = link->no;
    effect->close.error = error;
}

static void end(struct kith_registry *r, struct kith_registry_link *link)
{
    if (link->error != KITH_ETIMEDOUT && link->error != KITH_ECLOSED) {
        enum kith_bye_reason reason = reason_of(link->error);
        r->counts.refused += reason == KITH_BYE_LIMIT;
        r->counts.faults += reason == KITH_BYE_FAULT;
        say_goodbye(r, link, reason);
    }
    close_link(r, link, link->error);
    kith_registry_link_down(r, link);
}

void kith_registry_links_end(struct kith_registry *r)
{
    while (!kith_list_is_empty(&r->ending) && !r->is_broken)
        end(r, kith_list_item(r->ending.next, struct kith_registry_link, ending_node));
}

void kith_registry_links_stop(struct kith_registry *r)
{
    for (struct kith_map_entry *e = kith_map_next(&r->links, NULL); e != NULL;
         e = kith_map_next(&r->links, e)) {
        struct kith_registry_link *link = kith_map_entry_value(e);
        if (link->entry != NULL)
            say_goodbye(r, link, KITH_BYE_LEAVING);
        close_link(r, link, KITH_ECLOSED);
    }
}

/* ---- time ---- */

static kith_time due(const struct kith_list *list, kith_time patience)
{
    if (kith_list_is_empty(list))
        return KITH_TIME_NEVER;
    return kith_list_item(list->next, struct kith_registry_link, heard_node)->heard_at +
           patience;
}

static void end_silent(struct kith_registry *r, struct kith_list *list,
                       kith_time patience)
{
    while (due(list, patience) <= r->now.mono) {
        struct kith_registry_link *link =
            kith_list_item(list->next, struct kith_registry_link, heard_node);
        kith_list_remove(&link->heard_node);
        kith_registry_link_fail(r, link, KITH_ETIMEDOUT);
    }
}

#define SILENCE_MAX (2 * KITH_REGISTRY_REFRESH_S * KITH_SECOND)

void kith_registry_links_timeout(struct kith_registry *r)
{
    end_silent(r, &r->strangers, KITH_REGISTRY_REGISTER_MAX);
    end_silent(r, &r->heard, SILENCE_MAX);
}

kith_time kith_registry_links_deadline(const struct kith_registry *r)
{
    kith_time stranger = due(&r->strangers, KITH_REGISTRY_REGISTER_MAX);
    kith_time silent = due(&r->heard, SILENCE_MAX);
    return stranger < silent ? stranger : silent;
}
