/* SPDX-License-Identifier: MIT */
/* An Internet gateway device of UPnP, asked by miniupnpc. Everything here blocks, for
 * seconds and at worst for as long as somebody sends a byte now and then: it is for a
 * thread that nobody waits for.
 *
 * Whoever is on the network may answer a search, with an URL of his choice. Only the
 * router is believed: other hosts are not fetched from, neither the description nor what
 * that names. */
#ifndef KITH_NET_PORTMAP_IGD_H
#define KITH_NET_PORTMAP_IGD_H

#include <stdbool.h>
#include "net/portmap_answer.h"

/* What miniupnpc makes of any URL or service in a description is shorter. */
#define KITH_IGD_TEXT_SIZE 256

#define KITH_IGD_SEARCH_MS 2000 /* devices may take as long to answer a search */

/* Descriptions fetched after one search: a router has one or two. */
#define KITH_IGD_DESCRIPTIONS_MAX 4

/* Outer ports tried, one after the other, when others hold them: as many nodes behind one
 * router get one of their own. */
#define KITH_IGD_PORTS_MAX 16

struct kith_igd {
    char control[KITH_IGD_TEXT_SIZE]; /* URL; "" means not found yet */
    char service[KITH_IGD_TEXT_SIZE];
};

/* Search it. False when the router is none; `*out` is untouched then. */
bool kith_igd_find(const struct kith_portmap_wish *wish, struct kith_igd *out);

/* Ask for the mapping, and for the router's outer address. */
void kith_igd_map(const struct kith_igd *igd, const struct kith_portmap_wish *wish,
                  struct kith_portmap_answer *out);

/* Take it away. */
void kith_igd_unmap(const struct kith_igd *igd, uint16_t external_port);

#endif
