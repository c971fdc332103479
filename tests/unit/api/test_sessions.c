/* SPDX-License-Identifier: MIT */
#include "api/server_sessions.h"

#include <string.h>

#include "kith/error.h"
#include "lib/unit.h"

/* Counts, so that no two are the same. */
static void fill(void *ctx, void *out, size_t size)
{
    uint32_t *drawn = ctx;
    memset(out, 0, size);
    ++*drawn;
    memcpy(out, drawn, sizeof *drawn);
}

struct fixture {
    struct kith_sessions sessions;
    struct kith_rng rng;
    uint32_t drawn;
    char code[KITH_SESSION_TEXT_SIZE];
    char token[KITH_SESSION_TEXT_SIZE];
};

static struct fixture fixture(void)
{
    return (struct fixture){.rng = {.fill = fill}};
}

static void make_code(struct fixture *f, kith_time now)
{
    f->rng.ctx = &f->drawn;
    kith_sessions_make_code(&f->sessions, &f->rng, now, f->code);
}

static int trade(struct fixture *f, kith_time now, const char *code)
{
    f->rng.ctx = &f->drawn;
    return kith_sessions_trade(&f->sessions, &f->rng, now, code, f->token);
}

static void a_code_is_traded_for_a_token(void **state)
{
    struct fixture f = fixture();
    make_code(&f, 0);
    assert_int_equal(strlen(f.code), 52);
    assert_false(kith_sessions_has(&f.sessions, f.code));
    assert_int_equal(trade(&f, KITH_SECOND, f.code), 0);
    assert_string_not_equal(f.token, f.code);
    assert_true(kith_sessions_has(&f.sessions, f.token));
    assert_false(kith_sessions_has(&f.sessions, ""));
    f.token[51] = f.token[51] == 'a' ? 'q' : 'a';
    assert_false(kith_sessions_has(&f.sessions, f.token));
}

static void a_code_is_good_once(void **state)
{
    struct fixture f = fixture();
    make_code(&f, 0);
    assert_int_equal(trade(&f, 1, f.code), 0);
    assert_int_equal(trade(&f, 2, f.code), KITH_EACCESS);
}

static void a_code_is_good_for_a_minute(void **state)
{
    struct fixture f = fixture();
    make_code(&f, 5 * KITH_SECOND);
    assert_int_equal(trade(&f, 65 * KITH_SECOND, f.code), KITH_EACCESS);
    assert_int_equal(trade(&f, 6 * KITH_SECOND, f.code),
                     KITH_EACCESS); /* gone for good */
    make_code(&f, 5 * KITH_SECOND);
    assert_int_equal(trade(&f, 65 * KITH_SECOND - 1, f.code), 0);
}

static void what_was_never_a_code_is_none(void **state)
{
    struct fixture f = fixture();
    assert_int_equal(trade(&f, 1, ""), KITH_EACCESS);
    make_code(&f, 0);
    f.code[40] = '\0';
    assert_int_equal(trade(&f, 1, f.code), KITH_EACCESS);
    assert_int_equal(trade(&f, 1, ""), KITH_EACCESS);
}

static void guesses_are_limited_and_forgiven(void **state)
{
    struct fixture f = fixture();
    kith_time now = KITH_HOUR;
    make_code(&f, now);
    for (int i = 0; i < KITH_SESSION_GUESSES_MAX; i++)
        assert_int_equal(trade(&f, now, "wrong"), KITH_EACCESS);
    assert_int_equal(trade(&f, now, "wrong"), KITH_ELIMIT);
    assert_int_equal(trade(&f, now, f.code), KITH_ELIMIT);
    now += KITH_SESSION_GUESS_PERIOD;
    assert_int_equal(trade(&f, now, "wrong"), KITH_EACCESS);
    assert_int_equal(trade(&f, now, "wrong"), KITH_ELIMIT);
    now += KITH_SESSION_GUESS_PERIOD;
    assert_int_equal(trade(&f, now, f.code), 0);
    now += KITH_HOUR;
    for (int i = 0; i < KITH_SESSION_GUESSES_MAX; i++)
        assert_int_equal(trade(&f, now, "wrong"), KITH_EACCESS);
    assert_int_equal(trade(&f, now, "wrong"), KITH_ELIMIT);
}

static void the_oldest_code_and_token_give_way(void **state)
{
    struct fixture f = fixture();
    char first[KITH_SESSION_TEXT_SIZE];
    make_code(&f, 0);
    memcpy(first, f.code, sizeof first);
    for (int i = 0; i < KITH_SESSION_CODES_MAX; i++)
        make_code(&f, 0);
    assert_int_equal(trade(&f, 1, first), KITH_EACCESS);
    assert_int_equal(trade(&f, 1, f.code), 0);
    memcpy(first, f.token, sizeof first);
    for (int i = 0; i < KITH_SESSIONS_MAX; i++) {
        assert_true(kith_sessions_has(&f.sessions, first));
        make_code(&f, 0);
        assert_int_equal(trade(&f, 1, f.code), 0);
    }
    assert_false(kith_sessions_has(&f.sessions, first));
    assert_true(kith_sessions_has(&f.sessions, f.token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_traded_for_a_token),
        cmocka_unit_test(a_code_is_good_once),
        cmocka_unit_test(a_code_is_good_for_a_minute),
        cmocka_unit_test(what_was_never_a_code_is_none),
        cmocka_unit_test(guesses_are_limited_and_forgiven),
        cmocka_unit_test(the_oldest_code_and_token_give_way),
    };
    return cmocka_run_group_tests_name("api/sessions", tests, NULL, NULL);
}
