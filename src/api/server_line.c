/* SPDX-License-Identifier: MIT */
#include "api/server_line.h"

#include <string.h>

#include "base/utf8.h"
#include "kith/error.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The character that comes after any spaces; false when it is another. */
static bool take(struct cursor *c, char wanted)
{
    while (c->at < c->end && is_space(*c->at))
        c->at++;
    if (c->at == c->end || *c->at != (uint8_t)wanted)
        return false;
    c->at++;
    return true;
}

static bool has_control(struct kith_bytes bytes)
{
    uint8_t found = 0;
    for (size_t i = 0; i < bytes.size; i++)
        found |= bytes.data[i] < 0x20;
    return found;
}

/* A string that stands for itself. */
static bool take_plain(struct cursor *c, struct kith_bytes *out)
{
    if (!take(c, '"'))
        return false;
    const uint8_t *quote = memchr(c->at, '"', (size_t)(c->end - c->at));
    if (!quote)
        return false;
    *out = kith_bytes(c->at, (size_t)(quote - c->at));
    c->at = quote + 1;
    return !memchr(out->data, '\\', out->size) && !has_control(*out);
}

static bool is_key(struct kith_bytes key, const char *wanted)
{
    return key.size == strlen(wanted) && memcmp(key.data, wanted, key.size) == 0;
}

static bool take_member(struct cursor *c, struct kith_line *out)
{
    struct kith_bytes key;
    struct kith_bytes value;
    if (!take_plain(c, &key) || !take(c, ':') || !take_plain(c, &value))
        return false;
    struct kith_bytes *slot = is_key(key, "to")     ? &out->to
                              : is_key(key, "text") ? &out->text
                                                    : NULL;
    if (!slot || slot->data)
        return false;
    *slot = value;
    return true;
}

static bool parse_plain(struct kith_bytes bytes, struct kith_line *out)
{
    struct cursor c = {bytes.data, bytes.data + bytes.size};
    if (!take(&c, '{') || !take_member(&c, out) || !take(&c, ',') ||
        !take_member(&c, out) || !take(&c, '}'))
        return false;
    while (c.at < c.end && is_space(*c.at))
        c.at++;
    return c.at == c.end && kith_utf8_is_valid(out->to) && kith_utf8_is_valid(out->text);
}

static const char *member(const json_t *json, const char *name, struct kith_bytes *out)
{
    const json_t *string = json_object_get(json, name);
    *out = kith_bytes(json_string_value(string), json_string_length(string));
    return json_string_value(string);
}

int kith_line_parse(struct kith_bytes bytes, struct kith_line *out, const char **why)
{
    *out = (struct kith_line){0};
    if (parse_plain(bytes, out))
        return 0;
    *out = (struct kith_line){0};
    json_error_t error;
    out->json =
        json_loadb((const char *)bytes.data, bytes.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(out->json))
        *why = "not a JSON object on one line";
    else if (!member(out->json, "to", &out->to))
        *why = "the member \"to\" is missing or no string";
    else if (!member(out->json, "text", &out->text))
        *why = "the member \"text\" is missing or no string";
    else
        return 0;
    /* Where all went well there is no code to read. */
    int result = !out->json && json_error_code(&error) == json_error_out_of_memory
                     ? KITH_ENOMEM
                     : KITH_EINVALID;
    kith_line_deinit(out);
    return result;
}

void kith_line_deinit(struct kith_line *line)
{
    json_decref(line->json);
    *line = (struct kith_line){0};
}
