/* SPDX-License-Identifier: MIT */
/* Which dials back are made, and when they are answered. What is dialled are sockets of
 * this process that listen and never answer, or a peer who proves its id. */
#include "tracker/checker.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kith/error.h"
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

/* More than there may be links that wait for their peer to hang up. */
#define HOLDERS (4 * KITH_CHECKER_DIALS_MAX + 1)
#define FDS_MAX (4 * HOLDERS)

struct peer {
    struct kith_net *net;
    struct kith_address at;
    bool holds_on; /* to connections: they stay open when its links are closed */
    int held[HOLDERS];
    size_t held_count;
    size_t ups, downs, strangers;
    int error; /* of the last one that went down */
};

struct fixture {
    uv_loop_t loop;
    struct peer peer;
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

static void let_go(struct peer *peer)
{
    while (peer->held_count > 0)
        close(peer->held[--peer->held_count]);
}

static void on_peer_done(void *ctx)
{
    struct peer *peer = ctx;
    kith_net_free(peer->net);
    peer->net = NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    let_go(&f->peer);
    if (f->peer.net != NULL)
        kith_net_shutdown(f->peer.net, on_peer_done, &f->peer);
    kith_checker_shutdown(f->checker, on_done, f);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_null(f->checker);
    assert_null(f->peer.net);
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

/* ---- who proves its id ---- */

static bool is_from(int fd, uint16_t port)
{
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    return getpeername(fd, (struct sockaddr *)&from, &size) == 0 && size == sizeof from &&
           ntohs(from.sin_port) == port;
}

static void hold(struct peer *peer, uint16_t port)
{
    int fd = 0;
    while (!is_from(fd, port))
        assert_true(++fd < FDS_MAX);
    assert_true(peer->held_count < HOLDERS);
    peer->held[peer->held_count] = dup(fd);
    assert_true(peer->held[peer->held_count++] >= 0);
}

static void on_peer_up(void *ctx, const struct kith_net_up *up)
{
    struct peer *peer = ctx;
    peer->ups++;
    if (peer->holds_on)
        hold(peer, up->remote.port);
}

static void on_peer_frame(void *ctx, kith_link_no link, struct kith_bytes frame)
{
    fail_msg("nothing is to be said");
}

static void on_peer_down(void *ctx, kith_link_no link, int error)
{
    struct peer *peer = ctx;
    peer->downs++;
    peer->error = error;
}

static void on_peer_drained(void *ctx, kith_link_no link, size_t sent)
{
}

static void on_peer_stranger(void *ctx, int error)
{
    struct peer *peer = ctx;
    peer->strangers++;
}

static void begin_peer(struct fixture *f)
{
    struct peer *peer = &f->peer;
    const struct kith_address any = {.host = "127.0.0.1"};
    const struct kith_net_config config = {.seed = seed,
                                           .id = id,
                                           .alpn = "kith/1",
                                           .links_max = 2 * HOLDERS,
                                           .handshakes_max = 2 * HOLDERS,
                                           .frame_size_initial = 1,
                                           .handler = {.ctx = peer,
                                                       .up = on_peer_up,
                                                       .frame = on_peer_frame,
                                                       .down = on_peer_down,
                                                       .drained = on_peer_drained,
                                                       .stranger = on_peer_stranger}};
    assert_int_equal(kith_net_new(&f->loop, &config, &peer->net), 0);
    assert_int_equal(kith_net_listen(peer->net, &any, &peer->at), 0);
}

/* Within less than the second that a goodbye may take. */
static void who_holds_on_to_its_links_takes_no_place_of_others(void **state)
{
    struct fixture *f = *state;
    f->peer.holds_on = true;
    begin_peer(f);
    for (uint32_t check = 1; check <= HOLDERS; check++) {
        kith_checker_check(f->checker, check, &f->peer.at, &id);
        await_answer(f, check);
        assert_int_equal(f->outcome, KITH_CHECK_REACHED);
    }
    while (f->peer.held_count < HOLDERS)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void who_was_reached_sees_that_the_tracker_has_hung_up(void **state)
{
    struct fixture *f = *state;
    begin_peer(f);
    kith_checker_check(f->checker, 7, &f->peer.at, &id);
    while (f->peer.downs + f->peer.strangers == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->outcome, KITH_CHECK_REACHED);
    assert_int_equal(f->peer.ups, 1);
    assert_int_equal(f->peer.downs, 1);
    assert_int_equal(f->peer.error, KITH_ECLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_can_be_dropped_and_is_answered_at_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(who_refuses_was_not_reached, setup, teardown),
        cmocka_unit_test_setup_teardown(what_descriptors_are_missing_for_was_not_tried,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            who_holds_on_to_its_links_takes_no_place_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(who_was_reached_sees_that_the_tracker_has_hung_up,
                                        setup, teardown),
    };
    return cmocka_run_group_tests_name("tracker/checker", tests, NULL, NULL);
}
