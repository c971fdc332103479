/* SPDX-License-Identifier: MIT */
/* A simulated machine: a home (identity, disk) that stays, and a process (the core) that
 * comes and goes. Carries out the core's effects, tells checkers what it sees. */
#ifndef KITH_SIM_HOST_H
#define KITH_SIM_HOST_H

#include "disk.h"
#include "identity.h"
#include "memory.h"
#include "rng.h"

#define SIM_PEERS_MAX 64 /* configured peers of a host */

struct sim_world;
struct sim_liar;

/* Where a process may die: just before a STORE, a commit or a SEND, or just after a
 * commit, which its core has not heard of yet. */
enum sim_point {
    SIM_POINT_PUT = 1,
    SIM_POINT_COMMIT = 2,
    SIM_POINT_COMMITTED = 4,
    SIM_POINT_SEND = 8,
    SIM_POINT_ANY = 15,
};

/* A death to come: at one of `points`, when `skipped` of them have passed. */
struct sim_crash {
    unsigned points; /* 0: none */
    uint64_t skipped;
    kith_time down; /* it starts again after so long */
};

/* A notice people got, as far as scenarios ask for it. MESSAGE and REPLY to SEND go to
 * the ledger instead. */
struct sim_notice {
    kith_time at;
    uint32_t generation;
    enum kith_notice_type type;
    enum kith_peer_change change; /* PEER */
    enum kith_warning warning;    /* WARNING */
    struct kith_id peer;          /* PEER, WARNING, DELIVERY, REPLY to CONNECT */
    struct kith_name name;        /* PEER: as it is now */
    int error;                    /* REPLY, WARNING */
    uint64_t token;               /* REPLY */
    uint32_t log_no;              /* DELIVERY */
    uint64_t seq;                 /* DELIVERY */
};

/* What one log of one author has shown here, over all processes. */
struct sim_shown_log {
    struct kith_id author;
    struct kith_log_id log;
    uint64_t seq;
    uint32_t text_no;    /* the last that was shown of it */
    uint32_t generation; /* of the process that showed it */
};

struct sim_load {
    uint64_t load_no;
    uint32_t log_no;
    uint64_t seq_from, seq_last;
    size_t bytes_max;
};

struct sim_host {
    uint32_t no;
    bool is_copy;   /* copied or put back: its author may fork */
    bool has_left;  /* for good */
    bool is_spared; /* habits leave it alone; its links they do not */
    struct kith_name name;
    struct sim_identity identity;
    uint8_t network_key[KITH_NETWORK_KEY_SIZE];
    uint8_t marker[KITH_MARKER_SIZE];
    struct sim_disk disk;
    struct sim_disk *snapshot;      /* what a power cut leaves; NULL: nothing was taken */
    struct sim_disk_log *logs_lost; /* by number: as the last power cut found them */
    uint32_t log_lost_max;
    kith_time wall_base; /* wall = base + virtual time */
    kith_time mono_base;
    uint32_t peers[SIM_PEERS_MAX];
    size_t peer_count; /* dialled at every start, as --peer */
    kith_time disk_full_until;
    kith_time disk_broken_until; /* it says no more of it */
    kith_time disk_slow_until;
    size_t start_fail_in; /* as the heap's, for the next process */
    bool has_run_short;   /* an allocation failed, in a process that is over */

    /* The process. */
    struct kith_node *node; /* NULL while down */
    struct sim_liar *liar;  /* owned; in place of a node */
    struct sim_crash crash;
    uint64_t point_count; /* passed, of all processes */
    uint32_t generation;
    struct sim_heap heap;
    bool is_out_of_memory; /* it ends, and takes no more steps */
    struct sim_rng rng;
    uint32_t *links; /* connection number by link number */
    size_t link_capacity;
    uint32_t link_next;
    kith_time timer_at; /* the earliest timer event under way */
    bool has_commit;    /* a commit is under way, or its STORED */
    uint64_t store_no;  /* of the last STORE */
    struct sim_load *loads;
    size_t load_count;
    size_t load_capacity;
    uint64_t arrival_last; /* of MESSAGE notices */
    kith_time second;      /* livelock: steps within this second */
    uint32_t second_steps;

    /* What people saw, over all processes. */
    uint8_t *shown; /* by text number */
    size_t shown_capacity;
    uint32_t *committed_in; /* by text number: generation of the process */
    size_t committed_in_capacity;
    struct sim_shown_log *shown_logs;
    size_t shown_log_count;
    size_t shown_log_capacity;
    struct sim_notice *notices;
    size_t notice_count;
    size_t notice_capacity;
    size_t heap_peak;
};

/* A host with an empty home; named "host-N" when `name` is NULL. Returns its number. */
uint32_t sim_host_add(struct sim_world *world, const char *name);
/* A host whose home is a copy of another's, which is not to be running a transaction. */
uint32_t sim_host_add_copy(struct sim_world *world, uint32_t of);
void sim_host_free(struct sim_host *host);

/* Peers dialled at every start; takes effect at the next. */
void sim_host_configure(struct sim_world *world, uint32_t host, uint32_t peer);
bool sim_host_is_configured(const struct sim_host *host, uint32_t peer);
void sim_host_start(struct sim_world *world, uint32_t host);
/* The process dies; what is committed stays. Silent: the network went first. */
void sim_host_crash(struct sim_world *world, uint32_t host, bool is_silent);
/* Only the process dies: what it sent still arrives. */
void sim_host_kill(struct sim_world *world, uint32_t host);
void sim_host_start_later(struct sim_world *world, uint32_t host, kith_time after);
/* Let the process die at one of `points`, once `skipped` of them have passed. */
void sim_host_crash_at(struct sim_world *world, uint32_t host, unsigned points,
                       uint64_t skipped, kith_time down);
/* It is at one of them. True when it died there, and its effects with it. */
bool sim_host_point(struct sim_world *world, struct sim_host *host, enum sim_point point);
/* It goes and never comes back. */
void sim_host_depart(struct sim_world *world, uint32_t host);
/* Whoever has this host's identity and has not left; NULL when nobody does. */
struct sim_host *sim_host_present(const struct sim_world *world, uint32_t host);
/* Have two hosts one identity? */
bool sim_host_is_same(const struct sim_world *world, uint32_t a, uint32_t b);
static inline bool sim_host_is_up(const struct sim_host *host)
{
    return host->node != NULL || host->liar != NULL;
}
/* The allocation `fail_in` from now on fails (1: the next one); of the next process, if
 * none runs. Where that ends it, another one starts a second later. */
void sim_host_run_short(struct sim_world *world, uint32_t host, size_t fail_in);
/* Did it run out, as it was told to? Then it ends, after all that is under way now. */
bool sim_host_is_out_of_memory(struct sim_world *world, struct sim_host *host, int error);

/* Remember the disk as it is (false while a transaction is open); and, later, go back to
 * it: the power fails, and what was not synced is gone. The next start is another boot,
 * unless `is_same_boot`: a virtual machine put back, which cannot know. */
bool sim_host_snapshot(struct sim_world *world, uint32_t host);
void sim_host_power_cut(struct sim_world *world, uint32_t host, bool is_same_boot);
/* The process ends in good order: STOP, then gone once its goodbyes have left. */
void sim_host_stop(struct sim_world *world, uint32_t host);

/* Commands. They return the token of the reply (0 when the host is down); saying returns
 * the number of the text (of the first, when several). `to` 0 is the lobby, SIM_ROOM | n
 * the open room "room-n". */
uint32_t sim_host_say(struct sim_world *world, uint32_t host, uint32_t to,
                      const char *tail);
uint32_t sim_host_say_many(struct sim_world *world, uint32_t host, uint32_t to,
                           const struct kith_bytes *tails, size_t count);
uint64_t sim_host_connect(struct sim_world *world, uint32_t host, uint32_t to);
/* As a configured peer: dialled until linked, and again, with nobody waiting. */
void sim_host_keep_dialling(struct sim_world *world, uint32_t host, uint32_t to);
uint64_t sim_host_disconnect(struct sim_world *world, uint32_t host, uint32_t from);
uint64_t sim_host_rename(struct sim_world *world, uint32_t host, const char *name);
/* `room` is SIM_ROOM | n. */
uint64_t sim_host_join(struct sim_world *world, uint32_t host, uint32_t room);
uint64_t sim_host_leave(struct sim_world *world, uint32_t host, uint32_t room);

/* Feed the core one input; `input->now` is set here. Nothing happens while down. */
void sim_host_step(struct sim_world *world, struct sim_host *host,
                   struct kith_input *input);

/* Carry out STORE and LOAD (host_disk.c). */
void sim_host_store(struct sim_world *world, struct sim_host *host, uint64_t store_no,
                    const struct kith_record *record);
void sim_host_load(struct sim_world *world, struct sim_host *host,
                   const struct sim_load *load);

/* What people are told (host_people.c). */
void sim_host_tell(struct sim_world *world, struct sim_host *host,
                   const struct kith_notice *notice);

/* The process is no more, its memory freed; returns how many blocks it left. Nobody else
 * hears of it. */
size_t sim_host_end(struct sim_host *host);
void sim_host_forget_snapshot(struct sim_host *host);

/* The id of peer `no` as the running node numbers it; its own for 0. */
struct kith_id sim_host_peer_id(const struct sim_host *host, uint32_t no);

/* Questions for scenarios. */
bool sim_host_has_text(const struct sim_world *world, uint32_t host, uint32_t text_no);
bool sim_host_has_shown(const struct sim_world *world, uint32_t host, uint32_t text_no);
/* Is `host` in that open room (0: the lobby), or was it ever? As its disk has it. */
bool sim_host_is_in(const struct sim_host *host, uint32_t room);
bool sim_host_was_in(const struct sim_host *host, uint32_t room);
/* Does `host` believe that `peer` is linked? */
bool sim_host_sees(const struct sim_world *world, uint32_t host, uint32_t peer);
/* What `host` calls `peer`; "" when it does not know it. */
const char *sim_host_name_of(const struct sim_world *world, uint32_t host, uint32_t peer);
/* Is the (stored) direct text delivered, as its author knows? */
bool sim_host_is_delivered(const struct sim_world *world, uint32_t text_no);
/* Notices about `peer` (0: about anyone) of a kind, of all processes. */
size_t sim_host_count_peer_notices(const struct sim_world *world, uint32_t host,
                                   uint32_t peer, enum kith_peer_change change);
size_t sim_host_count_warnings(const struct sim_world *world, uint32_t host,
                               enum kith_warning warning);
/* The reply to a token; NULL when there is none yet. */
const struct sim_notice *sim_host_reply(const struct sim_world *world, uint32_t host,
                                        uint64_t token);

#endif
