/* SPDX-License-Identifier: MIT */
#include "endpoint.h"
#include "own_network.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/sockaddr.h"

#define PLACES 4

static const char *const addresses[] = {
    "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3", "2001:db8:1::4", "2001:db8:1::5",
    "2001:db8:2::1", "2001:db8:3::1", "2001:db8:4::1", "2001:db8:5::1",
};

struct siege {
    uv_loop_t loop;
    struct endpoint *bob;
    int fds[16];
    size_t count;
};

static void few_handshakes(struct kith_net_config *config)
{
    config->handshakes_max = PLACES;
}

static int setup(void **state)
{
    static struct siege siege;
    siege = (struct siege){0};
    uv_loop_init(&siege.loop);
    siege.bob = endpoint_new(&siege.loop, seed_bob, &id_bob, few_handshakes);
    endpoint_listen(siege.bob, "");
    *state = &siege;
    return 0;
}

static int teardown(void **state)
{
    struct siege *siege = *state;
    for (size_t i = 0; i < siege->count; i++)
        close(siege->fds[i]);
    endpoint_free(&siege->loop, siege->bob);
    loop_close(&siege->loop);
    return 0;
}

/* Connects and says nothing. Bob has accepted it then. */
static void come_from(struct siege *siege, const char *host)
{
    struct kith_address from = {.port = 0}, to = {"::1", siege->bob->at.port};
    struct sockaddr_storage at;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    snprintf(from.host, sizeof from.host, "%s", host);
    if (strchr(host, '.'))
        snprintf(to.host, sizeof to.host, "::ffff:127.0.0.1");
    assert_true(fd >= 0 && kith_sockaddr_parse(&from, &at));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, kith_sockaddr_size(&at)), 0);
    assert_true(kith_sockaddr_parse(&to, &at));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, kith_sockaddr_size(&at)), 0);
    siege->fds[siege->count++] = fd;
    size_t known = kith_net_counts(siege->bob->net).handshakes;
    size_t gone = siege->bob->stranger_count;
    size_t wanted = known == PLACES ? PLACES : known + 1;
    uint64_t end = uv_hrtime() / 1000000 + PATIENCE_MS;
    while (kith_net_counts(siege->bob->net).handshakes != wanted ||
           siege->bob->stranger_count != gone + (known == PLACES)) {
        turn_for(&siege->loop, siege->bob, NULL, 1);
        assert_true(uv_hrtime() / 1000000 < end);
    }
}

static void assert_stand(const struct siege *siege, const char *expected)
{
    char found[17] = {0};
    for (size_t i = 0; i < siege->count; i++) {
        char byte;
        ssize_t size = recv(siege->fds[i], &byte, 1, MSG_DONTWAIT);
        found[i] = size < 0 && errno == EAGAIN ? '+' : '-';
    }
    assert_string_equal(found, expected);
}

static void one_ipv6_network_pushes_out_its_own(void **state)
{
    struct siege *siege = *state;
    come_from(siege, "2001:db8:2::1");
    for (int i = 0; i < 5; i++)
        come_from(siege, addresses[i]);
    assert_stand(siege, "+--+++");
}

static void who_has_most_makes_room_for_others(void **state)
{
    struct siege *siege = *state;
    come_from(siege, "2001:db8:2::1");
    come_from(siege, "2001:db8:1::1");
    come_from(siege, "2001:db8:1::2");
    come_from(siege, "2001:db8:3::1");
    come_from(siege, "2001:db8:4::1");
    assert_stand(siege, "+-+++");
}

static void of_many_households_the_newcomers_own_goes_first_and_else_the_oldest(
    void **state)
{
    struct siege *siege = *state;
    for (int i = 5; i < 9; i++)
        come_from(siege, addresses[i]);
    come_from(siege, "2001:db8:3::1");
    assert_stand(siege, "+-+++");
    come_from(siege, "2001:db8:1::1");
    assert_stand(siege, "--++++");
}

static void each_ipv4_address_is_a_household(void **state)
{
    struct siege *siege = *state;
    come_from(siege, "::ffff:127.0.0.1");
    come_from(siege, "::ffff:127.0.0.2");
    come_from(siege, "::ffff:127.0.0.3");
    come_from(siege, "::ffff:127.0.0.3");
    come_from(siege, "::ffff:127.0.0.4");
    assert_stand(siege, "++-++");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_ipv6_network_pushes_out_its_own, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_has_most_makes_room_for_others, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            of_many_households_the_newcomers_own_goes_first_and_else_the_oldest, setup,
            teardown),
        cmocka_unit_test_setup_teardown(each_ipv4_address_is_a_household, setup,
                                        teardown),
    };
    if (!own_network_enter() || !has_ipv6()) {
        print_message("1..0 # SKIP no network namespace with IPv6\n");
        return 0;
    }
    for (size_t i = 0; i < COUNT(addresses); i++)
        own_network_add_ipv6_address(addresses[i]);
    return cmocka_run_group_tests_name("net crowd", tests, NULL, NULL);
}
