/* SPDX-License-Identifier: MIT */
/* The network of a simulated world.
 *
 * Host n is reached at "host-n:4747", a name, which nodes tell nobody; or, where it has
 * an address that they tell one another, at 10.0.x.y. A dial takes three delays and gives
 * a connection with two ends: the dialler's is up first, the listener's one delay later.
 * Frames go through a flow each way: queued at the sender, sent at a rate (DRAINED tells
 * when they have left), delivered in order after a delay, held back while the receiver is
 * paused. A cut loses everything under way; the ends hear of it at times of their own, or
 * never.
 */
#ifndef KITH_SIM_WIRE_H
#define KITH_SIM_WIRE_H

#include "core/node.h"
#include "rng.h"

#define SIM_HOSTS_MAX 512

struct sim_world;
struct sim_host;

struct sim_packet {
    struct sim_packet *next; /* owned by the queue it is in */
    bool is_fin;             /* the sender closed: nothing follows */
    int error;               /* FIN: what the receiver is told */
    size_t size;
    uint8_t bytes[]; /* a whole frame */
};

struct sim_packets {
    struct sim_packet *first;
    struct sim_packet *last;
    size_t size;
};

struct sim_flow {
    struct sim_packets waiting; /* at the sender; the first is being sent */
    struct sim_packets flying;
    struct sim_packets held; /* arrived; the receiver is paused */
    bool is_sending;
    bool is_frozen;         /* nothing moves this way for a while */
    kith_time arrival_last; /* nothing arrives before what went before it */
    size_t waiting_size_max;
};

struct sim_end {
    uint32_t host;
    uint32_t generation; /* of the process that has it */
    uint32_t link;       /* 0 before LINK_UP */
    bool is_up;          /* LINK_UP was told, LINK_DOWN was not */
    bool is_closing;     /* the process asked to close: hears nothing more but DOWN */
    bool is_gone;
    bool is_trusted;
    bool is_paused;
};

struct sim_conn {
    uint32_t no;
    size_t place; /* among those that live */
    uint32_t dial;
    struct sim_end ends[2];   /* the dialler's, the listener's */
    struct sim_flow flows[2]; /* from the end of the same index */
    bool is_cut;              /* nothing moves any more */
    kith_time delay;          /* the shortest, one way */
    uint64_t rate;            /* bytes a second, each way */
    uint8_t exporter_net[KITH_EXPORTER_SIZE];
    uint8_t exporter_room[KITH_EXPORTER_SIZE];
};

/* May change the bytes of a frame under way; false drops it (scenarios only). */
typedef bool sim_tamper(void *ctx, const struct sim_conn *conn, unsigned from,
                        uint8_t *bytes, size_t size);

/* How long a frame takes beyond the shortest delay of its connection. */
enum sim_delay {
    SIM_DELAY_ANY,         /* chosen by the seed */
    SIM_DELAY_UNIFORM,     /* up to a quarter of it */
    SIM_DELAY_EXPONENTIAL, /* half of it on average */
    SIM_DELAY_PARETO,      /* mostly little, now and then very long (shape 1.2) */
};

/* A run that was under way when its link was cut: it arrived, and is sent again over the
 * next link of the two, as one does who never heard that it did. */
struct sim_echo {
    uint32_t from;
    uint32_t to;
    struct kith_id room;
    struct kith_bytes run; /* owned */
};

struct sim_wire {
    struct sim_conn **conns; /* by number; 0 is unused; those gone are NULL */
    size_t conn_capacity;
    uint32_t conn_count; /* the highest number */
    struct sim_conn **live;
    size_t live_count;
    size_t live_capacity;
    bool *blocked;   /* [from * SIM_HOSTS_MAX + to]: the one cannot dial the other */
    uint8_t *groups; /* by host: of different groups none reaches another */
    struct sim_echo *echoes;
    size_t echo_count;
    size_t echo_capacity;
    sim_tamper *tamper;
    void *tamper_ctx;
    /* What new connections are like. */
    kith_time delay_min;
    kith_time delay_max;
    enum sim_delay delay;
    unsigned loss_percent; /* of segments, each sent again after a while */
    uint64_t rate;
    bool is_lan;
    bool has_addresses;   /* of hosts; else they have names */
    uint64_t frame_count; /* delivered */
    uint64_t byte_count;
    size_t waiting_size_max; /* of any flow, ever */
};

void sim_wire_deinit(struct sim_wire *wire);

/* What a process wants done. Answers come as events, never at once. */
void sim_wire_dial(struct sim_world *world, struct sim_host *host, uint32_t dial,
                   const struct kith_address *address, const struct kith_id *expected);
void sim_wire_send(struct sim_world *world, struct sim_host *host, uint32_t link,
                   struct kith_bytes frame);
void sim_wire_close(struct sim_world *world, struct sim_host *host, uint32_t link,
                    int error);
void sim_wire_pause(struct sim_world *world, struct sim_host *host, uint32_t link,
                    bool is_paused);
void sim_wire_trust(struct sim_world *world, struct sim_host *host, uint32_t link);

/* Faults. A cut is noticed by either end within `notice_max`, each at its own time, or by
 * neither when silent. */
void sim_wire_cut(struct sim_world *world, struct sim_conn *conn, bool is_silent,
                  kith_time notice_max);
/* What was under way arrives just before the cut; its runs arrive once more over the next
 * connection of the two hosts (wire_echo.c). */
void sim_wire_cut_doubling(struct sim_world *world, struct sim_conn *conn,
                           kith_time notice_max);
/* Nothing moves in the directions given (bit 0: from the dialler, bit 1: to it) for a
 * while, then all goes on. */
void sim_wire_stall(struct sim_world *world, struct sim_conn *conn, unsigned ways,
                    kith_time duration);
/* Bytes a second, each way, from the next frame on; 0: as a new one has. */
void sim_wire_set_rate(struct sim_world *world, struct sim_conn *conn, uint64_t rate);
/* No way between two hosts (or again one); what they have is cut. */
void sim_wire_block(struct sim_world *world, uint32_t a, uint32_t b, bool is_blocked,
                    bool is_silent);
/* The same for dials by `from` alone: the other may dial. */
void sim_wire_block_dials(struct sim_world *world, uint32_t from, uint32_t to,
                          bool is_blocked);
/* Put a host into a group; what it has with hosts of other groups is cut. */
void sim_wire_separate(struct sim_world *world, uint32_t host, uint8_t group,
                       bool is_silent);
bool sim_wire_can_dial(const struct sim_world *world, uint32_t from, uint32_t to);
/* The process of `host` has gone: its connections end. What it sent is lost; or, where
 * only the process died, still arrives. */
void sim_wire_host_gone(struct sim_world *world, uint32_t host, bool is_silent);
void sim_wire_host_killed(struct sim_world *world, uint32_t host);

/* Connections that stand (up at both ends) between two hosts. */
size_t sim_wire_conn_count(const struct sim_world *world, uint32_t a, uint32_t b);
/* One of them; NULL when there is none. */
struct sim_conn *sim_wire_conn(const struct sim_world *world, uint32_t a, uint32_t b);

/* The host that has the name or address; 0 when none has. */
uint32_t sim_wire_host_no(const struct kith_address *address);
struct kith_address sim_wire_address(const struct sim_wire *wire, uint32_t host_no);

#endif
