/* SPDX-License-Identifier: MIT */
#include "lone.h"

#include <sodium.h>
#include <stdlib.h>

#include "core/digest.h"

static const uint8_t network_key[KITH_NETWORK_KEY_SIZE] = {7};

void lone_key_make(struct lone_key *key, uint32_t seed)
{
    uint8_t bytes[crypto_sign_SEEDBYTES] = {0};
    memcpy(bytes, &seed, sizeof(seed));
    crypto_sign_seed_keypair(key->id.bytes, key->secret, bytes);
}

static void sign(void *ctx, const uint8_t *message, size_t size,
                 uint8_t out[static KITH_SIGNATURE_SIZE])
{
    const struct lone_key *key = ctx;
    crypto_sign_detached(out, NULL, message, size, key->secret);
}

static void init(struct lone *l, uint8_t seed, bool has_beacon, uint8_t network)
{
    memset(l, 0, sizeof(*l));
    alloc_failing_init(&l->memory);
    rng_seeded_init(&l->rng, seed);
    lone_key_make(&l->key, seed);
    l->now = (struct kith_now){.mono = KITH_HOUR, .wall = 1700000000 * KITH_SECOND};
    for (size_t i = 0; i < LONE_LINKS_MAX; i++)
        l->closed[i] = 1;
    for (size_t i = 0; i <= KITH_TRACKERS_MAX; i++)
        l->trackers[i].closed = 1;
    struct kith_node_config config = {
        .alloc = &l->memory.alloc,
        .rng = l->rng.rng,
        .signer = {sign, &l->key},
        .id = l->key.id,
        .name_default = {.text = "lone"},
        .has_beacon = has_beacon,
    };
    memcpy(config.network_key, network_key, sizeof(network_key));
    config.network_key[31] = network;
    memcpy(config.open_key, network_key, sizeof(network_key));
    config.open_key[31] = LONE_NETWORK_OPEN;
    memcpy(config.default_key, network_key, sizeof(network_key));
    config.default_key[31] = LONE_NETWORK_DEFAULT;
    l->error = kith_node_new(&config, &l->node);
}

void lone_init(struct lone *l)
{
    init(l, 200, false, 0);
}

void lone_init_beacon(struct lone *l, uint8_t seed, uint8_t network)
{
    init(l, seed, true, network);
}

void lone_deinit(struct lone *l)
{
    kith_node_free(l->node);
    for (size_t i = 0; i < l->run_count; i++)
        free(l->runs[i].bytes);
    assert_int_equal(l->memory.live_blocks, 0);
}

/* ---- effects ---- */

static void keep_run(struct lone *l, const struct kith_record_run *record)
{
    const struct kith_run *run = record->run;
    if (l->run_count == LONE_RUNS_MAX)
        fail();
    struct lone_run *kept = &l->runs[l->run_count++];
    *kept = (struct lone_run){
        .log_no = record->log_no,
        .seq_first = run->seq_first,
        .seq_last = run->seq_first + run->count - 1,
        .head = run->events[run->count - 1].id,
        .bytes = malloc(run->bytes.size),
        .size = run->bytes.size,
    };
    memcpy(kept->bytes, run->bytes.data, kept->size);
}

static void keep(struct lone *l, const struct kith_effect *effect)
{
    l->store_no = effect->store.store_no;
    l->is_dirty = true;
    l->record_counts_open[effect->store.record.type]++;
    if (effect->store.record.type == KITH_RECORD_RUN)
        keep_run(l, &effect->store.record.run);
    if (effect->store.record.type == KITH_RECORD_TRACKER)
        l->pin = effect->store.record.tracker;
    if (effect->store.record.type == KITH_RECORD_PEER) {
        l->peer_row = effect->store.record.peer;
        l->told_rows += l->peer_row.is_name_told;
    }
}

static void keep_frame(struct lone *l, uint32_t link, struct kith_bytes bytes)
{
    lone_check_held(l, bytes.data[4], kith_bytes(bytes.data + 5, bytes.size - 5));
    if (l->sent_count == LONE_SENT_MAX)
        fail();
    struct lone_frame *frame = &l->sent[l->sent_count++];
    frame->link = link;
    frame->type = bytes.data[4];
    frame->size = bytes.size - 5;
    memcpy(frame->fields, bytes.data + 5,
           frame->size < sizeof(frame->fields) ? frame->size : sizeof(frame->fields));
}

static void keep_dial(struct lone *l, const struct kith_effect *effect)
{
    size_t slot = l->dial_count++ % LONE_DIALS_MAX;
    struct lone_dial *dial = &l->dialled[slot];
    *dial = (struct lone_dial){
        .no = effect->dial.dial,
        .address_count = effect->dial.address_count,
        .has_expected = effect->dial.has_expected,
        .expected = effect->dial.expected,
        .role = effect->dial.role,
        .is_meeting = effect->dial.is_meeting,
        .has_ticket = effect->dial.ticket != NULL,
        .relay = effect->dial.relay,
        .is_in_tls = effect->dial.is_in_tls,
    };
    assert_in_range(dial->address_count, 1, KITH_RECORD_ADDRESSES_MAX);
    memcpy(dial->addresses, effect->dial.addresses,
           dial->address_count * sizeof(dial->addresses[0]));
    if (dial->has_ticket)
        memcpy(dial->ticket, effect->dial.ticket, KITH_TICKET_SIZE);
    l->dials[slot] = dial->addresses[0];
    l->dial_nos[slot] = dial->no;
}

static void keep_tracker_dial(struct lone *l, const struct kith_effect *effect)
{
    struct lone_tracker *tracker = &l->trackers[effect->tracker_dial.tracker];
    tracker->dial_count++;
    tracker->address = effect->tracker_dial.address;
    tracker->has_expected = effect->tracker_dial.has_expected;
    tracker->expected = effect->tracker_dial.expected;
    tracker->is_from_any_port = effect->tracker_dial.is_from_any_port;
    tracker->closed = 1;
}

/* What comes of the effects of one step. Most steps have none, so it is made as needed.
 */
struct queue {
    struct kith_input *items;
    size_t count;
    size_t capacity;
    struct kith_stored_run *loads;
};

static struct kith_input *answer(struct queue *q, enum kith_input_type type)
{
    if (q->count == q->capacity) {
        q->capacity = q->capacity * 2 + 8;
        q->items = realloc(q->items, q->capacity * sizeof(*q->items));
        assert_non_null(q->items);
    }
    q->items[q->count] = (struct kith_input){.type = type};
    return &q->items[q->count++];
}

static void answer_load(struct lone *l, const struct kith_effect *effect, struct queue *q)
{
    size_t count = 0;
    if (q->loads == NULL)
        q->loads = calloc(LONE_LOADS_MAX, sizeof(*q->loads));
    bool is_known = l->is_restored;
    for (size_t i = 0; i < l->run_count && count < LONE_LOADS_MAX; i++) {
        const struct lone_run *run = &l->runs[i];
        if (run->log_no != effect->load.log_no || !run->is_committed)
            continue;
        is_known = true;
        if (run->seq_last >= effect->load.seq_from &&
            run->seq_first <= effect->load.seq_last)
            q->loads[count++] =
                (struct kith_stored_run){run->seq_first, run->seq_last, run->head,
                                         kith_bytes(run->bytes, run->size)};
    }
    struct kith_input *in = answer(q, KITH_INPUT_LOADED);
    in->loaded.load_no = effect->load.load_no;
    in->loaded.error = is_known ? 0 : KITH_ENOTFOUND;
    in->loaded.runs = q->loads;
    in->loaded.run_count = l->loaded_count = count;
    if (l->is_load_held) {
        l->is_load_held = false;
        memcpy(l->held_runs, q->loads, count * sizeof(*q->loads));
        in->loaded.runs = l->held_runs;
        l->held_load = *in;
        q->count--;
    }
}

static void answer_verify(struct lone *l, const struct kith_effect *effect,
                          struct queue *q)
{
    l->verify_count++;
    struct kith_input *in = answer(q, KITH_INPUT_VERIFIED);
    in->verified.verify_no = effect->verify.verify_no;
    in->verified.is_valid =
        l->is_forgiving ||
        crypto_sign_verify_detached(effect->verify.signature, effect->verify.message,
                                    KITH_VERIFY_SIZE, effect->verify.author.bytes) == 0;
    if (l->is_verify_held) {
        l->held_verify = *in;
        q->count--;
    }
}

static void close_link(struct lone *l, const struct kith_effect *effect, struct queue *q)
{
    struct kith_input *in = answer(q, KITH_INPUT_LINK_DOWN);
    in->link_down.link = effect->close.link;
    in->link_down.error = effect->close.error;
    l->closed[effect->close.link] = effect->close.error;
    if (l->is_down_held)
        q->count--;
}

static void keep_datagram(struct lone *l, const struct kith_effect *effect)
{
    assert_true(effect->datagram.bytes.size <= sizeof(l->datagram));
    l->datagram_size = effect->datagram.bytes.size;
    memcpy(l->datagram, effect->datagram.bytes.data, l->datagram_size);
    if (effect->datagram.is_to_all) {
        l->datagrams_to_all++;
    } else {
        l->datagrams_to_one++;
        l->datagram_to = effect->datagram.to;
    }
}

static void carry_out(struct lone *l, const struct kith_effect *effect, struct queue *q)
{
    switch (effect->type) {
    case KITH_EFFECT_SEND:
        keep_frame(l, effect->send.link, effect->send.bytes);
        break;
    case KITH_EFFECT_DIAL:
        keep_dial(l, effect);
        break;
    case KITH_EFFECT_RELAY:
        memcpy(l->tickets, effect->relay.tickets, sizeof(l->tickets));
        l->relay_count++;
        break;
    case KITH_EFFECT_TRACKER_DIAL:
        keep_tracker_dial(l, effect);
        break;
    case KITH_EFFECT_TRACKER_SEND:
        keep_frame(l, LONE_TRACKER + effect->tracker_send.tracker,
                   effect->tracker_send.bytes);
        break;
    case KITH_EFFECT_TRACKER_CLOSE:
        l->trackers[effect->tracker_close.tracker].closed = effect->tracker_close.error;
        break;
    case KITH_EFFECT_CLOSE:
        close_link(l, effect, q);
        break;
    case KITH_EFFECT_TRUST:
        l->trusted[effect->trust.link] = true;
        break;
    case KITH_EFFECT_PAUSE:
        l->paused[effect->pause.link] = effect->pause.is_paused;
        break;
    case KITH_EFFECT_STORE:
        keep(l, effect);
        break;
    case KITH_EFFECT_LOAD:
        answer_load(l, effect, q);
        break;
    case KITH_EFFECT_VERIFY:
        answer_verify(l, effect, q);
        break;
    case KITH_EFFECT_DATAGRAM:
        keep_datagram(l, effect);
        break;
    case KITH_EFFECT_TELL:
        if (l->told_count == LONE_TOLD_MAX)
            fail();
        l->told[l->told_count++] = effect->tell;
        break;
    }
}

static void commit_runs(struct lone *l)
{
    for (size_t i = 0; i < l->run_count; i++)
        l->runs[i].is_committed = true;
    for (size_t i = 0; i < COUNT(l->record_counts); i++)
        l->record_counts[i] += l->record_counts_open[i];
}

static void roll_back(struct lone *l)
{
    while (l->run_count > 0 && !l->runs[l->run_count - 1].is_committed)
        free(l->runs[--l->run_count].bytes);
}

static void one_step(struct lone *l, const struct kith_input *input)
{
    struct kith_effects effects;
    struct queue q = {0};
    struct kith_input in = *input;
    in.now = l->now;
    if (l->is_lean)
        lone_shed(l);
    l->error = kith_node_step(l->node, &in, &effects);
    for (size_t i = 0; l->error == 0 && i < effects.count; i++)
        carry_out(l, &effects.items[i], &q);
    for (size_t i = 0; l->error == 0 && i < effects.count;
         i++) /* what is not set shows */
        memset((void *)(uintptr_t)&effects.items[i], 0xA5, sizeof(effects.items[i]));
    for (size_t i = 0; l->error == 0 && i < q.count; i++)
        one_step(l, &q.items[i]);
    free(q.items);
    free(q.loads);
}

void lone_commit(struct lone *l)
{
    while (l->is_dirty && l->error == 0) {
        struct kith_input in = {.type = KITH_INPUT_STORED};
        in.stored.store_no = l->store_no;
        if (l->store_error != 0) {
            in = (struct kith_input){.type = KITH_INPUT_STORE_FAILED};
            in.store_failed.error = l->store_error;
            roll_back(l);
        } else {
            commit_runs(l);
        }
        memset(l->record_counts_open, 0, sizeof(l->record_counts_open));
        l->is_dirty = false;
        one_step(l, &in);
    }
}

void lone_step(struct lone *l, struct kith_input input)
{
    one_step(l, &input);
    if (!l->is_store_held)
        lone_commit(l);
}

void lone_verify(struct lone *l)
{
    l->is_verify_held = false;
    lone_step(l, l->held_verify);
}

void lone_start(struct lone *l)
{
    lone_step(l, (struct kith_input){.type = KITH_INPUT_START});
}

void lone_pass(struct lone *l, kith_time duration)
{
    kith_time end = l->now.mono + duration;
    for (int steps = 0; steps < 10000; steps++) {
        kith_time at = kith_node_deadline(l->node);
        if (at > end)
            at = end;
        if (at > l->now.mono) {
            l->now.wall += at - l->now.mono;
            l->now.mono = at;
        }
        if (kith_node_deadline(l->node) > end || l->error != 0)
            return;
        lone_step(l, (struct kith_input){.type = KITH_INPUT_TIMEOUT});
    }
    fail_msg("the node never sleeps");
}

void lone_forget(struct lone *l)
{
    l->sent_count = l->told_count = 0;
}

/* ---- peers ---- */

struct kith_id lone_lobby(void)
{
    return kith_digest_open_room(network_key, KITH_LOBBY_NAME);
}

struct kith_id lone_direct(const struct lone *l, const struct lone_peer *peer)
{
    return kith_digest_direct_room(&l->key.id, &peer->key.id);
}

void lone_connect(struct lone *l, struct lone_peer *peer, uint32_t seed, uint32_t link,
                  enum kith_role role_of_peer, uint32_t dial)
{
    *peer = (struct lone_peer){.role = role_of_peer, .link = link};
    lone_key_make(&peer->key, seed);
    memset(peer->exporter_net, (int)link, sizeof(peer->exporter_net));
    memset(peer->exporter_room, (int)link + 100, sizeof(peer->exporter_room));
    memset(peer->instance, (int)seed, sizeof(peer->instance));
    struct kith_id lobby = lone_lobby(), direct = lone_direct(l, peer);
    peer->lobby_tag = kith_digest_tag(peer->exporter_room, peer->role, &peer->key.id,
                                      &l->key.id, &lobby);
    peer->direct_tag = kith_digest_tag(peer->exporter_room, peer->role, &peer->key.id,
                                       &l->key.id, &direct);
    struct kith_input in = {.type = KITH_INPUT_LINK_UP};
    in.link_up = (struct kith_input_link_up){
        .link = link,
        .dial = dial,
        .role =
            role_of_peer == KITH_ROLE_DIALLER ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER,
        .is_lan = !l->is_relayed,
        .is_relayed = l->is_relayed,
        .peer = peer->key.id,
        .remote = {.host = "10.0.0.9", .port = 999},
    };
    if (l->is_relayed)
        in.link_up.remote = (struct kith_address){.host = "203.0.113.1", .port = 55555};
    memcpy(in.link_up.exporter_net, peer->exporter_net, KITH_EXPORTER_SIZE);
    memcpy(in.link_up.exporter_room, peer->exporter_room, KITH_EXPORTER_SIZE);
    lone_step(l, in);
}

void lone_say_raw(struct lone *l, const struct lone_peer *peer, struct kith_bytes frame)
{
    struct kith_input in = {.type = KITH_INPUT_FRAME};
    in.frame.link = peer->link;
    in.frame.bytes = frame;
    lone_step(l, in);
}

void lone_say(struct lone *l, const struct lone_peer *peer, const struct kith_writer *w)
{
    lone_say_raw(l, peer, kith_bytes(w->data + 4, w->size - 4));
}

void lone_prove(struct lone *l, struct lone_peer *peer)
{
    bool is_dialler = peer->role == KITH_ROLE_DIALLER;
    struct kith_frame_proof proof;
    kith_digest_proof(network_key, peer->role, peer->exporter_net,
                      is_dialler ? &peer->key.id : &l->key.id,
                      is_dialler ? &l->key.id : &peer->key.id, proof.mac);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_proof_encode(&w, &proof);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

void lone_hello(struct lone *l, struct lone_peer *peer, const char *name)
{
    struct kith_frame_hello hello = {
        .version_min = 1,
        .version_max = 1,
        .name = kith_bytes(name, strlen(name)),
        .address_count = 1,
        .addresses = {BYTES("10.0.0.9:4747")},
        .lost = peer->lost,
        .name_hlc = peer->name_hlc,
    };
    memcpy(hello.instance, peer->instance, sizeof(hello.instance));
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_hello_encode(&w, &hello);
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

void lone_rooms(struct lone *l, struct lone_peer *peer)
{
    struct kith_tag tags[2] = {peer->lobby_tag, peer->direct_tag};
    if (memcmp(&tags[0], &tags[1], sizeof(tags[0])) > 0) {
        tags[0] = peer->direct_tag;
        tags[1] = peer->lobby_tag;
    }
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_rooms_encode(&w, &(struct kith_frame_rooms){2, tags[0].bytes});
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

void lone_greet(struct lone *l, struct lone_peer *peer)
{
    char name[8] = "peer-a";
    name[5] = (char)('a' + peer->key.id.bytes[0] % 26);
    lone_prove(l, peer);
    lone_hello(l, peer, name);
    lone_rooms(l, peer);
}

/* ---- runs ---- */

static void add_event(struct lone_log *log, struct kith_writer *out, size_t run,
                      char text, bool is_first)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap),
                       own = kith_writer(&kith_alloc_heap);
    uint16_t kind =
        log->log_class == KITH_LOG_CONTROL ? KITH_KIND_PROFILE : KITH_KIND_MESSAGE;
    struct kith_own fields = {
        .hlc = ++log->hlc,
        .kind = log->kind != 0 ? log->kind : kind,
        .ctl = log->ctl,
        .ctl_count = is_first && log->ctl != NULL ? 1 : 0,
    };
    static const uint8_t salt[KITH_SALT_SIZE];
    kith_writer_bytes(&w, salt, sizeof(salt));
    if (fields.kind == KITH_KIND_PROFILE)
        kith_body_profile_encode(&w, kith_bytes(&text, 1));
    else
        kith_body_message_encode(&w, kith_bytes(&text, 1));
    fields.body_size = (uint32_t)(w.size - KITH_SALT_SIZE);
    kith_digest_content(kith_writer_view(&w), fields.body_hash);
    kith_own_encode(&own, &fields);
    kith_run_add(out, run, kith_writer_view(&own), kith_writer_view(&w));
    kith_writer_deinit(&w);
    kith_writer_deinit(&own);
}

void lone_write(struct lone_log *log, struct kith_writer *out, size_t count, char text)
{
    *out = kith_writer(&kith_alloc_heap);
    struct kith_run_head head = {log->author->id, log->log_class, log->log, log->seq + 1,
                                 log->head};
    size_t at = kith_run_begin(out, &head);
    for (size_t i = 0; i < count; i++)
        add_event(log, out, at, (char)(text + (char)i), i == 0);
    struct kith_run *run = calloc(1, sizeof(*run));
    assert_int_equal(kith_run_decode(kith_writer_view(out), run), 0);
    assert_int_equal(kith_digest_run(run, &log->room), 0);
    log->seq += count;
    log->head = run->events[count - 1].id;
    log->ctl = NULL;
    free(run);
    uint8_t message[KITH_VERIFY_SIZE], signature[KITH_SIGNATURE_SIZE];
    kith_digest_signed(&log->head, message);
    crypto_sign_detached(signature, NULL, message, sizeof(message), log->author->secret);
    kith_run_sign(out, at, signature);
}

void lone_say_run(struct lone *l, const struct lone_peer *peer,
                  const struct kith_tag *tag, const struct kith_writer *run)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_frame_run_encode(&w, tag, kith_writer_view(run));
    lone_say(l, peer, &w);
    kith_writer_deinit(&w);
}

/* ---- for cmocka ---- */

int lone_setup(void **state)
{
    struct lone *l = malloc(sizeof(*l));
    lone_init(l);
    lone_start(l);
    *state = l;
    return 0;
}

int lone_teardown(void **state)
{
    struct lone *l = *state;
    lone_deinit(l);
    free(l);
    return 0;
}
