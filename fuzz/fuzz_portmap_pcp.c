/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "base/reader.h"
#include "net/portmap_pcp.h"

/* As RFC 6887, 7.2 and 11.1, has it. */
enum { LIFETIME_AT = 4, EXTERNAL_PORT_AT = 42, EXTERNAL_IPV4_AT = 56 };

static uint32_t read_u32(const uint8_t *bytes)
{
    struct kith_reader r = kith_reader(kith_bytes(bytes, 4));
    return kith_reader_u32(&r);
}

static void check_granted(struct kith_bytes datagram, bool is_removal,
                          const struct kith_portmap_answer *answer)
{
    assert(answer->outcome == KITH_PORTMAP_GRANTED);
    assert(is_removal || (answer->port != 0 && answer->lifetime_s != 0));
    assert(answer->lifetime_s == read_u32(datagram.data + LIFETIME_AT));
    assert(answer->port ==
           (datagram.data[EXTERNAL_PORT_AT] << 8 | datagram.data[EXTERNAL_PORT_AT + 1]));
    assert(memcmp(&answer->external, datagram.data + EXTERNAL_IPV4_AT,
                  sizeof(answer->external)) == 0);
}

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
        check_granted(datagram, is_removal, &answer);
}
