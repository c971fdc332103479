/* SPDX-License-Identifier: MIT */
/* GET /peers: an object of addresses and the time each was last seen, in seconds since
 * 1970, for scripts that know no ids. Of several peers at one address, as of those who
 * were there one after another, it has who is there, or was the last. */
#include <stdlib.h>
#include <string.h>

#include "api/server_request.h"

/* A peer whose address is known. */
struct place {
    struct kith_address address;
    kith_time last_seen;
    uint32_t peer_no;
    bool is_online;
    bool is_host_shared;
};

/* By address; first of those at one address who is told. */
static int compare_addresses(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    int order = strcmp(left->address.host, right->address.host);
    if (order == 0)
        order = left->address.port - right->address.port;
    if (order == 0)
        order = right->is_online - left->is_online;
    return order != 0 ? order
                      : (right->last_seen > left->last_seen) -
                            (right->last_seen < left->last_seen);
}

static int compare_numbers(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    return left->peer_no < right->peer_no ? -1 : left->peer_no > right->peer_no;
}

/* How many are left. */
static size_t keep_one_each(struct place *places, size_t count)
{
    size_t kept = 0;
    qsort(places, count, sizeof *places, compare_addresses);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 ||
            !kith_address_equal(&places[kept - 1].address, &places[i].address))
            places[kept++] = places[i];
    return kept;
}

/* Equal hosts are neighbours. */
static void mark_shared(struct place *places, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (strcmp(places[i - 1].address.host, places[i].address.host) == 0)
            places[i - 1].is_host_shared = places[i].is_host_shared = true;
}

static size_t find_places(const struct kith_node *node, struct place *out)
{
    struct kith_peer_view peer;
    size_t count = 0;
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        if (kith_node_peer(node, no, &peer) && peer.address.host[0])
            out[count++] = (struct place){.address = peer.address,
                                          .last_seen = peer.last_seen,
                                          .peer_no = no,
                                          .is_online = peer.is_online &&
                                                       peer.path != KITH_PATH_RELAY};
    count = keep_one_each(out, count);
    mark_shared(out, count);
    qsort(out, count, sizeof *out, compare_numbers);
    return count;
}

static void write_place(struct kith_writer *w, const struct place *place)
{
    char address[KITH_ADDRESS_TEXT_SIZE];
    bool is_plain = place->address.port == KITH_PORT_DEFAULT && !place->is_host_shared;
    kith_address_format(&place->address, address);
    kith_json_number(w, is_plain ? place->address.host : address,
                     (uint64_t)(place->last_seen / KITH_SECOND));
}

static void handle(struct kith_request *request)
{
    const struct kith_node *node = kith_server_node(request->server);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct place *places = calloc(kith_node_peer_count(node) + 1, sizeof *places);
    if (!places) {
        kith_request_problem(request, KITH_ENOMEM, "out of memory; try again later");
        return;
    }
    size_t count = find_places(node, places);
    kith_json_open(&w, NULL, '{');
    for (size_t i = 0; i < count; i++)
        write_place(&w, &places[i]);
    kith_json_close(&w, '}');
    free(places);
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

const struct kith_endpoint kith_endpoint_plain_peers = {
    .method = "GET",
    .path = "/peers",
    .access = KITH_ACCESS_PLAIN,
    .handle = handle,
};
