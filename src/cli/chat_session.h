/* SPDX-License-Identifier: MIT */
/* What the files of the line chat share.
 *
 * One loop (chat.c) polls the person, the node's stream, the answer awaited, and signals.
 * Lines wait in a queue and are obeyed one after the other, each once the request of the
 * one before was answered: so what is typed or piped keeps its order. */
#ifndef KITH_CLI_CHAT_SESSION_H
#define KITH_CLI_CHAT_SESSION_H

#include "api/client.h"
#include "base/writer.h"
#include "cli/chat.h"
#include "cli/chat_menu.h"
#include "cli/chat_pipe.h"
#include "cli/chat_words.h"

#define KITH_CHAT_LINES_MAX 64 /* that wait; past it the input is not read */
#define KITH_CHAT_WAITING_MAX                                                            \
    1024 /* messages not delivered yet; the oldest is forgotten */
#define KITH_CHAT_PEERS_MAX  4096 /* remembered as online */
#define KITH_CHAT_ID_SIZE    64   /* of an id as the API writes it, with room to spare */
#define KITH_CHAT_TITLE_SIZE 48   /* the beginning of a message, to name it by */

struct kith_chat;
typedef void kith_chat_answered(struct kith_chat *chat, int error,
                                const struct kith_answer *answer);

/* A message of ours that nobody, or not the one it is for, is known to hold. */
struct kith_chat_waiting {
    char to[KITH_CHAT_TARGET_SIZE];   /* whom it is for, as shown */
    char title[KITH_CHAT_TITLE_SIZE]; /* its beginning, safe to show */
    char id[KITH_CHAT_ID_SIZE];
    json_int_t log, seq; /* what a delivery names */
    bool is_direct;      /* else as many as were online are to hold it */
    json_int_t held_min;
    bool is_unsure; /* the node was away: a delivery may have passed unseen */
    bool is_asked;  /* and what became of it is being asked */
    bool is_told;   /* the person knows that it waits */
    int64_t due_ms; /* when to say so */
};

struct kith_chat_peer {
    char id[KITH_CHAT_ID_SIZE];
    char name[KITH_CHAT_TARGET_SIZE];
};

struct kith_chat {
    struct kith_cli *cli;
    const struct kith_chat_host *host;
    bool owns_node;   /* started for us, and ended with us */
    bool is_terminal; /* else lines come and go through pipes */
    int in_fd;
    int out_fd;
    int signal_fd;

    struct kith_client *client; /* what is asked */
    struct kith_client_follower follower;
    struct kith_client_watch *watch;
    bool is_away;     /* the node is */
    bool needs_peers; /* asked for anew when there is time */

    kith_chat_answered *answered; /* a call is under way: who gets the answer */
    bool is_saying; /* and what it does is told by the stream too, which waits for it */
    char said_title[KITH_CHAT_TITLE_SIZE];
    char *said_line; /* owned: typed in the old form, which may have been meant as text */

    char *lines[KITH_CHAT_LINES_MAX + 1]; /* owned; typed and not obeyed yet, a ring */
    size_t line_first, line_count;
    struct kith_chat_pipe pipe;

    struct kith_writer out; /* in a pipe: what could not be written yet */
    size_t out_sent;
    int out_error;  /* errno of what could not be written; 0: none */
    bool is_hidden; /* the prompt and what is typed, to write above them */

    char self_id[KITH_CHAT_ID_SIZE];
    char self_name[KITH_CHAT_TARGET_SIZE]; /* as told last */
    /* Where plain lines go: a room, or a peer by its id, for somebody else may take its
     * name; and how that is shown. */
    char target[KITH_CHAT_TARGET_SIZE];
    char target_shown[KITH_CHAT_TARGET_SIZE];
    char target_next[KITH_CHAT_TARGET_SIZE]; /* as typed; being looked up */
    bool is_astray;    /* it could not be turned to where it was meant to: see _stray */
    bool awaits_name;  /* `rename` was typed: the next line is the name */
    unsigned old_told; /* bit per old form that was answered with the modern one */
    struct kith_chat_menu menu;

    struct kith_chat_peer *peers; /* owned; who is online */
    size_t peer_count;
    struct kith_chat_waiting *waiting; /* owned; oldest first */
    size_t waiting_count;
    char (*own)[KITH_CHAT_ID_SIZE]; /* owned; said here and not yet seen in the stream */
    size_t own_count;
    json_int_t arrival; /* history was shown up to here */

    bool is_input_over;
    bool is_leaving; /* wait for deliveries until leave_ms at most */
    int64_t leave_ms;
    bool is_over;
    int exit_code;
};

int64_t kith_chat_now_ms(void);

/* ---- chat.c ---- */

/* Leave, with what is still to be delivered given a moment. */
void kith_chat_leave(struct kith_chat *chat);

/* ---- chat_show.c: everything that people read ---- */

/* A line of our own, which begins with "* " as no message does. */
void kith_chat_say(struct kith_chat *chat, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Several lines, or with --json one object: `text` ends in a line feed and is safe. */
void kith_chat_text(struct kith_chat *chat, const char *text, size_t size);
void kith_chat_message(struct kith_chat *chat, const json_t *message);
/* A node's refusal, with the choices of an ambiguous name. */
void kith_chat_refused(struct kith_chat *chat, const struct kith_answer *answer);
/* A member of an object, made safe; "" when there is none. */
const char *kith_chat_safe(const json_t *object, const char *member,
                           char out[static KITH_CHAT_TARGET_SIZE]);
/* The beginning of a text, made safe. */
void kith_chat_title(const char *text, char out[static KITH_CHAT_TITLE_SIZE]);
/* Write what waits; false when nobody reads any more. */
bool kith_chat_flush(struct kith_chat *chat);
/* The prompt says where a line goes. */
void kith_chat_prompt(struct kith_chat *chat);
/* Plain lines go to `target` from now on, which is safe to show as `shown`: who types has
 * said so. */
void kith_chat_turn(struct kith_chat *chat, const char *target, const char *shown);
/* The same by itself, which makes nothing clear that was not: see _stray. */
void kith_chat_move(struct kith_chat *chat, const char *target, const char *shown);

/* ---- chat_ask.c ---- */

struct kith_chat_ask {
    const char *method;
    const char *path;
    json_t *take_body;
    kith_chat_answered *answered;
};
/* Only while no call is under way. A call that cannot begin is answered at once. */
void kith_chat_ask(struct kith_chat *chat, const struct kith_chat_ask *ask);
void kith_chat_go_on(struct kith_chat *chat);
/* {member: value, …}; NULL when it is not UTF-8 or memory ran out, having said so. */
json_t *kith_chat_body(struct kith_chat *chat, const char *member, const char *value);
/* What was typed ahead was meant for a target that there is not: it is said to nobody. */
void kith_chat_stray(struct kith_chat *chat);
/* Say `text` where plain lines go. */
void kith_chat_send_here(struct kith_chat *chat, const char *text);
/* Say `text` to `target`. */
void kith_chat_send(struct kith_chat *chat, const char *target, const char *text);
/* The same to where plain lines go, and as no action: a space before it keeps it so. */
void kith_chat_send_plain(struct kith_chat *chat, const char *text);

/* ---- chat_events.c: what the stream tells ---- */

int kith_chat_begin(struct kith_chat *chat); /* banner, history, stream: an exit code */
bool kith_chat_is_online(const struct kith_chat *chat, const char *id);
void kith_chat_refresh(struct kith_chat *chat); /* ask who is online */

/* ---- chat_delivery.c ---- */

void kith_chat_sent(struct kith_chat *chat, const json_t *message);
void kith_chat_delivered(struct kith_chat *chat, const json_t *event);
void kith_chat_tell_waiting(struct kith_chat *chat);  /* what has waited long enough */
void kith_chat_doubt_waiting(struct kith_chat *chat); /* the node was away */
void kith_chat_ask_unsure(struct kith_chat *chat);    /* what became of one of them */
int64_t kith_chat_waiting_due_ms(const struct kith_chat *chat); /* INT64_MAX: nothing */
void kith_chat_tell_pending(struct kith_chat *chat);            /* at the end */

/* ---- chat_input.c, chat_commands.c, chat_old.c ---- */

void kith_chat_line(struct kith_chat *chat, char *line);
void kith_chat_command(struct kith_chat *chat, const char *line);  /* "/…" */
bool kith_chat_old_line(struct kith_chat *chat, const char *line); /* false: it is none */
void kith_chat_tell_name(struct kith_chat *chat, const char *name); /* if it is new */
void kith_chat_rename(struct kith_chat *chat, const char *name);
void kith_chat_connect(struct kith_chat *chat, const char *address);
void kith_chat_disconnect(struct kith_chat *chat, const char *peer);
void kith_chat_who(struct kith_chat *chat);

#endif
