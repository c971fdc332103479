/* SPDX-License-Identifier: MIT */
/* What asking a router came to, by whichever protocol. */
#ifndef KITH_NET_PORTMAP_ANSWER_H
#define KITH_NET_PORTMAP_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum kith_portmap_outcome {
    KITH_PORTMAP_SILENT, /* no answer, or none of this protocol */
    KITH_PORTMAP_DENIED,
    KITH_PORTMAP_GRANTED,
};

struct kith_portmap_answer {
    enum kith_portmap_outcome outcome;
    bool speaks_pcp;         /* SILENT: by NAT-PMP, but says it knows a later version */
    const char *why;         /* DENIED: one clause (static) */
    struct in_addr external; /* GRANTED: the router's outer address; 0: it has none */
    uint16_t port;           /* GRANTED: the outer one, not 0 */
    uint32_t lifetime_s;     /* GRANTED: 0 means until it is removed */
};

/* What is asked for. */
struct kith_portmap_wish {
    struct in_addr gateway; /* network order, as all of them */
    struct in_addr source;  /* this host, as the gateway sees it */
    uint16_t port;          /* of this host */
    uint16_t external_port; /* if it can be had */
    uint32_t lifetime_s;
    unsigned try_ms;    /* see KITH_NATPMP_TRY_MS */
    unsigned search_ms; /* see KITH_IGD_SEARCH_MS */
};

#endif
