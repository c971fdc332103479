/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "base/address.h"
#include "kith/error.h"

/* What is written can be read, and is the same address. */
static void check_address(const struct kith_address *address, bool allow_any)
{
    char text[KITH_ADDRESS_TEXT_SIZE];
    struct kith_address again;
    kith_address_format(address, text);
    assert(kith_address_parse(kith_bytes(text, strlen(text)), 0, allow_any, &again,
                              NULL) == 0);
    assert(kith_address_equal(address, &again));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    for (int allow_any = 0; allow_any <= 1; allow_any++) {
        struct kith_address address;
        const char *why = NULL;
        int error = kith_address_parse(kith_bytes(data, size), KITH_PORT_DEFAULT,
                                       allow_any, &address, &why);
        assert(error == 0 || (error == KITH_EADDRESS && why));
        if (error == 0)
            check_address(&address, allow_any);
    }
}
