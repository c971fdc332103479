/* SPDX-License-Identifier: MIT */
/* POST /api/v1/code: a code that opens the page, once and within a minute. Only through
 * the socket of the home, so that a page cannot make itself more of them. */
#include <stdio.h>
#include <string.h>

#include "api/server_request.h"

static const char fragment[] = "/#code=";

/* In the fragment, which browsers do not send, so that it is in no log. */
bool kith_server_page(struct kith_server *server, char out[static KITH_SERVER_PAGE_SIZE])
{
    char code[KITH_SESSION_TEXT_SIZE];
    const char *http = kith_server_http(server);
    if (!http)
        return false;
    kith_sessions_make_code(&server->sessions, &server->config.rng,
                            kith_runtime_now(server->config.runtime).mono, code);
    snprintf(out, KITH_SERVER_PAGE_SIZE, "%s%s%s", http, fragment, code);
    explicit_bzero(code, sizeof code);
    return true;
}

static void handle(struct kith_request *request)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    char url[KITH_SERVER_PAGE_SIZE];
    if (!kith_server_page(request->server, url)) {
        kith_request_problem(request, KITH_ENOTFOUND,
                             "this node serves no page, because http is off; start it "
                             "without `--http no`");
        return;
    }
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "code", strstr(url, fragment) + sizeof fragment - 1);
    kith_json_string(&w, "url", url);
    kith_json_number(&w, "seconds", KITH_SESSION_CODE_LIFE / KITH_SECOND);
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_CREATED, &w);
}

const struct kith_endpoint kith_endpoint_code = {
    .method = "POST",
    .path = "/api/v1/code",
    .access = KITH_ACCESS_SOCKET,
    .handle = handle,
};
