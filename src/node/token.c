/* SPDX-License-Identifier: MIT */
#include "node/token.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "kith/error.h"
#include "node/home.h"
#include "node/secret_file.h"

#define FILE_SIZE KITH_TOKEN_TEXT_SIZE /* a newline in place of the terminator */

static int load(const struct kith_secret_file *file,
                char out[static KITH_TOKEN_TEXT_SIZE], struct kith_problem *problem)
{
    uint8_t text[FILE_SIZE] = {0};
    struct kith_id token;
    size_t size = 0;
    int error = kith_secret_file_read(file, text, sizeof(text), &size, problem);
    if (error == 0 && size == sizeof(text) && text[size - 1] == '\n')
        size--;
    if (error == 0 && (size != KITH_TOKEN_TEXT_SIZE - 1 ||
                       !kith_id_parse((const char *)text, size, &token)))
        error = kith_problem_set(problem, KITH_ECORRUPT,
                                 "%s holds no token; remove it, and another is made",
                                 file->path);
    if (error == 0)
        kith_id_format(&token, out);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(&token, sizeof(token));
    return error;
}

static int make(const struct kith_secret_file *file, struct kith_problem *problem)
{
    struct kith_id token;
    char text[FILE_SIZE];
    randombytes_buf(token.bytes, sizeof(token.bytes));
    kith_id_format(&token, text);
    text[FILE_SIZE - 1] = '\n';
    int error =
        kith_secret_file_write(file, kith_bytes(text, sizeof(text)), false, problem);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(&token, sizeof(token));
    return error;
}

int kith_token_load_or_make(const char *home, char out[static KITH_TOKEN_TEXT_SIZE],
                            struct kith_problem *problem)
{
    char *path = kith_home_file(home, KITH_HOME_TOKEN);
    if (path == NULL || sodium_init() < 0) {
        free(path);
        return kith_problem_set(problem, KITH_ENOMEM, "out of memory");
    }
    struct kith_secret_file file = {home, path, "token"};
    int error = load(&file, out, problem);
    if (error == KITH_ENOTFOUND) {
        error = make(&file, problem);
        if (error == 0)
            error = load(&file, out, problem);
    }
    free(path);
    return error;
}
