/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "base/name.h"
#include "base/utf8.h"
#include "kith/error.h"

static void check_characters(struct kith_bytes text)
{
    size_t count = 0;
    assert(kith_utf8_is_valid(text));
    for (const uint8_t *at = text.data; at < text.data + text.size; count++) {
        const uint32_t character = kith_utf8_next(&at, text.data + text.size);
        assert(!kith_utf8_is_unsafe(character));
        assert(character > 0x7f || strchr("~#:/@", (int)character) == NULL);
    }
    assert(count > 0 && count <= KITH_NAME_CHARS_MAX);
}

typedef int name_parser(struct kith_bytes text, struct kith_name *out, const char **why);

/* A name is safe to show, and parsing it again changes nothing: for a room it would be
 * another one. */
static void check_name(name_parser *parser, struct kith_bytes input)
{
    struct kith_name name, again;
    const char *why = NULL;
    int error = parser(input, &name, &why);
    assert(error == 0 || (error == KITH_ENAME && why));
    if (error != 0)
        return;
    struct kith_bytes text = kith_bytes(name.text, strlen(name.text));
    check_characters(text);
    assert(parser(text, &again, NULL) == 0);
    assert(strcmp(name.text, again.text) == 0);
    assert(kith_name_matches(name.text, again.text));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    check_name(kith_name_parse, kith_bytes(data, size));
    check_name(kith_name_parse_room, kith_bytes(data, size));
}
