/* SPDX-License-Identifier: MIT */
#include "api/server_page.h"

#include <string.h>

#include "api/server_request.h"

/* A page loads what comes from here and nothing else, runs no script that stands in its
 * text, and is in nobody's frame. Pictures and sounds may come out of memory, for what a
 * script fetched with its token. */
static const char *const headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
     "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    /* Asked for anew each time, and then mostly not sent: the program may be a newer one.
     */
    {MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache"},
};

const struct kith_page *kith_page_find(const char *path)
{
    for (const struct kith_page *page = kith_pages; page->path; page++)
        if (strcmp(page->path, path) == 0)
            return page;
    return NULL;
}

static bool is_held(struct kith_request *request, const struct kith_page *page)
{
    const char *held = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_IF_NONE_MATCH);
    return held && strstr(held, page->etag);
}

static void handle(struct kith_request *request)
{
    const struct kith_page *page = request->page;
    /* The daemon only reads from it, and keeps it to itself when it answers 304. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        page->size, (void *)page->data, MHD_RESPMEM_PERSISTENT);
    for (size_t i = 0; response && i < sizeof headers / sizeof headers[0]; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, page->etag);
    }
    kith_request_respond(
        request, is_held(request, page) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}

const struct kith_endpoint kith_endpoint_page = {
    .method = "GET",
    .path = "/",
    .access = KITH_ACCESS_OPEN,
    .handle = handle,
};
