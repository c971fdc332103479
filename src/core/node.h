/* SPDX-License-Identifier: MIT */
/* The node: kith without its sockets, clock, files and threads (sans I/O).
 *
 * Everything that happens comes in as a kith_input, with the time it happened;
 * what is to be done comes out as kith_effects, oldest first. Whoever drives it (the
 * runtime in src/node, the simulator in sim) carries the effects out in order and
 * feeds back what came of them. The same inputs give the same effects, byte for byte.
 *
 * Happy path of a message: COMMAND send -> STORE log, run -> STORED -> TELL reply,
 * message; SEND the run on every link of the room -> (at the other node) FRAME -> VERIFY
 * -> VERIFIED -> STORE -> STORED -> SEND have, TELL message -> (back home) FRAME -> TELL
 * delivery. */
#ifndef KITH_CORE_NODE_H
#define KITH_CORE_NODE_H

#include "base/address.h"
#include "base/alloc.h"
#include "base/name.h"
#include "base/rng.h"
#include "base/time.h"
#include "base/tracker_address.h"
#include "kith/error.h"
#include "proto/event.h"
#include "proto/record.h"
#include "proto/tracker.h"

#define KITH_NETWORK_KEY_SIZE 32
#define KITH_EXPORTER_SIZE    32
#define KITH_LINKS_MAX        1024 /* greeted; past it the idlest is closed */
#define KITH_STRANGERS_MAX    64  /* beside those, past it the oldest: room to greet in */
#define KITH_TARGETS_MAX      256 /* configured addresses, and those of commands */
#define KITH_TRACKERS_MAX     8   /* each holds a connection for ever */
#define KITH_FOUND_MAX        32  /* candidates in the answer to a LOOKUP */
#define KITH_SEND_TEXTS_MAX   KITH_RUN_COUNT_MAX
#define KITH_SEND_SIZE_MAX                                                               \
    (480 * 1024)            /* texts of one SEND together: they fit one run              \
                             */
#define KITH_VERIFY_SIZE 42 /* "kith run 1" and an event id */
#define KITH_LOBBY_NAME  "lobby"
#define KITH_JOINED_MAX  256 /* open rooms at once: each costs every link a share */

/* More seldom, and who was missed at the start is found by chance. */
#define KITH_BEACON_INTERVAL_MOST_S 3600

struct kith_node; /* opaque */

/* Signs with the node's identity; the secret stays outside. */
struct kith_signer {
    void (*sign)(void *ctx, const uint8_t *message, size_t size,
                 uint8_t out[static KITH_SIGNATURE_SIZE]);
    void *ctx;
};

struct kith_node_config {
    const struct kith_alloc
        *alloc; /* borrowed for the node's life, as is what the structs point at */
    struct kith_rng rng;
    struct kith_signer signer;
    struct kith_id id;             /* Ed25519 public key */
    struct kith_name name;         /* "" for the one used last */
    struct kith_name name_default; /* when none was ever used */
    uint8_t network_key[KITH_NETWORK_KEY_SIZE];
    /* Networks that a neighbour may be in by mistake, which is told: that of this name
     * without a passphrase, and the default one. All zero where there is no other. */
    uint8_t open_key[KITH_NETWORK_KEY_SIZE];
    uint8_t default_key[KITH_NETWORK_KEY_SIZE];
    uint8_t marker[KITH_MARKER_SIZE]; /* of this boot, machine and database (DESIGN
                                         section 5) */
    bool has_beacon;                  /* be found on the LAN, and find */
    kith_time beacon_interval;        /* the longest between two; 0: the default, 30 s */
    bool relays_for_contacts;         /* for those that do not reach one another */
};

/* ---- what happens ---- */

enum kith_input_type {
    KITH_INPUT_START, /* once, after restoring: begins to dial */
    KITH_INPUT_TIMEOUT,
    KITH_INPUT_COMMAND,
    KITH_INPUT_LINK_UP,
    KITH_INPUT_LINK_DOWN,
    KITH_INPUT_LINK_DRAINED,
    KITH_INPUT_FRAME,
    KITH_INPUT_DIAL_FAILED,
    KITH_INPUT_STORED,
    KITH_INPUT_STORE_FAILED,
    KITH_INPUT_LOADED,
    KITH_INPUT_VERIFIED,
    KITH_INPUT_DATAGRAM,
    KITH_INPUT_TRACKER_UP,
    KITH_INPUT_TRACKER_DOWN, /* or it could not be reached */
    KITH_INPUT_TRACKER_FRAME,
};

enum kith_role { KITH_ROLE_DIALLER, KITH_ROLE_LISTENER };

/* A connection whose peer proved this key. */
struct kith_input_link_up {
    uint32_t link; /* unique for the life of the process, never 0 */
    uint32_t dial; /* the DIAL it came from; 0 when accepted */
    enum kith_role role;
    bool is_lan;     /* shorter silence means death */
    bool is_relayed; /* `remote` is the relay's */
    struct kith_id peer;
    uint8_t exporter_net[KITH_EXPORTER_SIZE];
    uint8_t exporter_room[KITH_EXPORTER_SIZE];
    struct kith_address remote;
};

enum kith_command_type {
    KITH_COMMAND_SEND,       /* texts to a room; one run */
    KITH_COMMAND_CONNECT,    /* dial an address, and again when the link falls */
    KITH_COMMAND_DISCONNECT, /* close the link, and refuse it until CONNECT */
    KITH_COMMAND_RENAME,
    KITH_COMMAND_JOIN,      /* an open room: share it with whoever is in it */
    KITH_COMMAND_LEAVE,     /* not any more; what was said there is kept */
    KITH_COMMAND_BLOCK,     /* a peer: never linked, and nothing of it shown; or not so */
    KITH_COMMAND_VERIFY,    /* a peer: its id was compared; or not so */
    KITH_COMMAND_LISTENING, /* addresses to tell peers, replacing those before; be found
                               anew */
    KITH_COMMAND_MAPPED,  /* the router maps this address to our port; or none any more */
    KITH_COMMAND_TRACKER, /* register there, for ever */
    KITH_COMMAND_SEEK,    /* a peer that may be at these addresses, or at a tracker */
    KITH_COMMAND_LOOKUP,  /* ask the trackers who has this id or name */
    KITH_COMMAND_STOP,    /* say goodbye on every link; nothing is dialled any more */
    KITH_COMMAND_IMPORT,  /* a run that somebody kept: checked as if a peer had sent it */
};

struct kith_command {
    enum kith_command_type type;
    uint64_t token; /* comes back in the reply; 0 asks for none */
    union {
        struct {
            bool is_direct;
            struct kith_id peer; /* is_direct: the other party */
            uint32_t room_no;    /* else an open room; 0 is the lobby */
            /* 1 to KITH_SEND_TEXTS_MAX of 1 to KITH_TEXT_SIZE_MAX bytes of UTF-8,
             * together at most KITH_SEND_SIZE_MAX (borrowed). They become one run,
             * answered by one reply. */
            const struct kith_bytes *texts;
            size_t text_count;
        } send;
        struct kith_address connect;
        struct kith_id disconnect;
        struct kith_name rename;
        struct {
            struct kith_id peer; /* need not be known yet */
            bool is_on;          /* false takes it back */
        } mark;                  /* BLOCK, VERIFY */
        struct kith_name room;   /* JOIN, LEAVE: of kith_name_parse_room */
        struct {
            const struct kith_address *addresses;
            size_t count;
        } listening;
        struct kith_address mapped; /* MAPPED: numeric; host "" for none */
        /* Answered at once: 0, or KITH_ELIMIT when there are KITH_TRACKERS_MAX. */
        struct {
            struct kith_address address;
            bool has_id; /* else the first one met there is kept */
            struct kith_id id;
            bool is_kept; /* over restarts, though no configuration names it */
        } tracker;
        /* Answered once it is linked, or with KITH_ETIMEDOUT after KITH_SEEK_TIME; it is
         * looked for further all the same, and a contact from now on. */
        struct {
            struct kith_id id;
            const struct kith_address *addresses; /* at most KITH_RECORD_ADDRESSES_MAX */
            size_t count;
        } seek;
        /* Answered when all trackers have, or after KITH_LOOKUP_TIME: 0, KITH_ENOTFOUND,
         * or KITH_EUNREACHABLE when no tracker could be asked, or none answered. */
        struct {
            bool is_name;
            struct kith_id id;
            struct kith_name name;
        } lookup;
        /* Answered once it is stored, with the room and `count` events, which is 0 when
         * all was held already; or by KITH_ESIGNATURE (forged), KITH_ECHAIN, KITH_EPROTO
         * and the like (broken), KITH_ENOTFOUND (a room that is none of this node's),
         * KITH_EACCESS (its author has no place there), KITH_EUNEXPECTED (what comes
         * before it is missing here), KITH_EINVALID (dated more than a day ahead). */
        struct {
            struct kith_id room;
            enum kith_room_kind kind;
            struct kith_name name; /* open rooms: without '#' */
            struct kith_id
                parties[2];        /* direct rooms: who may be in it, as far as known */
            struct kith_bytes run; /* borrowed */
        } import;
    };
};

struct kith_input {
    enum kith_input_type type;
    struct kith_now now;
    union {
        struct {
            /* To register at; those that invites brought take the places left. */
            const struct kith_tracker_address *trackers;
            size_t tracker_count;
        } start;
        struct kith_command command;
        struct kith_input_link_up link_up;
        struct {
            uint32_t link;
            int error;
        } link_down;
        struct {
            uint32_t link;
            size_t size; /* bytes of SEND that have left since the last time */
        } drained;
        struct {
            uint32_t link;
            struct kith_bytes bytes; /* type byte and fields */
        } frame;
        struct {
            uint32_t dial;
            int error;
        } dial_failed;
        struct {
            uint64_t store_no; /* all STOREs up to this one are committed */
        } stored;
        struct {
            int error; /* every STORE since the last STORED was rolled back */
        } store_failed;
        struct {
            uint64_t load_no;
            int error;                          /* what ended the runs early; or 0 */
            const struct kith_stored_run *runs; /* ascending, gapless; maybe none */
            size_t run_count;
        } loaded;
        struct {
            uint64_t verify_no;
            bool is_valid;
        } verified;
        struct {
            struct kith_address from; /* numeric; link-local ones with their scope */
            bool is_on_link;
            struct kith_bytes bytes;
        } datagram;
        struct {
            uint32_t tracker;           /* as in TRACKER_DIAL */
            struct kith_id id;          /* proven */
            struct kith_address remote; /* numeric */
        } tracker_up;
        struct {
            uint32_t tracker;
            int error;
        } tracker_down;
        struct {
            uint32_t tracker;
            struct kith_bytes bytes; /* type byte and fields */
        } tracker_frame;
    };
};

/* ---- what to do ---- */

enum kith_effect_type {
    KITH_EFFECT_SEND,
    KITH_EFFECT_DIAL,
    KITH_EFFECT_CLOSE,
    KITH_EFFECT_TRUST, /* the link proved itself: frames up to KITH_FRAME_SIZE_MAX */
    KITH_EFFECT_PAUSE, /* stop or go on reading from a link */
    KITH_EFFECT_STORE,
    KITH_EFFECT_LOAD,
    KITH_EFFECT_VERIFY,
    KITH_EFFECT_DATAGRAM, /* a beacon, to everybody on the LAN or to one address */
    KITH_EFFECT_RELAY,    /* expect two connections with these tickets */
    KITH_EFFECT_TRACKER_DIAL,
    KITH_EFFECT_TRACKER_SEND,
    KITH_EFFECT_TRACKER_CLOSE,
    KITH_EFFECT_TELL,
};

enum kith_notice_type {
    KITH_NOTICE_MESSAGE,
    KITH_NOTICE_PEER,
    KITH_NOTICE_DELIVERY,
    KITH_NOTICE_REPLY,
    KITH_NOTICE_WARNING,
    KITH_NOTICE_TRACKER,
};

enum kith_peer_change {
    KITH_PEER_ONLINE,
    KITH_PEER_OFFLINE,
    KITH_PEER_RENAMED,
};

enum kith_warning {
    KITH_WARNING_FORK,        /* `peer` signed two histories */
    KITH_WARNING_COPIED_HOME, /* `peer` (or this node, when it is its id) runs twice */
    KITH_WARNING_FAULT,       /* `peer` broke the protocol: `error` */
    KITH_WARNING_NETWORK, /* `peer`, at `address`, is of another network or has another
                             passphrase: EPROOF; whoever holds that key */
    KITH_WARNING_TRACKER, /* a tracker, `peer`, at `address`: KITH_EIDENTITY when it shows
                             another key than before, else the fault it made */
    KITH_WARNING_FUTURE,  /* `peer` wrote more than a day ahead of our clock: parked */
    KITH_WARNING_FULL,    /* a room takes no log more, such as one of `peer`: told once */
};

/* Who a tracker knows: a claim of the tracker's. */
struct kith_found {
    struct kith_id id;
    struct kith_name name; /* "" when it is no usable one */
    bool is_here;          /* at a tracker now */
    kith_time seen;        /* wall: when it was there last */
};

/* Something for people. Pointers are valid until the next step. */
struct kith_notice {
    enum kith_notice_type type;
    union {
        struct { /* a run was committed, ours or another's: `run` tells what of it is new
                  */
            uint32_t room_no;
            uint32_t log_no;
            uint32_t author_no; /* 0 is this node */
            uint64_t arrival_first;
            kith_time seen;
            const struct kith_run *run;
        } message;
        struct {
            uint32_t peer_no;
            enum kith_peer_change change;
            struct kith_name name_before; /* RENAMED */
        } peer;
        struct { /* a peer holds our log up to seq */
            uint32_t room_no;
            uint32_t log_no;
            uint64_t seq;
            uint32_t peer_no;
        } delivery;
        struct {
            uint64_t token;
            int error; /* SEND, JOIN, LEAVE, BLOCK, VERIFY: 0 once stored. CONNECT: 0 once
                          the peer said hello. */
            uint32_t room_no;               /* SEND, JOIN, LEAVE, IMPORT */
            uint32_t log_no;                /* SEND, IMPORT */
            uint64_t seq_first;             /* SEND, IMPORT */
            size_t count;                   /* SEND, IMPORT */
            const struct kith_id *ids;      /* SEND, IMPORT: `count` event ids */
            kith_hlc hlc_first;             /* SEND, IMPORT */
            uint32_t peer_no;               /* CONNECT, DISCONNECT, BLOCK, VERIFY */
            const struct kith_found *found; /* LOOKUP: `count`, here before away */
        } reply;
        struct {
            uint32_t tracker; /* for kith_node_tracker */
            bool is_registered;
            int error; /* why it is not */
        } tracker;
        struct {
            enum kith_warning warning;
            struct kith_id peer;
            int error;
            struct kith_address address; /* NETWORK, TRACKER */
        } warning;
    };
};

struct kith_effect {
    enum kith_effect_type type;
    union {
        struct {
            uint32_t link;
            struct kith_bytes bytes; /* a whole frame, length included */
        } send;
        struct {
            uint32_t dial;                        /* answered by LINK_UP or DIAL_FAILED */
            const struct kith_address *addresses; /* raced; at least one */
            size_t address_count;
            bool has_expected;
            struct kith_id expected;
            enum kith_role role; /* in TLS; LISTENER only when meeting or relayed */
            bool is_meeting;     /* from the port listened on; the other side dials too */
            const uint8_t *ticket; /* KITH_TICKET_SIZE bytes: the addresses are those of a
                                      relay; NULL: directly */
            struct kith_id relay;  /* with a ticket: whose key the relay has */
            bool is_in_tls;        /* show it inside TLS only */
        } dial;
        struct {
            uint32_t link; /* answered by LINK_DOWN */
            int error;
        } close;
        struct {
            uint32_t link;
        } trust;
        struct {
            uint32_t link;
            bool is_paused;
        } pause;
        struct {
            uint64_t store_no; /* ascending */
            struct kith_record record;
        } store;
        struct { /* whole runs from that of seq_from to that of seq_last; at least one */
            uint64_t load_no; /* answered by LOADED, which may come in the same turn */
            uint32_t log_no;
            uint64_t seq_from, seq_last;
            size_t bytes_max;
        } load;
        struct { /* Ed25519; answered by VERIFIED in any order */
            uint64_t verify_no;
            struct kith_id author;
            uint8_t message[KITH_VERIFY_SIZE];
            uint8_t signature[KITH_SIGNATURE_SIZE];
        } verify;
        struct {
            bool is_to_all;
            struct kith_address to;
            struct kith_bytes bytes;
        } datagram;
        struct {
            uint8_t tickets[2][KITH_TICKET_SIZE];
        } relay;
        struct { /* from the port listened on, so that routers map both alike */
            uint32_t tracker; /* answered by TRACKER_UP or TRACKER_DOWN */
            struct kith_address address;
            bool has_expected, is_from_any_port;
            struct kith_id expected;
        } tracker_dial;
        struct {
            uint32_t tracker;
            struct kith_bytes bytes; /* a whole frame, length included */
        } tracker_send;
        struct {
            uint32_t tracker; /* not answered */
            int error;
        } tracker_close;
        struct kith_notice tell;
    };
};

/* Effects of one step. Owned by the node; valid until its next step. */
struct kith_effects {
    const struct kith_effect *items;
    size_t count;
};

/* ---- lifecycle ---- */

/* Returns 0 or KITH_ENOMEM. */
int kith_node_new(const struct kith_node_config *config, struct kith_node **out);
void kith_node_free(struct kith_node *node);

/* Before START: give back one stored record (meta, then peers, rooms, logs, acks).
 * Returns 0, KITH_ENOMEM, or KITH_ECORRUPT when the record contradicts those before it.
 */
int kith_node_restore(struct kith_node *node, const struct kith_record *record);

/* Everything that can happen to a node arrives here. `input` and what it points at
 * are borrowed. Returns 0, or KITH_ENOMEM, after which the node can only be freed. */
int kith_node_step(struct kith_node *node, const struct kith_input *input,
                   struct kith_effects *out);

/* When to step with KITH_INPUT_TIMEOUT (monotonic), or KITH_TIME_NEVER. */
kith_time kith_node_deadline(const struct kith_node *node);

/* ---- queries: nothing changes ---- */

/* How a link goes. */
enum kith_path {
    KITH_PATH_LAN,
    KITH_PATH_DIRECT,
    KITH_PATH_MAPPED, /* directly, through a port that a router maps */
    KITH_PATH_RELAY,
};

struct kith_peer_view {
    uint32_t no;
    struct kith_id id;
    const char *name; /* borrowed until the next step; "" when unknown */
    bool is_online;
    bool is_contact; /* or verified */
    bool is_blocked;
    bool is_verified;
    bool is_refused;           /* disconnected by hand, until CONNECT */
    enum kith_path path;       /* online */
    kith_time path_since;      /* online: wall; the link that counts stands since then */
    struct kith_address relay; /* path RELAY: whose */
    kith_time rtt;             /* online: of the last ping; 0 when not yet measured */
    kith_time online_since;    /* online: wall */
    kith_time last_seen;       /* wall; 0 when never linked */
    struct kith_address address; /* where it listens, or the remote end; offline: the last
                                    that worked, host "" when none is known */
};

/* Peer numbers run from 1 to kith_node_peer_count; number 0 is the node itself. False
 * when there is no such peer. */
size_t kith_node_peer_count(const struct kith_node *node);
bool kith_node_peer(const struct kith_node *node, uint32_t peer_no,
                    struct kith_peer_view *out);

/* What two people compare to be sure of one another's ids: the same on both sides, six
 * groups of five digits (PROTOCOL section 3). */
#define KITH_CODE_SIZE sizeof("00000 00000 00000 00000 00000 00000")
void kith_node_code(const struct kith_node *node, const struct kith_id *peer,
                    char out[static KITH_CODE_SIZE]);

struct kith_room_view {
    uint32_t no;
    struct kith_id id;
    enum kith_room_kind kind;
    const char *name;    /* open rooms, without '#' */
    bool is_foreign;     /* an open room of another network: kept, shared with nobody */
    bool is_joined;      /* false: an open room that was left, or a foreign one */
    uint32_t peer_no;    /* direct rooms */
    size_t online_count; /* peers linked now that share it */
};
size_t kith_node_room_count(const struct kith_node *node);
/* The number of the room with this id; 0 when there is none. */
uint32_t kith_node_room_no(const struct kith_node *node, const struct kith_id *id);
bool kith_node_room(const struct kith_node *node, uint32_t room_no,
                    struct kith_room_view *out);
/* Is this peer one of the `online_count`: linked now, and in the room? */
bool kith_node_is_in_room(const struct kith_node *node, uint32_t room_no,
                          uint32_t peer_no);

/* A log, or a branch of one. */
struct kith_log_view {
    uint32_t room_no;
    uint32_t author_no; /* 0 is this node */
    enum kith_log_class log_class;
    uint64_t head_seq; /* committed */
};
bool kith_node_log(const struct kith_node *node, uint32_t log_no,
                   struct kith_log_view *out);

/* The numbers of a log and its branches, as many as `nos` has room for. */
size_t kith_node_log_nos(const struct kith_node *node, const struct kith_id *room,
                         const struct kith_id *author, const struct kith_log_id *log,
                         uint32_t *nos, size_t nos_max);

/* Who is meant by TARGET (DESIGN sections 7 and 9): "#lobby", "#garden", an open room
 * that was joined once; "#lobby~" and the short id of a room kept from another network;
 * a whole id (which need not be known yet); an id prefix (of 16 characters or more, or
 * any of a contact's); `name` or `name~shortid`; `ip:port` or ip of a peer, where it is
 * linked, else where it was last. Names resolve to contacts first.
 * Returns 0, KITH_ENOTFOUND or KITH_EAMBIGUOUS; then `choices` (room for `choices_max`
 * peer numbers; may be NULL) and `*choice_count` say who fits. */
struct kith_target {
    bool is_direct;
    struct kith_id peer; /* is_direct */
    uint32_t peer_no;    /* is_direct; 0 when not known yet */
    uint32_t room_no;    /* 0 when nothing was said there yet */
    bool is_foreign;     /* nothing can be said there */
    bool is_left;        /* an open room: nothing can be said there until it is joined */
};
int kith_node_find(const struct kith_node *node, struct kith_bytes text,
                   struct kith_target *out, uint32_t *choices, size_t choices_max,
                   size_t *choice_count);

/* How far the world holds event `seq` of one of our own logs. */
struct kith_delivery {
    size_t held_count; /* peers that acknowledged it */
    bool is_delivered; /* direct rooms: the other party did */
};
struct kith_delivery kith_node_delivery(const struct kith_node *node, uint32_t log_no,
                                        uint64_t seq);

/* Who acknowledged it: numbers of peers, at most `out_max` of them. Returns how many are
 * in `out`. */
size_t kith_node_holders(const struct kith_node *node, uint32_t log_no, uint64_t seq,
                         uint32_t *out, size_t out_max);

/* Beacons of this boot. Copies that came by several ways count each time. */
struct kith_beacon_counts {
    uint64_t sent;    /* to everybody */
    uint64_t own;     /* ours, come back */
    uint64_t heard;   /* of others of this network */
    uint64_t foreign; /* that our key does not open: another network, or passphrase */
    uint64_t foreign_open;    /* of these: of our network's name, without a passphrase */
    uint64_t foreign_default; /* of these: of the default network */
    uint64_t other_version;   /* of this network, and of a version that we do not read */
};
void kith_node_beacons(const struct kith_node *node, struct kith_beacon_counts *out);

/* An address that shall lead to a link. */
struct kith_dial_view {
    struct kith_address address;
    bool is_linked;    /* it led to a peer that is linked now */
    bool is_suggested; /* heard of, not asked for */
    int error;         /* of the last attempt; 0: none has failed since the last link */
    unsigned failures; /* in a row */
};

/* Dials are counted from 0; false when there is no such one. Behind them, for a minute,
 * comes the last one that was heard of and given up. */
bool kith_node_dial(const struct kith_node *node, size_t index,
                    struct kith_dial_view *out);

/* Logs that wait because what came of them is dated more than a day ahead. */
size_t kith_node_parked_count(const struct kith_node *node);

const struct kith_id *kith_node_id(const struct kith_node *node);
const char *kith_node_name(const struct kith_node *node);
size_t kith_node_link_count(const struct kith_node *node);

#endif
