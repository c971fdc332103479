/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include "memory.h"
#include "wire_conn.h"
#include "world.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RATE_DEFAULT              UINT64_C(10000000) /* bytes a second */
#define REFUSED_AFTER(conn_delay) (2 * (conn_delay))
#define UNREACHABLE_AFTER         (5 * KITH_SECOND) /* as a dialler gives up */

void sim_wire_deinit(struct sim_wire *wire)
{
    for (size_t i = 0; i < wire->live_count; i++) {
        sim_conn_clear(wire->live[i]);
        free(wire->live[i]);
    }
    sim_echo_deinit(wire);
    free(wire->conns);
    free(wire->live);
    free(wire->blocked);
    free(wire->groups);
    *wire = (struct sim_wire){0};
}

uint32_t sim_wire_host_no(const struct kith_address *address)
{
    uint32_t no = 0, high = 0;
    if (sscanf(address->host, "host-%" SCNu32, &no) != 1 &&
        sscanf(address->host, "10.0.%" SCNu32 ".%" SCNu32, &high, &no) != 2)
        return 0;
    no += high << 8;
    return no > SIM_HOSTS_MAX ? 0 : no;
}

struct kith_address sim_wire_address(const struct sim_wire *wire, uint32_t host_no)
{
    struct kith_address address = {.port = KITH_PORT_DEFAULT};
    if (wire->has_addresses)
        snprintf(address.host, sizeof(address.host), "10.0.%" PRIu32 ".%" PRIu32,
                 host_no >> 8, host_no & 255);
    else
        snprintf(address.host, sizeof(address.host), "host-%" PRIu32, host_no);
    return address;
}

/* ---- ends ---- */

bool sim_end_is_alive(const struct sim_world *world, const struct sim_end *end)
{
    const struct sim_host *host = sim_world_host(world, end->host);
    return !end->is_gone && sim_host_is_up(host) && host->generation == end->generation;
}

bool sim_end_listens(const struct sim_world *world, const struct sim_end *end)
{
    return sim_end_is_alive(world, end) && end->is_up && !end->is_closing;
}

void sim_conn_free_if_gone(struct sim_world *world, struct sim_conn *conn)
{
    if (!conn->ends[0].is_gone || !conn->ends[1].is_gone)
        return;
    struct sim_wire *wire = &world->wire;
    struct sim_conn *last = wire->live[--wire->live_count];
    wire->live[conn->place] = last;
    last->place = conn->place;
    wire->conns[conn->no] = NULL;
    sim_conn_clear(conn);
    free(conn);
}

/* event: a = connection, b = end, error */
static void run_end_down(struct sim_world *world, const struct sim_event *event)
{
    struct sim_conn *conn = world->wire.conns[event->a];
    if (conn == NULL || conn->ends[event->b].is_gone)
        return;
    struct sim_end *end = &conn->ends[event->b];
    const bool is_told = sim_end_is_alive(world, end) && end->is_up;
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
        conn = world->wire.conns[event->a]; /* the process may have died of it */
    }
    if (conn != NULL)
        sim_conn_free_if_gone(world, conn);
}

void sim_end_down_after(struct sim_world *world, struct sim_conn *conn, unsigned end,
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
                    .remote = sim_wire_address(&world->wire, peer_no)}};
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
    if (sim_end_is_alive(world, &conn->ends[1]))
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

void sim_wire_set_rate(struct sim_world *world, struct sim_conn *conn, uint64_t rate)
{
    const uint64_t usual = world->wire.rate == 0 ? RATE_DEFAULT : world->wire.rate;
    conn->rate = rate == 0 ? usual : rate;
}

static struct sim_conn *conn_new(struct sim_world *world, uint32_t from, uint32_t to)
{
    struct sim_wire *wire = &world->wire;
    const uint32_t no = ++wire->conn_count;
    struct sim_conn *conn = sim_zeroed(sizeof(*conn));
    wire->conns = sim_grown(wire->conns, &wire->conn_capacity, no, sizeof(*wire->conns));
    wire->conns[no] = conn;
    wire->live = sim_grown(wire->live, &wire->live_capacity, wire->live_count,
                           sizeof(*wire->live));
    conn->no = no;
    conn->place = wire->live_count;
    wire->live[wire->live_count++] = conn;
    sim_wire_set_rate(world, conn, 0);
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
    if (!sim_wire_can_dial(world, host->no, target->no)) {
        dial_fails(world, host, dialling->dial, KITH_EUNREACHABLE, UNREACHABLE_AFTER);
        return;
    }
    if (!sim_host_is_up(target)) {
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
    world->tally[SIM_TALLY_REACHED] += world->wire.has_addresses && host->liar == NULL &&
                                       !sim_host_is_configured(host, dialling.target);
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

/* ---- what a process wants ---- */

struct sim_conn *sim_conn_of(const struct sim_world *world, const struct sim_host *host,
                             uint32_t link, unsigned *out_end)
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

void sim_wire_trust(struct sim_world *world, struct sim_host *host, uint32_t link)
{
    unsigned end = 0;
    struct sim_conn *conn = sim_conn_of(world, host, link, &end);
    if (conn != NULL)
        conn->ends[end].is_trusted = true;
}

/* ---- questions ---- */

static bool stands(const struct sim_world *world, const struct sim_conn *conn)
{
    return !conn->is_cut && sim_end_listens(world, &conn->ends[0]) &&
           sim_end_listens(world, &conn->ends[1]);
}

bool sim_conn_joins(const struct sim_conn *conn, uint32_t a, uint32_t b)
{
    return (conn->ends[0].host == a && conn->ends[1].host == b) ||
           (conn->ends[0].host == b && conn->ends[1].host == a);
}

size_t sim_wire_conn_count(const struct sim_world *world, uint32_t a, uint32_t b)
{
    size_t count = 0;
    for (size_t i = 0; i < world->wire.live_count; i++) {
        const struct sim_conn *conn = world->wire.live[i];
        count += stands(world, conn) && sim_conn_joins(conn, a, b);
    }
    return count;
}

struct sim_conn *sim_wire_conn(const struct sim_world *world, uint32_t a, uint32_t b)
{
    for (size_t i = 0; i < world->wire.live_count; i++) {
        struct sim_conn *conn = world->wire.live[i];
        if (stands(world, conn) && sim_conn_joins(conn, a, b))
            return conn;
    }
    return NULL;
}
