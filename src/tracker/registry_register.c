/* SPDX-License-Identifier: MIT */
/* REGISTER: a peer comes, or says something new of itself. */
#include "tracker/registry_state.h"

#include <string.h>

#include "proto/frame.h"

/* What a REGISTER changed of its entry. */
struct change {
    bool is_new_link; /* the first REGISTER of its link */
    bool is_joining;  /* it was away, or elsewhere */
    bool is_renamed;
    bool is_changed; /* name or records: others are to be told */
};

/* ---- may it? ---- */

static int admit(struct kith_registry *r, struct kith_registry_link *link)
{
    size_t burst = 2 * r->config.per_address_max;
    kith_time every = KITH_MINUTE / (kith_time)r->config.per_address_max;
    bool may = kith_registry_token(&link->household->register_at, r->now.mono,
                                   every > 0 ? every : 1, burst);
    return may ? 0 : KITH_ELIMIT;
}

/* Before anything is touched: what fails later is memory alone. */
static int judge(const struct kith_registry_link *link, struct kith_bytes fields,
                 struct kith_frame_register *out)
{
    if (fields.size + 1 > KITH_REGISTER_SIZE_MAX)
        return KITH_ETOOBIG;
    int error = kith_frame_register_decode(fields, out);
    if (error == 0 &&
        (out->version_min > KITH_PROTO_VERSION || out->version_max < KITH_PROTO_VERSION))
        error = KITH_EVERSION;
    if (error == 0)
        error = kith_registry_record_judge(&link->peer, out->record_public);
    if (error == 0)
        error = kith_registry_record_judge(&link->peer, out->record_local);
    return error;
}

/* Found, or made; where there is room, for one that comes from elsewhere too. */
static int find_entry(struct kith_registry *r, struct kith_registry_link *link,
                      struct kith_entry **out)
{
    *out = kith_registry_entry(r, &link->peer);
    if (*out != NULL)
        return (*out)->household == link->household
                   ? 0
                   : kith_registry_entry_share(r, link->household);
    int error = kith_registry_entry_room(r, link->household);
    if (error != 0)
        return error;
    *out = kith_registry_entry_new(r, &link->peer, link->household);
    return *out != NULL ? 0 : KITH_ENOMEM;
}

/* ---- taking in ---- */

/* The link of the entry from now on, whichever it was. */
static void take_link(struct kith_registry *r, struct kith_registry_link *link,
                      struct kith_entry *entry, const uint8_t *tag, struct change *change)
{
    struct kith_registry_link *before = entry->link;
    bool is_moving = entry->network != NULL &&
                     memcmp(entry->network->tag, tag, KITH_NETWORK_TAG_SIZE) != 0;
    change->is_new_link = before != link;
    if (before != NULL && is_moving)
        kith_registry_entry_leave(r, entry);
    if (before != NULL && before != link) {
        kith_news_release(r, before);
        before->entry = NULL;
        kith_registry_link_fail(r, before, KITH_EREPLACED);
    }
    change->is_joining = entry->link == NULL;
    /* Another host: what is believed of it, and who is of its household. */
    change->is_changed = !kith_ip_equal(&entry->remote.ip, &link->remote.ip);
    entry->remote = link->remote;
    if (entry->link != NULL) {
        entry->link = link;
        link->entry = entry;
    }
    kith_registry_entry_settle(r, entry, link->household);
}

static int rename_entry(struct kith_registry *r, struct kith_entry *entry,
                        struct kith_bytes text, struct change *change)
{
    struct kith_name name = {0}; /* none, if it is not usable */
    (void)kith_name_parse(text, &name, NULL);
    if (strcmp(entry->name != NULL ? entry->name : "", name.text) == 0)
        return 0;
    change->is_renamed = true;
    change->is_changed = true;
    return kith_registry_entry_rename(r, entry, name.text);
}

static int take_fields(struct kith_registry *r, struct kith_entry *entry,
                       const struct kith_frame_register *frame, struct change *change)
{
    int error = kith_registry_entry_move(r, entry, frame->tag);
    if (error == 0)
        error = rename_entry(r, entry, frame->name, change);
    if (error == 0)
        error = kith_registry_record_take(r, entry, KITH_RECORD_PUBLIC,
                                          frame->record_public, &change->is_changed);
    if (error == 0)
        error = kith_registry_record_take(r, entry, KITH_RECORD_LOCAL,
                                          frame->record_local, &change->is_changed);
    kith_registry_record_observe(entry);
    return error;
}

/* ---- answering ---- */

static void welcome(struct kith_registry *r, struct kith_registry_link *link)
{
    char observed[KITH_ADDRESS_TEXT_SIZE];
    struct kith_address remote = kith_ip_port_address(&link->remote);
    kith_address_format(&remote, observed);
    struct kith_frame_welcome frame = {
        .version = KITH_PROTO_VERSION,
        .capabilities = r->config.has_relay ? KITH_TRACKER_RELAYS : 0,
        .refresh_s = KITH_REGISTRY_REFRESH_S,
        .observed = kith_bytes(observed, strlen(observed)),
        .network_count = (uint32_t)link->entry->network->here_count,
    };
    size_t from = r->bytes.size;
    kith_frame_welcome_encode(&r->bytes, &frame);
    kith_registry_link_send(r, link, from);
}

static int settle(struct kith_registry *r, struct kith_registry_link *link,
                  struct kith_entry *entry, const struct change *change)
{
    int error = 0;
    kith_list_remove(&link->heard_node);
    kith_list_push(&r->heard, &link->heard_node);
    if (change->is_joining)
        error = kith_registry_entry_arrive(r, entry, link);
    else if (change->is_changed)
        kith_watch_tell(r, entry);
    if (error != 0)
        return error;
    if (change->is_new_link && !change->is_joining)
        kith_watch_renew(r, entry);
    if (change->is_joining || change->is_new_link || change->is_changed)
        kith_registry_entry_keep(r, entry);
    if (change->is_joining)
        kith_registry_tell(r, KITH_REGISTRY_JOINED, entry);
    else if (change->is_renamed)
        kith_registry_tell(r, KITH_REGISTRY_RENAMED, entry);
    return 0;
}

int kith_registry_register(struct kith_registry *r, struct kith_registry_link *link,
                           struct kith_bytes fields)
{
    struct kith_frame_register frame;
    struct change change = {0};
    struct kith_entry *entry;
    int error = judge(link, fields, &frame);
    if (error == 0)
        error = admit(r, link);
    if (error == 0)
        error = find_entry(r, link, &entry);
    if (error == 0 &&
        !kith_registry_token(&entry->register_at, r->now.mono,
                             KITH_REGISTRY_REGISTER_EVERY, KITH_REGISTRY_REGISTER_BURST))
        error = KITH_ELIMIT;
    if (error != 0)
        return error;
    take_link(r, link, entry, frame.tag, &change);
    error = take_fields(r, entry, &frame, &change);
    if (error == 0)
        error = settle(r, link, entry, &change);
    if (error != 0)
        return error;
    r->counts.registered++;
    welcome(r, link);
    kith_registry_check(r, entry, frame.wants_check ? frame.port : 0);
    return 0;
}
