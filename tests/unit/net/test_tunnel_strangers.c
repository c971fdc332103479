/* SPDX-License-Identifier: MIT */
/* Who begins TLS to a relay and then brings no ticket. */
#include "endpoint.h"

#include <sys/socket.h>
#include <unistd.h>
#include "net/tls.h"

struct stage {
    uv_loop_t loop;
    struct endpoint *carol; /* takes tickets */
};

static struct stage *stage;

static void take_tickets(struct kith_net_config *config)
{
    config->handler.ticket = endpoint_take_ticket;
}

static void take_tickets_impatiently(struct kith_net_config *config)
{
    take_tickets(config);
    config->handshake_ms = 5000;
}

static int setup_carol(void (*adjust)(struct kith_net_config *config))
{
    static struct stage only;
    stage = &only;
    uv_loop_init(&stage->loop);
    stage->carol = endpoint_new(&stage->loop, seed_bob, &id_bob, adjust);
    endpoint_listen(stage->carol, "127.0.0.1");
    return 0;
}

static int setup(void **state)
{
    return setup_carol(take_tickets);
}

static int setup_impatient(void **state)
{
    return setup_carol(take_tickets_impatiently);
}

static int teardown(void **state)
{
    endpoint_free(&stage->loop, stage->carol);
    loop_close(&stage->loop);
    return 0;
}

static void until(const size_t *value, size_t wanted)
{
    turn_until(&stage->loop, stage->carol, NULL, value, wanted);
}

static void turn_some(uint64_t ms)
{
    turn_for(&stage->loop, stage->carol, NULL, ms);
}

struct client {
    int fd;
    struct kith_tls_identity *identity;
    struct kith_tls tls;
    struct kith_tls_sink sink;
    uint8_t out[100000];
};

static void client_send(struct client *client)
{
    if (client->sink.size > 0)
        assert_int_equal(send(client->fd, client->out, client->sink.size, MSG_NOSIGNAL),
                         client->sink.size);
    client->sink.size = 0;
}

static ssize_t client_receive(struct client *client, void *out, size_t size)
{
    for (int i = 0; i < 4000; i++) {
        ssize_t got = recv(client->fd, out, size, MSG_DONTWAIT);
        if (got >= 0)
            return got;
        turn_some(1);
    }
    fail();
    return -1;
}

static void client_open(struct client *client)
{
    uint8_t in[20000];
    int code;
    *client = (struct client){.fd = plain_connect(&stage->carol->at)};
    client->sink = (struct kith_tls_sink){client->out, 0, sizeof client->out};
    assert_int_equal(
        kith_tls_identity_new(seed_alice, &id_alice, ALPN, &client->identity), 0);
    assert_int_equal(kith_tls_init(&client->tls, client->identity, &client->sink, true,
                                   KITH_TLS_RELAY, &id_bob),
                     0);
    while ((code = kith_tls_handshake(&client->tls)) == KITH_TLS_AGAIN) {
        client_send(client);
        ssize_t size = client_receive(client, in, sizeof in);
        assert_true(size > 0); /* hung up on before its time */
        client->tls.input = kith_bytes(in, (size_t)size);
    }
    assert_int_equal(code, 0);
    client_send(client);
}

static void client_say(struct client *client, const char *said, size_t size)
{
    assert_int_equal(kith_tls_write(&client->tls, kith_bytes(said, size)), 0);
    client_send(client);
}

/* Does the other side hang up? Whatever it says before. */
static void client_is_hung_up(struct client *client)
{
    uint8_t in[20000];
    while (client_receive(client, in, sizeof in) > 0)
        continue;
}

static void client_close(struct client *client)
{
    kith_tls_deinit(&client->tls);
    kith_tls_identity_free(client->identity);
    close(client->fd);
}

static void what_is_no_ticket_is_hung_up_on(void **state)
{
    static const char *const said[] = {"kithrly2 and so on", "\x16\x03\x01 TLS once more",
                                       "GET / HTTP/1.1"};
    for (size_t i = 0; i < 3; i++) {
        struct client client;
        client_open(&client);
        client_say(&client, said[i], 14);
        until(&stage->carol->stranger_count, i + 1);
        assert_int_equal(stage->carol->stranger_error, KITH_EHANDSHAKE);
        client_is_hung_up(&client);
        client_close(&client);
    }
    assert_int_equal(stage->carol->ticket_count + stage->carol->up_count, 0);
}

static void who_is_silent_or_says_half_a_ticket_is_hung_up_on(void **state)
{
    for (size_t i = 0; i < 2; i++) {
        struct client client;
        client_open(&client);
        if (i == 1)
            client_say(&client, "kithrly1 and not enough", 20);
        until(&stage->carol->stranger_count, i + 1);
        assert_int_equal(stage->carol->stranger_error, KITH_ETIMEDOUT);
        client_is_hung_up(&client);
        client_close(&client);
    }
}

static void who_goes_away_leaves_nothing_behind(void **state)
{
    turn_some(1);
    struct client client;
    client_open(&client);
    client_close(&client);
    until(&stage->carol->stranger_count, 1);
    turn_some(20);
    size_t before = count_descriptors();
    for (size_t i = 0; i < 500; i++) {
        client_open(&client);
        if (i % 3 == 0)
            kith_tls_bye(&client.tls);
        if (i % 3 == 1)
            client_say(&client, "kithrly1 and not enough", 20);
        client_send(&client);
        client_close(&client);
    }
    until(&stage->carol->stranger_count, 501);
    for (int i = 0; i < 4000 && count_descriptors() > before; i++)
        turn_some(1);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(kith_net_counts(stage->carol->net).handshakes, 0);
}

static void ticket_is_given_away_with_what_comes_behind_it(void **state)
{
    static const char said[] = "kithrly1a ticket holds 32 bytes exactly.and more";
    struct client client;
    client_open(&client);
    for (int i = 0; i < 48; i++)
        client_say(&client, said + i, 1);
    until(&stage->carol->ticket_count, 1);
    assert_memory_equal(stage->carol->ticket, said + 8, 32);
    turn_some(5);
    char heard[100];
    assert_int_equal(recv(stage->carol->ticket_fd, heard, sizeof heard, 0), 8);
    assert_memory_equal(heard, "and more", 8);
    assert_int_equal(send(stage->carol->ticket_fd, "\1", 1, 0), 1);
    uint8_t in[KITH_TLS_RECORD_MAX], plain[KITH_TLS_RECORD_MAX];
    ssize_t size = client_receive(&client, in, sizeof in);
    client.tls.input = kith_bytes(in, (size_t)size);
    assert_int_equal(kith_tls_read(&client.tls, plain), 1);
    assert_int_equal(plain[0], 1);
    close(stage->carol->ticket_fd);
    client_is_hung_up(&client);
    client_close(&client);
    assert_int_equal(stage->carol->stranger_count + stage->carol->up_count, 0);
}

static void stop_ends_a_tunnel_that_has_brought_no_ticket(void **state)
{
    struct client client;
    client_open(&client);
    turn_some(5);
    endpoint_stop(&stage->loop, stage->carol);
    client_is_hung_up(&client);
    client_close(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_ON(name, begin)                                                             \
    cmocka_unit_test_setup_teardown(name, setup_##begin, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ticket_is_given_away_with_what_comes_behind_it),
        TEST(what_is_no_ticket_is_hung_up_on),
        TEST_ON(who_is_silent_or_says_half_a_ticket_is_hung_up_on, impatient),
        TEST(who_goes_away_leaves_nothing_behind),
        TEST(stop_ends_a_tunnel_that_has_brought_no_ticket),
    };
    return cmocka_run_group_tests_name("net tunnel strangers", tests, NULL, NULL);
}
