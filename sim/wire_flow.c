/* SPDX-License-Identifier: MIT */
/* Frames under way: from the sender's queue to the receiver's hands. */
#include "checker.h"
#include "core/limits.h"
#include "memory.h"
#include "proto/frame.h"
#include "wire_conn.h"
#include "world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNREAD_SIZE_MAX   (256 * 1024) /* what the kernels hold of one flow */
#define FRAME_HEADER_SIZE 4
#define SEGMENT_SIZE      1400              /* of TCP */
#define RESEND_AFTER      (200 * KITH_MS)   /* at first, then twice as long each time */
#define RESENDS_MAX       8                 /* then TCP gives up, after 51 s */
#define DEAD_NOTICE_MAX   (3 * KITH_SECOND) /* so long until either end knows */
#define PARETO_SHAPE      1.2
#define DELAY_EXTRA_MAX   ((double)(2 * KITH_SECOND))
#define PACKET_OVERHEAD   60 /* headers and the TLS record, on the wire only */

static void packets_put(struct sim_packets *packets, struct sim_packet *packet)
{
    packet->next = NULL;
    if (packets->last == NULL)
        packets->first = packet;
    else
        packets->last->next = packet;
    packets->last = packet;
    packets->size += packet->size;
}

static struct sim_packet *packets_take(struct sim_packets *packets)
{
    struct sim_packet *packet = packets->first;
    if (packet == NULL)
        return NULL;
    packets->first = packet->next;
    if (packets->first == NULL)
        packets->last = NULL;
    packets->size -= packet->size;
    return packet;
}

static void packets_clear(struct sim_packets *packets)
{
    struct sim_packet *packet;
    while ((packet = packets_take(packets)) != NULL)
        free(packet);
}

void sim_conn_clear(struct sim_conn *conn)
{
    for (unsigned i = 0; i < 2; i++) {
        packets_clear(&conn->flows[i].waiting);
        packets_clear(&conn->flows[i].flying);
        packets_clear(&conn->flows[i].held);
    }
}

/* ---- moving frames ---- */

static void flow_pump(struct sim_world *world, struct sim_conn *conn, unsigned from);

/* The process broke the framing that net would hold it to. */
static int frame_error(const struct sim_end *to, const struct sim_packet *packet)
{
    const size_t size_max =
        to->is_trusted ? KITH_FRAME_SIZE_MAX : KITH_FRAME_STRANGER_MAX;
    return packet->size - FRAME_HEADER_SIZE > size_max ? KITH_ETOOBIG : 0;
}

static void deliver_frame(struct sim_world *world, struct sim_conn *conn, unsigned from,
                          struct sim_packet *packet)
{
    struct sim_end *to = &conn->ends[1 - from];
    if (!sim_end_listens(world, to))
        return;
    struct sim_wire *wire = &world->wire;
    if (wire->tamper != NULL &&
        !wire->tamper(wire->tamper_ctx, conn, from, packet->bytes, packet->size))
        return;
    if (frame_error(to, packet) != 0) {
        sim_end_down_after(world, conn, 1 - from, 0, KITH_ETOOBIG);
        return;
    }
    wire->frame_count++;
    wire->byte_count += packet->size;
    const struct kith_bytes bytes =
        kith_bytes(packet->bytes + FRAME_HEADER_SIZE, packet->size - FRAME_HEADER_SIZE);
    sim_world_say(world, to->host, "< FRAME link %" PRIu32 " type %02x size %zu",
                  to->link, bytes.size == 0 ? 0u : bytes.data[0], bytes.size);
    sim_check_frame(world, sim_world_host(world, conn->ends[from].host),
                    sim_world_host(world, to->host), bytes);
    struct kith_input input = {.type = KITH_INPUT_FRAME,
                               .frame = {.link = to->link, .bytes = bytes}};
    sim_host_step(world, sim_world_host(world, to->host), &input);
}

/* Hand the receiver what has arrived, until it pauses. */
static void flow_deliver(struct sim_world *world, uint32_t conn_no, unsigned from)
{
    struct sim_conn *conn = world->wire.conns[conn_no];
    while (conn != NULL && !conn->is_cut && !conn->flows[from].is_frozen &&
           !conn->ends[1 - from].is_paused) {
        struct sim_packet *packet = packets_take(&conn->flows[from].held);
        if (packet == NULL)
            break;
        if (packet->is_fin)
            sim_end_down_after(world, conn, 1 - from, 0, packet->error);
        else
            deliver_frame(world, conn, from, packet);
        conn = world->wire.conns[conn_no];
        if (conn != NULL && !packet->is_fin)
            sim_echo_after(world, conn, from, kith_bytes(packet->bytes, packet->size));
        free(packet);
    }
    if (conn != NULL && !conn->is_cut)
        flow_pump(world, conn, from);
}

/* event: a = connection, b = from */
static void run_arrive(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut || conn->flows[event->b].is_frozen)
        return;
    struct sim_flow *flow = &conn->flows[event->b];
    struct sim_packet *packet = packets_take(&flow->flying);
    if (packet == NULL)
        return;
    packets_put(&flow->held, packet);
    flow_deliver(world, conn->no, (unsigned)event->b);
}

/* event: a = connection, b = from */
static void run_deliver(struct sim_world *world, const struct sim_event *event)
{
    if (world->wire.conns[event->a] != NULL)
        flow_deliver(world, (uint32_t)event->a, (unsigned)event->b);
}

/* How long it takes until every segment of a frame has got through; false when the
 * sender gives up. */
static bool resend_until_there(struct sim_world *world, size_t size, kith_time *out)
{
    const unsigned loss = world->wire.loss_percent;
    for (size_t at = 0; loss > 0 && at <= size; at += SEGMENT_SIZE) {
        kith_time spent = 0;
        for (unsigned i = 0; sim_rng_chance(&world->rng, loss); i++) {
            if (i == RESENDS_MAX)
                return false;
            spent += RESEND_AFTER << i;
            world->tally[SIM_TALLY_RESENT]++;
        }
        *out = spent > *out ? spent : *out;
    }
    return true;
}

static kith_time frame_delay(struct sim_world *world, const struct sim_conn *conn)
{
    const double shortest = (double)conn->delay;
    double extra = 0;
    switch (world->wire.delay) {
    case SIM_DELAY_ANY:
    case SIM_DELAY_UNIFORM:
        extra = (double)sim_rng_time(&world->rng, 0, conn->delay / 4);
        break;
    case SIM_DELAY_EXPONENTIAL:
        extra = sim_rng_exponential(&world->rng) * shortest / 2;
        break;
    case SIM_DELAY_PARETO:
        extra = (sim_rng_pareto(&world->rng, PARETO_SHAPE) - 1) * shortest;
        break;
    }
    return conn->delay + (kith_time)(extra < DELAY_EXTRA_MAX ? extra : DELAY_EXTRA_MAX);
}

/* The first waiting packet has left: it flies, its sender hears that it drained.
 * event: a = connection, b = from */
static void run_sent(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut || conn->flows[event->b].is_frozen)
        return;
    const unsigned from = (unsigned)event->b;
    struct sim_flow *flow = &conn->flows[from];
    flow->is_sending = false;
    struct sim_packet *packet = packets_take(&flow->waiting);
    if (packet == NULL)
        return;
    const size_t size = packet->size;
    kith_time retries = 0;
    if (!resend_until_there(world, size, &retries)) {
        free(packet);
        sim_wire_cut(world, conn, false, DEAD_NOTICE_MAX);
        return;
    }
    kith_time arrival = world->now + frame_delay(world, conn) + retries;
    if (arrival <= flow->arrival_last)
        arrival = flow->arrival_last + 1;
    flow->arrival_last = arrival;
    packets_put(&flow->flying, packet);
    sim_world_put(world, arrival - world->now,
                  (struct sim_event){.run = run_arrive, .a = conn->no, .b = from});
    flow_pump(world, conn, from);
    const struct sim_end *end = &conn->ends[from];
    if (size == 0 || !sim_end_listens(world, end))
        return;
    struct kith_input input = {.type = KITH_INPUT_LINK_DRAINED,
                               .drained = {.link = end->link, .size = size}};
    sim_host_step(world, sim_world_host(world, end->host), &input);
}

static void flow_pump(struct sim_world *world, struct sim_conn *conn, unsigned from)
{
    struct sim_flow *flow = &conn->flows[from];
    if (flow->is_sending || flow->waiting.first == NULL || flow->is_frozen ||
        flow->flying.size + flow->held.size >= UNREAD_SIZE_MAX)
        return;
    flow->is_sending = true;
    const uint64_t size = flow->waiting.first->size + PACKET_OVERHEAD;
    sim_world_put(world, (kith_time)(size * (uint64_t)KITH_SECOND / conn->rate),
                  (struct sim_event){.run = run_sent, .a = conn->no, .b = from});
}

void sim_wire_send(struct sim_world *world, struct sim_host *host, uint32_t link,
                   struct kith_bytes frame)
{
    unsigned end = 0;
    struct sim_conn *conn = sim_conn_of(world, host, link, &end);
    if (conn == NULL || conn->ends[end].is_closing) {
        sim_world_fail(world, "effects",
                       "host %" PRIu32 " sends on link %" PRIu32
                       ", which it was told is down or has closed",
                       host->no, link);
        return;
    }
    if (conn->is_cut) {
        /* A machine that is back answers what it knows nothing of with a reset. */
        const struct sim_end *other = &conn->ends[1 - end];
        if (sim_wire_can_dial(world, host->no, other->host) &&
            sim_host_is_up(sim_world_host(world, other->host)))
            sim_end_down_after(world, conn, end, 2 * conn->delay, KITH_ECLOSED);
        return;
    }
    struct sim_packet *packet = sim_zeroed(sizeof(*packet) + frame.size);
    packet->size = frame.size;
    memcpy(packet->bytes, frame.data, frame.size);
    struct sim_flow *flow = &conn->flows[end];
    world->tally[SIM_TALLY_BRIMFUL] += flow->waiting.size >= KITH_QUEUE_HIGH;
    packets_put(&flow->waiting, packet);
    if (flow->waiting.size > flow->waiting_size_max)
        flow->waiting_size_max = flow->waiting.size;
    if (flow->waiting.size > world->wire.waiting_size_max)
        world->wire.waiting_size_max = flow->waiting.size;
    flow_pump(world, conn, end);
}

void sim_conn_finish(struct sim_world *world, struct sim_conn *conn, unsigned end)
{
    if (conn->is_cut)
        return;
    struct sim_packet *fin = sim_zeroed(sizeof(*fin));
    fin->is_fin = true;
    fin->error = KITH_ECLOSED;
    packets_put(&conn->flows[end].waiting, fin);
    flow_pump(world, conn, end);
}

void sim_wire_close(struct sim_world *world, struct sim_host *host, uint32_t link,
                    int error)
{
    unsigned end = 0;
    struct sim_conn *conn = sim_conn_of(world, host, link, &end);
    if (conn == NULL) {
        sim_world_fail(world, "effects",
                       "host %" PRIu32 " closes link %" PRIu32
                       ", which it was told is down",
                       host->no, link);
        return;
    }
    if (conn->ends[end].is_closing)
        return;
    conn->ends[end].is_closing = true;
    sim_conn_finish(world, conn, end);
    sim_end_down_after(world, conn, end, 0, error);
}

void sim_wire_pause(struct sim_world *world, struct sim_host *host, uint32_t link,
                    bool is_paused)
{
    unsigned end = 0;
    struct sim_conn *conn = sim_conn_of(world, host, link, &end);
    if (conn == NULL)
        return;
    conn->ends[end].is_paused = is_paused;
    world->tally[SIM_TALLY_PAUSED] += is_paused;
    if (!is_paused)
        sim_world_put(
            world, 0,
            (struct sim_event){.run = run_deliver, .a = conn->no, .b = 1 - end});
}

static void take_flying(struct sim_flow *flow)
{
    struct sim_packet *packet;
    while ((packet = packets_take(&flow->flying)) != NULL)
        packets_put(&flow->held, packet);
}

/* event: a = connection, b = ways */
static void run_thaw(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut)
        return;
    for (unsigned from = 0; from < 2; from++) {
        struct sim_flow *flow = &conn->flows[from];
        if ((event->b & 1u << from) == 0)
            continue;
        /* What was under way when it froze arrives now. */
        take_flying(flow);
        flow->is_frozen = flow->is_sending = false;
        sim_world_put(world, 0,
                      (struct sim_event){.run = run_deliver, .a = conn->no, .b = from});
    }
}

void sim_wire_stall(struct sim_world *world, struct sim_conn *conn, unsigned ways,
                    kith_time duration)
{
    if (conn->is_cut || conn->flows[0].is_frozen || conn->flows[1].is_frozen)
        return;
    sim_world_say(world, 0, "x stall host %" PRIu32 " host %" PRIu32 " ways %u",
                  conn->ends[0].host, conn->ends[1].host, ways);
    conn->flows[0].is_frozen = (ways & 1) != 0;
    conn->flows[1].is_frozen = (ways & 2) != 0;
    sim_world_put(world, duration,
                  (struct sim_event){.run = run_thaw, .a = conn->no, .b = ways});
}

void sim_conn_flush(struct sim_world *world, uint32_t conn_no, unsigned from)
{
    struct sim_flow *flow = &world->wire.conns[conn_no]->flows[from];
    take_flying(flow);
    flow_deliver(world, conn_no, from);
}

void sim_conn_inject(struct sim_conn *conn, unsigned from, struct kith_bytes frame)
{
    struct sim_packet *packet = sim_zeroed(sizeof(*packet) + frame.size);
    packet->size = frame.size;
    memcpy(packet->bytes, frame.data, frame.size);
    packets_put(&conn->flows[from].held, packet);
}
