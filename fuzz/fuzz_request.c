/* SPDX-License-Identifier: MIT */
/* A well-formed request to any endpoint, from a program of the user: a byte chooses it,
 * the first line is what its path ends in and its query, the rest is its body. */
#include "api_world.h"

#include <stdio.h>
#include <string.h>

#include "api/server_request.h"

static const struct kith_endpoint *choose(uint8_t byte)
{
    size_t count = 0;
    while (kith_endpoints[count] != NULL)
        count++;
    return kith_endpoints[byte % count];
}

static void compose(const struct kith_endpoint *endpoint, struct kith_bytes line,
                    struct kith_bytes body, struct kith_writer *out)
{
    char text[256];
    int size = snprintf(text, sizeof(text), "%s %.*s", endpoint->method,
                        (int)strcspn(endpoint->path, "{"), endpoint->path);
    kith_writer_bytes(out, text, (size_t)size);
    if (line.size > 0 && strchr(endpoint->path, '{') == NULL)
        kith_writer_u8(out, '?');
    for (size_t i = 0; i < line.size; i++)
        kith_writer_u8(out, line.data[i] > ' ' ? line.data[i] : '+');
    size = snprintf(text, sizeof(text),
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    body.size);
    kith_writer_bytes(out, text, (size_t)size);
    kith_writer_bytes(out, body.data, body.size);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    struct api_world w;
    if (size == 0)
        return;
    const uint8_t *end = memchr(data + 1, '\n', size - 1);
    struct kith_bytes line =
        kith_bytes(data + 1, end ? (size_t)(end - data) - 1 : size - 1);
    struct kith_bytes body =
        end ? kith_bytes(end + 1, size - line.size - 2) : (struct kith_bytes){0};
    struct kith_writer request = kith_writer(&kith_alloc_heap);
    compose(choose(data[0]), line, body, &request);
    api_begin(&w, KITH_DOOR_UNIX, false, data, size);
    api_exchange(&w, KITH_DOOR_UNIX, kith_writer_view(&request));
    api_check_answer(&w);
    api_end(&w);
    kith_writer_deinit(&request);
}
