/* SPDX-License-Identifier: MIT */
/* Which dials back are made, and when they are answered. What is dialled are sockets of
 * this process that listen and never answer. */
#include "tracker/checker.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/unit.h"

/* RFC 8032 section 7.1, test 1. */
static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const struct kith_id id = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                   0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                   0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                   0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

struct fixture {
    uv_loop_t loop;
    struct kith_checker *checker;
    struct kith_address silent;
    int fd;
    size_t answers;
    uint32_t answered; /* the last one */
    enum kith_check_outcome outcome;
};

static void on_checked(void *ctx, uint32_t check, enum kith_check_outcome outcome)
{
    struct fixture *f = ctx;
    f->outcome = outcome;
    f->answers++;
    f->answered = check;
}

static void listen_silently(struct fixture *f)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    f->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(f->fd, 2 * KITH_CHECKER_DIALS_MAX), 0);
    assert_int_equal(getsockname(f->fd, (struct sockaddr *)&at, &size), 0);
    f->silent = (struct kith_address){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    listen_silently(&f);
    assert_int_equal(uv_loop_init(&f.loop), 0);
    const struct kith_checker_config config = {
        .loop = &f.loop, .seed = seed, .id = id, .checked = on_checked, .ctx = &f};
    assert_int_equal(kith_checker_new(&config, &f.checker), 0);
    *state = &f;
    return 0;
}

static void on_done(void *ctx)
{
    struct fixture *f = ctx;
    kith_checker_free(f->checker);
    f->checker = NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_checker_shutdown(f->checker, on_done, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_null(f->checker);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    close(f->fd);
    return 0;
}

static void what_waits_can_be_dropped_and_is_answered_at_once(void **state)
{
    struct fixture *f = *state;
    uint32_t last = KITH_CHECKER_DIALS_MAX + 2;
    for (uint32_t check = 1; check <= last; check++)
        kith_checker_check(f->checker, check, &f->silent, &id);
    kith_checker_drop(f->checker, 1); /* under way: answered when it ends */
    assert_int_equal(f->answers, 0);
    kith_checker_drop(f->checker, last - 1);
    assert_int_equal(f->answered, last - 1);
    assert_int_equal(f->outcome, KITH_CHECK_NOT_TRIED);
    kith_checker_drop(f->checker, last - 1); /* it is known no more */
    assert_int_equal(f->answers, 1);
    kith_checker_drop(f->checker, last);
    assert_int_equal(f->answered, last);
    assert_int_equal(f->answers, 2);
}

static void await_answer(struct fixture *f, size_t count)
{
    while (f->answers < count)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void who_refuses_was_not_reached(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(shutdown(f->fd, SHUT_RDWR), 0); /* listens no more */
    kith_checker_check(f->checker, 7, &f->silent, &id);
    await_answer(f, 1);
    assert_int_equal(f->outcome, KITH_CHECK_NOT_REACHED);
}

static void what_descriptors_are_missing_for_was_not_tried(void **state)
{
    struct fixture *f = *state;
    struct rlimit usual;
    uv_run(&f->loop, UV_RUN_NOWAIT); /* what the loop itself needs is open */
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    const struct rlimit none = {.rlim_max = usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    kith_checker_check(f->checker, 7, &f->silent, &id);
    await_answer(f, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(f->outcome, KITH_CHECK_NOT_TRIED);
    kith_checker_check(f->checker, 8, &f->silent, &id);
    kith_checker_drop(f->checker, 8); /* under way, so it has been tried */
    assert_int_equal(f->answers, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_can_be_dropped_and_is_answered_at_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_refuses_was_not_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(what_descriptors_are_missing_for_was_not_tried,
                                        setup, teardown),
    };
    return cmocka_run_group_tests_name("tracker/checker", tests, NULL, NULL);
}
