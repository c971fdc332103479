/* SPDX-License-Identifier: MIT */
#include "api/server_admit.h"

#include <string.h>
#include <strings.h>

#include "api/server_door.h"

/* ---- by which name, and from whose page ---- */

struct place {
    const struct kith_gate *gate;
    size_t host_count;
    bool is_host_ours;
    bool is_origin_ours;
};

static enum MHD_Result look_at(void *ctx, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
    struct place *place = ctx;
    if (!value)
        value = "";
    if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
        place->host_count++;
        place->is_host_ours = kith_gate_has_host(place->gate, value);
    } else if (strcasecmp(key, MHD_HTTP_HEADER_ORIGIN) == 0 &&
               !kith_gate_has_origin(place->gate, value)) {
        place->is_origin_ours = false;
    }
    return MHD_YES;
}

static void refuse(struct kith_request *request, unsigned status, const char *detail)
{
    kith_request_refuse(request, &(struct kith_refusal){.status = status,
                                                        .error = KITH_EACCESS,
                                                        .detail = detail});
}

bool kith_admit_place(struct kith_request *request)
{
    const struct kith_visitor *visitor = kith_visitor_of(request->connection);
    if (!visitor) {
        kith_request_problem(request, KITH_ENOMEM, "out of memory; try again");
        return false;
    }
    if (visitor->door == KITH_DOOR_UNIX)
        return true;
    struct place place = {.gate = &visitor->gate, .is_origin_ours = true};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, look_at, &place);
    if (place.host_count != 1 || !place.is_host_ours)
        refuse(request, MHD_HTTP_FORBIDDEN,
               "this node does not go by the name in the header Host; use the address "
               "that `kith up` told, or localhost, with its port");
    else if (!place.is_origin_ours)
        refuse(request, MHD_HTTP_FORBIDDEN,
               "pages of other sites may not use this node; programs send no header "
               "Origin");
    return !request->is_answered;
}

/* ---- with which token ---- */

static bool is_token(const struct kith_request *request, const char *text)
{
    const char *token = request->server->config.token;
    return kith_bytes_equal_secret(kith_bytes(text, strlen(text)),
                                   kith_bytes(token, strlen(token))) ||
           kith_sessions_has(&request->server->sessions, text);
}

static bool has_token(const struct kith_request *request)
{
    static const char scheme[] = "Bearer ";
    const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                    MHD_HTTP_HEADER_AUTHORIZATION);
    return value && strncasecmp(value, scheme, sizeof scheme - 1) == 0 &&
           is_token(request, value + sizeof scheme - 1);
}

static void refuse_token(struct kith_request *request)
{
    kith_request_refuse(
        request,
        &(struct kith_refusal){
            .status = MHD_HTTP_UNAUTHORIZED,
            .error = KITH_EACCESS,
            .header = MHD_HTTP_HEADER_WWW_AUTHENTICATE,
            .value = "Bearer realm=\"kith\"",
            .detail = "send the header Authorization: Bearer TOKEN, with what the file "
                      "`token` in the home of the node holds"});
}

bool kith_admit_endpoint(struct kith_request *request)
{
    if (kith_visitor_of(request->connection)->door == KITH_DOOR_UNIX)
        return true;
    switch (request->endpoint->access) {
    case KITH_ACCESS_OPEN:
        break;
    case KITH_ACCESS_PLAIN:
        if (!request->server->config.is_plain_open && !has_token(request))
            refuse_token(request);
        break;
    case KITH_ACCESS_TOKEN:
        if (!has_token(request))
            refuse_token(request);
        break;
    case KITH_ACCESS_SOCKET:
        refuse(request, MHD_HTTP_FORBIDDEN,
               "this is asked for through the socket `control` in the home only");
        break;
    }
    return !request->is_answered;
}
