/* SPDX-License-Identifier: MIT */
#include "core/exchange.h"

#include <string.h>

#include "base/siphash.h"
#include "core/dial.h"
#include "core/digest.h"
#include "core/link.h"
#include "core/peer.h"

/* ---- addresses ---- */

bool kith_exchange_is_public(const struct kith_address *address)
{
    static const char *const prefixes[] = {"127.", "169.254.", "0.", "fe8",    "fe9",
                                           "fea",  "feb",      "ff", "::ffff:"};
    const char *host = address->host;
    if (address->port == 0 || strchr(host, '%') != NULL || strcmp(host, "::") == 0 ||
        strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0 || host[0] == '\0')
        return false;
    bool is_ipv6 = strchr(host, ':') != NULL;
    if (!is_ipv6 && host[strspn(host, "0123456789.")] != '\0')
        return false; /* a name: no look-ups at a stranger's word */
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        bool is_for_ipv6 = i >= 3;
        if (is_ipv6 == is_for_ipv6 &&
            strncmp(host, prefixes[i], strlen(prefixes[i])) == 0)
            return false;
    }
    /* IPv4 multicast and above: 224 to 255 */
    bool is_high = strlen(host) > 3 && host[3] == '.' && host[0] == '2' &&
                   (host[1] > '2' || (host[1] == '2' && host[2] >= '4'));
    return is_ipv6 || !is_high;
}

/* ---- sending ---- */

/* A clock that is set back makes no record look older than those before. */
static void make(const struct kith_node *node, struct kith_record_made *made)
{
    uint64_t now_ms = (uint64_t)(node->now.wall / KITH_MS);
    made->counter = now_ms > made->counter ? now_ms : made->counter + 1;
    made->at = node->now.wall;
}

/* Made anew when it says something else, or ages: every new one travels to everybody. */
static bool is_own_in_force(const struct kith_node *node)
{
    kith_time age = node->now.wall - node->record_made.at;
    return node->record_made.at != 0 && !node->is_record_stale && age > -KITH_SECOND &&
           age < KITH_RECORD_LIFE / 2;
}

static const struct kith_record_made *make_own(struct kith_node *node)
{
    if (!is_own_in_force(node))
        make(node, &node->record_made);
    node->is_record_stale = false;
    kith_exchange_check(node);
    return &node->record_made;
}

static struct kith_bytes sign(struct kith_node *node, const struct kith_record_made *made,
                              const struct kith_address *addresses, size_t count)
{
    char texts[KITH_RECORD_ADDRESSES_MAX][KITH_ADDRESS_TEXT_SIZE];
    struct kith_signed_addresses record = {
        .id = node->self->id,
        .counter = made->counter,
        .expiry = (uint64_t)((made->at + KITH_RECORD_LIFE) / KITH_SECOND),
        .address_count = count,
    };
    for (size_t i = 0; i < count; i++) {
        kith_address_format(&addresses[i], texts[i]);
        record.addresses[i] = kith_bytes(texts[i], strlen(texts[i]));
    }
    if (count == 0)
        return kith_bytes(NULL, 0);
    struct kith_writer *w = &node->scratch_body;
    kith_writer_clear(w);
    kith_signed_addresses_fields(w, &record);
    uint8_t message[KITH_VERIFY_SIZE];
    kith_digest_addresses(kith_writer_view(w), node->network_key, message);
    node->signer.sign(node->signer.ctx, message, sizeof(message), record.signature);
    kith_writer_bytes(w, record.signature, sizeof(record.signature));
    if (w->failed) {
        kith_node_break(node);
        return kith_bytes(NULL, 0);
    }
    return kith_outbox_copy(&node->out, kith_writer_view(w));
}

struct kith_bytes kith_exchange_sign(struct kith_node *node,
                                     const struct kith_address *addresses, size_t count)
{
    make(node, &node->tracking.record_made);
    return sign(node, &node->tracking.record_made, addresses, count);
}

static struct kith_bytes own_record(struct kith_node *node)
{
    struct kith_address told[KITH_RECORD_ADDRESSES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < node->listening_count; i++)
        if (kith_exchange_is_public(&node->listening[i]))
            told[count++] = node->listening[i];
    return sign(node, make_own(node), told, count);
}

static void send_records(struct kith_node *node, struct kith_link *link,
                         const struct kith_frame_addresses *frame)
{
    if (frame->count == 0 || link->state != KITH_LINK_LIVE)
        return;
    kith_frame_addresses_encode(&node->scratch, frame);
    kith_link_send_scratch(node, link);
}

void kith_exchange_renew(struct kith_node *node)
{
    node->is_record_stale = true;
    if (node->link_count == 0)
        return;
    struct kith_frame_addresses frame = {.count = 1, .records = {own_record(node)}};
    kith_list_each (item, &node->links)
        if (frame.records[0].size > 0)
            send_records(node, kith_list_item(item, struct kith_link, item), &frame);
}

void kith_exchange_check(struct kith_node *node)
{
    if (node->record_made.at == 0 || node->link_count == 0)
        return;
    if (!is_own_in_force(node))
        kith_exchange_renew(node);
    kith_time age = node->now.wall - node->record_made.at;
    kith_node_wake_at(node, node->now.mono + KITH_RECORD_LIFE / 2 - age);
}

static bool is_expired(const struct kith_node *node, uint64_t expiry)
{
    return expiry <= (uint64_t)(node->now.wall / KITH_SECOND);
}

void kith_exchange_offer(struct kith_node *node, struct kith_link *link)
{
    struct kith_frame_addresses frame = {0};
    struct kith_bytes own = own_record(node);
    if (own.size > 0)
        frame.records[frame.count++] = own;
    /* Begin anywhere, so that over many links all are told of. */
    size_t skip = node->record_map.count > KITH_ADDRESSES_FRAME_MAX
                      ? (size_t)kith_rng_below(&node->rng, node->record_map.count -
                                                               KITH_ADDRESSES_FRAME_MAX)
                      : 0;
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&node->record_map, entry)) != NULL &&
           frame.count < KITH_ADDRESSES_FRAME_MAX) {
        const struct kith_known_record *known = kith_map_entry_value(entry);
        if (skip > 0)
            skip--;
        else if (!is_expired(node, known->expiry) &&
                 !kith_id_equal(&known->id, &link->id))
            frame.records[frame.count++] = known->bytes;
    }
    send_records(node, link, &frame);
}

/* News travels on over a few links: it reaches all in a few steps, and no link hears it
 * often. */
static void pass_on(struct kith_node *node, const struct kith_known_record *known,
                    uint32_t from)
{
    struct kith_frame_addresses frame = {.count = 1, .records = {known->bytes}};
    size_t left = KITH_EXCHANGE_FANOUT;
    struct kith_list *last = kith_link_draw(node), *item = last;
    do {
        item = item->next;
        struct kith_link *link = kith_list_item(item, struct kith_link, item);
        if (item == &node->links || link->no == from || link->state != KITH_LINK_LIVE ||
            kith_id_equal(&link->id, &known->id))
            continue;
        send_records(node, link, &frame);
        left--;
    } while (item != last && left > 0);
}

/* ---- receiving ---- */

/* Was there ever a link? Whoever makes identities up has to hold one for each. */
static bool has_worked(const struct kith_node *node,
                       const struct kith_known_record *known)
{
    const struct kith_peer *peer = kith_peer_find(node, &known->id);
    return peer != NULL && (peer->link != NULL || peer->last_seen != 0);
}

static size_t slot_of(const struct kith_known_record *known)
{
    return known->teller % KITH_RECORDS_TELLERS;
}

/* Which record goes for a newcomer: one that has expired; else, of those that never led
 * to a link, the oldest from who told us most of them. So one who tells of a thousand
 * that he made up pushes out his own. NULL: all have worked. */
static struct kith_known_record *find_least(const struct kith_node *node)
{
    uint16_t told[KITH_RECORDS_TELLERS] = {0};
    struct kith_map_entry *entry = NULL;
    size_t most = 0;
    while ((entry = kith_map_next(&node->record_map, entry)) != NULL) {
        struct kith_known_record *known = kith_map_entry_value(entry);
        if (is_expired(node, known->expiry))
            return known;
        if (!has_worked(node, known) && ++told[slot_of(known)] > told[most])
            most = slot_of(known);
    }
    struct kith_known_record *least = NULL;
    while ((entry = kith_map_next(&node->record_map, entry)) != NULL) {
        struct kith_known_record *known = kith_map_entry_value(entry);
        if (slot_of(known) == most && !has_worked(node, known) &&
            (least == NULL || known->no < least->no))
            least = known;
    }
    return least;
}

/* False when there is none. */
static bool make_room(struct kith_node *node, const struct kith_id *newcomer)
{
    if (node->record_map.count < KITH_RECORDS_MAX ||
        kith_map_get(&node->record_map, newcomer->bytes) != NULL)
        return true;
    struct kith_known_record *least = find_least(node);
    if (least != NULL)
        kith_release(node->alloc, kith_map_remove(&node->record_map, least->id.bytes));
    return least != NULL;
}

static bool is_news(const struct kith_node *node,
                    const struct kith_signed_addresses *record)
{
    const struct kith_known_record *known =
        kith_map_get(&node->record_map, record->id.bytes);
    if (kith_id_equal(&record->id, &node->self->id) || is_expired(node, record->expiry))
        return false;
    if (record->expiry >
        (uint64_t)((node->now.wall + 2 * KITH_RECORD_LIFE) / KITH_SECOND))
        return false; /* nobody's record lives that long */
    return known == NULL || is_expired(node, known->expiry) ||
           record->counter > known->counter;
}

/* Many links tell of the same at once. */
static bool is_being_checked(const struct kith_node *node, struct kith_bytes record)
{
    kith_list_each (item, &node->record_checks)
        if (kith_bytes_equal(kith_list_item(item, struct kith_record_check, item)->bytes,
                             record))
            return true;
    return false;
}

/* Records that are more than may be verified are lost: others tell of the same. */
static bool may_verify(struct kith_node *node, struct kith_link *link)
{
    return node->record_check_count < KITH_RECORD_CHECKS_MAX &&
           kith_tokens_take(&link->records, node->now.mono, KITH_RECORDS_LINK_PER_S,
                            KITH_RECORDS_LINK_MOST) &&
           kith_tokens_take(&node->records, node->now.mono, KITH_RECORDS_PER_S,
                            KITH_RECORDS_MOST);
}

static int verify(struct kith_node *node, const struct kith_link *link,
                  const struct kith_signed_addresses *record)
{
    struct kith_record_check *check =
        kith_alloc(node->alloc, sizeof(*check) + record->bytes.size);
    if (check == NULL)
        return KITH_ENOMEM;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_VERIFY);
    effect->verify.verify_no = check->verify_no = ++node->verify_no;
    effect->verify.author = record->id;
    memcpy(effect->verify.signature, record->signature, KITH_SIGNATURE_SIZE);
    kith_digest_addresses(record->fields, node->network_key, effect->verify.message);
    memcpy(check + 1, record->bytes.data, record->bytes.size);
    check->bytes = kith_bytes(check + 1, record->bytes.size);
    check->link = link->no;
    check->teller = kith_siphash(node->hash_key, link->id.bytes, sizeof(link->id.bytes));
    kith_list_push(&node->record_checks, &check->item);
    node->record_check_count++;
    return 0;
}

int kith_exchange_take(struct kith_node *node, struct kith_link *link,
                       const struct kith_frame_addresses *frame)
{
    for (size_t i = 0; i < frame->count; i++) {
        struct kith_signed_addresses record;
        int error = kith_signed_addresses_decode(frame->records[i], &record);
        if (error != 0)
            return error;
        if (!is_news(node, &record) || is_being_checked(node, record.bytes) ||
            !may_verify(node, link))
            continue;
        if (verify(node, link, &record) != 0) {
            kith_node_break(node);
            return 0;
        }
    }
    return 0;
}

/* NULL when there is no room, or no memory. */
static struct kith_known_record *keep(struct kith_node *node,
                                      const struct kith_signed_addresses *record,
                                      uint64_t teller)
{
    if (!make_room(node, &record->id))
        return NULL;
    struct kith_known_record *known =
        kith_alloc(node->alloc, sizeof(*known) + record->bytes.size);
    if (known == NULL) {
        kith_node_break(node);
        return NULL;
    }
    memcpy(known + 1, record->bytes.data, record->bytes.size);
    known->id = record->id;
    known->counter = record->counter;
    known->expiry = record->expiry;
    known->no = node->record_no_next++;
    known->teller = teller;
    known->bytes = kith_bytes(known + 1, record->bytes.size);
    void *before = kith_map_get(&node->record_map, record->id.bytes);
    if (kith_map_put(&node->record_map, record->id.bytes, known) != 0) {
        kith_release(node->alloc, known);
        kith_node_break(node);
        return NULL;
    }
    kith_release(node->alloc, before);
    return known;
}

size_t kith_exchange_addresses(const struct kith_node *node, const struct kith_id *id,
                               struct kith_address *out, size_t out_max)
{
    const struct kith_known_record *known = kith_map_get(&node->record_map, id->bytes);
    struct kith_signed_addresses record;
    size_t count = 0;
    if (known == NULL || kith_signed_addresses_decode(known->bytes, &record) != 0)
        return 0;
    for (size_t i = 0; i < record.address_count && count < out_max; i++)
        count += kith_address_parse(record.addresses[i], KITH_PORT_DEFAULT, false,
                                    &out[count], NULL) == 0 &&
                 kith_exchange_is_public(&out[count]);
    return count;
}

static void believe(struct kith_node *node, const struct kith_record_check *check)
{
    struct kith_signed_addresses record;
    if (kith_signed_addresses_decode(check->bytes, &record) != 0 ||
        !is_news(node, &record))
        return;
    const struct kith_known_record *known = keep(node, &record, check->teller);
    struct kith_address address;
    if (known == NULL)
        return;
    pass_on(node, known, check->link);
    if (node->link_count < KITH_MESH_MAX && !kith_dial_is_awaited(node, &record.id) &&
        kith_exchange_addresses(node, &record.id, &address, 1) > 0) {
        kith_time delay = KITH_EXCHANGE_DELAY / 2 +
                          (kith_time)kith_rng_below(&node->rng, KITH_EXCHANGE_DELAY);
        if (kith_id_compare(&node->self->id, &record.id) < 0)
            kith_dial_suggest(node, &record.id, &address, delay, KITH_DIAL_TRY_TIME);
        else
            kith_dial_expect(node, &record.id, &address, delay, KITH_DIAL_TRY_TIME);
    }
}

bool kith_exchange_verified(struct kith_node *node, uint64_t verify_no, bool is_valid)
{
    kith_list_each (item, &node->record_checks) {
        struct kith_record_check *check =
            kith_list_item(item, struct kith_record_check, item);
        if (check->verify_no != verify_no)
            continue;
        struct kith_link *link = kith_link_find(node, check->link);
        if (is_valid)
            believe(node, check);
        else if (link != NULL)
            kith_link_fault(node, link, KITH_ESIGNATURE);
        kith_list_remove(&check->item);
        kith_release(node->alloc, check);
        node->record_check_count--;
        return true;
    }
    return false;
}

void kith_exchange_free_all(struct kith_node *node)
{
    kith_list_each_safe (item, &node->record_checks)
        kith_release(node->alloc, kith_list_item(item, struct kith_record_check, item));
    struct kith_map_entry *entry = NULL;
    while ((entry = kith_map_next(&node->record_map, entry)) != NULL)
        kith_release(node->alloc, kith_map_entry_value(entry));
    kith_map_deinit(&node->record_map);
}
