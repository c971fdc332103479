/* SPDX-License-Identifier: MIT */
/* The registry of a tracker, for a day, under peers who say anything: operations of a
 * byte each and what they need. Nobody hears of a peer in another network; frames are
 * whole; limits hold; what was kept is taken back, where memory ran short too. */
#include "fuzz.h"

#include <string.h>

#include "alter.h"
#include "kith/error.h"
#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "proto/frame.h"
#include "tracker/registry.h"

#define PEERS     5 /* one more than there is room for */
#define PEERS_MAX 4
#define LINKS_MAX 8
#define HOSTS_MAX 4
#define HOST_MAX  2 /* links of one of them */
#define WAITING   16
#define START_S   UINT64_C(1704067200)

struct link {
    uint32_t no; /* 0: none */
    uint8_t peer, host;
    bool is_welcome;                    /* it has registered */
    uint8_t tag[KITH_NETWORK_TAG_SIZE]; /* as it was welcomed last */
    size_t queued;
};

struct row {
    bool is_kept;
    struct kith_registration row;
    uint8_t records[KITH_TRACKED_RECORDS_MAX][KITH_SIGNED_ADDRESSES_SIZE_MAX];
};

static struct world {
    struct alloc_failing memory;
    struct rng_seeded rng;
    struct kith_registry *registry;
    struct kith_now now;
    bool has_relay;
    struct link links[LINKS_MAX];
    uint32_t link_no;
    uint32_t asker; /* the link whose frame of this step is a REGISTER; 0: none */
    uint8_t asked[KITH_NETWORK_TAG_SIZE]; /* by it */
    uint32_t checks[WAITING], pairs[WAITING];
    struct row rows[PEERS];
} w;

static struct kith_id id_of(uint8_t peer)
{
    return (struct kith_id){{(uint8_t)(peer + 1)}};
}

static struct link *find_link(uint32_t no)
{
    for (size_t i = 0; i < LINKS_MAX; i++)
        if (w.links[i].no == no && no != 0)
            return &w.links[i];
    return NULL;
}

static struct row *row_of(const struct kith_id *id)
{
    assert(id->bytes[0] >= 1 && id->bytes[0] <= PEERS);
    return &w.rows[id->bytes[0] - 1];
}

/* ---- effects ---- */

/* A row is kept anew before anybody hears of the network that it names, and the old one
 * is told of who goes before that: so rows say who is where, or was last. */
static void check_network(const struct link *link, const struct kith_id *told)
{
    const struct row *row = row_of(told);
    assert(link->is_welcome && row->is_kept);
    assert(memcmp(row->row.tag, link->tag, sizeof(link->tag)) == 0);
}

static void welcome(struct link *link)
{
    assert(link->no == w.asker);
    link->is_welcome = true;
    memcpy(link->tag, w.asked, sizeof(link->tag));
}

static void check_peers(const struct link *link, struct kith_bytes fields)
{
    static struct kith_frame_peers frame;
    struct kith_signed_addresses record;
    assert(kith_frame_peers_decode(fields, &frame) == 0);
    for (size_t i = 0; i < frame.count; i++) {
        const struct kith_tracked *told = &frame.peers[i];
        check_network(link, &told->id);
        for (size_t j = 0; j < told->record_count; j++)
            assert(told->records[j].size == 0 ||
                   kith_signed_addresses_decode(told->records[j], &record) == 0);
    }
}

static void send(const struct kith_registry_effect *effect)
{
    struct link *link = find_link(effect->send.link);
    struct kith_bytes bytes = effect->send.bytes;
    assert(link != NULL && bytes.size > 4);
    link->queued += bytes.size;
    assert(link->queued <= KITH_REGISTRY_QUEUE_MAX + KITH_FRAME_SIZE_MAX);
    struct kith_bytes fields = kith_bytes(bytes.data + 5, bytes.size - 5);
    struct kith_frame_welcome greeting;
    struct kith_frame_reachable reachable;
    struct kith_frame_ring ring;
    struct kith_frame_refused refused;
    struct kith_frame_bye bye;
    struct kith_frame_ping pong;
    if (bytes.data[4] == KITH_FRAME_WELCOME)
        welcome(link);
    if (bytes.data[4] != KITH_FRAME_BYE) { /* which strangers hear too, and no more */
        struct kith_id self = id_of(link->peer);
        check_network(link, &self);
    }
    switch (bytes.data[4]) {
    case KITH_FRAME_WELCOME:
        assert(kith_frame_welcome_decode(fields, &greeting) == 0);
        break;
    case KITH_FRAME_REACHABLE:
        assert(kith_frame_reachable_decode(fields, &reachable) == 0);
        break;
    case KITH_FRAME_PEERS:
        check_peers(link, fields);
        break;
    case KITH_FRAME_RING:
        assert(kith_frame_ring_decode(fields, &ring) == 0);
        check_network(link, &ring.id);
        assert(ring.how == KITH_CALL_MEET || w.has_relay);
        break;
    case KITH_FRAME_REFUSED:
        assert(kith_frame_refused_decode(fields, &refused) == 0);
        break;
    case KITH_FRAME_PONG:
        assert(kith_frame_ping_decode(fields, &pong) == 0);
        break;
    default:
        assert(bytes.data[4] == KITH_FRAME_BYE);
        assert(kith_frame_bye_decode(fields, &bye) == 0);
        break;
    }
}

/* It is in the network where it was, or has just asked for this one. */
static void check_tag(const struct row *row, const struct kith_registration *kept)
{
    const struct link *asker = find_link(w.asker);
    struct kith_id asking = {0};
    if (asker != NULL)
        asking = id_of(asker->peer);
    assert((row->is_kept && memcmp(row->row.tag, kept->tag, sizeof(kept->tag)) == 0) ||
           (kith_id_equal(&asking, &kept->id) &&
            memcmp(w.asked, kept->tag, sizeof(kept->tag)) == 0));
}

static void keep(const struct kith_registration *kept)
{
    struct row *row = row_of(&kept->id);
    check_tag(row, kept);
    row->is_kept = true;
    row->row = *kept;
    for (size_t i = 0; i < KITH_TRACKED_RECORDS_MAX; i++) {
        size_t size = kept->records[i].size;
        assert(size <= sizeof(row->records[i]));
        if (size > 0)
            memcpy(row->records[i], kept->records[i].data, size);
        row->row.records[i] = kith_bytes(row->records[i], size);
    }
}

static void check_pair(const struct kith_registry_pair *pair)
{
    const struct row *rows[] = {row_of(&pair->ids[0]), row_of(&pair->ids[1])};
    assert(w.has_relay && rows[0] != rows[1]);
    assert(rows[0]->is_kept && rows[1]->is_kept);
    assert(memcmp(rows[0]->row.tag, rows[1]->row.tag, KITH_NETWORK_TAG_SIZE) == 0);
}

static void await(uint32_t *waiting, uint32_t no)
{
    for (size_t i = 0; i < WAITING; i++) {
        if (waiting[i] == 0) {
            waiting[i] = no;
            return;
        }
    }
}

static void carry_out(const struct kith_registry_effect *effect)
{
    switch (effect->type) {
    case KITH_REGISTRY_SEND:
        send(effect);
        break;
    case KITH_REGISTRY_CLOSE:
        assert(find_link(effect->close.link) != NULL && effect->close.error <= 0);
        *find_link(effect->close.link) = (struct link){0};
        break;
    case KITH_REGISTRY_CHECK:
        assert(effect->check.address.port != 0 && effect->check.address.host[0] != '\0');
        await(w.checks, effect->check.check);
        break;
    case KITH_REGISTRY_KEEP:
        keep(&effect->keep);
        break;
    case KITH_REGISTRY_FORGET:
        assert(row_of(&effect->forget.id)->is_kept);
        row_of(&effect->forget.id)->is_kept = false;
        break;
    case KITH_REGISTRY_PAIR:
        check_pair(&effect->pair);
        await(w.pairs, effect->pair.pair);
        break;
    case KITH_REGISTRY_UNCHECK: /* answered whenever the input says so */
    case KITH_REGISTRY_MARKED:
    case KITH_REGISTRY_TELL:
        break;
    }
}

/* ---- life ---- */

static void begin(void)
{
    const struct kith_registry_config config = {.alloc = &w.memory.alloc,
                                                .rng = w.rng.rng,
                                                .peers_max = PEERS_MAX,
                                                .per_address_max = HOST_MAX,
                                                .has_relay = w.has_relay};
    int error = kith_registry_new(&config, &w.registry);
    assert(error == 0);
}

static void end(void)
{
    kith_registry_free(w.registry);
    assert(w.memory.live_blocks == 0);
}

static void restart(void)
{
    alloc_failing_arm(&w.memory, 0);
    end();
    w.asker = 0;
    memset(w.links, 0, sizeof(w.links));
    memset(w.checks, 0, sizeof(w.checks));
    memset(w.pairs, 0, sizeof(w.pairs));
    begin();
    for (size_t i = 0; i < PEERS; i++) {
        if (!w.rows[i].is_kept)
            continue;
        int error = kith_registry_restore(w.registry, &w.rows[i].row, w.now);
        assert(error == 0);
    }
}

/* ---- steps ---- */

static void check_limits(bool is_over)
{
    struct kith_registry_counts counts = kith_registry_counts(w.registry);
    size_t link_count = 0, of_host[HOSTS_MAX] = {0};
    for (size_t i = 0; i < LINKS_MAX; i++) {
        link_count += w.links[i].no != 0;
        of_host[w.links[i].host] += w.links[i].no != 0;
    }
    for (size_t i = 0; i < HOSTS_MAX; i++)
        assert(of_host[i] <= HOST_MAX);
    assert(is_over || counts.links == link_count);
    assert(counts.here + counts.away <= PEERS_MAX);
    assert(counts.checks <= KITH_REGISTRY_CHECKS_MAX);
}

/* Where memory runs short the step says so. Nothing of it is carried out then, and the
 * registry can only be freed: the next one begins with what was kept. */
static void step(struct kith_registry_input *input)
{
    struct kith_registry_effects effects;
    input->now = w.now;
    size_t refused = w.memory.refused;
    int error = kith_registry_step(w.registry, input, &effects);
    assert(error == (w.memory.refused == refused ? 0 : KITH_ENOMEM));
    if (error != 0) {
        restart();
        return;
    }
    for (size_t i = 0; i < effects.count; i++)
        carry_out(&effects.items[i]);
    check_limits(input->type == KITH_REGISTRY_STOP);
    w.asker = 0;
}

static void pass(kith_time time)
{
    w.now.mono += time;
    w.now.wall += time;
    for (int i = 0; kith_registry_deadline(w.registry) <= w.now.mono; i++) {
        assert(i < 1000); /* else it never sleeps */
        step(&(struct kith_registry_input){.type = KITH_REGISTRY_TIMEOUT});
    }
}

/* ---- peers ---- */

static void link_up(uint8_t choice)
{
    static const char *const hosts[HOSTS_MAX] = {"192.0.2.1", "192.0.2.2", "2001:db8::1",
                                                 "127.0.0.1"};
    struct link *link = &w.links[choice % LINKS_MAX];
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_UP};
    if (link->no != 0)
        return;
    *link = (struct link){
        .no = ++w.link_no, .peer = (choice >> 3) % PEERS, .host = choice >> 6};
    input.link_up.link = link->no;
    input.link_up.peer = id_of(link->peer);
    input.link_up.remote.port = (uint16_t)(40000 + choice);
    memcpy(input.link_up.remote.host, hosts[link->host], strlen(hosts[link->host]) + 1);
    step(&input);
}

static struct kith_bytes write_record(uint8_t peer, uint8_t how, struct kith_writer *out)
{
    static const char *const addresses[] = {"192.0.2.1:4747", "10.0.0.9:4747",
                                            "[2001:db8::1]:4747", "host.example:1"};
    struct kith_signed_addresses record = {
        .id = id_of(peer),
        .counter = 1000 + (how & 3),
        .expiry = START_S + 3600,
        .address_count = 1 + (how >> 2 & 1),
    };
    for (size_t i = 0; i < record.address_count; i++) {
        const char *text = addresses[((how >> 3) + i) % 4];
        record.addresses[i] = kith_bytes(text, strlen(text));
    }
    kith_signed_addresses_fields(out, &record);
    kith_writer_bytes(out, record.signature, sizeof(record.signature));
    return how == 0 ? kith_bytes(NULL, 0) : kith_writer_view(out);
}

static void write_register(struct link *link, struct kith_reader *in,
                           struct kith_writer *f)
{
    uint8_t how = kith_reader_u8(in);
    struct kith_writer records[2] = {kith_writer(&kith_alloc_heap),
                                     kith_writer(&kith_alloc_heap)};
    struct kith_frame_register frame = {
        .version_min = 1,
        .version_max = 1,
        .wants_check = how & 1,
        .name = kith_bytes("bob", how & 2 ? 3 : 0),
        .port = how & 4 ? 4747 : 0,
        .record_public = write_record(link->peer, kith_reader_u8(in), &records[0]),
        .record_local = write_record(link->peer, how & 8 ? 1 : 0, &records[1]),
    };
    memset(frame.tag, how >> 4 & 1, sizeof(frame.tag));
    kith_frame_register_encode(f, &frame);
    kith_writer_deinit(&records[0]);
    kith_writer_deinit(&records[1]);
}

static void write_frame(struct link *link, uint8_t what, struct kith_reader *in,
                        struct kith_writer *f)
{
    uint8_t choice = what > 1 ? kith_reader_u8(in) : 0;
    struct kith_id id = id_of(choice % PEERS);
    bool is_name = choice & 8;
    if (what <= 1)
        write_register(link, in, f);
    else if (what == 2)
        kith_frame_lookup_encode(
            f, &(struct kith_frame_lookup){1 + choice, is_name,
                                           is_name ? kith_bytes("bob", 3)
                                                   : kith_bytes(id.bytes, KITH_ID_SIZE)});
    else if (what == 3)
        kith_frame_call_encode(f, &(struct kith_frame_call){1 + choice, id, is_name});
    else if (what == 4)
        kith_frame_ping_encode(f, KITH_FRAME_PING, &(struct kith_frame_ping){choice});
    else
        kith_frame_bye_encode(f, &(struct kith_frame_bye){choice});
}

static void note_tag(const struct link *link, struct kith_bytes frame)
{
    struct kith_frame_register fields;
    if (frame.size == 0 || frame.data[0] != KITH_FRAME_REGISTER)
        return;
    if (kith_frame_register_decode(kith_bytes(frame.data + 1, frame.size - 1), &fields))
        return;
    w.asker = link->no;
    memcpy(w.asked, fields.tag, sizeof(w.asked));
}

static void say(struct kith_reader *in)
{
    uint8_t who = kith_reader_u8(in);
    struct link *link = &w.links[who % LINKS_MAX];
    struct kith_writer f = kith_writer(&kith_alloc_heap);
    if (link->no == 0)
        return;
    write_frame(link, (who >> 3) % 6, in, &f);
    size_t size = f.size - 4;
    fuzz_alter(in, f.data + 4, &size);
    struct kith_registry_input input = {.type = KITH_REGISTRY_FRAME};
    input.frame.link = link->no;
    input.frame.bytes = kith_bytes(f.data + 4, size);
    note_tag(link, input.frame.bytes);
    step(&input);
    kith_writer_deinit(&f);
}

static void drain(struct link *link)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_DRAINED};
    if (link->no == 0)
        return;
    input.drained.link = link->no;
    input.drained.size = link->queued;
    link->queued = 0;
    step(&input);
}

static void lose(struct link *link)
{
    struct kith_registry_input input = {.type = KITH_REGISTRY_LINK_DOWN};
    if (link->no == 0)
        return;
    input.link_down.link = link->no;
    *link = (struct link){0};
    step(&input);
}

static void answer(uint8_t choice)
{
    bool is_check = choice & 1;
    uint32_t *waiting = &(is_check ? w.checks : w.pairs)[(choice >> 2) % WAITING];
    struct kith_registry_input input = {.type = is_check ? KITH_REGISTRY_CHECKED
                                                         : KITH_REGISTRY_PAIRED};
    if (*waiting == 0)
        return;
    if (is_check) {
        input.checked.check = *waiting;
        input.checked.outcome =
            choice & 0x80 ? KITH_CHECK_NOT_TRIED
                          : (choice & 2 ? KITH_CHECK_REACHED : KITH_CHECK_NOT_REACHED);
    } else {
        input.paired.pair = *waiting;
        input.paired.error = choice & 2 ? KITH_ELIMIT : 0;
    }
    *waiting = 0;
    step(&input);
}

static void act(struct kith_reader *in)
{
    static const kith_time times[] = {KITH_MS, 200 * KITH_MS, 10 * KITH_SECOND,
                                      25 * KITH_HOUR};
    uint8_t op = kith_reader_u8(in);
    if (op % 8 <= 1)
        say(in);
    else if (op % 8 == 2)
        link_up(kith_reader_u8(in));
    else if (op % 8 == 3)
        drain(&w.links[(op >> 3) % LINKS_MAX]);
    else if (op % 8 == 4)
        lose(&w.links[(op >> 3) % LINKS_MAX]);
    else if (op % 8 == 5)
        answer(kith_reader_u8(in));
    else if (op % 8 == 6)
        pass(times[(op >> 3) % 4]);
    else if (op >> 3 == 31)
        restart();
    else if (op >> 3 == 30)
        alloc_failing_arm(&w.memory, 1u + kith_reader_u8(in));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    w = (struct world){.now = {KITH_HOUR, (kith_time)START_S * KITH_SECOND}};
    alloc_failing_init(&w.memory);
    rng_seeded_init(&w.rng, 1);
    w.has_relay = kith_reader_u8(&in) & 1;
    begin();
    while (kith_reader_left(&in) > 0)
        act(&in);
    step(&(struct kith_registry_input){.type = KITH_REGISTRY_STOP});
    end();
}
