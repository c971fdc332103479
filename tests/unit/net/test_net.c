/* SPDX-License-Identifier: MIT */
#include "endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/conn.h"
#include "net/sockaddr.h"

struct pair {
    uv_loop_t loop;
    struct endpoint *alice; /* dials */
    struct endpoint *bob;   /* listens */
};

static void (*adjust_next)(struct kith_net_config *config);

static void open_pair(struct pair *pair, const char *host)
{
    uv_loop_init(&pair->loop);
    pair->alice = endpoint_new(&pair->loop, seed_alice, &id_alice, adjust_next);
    pair->bob = endpoint_new(&pair->loop, seed_bob, &id_bob, adjust_next);
    endpoint_listen(pair->bob, host);
}

static void close_pair(struct pair *pair)
{
    endpoint_free(&pair->loop, pair->alice);
    endpoint_free(&pair->loop, pair->bob);
    loop_close(&pair->loop);
}

static void until(struct pair *pair, const size_t *value, size_t wanted)
{
    turn_until(&pair->loop, pair->alice, pair->bob, value, wanted);
}

static void link_pair(struct pair *pair)
{
    size_t count = pair->bob->up_count;
    assert_int_equal(endpoint_dial(pair->alice, 1, &pair->bob->at, &id_bob), 0);
    until(pair, &pair->alice->up_count, count + 1);
    until(pair, &pair->bob->up_count, count + 1);
}

static int setup(void **state)
{
    static struct pair pair;
    pair = (struct pair){0};
    open_pair(&pair, "127.0.0.1");
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    close_pair(*state);
    adjust_next = NULL;
    return 0;
}

/* ---- links ---- */

static void both_sides_prove_their_keys_and_share_exporters(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    const struct kith_net_up *a = &pair->alice->up;
    const struct kith_net_up *b = &pair->bob->up;
    assert_true(kith_id_equal(&a->peer, &id_bob));
    assert_true(kith_id_equal(&b->peer, &id_alice));
    assert_true(a->is_dialler && a->dial == 1 && a->link != 0);
    assert_true(!b->is_dialler && b->dial == 0 && b->link != 0);
    assert_true(a->is_lan && b->is_lan);
    assert_string_equal(a->remote.host, "127.0.0.1");
    assert_int_equal(a->remote.port, pair->bob->at.port);
    assert_memory_equal(a->exporter_net, b->exporter_net, 32);
    assert_memory_equal(a->exporter_room, b->exporter_room, 32);
    assert_memory_not_equal(a->exporter_net, a->exporter_room, 32);
    assert_int_equal(kith_net_counts(pair->bob->net).links, 1);
    assert_int_equal(kith_net_counts(pair->bob->net).handshakes, 0);
    assert_int_equal(kith_net_counts(pair->alice->net).dials, 0);
}

static void frames_of_every_size_arrive_whole(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    pair->bob->has_echo = true;
    const size_t sizes[] = {1,     2,     3,      99,      4095,       4096,
                            16379, 16380, 16381,  16384,   32768,      65535,
                            65536, 65537, 500000, 1048575, 1024 * 1024};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        send_frame(pair->alice, pair->alice->up.link, sizes[i]);
        until(pair, &pair->alice->frame_count, i + 1);
        assert_int_equal(pair->bob->frame_size, sizes[i]);
        assert_true(is_pattern(pair->bob->frame, sizes[i]));
        assert_int_equal(pair->alice->frame_size, sizes[i]);
        assert_true(is_pattern(pair->alice->frame, sizes[i]));
    }
}

static void many_frames_of_one_turn_arrive_in_order(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    size_t bytes = 0;
    for (size_t i = 1; i <= 3000; i++) {
        send_frame(pair->alice, pair->alice->up.link, i % 700 + 1);
        bytes += i % 700 + 1;
    }
    until(pair, &pair->bob->frame_count, 3000);
    assert_int_equal(pair->bob->frame_bytes, bytes);
    assert_int_equal(pair->bob->frame_size, 3000 % 700 + 1);
    assert_int_equal(pair->alice->drained, bytes + 3000 * 4);
    assert_int_equal(kith_net_queued(pair->alice->net, pair->alice->up.link), 0);
}

static void few_bytes_leave_with_the_flush(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    send_frame(pair->alice, pair->alice->up.link, 10);
    assert_int_equal(kith_net_queued(pair->alice->net, pair->alice->up.link), 14);
    assert_int_equal(pair->alice->drained, 0);
    kith_net_flush(pair->alice->net);
    assert_int_equal(kith_net_queued(pair->alice->net, pair->alice->up.link), 0);
    assert_int_equal(pair->alice->drained, 14);
}

static void many_bytes_leave_before_the_flush_that_reports_them(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    for (size_t i = 0; i < 10; i++)
        send_frame(pair->alice, pair->alice->up.link, 10000);
    assert_in_range(kith_net_queued(pair->alice->net, pair->alice->up.link), 1,
                    KITH_CONN_EARLY_SIZE);
    assert_int_equal(pair->alice->drained, 0);
    until(pair, &pair->bob->frame_count, 10);
    assert_int_equal(pair->alice->drained, 10 * 10004);
}

static void frame_above_a_strangers_limit_closes_the_link(void **state)
{
    struct pair *pair = *state;
    pair->bob->limit_up = 0;
    link_pair(pair);
    send_frame(pair->alice, pair->alice->up.link, 4096);
    until(pair, &pair->bob->frame_count, 1);
    send_frame(pair->alice, pair->alice->up.link, 4097);
    until(pair, &pair->bob->down_count, 1);
    assert_int_equal(pair->bob->down_error, KITH_ETOOBIG);
    assert_int_equal(pair->bob->frame_count, 1);
    until(pair, &pair->alice->down_count, 1);
    assert_int_equal(pair->alice->down_error, KITH_ECLOSED);
}

static void links_are_independent(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    kith_link_no first = pair->alice->up.link;
    kith_link_no first_of_bob = pair->bob->up.link;
    link_pair(pair);
    assert_int_not_equal(pair->alice->up.link, first);
    kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EDISCONNECTED);
    until(pair, &pair->bob->down_count, 1);
    assert_int_not_equal(pair->bob->down_link, first_of_bob);
    send_frame(pair->alice, first, 5);
    until(pair, &pair->bob->frame_count, 1);
}

static void unknown_links_are_ignored(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    kith_link_no absent = pair->alice->up.link + 4096;
    send_frame(pair->alice, absent, 5);
    send_frame(pair->alice, 0, 5);
    kith_net_pause(pair->alice->net, absent, true);
    kith_net_limit(pair->alice->net, absent, 5);
    kith_net_close(pair->alice->net, absent, KITH_ECLOSED);
    assert_int_equal(kith_net_queued(pair->alice->net, absent), 0);
    assert_int_equal(kith_net_counts(pair->alice->net).links, 1);
}

/* ---- closing ---- */

/* A busy machine takes its time. */
static void linger_long(struct kith_net_config *config)
{
    config->linger_ms = PATIENCE_MS;
}

static void close_delivers_what_is_queued(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = linger_long;
    open_pair(pair, "127.0.0.1");
    link_pair(pair);
    for (int i = 0; i < 8; i++)
        send_frame(pair->alice, pair->alice->up.link, 1024 * 1024);
    send_frame(pair->alice, pair->alice->up.link, 7);
    kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EREPLACED);
    assert_int_equal(pair->alice->down_count, 0);
    until(pair, &pair->bob->down_count, 1);
    assert_int_equal(pair->bob->frame_count, 9);
    assert_int_equal(pair->bob->frame_size, 7);
    assert_int_equal(pair->bob->down_error, KITH_ECLOSED);
    until(pair, &pair->alice->down_count, 1);
    assert_int_equal(pair->alice->down_error, KITH_EREPLACED);
}

static void close_delivers_what_is_queued_while_the_peer_talks(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = linger_long;
    open_pair(pair, "127.0.0.1");
    link_pair(pair);
    for (int i = 0; i < 50; i++)
        send_frame(pair->bob, pair->bob->up.link, 100000);
    kith_net_flush(pair->bob->net);
    for (int i = 0; i < 8; i++)
        send_frame(pair->alice, pair->alice->up.link, 1000000);
    kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EREPLACED);
    until(pair, &pair->bob->down_count, 1);
    assert_int_equal(pair->bob->frame_count, 8);
    assert_int_equal(pair->bob->down_error, KITH_ECLOSED);
}

static void close_inside_a_frame_stops_the_frames(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    pair->bob->close_after = 3;
    for (int i = 0; i < 10; i++)
        send_frame(pair->alice, pair->alice->up.link, 20);
    until(pair, &pair->bob->down_count, 1);
    assert_int_equal(pair->bob->frame_count, 3);
    assert_int_equal(pair->bob->down_error, KITH_EDISCONNECTED);
}

static void both_close_at_once(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EREPLACED);
    kith_net_close(pair->bob->net, pair->bob->up.link, KITH_EPROOF);
    until(pair, &pair->alice->down_count, 1);
    until(pair, &pair->bob->down_count, 1);
    assert_int_equal(pair->alice->down_error, KITH_EREPLACED);
    assert_int_equal(pair->bob->down_error, KITH_EPROOF);
}

static void stop_delivers_what_is_queued(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    send_frame(pair->alice, pair->alice->up.link, 9);
    uv_loop_t *loop = &pair->loop;
    endpoint_free(loop, pair->alice);
    turn_until(loop, NULL, pair->bob, &pair->bob->down_count, 1);
    assert_int_equal(pair->bob->frame_size, 9);
    assert_int_equal(pair->bob->down_error, KITH_ECLOSED);
    pair->alice = endpoint_new(loop, seed_alice, &id_alice, NULL);
}

static void linger_short(struct kith_net_config *config)
{
    config->linger_ms = 50;
}

static void peer_that_does_not_read_cannot_hold_a_close_up(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = linger_short;
    open_pair(pair, "127.0.0.1");
    link_pair(pair);
    kith_net_pause(pair->bob->net, pair->bob->up.link, true);
    for (int i = 0; i < 20; i++)
        send_frame(pair->alice, pair->alice->up.link, 1024 * 1024);
    kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EREPLACED);
    until(pair, &pair->alice->down_count, 1);
    assert_int_equal(pair->alice->down_error, KITH_EREPLACED);
}

/* ---- backpressure ---- */

static void paused_link_delivers_nothing_until_it_goes_on(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    kith_net_pause(pair->bob->net, pair->bob->up.link, true);
    send_frame(pair->alice, pair->alice->up.link, 100);
    until(pair, &pair->alice->drained, 104);
    turn_for(&pair->loop, pair->alice, pair->bob, 20);
    assert_int_equal(pair->bob->frame_count, 0);
    kith_net_pause(pair->bob->net, pair->bob->up.link, false);
    until(pair, &pair->bob->frame_count, 1);
}

static void slow_reader_is_seen_in_the_queue_and_loses_nothing(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    kith_net_pause(pair->bob->net, pair->bob->up.link, true);
    for (int i = 0; i < 40; i++)
        send_frame(pair->alice, pair->alice->up.link, 1000000);
    turn_for(&pair->loop, pair->alice, pair->bob, 50);
    size_t all = 40 * 1000004;
    size_t queued = kith_net_queued(pair->alice->net, pair->alice->up.link);
    assert_true(queued > 0);
    assert_true(queued >= all - pair->alice->drained - 100000);
    assert_true(queued <= all - pair->alice->drained + 1000);
    kith_net_pause(pair->bob->net, pair->bob->up.link, false);
    until(pair, &pair->bob->frame_count, 40);
    until(pair, &pair->alice->drained, all);
    assert_int_equal(kith_net_queued(pair->alice->net, pair->alice->up.link), 0);
}

static void queue_beyond_its_bound_closes_the_link(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    kith_net_pause(pair->bob->net, pair->bob->up.link, true);
    for (int i = 0; i < 90; i++) /* the kernel takes some of them */
        send_frame(pair->alice, pair->alice->up.link, 1000000);
    until(pair, &pair->alice->down_count, 1);
    assert_int_equal(pair->alice->down_error, KITH_ELIMIT);
    kith_net_pause(pair->bob->net, pair->bob->up.link, false);
    until(pair, &pair->bob->down_count, 1);
}

/* ---- dialling ---- */

static void dial_to_another_id_is_refused(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(endpoint_dial(pair->alice, 7, &pair->bob->at, &id_alice), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_failed, 7);
    assert_int_equal(pair->alice->dial_error, KITH_EIDENTITY);
    turn_for(&pair->loop, pair->alice, pair->bob, 20);
    assert_int_equal(pair->alice->up_count + pair->bob->up_count, 0);
    assert_int_equal(kith_net_counts(pair->bob->net).handshakes, 0);
}

static void dial_without_expectation_takes_who_is_there(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(endpoint_dial(pair->alice, 7, &pair->bob->at, NULL), 0);
    until(pair, &pair->alice->up_count, 1);
    assert_true(kith_id_equal(&pair->alice->up.peer, &id_bob));
}

static void dial_by_name_resolves(void **state)
{
    struct pair *pair = *state;
    struct kith_address named = pair->bob->at;
    snprintf(named.host, sizeof named.host, "%s", "localhost");
    assert_int_equal(endpoint_dial(pair->alice, 7, &named, &id_bob), 0);
    until(pair, &pair->alice->up_count, 1);
}

static void dial_where_nobody_listens_is_refused(void **state)
{
    struct pair *pair = *state;
    struct endpoint *gone = endpoint_new(&pair->loop, seed_bob, &id_bob, NULL);
    endpoint_listen(gone, "127.0.22.1"); /* no other test takes its port */
    struct kith_address at = gone->at;
    endpoint_free(&pair->loop, gone);
    assert_int_equal(endpoint_dial(pair->alice, 7, &at, NULL), 0);
    assert_int_equal(pair->alice->dial_failed_count, 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_EREFUSED);
}

static void dial_of_no_name_cannot_be_resolved(void **state)
{
    struct pair *pair = *state;
    const char *const hosts[] = {"no..name", "-", "a b"};
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct kith_address at = {.port = 4747};
        snprintf(at.host, sizeof at.host, "%s", hosts[i]);
        assert_int_equal(endpoint_dial(pair->alice, 7, &at, NULL), 0);
        until(pair, &pair->alice->dial_failed_count, i + 1);
        assert_int_equal(pair->alice->dial_error, KITH_ERESOLVE);
    }
}

static void dial_of_another_program_is_no_handshake(void **state)
{
    struct pair *pair = *state;
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof any;
    assert_int_equal(bind(listening, (struct sockaddr *)&any, size), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&any, &size), 0);
    struct kith_address at = {.host = "127.0.0.1", .port = ntohs(any.sin_port)};
    assert_int_equal(endpoint_dial(pair->alice, 7, &at, NULL), 0);
    turn_for(&pair->loop, pair->alice, pair->bob, 5);
    int fd = accept(listening, NULL, NULL);
    assert_true(fd >= 0);
    assert_int_equal(send(fd, "SSH-2.0-OpenSSH_9.2p1\r\n", 23, MSG_NOSIGNAL), 23);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_EHANDSHAKE);
    close(fd);
    close(listening);
}

static void other_alpn(struct kith_net_config *config)
{
    config->alpn = "kith-tracker/1";
}

static void dial_with_another_alpn_is_no_handshake(void **state)
{
    struct pair *pair = *state;
    struct endpoint *carol = endpoint_new(&pair->loop, seed_alice, &id_alice, other_alpn);
    assert_int_equal(endpoint_dial(carol, 7, &pair->bob->at, NULL), 0);
    turn_until(&pair->loop, carol, pair->bob, &carol->dial_failed_count, 1);
    assert_int_equal(carol->dial_error, KITH_EHANDSHAKE);
    endpoint_free(&pair->loop, carol);
    assert_int_equal(pair->bob->up_count, 0);
}

static int race(struct pair *pair, const struct kith_address *addresses, size_t count)
{
    return kith_net_dial(pair->alice->net, 7,
                         &(struct kith_net_target){.addresses = addresses,
                                                   .count = count,
                                                   .expected = &id_bob});
}

/* Where nothing is answered, not even by a refusal: its queue is full. */
struct silence {
    int listening;
    int waiting[2];
    struct kith_address at;
};

static void silence_begin(struct silence *silence)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    silence->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(silence->listening, (struct sockaddr *)&any, size), 0);
    assert_int_equal(listen(silence->listening, 0), 0);
    assert_int_equal(getsockname(silence->listening, (struct sockaddr *)&any, &size), 0);
    silence->at = (struct kith_address){.host = "127.0.0.1", .port = ntohs(any.sin_port)};
    for (size_t i = 0; i < COUNT(silence->waiting); i++) {
        silence->waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(silence->waiting[i], (struct sockaddr *)&any, size);
    }
}

static void silence_end(struct silence *silence)
{
    for (size_t i = 0; i < COUNT(silence->waiting); i++)
        close(silence->waiting[i]);
    close(silence->listening);
}

static void dial_of_many_takes_the_one_that_answers(void **state)
{
    struct pair *pair = *state;
    struct silence silence;
    silence_begin(&silence);
    struct kith_address all[KITH_NET_ADDRESSES_MAX];
    for (size_t i = 0; i < COUNT(all); i++)
        all[i] = (struct kith_address){.host = "127.0.0.1", .port = 1}; /* refuses */
    all[2] = silence.at;
    snprintf(all[3].host, sizeof all[3].host, "%s", "no..name");
    snprintf(all[4].host, sizeof all[4].host, "%s", "255.255.255.255");
    all[7] = pair->bob->at;
    uint64_t begin_ms = uv_now(&pair->loop);
    assert_int_equal(race(pair, all, COUNT(all)), 0);
    until(pair, &pair->alice->up_count, 1);
    uint64_t took_ms = uv_now(&pair->loop) - begin_ms;
    assert_true(took_ms >= 200); /* it waited for the silent one first */
    assert_int_equal(pair->alice->up.remote.port, pair->bob->at.port);
    assert_int_equal(kith_net_counts(pair->alice->net).dials, 0);
    turn_for(&pair->loop, pair->alice, pair->bob, 20);
    assert_int_equal(pair->bob->up_count, 1);
    assert_int_equal(pair->alice->stranger_count, 0); /* those that lost are none */
    silence_end(&silence);
}

static void dial_of_many_fails_with_what_tells_most(void **state)
{
    struct pair *pair = *state;
    struct kith_address all[] = {
        {.host = "no..name", .port = 1},
        {.host = "127.0.0.1", .port = 1},
        {.host = "255.255.255.255", .port = 1}, /* no route */
    };
    assert_int_equal(race(pair, all, COUNT(all)), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_EREFUSED);
}

static void dial_of_many_where_another_is_at_home_goes_on(void **state)
{
    struct pair *pair = *state;
    struct endpoint *carol = endpoint_new(&pair->loop, seed_alice, &id_alice, NULL);
    endpoint_listen(carol, "127.0.0.1");
    const struct kith_address all[] = {carol->at, pair->bob->at};
    assert_int_equal(race(pair, all, COUNT(all)), 0);
    until(pair, &pair->alice->up_count, 1);
    assert_int_equal(pair->alice->up.remote.port, pair->bob->at.port);
    assert_int_equal(carol->up_count, 0);
    endpoint_free(&pair->loop, carol);
}

static void dial_has_a_time_of_its_own(void **state)
{
    struct pair *pair = *state;
    struct silence silence;
    silence_begin(&silence);
    const struct kith_net_target target = {
        .addresses = &silence.at, .count = 1, .connect_ms = 30};
    uint64_t begin_ms = uv_now(&pair->loop);
    assert_int_equal(kith_net_dial(pair->alice->net, 7, &target), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_ETIMEDOUT);
    assert_true(uv_now(&pair->loop) - begin_ms < KITH_NET_CONNECT_MS);
    silence_end(&silence);
}

static void dials_are_limited(void **state)
{
    struct pair *pair = *state;
    for (uint32_t i = 1; i <= KITH_NET_DIALS_MAX; i++)
        assert_int_equal(endpoint_dial(pair->alice, i, &pair->bob->at, NULL), 0);
    assert_int_equal(endpoint_dial(pair->alice, 999, &pair->bob->at, NULL), KITH_ELIMIT);
}

static void impatient(struct kith_net_config *config)
{
    config->handshake_ms = 50;
    config->linger_ms = 50;
}

static void dial_of_a_silent_program_times_out(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = impatient;
    open_pair(pair, "127.0.0.1");
    struct sockaddr_in any = {.sin_family = AF_INET};
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof any;
    assert_int_equal(bind(listening, (struct sockaddr *)&any, size), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&any, &size), 0);
    struct kith_address at = {.host = "127.0.0.1", .port = ntohs(any.sin_port)};
    assert_int_equal(endpoint_dial(pair->alice, 7, &at, NULL), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_ETIMEDOUT);
    close(listening);
}

static void stop_fails_the_dials_under_way(void **state)
{
    struct pair *pair = *state;
    struct kith_address named = {.host = "localhost", .port = pair->bob->at.port};
    assert_int_equal(endpoint_dial(pair->alice, 7, &pair->bob->at, NULL), 0);
    assert_int_equal(endpoint_dial(pair->alice, 8, &named, NULL), 0);
    endpoint_stop(&pair->loop, pair->alice);
    assert_int_equal(pair->alice->dial_failed_count, 2);
    assert_int_equal(pair->alice->dial_error, KITH_ECLOSED);
    assert_int_equal(pair->alice->up_count, 0);
}

/* ---- strangers ---- */

static bool is_hung_up(int fd)
{
    char byte;
    ssize_t size = recv(fd, &byte, 1, MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN);
}

static void wait_for_handshakes(struct pair *pair, size_t wanted)
{
    for (int i = 0; i < 1000; i++) {
        if (kith_net_counts(pair->bob->net).handshakes == wanted)
            return;
        turn_for(&pair->loop, pair->alice, pair->bob, 5);
    }
    fail();
}

static void silent_stranger_is_hung_up_on(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = impatient;
    open_pair(pair, "127.0.0.1");
    int fd = plain_connect(&pair->bob->at);
    while (!is_hung_up(fd))
        turn_for(&pair->loop, pair->alice, pair->bob, 5);
    wait_for_handshakes(pair, 0);
    assert_int_equal(pair->bob->up_count + pair->bob->down_count, 0);
    close(fd);
}

static void garbage_before_tls_harms_nobody(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    const struct kith_bytes garbage[] = {
        BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        BYTES("\0\0\0\5hello"),
        BYTES("\x16\x03\x01\xff\xff\x01\x00\x40\x00\x03\x03"),
        BYTES("\x16\x03\x01\x00\x00"),
        BYTES("\x15\x03\x03\x00\x02\x02\x28"),
        BYTES("\x17\x03\x03\x00\x05hello"),
    };
    for (size_t i = 0; i < COUNT(garbage); i++) {
        int fd = plain_connect(&pair->bob->at);
        assert_int_equal(send(fd, garbage[i].data, garbage[i].size, MSG_NOSIGNAL),
                         (ssize_t)garbage[i].size);
        shutdown(fd, SHUT_WR);
        while (!is_hung_up(fd))
            turn_for(&pair->loop, pair->alice, pair->bob, 1);
        close(fd);
    }
    send_frame(pair->alice, pair->alice->up.link, 5);
    until(pair, &pair->bob->frame_count, 1);
    assert_int_equal(pair->bob->up_count, 1);
}

static void few_handshakes(struct kith_net_config *config)
{
    config->handshakes_max = 3;
}

static void half_open_handshakes_are_limited_and_the_oldest_makes_room(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = few_handshakes;
    open_pair(pair, "127.0.0.1");
    int fds[6];
    for (int i = 0; i < 6; i++)
        fds[i] = plain_connect(&pair->bob->at);
    wait_for_handshakes(pair, 3);
    for (int i = 0; i < 6; i++)
        assert_int_equal(is_hung_up(fds[i]), i < 3);
    link_pair(pair);
    for (int i = 0; i < 6; i++)
        close(fds[i]);
}

static void one_link(struct kith_net_config *config)
{
    config->links_max = 1;
}

static void links_are_limited(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = one_link;
    open_pair(pair, "127.0.0.1");
    link_pair(pair);
    struct endpoint *carol = endpoint_new(&pair->loop, seed_alice, &id_alice, NULL);
    assert_int_equal(endpoint_dial(carol, 2, &pair->bob->at, NULL), 0);
    turn_until(&pair->loop, carol, pair->bob, &carol->dial_failed_count, 1);
    assert_int_equal(carol->dial_error, KITH_ECLOSED);
    endpoint_free(&pair->loop, carol);
    assert_int_equal(pair->bob->up_count, 1);
}

static void many_links_that_linger(struct kith_net_config *config)
{
    config->links_max = 2 * KITH_NET_LINGERS_MAX;
    config->linger_ms = 10 * PATIENCE_MS;
}

static void those_who_do_not_hang_up_after_goodbye_make_room(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    adjust_next = many_links_that_linger;
    open_pair(pair, "127.0.0.1");
    for (int i = 0; i < KITH_NET_LINGERS_MAX; i++) {
        link_pair(pair);
        kith_net_pause(pair->alice->net, pair->alice->up.link, true);
        kith_net_close(pair->bob->net, pair->bob->up.link, KITH_EDISCONNECTED);
        kith_net_flush(pair->bob->net);
    }
    assert_int_equal(pair->bob->down_count, 0);
    link_pair(pair);
    until(pair, &pair->bob->down_count, 1);
    assert_int_equal(pair->bob->down_link, 1); /* the oldest, and no other */
    assert_int_equal(pair->bob->down_error, KITH_EDISCONNECTED);
}

/* ---- listening ---- */

static void taken_port_is_named(void **state)
{
    struct pair *pair = *state;
    assert_int_equal(kith_net_listen(pair->alice->net, &pair->bob->at, NULL),
                     KITH_EADDRINUSE);
    struct kith_address any = {.host = "", .port = pair->bob->at.port};
    assert_int_equal(kith_net_listen(pair->alice->net, &any, NULL), KITH_EADDRINUSE);
}

static void foreign_address_cannot_be_listened_on(void **state)
{
    struct pair *pair = *state;
    struct kith_address foreign = {.host = "240.0.0.1", .port = 0};
    assert_int_equal(kith_net_listen(pair->alice->net, &foreign, NULL),
                     KITH_EUNREACHABLE);
    struct kith_address no_name = {.host = "no..name", .port = 0};
    assert_int_equal(kith_net_listen(pair->alice->net, &no_name, NULL), KITH_ERESOLVE);
}

static void empty_host_listens_on_both_families(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    open_pair(pair, "");
    assert_string_equal(pair->bob->at.host, "");
    snprintf(pair->bob->at.host, sizeof pair->bob->at.host, "%s", "127.0.0.1");
    link_pair(pair);
    assert_string_equal(pair->alice->up.remote.host, "127.0.0.1");
    assert_string_equal(pair->bob->up.remote.host, "127.0.0.1");
    assert_true(pair->bob->up.is_lan);
    if (!has_ipv6())
        return;
    snprintf(pair->bob->at.host, sizeof pair->bob->at.host, "%s", "::1");
    link_pair(pair);
    assert_string_equal(pair->bob->up.remote.host, "::1");
    assert_true(pair->bob->up.is_lan);
}

static void ipv6_listens_and_dials(void **state)
{
    struct pair *pair = *state;
    if (!has_ipv6())
        skip();
    close_pair(pair);
    open_pair(pair, "::1");
    assert_string_equal(pair->bob->at.host, "::1");
    link_pair(pair);
    assert_string_equal(pair->alice->up.remote.host, "::1");
}

static void dial_of_many_tries_ipv6_first(void **state)
{
    struct pair *pair = *state;
    if (!has_ipv6())
        skip();
    close_pair(pair);
    open_pair(pair, "");
    struct kith_address all[] = {pair->bob->at, pair->bob->at, pair->bob->at};
    const char *const hosts[] = {"127.0.0.1", "127.0.0.2", "::1"};
    for (size_t i = 0; i < COUNT(all); i++)
        snprintf(all[i].host, sizeof all[i].host, "%s", hosts[i]);
    assert_int_equal(race(pair, all, COUNT(all)), 0);
    until(pair, &pair->alice->up_count, 1);
    assert_string_equal(pair->alice->up.remote.host, "::1");
}

static void name_can_be_listened_on(void **state)
{
    struct pair *pair = *state;
    close_pair(pair);
    open_pair(pair, "localhost");
    link_pair(pair);
}

static void other_program_on_one_family_hides_no_peer_on_the_other(void **state)
{
    struct pair *pair = *state;
    struct kith_address v6 = {.host = "::1", .port = pair->bob->at.port};
    struct sockaddr_storage at;
    assert_true(kith_sockaddr_parse(&v6, &at));
    int squatter = socket(AF_INET6, SOCK_STREAM, 0);
    int one = 1;
    if (squatter < 0 ||
        bind(squatter, (struct sockaddr *)&at, sizeof(struct sockaddr_in6)))
        skip();
    setsockopt(squatter, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(listen(squatter, 4), 0);
    struct kith_address named = {.host = "localhost", .port = pair->bob->at.port};
    assert_int_equal(endpoint_dial(pair->alice, 7, &named, &id_bob), 0);
    turn_for(&pair->loop, pair->alice, pair->bob, 30);
    struct timeval no_wait = {.tv_usec = 1};
    setsockopt(squatter, SOL_SOCKET, SO_RCVTIMEO, &no_wait, sizeof no_wait);
    int fd = accept(squatter, NULL, NULL); /* none where localhost is IPv4 only */
    if (fd >= 0)
        close(fd);
    until(pair, &pair->alice->up_count, 1);
    assert_int_equal(pair->alice->up.dial, 7);
    close(squatter);
}

/* ---- descriptors ---- */

static void two_hundred_links_leave_no_descriptor_behind(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    size_t before = count_descriptors();
    for (int i = 0; i < 200; i++) {
        link_pair(pair);
        struct endpoint *closer = i % 2 ? pair->alice : pair->bob;
        kith_net_close(closer->net, closer->up.link, KITH_EDISCONNECTED);
        until(pair, &pair->alice->down_count, (size_t)i + 1);
        until(pair, &pair->bob->down_count, (size_t)i + 1);
    }
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(kith_net_counts(pair->bob->net).links, 1);
}

static void a_dial_without_descriptors_says_so_and_the_next_one_works(void **state)
{
    struct pair *pair = *state;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int error = endpoint_dial(pair->alice, 7, &pair->bob->at, NULL);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(error, 0);
    assert_int_equal(pair->alice->dial_error, KITH_ELIMIT);
    link_pair(pair);
}

static void without_descriptors_accepting_pauses_and_goes_on(void **state)
{
    struct pair *pair = *state;
    link_pair(pair);
    struct kith_address at = pair->bob->at;
    int caller = plain_connect(&at); /* one descriptor kept back for the dialler */
    turn_for(&pair->loop, pair->alice, pair->bob, 5);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    int waiting = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct sockaddr_storage to;
    assert_true(kith_sockaddr_parse(&at, &to));
    connect(waiting, (struct sockaddr *)&to, kith_sockaddr_size(&to));
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    turn_for(&pair->loop, pair->alice, pair->bob, 200);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(kith_net_counts(pair->bob->net).handshakes, 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    long spent_us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
                    after.ru_utime.tv_usec - before.ru_utime.tv_usec;
    assert_true(spent_us < 100000); /* it did not spin */
    close(caller);                  /* which frees a descriptor of Bob's */
    wait_for_handshakes(pair, 1);
    close(waiting);
    wait_for_handshakes(pair, 0);
    link_pair(pair);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_prove_their_keys_and_share_exporters),
        TEST(frames_of_every_size_arrive_whole),
        TEST(many_frames_of_one_turn_arrive_in_order),
        TEST(few_bytes_leave_with_the_flush),
        TEST(many_bytes_leave_before_the_flush_that_reports_them),
        TEST(frame_above_a_strangers_limit_closes_the_link),
        TEST(links_are_independent),
        TEST(unknown_links_are_ignored),
        TEST(close_delivers_what_is_queued),
        TEST(close_delivers_what_is_queued_while_the_peer_talks),
        TEST(close_inside_a_frame_stops_the_frames),
        TEST(both_close_at_once),
        TEST(stop_delivers_what_is_queued),
        TEST(peer_that_does_not_read_cannot_hold_a_close_up),
        TEST(paused_link_delivers_nothing_until_it_goes_on),
        TEST(slow_reader_is_seen_in_the_queue_and_loses_nothing),
        TEST(queue_beyond_its_bound_closes_the_link),
        TEST(dial_to_another_id_is_refused),
        TEST(dial_without_expectation_takes_who_is_there),
        TEST(dial_by_name_resolves),
        TEST(dial_where_nobody_listens_is_refused),
        TEST(dial_of_no_name_cannot_be_resolved),
        TEST(dial_of_another_program_is_no_handshake),
        TEST(dial_with_another_alpn_is_no_handshake),
        TEST(dial_of_a_silent_program_times_out),
        TEST(dial_of_many_takes_the_one_that_answers),
        TEST(dial_of_many_fails_with_what_tells_most),
        TEST(dial_of_many_where_another_is_at_home_goes_on),
        TEST(dial_has_a_time_of_its_own),
        TEST(dials_are_limited),
        TEST(stop_fails_the_dials_under_way),
        TEST(silent_stranger_is_hung_up_on),
        TEST(garbage_before_tls_harms_nobody),
        TEST(half_open_handshakes_are_limited_and_the_oldest_makes_room),
        TEST(links_are_limited),
        TEST(those_who_do_not_hang_up_after_goodbye_make_room),
        TEST(taken_port_is_named),
        TEST(foreign_address_cannot_be_listened_on),
        TEST(empty_host_listens_on_both_families),
        TEST(ipv6_listens_and_dials),
        TEST(dial_of_many_tries_ipv6_first),
        TEST(name_can_be_listened_on),
        TEST(other_program_on_one_family_hides_no_peer_on_the_other),
        TEST(two_hundred_links_leave_no_descriptor_behind),
        TEST(a_dial_without_descriptors_says_so_and_the_next_one_works),
        TEST(without_descriptors_accepting_pauses_and_goes_on),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
