/* SPDX-License-Identifier: MIT */
/* A line of a batch that is cut into slices says what jansson reads in it. */
#include "fuzz.h"

#include <string.h>

#include "api/server_line.h"
#include "kith/error.h"

static void check_member(const json_t *json, const char *name, struct kith_bytes found)
{
    const json_t *string = json_object_get(json, name);
    assert(json_is_string(string) && json_string_length(string) == found.size);
    assert(memcmp(json_string_value(string), found.data, found.size) == 0);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct kith_line line;
    const char *why = NULL;
    int error = kith_line_parse(kith_bytes(data, size), &line, &why);
    assert(error == 0 || error == KITH_EINVALID);
    assert((error == 0) == (why == NULL));
    if (error == 0) {
        json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
        check_member(json, "to", line.to);
        check_member(json, "text", line.text);
        json_decref(json);
        kith_line_deinit(&line);
    }
}
