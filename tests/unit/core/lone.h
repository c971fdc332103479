/* SPDX-License-Identifier: MIT */
/* A lone node under a test's hands: its effects are carried out on a toy store and on
 * scripted peers, who hold real keys and say whatever the test wants. */
#ifndef TESTS_UNIT_CORE_LONE_H
#define TESTS_UNIT_CORE_LONE_H

#include "core/node.h"
#include "proto/frame.h"
#include "lib/alloc_failing.h"
#include "lib/rng_seeded.h"
#include "lib/unit.h"

#define LONE_SENT_MAX  1024
#define LONE_TOLD_MAX  1024
#define LONE_RUNS_MAX  2048
#define LONE_DIALS_MAX 64
#define LONE_LINKS_MAX 1200
#define LONE_LOADS_MAX 64 /* runs in one answer */

struct lone_frame {
    uint32_t link;
    uint8_t type;
    uint8_t fields[2048]; /* the beginning of longer ones */
    size_t size;          /* of the fields */
};

struct lone_run {
    uint32_t log_no;
    uint64_t seq_first, seq_last;
    struct kith_id head;
    uint8_t *bytes;
    size_t size;
    bool is_committed;
};

struct lone_key {
    struct kith_id id;
    uint8_t secret[64];
};

/* The effect DIAL, whole. */
struct lone_dial {
    uint32_t no;
    struct kith_address addresses[KITH_RECORD_ADDRESSES_MAX];
    size_t address_count;
    bool has_expected;
    struct kith_id expected;
    enum kith_role role;
    bool is_meeting;
    bool has_ticket;
    uint8_t ticket[KITH_TICKET_SIZE];
    struct kith_id relay;
    bool is_in_tls;
};

/* What the node wants of one tracker; frames to it are among those sent, on "links" from
 * LONE_TRACKER on. */
#define LONE_TRACKER 1000
struct lone_tracker {
    size_t dial_count;
    struct kith_address address; /* of the last dial, and who is expected there */
    bool has_expected;
    struct kith_id expected;
    bool is_from_any_port;
    int closed; /* the error it was closed with; 1: it was not, or was dialled since */
};

struct lone {
    struct alloc_failing memory;
    struct rng_seeded rng;
    struct kith_node *node;
    struct lone_key key;
    struct kith_now now;
    int error; /* of the last step */

    struct lone_frame sent[LONE_SENT_MAX]; /* since lone_forget */
    size_t sent_count;
    struct kith_notice told[LONE_TOLD_MAX]; /* without what they point at */
    size_t told_count;
    uint8_t tickets[2][KITH_TICKET_SIZE]; /* of the last RELAY */
    size_t relay_count;
    struct kith_address dials[LONE_DIALS_MAX]; /* the first address of each */
    uint32_t dial_nos[LONE_DIALS_MAX];
    struct lone_dial dialled[LONE_DIALS_MAX];
    size_t dial_count;
    struct lone_tracker trackers[KITH_TRACKERS_MAX + 1]; /* by number */
    struct kith_record_tracker pin;                      /* the last one to be stored */
    struct kith_record_peer peer_row;                    /* the same */
    size_t loaded_count; /* runs in the last answer to LOAD */
    size_t told_rows;    /* with names that were only told */
    bool is_relayed;     /* the next connections come through a relay, from elsewhere */
    int closed[LONE_LINKS_MAX]; /* by link: the error it was closed with; 1: open */
    uint8_t datagram[512];      /* the last one */
    size_t datagram_size;
    bool is_verify_held; /* the next answer waits for lone_verify */
    struct kith_input held_verify;
    size_t verify_count; /* asked for so far */
    bool is_down_held;   /* what is closed stays closing */
    bool is_load_held; /* the next answer, as of when it was asked, waits for lone_load */
    struct kith_input held_load;
    struct kith_stored_run held_runs[LONE_LOADS_MAX];
    size_t datagrams_to_all, datagrams_to_one;
    struct kith_address datagram_to; /* the last one to one */
    bool trusted[LONE_LINKS_MAX];
    bool paused[LONE_LINKS_MAX];

    struct lone_run runs[LONE_RUNS_MAX];
    size_t run_count;
    size_t record_counts[8]; /* committed, by type */
    size_t record_counts_open[8];
    uint64_t store_no;
    bool is_dirty;
    int store_error;    /* 0: commits succeed */
    bool is_store_held; /* commits wait for lone_commit */
    bool is_restored;   /* holds what no run of these brought: it is not checked */
    bool is_lean;       /* sheds before each step, which then asks for all it needs */
    bool is_forgiving;  /* take every signature for valid */
};

/* A peer as the test plays it. */
struct lone_peer {
    struct lone_key key;
    enum kith_role role; /* of the peer */
    uint32_t link;
    uint8_t exporter_net[KITH_EXPORTER_SIZE];
    uint8_t exporter_room[KITH_EXPORTER_SIZE];
    uint8_t instance[KITH_INSTANCE_SIZE];
    uint32_t lost; /* both for its HELLO; 0 unless the test says otherwise */
    kith_hlc name_hlc;
    struct kith_tag lobby_tag, direct_tag; /* that the peer sends */
};

/* Networks that a node of every other one knows: see kith_node_config. */
#define LONE_NETWORK_OPEN    50
#define LONE_NETWORK_DEFAULT 51

/* What a node says it holds, in VECTOR and HAVE, to whomever, is on its disk. */
void lone_check_held(const struct lone *l, uint8_t type, struct kith_bytes fields);

void lone_init(struct lone *l);
/* Another node than lone_init's, with a beacon, of this network (0: the usual one). */
void lone_init_beacon(struct lone *l, uint8_t seed, uint8_t network);
void lone_deinit(struct lone *l); /* checks that no memory is left over */
void lone_key_make(struct lone_key *key, uint32_t seed);
/* Before the start: that many peers are known, and this one was met there a day ago, at
 * port 5000 + `no`, those of higher numbers later; its seed is `no`. Errors are kept. */
void lone_restore_counts(struct lone *l, uint32_t peers);
void lone_restore_peer(struct lone *l, uint32_t no, const char *host, bool is_contact);
void lone_start(struct lone *l);
/* It listens at this address alone, from now on: port 4747. */
void lone_listen(struct lone *l, const char *host);

void lone_step(struct lone *l, struct kith_input input);
void lone_pass(struct lone *l, kith_time duration); /* with every timeout on the way */
void lone_commit(struct lone *l);
void lone_verify(struct lone *l);
void lone_load(struct lone *l);
void lone_shed(struct lone *l);   /* memory that the node keeps for its next step */
void lone_forget(struct lone *l); /* what was sent and told */

/* A new connection with this peer; nothing is said yet. */
void lone_connect(struct lone *l, struct lone_peer *peer, uint32_t seed, uint32_t link,
                  enum kith_role role_of_peer, uint32_t dial);
/* Proof, hello and rooms: the link is live, the lobby and the direct room are shared. */
void lone_greet(struct lone *l, struct lone_peer *peer);
void lone_prove(struct lone *l, struct lone_peer *peer);
void lone_hello(struct lone *l, struct lone_peer *peer, const char *name);
void lone_rooms(struct lone *l, struct lone_peer *peer);

/* One frame from the peer, as encoders write it. */
void lone_say(struct lone *l, const struct lone_peer *peer, const struct kith_writer *w);
/* Any bytes after the length. */
void lone_say_raw(struct lone *l, const struct lone_peer *peer, struct kith_bytes frame);

/* A signed run of messages. `*head` is the last event before, and becomes that after;
 * texts are letters from `text` on. */
struct lone_log {
    const struct lone_key *author;
    struct kith_id room;
    struct kith_log_id log;
    enum kith_log_class log_class;
    uint16_t kind; /* 0: messages in a content log, else profiles */
    uint64_t seq;
    struct kith_id head;
    kith_hlc hlc;
    const struct kith_ref *ctl; /* for the next run; NULL: none */
};
void lone_write(struct lone_log *log, struct kith_writer *out, size_t count, char text);
void lone_say_run(struct lone *l, const struct lone_peer *peer,
                  const struct kith_tag *tag, const struct kith_writer *run);

struct kith_id lone_lobby(void);
struct kith_id lone_direct(const struct lone *l, const struct lone_peer *peer);

size_t lone_count_sent(const struct lone *l, uint32_t link, uint8_t type);
const struct lone_frame *lone_last_sent(const struct lone *l, uint32_t link,
                                        uint8_t type);
size_t lone_count_told(const struct lone *l, enum kith_notice_type type);
const struct kith_notice *lone_last_told(const struct lone *l,
                                         enum kith_notice_type type);
size_t lone_count_stored(const struct lone *l); /* events */

/* For cmocka: *state is a `struct lone` that was started. */
int lone_setup(void **state);
int lone_teardown(void **state);

#endif
