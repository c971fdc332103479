/* SPDX-License-Identifier: MIT */
/* Short texts of people: ids, times, of this machine's clock too, where a tracker is,
 * base64, passphrases. All read the same input; what is taken is written as it was read,
 * or reads the same again. */
#include "fuzz.h"

#include <string.h>

#include "base/base64.h"
#include "base/passphrase.h"
#include "base/time_format.h"
#include "base/tracker_address.h"
#include "cli/since.h"
#include "kith/error.h"

#define NOW (1700000000 * KITH_SECOND)

static void check_id(struct kith_bytes text)
{
    struct kith_id id, again;
    char out[KITH_ID_TEXT_SIZE];
    if (!kith_id_parse((const char *)text.data, text.size, &id))
        return;
    kith_id_format(&id, out);
    assert(text.size == strlen(out) && kith_id_parse(out, text.size, &again));
    assert(kith_id_equal(&id, &again));
    for (size_t size = 1; size <= text.size; size++)
        assert(kith_id_has_prefix(&id, (const char *)text.data, size));
}

static void check_time(struct kith_bytes text)
{
    kith_time time, again;
    char out[KITH_TIME_TEXT_SIZE];
    if (!kith_time_parse(text, NOW, &time))
        return;
    kith_time_format(time, out);
    assert(kith_time_parse(kith_bytes(out, strlen(out)), NOW, &again));
    kith_time lost = time - again; /* what is finer than a millisecond */
    assert((lost >= 0 && lost < KITH_MS) || out[0] == '0' || out[0] == '9');
}

/* What comes of --since is its text, or a time in UTC that differs from what it says by
 * no more than a time zone does. */
static void check_since(struct kith_bytes text)
{
    char given[64], out[KITH_TIME_TEXT_SIZE];
    kith_time local, utc;
    if (text.size >= sizeof given || memchr(text.data, '\0', text.size) != NULL)
        return;
    memcpy(given, text.data, text.size);
    given[text.size] = '\0';
    const struct kith_cli_given option = {"since", given};
    const struct kith_cli cli = {.given = &option, .given_count = 1};
    const char *since = kith_cli_since(&cli, out);
    if (since == given)
        return;
    assert(since == out && kith_time_parse(kith_bytes(out, strlen(out)), NOW, &utc));
    if (kith_time_parse(text, NOW, &local)) /* a date alone */
        assert(utc - local <= 24 * KITH_HOUR && local - utc <= 24 * KITH_HOUR);
}

static void check_tracker(struct kith_bytes text)
{
    struct kith_tracker_address address, again;
    char out[KITH_TRACKER_ADDRESS_TEXT_SIZE];
    const char *why = NULL;
    int error = kith_tracker_address_parse(text, &address, &why);
    assert((error == 0) == (why == NULL) && (error == 0 || error == KITH_EADDRESS));
    if (error != 0)
        return;
    kith_tracker_address_format(&address, out);
    error = kith_tracker_address_parse(kith_bytes(out, strlen(out)), &again, NULL);
    assert(error == 0 && kith_address_equal(&address.address, &again.address));
    assert(address.has_id == again.has_id);
    assert(!address.has_id || kith_id_equal(&address.id, &again.id));
}

static void check_base64(struct kith_bytes text)
{
    struct kith_writer bytes = kith_writer(&kith_alloc_heap);
    struct kith_writer again = kith_writer(&kith_alloc_heap);
    if (kith_base64_read(text, &bytes)) {
        kith_base64_write(&again, kith_writer_view(&bytes));
        assert(kith_bytes_equal(kith_writer_view(&again), text));
    }
    kith_writer_deinit(&bytes);
    kith_writer_deinit(&again);
}

static void check_passphrase(struct kith_bytes text)
{
    struct kith_passphrase secret, again;
    const char *why = NULL;
    int error = kith_passphrase_parse(text, &secret, &why);
    assert((error == 0) == (why == NULL));
    if (error != 0)
        return;
    assert(secret.size > 0 && secret.size <= sizeof(secret.bytes));
    error = kith_passphrase_parse(kith_bytes(secret.bytes, secret.size), &again, NULL);
    assert(error == 0 && again.size == secret.size);
    assert(memcmp(again.bytes, secret.bytes, secret.size) == 0);
    kith_passphrase_deinit(&secret);
    kith_passphrase_deinit(&again);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_bytes text = kith_bytes(data, size);
    check_id(text);
    check_time(text);
    check_since(text);
    check_tracker(text);
    check_base64(text);
    check_passphrase(text);
}
