/* SPDX-License-Identifier: MIT */
/* Duplication on reconnect.
 *
 * Who loses a link does not know whether what it sent last has arrived. Here it has, and
 * is sent again over the next link, behind the vector: under the tag that the room has
 * there, for tags are of one link alone. */
#include "core/digest.h"
#include "memory.h"
#include "proto/frame.h"
#include "wire_conn.h"
#include "world.h"
#include <stdlib.h>
#include <string.h>

#define FRAME_HEADER_SIZE 5  /* length and type */
#define ECHOES_MAX        64 /* of a world at once; more are not doubled */

void sim_echo_deinit(struct sim_wire *wire)
{
    for (size_t i = 0; i < wire->echo_count; i++)
        free((void *)wire->echoes[i].run.data);
    free(wire->echoes);
}

static struct kith_tag tag_of(const struct sim_world *world, const struct sim_conn *conn,
                              unsigned from, const struct kith_id *room)
{
    return kith_digest_tag(
        conn->exporter_room, from == 0 ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER,
        &sim_world_host(world, conn->ends[from].host)->identity.id,
        &sim_world_host(world, conn->ends[1 - from].host)->identity.id, room);
}

/* The room of the sender's that has this tag; NULL when none has. */
static const struct kith_id *room_of(const struct sim_world *world,
                                     const struct sim_conn *conn, unsigned from,
                                     const struct kith_tag *tag)
{
    const struct sim_disk *disk = &sim_world_host(world, conn->ends[from].host)->disk;
    for (uint32_t no = 1; no <= disk->room_no_max; no++) {
        const struct kith_tag other = tag_of(world, conn, from, &disk->rooms[no].id);
        if (memcmp(other.bytes, tag->bytes, sizeof(other.bytes)) == 0)
            return &disk->rooms[no].id;
    }
    return NULL;
}

static void keep(struct sim_world *world, const struct sim_conn *conn, unsigned from,
                 const struct sim_packet *packet)
{
    struct sim_wire *wire = &world->wire;
    struct kith_frame_run frame;
    if (packet->size <= FRAME_HEADER_SIZE || packet->bytes[4] != KITH_FRAME_RUN ||
        wire->echo_count >= ECHOES_MAX ||
        kith_frame_run_decode(kith_bytes(packet->bytes + FRAME_HEADER_SIZE,
                                         packet->size - FRAME_HEADER_SIZE),
                              &frame) != 0)
        return;
    const struct kith_id *room = room_of(world, conn, from, &frame.tag);
    if (room == NULL)
        return;
    wire->echoes = sim_grown(wire->echoes, &wire->echo_capacity, wire->echo_count,
                             sizeof(*wire->echoes));
    wire->echoes[wire->echo_count++] = (struct sim_echo){
        .from = conn->ends[from].host,
        .to = conn->ends[1 - from].host,
        .room = *room,
        .run = kith_bytes(sim_copied(frame.run.data, frame.run.size), frame.run.size)};
}

void sim_wire_cut_doubling(struct sim_world *world, struct sim_conn *conn,
                           kith_time notice_max)
{
    const uint32_t no = conn->no;
    for (unsigned from = 0; from < 2; from++) {
        const struct sim_flow *flow = &conn->flows[from];
        const struct sim_packet *first[] = {flow->held.first, flow->flying.first};
        for (unsigned i = 0; i < 2; i++)
            for (const struct sim_packet *p = first[i]; p != NULL; p = p->next)
                keep(world, conn, from, p);
    }
    for (unsigned from = 0; from < 2 && world->wire.conns[no] != NULL; from++)
        sim_conn_flush(world, no, from);
    if (world->wire.conns[no] != NULL)
        sim_wire_cut(world, world->wire.conns[no], false, notice_max);
}

void sim_echo_after(struct sim_world *world, struct sim_conn *conn, unsigned from,
                    struct kith_bytes frame)
{
    struct sim_wire *wire = &world->wire;
    if (wire->echo_count == 0 || frame.data[4] != KITH_FRAME_VECTOR)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < wire->echo_count; i++) {
        struct sim_echo echo = wire->echoes[i];
        if (echo.from != conn->ends[from].host || echo.to != conn->ends[1 - from].host) {
            wire->echoes[kept++] = echo;
            continue;
        }
        struct kith_writer writer = kith_writer(&kith_alloc_heap);
        const struct kith_tag tag = tag_of(world, conn, from, &echo.room);
        kith_frame_run_encode(&writer, &tag, echo.run);
        sim_conn_inject(conn, from, kith_bytes(writer.data, writer.size));
        kith_writer_deinit(&writer);
        free((void *)echo.run.data);
        world->tally[SIM_TALLY_DOUBLED]++;
    }
    wire->echo_count = kept;
}
