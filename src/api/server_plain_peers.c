/* SPDX-License-Identifier: MIT */
/* GET /peers: an object of addresses and the time each was last seen, in seconds since
 * 1970, for scripts that know no ids. */
#include <stdlib.h>
#include <string.h>

#include "api/server_request.h"

/* A peer whose address is known. */
struct place {
    struct kith_address address;
    kith_time last_seen;
    uint32_t peer_no;
    bool is_host_shared;
};

static int compare_hosts(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    return strcmp(left->address.host, right->address.host);
}

static int compare_numbers(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    return left->peer_no < right->peer_no ? -1 : left->peer_no > right->peer_no;
}

/* Equal hosts are neighbours once sorted. */
static void mark_shared(struct place *places, size_t count)
{
    qsort(places, count, sizeof *places, compare_hosts);
    for (size_t i = 1; i < count; i++)
        if (compare_hosts(&places[i - 1], &places[i]) == 0)
            places[i - 1].is_host_shared = places[i].is_host_shared = true;
    qsort(places, count, sizeof *places, compare_numbers);
}

static size_t find_places(const struct kith_node *node, struct place *out)
{
    struct kith_peer_view peer;
    size_t count = 0;
    for (uint32_t no = 1; no <= kith_node_peer_count(node); no++)
        if (kith_node_peer(node, no, &peer) && peer.address.host[0])
            out[count++] = (struct place){peer.address, peer.last_seen, no, false};
    mark_shared(out, count);
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
