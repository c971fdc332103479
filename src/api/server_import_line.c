/* SPDX-License-Identifier: MIT */
/* Members that are needed are cut out; the others, which are most of a line, are only
 * skipped. To have jansson read all of it takes twenty times as long. */
#include "api/server_import_line.h"

#include <string.h>

#include <jansson.h>

#include "base/base64.h"

/* ---- cutting ---- */

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

enum { KIND, VERSION, ROOM, ROOM_ID, DIRECT, BETWEEN, RUN, MEMBER_COUNT };

static const char *const member_names[MEMBER_COUNT] = {
    "kind", "version", "room", "room_id", "direct", "between", "run",
};

/* Values as they stand in the line; empty when missing. */
struct members {
    struct kith_bytes raw[MEMBER_COUNT];
    json_t *unescaped[MEMBER_COUNT]; /* owned; of strings with escapes */
};

static void skip_space(struct cursor *c)
{
    while (c->at < c->end &&
           (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n'))
        c->at++;
}

static bool take(struct cursor *c, uint8_t character)
{
    skip_space(c);
    if (c->at == c->end || *c->at != character)
        return false;
    c->at++;
    return true;
}

/* Behind the quote that opened it, to behind the one that closes it. */
static bool skip_string(struct cursor *c)
{
    while (c->at < c->end && *c->at != '"')
        c->at += *c->at == '\\' && c->end - c->at > 1 ? 2 : 1;
    if (c->at == c->end)
        return false;
    c->at++;
    return true;
}

/* An object or array: brackets are counted, whichever they are. */
static bool skip_nested(struct cursor *c)
{
    size_t depth = 0;
    while (c->at < c->end) {
        uint8_t character = *c->at++;
        if (character == '"' && !skip_string(c))
            return false;
        if (character == '{' || character == '[')
            depth++;
        if ((character == '}' || character == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool skip_word(struct cursor *c)
{
    const uint8_t *begin = c->at;
    while (c->at < c->end && *c->at != ',' && *c->at != '}' && *c->at != ' ')
        c->at++;
    return c->at > begin;
}

static bool take_value(struct cursor *c, struct kith_bytes *out)
{
    skip_space(c);
    const uint8_t *begin = c->at;
    bool is_taken = false;
    if (c->at == c->end)
        return false;
    if (*c->at == '"') {
        c->at++;
        is_taken = skip_string(c);
    } else if (*c->at == '{' || *c->at == '[') {
        is_taken = skip_nested(c);
    } else {
        is_taken = skip_word(c);
    }
    *out = kith_bytes(begin, (size_t)(c->at - begin));
    return is_taken;
}

/* Each at most once. */
static bool keep(struct members *members, struct kith_bytes name, struct kith_bytes value)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        struct kith_bytes known = kith_bytes(member_names[i], strlen(member_names[i]));
        if (!kith_bytes_equal(name, known))
            continue;
        if (members->raw[i].size > 0)
            return false;
        members->raw[i] = value;
    }
    return true;
}

static bool cut(struct kith_bytes line, struct members *out)
{
    struct cursor c = {line.data, line.data + line.size};
    struct kith_bytes name, value;
    if (!take(&c, '{'))
        return false;
    do {
        if (!take_value(&c, &name) || name.size < 2 || name.data[0] != '"' ||
            !take(&c, ':') || !take_value(&c, &value) ||
            !keep(out, kith_bytes(name.data + 1, name.size - 2), value))
            return false;
    } while (take(&c, ','));
    if (!take(&c, '}'))
        return false;
    skip_space(&c);
    return c.at == c.end;
}

/* ---- values ---- */

/* Empty when it is no string. */
static struct kith_bytes text_of(struct members *members, size_t which)
{
    struct kith_bytes raw = members->raw[which];
    if (raw.size < 2 || raw.data[0] != '"')
        return kith_bytes(NULL, 0);
    if (!memchr(raw.data, '\\', raw.size))
        return kith_bytes(raw.data + 1, raw.size - 2);
    if (!members->unescaped[which])
        members->unescaped[which] =
            json_loadb((const char *)raw.data, raw.size, JSON_DECODE_ANY, NULL);
    const json_t *string = members->unescaped[which];
    return kith_bytes(json_string_value(string), json_string_length(string));
}

static bool is_text(struct kith_bytes bytes, const char *text)
{
    return kith_bytes_equal(bytes, kith_bytes(text, strlen(text)));
}

static bool read_id(struct kith_bytes text, struct kith_id *out)
{
    return text.size > 0 && kith_id_parse((const char *)text.data, text.size, out);
}

/* "#name", or "#name~shortid" of a room that was of another network there. */
static bool read_name(struct kith_bytes room, struct kith_name *out)
{
    if (room.size < 2 || room.data[0] != '#')
        return false;
    const uint8_t *tilde = memchr(room.data, '~', room.size);
    size_t size = tilde ? (size_t)(tilde - room.data) : room.size;
    return kith_name_parse_room(kith_bytes(room.data, size), out, NULL) == 0;
}

static bool take_id(struct cursor *c, struct kith_id *out)
{
    struct kith_bytes raw;
    return take_value(c, &raw) && raw.size > 2 && raw.data[0] == '"' &&
           read_id(kith_bytes(raw.data + 1, raw.size - 2), out);
}

static bool read_parties(struct kith_bytes raw, struct kith_id parties[static 2])
{
    if (raw.size == 0)
        return false;
    struct cursor c = {raw.data, raw.data + raw.size};
    return take(&c, '[') && take_id(&c, &parties[0]) && take(&c, ',') &&
           take_id(&c, &parties[1]) && take(&c, ']') && c.at == c.end;
}

/* 0: none. More than nine digits are as good as nine. */
static unsigned read_version(struct kith_bytes raw)
{
    unsigned version = 0;
    for (size_t i = 0; i < raw.size; i++) {
        if (raw.data[i] < '0' || raw.data[i] > '9')
            return 0;
        if (i < 9)
            version = version * 10 + (unsigned)(raw.data[i] - '0');
    }
    return version;
}

/* ---- lines ---- */

static const char *read_run(struct members *members, struct kith_writer *run,
                            struct kith_command *out)
{
    *out = (struct kith_command){.type = KITH_COMMAND_IMPORT};
    if (!read_id(text_of(members, ROOM_ID), &out->import.room))
        return "the member \"room_id\" is missing or no id";
    if (is_text(members->raw[DIRECT], "true")) {
        out->import.kind = KITH_ROOM_DIRECT;
        if (!read_parties(members->raw[BETWEEN], out->import.parties))
            return "the member \"between\" is missing or no pair of ids";
    } else {
        out->import.kind = KITH_ROOM_OPEN;
        if (!read_name(text_of(members, ROOM), &out->import.name))
            return "the member \"room\" is missing or no name of a room";
    }
    struct kith_bytes text = text_of(members, RUN);
    if (text.size == 0 || !kith_base64_read(text, run))
        return run->failed ? "out of memory"
                           : "the member \"run\" is missing or no base64";
    out->import.run = kith_writer_view(run);
    return NULL;
}

static int read_head(const struct members *members, const char **why)
{
    unsigned version = read_version(members->raw[VERSION]);
    if (version >= 1 && version <= KITH_EXPORT_VERSION)
        return 0;
    *why = version > KITH_EXPORT_VERSION
               ? "this was exported by a newer kith; import it with that one"
               : "the member \"version\" is missing or no number";
    return version > KITH_EXPORT_VERSION ? KITH_ENEWER : KITH_EINVALID;
}

static int read_members(struct members *members, struct kith_writer *run,
                        struct kith_import_line *out, const char **why)
{
    struct kith_bytes kind = text_of(members, KIND);
    if (is_text(kind, "run")) {
        out->kind = KITH_IMPORT_RUN;
        const char *fault = read_run(members, run, &out->command);
        if (fault)
            *why = fault;
        return !fault ? 0 : run->failed ? KITH_ENOMEM : KITH_EINVALID;
    }
    if (is_text(kind, "end")) {
        out->kind = KITH_IMPORT_END;
        return 0;
    }
    if (is_text(kind, "kith export")) {
        out->kind = KITH_IMPORT_HEAD;
        return read_head(members, why);
    }
    *why = "not a line that `kith export` writes";
    return KITH_EINVALID;
}

int kith_import_line_parse(struct kith_bytes bytes, struct kith_writer *run,
                           struct kith_import_line *out, const char **why)
{
    struct members members = {0};
    int result = KITH_EINVALID;
    kith_writer_clear(run);
    if (cut(bytes, &members))
        result = read_members(&members, run, out, why);
    else
        *why = "not a JSON object on one line";
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        json_decref(members.unescaped[i]);
    return result;
}
