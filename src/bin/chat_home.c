/* SPDX-License-Identifier: MIT */
#include "bin/chat_home.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"

/* 128 bytes of a name are at most 32 characters, so no more than 96 bytes become longer.
 */
#define ENCODED_SIZE (3 * KITH_NAME_SIZE_MAX + 1)

static void encode(const char *name, char out[static ENCODED_SIZE])
{
    size_t size = 0;
    for (const char *at = name; *at && size + 4 <= ENCODED_SIZE; at++) {
        unsigned char byte = (unsigned char)*at;
        bool stays = byte >= 0x80 || isalnum(byte) || byte == '-' || byte == '_';
        size += (size_t)snprintf(out + size, ENCODED_SIZE - size, stays ? "%c" : "%%%02X",
                                 byte);
    }
    out[size] = '\0';
}

char *kith_chat_home(const char *usual, const char *name)
{
    struct kith_name parsed;
    char encoded[ENCODED_SIZE];
    char *path = NULL;
    if (kith_name_parse(kith_bytes(name, strlen(name)), &parsed, NULL) != 0)
        return NULL;
    encode(parsed.text, encoded);
    size_t size = strlen(usual);
    while (size > 1 && usual[size - 1] == '/')
        size--;
    const char *slash = memrchr(usual, '/', size);
    int parent = slash ? (int)(slash - usual) : 0;
    return asprintf(&path, "%.*s/kith-%s", parent, usual, encoded) < 0 ? NULL : path;
}
