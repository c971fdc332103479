/* SPDX-License-Identifier: MIT */
#include "base/passphrase.h"

#include <stdlib.h>
#include <string.h>

#include <unictype.h>
#include <uninorm.h>

#include "base/utf8.h"
#include "kith/error.h"

#define NFC_SIZE_MAX (3 * KITH_PASSPHRASE_SIZE_MAX) /* UTF-8 grows at most threefold */

static const char *fault_of(struct kith_bytes text)
{
    const uint8_t *end = text.data + text.size;
    size_t count = 0;
    for (const uint8_t *at = text.data; at < end; count++)
        if (uc_is_general_category_withtable(kith_utf8_next(&at, end),
                                             UC_CATEGORY_MASK_Cc))
            return "a passphrase is one line without control characters";
    if (count < KITH_PASSPHRASE_CHARS_MIN)
        return "a passphrase has at least 8 characters, because a shorter one is found "
               "by trying; `kith network new` makes a good one";
    return NULL;
}

static const char *parse(struct kith_bytes text, struct kith_passphrase *out)
{
    uint8_t normal[NFC_SIZE_MAX];
    size_t size = sizeof(normal);
    if (!kith_utf8_is_valid(text))
        return "a passphrase must be valid UTF-8";
    struct kith_bytes trimmed = kith_utf8_trim(text);
    if (trimmed.size == 0)
        return "a passphrase cannot be empty";
    if (trimmed.size > KITH_PASSPHRASE_SIZE_MAX)
        return "a passphrase has at most 1024 bytes";
    uint8_t *result =
        u8_normalize(UNINORM_NFC, trimmed.data, trimmed.size, normal, &size);
    const char *fault = NULL;
    if (result != normal || size > KITH_PASSPHRASE_SIZE_MAX)
        fault = "a passphrase cannot be a heap of combining marks";
    else
        fault = fault_of(kith_bytes(normal, size));
    if (fault == NULL) {
        *out = (struct kith_passphrase){.size = size};
        memcpy(out->bytes, normal, size);
    }
    if (result != normal)
        free(result);
    explicit_bzero(normal, sizeof(normal));
    return fault;
}

int kith_passphrase_parse(struct kith_bytes text, struct kith_passphrase *out,
                          const char **why)
{
    const char *fault = parse(text, out);
    if (fault == NULL)
        return 0;
    if (why != NULL)
        *why = fault;
    return KITH_EINVALID;
}

void kith_passphrase_deinit(struct kith_passphrase *passphrase)
{
    explicit_bzero(passphrase, sizeof(*passphrase));
}
