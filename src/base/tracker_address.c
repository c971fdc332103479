/* SPDX-License-Identifier: MIT */
#include "base/tracker_address.h"

#include <string.h>

#include "kith/error.h"

int kith_tracker_address_parse(struct kith_bytes text, struct kith_tracker_address *out,
                               const char **why)
{
    struct kith_tracker_address parsed = {0};
    const uint8_t *slash = text.size > 0 ? memchr(text.data, '/', text.size) : NULL;
    size_t size = slash != NULL ? (size_t)(slash - text.data) : text.size;
    int error = kith_address_parse(kith_bytes(text.data, size), KITH_TRACKER_PORT_DEFAULT,
                                   false, &parsed.address, why);
    if (error != 0)
        return error;
    if (slash != NULL) {
        if (!kith_id_parse((const char *)slash + 1, text.size - size - 1, &parsed.id)) {
            if (why != NULL)
                *why = "behind the slash stands the id of the tracker, 52 letters and "
                       "digits, as `kith tracker` prints it";
            return KITH_EADDRESS;
        }
        parsed.has_id = true;
    }
    *out = parsed;
    return 0;
}

void kith_tracker_address_format(const struct kith_tracker_address *address,
                                 char out[static KITH_TRACKER_ADDRESS_TEXT_SIZE])
{
    kith_address_format(&address->address, out);
    if (!address->has_id)
        return;
    size_t size = strlen(out);
    out[size] = '/';
    kith_id_format(&address->id, out + size + 1);
}
