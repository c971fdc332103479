/* SPDX-License-Identifier: MIT */
/* Who makes room when too many are in the handshake: the oldest of the household (an IPv4
 * address or an IPv6 /64) that has the most there. So who opens many pushes out his own.
 */
#ifndef KITH_NET_CROWD_H
#define KITH_NET_CROWD_H

#include "net/conn.h"

/* So many of the oldest are counted: more are there only if many come through tunnels. */
#define KITH_CROWD_MAX 2048

/* What stands for a household: its hash under the key of the environment. */
uint64_t kith_crowd_household(const struct kith_conn_env *env,
                              const struct sockaddr_storage *remote);

/* The newcomer counts as one of his household. NULL when nobody is in the handshake. */
struct kith_conn *kith_crowd_victim(const struct kith_conn_env *env,
                                    const struct sockaddr_storage *newcomer);

#endif
