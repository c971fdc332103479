/* SPDX-License-Identifier: MIT */
#include "churn.h"

#include <stdio.h>
#include <stdlib.h>

#include "kith/error.h"

#define HOST_SIZE 64
#define NAME_SIZE 32

#define TOKEN 77 /* of every request: its answers come before the next one is made */

/* ---- who is who ---- */

struct kith_id churn_id(const struct churn *churn, size_t who)
{
    struct kith_id id = {{0}};
    uint32_t generation = churn->peers[who].generation;
    for (size_t i = 0; i < 4; i++) {
        id.bytes[i] = (uint8_t)(who >> (8 * i));
        id.bytes[4 + i] = (uint8_t)(generation >> (8 * i));
    }
    return id;
}

static uint32_t number_at(const struct kith_id *id, size_t offset)
{
    uint32_t number = 0;
    for (size_t i = 4; i-- > 0;)
        number = number << 8 | id->bytes[offset + i];
    return number;
}

struct churn_sight *churn_sight(const struct churn *churn, size_t who, size_t of)
{
    return &churn->sights[who * CHURN_PLACES + of];
}

/* Four places a household. */
static void format_host(size_t who, char out[static HOST_SIZE])
{
    snprintf(out, HOST_SIZE, "192.0.%zu.%zu", who / 4 / 200, 1 + who / 4 % 200);
}

static struct kith_bytes name_text(size_t name, char out[static NAME_SIZE])
{
    return kith_bytes(out, (size_t)snprintf(out, NAME_SIZE, "peer %zu", name));
}

/* ---- records ---- */

enum { RECORD_PUBLIC, RECORD_LOCAL };

/* Two of three name the host that the tracker sees; the third another one, which it dials
 * back, and reaches if the port is odd. */
static bool is_elsewhere(const struct churn_peer *peer)
{
    return peer->record % 3 == 0;
}

static unsigned port_of(const struct churn_peer *peer)
{
    return 5000u + peer->record % 7u;
}

bool churn_is_told_public(const struct churn *churn, size_t who)
{
    const struct churn_peer *peer = &churn->peers[who];
    return !is_elsewhere(peer) || port_of(peer) % 2 == 1;
}

/* Valid until the writer is used again. */
static struct kith_bytes make_record(const struct churn *churn, struct kith_writer *w,
                                     size_t who, int which)
{
    static const uint8_t signature[KITH_SIGNATURE_SIZE];
    const struct churn_peer *peer = &churn->peers[who];
    char host[HOST_SIZE], text[HOST_SIZE + 8];
    format_host(who, host);
    snprintf(text, sizeof text, "%s:%u",
             which == RECORD_LOCAL ? "10.1.2.3"
             : is_elsewhere(peer)  ? "198.51.100.7"
                                   : host,
             port_of(peer));
    struct kith_signed_addresses fields = {
        .id = churn_id(churn, who),
        .counter = peer->record,
        .expiry = UINT64_C(1) << 40,
        .address_count = 1,
        .addresses = {kith_bytes(text, strlen(text))},
    };
    kith_writer_clear(w);
    kith_signed_addresses_fields(w, &fields);
    kith_writer_bytes(w, signature, sizeof signature);
    return kith_writer_view(w);
}

static bool is_record(struct churn *churn, struct kith_bytes record, size_t who,
                      int which)
{
    return kith_bytes_equal(record, make_record(churn, &churn->frame, who, which));
}

/* ---- what a peer is told ---- */

static uint16_t name_number(struct kith_bytes name)
{
    char text[24];
    assert_true(name.size > 5 && name.size < sizeof text);
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return (uint16_t)strtoul(text + 5, NULL, 10);
}

/* A local record only within the household, and every record as it was registered. */
static bool take_records(struct churn *churn, size_t who, size_t of,
                         const struct kith_tracked *told)
{
    bool has_public = false;
    for (size_t i = 0; i < told->record_count; i++) {
        bool is_public = is_record(churn, told->records[i], of, RECORD_PUBLIC);
        has_public |= is_public;
        if (is_public ||
            (who / 4 == of / 4 && is_record(churn, told->records[i], of, RECORD_LOCAL)))
            continue;
        fail_msg("%zu was told a record of %zu that is not for it", who, of);
    }
    return has_public;
}

static bool is_of_network(const struct churn_peer *peer, const struct churn_peer *other,
                          bool is_here)
{
    return other->network == peer->network ||
           (!is_here && other->network_before == peer->network);
}

static void take_sight(struct churn *churn, size_t who, const struct kith_tracked *told)
{
    size_t of = number_at(&told->id, 0);
    uint32_t generation = number_at(&told->id, 4);
    bool is_here = told->state == KITH_TRACKED_HERE;
    assert_true(of < CHURN_PLACES && of != who);
    struct churn_sight *sight = churn_sight(churn, who, of);
    const struct churn_peer *other = &churn->peers[of];
    churn->told++;
    if (generation != other->generation) {
        assert_false(is_here);
        sight->is_here &= sight->generation != generation;
        return; /* of one who left for good */
    }
    if (!is_of_network(&churn->peers[who], other, is_here))
        fail_msg("%zu of network %u was told of %zu of network %u", who,
                 churn->peers[who].network, of, other->network);
    *sight = (struct churn_sight){.generation = generation,
                                  .name = name_number(told->name),
                                  .record = other->record,
                                  .is_here = is_here,
                                  .step = churn->steps};
    if (is_here)
        sight->has_record = take_records(churn, who, of, told);
}

static void take_candidate(struct churn *churn, size_t who,
                           const struct kith_tracked *told)
{
    size_t of = number_at(&told->id, 0);
    bool is_here = told->state == KITH_TRACKED_HERE;
    assert_true(of < CHURN_PLACES);
    churn->answer.here += is_here;
    churn->answer.away += !is_here;
    if (churn->asked_name < CHURN_NAMES)
        assert_int_equal(name_number(told->name), churn->asked_name);
    if (number_at(&told->id, 4) != churn->peers[of].generation)
        assert_false(is_here);
    else if (!is_of_network(&churn->peers[who], &churn->peers[of], is_here))
        fail_msg("%zu found %zu of another network", who, of);
    else if (is_here)
        take_records(churn, who, of, told);
}

static void take_peers(struct churn *churn, size_t who, struct kith_bytes fields)
{
    struct kith_frame_peers frame;
    assert_int_equal(kith_frame_peers_decode(fields, &frame), 0);
    for (size_t i = 0; i < frame.count; i++) {
        if (frame.token == 0)
            take_sight(churn, who, &frame.peers[i]);
        else
            take_candidate(churn, who, &frame.peers[i]);
    }
}

static void take_ring(struct churn *churn, size_t who, struct kith_bytes fields)
{
    struct kith_frame_ring ring;
    assert_int_equal(kith_frame_ring_decode(fields, &ring), 0);
    size_t of = number_at(&ring.id, 0);
    assert_true(of < CHURN_PLACES && of != who);
    assert_int_equal(churn->peers[of].network, churn->peers[who].network);
    assert_int_equal(churn->peers[of].generation, number_at(&ring.id, 4));
    struct churn_sight *sight = churn_sight(churn, who, of);
    assert_true(sight->is_here && sight->generation == churn->peers[of].generation);
    sight->is_called |= sight->step == churn->steps;
    churn->answer.rings++;
}

static void take_welcome(struct churn *churn, size_t who, struct kith_bytes fields)
{
    struct kith_frame_welcome welcome;
    assert_int_equal(kith_frame_welcome_decode(fields, &welcome), 0);
    (void)who;
    churn->answer.here = welcome.network_count;
}

static void take_frame(struct churn *churn, size_t who, struct kith_bytes bytes)
{
    struct kith_bytes fields = kith_bytes(bytes.data + 5, bytes.size - 5);
    switch (bytes.data[4]) {
    case KITH_FRAME_WELCOME:
        take_welcome(churn, who, fields);
        break;
    case KITH_FRAME_PEERS:
        take_peers(churn, who, fields);
        break;
    case KITH_FRAME_RING:
        take_ring(churn, who, fields);
        break;
    case KITH_FRAME_REFUSED:
        churn->answer.refused++;
        break;
    case KITH_FRAME_PONG:
        churn->answer.pongs++;
        break;
    default:
        break;
    }
}

/* ---- the registry's shell ---- */

static size_t who_has(uint32_t link)
{
    return (link - 1) % CHURN_PLACES;
}

/* Only those who left, fell silent or came anew lose a link. */
static void let_go(struct churn *churn, uint32_t link, int error)
{
    struct churn_peer *peer = &churn->peers[who_has(link)];
    if (link != peer->link) {
        assert_int_equal(error, KITH_EREPLACED);
        return;
    }
    if (!(peer->is_leaving && error == KITH_ECLOSED) &&
        !(peer->is_silent && error == KITH_ETIMEDOUT))
        fail_msg("%zu was let go: %s", who_has(link), kith_error_name(error));
    churn_left(churn, who_has(link));
}

static struct kith_registry_input *later(struct churn *churn)
{
    assert_true(churn->later_count < CHURN_LATER_MAX);
    return &churn->later[churn->later_count++];
}

static enum kith_check_outcome outcome_of(uint16_t port)
{
    if (port % 2 == 1)
        return KITH_CHECK_REACHED;
    return port % 4 == 0 ? KITH_CHECK_NOT_TRIED : KITH_CHECK_NOT_REACHED;
}

static void carry_out(struct churn *churn, const struct kith_registry_effect *effect)
{
    struct kith_registry_input *answer;
    switch (effect->type) {
    case KITH_REGISTRY_SEND:
        if (effect->send.link != churn->peers[who_has(effect->send.link)].link)
            break; /* BYE to a link that was replaced */
        churn->peers[who_has(effect->send.link)].owed += effect->send.bytes.size;
        take_frame(churn, who_has(effect->send.link), effect->send.bytes);
        break;
    case KITH_REGISTRY_CLOSE:
        let_go(churn, effect->close.link, effect->close.error);
        break;
    case KITH_REGISTRY_CHECK:
        answer = later(churn);
        *answer = (struct kith_registry_input){.type = KITH_REGISTRY_CHECKED};
        answer->checked.check = effect->check.check;
        answer->checked.outcome = outcome_of(effect->check.address.port);
        break;
    case KITH_REGISTRY_PAIR:
        answer = later(churn);
        *answer = (struct kith_registry_input){.type = KITH_REGISTRY_PAIRED};
        answer->paired.pair = effect->pair.pair;
        answer->paired.error = effect->pair.pair % 8 == 0 ? KITH_ELIMIT : 0;
        break;
    default:
        break;
    }
}

static void step(struct churn *churn, struct kith_registry_input *input)
{
    struct kith_registry_effects effects;
    input->now = churn->now;
    churn->steps++;
    assert_int_equal(kith_registry_step(churn->registry, input, &effects), 0);
    for (size_t i = 0; i < effects.count; i++)
        carry_out(churn, &effects.items[i]);
}

void churn_input(struct churn *churn, struct kith_registry_input *input)
{
    step(churn, input);
    while (churn->later_count > 0) {
        struct kith_registry_input answer = churn->later[--churn->later_count];
        step(churn, &answer);
    }
}

/* ---- what a peer says ---- */

/* What was encoded into `frame` arrives, without its length. */
static void deliver(struct churn *churn, size_t who)
{
    uint8_t bytes[1024];
    struct kith_registry_input input = {.type = KITH_REGISTRY_FRAME};
    assert_true(!churn->frame.failed && churn->frame.size <= sizeof bytes);
    memcpy(bytes, churn->frame.data, churn->frame.size);
    input.frame.link = churn->peers[who].link;
    input.frame.bytes = kith_bytes(bytes + 4, churn->frame.size - 4);
    churn->answer = (struct churn_answer){0};
    churn_input(churn, &input);
}

void churn_register(struct churn *churn, size_t who)
{
    char name[NAME_SIZE];
    const struct churn_peer *peer = &churn->peers[who];
    struct kith_writer records[2] = {kith_writer(&kith_alloc_heap),
                                     kith_writer(&kith_alloc_heap)};
    struct kith_frame_register frame = {
        .version_min = 1,
        .version_max = 1,
        .name = name_text(peer->name, name),
        .port = 4747,
        .record_public = make_record(churn, &records[0], who, RECORD_PUBLIC),
        .record_local = make_record(churn, &records[1], who, RECORD_LOCAL),
    };
    memset(frame.tag, 1 + peer->network % 255, sizeof frame.tag);
    kith_writer_clear(&churn->frame);
    kith_frame_register_encode(&churn->frame, &frame);
    kith_writer_deinit(&records[0]);
    kith_writer_deinit(&records[1]);
    deliver(churn, who);
    assert_int_equal(churn->answer.here, churn_here_count(churn, peer->network));
}

void churn_come(struct churn *churn, size_t who)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_UP};
    struct churn_peer *peer = &churn->peers[who];
    memset(churn_sight(churn, who, 0), 0, CHURN_PLACES * sizeof *churn->sights);
    peer->links++;
    peer->link = (uint32_t)(1 + who + peer->links % 2 * CHURN_PLACES);
    peer->is_silent = peer->is_leaving = false;
    peer->owed = 0;
    input.link_up.link = peer->link;
    input.link_up.peer = churn_id(churn, who);
    input.link_up.remote.port = (uint16_t)(40000 + who);
    format_host(who, input.link_up.remote.host);
    churn_input(churn, &input);
    churn_register(churn, who);
    churn->joined++;
}

void churn_ping(struct churn *churn, size_t who)
{
    kith_writer_clear(&churn->frame);
    kith_frame_ping_encode(&churn->frame, KITH_FRAME_PING,
                           &(struct kith_frame_ping){TOKEN});
    deliver(churn, who);
    assert_int_equal(churn->answer.pongs, 1);
}

void churn_hang_up(struct churn *churn, size_t who)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_DOWN};
    input.link_down.link = churn->peers[who].link;
    churn_left(churn, who);
    churn_input(churn, &input);
}

void churn_say_bye(struct churn *churn, size_t who)
{
    struct kith_frame_bye bye = {KITH_BYE_LEAVING};
    kith_writer_clear(&churn->frame);
    kith_frame_bye_encode(&churn->frame, &bye);
    churn->peers[who].is_leaving = true;
    deliver(churn, who);
    assert_int_equal(churn->peers[who].link, 0);
}

void churn_drain(struct churn *churn, size_t who)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_DRAINED};
    struct churn_peer *peer = &churn->peers[who];
    while (peer->owed > 0) { /* what it was told meanwhile, too */
        input.drained.link = peer->link;
        input.drained.size = peer->owed;
        peer->owed = 0;
        churn_input(churn, &input);
    }
}

/* ---- what a peer asks ---- */

/* Who has a place is found while here, and by those of the same network alone. */
void churn_look_up_id(struct churn *churn, size_t who, size_t whom)
{
    struct kith_id id = churn_id(churn, whom);
    const struct churn_peer *peer = &churn->peers[who], *other = &churn->peers[whom];
    struct kith_frame_lookup frame = {TOKEN, KITH_LOOKUP_ID,
                                      kith_bytes(id.bytes, KITH_ID_SIZE)};
    kith_writer_clear(&churn->frame);
    kith_frame_lookup_encode(&churn->frame, &frame);
    churn->asked_name = CHURN_NAMES;
    deliver(churn, who);
    churn->looked_up++;
    assert_int_equal(churn->answer.here,
                     other->link != 0 && other->network == peer->network);
    assert_true(churn->answer.here + churn->answer.away <= 1);
}

static size_t here_with_name(const struct churn *churn, uint16_t network, size_t name)
{
    size_t count = 0;
    for (size_t i = 0; i < CHURN_PLACES; i++) {
        const struct churn_peer *peer = &churn->peers[i];
        count += peer->link != 0 && peer->network == network && peer->name == name;
    }
    return count;
}

void churn_look_up_name(struct churn *churn, size_t who, size_t name)
{
    char text[NAME_SIZE];
    size_t wanted = here_with_name(churn, churn->peers[who].network, name);
    struct kith_frame_lookup frame = {TOKEN, KITH_LOOKUP_NAME, name_text(name, text)};
    kith_writer_clear(&churn->frame);
    kith_frame_lookup_encode(&churn->frame, &frame);
    churn->asked_name = name;
    deliver(churn, who);
    churn->looked_up++;
    assert_int_equal(churn->answer.here,
                     wanted < KITH_PEERS_FRAME_MAX ? wanted : KITH_PEERS_FRAME_MAX);
}

void churn_call(struct churn *churn, size_t who, size_t whom, uint8_t how)
{
    const struct churn_peer *peer = &churn->peers[who], *other = &churn->peers[whom];
    bool may = who != whom && other->link != 0 && other->network == peer->network;
    struct kith_frame_call frame = {TOKEN, churn_id(churn, whom), how};
    kith_writer_clear(&churn->frame);
    kith_frame_call_encode(&churn->frame, &frame);
    deliver(churn, who);
    churn->called++;
    assert_int_equal(churn->answer.rings + 2 * churn->answer.refused, 2);
    if (!may)
        assert_int_equal(churn->answer.refused, 1);
    else if (how == KITH_CALL_MEET)
        assert_int_equal(churn->answer.rings, 2);
}
