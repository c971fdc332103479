/* SPDX-License-Identifier: MIT */
#include "core/beacon.h"

#include <sodium.h>
#include <string.h>

#include "base/siphash.h"
#include "core/dial.h"
#include "core/digest.h"
#include "core/peer.h"

/* ---- sending ---- */

static void seal(struct kith_node *node, const struct kith_beacon *beacon,
                 uint8_t out[static KITH_BEACON_SIZE])
{
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    uint8_t *nonce = out + KITH_BEACON_MAGIC_SIZE;
    kith_beacon_encode(beacon, plain);
    memcpy(out, KITH_BEACON_MAGIC, KITH_BEACON_MAGIC_SIZE);
    kith_rng_fill(&node->rng, nonce, KITH_BEACON_NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        nonce + KITH_BEACON_NONCE_SIZE, NULL, plain, sizeof(plain),
        (const uint8_t *)KITH_BEACON_MAGIC, KITH_BEACON_MAGIC_SIZE, NULL, nonce,
        node->network_key);
}

/* To one address, or to everybody. */
static void send(struct kith_node *node, const struct kith_address *to, uint8_t flags)
{
    if (node->listening_count == 0)
        return; /* nobody could dial us */
    struct kith_beacon beacon = {
        .flags = flags,
        .id = node->self->id,
        .counter = ++node->beacon.counter,
        .port = node->listening[0].port,
    };
    memcpy(beacon.boot, node->instance, KITH_BEACON_BOOT_SIZE);
    uint8_t message[KITH_VERIFY_SIZE];
    kith_digest_beacon(&beacon, node->network_key, message);
    node->signer.sign(node->signer.ctx, message, sizeof(message), beacon.signature);
    uint8_t *datagram = kith_outbox_alloc(&node->out, KITH_BEACON_SIZE);
    if (datagram == NULL)
        return;
    seal(node, &beacon, datagram);
    node->beacon.counts.sent += to == NULL;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_DATAGRAM);
    effect->datagram.is_to_all = to == NULL;
    effect->datagram.to = to != NULL ? *to : (struct kith_address){0};
    effect->datagram.bytes = kith_bytes(datagram, KITH_BEACON_SIZE);
}

/* Intervals double from 2 s to the longest; a quarter of each is jitter. */
static void send_and_wait(struct kith_node *node)
{
    struct kith_beaconing *b = &node->beacon;
    send(node, NULL, 0);
    b->interval = b->interval == 0 ? KITH_BEACON_INTERVAL_MIN : 2 * b->interval;
    if (b->interval > b->interval_max)
        b->interval = b->interval_max;
    kith_time jitter =
        (kith_time)kith_rng_below(&node->rng, (uint64_t)b->interval / 4 + 1);
    b->next_at = node->now.mono + b->interval - jitter;
    kith_node_wake_at(node, b->next_at);
}

void kith_beacon_begin(struct kith_node *node)
{
    if (!node->beacon.is_on || !node->is_started || node->is_stopping)
        return;
    node->beacon.interval = 0;
    send_and_wait(node);
}

void kith_beacon_goodbye(struct kith_node *node)
{
    if (node->beacon.is_on && node->is_started)
        send(node, NULL, KITH_BEACON_GOODBYE);
}

void kith_beacon_check(struct kith_node *node)
{
    if (!node->beacon.is_on || !node->is_started || node->is_stopping)
        return;
    if (node->now.mono >= node->beacon.next_at)
        send_and_wait(node);
    else
        kith_node_wake_at(node, node->beacon.next_at);
}

/* ---- limits ---- */

static uint64_t source_key(const struct kith_node *node, const struct kith_address *from)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    kith_address_format(from, text);
    return kith_siphash(node->hash_key, text, strlen(text));
}

/* Once per source in 5 s: the table forgets the oldest, the bucket bounds the rest. */
static bool may_answer(struct kith_node *node, const struct kith_address *to)
{
    struct kith_beaconing *b = &node->beacon;
    uint64_t key = source_key(node, to);
    for (size_t i = 0; i < KITH_BEACON_SOURCES; i++)
        if (b->answered[i].key == key && b->answered[i].at != 0 &&
            node->now.mono - b->answered[i].at < KITH_BEACON_ANSWER_GAP)
            return false;
    if (!kith_tokens_take(&b->answers, node->now.mono, KITH_BEACON_ANSWERS_MAX,
                          KITH_BEACON_ANSWERS_MAX))
        return false;
    b->answered[b->answered_next] = (struct kith_beacon_source){key, node->now.mono};
    b->answered_next = (b->answered_next + 1) % KITH_BEACON_SOURCES;
    return true;
}

/* ---- hearing ---- */

static bool opens(const uint8_t key[static KITH_NETWORK_KEY_SIZE],
                  struct kith_bytes datagram, uint8_t out[static KITH_BEACON_PLAIN_SIZE])
{
    const uint8_t *nonce = datagram.data + KITH_BEACON_MAGIC_SIZE;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, NULL, NULL, nonce + KITH_BEACON_NONCE_SIZE,
               KITH_BEACON_PLAIN_SIZE + KITH_BEACON_MAC_SIZE,
               (const uint8_t *)KITH_BEACON_MAGIC, KITH_BEACON_MAGIC_SIZE, nonce,
               key) == 0;
}

/* Whose key is known without their help is in a network without a passphrase: then people
 * are told which setting differs. */
static void count_foreign(struct kith_node *node, struct kith_bytes datagram)
{
    struct kith_beacon_counts *counts = &node->beacon.counts;
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    counts->foreign++;
    if (!sodium_is_zero(node->open_key, sizeof(node->open_key)) &&
        opens(node->open_key, datagram, plain))
        counts->foreign_open++;
    else if (!sodium_is_zero(node->default_key, sizeof(node->default_key)) &&
             opens(node->default_key, datagram, plain))
        counts->foreign_default++;
}

static bool open_seal(struct kith_node *node, struct kith_bytes datagram,
                      struct kith_beacon *out)
{
    uint8_t plain[KITH_BEACON_PLAIN_SIZE];
    if (datagram.size != KITH_BEACON_SIZE ||
        memcmp(datagram.data, KITH_BEACON_MAGIC, KITH_BEACON_MAGIC_SIZE) != 0)
        return false;
    if (!opens(node->network_key, datagram, plain)) {
        count_foreign(node, datagram);
        return false;
    }
    int error = kith_beacon_decode(kith_bytes(plain, sizeof(plain)), out);
    node->beacon.counts.other_version += error == KITH_EVERSION;
    return error == 0;
}

/* What is known of this boot of this peer; NULL when nothing is. */
static struct kith_beacon_seen *find_seen(struct kith_node *node,
                                          const struct kith_beacon *beacon,
                                          uint64_t *out_key)
{
    uint8_t who[KITH_ID_SIZE + KITH_BEACON_BOOT_SIZE];
    memcpy(who, beacon->id.bytes, KITH_ID_SIZE);
    memcpy(who + KITH_ID_SIZE, beacon->boot, KITH_BEACON_BOOT_SIZE);
    *out_key = kith_siphash(node->hash_key, who, sizeof(who)) | 1;
    for (size_t i = 0; i < KITH_SUGGESTED_MAX; i++)
        if (node->beacon.seen[i].key == *out_key)
            return &node->beacon.seen[i];
    return NULL;
}

/* Heard before, or older than what was heard. */
static bool is_replay(struct kith_node *node, const struct kith_beacon *beacon)
{
    uint64_t key;
    const struct kith_beacon_seen *seen = find_seen(node, beacon, &key);
    return seen != NULL && beacon->counter <= seen->counter;
}

static void remember(struct kith_node *node, const struct kith_beacon *beacon)
{
    struct kith_beaconing *b = &node->beacon;
    uint64_t key;
    struct kith_beacon_seen *seen = find_seen(node, beacon, &key);
    if (seen == NULL) {
        seen = &b->seen[b->seen_next];
        b->seen_next = (b->seen_next + 1) % KITH_SUGGESTED_MAX;
    }
    *seen = (struct kith_beacon_seen){key, beacon->counter};
}

/* A beacon comes once by each way: those that come while the first is verified are not
 * verified too. */
static bool is_being_checked(const struct kith_node *node,
                             const struct kith_beacon *beacon)
{
    const struct kith_beaconing *b = &node->beacon;
    for (size_t i = 0; i < b->checks_count; i++) {
        const struct kith_beacon *other = &b->checks[i].beacon;
        if (other->counter == beacon->counter && kith_id_equal(&other->id, &beacon->id) &&
            memcmp(other->boot, beacon->boot, KITH_BEACON_BOOT_SIZE) == 0)
            return true;
    }
    return false;
}

/* Where that beacon says the peer can be dialled. */
static struct kith_address listening_at(const struct kith_beacon *beacon,
                                        const struct kith_address *from)
{
    struct kith_address address = *from;
    address.port = beacon->port;
    return address;
}

/* Would it change anything? Asked before the signature is checked, which costs a hundred
 * times as much: in a crowd that starts together most beacons are of peers already at
 * hand. */
static bool is_of_use(struct kith_node *node, const struct kith_beacon *beacon,
                      const struct kith_address *from)
{
    bool is_own = kith_id_equal(&beacon->id, &node->self->id);
    node->beacon.counts.own += is_own;
    node->beacon.counts.heard += !is_own;
    if (is_own)
        return false; /* come back; a copied home shows when it links */
    if (is_replay(node, beacon) || is_being_checked(node, beacon))
        return false;
    const struct kith_peer *peer = kith_peer_find(node, &beacon->id);
    bool is_linked = peer != NULL && peer->link != NULL && !peer->link->is_relayed &&
                     memcmp(peer->instance, beacon->boot, KITH_BEACON_BOOT_SIZE) == 0;
    uint64_t key;
    struct kith_address address = listening_at(beacon, from);
    bool is_expected = (beacon->flags & KITH_BEACON_ANSWER) != 0 &&
                       find_seen(node, beacon, &key) != NULL &&
                       kith_dial_is_trying(node, &beacon->id, &address);
    return !is_linked && !is_expected;
}

void kith_beacon_heard(struct kith_node *node, const struct kith_address *from,
                       bool is_on_link, struct kith_bytes datagram)
{
    struct kith_beaconing *b = &node->beacon;
    struct kith_beacon beacon;
    if (!b->is_on || node->is_stopping || !open_seal(node, datagram, &beacon) ||
        !is_of_use(node, &beacon, from) || b->checks_count == KITH_BEACON_CHECKS_MAX ||
        !kith_tokens_take(&b->verifies, node->now.mono, KITH_BEACON_VERIFIES_MAX,
                          KITH_BEACON_VERIFIES_BURST))
        return;
    struct kith_effect *effect = kith_outbox_add(&node->out, KITH_EFFECT_VERIFY);
    effect->verify.verify_no = ++node->verify_no;
    effect->verify.author = beacon.id;
    memcpy(effect->verify.signature, beacon.signature, KITH_SIGNATURE_SIZE);
    kith_digest_beacon(&beacon, node->network_key, effect->verify.message);
    b->checks[b->checks_count++] =
        (struct kith_beacon_check){node->verify_no, beacon, *from, is_on_link};
}

static void believe(struct kith_node *node, const struct kith_beacon_check *check)
{
    const struct kith_beacon *beacon = &check->beacon;
    if (is_replay(node, beacon))
        return;
    remember(node, beacon);
    if ((beacon->flags & KITH_BEACON_GOODBYE) != 0)
        return;
    struct kith_address address = listening_at(beacon, &check->from);
    bool is_lower = kith_id_compare(&node->self->id, &beacon->id) < 0;
    bool is_answer = (beacon->flags & KITH_BEACON_ANSWER) != 0;
    bool answers = !is_answer && check->is_on_link && may_answer(node, &check->from);
    if (is_lower)
        kith_dial_suggest(node, &beacon->id, &address, 0, KITH_DIAL_TRY_TIME);
    else if (is_answer || answers)
        kith_dial_expect(node, &beacon->id, &address, KITH_BEACON_COURTESY,
                         KITH_DIAL_TRY_TIME); /* it has heard us, or does now */
    else
        kith_dial_suggest(node, &beacon->id, &address, KITH_BEACON_COURTESY,
                          KITH_DIAL_TRY_TIME);
    if (answers)
        send(node, &check->from, KITH_BEACON_ANSWER);
}

bool kith_beacon_verified(struct kith_node *node, uint64_t verify_no, bool is_valid)
{
    struct kith_beaconing *b = &node->beacon;
    for (size_t i = 0; i < b->checks_count; i++) {
        if (b->checks[i].verify_no != verify_no)
            continue;
        struct kith_beacon_check check = b->checks[i];
        b->checks[i] = b->checks[--b->checks_count];
        if (is_valid)
            believe(node, &check);
        return true;
    }
    return false;
}
