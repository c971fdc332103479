/* SPDX-License-Identifier: MIT */
/* How a browser gets in without ever holding the token of the home: it trades a code,
 * good once and for a minute, for a token of its own, which lives as long as the process.
 *
 * Times are monotonic and come from outside. Codes and tokens are 32 random bytes as
 * people see ids, so nobody finds one by guessing; that guesses are limited keeps those
 * who try from keeping the node busy. */
#ifndef KITH_API_SERVER_SESSIONS_H
#define KITH_API_SERVER_SESSIONS_H

#include "base/id.h"
#include "base/rng.h"
#include "base/time.h"

#define KITH_SESSION_CODE_LIFE (60 * KITH_SECOND)
/* Not yet used. The oldest gives way: who asks for more than these in a minute is a
 * script of the node's own user. */
#define KITH_SESSION_CODES_MAX 16
/* Tabs and windows. The oldest gives way, and that page asks for another code. */
#define KITH_SESSIONS_MAX 64
/* Wrong codes at once, and how soon another is allowed: pages that are opened anew from
 * the history of a browser try their old one. */
#define KITH_SESSION_GUESSES_MAX  10
#define KITH_SESSION_GUESS_PERIOD (6 * KITH_SECOND)
#define KITH_SESSION_TEXT_SIZE    KITH_ID_TEXT_SIZE

struct kith_session_code {
    char text[KITH_SESSION_TEXT_SIZE];
    kith_time expires; /* 0: a free place */
};

/* Zeroed is ready. */
struct kith_sessions {
    struct kith_session_code codes[KITH_SESSION_CODES_MAX];
    size_t code_next; /* the place that the next one takes */
    char tokens[KITH_SESSIONS_MAX][KITH_SESSION_TEXT_SIZE]; /* "": a free place */
    size_t token_next;
    unsigned guesses; /* wrong ones that are not forgiven yet */
    kith_time forgiven;
};

void kith_sessions_deinit(struct kith_sessions *sessions); /* wipes */

void kith_sessions_make_code(struct kith_sessions *sessions, const struct kith_rng *rng,
                             kith_time now, char out[static KITH_SESSION_TEXT_SIZE]);

/* False after too many wrong codes, until one is forgiven. */
bool kith_sessions_may_guess(struct kith_sessions *sessions, kith_time now);

/* Trade a code for a token; the code is spent. Returns 0, KITH_EACCESS (unknown, spent or
 * too late) or KITH_ELIMIT (too many wrong ones; this one was not looked at). */
int kith_sessions_trade(struct kith_sessions *sessions, const struct kith_rng *rng,
                        kith_time now, const char *code,
                        char out[static KITH_SESSION_TEXT_SIZE]);

bool kith_sessions_has(const struct kith_sessions *sessions, const char *token);

#endif
