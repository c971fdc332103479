/* SPDX-License-Identifier: MIT */
/* Where others can reach what this node listens on. */
#ifndef KITH_NODE_REACH_H
#define KITH_NODE_REACH_H

#include "base/address.h"
#include "net/interfaces.h"
#include <stdbool.h>
#include <stddef.h>

/* Does nobody beyond this host get there? */
bool kith_reach_is_loopback(const struct kith_address *address);

/* The bound addresses, those that others reach before those on loopback, a wildcard
 * replaced by the addresses this host has: those of real interfaces first, loopback
 * only when there is none, link-local ones never (their scope means nothing elsewhere).
 * The port of the first is the one that beacons tell. Returns how many of at most
 * `out_max`. */
size_t kith_reach(const struct kith_address *bound, size_t bound_count,
                  const struct kith_interfaces *interfaces, struct kith_address *out,
                  size_t out_max);

/* Those of the bound ones that beacons may come from: who hears one dials its sender, at
 * the port it tells. */
size_t kith_reach_sources(const struct kith_address *bound, size_t bound_count,
                          struct kith_address *out, size_t out_max);

#endif
