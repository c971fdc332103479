/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "net/portmap_pcp.h"

/* A byte of choice, then the datagram; the nonce is that of the seeds. A mapping that is
 * read makes sense, and what is refused has a reason. */
void fuzz_input(const uint8_t *data, size_t size)
{
    static const struct kith_pcp_nonce nonce = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    const struct kith_portmap_wish wish = {.port = 4747};
    struct kith_portmap_answer answer;
    if (size == 0)
        return;
    bool is_removal = data[0] & 1;
    struct kith_bytes datagram = kith_bytes(data + 1, size - 1);
    if (!kith_pcp_decode(datagram, &wish, &nonce, is_removal, &answer))
        return;
    assert(datagram.size >= KITH_PCP_MAP_SIZE && datagram.size <= KITH_PCP_SIZE_MAX);
    assert(memcmp(datagram.data + 24, nonce.bytes, sizeof nonce.bytes) == 0);
    if (answer.outcome == KITH_PORTMAP_DENIED)
        assert(answer.why != NULL);
    else
        assert(is_removal || (answer.port != 0 && answer.lifetime_s != 0));
}
