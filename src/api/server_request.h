/* SPDX-License-Identifier: MIT */
/* One request, from its headers to the end of its answer.
 *
 * An endpoint is one file ending in one const kith_endpoint. Its `handle` is called when
 * the whole body is there; it answers at once, or starts a command and answers from the
 * command's reply or from its deadline, whichever comes first. Until then the
 * connection is suspended: it costs nothing, and the daemon does not look at it. */
#ifndef KITH_API_SERVER_REQUEST_H
#define KITH_API_SERVER_REQUEST_H

#include <jansson.h>
#include <microhttpd.h>

#include "api/json.h"
#include "api/server_problem.h"
#include "api/server_state.h"

/* A longest text, escaped, fits thrice. */
#define KITH_SERVER_BODY_SIZE_MAX   (1024 * 1024)
#define KITH_SERVER_UNREAD_SIZE_MAX 4096 /* of a body where none is wanted */
#define KITH_SERVER_DROP_SIZE_MAX   (16 * 1024 * 1024) /* past an early answer: read on */
#define KITH_SERVER_CHOICES_MAX     16    /* shown of those an ambiguous name fits */
#define KITH_SERVER_WAIT_S_MAX      3600  /* for `timeout` */
#define KITH_SERVER_LOOK_MS         15000 /* who waits and is gone keeps a place so long */

struct kith_request;

enum kith_body {
    KITH_BODY_NONE,  /* counted and thrown away, at most KITH_SERVER_UNREAD_SIZE_MAX */
    KITH_BODY_JSON,  /* kept whole, at most KITH_SERVER_BODY_SIZE_MAX */
    KITH_BODY_LINES, /* given to `upload` as it comes */
};

/* Who may use an endpoint, besides whoever came in through the socket of the home. */
enum kith_access {
    KITH_ACCESS_TOKEN,  /* through TCP with the token of the home or of a page */
    KITH_ACCESS_OPEN,   /* through TCP whoever passes as a page or program of this host */
    KITH_ACCESS_PLAIN,  /* as TOKEN, or as OPEN where the plain API is open */
    KITH_ACCESS_SOCKET, /* nobody */
};

struct kith_endpoint {
    const char *method;
    const char *path; /* may end in a parameter, "/{id}" */
    enum kith_access access;
    enum kith_body body;
    size_t body_size_max; /* 0: as its kind has it. More is refused unread */
    void (*handle)(struct kith_request *request);
    /* KITH_BODY_LINES: use up a piece of the body. Returns how much; less than `size`
     * suspends the connection until kith_request_resume, and the rest comes again. */
    size_t (*upload)(struct kith_request *request, const char *data, size_t size);
    /* The request is over; `request->state`, if any, is the endpoint's to release. */
    void (*end)(struct kith_request *request);
    /* A message of ours is held by one more peer; while `wait_ms` is set. */
    void (*delivered)(struct kith_request *request);
    /* `wait_ms` has come. */
    void (*timed_out)(struct kith_request *request);
};

struct kith_request {
    struct kith_list link; /* server->requests */
    struct kith_server *server;
    struct MHD_Connection *connection;
    const struct kith_endpoint *endpoint; /* NULL: answered before it was found */
    const struct kith_page *page;         /* of kith_endpoint_page */
    const char *parameter;                /* of a path that ends in one; the daemon's */
    struct kith_writer body;
    struct MHD_Response *response; /* owned; not yet queued */
    unsigned status;
    bool is_handled;   /* the endpoint has been called */
    bool is_answered;  /* `response` was set once */
    bool is_queued;    /* the daemon has it */
    bool is_suspended; /* the daemon will not look at the connection */
    bool is_in_handler;
    size_t dropped_size;       /* of a body that nobody reads, or not any more */
    struct kith_list pendings; /* commands under way */
    uint64_t wait_ms;          /* loop time of the deadline; 0: none */
    void *state;               /* the endpoint's */
};

/* ---- answers: the first one counts, later ones are ignored ---- */

/* Takes the writer's memory. */
void kith_request_answer(struct kith_request *request, unsigned status,
                         struct kith_writer *take_json);

/* 200 with a tag made of the content, or 304 when the request names that tag. */
void kith_request_answer_tagged(struct kith_request *request,
                                struct kith_writer *take_json);

/* A response with a body of its own. Takes it; NULL means memory ran out. */
void kith_request_respond(struct kith_request *request, unsigned status,
                          struct MHD_Response *take_response);

/* What is to be done first where an error of the store is answered with "…do it again":
 * "make room, and ", or "". */
const char *kith_request_before_again(int error);

/* Problem details (RFC 9457). The detail says what to do next. */
void kith_request_problem(struct kith_request *request, int error, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

/* As above with a status, and perhaps a header, that no KITH_E… means. Borrowed. */
struct kith_refusal {
    unsigned status;
    int error;          /* KITH_E… */
    const char *header; /* NULL: none */
    const char *value;
    const char *detail;
};
void kith_request_refuse(struct kith_request *request,
                         const struct kith_refusal *refusal);

/* As above with further members: open (server_problem.h), write them, then this. */
void kith_request_problem_answer(struct kith_request *request, unsigned status,
                                 struct kith_writer *take_w);

/* ---- what was asked ---- */

/* NULL when the query has no such parameter. */
const char *kith_request_query(struct kith_request *request, const char *name);

/* The body as a JSON object; NULL after having answered why not. The caller's. */
json_t *kith_request_json(struct kith_request *request);

/* A string member; NULL after having answered that it is missing or no string. */
const char *kith_request_member(struct kith_request *request, const json_t *object,
                                const char *name, size_t *size);

/* `timeout` (seconds, fractions allowed) of the object, as milliseconds. False after
 * having answered that it is no usable number. */
bool kith_request_timeout(struct kith_request *request, const json_t *object,
                          uint64_t default_ms, uint64_t *out_ms);

/* A TIME of the query. False after having answered what a TIME looks like. */
bool kith_request_since(struct kith_request *request, const char *text, kith_time *out);

/* Whom or what a TARGET means. False after having answered 404 or 409. */
bool kith_request_target(struct kith_request *request, struct kith_bytes text,
                         struct kith_target *out);

/* What the endpoint keeps of this request, in zeros; `request->state`, for `end` to free.
 * NULL: there was no memory, and the request is answered. */
void *kith_request_keep(struct kith_request *request, size_t size);

/* ---- later ---- */

/* Give the runtime a command. `reply` comes later, unless the request is over or
 * answered by then. `take_extra` is free()d afterwards. On an error it is not taken. */
typedef void kith_request_reply_cb(struct kith_request *request,
                                   const struct kith_notice *notice, void *extra);
int kith_request_command(struct kith_request *request, const struct kith_command *command,
                         kith_request_reply_cb *reply, void *take_extra);

/* For how long a request may look through history, a step in each turn of the loop: less
 * than clients wait. */
#define KITH_LOOKING_MS_MAX 25000

/* Answer within `ms`, or `timed_out` is called. */
void kith_request_wait(struct kith_request *request, uint64_t ms);

/* Let the daemon look away from the connection until it is resumed. */
void kith_request_suspend(struct kith_request *request);
void kith_request_resume(struct kith_request *request);

/* ---- for server.c ---- */

enum MHD_Result kith_request_access(void *ctx, struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *upload,
                                    size_t *upload_size, void **slot);
void kith_request_completed(void *ctx, struct MHD_Connection *connection, void **slot,
                            enum MHD_RequestTerminationCode code);

/* The runtime calls back no more. */
void kith_request_free_orphans(struct kith_server *server);

/* See who of those that wait is gone: the daemon does not look at them meanwhile. */
void kith_requests_look(struct kith_server *server);

/* The server stops: the suspended are let go, without an answer if there is none. */
void kith_request_abandon(struct kith_request *request);

/* Every endpoint; ends with NULL. */
extern const struct kith_endpoint *const kith_endpoints[];

#endif
