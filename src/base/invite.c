/* SPDX-License-Identifier: MIT */
#include "base/invite.h"

#include <string.h>
#include <strings.h>

#include "kith/error.h"

static const char add_prefix[] = "kith:add/";
static const char join_prefix[] = "kith:join/";

static bool begins(struct kith_bytes text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && strncasecmp((const char *)text.data, prefix, size) == 0;
}

bool kith_invite_is(struct kith_bytes text)
{
    return begins(text, "kith:");
}

/* ---- reading ---- */

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* False when it does not fit, or an escape is broken. */
static bool decode(struct kith_bytes text, uint8_t *out, size_t out_max, size_t *out_size)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (size == out_max)
            return false;
        out[size++] = c;
    }
    *out_size = size;
    return true;
}

/* Up to `stop`, which is passed over; all of it if there is none. */
static struct kith_bytes cut(struct kith_bytes *rest, uint8_t stop)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->data, stop, rest->size) : NULL;
    size_t size = at != NULL ? (size_t)(at - rest->data) : rest->size;
    struct kith_bytes part = kith_bytes(rest->data, size);
    size_t used = at != NULL ? size + 1 : size;
    *rest = kith_bytes(rest->data + used, rest->size - used);
    return part;
}

static bool is_key(struct kith_bytes key, const char *text)
{
    return key.size == strlen(text) && memcmp(key.data, text, key.size) == 0;
}

static int read_address(struct kith_bytes value, struct kith_invite *out,
                        const char **why)
{
    if (out->address_count == KITH_INVITE_ADDRESSES_MAX)
        return 0;
    int error = kith_address_parse(value, KITH_PORT_DEFAULT, false,
                                   &out->addresses[out->address_count], why);
    out->address_count += error == 0;
    return error;
}

static int read_tracker(struct kith_bytes value, struct kith_invite *out,
                        const char **why)
{
    if (out->tracker_count == KITH_INVITE_TRACKERS_MAX)
        return 0;
    int error =
        kith_tracker_address_parse(value, &out->trackers[out->tracker_count], why);
    out->tracker_count += error == 0;
    return error;
}

static int read_id(struct kith_bytes value, struct kith_invite *out, const char **why)
{
    out->has_id = kith_id_parse((const char *)value.data, value.size, &out->id);
    *why = "the id in it is not one: 52 letters and digits";
    return out->has_id ? 0 : KITH_EINVALID;
}

static bool is_known(struct kith_bytes key)
{
    static const char *const keys[] = {"at", "via", "by", "name", "net"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (is_key(key, keys[i]))
            return true;
    return false;
}

static int read_parameter(struct kith_bytes parameter, struct kith_invite *out,
                          const char **why)
{
    uint8_t decoded[KITH_TRACKER_ADDRESS_TEXT_SIZE];
    size_t size;
    struct kith_bytes text = parameter;
    struct kith_bytes key = cut(&text, '=');
    if (!is_known(key))
        return 0;
    if (!decode(text, decoded, sizeof decoded, &size)) {
        *why = "one of its values is too long, or a % in it is followed by no number";
        return KITH_EINVALID;
    }
    struct kith_bytes value = kith_bytes(decoded, size);
    if (is_key(key, "at"))
        return read_address(value, out, why);
    if (is_key(key, "via"))
        return read_tracker(value, out, why);
    if (is_key(key, "by") && !out->has_id) /* of one to a person the id stands in front */
        return read_id(value, out, why);
    if (is_key(key, "name"))
        return kith_name_parse(value, &out->name, why);
    if (is_key(key, "net"))
        return kith_name_parse(value, &out->network, why);
    return 0;
}

static int read_room(struct kith_bytes text, struct kith_invite *out, const char **why)
{
    uint8_t decoded[KITH_NAME_SIZE_MAX];
    size_t size;
    out->has_room = true;
    if (!decode(text, decoded, sizeof decoded, &size)) {
        *why = "the room in it has too long a name";
        return KITH_EINVALID;
    }
    return kith_name_parse_room(kith_bytes(decoded, size), &out->room, why);
}

int kith_invite_parse(struct kith_bytes text, struct kith_invite *out, const char **why)
{
    const char *ignored;
    why = why != NULL ? why : &ignored;
    *out = (struct kith_invite){0};
    *why = "an invite begins with kith:add/ or kith:join/";
    if (text.size > KITH_INVITE_SIZE_MAX ||
        (!begins(text, add_prefix) && !begins(text, join_prefix)))
        return KITH_EINVALID;
    bool is_add = begins(text, add_prefix);
    size_t skip = is_add ? sizeof add_prefix - 1 : sizeof join_prefix - 1;
    struct kith_bytes rest = kith_bytes(text.data + skip, text.size - skip);
    struct kith_bytes what = cut(&rest, '?');
    int error = is_add ? read_id(what, out, why) : read_room(what, out, why);
    while (error == 0 && rest.size > 0)
        error = read_parameter(cut(&rest, '&'), out, why);
    return error == 0 ? 0 : KITH_EINVALID;
}

/* ---- writing ---- */

static void write_text(struct kith_writer *w, const char *text)
{
    kith_writer_bytes(w, text, strlen(text));
}

/* Unreserved characters, and those that addresses are made of, which a query may hold. */
static void write_encoded(struct kith_writer *w, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~:/";
    for (; *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;
        if (strchr(plain, *text) != NULL) {
            kith_writer_u8(w, c);
            continue;
        }
        kith_writer_u8(w, '%');
        kith_writer_u8(w, (uint8_t)digits[c >> 4]);
        kith_writer_u8(w, (uint8_t)digits[c & 15]);
    }
}

static void write_parameter(struct kith_writer *w, char *separator, const char *key,
                            const char *value)
{
    if (value[0] == '\0')
        return;
    kith_writer_u8(w, (uint8_t)*separator);
    *separator = '&';
    write_text(w, key);
    kith_writer_u8(w, '=');
    write_encoded(w, value);
}

void kith_invite_format(const struct kith_invite *invite, struct kith_writer *w)
{
    char id[KITH_ID_TEXT_SIZE] = "";
    char separator = '?';
    if (invite->has_id)
        kith_id_format(&invite->id, id);
    if (invite->has_room) {
        write_text(w, join_prefix);
        write_encoded(w, invite->room.text);
        write_parameter(w, &separator, "by", id);
    } else {
        write_text(w, add_prefix);
        write_text(w, id);
    }
    write_parameter(w, &separator, "name", invite->name.text);
    write_parameter(w, &separator, "net", invite->network.text);
    for (size_t i = 0; i < invite->address_count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        kith_address_format(&invite->addresses[i], text);
        write_parameter(w, &separator, "at", text);
    }
    for (size_t i = 0; i < invite->tracker_count; i++) {
        char text[KITH_TRACKER_ADDRESS_TEXT_SIZE];
        kith_tracker_address_format(&invite->trackers[i], text);
        write_parameter(w, &separator, "via", text);
    }
}
