/* SPDX-License-Identifier: MIT */
/* POST /api/v1/session {"code": …}: trade a code for a token of the page's own. */
#include <string.h>

#include "api/server_request.h"

#define BODY_SIZE_MAX 4096 /* whoever is on this host may send it: a code, in JSON */

static void refuse(struct kith_request *request, int error)
{
    struct kith_refusal refusal = {
        .status = MHD_HTTP_FORBIDDEN,
        .error = error,
        .detail = "this code was used, or is older than a minute, or never was one; "
                  "`kith web` makes another"};
    if (error == KITH_ELIMIT) {
        refusal.status = MHD_HTTP_TOO_MANY_REQUESTS;
        refusal.header = MHD_HTTP_HEADER_RETRY_AFTER;
        refusal.value = "6"; /* KITH_SESSION_GUESS_PERIOD */
        refusal.detail = "too many wrong codes; wait a few seconds, then open the page "
                         "with the address that `kith web` makes";
    }
    kith_request_refuse(request, &refusal);
}

static void trade(struct kith_request *request, const char *code)
{
    struct kith_server *server = request->server;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    char token[KITH_SESSION_TEXT_SIZE];
    int error =
        kith_sessions_trade(&server->sessions, &server->config.rng,
                            kith_runtime_now(server->config.runtime).mono, code, token);
    if (error) {
        refuse(request, error);
        return;
    }
    kith_json_open(&w, NULL, '{');
    kith_json_string(&w, "token", token);
    kith_json_close(&w, '}');
    explicit_bzero(token, sizeof token);
    kith_request_answer(request, MHD_HTTP_CREATED, &w);
}

static void handle(struct kith_request *request)
{
    struct kith_server *server = request->server;
    size_t size = 0;
    if (!kith_sessions_may_guess(&server->sessions,
                                 kith_runtime_now(server->config.runtime).mono)) {
        refuse(request, KITH_ELIMIT);
        return;
    }
    json_t *body = kith_request_json(request);
    if (!body)
        return;
    const char *code = kith_request_member(request, body, "code", &size);
    if (code)
        trade(request, code);
    json_decref(body);
}

const struct kith_endpoint kith_endpoint_session = {
    .method = "POST",
    .path = "/api/v1/session",
    .access = KITH_ACCESS_OPEN,
    .body = KITH_BODY_JSON,
    .body_size_max = BODY_SIZE_MAX,
    .handle = handle,
};
