/* SPDX-License-Identifier: MIT */
/* Dials from the listening port: both sides at once, on loopback and across filters that
 * let in only what was asked for. */
#include "endpoint.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "own_network.h"

struct pair {
    uv_loop_t loop;
    struct endpoint *alice;
    struct endpoint *bob;
};

static int setup(void **state)
{
    static struct pair pair;
    uv_loop_init(&pair.loop);
    pair.alice = endpoint_new(&pair.loop, seed_alice, &id_alice, NULL);
    pair.bob = endpoint_new(&pair.loop, seed_bob, &id_bob, NULL);
    endpoint_listen(pair.alice, "127.0.0.1");
    endpoint_listen(pair.bob, "127.0.0.1");
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    struct pair *pair = *state;
    endpoint_free(&pair->loop, pair->alice);
    endpoint_free(&pair->loop, pair->bob);
    loop_close(&pair->loop);
    return 0;
}

static void until(struct pair *pair, const size_t *value, size_t wanted)
{
    turn_until(&pair->loop, pair->alice, pair->bob, value, wanted);
}

static void meet(struct endpoint *who, uint32_t dial, const struct kith_address *at,
                 const struct kith_id *expected, bool is_listener)
{
    const struct kith_net_target target = {
        .addresses = at,
        .count = 1,
        .expected = expected,
        .is_listener = is_listener,
        .from_port = who->at.port,
        .is_meeting = true,
    };
    assert_int_equal(kith_net_dial(who->net, dial, &target), 0);
}

/* ---- the port ---- */

static void link_leaves_from_the_listening_port_again_and_again(void **state)
{
    struct pair *pair = *state;
    for (size_t i = 1; i <= 6; i++) { /* whoever ends the link, and at once */
        meet(pair->alice, 1, &pair->bob->at, &id_bob, false);
        until(pair, &pair->alice->up_count, i);
        until(pair, &pair->bob->up_count, i);
        assert_int_equal(pair->bob->up.remote.port, pair->alice->at.port);
        assert_int_equal(pair->bob->up.dial, 0);
        struct endpoint *closer = i % 2 ? pair->alice : pair->bob;
        kith_net_close(closer->net, closer->up.link, KITH_EDISCONNECTED);
        until(pair, &pair->alice->down_count, i);
        until(pair, &pair->bob->down_count, i);
    }
}

/* Bob reads nothing, as if nothing reached him: all that Alice sent is still on its way.
 */
static void link_that_is_given_up_is_in_nobodys_way(void **state)
{
    static const int errors[] = {KITH_ETIMEDOUT, KITH_EREPLACED};
    struct pair *pair = *state;
    for (size_t i = 0; i < 2; i++) {
        meet(pair->alice, 1, &pair->bob->at, &id_bob, false);
        until(pair, &pair->alice->up_count, i + 1);
        until(pair, &pair->bob->up_count, i + 1);
        kith_net_pause(pair->bob->net, pair->bob->up.link, true);
        for (int n = 0; n < 8; n++)
            send_frame(pair->alice, pair->alice->up.link, 1000 * 1000);
        turn_for(&pair->loop, pair->alice, pair->bob, 50);
        kith_net_close(pair->alice->net, pair->alice->up.link, errors[i]);
        until(pair, &pair->alice->down_count, i + 1);
        assert_int_equal(pair->alice->down_error, errors[i]);
    }
    meet(pair->alice, 1, &pair->bob->at, &id_bob, false);
    until(pair, &pair->alice->up_count, 3);
    assert_int_equal(pair->alice->dial_failed_count, 0);
}

static void links_to_several_leave_from_one_port(void **state)
{
    struct pair *pair = *state;
    struct endpoint *carol = endpoint_new(&pair->loop, seed_alice, &id_alice, NULL);
    endpoint_listen(carol, "127.0.0.1");
    meet(pair->alice, 1, &pair->bob->at, NULL, false);
    until(pair, &pair->bob->up_count, 1);
    meet(pair->alice, 2, &carol->at, NULL, false);
    turn_until(&pair->loop, pair->alice, carol, &carol->up_count, 1);
    assert_int_equal(carol->up.remote.port, pair->bob->up.remote.port);
    assert_int_equal(endpoint_dial(carol, 3, &pair->alice->at, NULL), 0);
    turn_until(&pair->loop, pair->alice, carol, &pair->alice->up_count, 3);
    endpoint_free(&pair->loop, carol);
}

static int listen_again(uv_loop_t *loop, const struct kith_address *at)
{
    struct endpoint *other = endpoint_new(loop, seed_bob, &id_bob, NULL);
    int error = kith_net_listen(other->net, at, NULL);
    endpoint_free(loop, other);
    return error;
}

static int listen_in_another_process(const struct kith_address *at)
{
    pid_t child = fork();
    if (child == 0) {
        uv_loop_t loop;
        uv_loop_init(&loop);
        int error = listen_again(&loop, at);
        _exit(error == KITH_EADDRINUSE ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? KITH_EADDRINUSE : 0;
}

/* SO_REUSEPORT would let a second node of the same user steal callers. */
static void port_that_links_leave_from_is_still_refused_to_others(void **state)
{
    struct pair *pair = *state;
    struct kith_address any = {.host = "", .port = pair->alice->at.port};
    for (int round = 0; round < 2; round++) {
        assert_int_equal(listen_again(&pair->loop, &pair->alice->at), KITH_EADDRINUSE);
        assert_int_equal(listen_again(&pair->loop, &any), KITH_EADDRINUSE);
        assert_int_equal(listen_in_another_process(&pair->alice->at), KITH_EADDRINUSE);
        assert_int_equal(listen_in_another_process(&any), KITH_EADDRINUSE);
        if (round == 0)
            meet(pair->alice, 1, &pair->bob->at, NULL, false);
        until(pair, &pair->bob->up_count, 1);
    }
    for (size_t i = 1; i <= 20; i++) { /* all callers are still Alice's */
        assert_int_equal(endpoint_dial(pair->bob, 9, &pair->alice->at, &id_alice), 0);
        until(pair, &pair->alice->up_count, i + 1);
    }
}

static void port_that_is_not_shared_cannot_be_had(void **state)
{
    struct pair *pair = *state;
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t size = sizeof any;
    int other = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(other, (struct sockaddr *)&any, size), 0);
    assert_int_equal(listen(other, 1), 0);
    assert_int_equal(getsockname(other, (struct sockaddr *)&any, &size), 0);
    const struct kith_net_target target = {
        .addresses = &pair->bob->at,
        .count = 1,
        .from_port = ntohs(any.sin_port),
        .connect_ms = 400,
    };
    assert_int_equal(kith_net_dial(pair->alice->net, 1, &target), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_EADDRINUSE);
    assert_int_equal(pair->alice->stranger_count, 0);
    close(other);
}

/* Whoever dials again and again, as a node does its trackers, decides how soon. */
static void who_only_gives_a_port_is_told_at_once_of_a_refusal(void **state)
{
    struct pair *pair = *state;
    const struct kith_address nobody = {.host = "127.0.0.1", .port = 1};
    const struct kith_net_target target = {.addresses = &nobody,
                                           .count = 1,
                                           .from_port = pair->alice->at.port,
                                           .connect_ms = 60000};
    assert_int_equal(kith_net_dial(pair->alice->net, 1, &target), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_EREFUSED);
}

/* ---- meeting ---- */

static void is_one_link(const struct pair *pair, bool is_alice_listener)
{
    const struct kith_net_up *a = &pair->alice->up;
    const struct kith_net_up *b = &pair->bob->up;
    assert_int_equal(a->dial, 1);
    assert_int_equal(b->dial, 2);
    assert_int_equal(a->is_dialler, !is_alice_listener);
    assert_int_equal(b->is_dialler, is_alice_listener);
    assert_memory_equal(a->exporter_net, b->exporter_net, 32);
    assert_int_equal(a->remote.port, pair->bob->at.port);
    assert_int_equal(b->remote.port, pair->alice->at.port);
    assert_false(a->is_relayed || b->is_relayed);
    assert_int_equal(kith_net_counts(pair->alice->net).dials, 0);
    assert_int_equal(kith_net_counts(pair->bob->net).dials, 0);
}

static void two_that_dial_at_once_make_one_link_in_the_roles_agreed(void **state)
{
    struct pair *pair = *state;
    for (size_t i = 1; i <= 4; i++) {
        bool is_alice_listener = i % 2 == 0;
        bool is_bob_first = i > 2;
        if (is_bob_first)
            meet(pair->bob, 2, &pair->alice->at, &id_alice, !is_alice_listener);
        meet(pair->alice, 1, &pair->bob->at, &id_bob, is_alice_listener);
        if (!is_bob_first)
            meet(pair->bob, 2, &pair->alice->at, &id_alice, !is_alice_listener);
        until(pair, &pair->alice->up_count, i);
        until(pair, &pair->bob->up_count, i);
        is_one_link(pair, is_alice_listener);
        assert_int_equal(pair->alice->up_count + pair->bob->up_count, 2 * i);
        kith_net_close(pair->alice->net, pair->alice->up.link, KITH_EDISCONNECTED);
        until(pair, &pair->bob->down_count, i);
        until(pair, &pair->alice->down_count, i);
    }
    assert_int_equal(pair->alice->dial_failed_count + pair->bob->dial_failed_count, 0);
}

/* One socket that listens on both families, and connections of each beside it. */
static void those_who_listen_everywhere_meet_on_either_family(void **state)
{
    struct pair *pair = *state;
    struct endpoint *carol = endpoint_new(&pair->loop, seed_alice, &id_alice, NULL);
    struct endpoint *dave = endpoint_new(&pair->loop, seed_bob, &id_bob, NULL);
    endpoint_listen(carol, "");
    endpoint_listen(dave, "");
    const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < COUNT(hosts) && (i == 0 || has_ipv6()); i++) {
        snprintf(carol->at.host, sizeof carol->at.host, "%s", hosts[i]);
        snprintf(dave->at.host, sizeof dave->at.host, "%s", hosts[i]);
        meet(carol, 1, &dave->at, &id_bob, false);
        meet(dave, 2, &carol->at, &id_alice, true);
        turn_until(&pair->loop, carol, dave, &dave->up_count, i + 1);
        assert_int_equal(carol->up.dial + dave->up.dial, 3);
        assert_string_equal(dave->up.remote.host, hosts[i]);
        assert_int_equal(listen_again(&pair->loop, &carol->at), KITH_EADDRINUSE);
    }
    endpoint_free(&pair->loop, carol);
    endpoint_free(&pair->loop, dave);
}

static void who_is_met_has_to_be_the_one_expected(void **state)
{
    struct pair *pair = *state;
    meet(pair->bob, 2, &pair->alice->at, &id_bob, true); /* it is Alice there */
    meet(pair->alice, 1, &pair->bob->at, &id_bob, false);
    until(pair, &pair->bob->dial_failed_count, 1);
    assert_int_equal(pair->bob->dial_error, KITH_EIDENTITY);
    assert_int_equal(pair->bob->up_count, 0);
}

static void refusal_does_not_end_a_meeting(void **state)
{
    struct pair *pair = *state;
    struct endpoint *late = endpoint_new(&pair->loop, seed_bob, &id_bob, NULL);
    endpoint_listen(late, "127.0.22.2"); /* no other test takes its port */
    struct kith_address at = late->at;
    endpoint_free(&pair->loop, late);
    meet(pair->alice, 1, &at, &id_bob, false);
    turn_for(&pair->loop, pair->alice, pair->bob, 20); /* refused meanwhile */
    assert_int_equal(pair->alice->dial_failed_count, 0);
    assert_int_equal(kith_net_listen(pair->bob->net, &at, NULL), 0);
    until(pair, &pair->alice->up_count, 1);
    assert_int_equal(pair->alice->up.remote.port, at.port);
}

static void meeting_where_nobody_comes_ends_with_its_time(void **state)
{
    struct pair *pair = *state;
    const struct kith_address nobody = {.host = "127.0.0.1", .port = 1};
    const struct kith_net_target target = {.addresses = &nobody,
                                           .count = 1,
                                           .from_port = pair->alice->at.port,
                                           .is_meeting = true,
                                           .connect_ms = 300};
    uint64_t begin_ms = uv_now(&pair->loop);
    assert_int_equal(kith_net_dial(pair->alice->net, 1, &target), 0);
    until(pair, &pair->alice->dial_failed_count, 1);
    assert_int_equal(pair->alice->dial_error, KITH_EREFUSED);
    assert_in_range(uv_now(&pair->loop) - begin_ms, 300, 10000);
}

/* As when Alice's router maps each connection anew: Bob cannot know it for hers. */
static void who_waits_and_hears_nothing_begins(void **state)
{
    struct pair *pair = *state;
    meet(pair->alice, 1, &pair->bob->at, &id_bob, true);
    until(pair, &pair->alice->up_count, 1);
    until(pair, &pair->bob->up_count, 1);
    assert_true(pair->alice->up.is_dialler && !pair->bob->up.is_dialler);
    assert_int_equal(pair->alice->up.dial, 1);
    assert_true(kith_id_equal(&pair->alice->up.peer, &id_bob));
}

/* ---- across filters ---- */

/* Each side is a process with a network of its own, the parent's being the first. */
struct crossing {
    const char *hosts[2];
    const char *at_first; /* what the filters do with what was not asked for */
    const char *at_second;
    size_t links; /* one after the other, 1 to 5 */
};

static bool run(const char *command)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

static bool set_up_network(int side, const char *host, const char *verdict)
{
    char command[600];
    snprintf(command, sizeof command,
             "ip addr add %s/24 dev m%d && ip link set m%d up && "
             "nft 'table inet t { chain in { type filter hook input priority 0; "
             "ct state established,related accept; iifname lo accept; "
             "meta l4proto icmp accept; %s; }; }'",
             host, side, side, verdict);
    return run(command);
}

static bool tell(int fd, const void *what, size_t size)
{
    return write(fd, what, size) == (ssize_t)size;
}

static bool hear(int fd, void *out, size_t size)
{
    return read(fd, out, size) == (ssize_t)size;
}

/* Links that follow one another between the same two ports; who ends them. */
static const bool is_ended_by_first[] = {true, true, false, false, true};

static void end_link(struct pair *pair, struct endpoint *who, bool is_ender)
{
    if (is_ender)
        kith_net_close(who->net, who->up.link, KITH_EDISCONNECTED);
    turn_until(&pair->loop, who, NULL, &who->down_count, who->up_count);
}

/* Bob's side: ready, where he listens; then he answers each call by dialling. */
static void second_side(const struct crossing *crossing, int in, int out)
{
    struct pair pair = {0};
    char go;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* what fails here must not go on with tests */
    struct kith_address first;
    bool is_fine = own_network_enter() && tell(out, "r", 1) && hear(in, &go, 1) &&
                   set_up_network(1, crossing->hosts[1], crossing->at_second);
    uv_loop_init(&pair.loop);
    pair.bob = endpoint_new(&pair.loop, seed_bob, &id_bob, NULL);
    if (is_fine)
        endpoint_listen(pair.bob, crossing->hosts[1]);
    if (!is_fine || !tell(out, &pair.bob->at, sizeof pair.bob->at))
        _exit(1);
    for (size_t i = 0; hear(in, &first, sizeof first); i++) {
        meet(pair.bob, 2, &first, &id_alice, true);
        turn_until(&pair.loop, pair.bob, NULL, &pair.bob->up_count, i + 1);
        if (pair.bob->up.dial != 2 || pair.bob->up.is_dialler)
            _exit(2);
        end_link(&pair, pair.bob, !is_ended_by_first[i]);
    }
    _exit(0);
}

static void first_side(struct pair *pair, const struct crossing *crossing, int in,
                       int out, pid_t second)
{
    char ready, command[100];
    struct kith_address at;
    struct endpoint *alice = pair->alice;
    snprintf(command, sizeof command, "ip link add m0 type veth peer name m1 netns %d",
             (int)second);
    if (!hear(in, &ready, 1) || !run(command) ||
        !set_up_network(0, crossing->hosts[0], crossing->at_first))
        skip();
    endpoint_listen(alice, crossing->hosts[0]);
    assert_true(tell(out, "g", 1) && hear(in, &at, sizeof at));

    const struct kith_net_target plain = {.addresses = &at, .count = 1, .connect_ms = 80};
    assert_int_equal(kith_net_dial(alice->net, 5, &plain), 0);
    until(pair, &alice->dial_failed_count, 1); /* the filter works */

    for (size_t i = 0; i < crossing->links; i++) {
        meet(alice, 1, &at, &id_bob, false);
        if (i == 0) /* nobody asked for this one yet */
            turn_for(&pair->loop, alice, NULL, 30);
        assert_int_equal(alice->dial_failed_count, 1);
        assert_true(tell(out, &alice->at, sizeof alice->at));
        until(pair, &alice->up_count, i + 1);
        assert_true(alice->up.dial == 1 && alice->up.is_dialler);
        assert_string_equal(alice->up.remote.host, crossing->hosts[1]);
        assert_int_equal(alice->up.remote.port, at.port);
        end_link(pair, alice, is_ended_by_first[i]);
    }
}

static void cross(struct pair *pair, const struct crossing *crossing)
{
    if (!own_network_enter())
        skip();
    int down[2], up[2];
    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    pid_t second = fork();
    if (second == 0) {
        close(down[1]);
        close(up[0]);
        second_side(crossing, down[0], up[1]);
    }
    close(down[0]);
    close(up[1]);
    first_side(pair, crossing, up[0], down[1], second);
    close(down[1]);
    close(up[0]);
    int status = -1;
    assert_int_equal(waitpid(second, &status, 0), second);
    assert_int_equal(status, 0);
}

static void two_behind_filters_meet(void **state)
{
    cross(*state, &(struct crossing){{"10.9.9.1", "10.9.9.2"}, "drop", "drop", 5});
}

static void filter_that_resets_does_not_end_a_meeting(void **state)
{
    cross(*state, &(struct crossing){{"10.9.9.1", "10.9.9.2"},
                                     "drop",
                                     "meta l4proto tcp reject with tcp reset",
                                     5});
}

static void filter_that_says_unreachable_does_not_end_a_meeting(void **state)
{
    cross(*state, &(struct crossing){{"10.9.9.1", "10.9.9.2"},
                                     "drop",
                                     "reject with icmp type host-unreachable",
                                     1});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(link_leaves_from_the_listening_port_again_and_again),
        TEST(link_that_is_given_up_is_in_nobodys_way),
        TEST(links_to_several_leave_from_one_port),
        TEST(port_that_links_leave_from_is_still_refused_to_others),
        TEST(port_that_is_not_shared_cannot_be_had),
        TEST(who_only_gives_a_port_is_told_at_once_of_a_refusal),
        TEST(two_that_dial_at_once_make_one_link_in_the_roles_agreed),
        TEST(those_who_listen_everywhere_meet_on_either_family),
        TEST(who_is_met_has_to_be_the_one_expected),
        TEST(refusal_does_not_end_a_meeting),
        TEST(meeting_where_nobody_comes_ends_with_its_time),
        TEST(who_waits_and_hears_nothing_begins),
        TEST(two_behind_filters_meet),
        TEST(filter_that_resets_does_not_end_a_meeting),
        TEST(filter_that_says_unreachable_does_not_end_a_meeting),
    };
    return cmocka_run_group_tests_name("net meeting", tests, NULL, NULL);
}
