/* SPDX-License-Identifier: MIT */
#include "lib/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kith/error.h"
#include "net/datagrams.h"
#include "own_network.h"

#define WAIT_MS 20000
#define PORT    4747 /* of a network that is the test's own */
#define ENDS    3

/* One node, and what it heard last. */
struct end {
    struct kith_datagrams *datagrams;
    bool closes_when_heard;
    int heard;
    int off_link;
    int changes;
    struct kith_address from; /* of what was heard last */
    char text[KITH_DATAGRAM_SIZE_MAX + 1];
    bool is_closed;
};

struct fixture {
    uv_loop_t loop;
    uv_timer_t limit;
    bool is_late;
    struct end ends[ENDS];
};

static void on_closed(void *ctx)
{
    struct end *end = ctx;
    end->is_closed = true;
}

static void close_end(struct end *end)
{
    kith_datagrams_close(end->datagrams, on_closed, end);
    end->datagrams = NULL;
}

static void on_received(void *ctx, const struct kith_address *from, bool is_on_link,
                        struct kith_bytes bytes)
{
    struct end *end = ctx;
    end->heard++;
    end->off_link += !is_on_link;
    end->from = *from;
    snprintf(end->text, sizeof end->text, "%.*s", (int)bytes.size,
             (const char *)bytes.data);
    if (end->closes_when_heard)
        close_end(end);
}

static void on_changed(void *ctx)
{
    struct end *end = ctx;
    end->changes++;
}

static int open_end(struct fixture *f, struct end *end, uint16_t port, const char *group4,
                    const char *group6)
{
    const struct kith_datagrams_config config = {
        .port = port,
        .group4 = group4,
        .group6 = group6,
        .received = on_received,
        .changed = on_changed,
        .ctx = end,
    };
    return kith_datagrams_new(&f->loop, &config, &end->datagrams);
}

static void on_limit(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    f->is_late = true;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    own_network_set_loopback(true);
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->limit);
    f->limit.data = f;
    uv_timer_start(&f->limit, on_limit, WAIT_MS, 0);
    for (size_t i = 0; i < ENDS; i++)
        assert_int_equal(open_end(f, &f->ends[i], PORT, NULL, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ENDS; i++)
        if (f->ends[i].datagrams)
            close_end(&f->ends[i]);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < ENDS; i++)
        assert_true(f->ends[i].is_closed);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

#define run_until(f, condition)                                                          \
    do {                                                                                 \
        while (!(condition) && !(f)->is_late)                                            \
            uv_run(&(f)->loop, UV_RUN_ONCE);                                             \
        assert_false((f)->is_late);                                                      \
    } while (0)

/* What was sent over loopback is there at once: take all of it. */
static void drain(struct fixture *f)
{
    for (int i = 0; i < 10; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

static uint64_t announce(struct end *end, const char *text)
{
    uint64_t before = kith_datagrams_counts(end->datagrams).sent;
    kith_datagrams_announce(end->datagrams, kith_bytes(text, strlen(text)));
    return kith_datagrams_counts(end->datagrams).sent - before;
}

static void all_of_a_host_hear_an_announcement(void **state)
{
    struct fixture *f = *state;
    uint64_t copies = announce(&f->ends[1], "beacon");
    assert_true(copies >= 2); /* IPv4 multicast and broadcast at the least */
    drain(f);
    for (size_t i = 0; i < ENDS; i++) {
        assert_int_equal(f->ends[i].heard, copies);
        assert_int_equal(f->ends[i].off_link, 0);
        assert_string_equal(f->ends[i].text, "beacon");
        assert_int_not_equal(f->ends[i].from.port, PORT);
    }
}

static void an_answer_reaches_only_who_asked(void **state)
{
    struct fixture *f = *state;
    struct end *asker = &f->ends[0];
    announce(asker, "who is there?");
    drain(f);
    int before = asker->heard;
    kith_datagrams_send(f->ends[2].datagrams, &f->ends[2].from, BYTES("I am"));
    run_until(f, asker->heard > before);
    drain(f);
    assert_int_equal(asker->heard, before + 1);
    assert_string_equal(asker->text, "I am");
    assert_string_equal(f->ends[1].text, "who is there?");
    assert_string_equal(f->ends[2].text, "who is there?");
}

static void an_answer_comes_from_the_private_socket(void **state)
{
    struct fixture *f = *state;
    announce(&f->ends[0], "a");
    drain(f);
    kith_datagrams_send(f->ends[1].datagrams, &f->ends[1].from, BYTES("b"));
    drain(f);
    assert_string_equal(f->ends[0].text, "b");
    kith_datagrams_send(f->ends[0].datagrams, &f->ends[0].from, BYTES("c"));
    drain(f);
    assert_string_equal(f->ends[1].text, "c");
    assert_string_equal(f->ends[2].text, "a");
}

static void what_is_too_long_is_neither_sent_nor_heard(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[KITH_DATAGRAM_SIZE_MAX + 1];
    kith_datagrams_announce(f->ends[0].datagrams, kith_bytes(bytes, sizeof bytes));
    assert_int_equal(kith_datagrams_counts(f->ends[0].datagrams).sent, 0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
    const struct sockaddr_in all = {
        .sin_family = AF_INET,
        .sin_port = htons(PORT),
        .sin_addr.s_addr = htonl(0x7fffffff),
    };
    for (size_t cut = 0; cut < 2; cut++)
        assert_int_equal(sendto(fd, bytes, sizeof bytes - cut, 0,
                                (const struct sockaddr *)&all, sizeof all),
                         sizeof bytes - cut);
    close(fd);
    drain(f);
    assert_int_equal(f->ends[1].heard, 1);
    assert_int_equal(kith_datagrams_counts(f->ends[1].datagrams).too_long, 1);
}

static void a_flood_is_handed_up_slowly(void **state)
{
    struct fixture *f = *state;
    close_end(&f->ends[1]);
    close_end(&f->ends[2]);
    struct end *end = &f->ends[0];
    struct kith_address to = {.host = "127.0.0.1", .port = PORT};
    uint64_t began_ms = uv_now(&f->loop);
    int turns = 0;
    while (end->heard <= KITH_DATAGRAMS_BURST) {
        for (int i = 0; i < 200; i++)
            kith_datagrams_send(end->datagrams, &to, BYTES("flood"));
        int before = end->heard;
        uv_run(&f->loop, UV_RUN_ONCE);
        assert_true(end->heard - before <= KITH_DATAGRAMS_TURN_MAX);
        turns += end->heard > before;
    }
    assert_true(turns > KITH_DATAGRAMS_BURST / KITH_DATAGRAMS_TURN_MAX);
    uv_update_time(&f->loop);
    uint64_t passed_ms = uv_now(&f->loop) - began_ms;
    assert_true((uint64_t)end->heard <=
                KITH_DATAGRAMS_BURST + 1 + passed_ms * KITH_DATAGRAMS_RATE_PER_S / 1000);
}

static void what_waited_during_a_flood_is_heard_later(void **state)
{
    struct fixture *f = *state;
    struct end *end = &f->ends[2]; /* bound last, so unicast to the port is its own */
    struct kith_address to = {.host = "127.0.0.1", .port = PORT};
    for (int i = 0; i < KITH_DATAGRAMS_BURST; i++) {
        kith_datagrams_send(end->datagrams, &to, BYTES("flood"));
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    kith_datagrams_send(end->datagrams, &to, BYTES("last"));
    run_until(f, strcmp(end->text, "last") == 0);
    assert_int_equal(end->heard, KITH_DATAGRAMS_BURST + 1);
}

static void after_down_and_up_it_is_heard_again(void **state)
{
    struct fixture *f = *state;
    own_network_set_loopback(false);
    run_until(f, f->ends[0].changes == 1 && f->ends[1].changes == 1);
    assert_int_equal(announce(&f->ends[0], "into the void"), 0);
    own_network_set_loopback(true);
    run_until(f, f->ends[0].changes == 2 && f->ends[1].changes == 2);
    uint64_t copies = announce(&f->ends[0], "back");
    drain(f);
    assert_int_equal(f->ends[1].heard, copies);
    assert_string_equal(f->ends[1].text, "back");
}

static void a_callback_may_close(void **state)
{
    struct fixture *f = *state;
    f->ends[1].closes_when_heard = true;
    announce(&f->ends[0], "bye");
    run_until(f, f->ends[1].is_closed);
    assert_int_equal(f->ends[1].heard, 1);
}

static void a_port_that_is_not_shared_is_an_error(void **state)
{
    struct fixture *f = *state;
    int fds[] = {socket(AF_INET, SOCK_DGRAM, 0), socket(AF_INET6, SOCK_DGRAM, 0)};
    const int yes = 1;
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(PORT + 1)};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons(PORT + 1)};
    setsockopt(fds[1], IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    assert_int_equal(bind(fds[0], (const struct sockaddr *)&v4, sizeof v4), 0);
    bool has_ipv6 = bind(fds[1], (const struct sockaddr *)&v6, sizeof v6) == 0;
    struct end end = {0};
    assert_int_equal(open_end(f, &end, PORT + 1, NULL, NULL), KITH_EADDRINUSE);
    assert_null(end.datagrams);
    close(fds[1]);
    if (has_ipv6) { /* the other family has to do */
        assert_int_equal(open_end(f, &end, PORT + 1, NULL, NULL), 0);
        assert_int_equal(kith_datagrams_counts(end.datagrams).error_ipv4,
                         KITH_EADDRINUSE);
        assert_int_equal(kith_datagrams_counts(end.datagrams).error_ipv6, 0);
        announce(&end, "still not");
        assert_int_equal(kith_datagrams_counts(end.datagrams).error_ipv4,
                         KITH_EADDRINUSE);
        close(fds[0]);
        announce(&end, "now");
        assert_int_equal(kith_datagrams_counts(end.datagrams).error_ipv4, 0);
        close_end(&end);
        run_until(f, end.is_closed);
    } else {
        close(fds[0]);
    }
}

static void a_group_must_be_one_and_a_port_a_number(void **state)
{
    struct fixture *f = *state;
    struct end end = {0};
    assert_int_equal(open_end(f, &end, 0, NULL, NULL), KITH_EINVALID);
    assert_int_equal(open_end(f, &end, PORT, "10.0.0.1", NULL), KITH_EINVALID);
    assert_int_equal(open_end(f, &end, PORT, "ff02::1", NULL), KITH_EINVALID);
    assert_int_equal(open_end(f, &end, PORT, NULL, "239.1.1.1"), KITH_EINVALID);
    assert_int_equal(open_end(f, &end, PORT, NULL, "ff05::1"), KITH_EINVALID);
    assert_int_equal(open_end(f, &end, PORT, "elsewhere", NULL), KITH_EINVALID);
}

static void who_has_another_port_hears_nothing(void **state)
{
    struct fixture *f = *state;
    struct end other = {0};
    assert_int_equal(open_end(f, &other, PORT + 2, NULL, NULL), 0);
    announce(&f->ends[0], "not for you");
    drain(f);
    assert_true(f->ends[1].heard > 0);
    assert_int_equal(other.heard, 0);
    close_end(&other);
    run_until(f, other.is_closed);
}

static void nothing_runs_while_nobody_speaks(void **state)
{
    struct fixture *f = *state;
    uv_timer_stop(&f->limit);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(uv_backend_timeout(&f->loop), -1);
}

static void closing_nothing_is_done_at_once(void **state)
{
    struct end end = {0};
    kith_datagrams_close(NULL, on_closed, &end);
    assert_true(end.is_closed);
    kith_datagrams_close(NULL, NULL, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    if (!own_network_enter()) {
        print_message("1..0 # SKIP no network namespace can be made here\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        CASE(all_of_a_host_hear_an_announcement),
        CASE(an_answer_reaches_only_who_asked),
        CASE(an_answer_comes_from_the_private_socket),
        CASE(what_is_too_long_is_neither_sent_nor_heard),
        CASE(a_flood_is_handed_up_slowly),
        CASE(what_waited_during_a_flood_is_heard_later),
        CASE(after_down_and_up_it_is_heard_again),
        CASE(a_callback_may_close),
        CASE(a_port_that_is_not_shared_is_an_error),
        CASE(a_group_must_be_one_and_a_port_a_number),
        CASE(who_has_another_port_hears_nothing),
        CASE(nothing_runs_while_nobody_speaks),
        cmocka_unit_test(closing_nothing_is_done_at_once),
    };
    return cmocka_run_group_tests_name("net datagrams", tests, NULL, NULL);
}
