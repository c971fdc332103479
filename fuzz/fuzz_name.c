/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <string.h>

#include "base/name.h"
#include "base/utf8.h"
#include "kith/error.h"

/* A name is safe to show, and parsing it again changes nothing. */
static void check_name(const struct kith_name *name)
{
    struct kith_name again;
    struct kith_bytes text = kith_bytes(name->text, strlen(name->text));
    assert(text.size > 0 && text.size <= KITH_NAME_SIZE_MAX);
    assert(kith_utf8_is_valid(text));
    assert(kith_name_parse(text, &again, NULL) == 0);
    assert(strcmp(name->text, again.text) == 0);
    assert(kith_name_matches(name->text, again.text));
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_name name;
    const char *why = NULL;
    int error = kith_name_parse(kith_bytes(data, size), &name, &why);
    assert(error == 0 || (error == KITH_ENAME && why));
    if (error == 0)
        check_name(&name);
}
