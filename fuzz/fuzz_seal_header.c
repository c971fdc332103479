/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include <sodium.h>

#include "base/reader.h"
#include "node/seal.h"

enum {
    COST_AT = KITH_SEAL_HEADER_SIZE - 2 * KITH_SEAL_CHECK_SIZE - KITH_SEAL_STREAM_SIZE -
              KITH_SEAL_SALT_SIZE - 8,
};

/* It is in bounds, and what the bytes say. */
static void check(const struct kith_seal_header *header, const uint8_t *bytes)
{
    const uint8_t *salt = bytes + COST_AT + 8, *stream = salt + KITH_SEAL_SALT_SIZE;
    struct kith_reader cost = kith_reader(kith_bytes(bytes + COST_AT, 8));
    assert(header->cost.memory_kib == kith_reader_u32(&cost));
    assert(header->cost.passes == kith_reader_u32(&cost));
    assert(memcmp(header->salt, salt, KITH_SEAL_SALT_SIZE) == 0);
    assert(memcmp(header->stream, stream, KITH_SEAL_STREAM_SIZE) == 0);
    assert(memcmp(header->key_check, stream + KITH_SEAL_STREAM_SIZE,
                  KITH_SEAL_CHECK_SIZE) == 0);
    assert(header->cost.memory_kib >= KITH_SEAL_MEMORY_KIB_MIN);
    assert(header->cost.memory_kib <= KITH_SEAL_MEMORY_KIB_MAX);
    assert(header->cost.passes >= 1 && header->cost.passes <= KITH_SEAL_PASSES_MAX);
}

/* Nothing that is believed asks for more than the bounds; the checksum, which a fuzzer
 * does not guess, is put right. */
void fuzz_input(const uint8_t *data, size_t size)
{
    uint8_t bytes[KITH_SEAL_HEADER_SIZE];
    struct kith_seal_header header;
    const size_t checked = KITH_SEAL_HEADER_SIZE - KITH_SEAL_CHECK_SIZE;
    int fault = kith_seal_header_decode(kith_bytes(data, size), &header);
    assert(fault >= 0 && fault != KITH_SEAL_PASSPHRASE);
    if (fault == 0)
        check(&header, data);
    if (size < checked)
        return;
    memcpy(bytes, data, checked);
    crypto_generichash(bytes + checked, KITH_SEAL_CHECK_SIZE, bytes, checked, NULL, 0);
    fault = kith_seal_header_decode(kith_bytes(bytes, sizeof(bytes)), &header);
    assert(fault != KITH_SEAL_SHORT && fault != KITH_SEAL_PASSPHRASE);
    if (fault == 0)
        check(&header, bytes);
}
