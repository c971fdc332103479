/* SPDX-License-Identifier: MIT */
/* A portmap, the loop it is on, and what it told. */
#ifndef TESTS_UNIT_NET_PORTMAP_FIXTURE_H
#define TESTS_UNIT_NET_PORTMAP_FIXTURE_H

#include "lib/unit.h"
#include "net/portmap.h"

#define PORTMAP_PORT 4747

struct portmap_fixture {
    uv_loop_t loop;
    uv_timer_t limit; /* fails the test */
    struct kith_portmap *portmap;
    struct kith_portmap_view view; /* told last */
    unsigned changes;
    bool is_closed;
    uint64_t random; /* of the jitter */
    unsigned try_ms; /* of the configuration; short by default, as the next */
    unsigned search_ms;
};

/* The loop alone. Its namespace has FAKE_ROUTER by then. */
void portmap_fixture_init(struct portmap_fixture *f);

/* A portmap that asks this router (NULL: that of the default route). */
void portmap_fixture_start(struct portmap_fixture *f, const char *router,
                           unsigned second_ms);

/* Run the loop until it is so. */
#define portmap_fixture_until(f, condition)                                              \
    do {                                                                                 \
        portmap_fixture_begin_wait(f);                                                   \
        while (!(condition))                                                             \
            uv_run(&(f)->loop, UV_RUN_ONCE);                                             \
        uv_timer_stop(&(f)->limit);                                                      \
    } while (0)
void portmap_fixture_begin_wait(struct portmap_fixture *f);

/* Wait for this state. */
void portmap_fixture_await(struct portmap_fixture *f, enum kith_portmap_state state);

/* Close the portmap, and wait until it is. Returns how long that took, in ms. */
uint64_t portmap_fixture_close(struct portmap_fixture *f);

/* What else is on the loop is closed already. */
void portmap_fixture_deinit(struct portmap_fixture *f);

void portmap_fixture_assert_external(const struct portmap_fixture *f, const char *host,
                                     uint16_t port);

#endif
