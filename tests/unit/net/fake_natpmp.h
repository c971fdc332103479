/* SPDX-License-Identifier: MIT */
/* A router that speaks NAT-PMP, or PCP alone, on the test's loop: it does what its fields
 * say. */
#ifndef TESTS_UNIT_NET_FAKE_NATPMP_H
#define TESTS_UNIT_NET_FAKE_NATPMP_H

#include <stdbool.h>
#include <uv.h>

#define FAKE_ROUTER "10.9.0.1" /* an address of the loopback, see own_network.h */

struct fake_natpmp {
    uv_udp_t udp;

    /* What it answers. */
    const char *external; /* its own address */
    uint16_t port;        /* that it grants; 0: the one that is wished */
    uint32_t lifetime_s;
    uint16_t result;    /* of mappings; 0: success */
    bool is_silent;     /* answers nothing */
    bool holds_back;    /* answers no request for a mapping */
    bool is_noisy;      /* sends nonsense before each answer */
    bool grants_port_0; /* as if that were a port */
    bool is_pcp_only;   /* `result` is one of PCP's then */

    /* What it was asked. */
    unsigned requests;
    unsigned mappings;
    unsigned removals;
    uint16_t inner_port; /* of the last of either */
    uint16_t wished_port;
    uint32_t wished_s;
    uint64_t mapped_at; /* uv_now of the last mapping */

    uint16_t held_port; /* what is mapped now; 0: nothing */
    uint8_t nonce[12];  /* by PCP: whose that is */
    uint32_t epoch;     /* rises by one with each answer */
};

/* Grants for an hour what is asked, and is 203.0.113.7. */
void fake_natpmp_start(struct fake_natpmp *fake, uv_loop_t *loop);

/* It forgets everything, and begins to count anew. */
void fake_natpmp_restart(struct fake_natpmp *fake);

/* Then run the loop. */
void fake_natpmp_stop(struct fake_natpmp *fake);

#endif
