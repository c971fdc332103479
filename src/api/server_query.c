/* SPDX-License-Identifier: MIT */
/* What a request asks for: query parameters, JSON members, targets. */
#include "api/server_request.h"

#include <string.h>

#include "base/time_format.h"

const char *kith_request_query(struct kith_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

json_t *kith_request_json(struct kith_request *request)
{
    if (request->body.failed) {
        kith_request_problem(request, KITH_ENOMEM, "out of memory; try again later");
        return NULL;
    }
    json_error_t error;
    struct kith_bytes body = kith_writer_view(&request->body);
    json_t *json = json_loadb(body.size > 0 ? (const char *)body.data : "", body.size,
                              JSON_REJECT_DUPLICATES, &error);
    if (json && json_is_object(json))
        return json;
    if (json)
        kith_request_problem(request, KITH_EINVALID,
                             "the body must be one JSON object, in braces");
    else if (error.text[0] == '\0') /* jansson has no words where it had no memory */
        kith_request_problem(request, KITH_ENOMEM, "out of memory; try again later");
    else
        kith_request_problem(
            request, KITH_EINVALID,
            "the body is not valid JSON (RFC 8259): %s, line %d column %d",
            json_error_code(&error) == json_error_null_character
                ? "U+0000 cannot be in a text"
                : error.text,
            error.line, error.column);
    json_decref(json);
    return NULL;
}

const char *kith_request_member(struct kith_request *request, const json_t *object,
                                const char *name, size_t *size)
{
    const json_t *member = json_object_get(object, name);
    if (!member)
        kith_request_problem(request, KITH_EINVALID, "the member \"%s\" is missing",
                             name);
    else if (!json_is_string(member))
        kith_request_problem(request, KITH_EINVALID, "the member \"%s\" must be a string",
                             name);
    else
        return *size = json_string_length(member), json_string_value(member);
    return NULL;
}

bool kith_request_timeout(struct kith_request *request, const json_t *object,
                          uint64_t default_ms, uint64_t *out_ms)
{
    const json_t *timeout = json_object_get(object, "timeout");
    *out_ms = default_ms;
    if (!timeout)
        return true;
    double seconds = json_number_value(timeout);
    if (!json_is_number(timeout) ||
        !(seconds >= 0 && seconds <= KITH_SERVER_WAIT_S_MAX)) {
        kith_request_problem(request, KITH_EINVALID,
                             "\"timeout\" must be a number of seconds from 0 to %d",
                             KITH_SERVER_WAIT_S_MAX);
        return false;
    }
    *out_ms = (uint64_t)(seconds * 1000);
    return true;
}

bool kith_request_since(struct kith_request *request, const char *text, kith_time *out)
{
    struct kith_now now = kith_runtime_now(request->server->config.runtime);
    if (kith_time_parse(kith_bytes(text, strlen(text)), now.wall, out))
        return true;
    kith_request_problem(request, KITH_EINVALID,
                         "“since” takes a date (2026-11-21), a date and time with its "
                         "offset (2026-11-21T18:30:00Z), or how long ago (45s, 30m, 2h, "
                         "3d)");
    return false;
}

static void answer_ambiguous(struct kith_request *request, struct kith_bytes text,
                             const uint32_t *choices, size_t count)
{
    char detail[KITH_PROBLEM_DETAIL_SIZE];
    snprintf(detail, sizeof detail,
             "more than one peer fits “%.*s”; name one of the choices instead",
             (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_problem_open(&w, KITH_EAMBIGUOUS, MHD_HTTP_CONFLICT, detail);
    kith_json_open(&w, "choices", '[');
    for (size_t i = 0; i < count; i++) {
        char full[KITH_SHOWN_SIZE];
        kith_names_full(kith_server_node(request->server), choices[i], full);
        kith_json_string(&w, NULL, full);
    }
    kith_json_close(&w, ']');
    kith_request_problem_answer(request, MHD_HTTP_CONFLICT, &w);
}

bool kith_request_target(struct kith_request *request, struct kith_bytes text,
                         struct kith_target *out)
{
    uint32_t choices[KITH_SERVER_CHOICES_MAX];
    size_t count = 0;
    int error = kith_node_find(kith_server_node(request->server), text, out, choices,
                               KITH_SERVER_CHOICES_MAX, &count);
    if (error == KITH_EAMBIGUOUS)
        answer_ambiguous(request, text, choices,
                         count < KITH_SERVER_CHOICES_MAX ? count
                                                         : KITH_SERVER_CHOICES_MAX);
    else if (error && text.size > 0 && text.data[0] == '#')
        kith_request_problem(
            request, error,
            "this node is not in a room “%.*s”; `kith join` joins it, `kith rooms` lists "
            "those it is in",
            (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    else if (error)
        kith_request_problem(
            request, error,
            "no peer or room “%.*s” is known; `kith peers` lists the peers, and a whole "
            "id of 52 characters works before it was ever met",
            (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    return error == 0;
}
