/* SPDX-License-Identifier: MIT */
#include "net/crowd.h"
#include "net/sockaddr.h"

/* A hash table, so that the pass over all takes no longer for many households than for
 * one. Nobody can pick places in it who does not know the key. */
#define PLACES ((size_t)KITH_CROWD_MAX * 2)

struct tally {
    uint64_t household;
    size_t count; /* 0: the place is free */
    struct kith_conn *oldest;
};

static struct tally *tally_of(struct tally *tallies, uint64_t household)
{
    size_t place = household % PLACES;
    while (tallies[place].count > 0 && tallies[place].household != household)
        place = (place + 1) % PLACES;
    tallies[place].household = household;
    return &tallies[place];
}

uint64_t kith_crowd_household(const struct kith_conn_env *env,
                              const struct sockaddr_storage *remote)
{
    struct kith_ip ip = kith_sockaddr_ip(remote);
    struct kith_ip household = kith_ip_household(&ip);
    return kith_siphash(env->hash_key, household.bytes, sizeof household.bytes);
}

static struct kith_conn *conn_of(struct kith_list *node)
{
    return kith_list_item(kith_list_item(node, struct kith_expiry_item, node),
                          struct kith_conn, expiry);
}

struct kith_conn *kith_crowd_victim(const struct kith_conn_env *env,
                                    const struct sockaddr_storage *newcomer)
{
    struct tally tallies[PLACES] = {0};
    struct kith_conn *victim = NULL;
    size_t most = 0, seen = 0;
    tally_of(tallies, kith_crowd_household(env, newcomer))->count++;
    kith_list_each (node, &env->handshakes.items) {
        struct kith_conn *conn = conn_of(node);
        struct tally *tally = tally_of(tallies, conn->household);
        if (tally->oldest == NULL)
            tally->oldest = conn;
        if (++tally->count > most) {
            most = tally->count;
            victim = tally->oldest;
        }
        if (++seen == KITH_CROWD_MAX)
            break;
    }
    return victim;
}
