/* SPDX-License-Identifier: MIT */
/* libkith: a chat client in a few calls.
 *
 *     struct kith *kith;
 *     const struct kith_news *news;
 *     char why[KITH_WHY_SIZE];
 *     if (kith_open(NULL, KITH_OPEN_EITHER, NULL, &kith, why, sizeof why) != 0)
 *         die(why);
 *     kith_broadcast(kith, "hello", 5, NULL);
 *     while (kith_next(kith, -1, &news) == 0)
 *         if (news->type == KITH_NEWS_MESSAGE)
 *             puts(news->message->text);
 *     kith_close(kith);
 *
 * A *node* is what talks to other nodes; it has a *home*, a directory with its identity,
 * its history and a socket. kith_open asks the node that runs on a home or, where none
 * runs, starts one inside this process, on a thread of its own. It makes no difference
 * to the calls below, and programs besides (`kith tail`, a browser) can use either.
 *
 * Errors. Functions return 0 or a negative KITH_E… of kith/error.h, unless said
 * otherwise; kith_last_detail then has a sentence for people that says what to do next.
 * What is handed out is untouched on failure. Any call may return, besides what stands
 * with it: KITH_ENONODE (the node has gone; where it comes back, calls work again),
 * KITH_ECLOSED, KITH_ETIMEDOUT (it went, or was silent for 30 s, before it had answered:
 * whether it did what was asked is not known), KITH_EPROTO, KITH_EIO, KITH_ENOMEM,
 * KITH_ELIMIT (too much is asked or open at once: wait); and where something is to be
 * stored KITH_EFULL (the disk is full), KITH_EREADONLY.
 *
 * Text is UTF-8. Arguments are borrowed for the call. Structs handed out are the
 * library's, are valid for as long as said, and may grow at their end in later versions:
 * do not make any yourself, but for struct kith_receipt. A TARGET is whom to talk to: a
 * peer's name, "name~shortid", id or the beginning of one, an address, or a room as
 * "#lobby".
 *
 * Threads. A handle belongs to one thread at a time: hand it over as you would a FILE *,
 * with a lock. Different handles are independent, also on one home: the first one opened
 * may start the node, the others attach to it, so a thread that sends while another waits
 * opens a second one. Callbacks run on the calling thread, but for that of
 * kith_options_log. kith_open may read the environment, and takes
 * KITH_NETWORK_PASSPHRASE out of it: nobody may change it meanwhile, and where that is
 * set nobody may open another node.
 * The library sets no signal handlers, and blocks all signals on its own threads; it has
 * no global state. A child of fork() must not touch a handle that its parent opened. */
#ifndef KITH_KITH_H
#define KITH_KITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KITH_ID_TEXT_SIZE  53    /* 52 characters of an id and the terminator */
#define KITH_WHY_SIZE      1024  /* holds any sentence of kith_open */
#define KITH_TEXT_SIZE_MAX 65536 /* bytes of one message */

struct kith;         /* a node, as its user sees it */
struct kith_options; /* how to start one */

/* Of the library, as "0.1.0". */
KITH_API const char *kith_version(void);

/* ---- how to start a node ---- */

/* NULL when memory ran out. Free after kith_open, which copies what it keeps. */
KITH_API struct kith_options *kith_options_new(void);
KITH_API void kith_options_free(struct kith_options *options);

/* Set a knob, by its name in kith.conf(5): "name", "network", "listen", "peer", "lan",
 * "log" and so on; what is set here counts before the environment and kith.conf, as a
 * flag of `kith up` does. A list knob may be set several times; of others the last one
 * counts. Unlike with `kith up`, programs are served over TCP only where "http" is set.
 * KITH_ENOTFOUND: there is no such knob. The value is judged by kith_open.
 * KITH_ELIMIT: 1,024 values were set. */
KITH_API int kith_options_set(struct kith_options *options, const char *knob,
                              const char *value);

/* The passphrase of the network: `size` bytes, wiped by kith_options_free. Needed once:
 * the home keeps a key made from it. Without it that of KITH_NETWORK_PASSPHRASE counts,
 * which a start that succeeds wipes from the environment. KITH_EINVALID: it is too short,
 * too long, or not one line of text. */
KITH_API int kith_options_passphrase(struct kith_options *options, const char *passphrase,
                                     size_t size);

/* Have `line` called with each line of the log (`size` bytes, the last a line feed, not
 * terminated), from a thread of the library, until kith_close returns. It must not call
 * into the library. Without it the log goes nowhere. The knob "log" sets the level. */
typedef void kith_log_cb(void *ctx, const char *line, size_t size);
KITH_API void kith_options_log(struct kith_options *options, kith_log_cb *line,
                               void *ctx);

/* ---- opening and closing ---- */

enum kith_open_mode {
    KITH_OPEN_EITHER, /* attach to the node that runs on the home, else start one */
    KITH_OPEN_ATTACH, /* only attach: KITH_ENONODE when none runs */
    KITH_OPEN_START,  /* only start: KITH_ELOCKED when one runs */
};

/* Open the node of `home`; NULL: $KITH_HOME, $XDG_DATA_HOME/kith or
 * ~/.local/share/kith. `options` (may be NULL) count when a node is started, and are
 * passed over when one runs. On failure `why` (may be NULL) has a sentence about it,
 * cut to `why_size` bytes. Besides the errors above: KITH_EINVALID, KITH_ENAME,
 * KITH_EADDRESS (a knob has no usable value), KITH_EACCESS (another user's node),
 * KITH_ENOTFOUND (a database without its identity), KITH_EINVALID (with another one),
 * KITH_EREADONLY, KITH_EFULL, KITH_ECORRUPT, KITH_ENEWER (the home), KITH_EADDRINUSE.
 * KITH_ELOCKED: somebody has the home, and did not answer for 10 s.
 * Takes some milliseconds; with a passphrase about a second, where the key is made. */
KITH_API int kith_open(const char *home, enum kith_open_mode mode,
                       const struct kith_options *options, struct kith **out, char *why,
                       size_t why_size);

/* Let go. A node that this handle started is stopped: its peers are told, what is queued
 * is sent; that takes up to 2 s, or as long as a name is being resolved. NULL is fine. */
KITH_API void kith_close(struct kith *kith);

/* Did this handle start the node? Where one handle did, others on the same home see it go
 * when that one is closed. */
KITH_API bool kith_has_started(const struct kith *kith);

/* The node's id, its name as of kith_open or kith_rename, and its home. Valid until
 * kith_close, the name until the next kith_rename. */
KITH_API const char *kith_id(const struct kith *kith);
KITH_API const char *kith_name(const struct kith *kith);
KITH_API const char *kith_home(const struct kith *kith);

/* The first address that the node listens on, as "ADDR:PORT" or "[ADDR]:PORT" ("0.0.0.0"
 * stands for every interface); "" when it listens on none. Valid until kith_close. */
KITH_API const char *kith_address(const struct kith *kith);

/* What went wrong in the last call that failed: one sentence, never NULL, valid until the
 * next call. */
KITH_API const char *kith_last_detail(const struct kith *kith);

/* ---- saying something ---- */

/* What names a message that was sent. The caller's; it will not grow. */
struct kith_receipt {
    char id[KITH_ID_TEXT_SIZE];
    uint64_t log; /* with `seq`, what KITH_NEWS_DELIVERY names */
    uint64_t seq;
};

/* Say something to `target`: 1 to KITH_TEXT_SIZE_MAX bytes of UTF-8 without zero bytes.
 * Returns once it is stored; it is delivered as soon as the other side is there. `out`
 * may be NULL. KITH_ENOTFOUND, KITH_EAMBIGUOUS (see kith_last_detail for the choices),
 * KITH_ETEXT, KITH_ETEXTSIZE, KITH_ELIMIT (too much is unanswered: wait), KITH_EBLOCKED,
 * KITH_EINVALID (it is this node itself). */
KITH_API int kith_send(struct kith *kith, const char *target, const char *text,
                       size_t size, struct kith_receipt *out);

/* To everybody: the same in #lobby. */
KITH_API int kith_broadcast(struct kith *kith, const char *text, size_t size,
                            struct kith_receipt *out);

/* ---- who and what there is ---- */

enum kith_room_type {
    KITH_ROOM_TYPE_OTHER, /* one that this version of the library does not know */
    KITH_ROOM_TYPE_OPEN,
    KITH_ROOM_TYPE_DIRECT,
    KITH_ROOM_TYPE_PRIVATE,
};

enum kith_state {
    KITH_STATE_OTHER, /* one that this version of the library does not know */
    KITH_STATE_PENDING,
    KITH_STATE_HELD, /* others keep it */
    KITH_STATE_DELIVERED,
};

struct kith_peer_info {
    const char *id;
    const char *name;     /* "name~shortid" where two share it; a TARGET */
    const char *address;  /* NULL: not known */
    const char *path;     /* "lan", "direct", …; NULL: not linked */
    double rtt_ms;        /* round trip; negative: not known */
    int64_t last_seen_ms; /* of wall time, since 1970; 0: never */
    bool is_online;
    bool is_contact; /* a direct message or an invite joined the two, or: */
    bool is_verified;
};

struct kith_room_info {
    const char *id; /* a TARGET: "#lobby", or the other party's id */
    const char *name;
    enum kith_room_type type;
    uint64_t member_count;
    uint64_t online_count;
    bool is_foreign; /* of a network this home was in before: it can only be read */
};

struct kith_message_info {
    const char *id;
    const char *room;   /* the room's id */
    const char *author; /* id */
    const char *name;   /* the author's; "name~shortid" where two share it */
    const char *text;   /* terminated, without zero bytes */
    size_t text_size;
    int64_t
        time_ms; /* since 1970, UTC: the lesser of when it was written and first seen */
    bool is_direct;
    bool is_mine;
    enum kith_state state;
    uint64_t log; /* is_mine: see struct kith_receipt */
    uint64_t seq;
};

/* Called for one after another. What it gets is valid for the call. Non-zero ends the
 * list, and is returned. Calls into the library are allowed. */
typedef int kith_peer_cb(void *ctx, const struct kith_peer_info *peer);
typedef int kith_room_cb(void *ctx, const struct kith_room_info *room);
typedef int kith_message_cb(void *ctx, const struct kith_message_info *message);

/* Everybody this node knows, those online first. */
KITH_API int kith_peers(struct kith *kith, kith_peer_cb *visit, void *ctx);

/* Every conversation that this node is in. */
KITH_API int kith_rooms(struct kith *kith, kith_room_cb *visit, void *ctx);

/* What was said in the room `target` (NULL: in all), oldest first: the last `count_max`
 * messages (at most 10,000 count, all held at once), and none older than `since` (NULL:
 * any), an RFC 3339 date or time, or how long ago as "2h", "3d". KITH_ENOTFOUND,
 * KITH_EAMBIGUOUS, KITH_EINVALID (`since`). */
KITH_API int kith_history(struct kith *kith, const char *target, const char *since,
                          size_t count_max, kith_message_cb *visit, void *ctx);

/* ---- doing something ---- */

/* Dial an address (HOST, HOST:PORT, IPv4, [IPv6]:PORT), and again whenever the link
 * falls. Returns once the peer there said hello, or it failed; then it is not dialled on.
 * KITH_ETIMEDOUT: nobody answered, for 10 s at most. KITH_EADDRESS, KITH_EREFUSED,
 * KITH_ERESOLVE, KITH_EPROOF (of another network), KITH_EVERSION, KITH_EHANDSHAKE,
 * KITH_ESELF, KITH_EUNREACHABLE, KITH_EBLOCKED, KITH_EREPLACED, KITH_ELIMIT (256
 * addresses are dialled already). */
KITH_API int kith_connect(struct kith *kith, const char *address);

/* Close the link to a peer, and refuse it until it is connected again. KITH_ENOTFOUND,
 * KITH_EAMBIGUOUS, KITH_EINVALID (a room). */
KITH_API int kith_disconnect(struct kith *kith, const char *target);

/* Be in an open room, "#garden"; anybody of the network may, and it is there as soon as
 * somebody is in it. KITH_ENAME, KITH_ELIMIT. */
KITH_API int kith_join(struct kith *kith, const char *room);

/* Be in it no more; what came until now can still be read. KITH_ENOTFOUND (this node is
 * not in it), KITH_EINVALID (#lobby), KITH_ENAME. */
KITH_API int kith_leave(struct kith *kith, const char *room);

/* Another name for this node. KITH_ENAME. */
KITH_API int kith_rename(struct kith *kith, const char *name);

/* ---- what happens ---- */

enum kith_news_type {
    KITH_NEWS_MESSAGE,  /* said by anybody, this node included: `message` */
    KITH_NEWS_ONLINE,   /* `peer` is linked now */
    KITH_NEWS_OFFLINE,  /* `peer` is no longer */
    KITH_NEWS_RENAMED,  /* `peer` was called `name_before` */
    KITH_NEWS_DELIVERY, /* `delivery` */
    KITH_NEWS_WARNING,  /* `warning`: a sentence for people */
    KITH_NEWS_AWAY,     /* the node went away; the library tries to reach it again */
    KITH_NEWS_BACK,     /* the news go on; ask kith_peers, for changes may be missed */
};

struct kith_delivery_info {
    const char *room;
    const char *peer;      /* id of who holds it */
    const char *peer_name; /* as in kith_peer_info */
    uint64_t log;          /* our messages of this log up to `seq` */
    uint64_t seq;
    enum kith_state state; /* of message `seq` */
};

/* Only what belongs to `type` is set; the rest is NULL. */
struct kith_news {
    enum kith_news_type type;
    const struct kith_message_info *message;
    const struct kith_peer_info *peer;
    const char *name_before;
    const struct kith_delivery_info *delivery;
    const char *warning;
};

/* The next that happened since kith_open, waiting for it up to `timeout_ms` (0: not at
 * all; negative: for ever). `*out` is valid until the next kith_next or kith_close.
 * KITH_ETIMEDOUT: nothing in that time, or a signal was handled by this thread. No
 * message is missed or told twice, however slow the caller and also when the node was
 * away. Of peers and deliveries only what came while the caller kept up. After an error
 * other than KITH_ETIMEDOUT no news come any more. */
KITH_API int kith_next(struct kith *kith, int timeout_ms, const struct kith_news **out);

/* A descriptor for poll() and its like: readable while kith_next has something to tell.
 * The library's: do not read or close it. It stays the same until kith_close. */
KITH_API int kith_fd(const struct kith *kith);

#ifdef __cplusplus
}
#endif
#endif
