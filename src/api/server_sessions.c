/* SPDX-License-Identifier: MIT */
#include "api/server_sessions.h"

#include <string.h>

#include "base/bytes.h"
#include "kith/error.h"

void kith_sessions_deinit(struct kith_sessions *sessions)
{
    explicit_bzero(sessions, sizeof *sessions);
}

static void draw(const struct kith_rng *rng, char out[static KITH_SESSION_TEXT_SIZE])
{
    struct kith_id id;
    kith_rng_fill(rng, id.bytes, sizeof id.bytes);
    kith_id_format(&id, out);
    explicit_bzero(&id, sizeof id);
}

static bool is_same(const char *kept, const char *text)
{
    return kept[0] != '\0' && kith_bytes_equal_secret(kith_bytes(kept, strlen(kept)),
                                                      kith_bytes(text, strlen(text)));
}

void kith_sessions_make_code(struct kith_sessions *sessions, const struct kith_rng *rng,
                             kith_time now, char out[static KITH_SESSION_TEXT_SIZE])
{
    struct kith_session_code *code = &sessions->codes[sessions->code_next];
    sessions->code_next = (sessions->code_next + 1) % KITH_SESSION_CODES_MAX;
    draw(rng, code->text);
    code->expires = now + KITH_SESSION_CODE_LIFE;
    memcpy(out, code->text, KITH_SESSION_TEXT_SIZE);
}

/* ---- guesses ---- */

static void forgive(struct kith_sessions *sessions, kith_time now)
{
    kith_time periods = (now - sessions->forgiven) / KITH_SESSION_GUESS_PERIOD;
    if (sessions->guesses == 0 || periods >= (kith_time)sessions->guesses) {
        sessions->guesses = 0;
        sessions->forgiven = now;
    } else if (periods > 0) {
        sessions->guesses -= (unsigned)periods;
        sessions->forgiven += periods * KITH_SESSION_GUESS_PERIOD;
    }
}

/* All are compared, so that the time taken does not tell which one fits. */
static bool spend(struct kith_sessions *sessions, kith_time now, const char *text)
{
    bool is_good = false;
    for (size_t i = 0; i < KITH_SESSION_CODES_MAX; i++) {
        struct kith_session_code *code = &sessions->codes[i];
        if (!is_same(code->text, text))
            continue;
        is_good = now < code->expires;
        explicit_bzero(code, sizeof *code);
    }
    return is_good;
}

bool kith_sessions_may_guess(struct kith_sessions *sessions, kith_time now)
{
    forgive(sessions, now);
    return sessions->guesses < KITH_SESSION_GUESSES_MAX;
}

int kith_sessions_trade(struct kith_sessions *sessions, const struct kith_rng *rng,
                        kith_time now, const char *code,
                        char out[static KITH_SESSION_TEXT_SIZE])
{
    if (!kith_sessions_may_guess(sessions, now))
        return KITH_ELIMIT;
    if (!spend(sessions, now, code)) {
        sessions->guesses++;
        return KITH_EACCESS;
    }
    char *token = sessions->tokens[sessions->token_next];
    sessions->token_next = (sessions->token_next + 1) % KITH_SESSIONS_MAX;
    draw(rng, token);
    memcpy(out, token, KITH_SESSION_TEXT_SIZE);
    return 0;
}

bool kith_sessions_has(const struct kith_sessions *sessions, const char *token)
{
    bool is_known = false;
    for (size_t i = 0; i < KITH_SESSIONS_MAX; i++)
        is_known |= is_same(sessions->tokens[i], token);
    return is_known;
}
