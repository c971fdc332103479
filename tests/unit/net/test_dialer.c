/* SPDX-License-Identifier: MIT */
/* Dials whose names are slow to resolve, and that meet somebody who says nothing. */
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>

#include "endpoint.h"

#define HELD_MS  2000 /* four times what there is to connect */
#define STALL_MS 100

static sem_t gate;

/* What libuv calls on a thread of its own: as from a name server that is slow. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    typedef int resolver(const char *, const char *, const struct addrinfo *,
                         struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    resolver *libc;
    memcpy(&libc, &symbol, sizeof(libc));
    if ((hints->ai_flags & AI_NUMERICHOST) == 0)
        sem_wait(&gate);
    return libc(node, service, hints, out);
}

static void hasty(struct kith_net_config *config)
{
    config->connect_ms = HELD_MS / 4;
    config->handshake_ms = 3 * PATIENCE_MS;
}

struct scene {
    uv_loop_t loop;
    struct endpoint *alice, *bob;
    uv_timer_t timer;
};

static int setup(void **state)
{
    static struct scene scene;
    sem_init(&gate, 0, 0);
    uv_loop_init(&scene.loop);
    uv_timer_init(&scene.loop, &scene.timer);
    scene.alice = endpoint_new(&scene.loop, seed_alice, &id_alice, hasty);
    scene.bob = endpoint_new(&scene.loop, seed_bob, &id_bob, NULL);
    endpoint_listen(scene.bob, "127.0.0.1");
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;
    uv_close((uv_handle_t *)&scene->timer, NULL);
    endpoint_free(&scene->loop, scene->alice);
    endpoint_free(&scene->loop, scene->bob);
    loop_close(&scene->loop);
    sem_destroy(&gate);
    return 0;
}

static void answer(uv_timer_t *timer)
{
    sem_post(&gate);
}

static void until(struct scene *scene, const size_t *value)
{
    turn_until(&scene->loop, scene->alice, scene->bob, value, 1);
}

static void a_name_may_take_longer_than_a_connection(void **state)
{
    struct scene *scene = *state;
    struct kith_address named = scene->bob->at;
    snprintf(named.host, sizeof named.host, "%s", "localhost");
    uv_timer_start(&scene->timer, answer, HELD_MS, 0);
    assert_int_equal(endpoint_dial(scene->alice, 7, &named, &id_bob), 0);
    until(scene, &scene->alice->up_count);
    assert_int_equal(scene->alice->dial_failed_count, 0);
}

/* Takes connections and says nothing. */
static int listen_silently(struct kith_address *out_at)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *out_at = (struct kith_address){.host = "127.0.0.1", .port = ntohs(at.sin_port)};
    return fd;
}

static void who_takes_a_connection_and_says_nothing_hides_nobody(void **state)
{
    struct scene *scene = *state;
    struct kith_address addresses[] = {{.port = 0}, scene->bob->at};
    int silent = listen_silently(&addresses[0]);
    const struct kith_net_target target = {.addresses = addresses,
                                           .count = 2,
                                           .expected = &id_bob,
                                           .connect_ms = PATIENCE_MS};
    assert_int_equal(kith_net_dial(scene->alice->net, 7, &target), 0);
    until(scene, &scene->alice->up_count);
    assert_int_equal(scene->alice->dial_failed_count, 0);
    close(silent);
}

/* As a long commit between the call and the loop's next turn. */
static void time_before_the_first_attempt_is_not_counted(void **state)
{
    struct scene *scene = *state;
    const struct kith_net_target target = {.addresses = &scene->bob->at,
                                           .count = 1,
                                           .expected = &id_bob,
                                           .connect_ms = STALL_MS / 2};
    assert_int_equal(kith_net_dial(scene->alice->net, 7, &target), 0);
    uv_sleep(STALL_MS);
    until(scene, &scene->alice->up_count);
    assert_int_equal(scene->alice->dial_failed_count, 0);
}

static bool was_dialled(int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Between timers and what is closed: what ends here does so before the dial's own end. */
static void on_prepare(uv_prepare_t *prepare)
{
    endpoint_begin_stop(prepare->data);
    uv_close((uv_handle_t *)prepare, NULL);
}

static void who_stops_dials_nobody_else(void **state)
{
    struct scene *scene = *state;
    struct kith_address addresses[2];
    int first = listen_silently(&addresses[0]), second = listen_silently(&addresses[1]);
    const struct kith_net_target target = {.addresses = addresses, .count = 2};
    assert_int_equal(kith_net_dial(scene->alice->net, 7, &target), 0);
    uv_prepare_t prepare = {.data = scene->alice};
    uv_prepare_init(&scene->loop, &prepare);
    uv_prepare_start(&prepare, on_prepare);
    until(scene, &scene->alice->dial_failed_count); /* at once, not after the handshake */
    while (!scene->alice->is_done)
        uv_run(&scene->loop, UV_RUN_ONCE);
    assert_true(was_dialled(first));
    assert_false(was_dialled(second));
    assert_int_equal(scene->alice->dial_error, KITH_ECLOSED);
    close(first);
    close(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_may_take_longer_than_a_connection),
        TEST(who_takes_a_connection_and_says_nothing_hides_nobody),
        TEST(time_before_the_first_attempt_is_not_counted),
        TEST(who_stops_dials_nobody_else),
    };
    return cmocka_run_group_tests_name("net dialer", tests, NULL, NULL);
}
