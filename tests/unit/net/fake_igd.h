/* SPDX-License-Identifier: MIT */
/* A router that speaks UPnP, on the test's loop: it is found by SSDP, describes itself
 * over HTTP, and does what its fields say. */
#ifndef TESTS_UNIT_NET_FAKE_IGD_H
#define TESTS_UNIT_NET_FAKE_IGD_H

#include <stdbool.h>
#include <uv.h>

struct visit;

struct fake_igd {
    uv_udp_t ssdp;
    uv_tcp_t http;
    uint16_t http_port;

    /* What it answers. */
    const char *location; /* host of its description, as it is found; NULL: its own */
    const char *control;  /* URL of its service, as described; NULL: a path of its own */
    const char *description; /* instead of a proper one */
    const char *external;
    uint16_t taken_port; /* others have the ports up to this, from the first asked on */
    unsigned error;      /* of mappings: a code of UPnP; 0: success */
    bool is_permanent_only;
    bool is_hung;          /* accepts connections, and says nothing */
    bool hangs_on_mapping; /* … when asked for a mapping, but makes it */

    /* What it was asked. */
    unsigned searches;
    unsigned descriptions;
    unsigned connections;
    unsigned mappings;
    unsigned removals;
    char client[64]; /* of the last mapping */
    uint16_t inner_port;
    uint32_t wished_s;
    uint64_t mapped_at;

    uint16_t held_port; /* what is mapped now; 0: nothing */
    struct visit *hung;
};

void fake_igd_start(struct fake_igd *fake, uv_loop_t *loop);

/* Now the mapping that hung is answered. */
void fake_igd_release(struct fake_igd *fake);

/* Then run the loop. */
void fake_igd_stop(struct fake_igd *fake);

#endif
