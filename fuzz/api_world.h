/* SPDX-License-Identifier: MIT */
/* The API's server over the fake runtime of its unit tests, for one connection; nothing
 * of it outlives that. */
#ifndef KITH_FUZZ_API_WORLD_H
#define KITH_FUZZ_API_WORLD_H

#include "fuzz.h"

#include <stdbool.h>

#include "api/server.h"
#include "base/writer.h"

#define API_ANSWER_SIZE_MAX (256 * 1024) /* of what is looked at */

struct api_world {
    uv_loop_t loop;
    struct kith_runtime *runtime;
    struct kith_server *server;
    uint64_t seed; /* of the input: nobody learns a token by trying */
    char token[20];
    uint16_t port;             /* of the door, when it is TCP */
    size_t command_count;      /* that the server gave */
    struct kith_writer answer; /* all that it said */
};

void api_begin(struct api_world *w, enum kith_door door, bool is_plain_open,
               const uint8_t *data, size_t size);
/* Say this, hear what comes, hang up. */
void api_exchange(struct api_world *w, enum kith_door door, struct kith_bytes request);
void api_end(struct api_world *w);

/* It is HTTP, one answer behind the other; where it says JSON, lines of JSON or events it
 * is that; nothing failed inside. */
void api_check_answer(const struct api_world *w);

#endif
