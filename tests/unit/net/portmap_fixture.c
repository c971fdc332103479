/* SPDX-License-Identifier: MIT */
#include "portmap_fixture.h"

#include <arpa/inet.h>

#define WAIT_MS   60000
#define TRY_MS    20
#define SEARCH_MS 1000

static void on_limit(uv_timer_t *timer)
{
    fail_msg("it does not come to that");
}

void portmap_fixture_init(struct portmap_fixture *f)
{
    memset(f, 0, sizeof *f);
    f->try_ms = TRY_MS;
    f->search_ms = SEARCH_MS;
    uv_loop_init(&f->loop);
    uv_timer_init(&f->loop, &f->limit);
}

static void on_changed(void *ctx, const struct kith_portmap_view *view)
{
    struct portmap_fixture *f = ctx;
    f->view = *view;
    f->changes++;
    uv_stop(&f->loop); /* else it would wait for the next timer first */
}

static void fill(void *ctx, void *out, size_t size)
{
    uint64_t *last = ctx;
    for (uint8_t *at = out; size > 0; size--)
        *at++ = (uint8_t)((*last = *last * 6364136223846793005u + 1) >> 56);
}

void portmap_fixture_start(struct portmap_fixture *f, const char *router,
                           unsigned second_ms)
{
    struct kith_portmap_config config = {
        .port = PORTMAP_PORT,
        .rng = {.fill = fill, .ctx = &f->random},
        .changed = on_changed,
        .ctx = f,
        .second_ms = second_ms,
        .try_ms = f->try_ms,
        .search_ms = f->search_ms,
    };
    if (router)
        assert_int_equal(inet_pton(AF_INET, router, &config.gateway), 1);
    uv_update_time(&f->loop);
    assert_int_equal(kith_portmap_new(&f->loop, &config, &f->portmap), 0);
    assert_int_equal(kith_portmap_view(f->portmap)->state, KITH_PORTMAP_ASKING);
}

void portmap_fixture_begin_wait(struct portmap_fixture *f)
{
    uv_update_time(&f->loop);
    uv_timer_start(&f->limit, on_limit, WAIT_MS, 0);
}

void portmap_fixture_await(struct portmap_fixture *f, enum kith_portmap_state state)
{
    portmap_fixture_until(f, f->view.state == state && f->changes > 0);
    assert_int_equal(kith_portmap_view(f->portmap)->state, state);
}

static void on_closed(void *ctx)
{
    struct portmap_fixture *f = ctx;
    f->is_closed = true;
}

uint64_t portmap_fixture_close(struct portmap_fixture *f)
{
    uint64_t begin = uv_hrtime();
    unsigned changes = f->changes;
    uv_update_time(&f->loop);
    f->is_closed = false;
    kith_portmap_close(f->portmap, on_closed, f);
    portmap_fixture_until(f, f->is_closed);
    assert_int_equal(f->changes, changes);
    f->portmap = NULL;
    return (uv_hrtime() - begin) / 1000000;
}

void portmap_fixture_deinit(struct portmap_fixture *f)
{
    if (f->portmap != NULL)
        portmap_fixture_close(f);
    uv_close((uv_handle_t *)&f->limit, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

void portmap_fixture_assert_external(const struct portmap_fixture *f, const char *host,
                                     uint16_t port)
{
    assert_string_equal(f->view.external.host, host);
    assert_int_equal(f->view.external.port, port);
    assert_int_equal(f->view.port, PORTMAP_PORT);
}
