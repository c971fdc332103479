/* SPDX-License-Identifier: MIT */
#include "liar.h"

#include "core/digest.h"
#include "memory.h"
#include "workload.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MAX      6 /* that it dials; it is dialled besides */
#define ROAM_MAX       (20 * KITH_SECOND)
#define LIES_A_MINUTE  20 /* on a link */
#define FLOODS_A_MIN   2
#define FLOOD_MAX      200
#define QUEUE_MAX      ((size_t)256 * 1024) /* it cannot send what is not read either */
#define ROOMS_OFFERED  16
#define NONSENSE_PROOF 2 /* percent */
#define OVERTAKES      5 /* percent, of the runs that it hears */

/* ---- what it sends ---- */

static struct sim_conn *conn_of(const struct sim_world *world,
                                const struct sim_host *host, uint32_t link)
{
    return world->wire.conns[host->links[link]];
}

void sim_liar_send(struct sim_world *world, struct sim_host *host,
                   const struct sim_liar_link *link)
{
    struct kith_writer *writer = &host->liar->writer;
    const struct sim_conn *conn = conn_of(world, host, link->link);
    const unsigned end = link->role == KITH_ROLE_DIALLER ? 0 : 1;
    if (conn->flows[end].waiting.size < QUEUE_MAX && writer->size > 4)
        sim_wire_send(world, host, link->link, kith_bytes(writer->data, writer->size));
    kith_writer_clear(writer);
}

static enum kith_role other_role(enum kith_role role)
{
    return role == KITH_ROLE_DIALLER ? KITH_ROLE_LISTENER : KITH_ROLE_DIALLER;
}

struct kith_tag sim_liar_tag(const struct sim_host *host,
                             const struct sim_liar_link *link, const struct kith_id *room)
{
    return kith_digest_tag(link->exporter_room, link->role, &host->identity.id,
                           &link->peer, room);
}

struct kith_id sim_liar_room(struct sim_world *world, const struct sim_host *host,
                             const struct sim_liar_link *link)
{
    const uint64_t which = sim_rng_below(&world->rng, 4);
    if (which == 0)
        return kith_digest_direct_room(&host->identity.id, &link->peer);
    return kith_digest_open_room(host->network_key,
                                 sim_ledger_room(which == 1 ? SIM_HABIT_ROOM : 0).text);
}

static void send_proof(struct sim_world *world, struct sim_host *host,
                       const struct sim_liar_link *link)
{
    const bool is_dialler = link->role == KITH_ROLE_DIALLER;
    struct kith_frame_proof proof;
    kith_digest_proof(host->network_key, link->role, link->exporter_net,
                      is_dialler ? &host->identity.id : &link->peer,
                      is_dialler ? &link->peer : &host->identity.id, proof.mac);
    if (sim_rng_chance(&world->rng, NONSENSE_PROOF))
        proof.mac[7] ^= 1;
    kith_frame_proof_encode(&host->liar->writer, &proof);
    sim_liar_send(world, host, link);
}

static void send_hello(struct sim_world *world, struct sim_host *host,
                       const struct sim_liar_link *link)
{
    struct kith_frame_hello hello = {.version_min = KITH_PROTO_VERSION,
                                     .version_max = KITH_PROTO_VERSION,
                                     .name = kith_bytes("liar", 4)};
    memcpy(hello.instance, host->liar->instance, sizeof(hello.instance));
    hello.lost = (uint32_t)sim_rng_below(&world->rng, 1000);
    kith_frame_hello_encode(&host->liar->writer, &hello);
    sim_liar_send(world, host, link);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, KITH_TAG_SIZE);
}

/* The open rooms, the direct one of the two, and those of the peer with everybody else:
 * which the peer must not share. */
static void send_rooms(struct sim_world *world, struct sim_host *host,
                       const struct sim_liar_link *link)
{
    struct kith_tag tags[ROOMS_OFFERED];
    size_t count = 0;
    const uint32_t names[] = {0, SIM_HABIT_ROOM};
    for (size_t i = 0; i < 2; i++) {
        const struct kith_id room =
            kith_digest_open_room(host->network_key, sim_ledger_room(names[i]).text);
        tags[count++] = sim_liar_tag(host, link, &room);
    }
    const struct kith_id ours = kith_digest_direct_room(&host->identity.id, &link->peer);
    tags[count++] = sim_liar_tag(host, link, &ours);
    for (uint32_t no = 1; no <= world->host_count && count < ROOMS_OFFERED; no++) {
        const struct kith_id theirs =
            kith_digest_direct_room(&sim_world_host(world, no)->identity.id, &link->peer);
        if (!kith_id_equal(&theirs, &ours))
            tags[count++] = sim_liar_tag(host, link, &theirs);
    }
    qsort(tags, count, sizeof(tags[0]), compare_tags);
    size_t unique = 1;
    for (size_t i = 1; i < count; i++)
        if (compare_tags(&tags[i], &tags[unique - 1]) != 0)
            tags[unique++] = tags[i];
    kith_frame_rooms_encode(
        &host->liar->writer,
        &(struct kith_frame_rooms){.count = unique, .tags = tags[0].bytes});
    sim_liar_send(world, host, link);
}

/* ---- what it hears ---- */

/* The room of a tag in what the peer sends; false when it is none of those it offers. */
static bool room_of(const struct sim_world *world, const struct sim_host *host,
                    const struct sim_liar_link *link, const struct kith_tag *tag,
                    struct kith_id *out)
{
    for (uint32_t i = 0; i < 2 + world->host_count; i++) {
        *out =
            i < 2
                ? kith_digest_open_room(host->network_key,
                                        sim_ledger_room(i == 0 ? 0 : SIM_HABIT_ROOM).text)
                : kith_digest_direct_room(&sim_world_host(world, i - 1)->identity.id,
                                          &link->peer);
        const struct kith_tag other =
            kith_digest_tag(link->exporter_room, other_role(link->role), &link->peer,
                            &host->identity.id, out);
        if (memcmp(other.bytes, tag->bytes, sizeof(other.bytes)) == 0)
            return true;
    }
    return false;
}

static bool is_silent(const struct sim_world *world)
{
    return world->workload != NULL && world->workload->is_truthful;
}

/* To another, who may not have heard it yet. */
static void overtake(struct sim_world *world, struct sim_host *host,
                     const struct sim_liar_link *from)
{
    const struct sim_liar *liar = host->liar;
    const struct sim_liar_link *to =
        &liar->links[sim_rng_below(&world->rng, liar->link_count)];
    if (to != from && to->is_live && !is_silent(world) &&
        sim_rng_chance(&world->rng, OVERTAKES))
        sim_lie_overtake(world, host, to);
}

static void hear_run(struct sim_world *world, struct sim_host *host,
                     const struct sim_liar_link *link, struct kith_bytes fields)
{
    static struct kith_run run; /* too large for the stack; nothing is kept in it */
    struct sim_liar *liar = host->liar;
    struct kith_frame_run frame;
    struct kith_id room;
    if (kith_frame_run_decode(fields, &frame) != 0 ||
        kith_run_decode(frame.run, &run) != 0)
        return;
    if (!room_of(world, host, link, &frame.tag, &room))
        return;
    struct sim_liar_run *kept = &liar->runs[liar->run_count++ % SIM_LIAR_RUNS];
    free((void *)kept->bytes.data);
    kept->room = room;
    kept->bytes = kith_bytes(sim_copied(frame.run.data, frame.run.size), frame.run.size);
    overtake(world, host, link);
}

static void hear_entries(struct sim_world *world, struct sim_host *host,
                         const struct sim_liar_link *link,
                         const struct kith_frame_vector *frame)
{
    struct sim_liar *liar = host->liar;
    struct kith_id room;
    if (!room_of(world, host, link, &frame->tag, &room))
        return;
    for (size_t i = 0; i < frame->count && i < SIM_LIAR_ENTRIES / 4; i++) {
        const struct kith_vector_entry entry = kith_vector_entry_at(frame, i);
        liar->entries[liar->entry_count++ % SIM_LIAR_ENTRIES] =
            (struct sim_liar_entry){.room = room, .entry = entry};
        if (!sim_rng_chance(&world->rng, 25))
            continue;
        const struct kith_tag tag = sim_liar_tag(host, link, &room);
        const struct kith_ref wanted = {entry.author, entry.log, entry.seq, entry.head};
        kith_frame_graft_encode(&liar->writer, KITH_FRAME_GRAFT, &tag, &wanted, NULL, 0);
        sim_liar_send(world, host, link);
    }
}

/* event: host, a = link, b = generation of the link's place */
static void run_lie(struct sim_world *world, const struct sim_event *event);

static void lie_later(struct sim_world *world, const struct sim_host *host,
                      const struct sim_liar_link *link)
{
    const double pace = host->liar->floods ? FLOODS_A_MIN : LIES_A_MINUTE;
    sim_world_put(world, sim_rng_wait(&world->rng, pace),
                  (struct sim_event){.run = run_lie,
                                     .host = host->no,
                                     .generation = host->generation,
                                     .a = link->link});
}

static struct sim_liar_link *find(struct sim_liar *liar, uint32_t link)
{
    for (size_t i = 0; i < liar->link_count; i++)
        if (liar->links[i].link == link)
            return &liar->links[i];
    return NULL;
}

static void run_lie(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, event->host);
    const struct sim_liar_link *link = find(host->liar, (uint32_t)event->a);
    if (link == NULL || is_silent(world))
        return;
    const uint64_t count =
        host->liar->floods ? 1 + sim_rng_below(&world->rng, FLOOD_MAX) : 1;
    sim_lie(world, host, link, count);
    lie_later(world, host, link);
}

static void go_live(struct sim_world *world, struct sim_host *host,
                    struct sim_liar_link *link)
{
    link->is_live = true;
    send_rooms(world, host, link);
    lie_later(world, host, link);
}

static void hear_live(struct sim_world *world, struct sim_host *host,
                      struct sim_liar_link *link, uint8_t type, struct kith_bytes fields)
{
    struct kith_frame_ping ping;
    struct kith_frame_vector vector;
    struct kith_frame_graft graft;
    if (type == KITH_FRAME_PING && kith_frame_ping_decode(fields, &ping) == 0) {
        kith_frame_ping_encode(&host->liar->writer, KITH_FRAME_PONG, &ping);
        sim_liar_send(world, host, link);
    } else if (type == KITH_FRAME_RUN) {
        hear_run(world, host, link, fields);
    } else if (type == KITH_FRAME_VECTOR &&
               kith_frame_vector_decode(fields, &vector) == 0) {
        hear_entries(world, host, link, &vector);
    } else if (type == KITH_FRAME_HAVE && kith_frame_have_decode(fields, &vector) == 0) {
        hear_entries(world, host, link, &vector);
    } else if (type == KITH_FRAME_GRAFT && !is_silent(world) &&
               kith_frame_graft_decode(fields, &graft) == 0) {
        sim_lie_answer(world, host, link, &graft);
    }
}

static void hear(struct sim_world *world, struct sim_host *host,
                 struct sim_liar_link *link, struct kith_bytes frame)
{
    const uint8_t type = frame.data[0];
    const struct kith_bytes fields = kith_bytes(frame.data + 1, frame.size - 1);
    if (link->is_live) {
        hear_live(world, host, link, type, fields);
    } else if (type == KITH_FRAME_PROOF) {
        if (link->role == KITH_ROLE_LISTENER)
            send_proof(world, host, link);
        send_hello(world, host, link);
    } else if (type == KITH_FRAME_HELLO) {
        go_live(world, host, link);
    }
}

/* ---- its links ---- */

/* event: host. It dials somebody, and goes on doing so. */
static void run_roam(struct sim_world *world, const struct sim_event *event)
{
    struct sim_host *host = sim_world_host(world, event->host);
    const uint32_t to = sim_habit_host(world, 0);
    if (host->liar->link_count < LINKS_MAX && to != 0) {
        const struct kith_address address = sim_wire_address(&world->wire, to);
        sim_wire_dial(world, host, ++host->liar->dial, &address, NULL);
    }
    sim_world_put(world, sim_rng_time(&world->rng, 0, ROAM_MAX), *event);
}

static void link_up(struct sim_world *world, struct sim_host *host,
                    const struct kith_input_link_up *up)
{
    struct sim_liar *liar = host->liar;
    liar->links = sim_grown(liar->links, &liar->link_capacity, liar->link_count,
                            sizeof(*liar->links));
    struct sim_liar_link *link = &liar->links[liar->link_count++];
    *link = (struct sim_liar_link){.link = up->link, .role = up->role, .peer = up->peer};
    memcpy(link->exporter_net, up->exporter_net, KITH_EXPORTER_SIZE);
    memcpy(link->exporter_room, up->exporter_room, KITH_EXPORTER_SIZE);
    if (link->role == KITH_ROLE_DIALLER)
        send_proof(world, host, link);
}

static void link_down(struct sim_liar *liar, uint32_t no)
{
    struct sim_liar_link *link = find(liar, no);
    if (link != NULL)
        *link = liar->links[--liar->link_count];
}

void sim_liar_take(struct sim_world *world, struct sim_host *host,
                   const struct kith_input *input)
{
    if (input->type == KITH_INPUT_LINK_UP) {
        link_up(world, host, &input->link_up);
    } else if (input->type == KITH_INPUT_LINK_DOWN) {
        link_down(host->liar, input->link_down.link);
    } else if (input->type == KITH_INPUT_FRAME) {
        struct sim_liar_link *link = find(host->liar, input->frame.link);
        if (link != NULL && input->frame.bytes.size > 0)
            hear(world, host, link, input->frame.bytes);
    }
}

uint32_t sim_liar_add(struct sim_world *world, bool floods)
{
    const uint32_t no = sim_host_add(world, floods ? "flooder" : "liar");
    struct sim_host *host = sim_world_host(world, no);
    host->liar = sim_zeroed(sizeof(*host->liar));
    host->liar->floods = floods;
    host->liar->writer = kith_writer(&kith_alloc_heap);
    host->generation = 1;
    const struct kith_rng source = sim_rng_source(&world->rng);
    kith_rng_fill(&source, host->liar->instance, sizeof(host->liar->instance));
    sim_world_say(world, no, "x a liar%s", floods ? " that floods" : "");
    sim_world_put(
        world, sim_rng_time(&world->rng, 0, ROAM_MAX),
        (struct sim_event){.run = run_roam, .host = no, .generation = host->generation});
    return no;
}

void sim_liar_free(struct sim_liar *liar)
{
    if (liar == NULL)
        return;
    for (size_t i = 0; i < SIM_LIAR_RUNS; i++)
        free((void *)liar->runs[i].bytes.data);
    kith_writer_deinit(&liar->writer);
    free(liar->links);
    free(liar);
}

uint64_t sim_liar_count_lies(const struct sim_world *world)
{
    uint64_t count = 0;
    for (uint32_t no = 1; no <= world->host_count; no++)
        if (world->hosts[no]->liar != NULL)
            count += world->hosts[no]->liar->lie_count;
    return count;
}
