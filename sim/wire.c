/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include "memory.h"
#include "proto/frame.h"
#include "world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RATE_DEFAULT              UINT64_C(10000000) /* bytes a second */
#define REFUSED_AFTER(conn_delay) (2 * (conn_delay))
#define UNREACHABLE_AFTER         (5 * KITH_SECOND) /* as a dialler gives up */
#define UNREAD_SIZE_MAX           (256 * 1024) /* what the kernels hold of one flow */
#define FRAME_HEADER_SIZE         4
#define PACKET_OVERHEAD           60 /* headers and the TLS record, on the wire only */

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

static void conn_clear(struct sim_conn *conn)
{
    for (unsigned i = 0; i < 2; i++) {
        packets_clear(&conn->flows[i].waiting);
        packets_clear(&conn->flows[i].flying);
        packets_clear(&conn->flows[i].held);
    }
}

void sim_wire_deinit(struct sim_wire *wire)
{
    for (uint32_t no = 1; no <= wire->conn_count; no++) {
        if (wire->conns[no] == NULL)
            continue;
        conn_clear(wire->conns[no]);
        free(wire->conns[no]);
    }
    free(wire->conns);
    free(wire->blocked);
    *wire = (struct sim_wire){0};
}

uint32_t sim_wire_host_no(const struct kith_address *address)
{
    if (strncmp(address->host, "host-", 5) != 0)
        return 0;
    char *end = NULL;
    const unsigned long no = strtoul(address->host + 5, &end, 10);
    return *end != '\0' || no > SIM_HOSTS_MAX ? 0 : (uint32_t)no;
}

struct kith_address sim_wire_address(uint32_t host_no)
{
    struct kith_address address = {.port = KITH_PORT_DEFAULT};
    snprintf(address.host, sizeof(address.host), "host-%" PRIu32, host_no);
    return address;
}

static size_t pair_index(uint32_t a, uint32_t b)
{
    return a < b ? (size_t)a * SIM_HOSTS_MAX + b : (size_t)b * SIM_HOSTS_MAX + a;
}

bool sim_wire_is_blocked(const struct sim_world *world, uint32_t a, uint32_t b)
{
    return a < SIM_HOSTS_MAX && b < SIM_HOSTS_MAX &&
           world->wire.blocked[pair_index(a, b)];
}

/* ---- ends ---- */

static bool end_is_alive(const struct sim_world *world, const struct sim_end *end)
{
    const struct sim_host *host = sim_world_host(world, end->host);
    return !end->is_gone && host->node != NULL && host->generation == end->generation;
}

/* Does the process still want to hear of what comes through this end? */
static bool end_listens(const struct sim_world *world, const struct sim_end *end)
{
    return end_is_alive(world, end) && end->is_up && !end->is_closing;
}

static void conn_free_if_gone(struct sim_world *world, struct sim_conn *conn)
{
    if (!conn->ends[0].is_gone || !conn->ends[1].is_gone)
        return;
    world->wire.conns[conn->no] = NULL;
    conn_clear(conn);
    free(conn);
}

/* event: a = connection, b = end, error */
static void run_end_down(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->ends[event->b].is_gone)
        return;
    struct sim_end *end = &conn->ends[event->b];
    const bool is_told = end_is_alive(world, end) && end->is_up;
    end->is_gone = true;
    if (is_told) {
        struct sim_host *host = sim_world_host(world, end->host);
        host->links[end->link] = 0;
        sim_world_say(world, host->no, "< DOWN link %" PRIu32 " %s", end->link,
                      kith_error_name(event->error));
        struct kith_input input = {
            .type = KITH_INPUT_LINK_DOWN,
            .link_down = {.link = end->link, .error = event->error}};
        sim_host_step(world, host, &input);
    }
    conn_free_if_gone(world, conn);
}

static void end_down_after(struct sim_world *world, struct sim_conn *conn, unsigned end,
                           kith_time after, int error)
{
    sim_world_put(
        world, after,
        (struct sim_event){.run = run_end_down, .a = conn->no, .b = end, .error = error});
}

static void end_up(struct sim_world *world, struct sim_conn *conn, unsigned index)
{
    struct sim_end *end = &conn->ends[index];
    struct sim_host *host = sim_world_host(world, end->host);
    const uint32_t peer_no = conn->ends[1 - index].host;
    end->is_up = true;
    end->link = ++host->link_next;
    host->links =
        sim_grown(host->links, &host->link_capacity, end->link, sizeof(*host->links));
    host->links[end->link] = conn->no;
    struct kith_input input = {
        .type = KITH_INPUT_LINK_UP,
        .link_up = {.link = end->link,
                    .dial = index == 0 ? conn->dial : 0,
                    .role = index == 0 ? KITH_ROLE_DIALLER : KITH_ROLE_LISTENER,
                    .is_lan = world->wire.is_lan,
                    .peer = sim_world_host(world, peer_no)->identity.id,
                    .remote = sim_wire_address(peer_no)}};
    if (index == 1) /* as a listener sees it: a port of the dialler's choice */
        input.link_up.remote.port = (uint16_t)(32768 + conn->no % 28000);
    memcpy(input.link_up.exporter_net, conn->exporter_net, KITH_EXPORTER_SIZE);
    memcpy(input.link_up.exporter_room, conn->exporter_room, KITH_EXPORTER_SIZE);
    sim_world_say(world, host->no, "< UP link %" PRIu32 " %s of host %" PRIu32, end->link,
                  index == 0 ? "dialler" : "listener", peer_no);
    sim_host_step(world, host, &input);
}

/* event: a = connection */
static void run_listener_up(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut || conn->ends[1].is_gone)
        return;
    if (end_is_alive(world, &conn->ends[1]))
        end_up(world, conn, 1);
}

/* ---- dialling ---- */

struct dialling {
    uint32_t dial;
    uint32_t target;
    bool has_expected;
    struct kith_id expected;
    kith_time delay;
};

/* event: host, b = dial, error */
static void run_dial_failed(struct sim_world *world, const struct sim_event *event)
{
    struct kith_input input = {
        .type = KITH_INPUT_DIAL_FAILED,
        .dial_failed = {.dial = (uint32_t)event->b, .error = event->error}};
    sim_world_say(world, event->host, "< DIAL_FAILED %" PRIu64 " %s", event->b,
                  kith_error_name(event->error));
    sim_host_step(world, sim_world_host(world, event->host), &input);
}

static void dial_fails(struct sim_world *world, const struct sim_host *host,
                       uint32_t dial, int error, kith_time after)
{
    sim_world_put(world, after,
                  (struct sim_event){.run = run_dial_failed,
                                     .host = host->no,
                                     .generation = host->generation,
                                     .b = dial,
                                     .error = error});
}

static struct sim_conn *conn_new(struct sim_world *world, uint32_t from, uint32_t to)
{
    struct sim_wire *wire = &world->wire;
    const uint32_t no = ++wire->conn_count;
    struct sim_conn *conn = sim_zeroed(sizeof(*conn));
    wire->conns = sim_grown(wire->conns, &wire->conn_capacity, no, sizeof(*wire->conns));
    wire->conns[no] = conn;
    conn->no = no;
    conn->rate = wire->rate == 0 ? RATE_DEFAULT : wire->rate;
    const uint32_t hosts[2] = {from, to};
    for (unsigned i = 0; i < 2; i++)
        conn->ends[i] = (struct sim_end){
            .host = hosts[i], .generation = sim_world_host(world, hosts[i])->generation};
    const struct kith_rng source = sim_rng_source(&world->rng);
    kith_rng_fill(&source, conn->exporter_net, sizeof(conn->exporter_net));
    kith_rng_fill(&source, conn->exporter_room, sizeof(conn->exporter_room));
    return conn;
}

/* event: host, generation of the dialler; owned = struct dialling */
static void run_dial(struct sim_world *world, const struct sim_event *event)
{
    const struct dialling *dialling = event->owned;
    struct sim_host *host = sim_world_host(world, event->host);
    struct sim_host *target = sim_world_host(world, dialling->target);
    if (sim_wire_is_blocked(world, host->no, target->no)) {
        dial_fails(world, host, dialling->dial, KITH_EUNREACHABLE, UNREACHABLE_AFTER);
        return;
    }
    if (target->node == NULL) {
        dial_fails(world, host, dialling->dial, KITH_EREFUSED, 0);
        return;
    }
    if (dialling->has_expected &&
        !kith_id_equal(&dialling->expected, &target->identity.id)) {
        dial_fails(world, host, dialling->dial, KITH_EIDENTITY, 0);
        return;
    }
    struct sim_conn *conn = conn_new(world, host->no, target->no);
    conn->dial = dialling->dial;
    conn->delay = dialling->delay;
    conn->jitter = dialling->delay / 4;
    conn->flows[0].arrival_last = conn->flows[1].arrival_last = world->now + conn->delay;
    sim_world_put(world, conn->delay,
                  (struct sim_event){.run = run_listener_up, .a = conn->no});
    end_up(world, conn, 0);
}

void sim_wire_dial(struct sim_world *world, struct sim_host *host, uint32_t dial,
                   const struct kith_address *address, const struct kith_id *expected)
{
    struct dialling dialling = {.dial = dial, .target = sim_wire_host_no(address)};
    dialling.delay =
        sim_rng_time(&world->rng, world->wire.delay_min, world->wire.delay_max);
    if (expected != NULL) {
        dialling.has_expected = true;
        dialling.expected = *expected;
    }
    if (dialling.target == 0 || sim_world_host(world, dialling.target) == NULL) {
        dial_fails(world, host, dial, KITH_ERESOLVE, dialling.delay);
        return;
    }
    if (address->port != KITH_PORT_DEFAULT) {
        dial_fails(world, host, dial, KITH_EREFUSED, REFUSED_AFTER(dialling.delay));
        return;
    }
    sim_world_put(world, 3 * dialling.delay,
                  (struct sim_event){.run = run_dial,
                                     .host = host->no,
                                     .generation = host->generation,
                                     .owned = sim_copied(&dialling, sizeof(dialling))});
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
    if (!end_listens(world, to))
        return;
    struct sim_wire *wire = &world->wire;
    if (wire->tamper != NULL &&
        !wire->tamper(wire->tamper_ctx, conn, from, packet->bytes, packet->size))
        return;
    if (frame_error(to, packet) != 0) {
        end_down_after(world, conn, 1 - from, 0, KITH_ETOOBIG);
        return;
    }
    wire->frame_count++;
    wire->byte_count += packet->size;
    const struct kith_bytes bytes =
        kith_bytes(packet->bytes + FRAME_HEADER_SIZE, packet->size - FRAME_HEADER_SIZE);
    sim_world_say(world, to->host, "< FRAME link %" PRIu32 " type %02x size %zu",
                  to->link, bytes.size == 0 ? 0u : bytes.data[0], bytes.size);
    struct kith_input input = {.type = KITH_INPUT_FRAME,
                               .frame = {.link = to->link, .bytes = bytes}};
    sim_host_step(world, sim_world_host(world, to->host), &input);
}

/* Hand the receiver what has arrived, until it pauses. */
static void flow_deliver(struct sim_world *world, uint32_t conn_no, unsigned from)
{
    struct sim_conn *conn = world->wire.conns[conn_no];
    while (conn != NULL && !conn->is_cut && !conn->is_frozen &&
           !conn->ends[1 - from].is_paused) {
        struct sim_packet *packet = packets_take(&conn->flows[from].held);
        if (packet == NULL)
            break;
        if (packet->is_fin)
            end_down_after(world, conn, 1 - from, 0, packet->error);
        else
            deliver_frame(world, conn, from, packet);
        free(packet);
        conn = world->wire.conns[conn_no];
    }
    if (conn != NULL && !conn->is_cut)
        flow_pump(world, conn, from);
}

/* event: a = connection, b = from */
static void run_arrive(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut || conn->is_frozen)
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

/* The first waiting packet has left: it flies, its sender hears that it drained.
 * event: a = connection, b = from */
static void run_sent(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut || conn->is_frozen)
        return;
    const unsigned from = (unsigned)event->b;
    struct sim_flow *flow = &conn->flows[from];
    flow->is_sending = false;
    struct sim_packet *packet = packets_take(&flow->waiting);
    if (packet == NULL)
        return;
    const size_t size = packet->size;
    kith_time arrival =
        world->now + conn->delay + sim_rng_time(&world->rng, 0, conn->jitter);
    if (arrival <= flow->arrival_last)
        arrival = flow->arrival_last + 1;
    flow->arrival_last = arrival;
    packets_put(&flow->flying, packet);
    sim_world_put(world, arrival - world->now,
                  (struct sim_event){.run = run_arrive, .a = conn->no, .b = from});
    flow_pump(world, conn, from);
    const struct sim_end *end = &conn->ends[from];
    if (size == 0 || !end_listens(world, end))
        return;
    struct kith_input input = {.type = KITH_INPUT_LINK_DRAINED,
                               .drained = {.link = end->link, .size = size}};
    sim_host_step(world, sim_world_host(world, end->host), &input);
}

static void flow_pump(struct sim_world *world, struct sim_conn *conn, unsigned from)
{
    struct sim_flow *flow = &conn->flows[from];
    if (flow->is_sending || flow->waiting.first == NULL || conn->is_frozen ||
        flow->flying.size + flow->held.size >= UNREAD_SIZE_MAX)
        return;
    flow->is_sending = true;
    const uint64_t size = flow->waiting.first->size + PACKET_OVERHEAD;
    sim_world_put(world, (kith_time)(size * (uint64_t)KITH_SECOND / conn->rate),
                  (struct sim_event){.run = run_sent, .a = conn->no, .b = from});
}

/* ---- what a process wants ---- */

static struct sim_conn *conn_of(const struct sim_world *world,
                                const struct sim_host *host, uint32_t link,
                                unsigned *out_end)
{
    if (link == 0 || link > host->link_next || host->links[link] == 0)
        return NULL;
    struct sim_conn *conn = world->wire.conns[host->links[link]];
    if (conn == NULL)
        return NULL;
    /* A host may be linked with itself: both ends are its own. */
    for (unsigned i = 0; i < 2; i++) {
        if (conn->ends[i].host == host->no && conn->ends[i].link == link) {
            *out_end = i;
            return conn;
        }
    }
    return NULL;
}

void sim_wire_send(struct sim_world *world, struct sim_host *host, uint32_t link,
                   struct kith_bytes frame)
{
    unsigned end = 0;
    struct sim_conn *conn = conn_of(world, host, link, &end);
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
        if (!sim_wire_is_blocked(world, host->no, other->host) &&
            sim_world_host(world, other->host)->node != NULL)
            end_down_after(world, conn, end, 2 * conn->delay, KITH_ECLOSED);
        return;
    }
    struct sim_packet *packet = sim_zeroed(sizeof(*packet) + frame.size);
    packet->size = frame.size;
    memcpy(packet->bytes, frame.data, frame.size);
    struct sim_flow *flow = &conn->flows[end];
    packets_put(&flow->waiting, packet);
    if (flow->waiting.size > flow->waiting_size_max)
        flow->waiting_size_max = flow->waiting.size;
    flow_pump(world, conn, end);
}

void sim_wire_close(struct sim_world *world, struct sim_host *host, uint32_t link,
                    int error)
{
    unsigned end = 0;
    struct sim_conn *conn = conn_of(world, host, link, &end);
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
    if (!conn->is_cut) {
        struct sim_packet *fin = sim_zeroed(sizeof(*fin));
        fin->is_fin = true;
        fin->error = KITH_ECLOSED;
        packets_put(&conn->flows[end].waiting, fin);
        flow_pump(world, conn, end);
    }
    end_down_after(world, conn, end, 0, error);
}

void sim_wire_pause(struct sim_world *world, struct sim_host *host, uint32_t link,
                    bool is_paused)
{
    unsigned end = 0;
    struct sim_conn *conn = conn_of(world, host, link, &end);
    if (conn == NULL)
        return;
    conn->ends[end].is_paused = is_paused;
    if (!is_paused)
        sim_world_put(
            world, 0,
            (struct sim_event){.run = run_deliver, .a = conn->no, .b = 1 - end});
}

void sim_wire_trust(struct sim_world *world, struct sim_host *host, uint32_t link)
{
    unsigned end = 0;
    struct sim_conn *conn = conn_of(world, host, link, &end);
    if (conn != NULL)
        conn->ends[end].is_trusted = true;
}

/* ---- faults ---- */

void sim_wire_cut(struct sim_world *world, struct sim_conn *conn, bool is_silent,
                  kith_time notice_max)
{
    if (conn->is_cut)
        return;
    sim_world_say(world, 0, "x cut host %" PRIu32 " host %" PRIu32 "%s",
                  conn->ends[0].host, conn->ends[1].host, is_silent ? " silent" : "");
    conn->is_cut = true;
    conn_clear(conn);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_end *end = &conn->ends[i];
        if (!end->is_up || !end_is_alive(world, end))
            end->is_gone = true;
        else if (!is_silent)
            end_down_after(world, conn, i, sim_rng_time(&world->rng, 0, notice_max),
                           KITH_ECLOSED);
    }
    conn_free_if_gone(world, conn);
}

/* event: a = connection */
static void run_thaw(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->is_cut)
        return;
    conn->is_frozen = false;
    for (unsigned from = 0; from < 2; from++) {
        struct sim_flow *flow = &conn->flows[from];
        /* What was under way when it froze arrives now. */
        struct sim_packet *packet;
        while ((packet = packets_take(&flow->flying)) != NULL)
            packets_put(&flow->held, packet);
        flow->is_sending = false;
        sim_world_put(world, 0,
                      (struct sim_event){.run = run_deliver, .a = conn->no, .b = from});
    }
}

void sim_wire_stall(struct sim_world *world, struct sim_conn *conn, kith_time duration)
{
    if (conn->is_cut || conn->is_frozen)
        return;
    sim_world_say(world, 0, "x stall host %" PRIu32 " host %" PRIu32, conn->ends[0].host,
                  conn->ends[1].host);
    conn->is_frozen = true;
    sim_world_put(world, duration, (struct sim_event){.run = run_thaw, .a = conn->no});
}

static bool joins(const struct sim_conn *conn, uint32_t a, uint32_t b)
{
    return (conn->ends[0].host == a && conn->ends[1].host == b) ||
           (conn->ends[0].host == b && conn->ends[1].host == a);
}

void sim_wire_block(struct sim_world *world, uint32_t a, uint32_t b, bool is_blocked,
                    bool is_silent)
{
    struct sim_wire *wire = &world->wire;
    if (wire->blocked[pair_index(a, b)] == is_blocked)
        return;
    sim_world_say(world, 0, "x %s host %" PRIu32 " host %" PRIu32,
                  is_blocked ? "block" : "unblock", a, b);
    wire->blocked[pair_index(a, b)] = is_blocked;
    if (!is_blocked)
        return;
    for (uint32_t no = 1; no <= wire->conn_count; no++) {
        if (wire->conns[no] != NULL && joins(wire->conns[no], a, b))
            sim_wire_cut(world, wire->conns[no], is_silent, KITH_SECOND);
    }
}

void sim_wire_host_gone(struct sim_world *world, uint32_t host, bool is_silent)
{
    struct sim_wire *wire = &world->wire;
    for (uint32_t no = 1; no <= wire->conn_count; no++) {
        struct sim_conn *conn = wire->conns[no];
        if (conn == NULL || (conn->ends[0].host != host && conn->ends[1].host != host))
            continue;
        if (conn->is_cut) {
            for (unsigned i = 0; i < 2; i++) {
                if (conn->ends[i].host == host)
                    conn->ends[i].is_gone = true;
            }
            conn_free_if_gone(world, conn);
        } else {
            sim_wire_cut(world, conn, is_silent, conn->delay);
        }
    }
}

/* ---- questions ---- */

static bool stands(const struct sim_world *world, const struct sim_conn *conn)
{
    return conn != NULL && !conn->is_cut && end_listens(world, &conn->ends[0]) &&
           end_listens(world, &conn->ends[1]);
}

size_t sim_wire_conn_count(const struct sim_world *world, uint32_t a, uint32_t b)
{
    size_t count = 0;
    for (uint32_t no = 1; no <= world->wire.conn_count; no++) {
        const struct sim_conn *conn = world->wire.conns[no];
        count += stands(world, conn) && joins(conn, a, b);
    }
    return count;
}

struct sim_conn *sim_wire_conn(const struct sim_world *world, uint32_t a, uint32_t b)
{
    for (uint32_t no = world->wire.conn_count; no > 0; no--) {
        struct sim_conn *conn = world->wire.conns[no];
        if (stands(world, conn) && joins(conn, a, b))
            return conn;
    }
    return NULL;
}
