/* SPDX-License-Identifier: MIT */
/* Peers: frames as encoders write them, with a few bytes of them changed if the input
 * says so; or any bytes at all. */
#include "core_frames.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "alter.h"
#include "core/digest.h"

/* ---- what all frames go through ---- */

static void note_proof(struct world *w, struct world_link *link, struct kith_bytes frame)
{
    uint8_t mac[KITH_HASH_SIZE];
    bool is_dialler = link->role == KITH_ROLE_DIALLER;
    if (frame.size < 1 + sizeof(mac) || frame.data[0] != KITH_FRAME_PROOF)
        return;
    kith_digest_proof(world_network_key,
                      is_dialler ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER, link->exporter,
                      is_dialler ? &w->id : &w->peers[link->peer],
                      is_dialler ? &w->peers[link->peer] : &w->id, mac);
    link->has_proven |= memcmp(mac, frame.data + 1, sizeof(mac)) == 0;
}

/* A vector offers its room too, where the node does so: else it is ignored. */
static void note_vector(struct world_link *link, const struct kith_frame_vector *vector)
{
    for (size_t i = 0; i < WORLD_ROOMS; i++)
        link->has_shown[i] |= link->has_offered[i] &&
                              memcmp(&link->theirs[i], &vector->tag, KITH_TAG_SIZE) == 0;
}

/* The node must not know better than what was said to it, whatever that was meant to be:
 * of a frame that it cannot read nothing counts. */
static void note_shown(struct world_link *link, struct kith_bytes frame)
{
    struct kith_frame_rooms rooms;
    struct kith_frame_vector vector;
    if (frame.size == 0)
        return;
    struct kith_bytes fields = kith_bytes(frame.data + 1, frame.size - 1);
    if (frame.data[0] == KITH_FRAME_VECTOR &&
        kith_frame_vector_decode(fields, &vector) == 0)
        note_vector(link, &vector);
    if (frame.data[0] == KITH_FRAME_ROOMS && kith_frame_rooms_decode(fields, &rooms) == 0)
        for (size_t i = 0; i < WORLD_ROOMS; i++)
            link->has_shown[i] = world_rooms_have(&rooms, &link->theirs[i]);
}

/* The frame in `f`, which is emptied. It may close the link. */
static void say(struct world *w, struct world_link *link, struct kith_writer *f,
                struct kith_reader *in)
{
    enum { LENGTH_SIZE = 4 };
    size_t size = f->size - LENGTH_SIZE;
    if (in != NULL)
        fuzz_alter(in, f->data + LENGTH_SIZE, &size);
    struct kith_input input = {.type = KITH_INPUT_FRAME};
    input.frame.link = link->no;
    input.frame.bytes = kith_bytes(f->data + LENGTH_SIZE, size);
    note_proof(w, link, input.frame.bytes);
    note_shown(link, input.frame.bytes);
    world_step(w, &input);
    kith_writer_deinit(f);
}

/* ---- greeting ---- */

static void write_proof(const struct world *w, const struct world_link *link,
                        struct kith_writer *f)
{
    struct kith_frame_proof proof;
    bool is_dialler = link->role == KITH_ROLE_DIALLER;
    kith_digest_proof(world_network_key,
                      is_dialler ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER, link->exporter,
                      is_dialler ? &w->id : &w->peers[link->peer],
                      is_dialler ? &w->peers[link->peer] : &w->id, proof.mac);
    kith_frame_proof_encode(f, &proof);
}

static void write_hello(const struct world *w, const struct world_link *link,
                        uint8_t choice, struct kith_writer *f)
{
    static const char *const names[] = {"bob", "carol", "bob", "\xc3\xa4nne"};
    const char *name = names[link->peer];
    struct kith_frame_hello hello = {
        .version_min = 1,
        .version_max = 1,
        .capabilities = choice & 1,
        .name = kith_bytes(name, strlen(name)),
        .address_count = (choice >> 1) & 1,
        .addresses = {kith_bytes("10.0.0.9:4747", 13)},
        .lost = (choice >> 2) & 3,
        .name_hlc = choice & 16 ? kith_hlc_from_wall(w->now.wall) : 0,
    };
    memset(hello.instance, link->peer + (choice & 32), sizeof(hello.instance));
    kith_frame_hello_encode(f, &hello);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, KITH_TAG_SIZE);
}

static void write_rooms(const struct world_link *link, uint8_t mask,
                        struct kith_writer *f)
{
    struct kith_tag tags[WORLD_ROOMS];
    size_t count = 0;
    for (size_t i = 0; i < WORLD_ROOMS; i++)
        if (mask & 1u << i)
            tags[count++] = link->theirs[i];
    qsort(tags, count, sizeof(tags[0]), compare_tags);
    kith_frame_rooms_encode(f, &(struct kith_frame_rooms){count, tags[0].bytes});
}

static void greet(struct world *w, struct world_link *link)
{
    uint32_t no = link->no;
    for (int i = 0; i < 3 && link->no == no; i++) {
        struct kith_writer f = kith_writer(&kith_alloc_heap);
        if (i == 0)
            write_proof(w, link, &f);
        else if (i == 1)
            write_hello(w, link, 2, &f);
        else
            write_rooms(link, 7, &f);
        say(w, link, &f, NULL);
    }
}

/* ---- logs ---- */

struct log_choice {
    uint8_t author;
    enum world_room room;
    uint8_t direct; /* of which peer the direct room is */
    uint8_t log_class;
    struct world_log *log;
};

/* One byte: author, room, class. */
static struct log_choice choose_log(struct world *w, const struct world_link *link,
                                    uint8_t byte)
{
    struct log_choice c = {
        .author = byte % (WORLD_PEERS + 1),
        .room = (byte >> 2) % WORLD_ROOMS,
        .log_class = byte >> 7,
    };
    if (c.room == WORLD_DIRECT)
        c.direct = link->peer % WORLD_PEERS;
    c.log = &w->logs[c.author][c.room][c.direct][c.log_class];
    return c;
}

static struct kith_log_id log_id(const struct log_choice *c)
{
    return (struct kith_log_id){
        {c->author + 1u, (uint8_t)c->room, c->direct, c->log_class}};
}

static void add_event(struct kith_writer *run, size_t at, const struct log_choice *c,
                      struct kith_own *own, struct kith_bytes text, bool is_discarded)
{
    static const uint8_t salt[KITH_SALT_SIZE];
    struct kith_writer content = kith_writer(&kith_alloc_heap);
    struct kith_writer header = kith_writer(&kith_alloc_heap);
    kith_writer_bytes(&content, salt, sizeof(salt));
    if (c->log_class == KITH_LOG_CONTROL)
        kith_body_profile_encode(&content, kith_bytes(text.data, text.size % 32));
    else
        kith_body_message_encode(&content, text);
    own->body_size = (uint32_t)(content.size - sizeof(salt));
    kith_digest_content(kith_writer_view(&content), own->body_hash);
    kith_own_encode(&header, own);
    kith_run_add(run, at, kith_writer_view(&header),
                 is_discarded ? kith_bytes(NULL, 0) : kith_writer_view(&content));
    kith_writer_deinit(&header);
    kith_writer_deinit(&content);
}

enum {
    RUN_FORKS = 4,
    RUN_HAS_CTL = 8,
    RUN_FUTURE = 16,
    RUN_DISCARDED = 32,
    RUN_LONG = 192
};

static void add_events(struct world *w, const struct log_choice *c, uint8_t how,
                       struct kith_writer *run, size_t at)
{
    static uint8_t text[KITH_TEXT_SIZE_MAX];
    const struct world_log *control = &w->logs[c->author][c->room][c->direct][1];
    struct log_choice control_choice = *c;
    control_choice.log_class = KITH_LOG_CONTROL;
    struct kith_ref ctl = {w->peers[c->author], log_id(&control_choice), control->seq,
                           control->head};
    memset(text, 'a' + (int)(c->log->seq % 26), sizeof(text));
    struct kith_own own = {
        .kind = c->log_class == KITH_LOG_CONTROL ? KITH_KIND_PROFILE : KITH_KIND_MESSAGE,
        .ctl = &ctl,
        .ctl_count = (how & RUN_HAS_CTL) && control->seq > 0,
    };
    for (int i = 0; i <= (how & 3); i++) {
        own.hlc = ++c->log->hlc;
        add_event(
            run, at, c, &own,
            kith_bytes(text, (how & RUN_LONG) == RUN_LONG ? sizeof(text) : 1 + (how & 3)),
            (how & RUN_DISCARDED) != 0);
        own.ctl_count = 0;
    }
}

/* Signs, and makes its last event the log's head. */
static void seal_run(struct world *w, const struct log_choice *c, struct kith_writer *run,
                     size_t at)
{
    static struct kith_run decoded;
    uint8_t message[KITH_VERIFY_SIZE], signature[KITH_SIGNATURE_SIZE];
    struct kith_id room = world_room_id(w, c->room, c->direct);
    int error = kith_run_decode(kith_writer_view(run), &decoded);
    assert(error == 0);
    error = kith_digest_run(&decoded, &room);
    assert(error == 0);
    c->log->seq += decoded.count;
    c->log->head = decoded.events[decoded.count - 1].id;
    kith_digest_signed(&c->log->head, message);
    world_sign(&w->peers[c->author], message, sizeof(message), signature);
    kith_run_sign(run, at, signature);
}

static struct world_run *write_run(struct world *w, const struct world_link *link,
                                   struct kith_reader *in)
{
    struct log_choice c = choose_log(w, link, kith_reader_u8(in));
    uint8_t how = kith_reader_u8(in);
    if (w->run_count == WORLD_RUNS_MAX)
        return &w->runs[how % WORLD_RUNS_MAX];
    struct world_log before = *c.log;
    if (how & RUN_FORKS) {
        c.log->seq = before.seq_before;
        c.log->head = before.head_before;
    }
    c.log->seq_before = c.log->seq;
    c.log->head_before = c.log->head;
    if (how & RUN_FUTURE)
        c.log->hlc = kith_hlc_from_wall(w->now.wall + 30 * KITH_HOUR);
    else if (c.log->hlc == 0)
        c.log->hlc = kith_hlc_from_wall(w->now.wall);
    struct kith_writer run = kith_writer(&kith_alloc_heap);
    struct kith_run_head head = {w->peers[c.author], c.log_class, log_id(&c),
                                 c.log->seq + 1, c.log->head};
    size_t at = kith_run_begin(&run, &head);
    add_events(w, &c, how, &run, at);
    seal_run(w, &c, &run, at);
    struct world_run *kept = &w->runs[w->run_count++];
    *kept =
        (struct world_run){.room = c.room, .bytes = malloc(run.size), .size = run.size};
    memcpy(kept->bytes, run.data, run.size);
    kith_writer_deinit(&run);
    return kept;
}

static void say_run(struct world *w, struct world_link *link, const struct world_run *run,
                    struct kith_reader *in)
{
    struct kith_writer f = kith_writer(&kith_alloc_heap);
    kith_frame_run_encode(&f, &link->theirs[run->room],
                          kith_bytes(run->bytes, run->size));
    say(w, link, &f, in);
}

/* ---- what is held ---- */

/* One byte: a log that peers wrote, or one on the node's disk. */
static struct kith_vector_entry choose_entry(struct world *w,
                                             const struct world_link *link, uint8_t byte,
                                             struct kith_locator *before)
{
    struct log_choice c = choose_log(w, link, byte);
    struct kith_vector_entry entry = {w->peers[c.author], c.log_class, log_id(&c), 0,
                                      c.log->seq,         c.log->head};
    *before = (struct kith_locator){c.log->seq_before, c.log->head_before};
    if ((byte & 0x60) != 0x60)
        return entry;
    const struct world_row *end;
    const struct world_row *row = world_disk_log(w, byte & 31, true, &end);
    if (row == NULL || row->record.log.author_no != 0 || end == NULL)
        return entry;
    entry.author = w->id;
    entry.log_class = row->record.log.log_class;
    entry.log = row->record.log.log;
    entry.seq = end->seq_last;
    entry.head = end->head;
    *before = (struct kith_locator){end->seq_last, end->head};
    return entry;
}

static void write_vector(struct world *w, const struct world_link *link,
                         struct kith_reader *in, bool is_have, struct kith_writer *f)
{
    struct kith_vector_entry entries[8];
    struct kith_locator before;
    uint8_t how = kith_reader_u8(in);
    size_t count = how & 7;
    for (size_t i = 0; i < count; i++) {
        entries[i] = choose_entry(w, link, kith_reader_u8(in), &before);
        entries[i].seq += how & 0x80 ? kith_reader_u8(in) : 0;
        entries[i].seq += entries[i].seq == 0;
    }
    const struct kith_tag *tag = &link->theirs[(how >> 3) % WORLD_ROOMS];
    if (is_have)
        kith_frame_have_encode(f, tag, entries, count);
    else
        kith_frame_vector_encode(f, tag, (how & 0x40) == 0, entries, count);
}

static void write_graft(struct world *w, const struct world_link *link,
                        struct kith_reader *in, struct kith_writer *f)
{
    static const enum kith_frame_type types[] = {KITH_FRAME_GRAFT, KITH_FRAME_PRUNE,
                                                 KITH_FRAME_FORK, KITH_FRAME_MORE};
    uint8_t how = kith_reader_u8(in);
    struct kith_locator have;
    struct kith_vector_entry entry = choose_entry(w, link, kith_reader_u8(in), &have);
    struct kith_ref wanted = {entry.author, entry.log, entry.seq + (how >> 6),
                              entry.head};
    bool has_have = (how & 32) && types[how & 3] == KITH_FRAME_GRAFT && have.seq > 0;
    kith_frame_graft_encode(f, types[how & 3], &link->theirs[(how >> 2) % WORLD_ROOMS],
                            &wanted, &have, has_have);
}

/* ---- the rest ---- */

static void write_addresses(const struct world *w, struct kith_reader *in,
                            struct kith_writer *f)
{
    struct kith_writer record = kith_writer(&kith_alloc_heap);
    world_write_record(w, kith_reader_u8(in), &record);
    struct kith_frame_addresses frame = {1, {kith_writer_view(&record)}};
    kith_frame_addresses_encode(f, &frame);
    kith_writer_deinit(&record);
}

static void write_small(const struct world *w, const struct world_link *link,
                        uint8_t what, uint8_t choice, struct kith_writer *f)
{
    if (what == 0)
        kith_frame_ping_encode(f, KITH_FRAME_PING, &(struct kith_frame_ping){choice});
    else if (what == 1)
        kith_frame_ping_encode(f, KITH_FRAME_PONG,
                               &(struct kith_frame_ping){link->ping_token + choice});
    else if (what == 2)
        kith_frame_bye_encode(f, &(struct kith_frame_bye){choice});
    else if (what == 3)
        world_write_ring(w, choice, f);
    else if (what == 4)
        kith_frame_call_encode(f, &(struct kith_frame_call){
                                      1 + choice, w->peers[choice % 4], choice >> 2 & 1});
    else
        kith_frame_refused_encode(f,
                                  &(struct kith_frame_refused){1 + choice, choice & 3});
}

static void write_raw(struct kith_reader *in, struct kith_writer *f)
{
    size_t size = kith_reader_u8(in);
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    kith_writer_u32(f, (uint32_t)size);
    kith_writer_bytes(f, kith_reader_bytes(in, size), size);
}

void world_peer_act(struct world *w, struct kith_reader *in)
{
    uint8_t who = kith_reader_u8(in);
    struct world_link *link = &w->links[who % WORLD_LINKS_MAX];
    uint8_t what = who >> 3 == 31 ? 17 : (who >> 3) % 17;
    if (link->no == 0)
        return;
    struct kith_writer f = kith_writer(&kith_alloc_heap);
    if (what == 0)
        greet(w, link);
    else if (what == 1)
        write_proof(w, link, &f);
    else if (what == 2)
        write_hello(w, link, kith_reader_u8(in), &f);
    else if (what == 3)
        write_rooms(link, kith_reader_u8(in), &f);
    else if (what == 4 || what == 5)
        write_vector(w, link, in, what == 5, &f);
    else if (what == 6)
        say_run(w, link, write_run(w, link, in), in);
    else if (what == 7)
        write_run(w, link, in); /* for later */
    else if (what == 8 && w->run_count > 0)
        say_run(w, link, &w->runs[kith_reader_u8(in) % w->run_count], in);
    else if (what == 9)
        write_graft(w, link, in, &f);
    else if (what == 10)
        write_addresses(w, in, &f);
    else if (what == 11)
        write_raw(in, &f);
    else if (what > 11)
        write_small(w, link, what - 12, kith_reader_u8(in), &f);
    if (f.size > 0)
        say(w, link, &f, in);
}

/* ---- links ---- */

void world_link_up(struct world *w, struct kith_reader *in)
{
    enum { IS_DIALLER = 4, IS_LAN = 8, IS_RELAYED = 16, IS_DIALLED = 32 };
    uint8_t how = kith_reader_u8(in), choice = kith_reader_u8(in);
    struct world_link *link = &w->links[choice % WORLD_LINKS_MAX];
    if (link->no != 0)
        return;
    *link = (struct world_link){.no = ++w->link_no, .peer = how % (WORLD_PEERS + 1)};
    link->role = how & IS_DIALLER ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER;
    memset(link->exporter, (int)(link->no & 0xff), sizeof(link->exporter));
    enum kith_role theirs = how & IS_DIALLER ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER;
    const struct kith_id *peer = &w->peers[link->peer];
    for (size_t i = 0; i < WORLD_ROOMS; i++) {
        struct kith_id room = world_room_id(w, (enum world_room)i, link->peer);
        link->theirs[i] = kith_digest_tag(link->exporter, theirs, peer, &w->id, &room);
        link->ours[i] = kith_digest_tag(link->exporter, link->role, &w->id, peer, &room);
    }
    struct kith_input input = {.type = KITH_INPUT_LINK_UP};
    input.link_up.link = link->no;
    if (how & IS_DIALLED) {
        uint32_t *dial = &w->dials[(how >> 6) | (choice >> 5 << 1 & 12)];
        input.link_up.dial = *dial;
        *dial = 0;
    }
    input.link_up.role = link->role;
    input.link_up.is_lan = (how & IS_LAN) != 0;
    input.link_up.is_relayed = (how & IS_RELAYED) != 0;
    input.link_up.peer = *peer;
    input.link_up.remote = world_address(choice >> 3);
    memcpy(input.link_up.exporter_net, link->exporter, sizeof(link->exporter));
    memcpy(input.link_up.exporter_room, link->exporter, sizeof(link->exporter));
    world_step(w, &input);
}
