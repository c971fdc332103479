/* SPDX-License-Identifier: MIT */
#include "api/server_request.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/server_admit.h"
#include "api/server_door.h"
#include "api/server_page.h"

/* A command of a request: lives until the runtime replies, whatever comes of the
 * request. */
struct pending {
    struct kith_list link; /* request->pendings or server->orphans */
    struct kith_request *request;
    kith_request_reply_cb *reply;
    void *extra; /* owned */
};

static void set_suspended(struct kith_request *request, bool is_suspended)
{
    if (request->is_suspended == is_suspended)
        return;
    request->is_suspended = is_suspended;
    if (is_suspended) {
        MHD_suspend_connection(request->connection);
    } else {
        MHD_resume_connection(request->connection);
        kith_server_wake(request->server);
    }
}

static void orphan_pendings(struct kith_request *request)
{
    kith_list_each_safe (node, &request->pendings) {
        struct pending *pending = kith_list_item(node, struct pending, link);
        pending->request = NULL;
        kith_list_remove(node);
        kith_list_push(&request->server->orphans, node);
    }
}

void kith_request_respond(struct kith_request *request, unsigned status,
                          struct MHD_Response *take_response)
{
    if (request->is_answered) {
        if (take_response)
            MHD_destroy_response(take_response);
        return;
    }
    request->is_answered = true;
    request->status = status;
    request->response = take_response;
    request->wait_ms = 0;
    orphan_pendings(request);
    if (!request->is_in_handler)
        set_suspended(request, false);
}

static struct MHD_Response *json_response(struct kith_writer *take_w, const char *type)
{
    struct MHD_Response *response = NULL;
    if (!take_w->failed)
        response = MHD_create_response_from_buffer(take_w->size, take_w->data,
                                                   MHD_RESPMEM_MUST_FREE);
    if (!response) {
        kith_writer_deinit(take_w);
        return NULL;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    return response;
}

void kith_request_answer(struct kith_request *request, unsigned status,
                         struct kith_writer *take_json)
{
    kith_writer_u8(take_json, '\n');
    kith_request_respond(request, status, json_response(take_json, "application/json"));
}

/* FNV-1a: it tells versions of one answer apart, and keeps nothing secret. */
static uint64_t tag_of(const struct kith_writer *w)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < w->size; i++)
        hash = (hash ^ w->data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void kith_request_answer_tagged(struct kith_request *request,
                                struct kith_writer *take_json)
{
    char tag[24];
    kith_writer_u8(take_json, '\n');
    snprintf(tag, sizeof tag, "\"%016" PRIx64 "\"",
             take_json->failed ? 0 : tag_of(take_json));
    const char *held = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_IF_NONE_MATCH);
    struct MHD_Response *response = json_response(take_json, "application/json");
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
    kith_request_respond(request,
                         held && strstr(held, tag) ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
                         response);
}

void kith_request_problem_answer(struct kith_request *request, unsigned status,
                                 struct kith_writer *take_w)
{
    kith_json_close(take_w, '}');
    kith_writer_u8(take_w, '\n');
    kith_request_respond(request, status,
                         json_response(take_w, "application/problem+json"));
}

void kith_request_problem(struct kith_request *request, int error, const char *format,
                          ...)
{
    char detail[KITH_PROBLEM_DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_problem_open(&w, error, kith_problem_status(error), detail);
    kith_request_problem_answer(request, kith_problem_status(error), &w);
}

void *kith_request_keep(struct kith_request *request, size_t size)
{
    request->state = calloc(1, size);
    if (!request->state)
        kith_request_problem(request, KITH_ENOMEM, "out of memory; try again");
    return request->state;
}

void kith_request_refuse(struct kith_request *request, const struct kith_refusal *refusal)
{
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    kith_problem_open(&w, refusal->error, refusal->status, refusal->detail);
    kith_json_close(&w, '}');
    kith_writer_u8(&w, '\n');
    struct MHD_Response *response = json_response(&w, "application/problem+json");
    if (response && refusal->header)
        MHD_add_response_header(response, refusal->header, refusal->value);
    kith_request_respond(request, refusal->status, response);
}

static void on_reply(void *ctx, const struct kith_notice *notice)
{
    struct pending *pending = ctx;
    kith_list_remove(&pending->link);
    if (pending->request)
        pending->reply(pending->request, notice, pending->extra);
    free(pending->extra);
    free(pending);
}

const char *kith_request_before_again(int error)
{
    return error == KITH_EFULL       ? "make room, and "
           : error == KITH_EREADONLY ? "make the home writable, and "
                                     : "";
}

int kith_request_command(struct kith_request *request, const struct kith_command *command,
                         kith_request_reply_cb *reply, void *take_extra)
{
    struct pending *pending = malloc(sizeof *pending);
    if (!pending)
        return KITH_ENOMEM;
    *pending = (struct pending){.request = request, .reply = reply, .extra = take_extra};
    int error =
        kith_runtime_command(request->server->config.runtime, command, on_reply, pending);
    if (error) {
        free(pending);
        return error;
    }
    kith_list_push(&request->pendings, &pending->link);
    return 0;
}

void kith_request_free_orphans(struct kith_server *server)
{
    kith_list_each_safe (node, &server->orphans) {
        struct pending *pending = kith_list_item(node, struct pending, link);
        free(pending->extra);
        free(pending);
    }
    kith_list_init(&server->orphans);
}

void kith_request_wait(struct kith_request *request, uint64_t ms)
{
    struct kith_server *server = request->server;
    uint64_t now_ms = uv_now(server->config.loop);
    request->wait_ms = now_ms + ms;
    if (ms > KITH_SERVER_LOOK_MS && server->look_ms == 0)
        server->look_ms = now_ms + KITH_SERVER_LOOK_MS;
    kith_server_arm(server);
}

void kith_request_suspend(struct kith_request *request)
{
    set_suspended(request, true);
}

void kith_request_resume(struct kith_request *request)
{
    set_suspended(request, false);
}

void kith_request_abandon(struct kith_request *request)
{
    orphan_pendings(request);
    request->is_answered = true;
    request->wait_ms = 0;
    set_suspended(request, false);
}

/* What was asked for is done all the same: only the answer has nobody to read it. */
void kith_requests_look(struct kith_server *server)
{
    server->look_ms = 0;
    kith_list_each (node, &server->requests) {
        struct kith_request *request = kith_list_item(node, struct kith_request, link);
        if (request->wait_ms == 0 || !request->is_handled || !request->is_suspended)
            continue;
        if (kith_visitor_is_gone(kith_visitor_of(request->connection)))
            kith_request_abandon(request);
        else
            server->look_ms = uv_now(server->config.loop) + KITH_SERVER_LOOK_MS;
    }
}

/* ---- the daemon's side ---- */

static struct kith_request *request_new(struct kith_server *server,
                                        struct MHD_Connection *connection)
{
    struct kith_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->server = server;
    request->connection = connection;
    request->body = kith_writer(&kith_alloc_heap);
    kith_list_init(&request->pendings);
    kith_list_push(&server->requests, &request->link);
    return request;
}

static void request_free(struct kith_request *request)
{
    if (request->endpoint && request->endpoint->end)
        request->endpoint->end(request);
    orphan_pendings(request);
    kith_list_remove(&request->link);
    if (kith_list_is_empty(&request->server->requests))
        request->server->look_ms = 0;
    kith_writer_deinit(&request->body);
    if (request->response)
        MHD_destroy_response(request->response);
    free(request);
}

static void answer_not_allowed(struct kith_request *request, const char *method,
                               const char *url, const char *allowed)
{
    char detail[256];
    snprintf(detail, sizeof detail, "%.16s is not possible on %.128s, but %s is", method,
             url, allowed);
    kith_request_refuse(request,
                        &(struct kith_refusal){.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                               .error = KITH_EINVALID,
                                               .header = MHD_HTTP_HEADER_ALLOW,
                                               .value = allowed,
                                               .detail = detail});
}

/* HEAD is GET whose body the daemon keeps to itself. */
static bool has_method(const struct kith_endpoint *endpoint, const char *method)
{
    return strcmp(endpoint->method, method) == 0 ||
           (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 &&
            strcmp(endpoint->method, MHD_HTTP_METHOD_GET) == 0);
}

enum { ALLOWED_SIZE = 64 }; /* the methods of one path */

static void allow(char *allowed, size_t size, const char *method)
{
    size_t used = strlen(allowed);
    snprintf(allowed + used, size - used, "%s%s%s", used ? ", " : "", method,
             strcmp(method, MHD_HTTP_METHOD_GET) == 0 ? ", HEAD" : "");
}

/* Where the parameter of a path begins in the URL; NULL: it is another path. */
static const char *parameter_of(const char *path, const char *url)
{
    const char *brace = strchr(path, '{');
    size_t size = brace ? (size_t)(brace - path) : 0;
    bool is_one = brace && strncmp(path, url, size) == 0 && url[size] != '\0' &&
                  strchr(url + size, '/') == NULL;
    return is_one ? url + size : NULL;
}

/* Paths as they stand come first: `/messages/batch` is no message. Neither is the text
 * that stands for one in the contract: `/messages/{id}`. */
static bool find_among(struct kith_request *request, const char *url, const char *method,
                       bool has_parameter, char allowed[static ALLOWED_SIZE])
{
    for (size_t i = 0; kith_endpoints[i]; i++) {
        const struct kith_endpoint *endpoint = kith_endpoints[i];
        const char *parameter = parameter_of(endpoint->path, url);
        if (has_parameter ? !parameter : parameter || strcmp(endpoint->path, url) != 0)
            continue;
        if (has_method(endpoint, method)) {
            request->endpoint = endpoint;
            request->parameter = parameter;
            return true;
        }
        allow(allowed, ALLOWED_SIZE, endpoint->method);
    }
    return allowed[0] != '\0';
}

static void find_endpoint(struct kith_request *request, const char *url,
                          const char *method)
{
    char allowed[ALLOWED_SIZE] = "";
    if (!find_among(request, url, method, false, allowed))
        find_among(request, url, method, true, allowed);
    if (request->endpoint)
        return;
    request->page = kith_page_find(url);
    if (request->page && has_method(&kith_endpoint_page, method))
        request->endpoint = &kith_endpoint_page;
    else if (request->page)
        allow(allowed, sizeof allowed, kith_endpoint_page.method);
    if (allowed[0])
        answer_not_allowed(request, method, url, allowed);
    else if (!request->page)
        kith_request_problem(request, KITH_ENOTFOUND,
                             "there is no %.128s here; /openapi.yaml and /docs list "
                             "what there is",
                             url);
}

static void answer_status(struct kith_request *request, unsigned status,
                          const char *detail)
{
    kith_request_refuse(request, &(struct kith_refusal){.status = status,
                                                        .error = KITH_EINVALID,
                                                        .detail = detail});
}

static size_t body_size_max(const struct kith_request *request)
{
    size_t own = request->endpoint->body_size_max;
    if (own > 0)
        return own;
    return request->endpoint->body == KITH_BODY_NONE ? KITH_SERVER_UNREAD_SIZE_MAX
                                                     : KITH_SERVER_BODY_SIZE_MAX;
}

static void answer_too_big(struct kith_request *request)
{
    char detail[96];
    snprintf(detail, sizeof detail,
             "a body has at most %zu bytes here; send less at once",
             body_size_max(request));
    answer_status(request, MHD_HTTP_CONTENT_TOO_LARGE, detail);
}

static bool is_type(const char *type, const char *wanted)
{
    size_t size = strlen(wanted);
    return strncasecmp(type, wanted, size) == 0 &&
           (type[size] == '\0' || type[size] == ';' || type[size] == ' ');
}

/* A page of another origin can make a browser post a form or plain text without asking,
 * but not JSON. */
static void check_type(struct kith_request *request)
{
    if (strcmp(request->endpoint->method, MHD_HTTP_METHOD_GET) == 0)
        return;
    const char *type = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_TYPE);
    if (type &&
        (is_type(type, "application/json") ||
         (request->endpoint->body == KITH_BODY_LINES &&
          (is_type(type, "application/jsonl") || is_type(type, "application/x-ndjson")))))
        return;
    answer_status(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                  "send the header Content-Type: application/json");
}

static void check_size(struct kith_request *request)
{
    if (request->endpoint->body == KITH_BODY_LINES)
        return;
    const char *length = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (length && strtoull(length, NULL, 10) > body_size_max(request))
        answer_too_big(request);
}

/* RFC 9112, section 6.1: what is not known has no end that could be waited for. */
static void check_coding(struct kith_request *request)
{
    const char *coding = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_TRANSFER_ENCODING);
    if (coding && strcasecmp(coding, "chunked") != 0)
        answer_status(request, MHD_HTTP_NOT_IMPLEMENTED,
                      "of transfer codings only chunked is known; send the body so, or "
                      "with its Content-Length");
}

/* libmicrohttpd 0.9.75 asks too early about a request with Expect and without a body, if
 * another one is behind it: it does not take the answer then, and asks again. */
static enum MHD_Result queue(struct kith_request *request)
{
    struct MHD_Response *response = request->response;
    request->is_queued = true;
    if (!response)
        return MHD_NO;
    request->is_queued =
        MHD_queue_response(request->connection, request->status, response) == MHD_YES;
    if (request->is_queued) {
        MHD_destroy_response(response);
        request->response = NULL;
    }
    return MHD_YES;
}

/* A batch is read no faster than it is stored, so it may take its time. */
static void await_body(struct kith_request *request)
{
    struct kith_visitor *visitor = kith_visitor_of(request->connection);
    if (!request->is_answered && request->endpoint->body == KITH_BODY_LINES)
        kith_visitor_await_nothing(visitor);
    else
        kith_visitor_await_body(visitor);
}

static enum MHD_Result begin(struct kith_request *request, const char *url,
                             const char *method)
{
    check_coding(request);
    if (request->is_answered)
        return queue(request);
    if (kith_admit_place(request))
        find_endpoint(request, url, method);
    if (!request->is_answered && kith_admit_endpoint(request))
        check_type(request);
    await_body(request);
    if (request->is_answered)
        return MHD_YES; /* after the body, so that the connection can be used again */
    check_size(request);
    return request->is_answered ? queue(request) : MHD_YES;
}

static void upload_lines(struct kith_request *request, const char *data, size_t *size)
{
    size_t used = request->endpoint->upload(request, data, *size);
    if (used < *size && !request->is_answered)
        set_suspended(request, true);
    *size -= used;
}

static void keep_body(struct kith_request *request, const char *data, size_t *size)
{
    if (request->body.size + *size > body_size_max(request))
        answer_too_big(request);
    else
        kith_writer_bytes(&request->body, data, *size);
    *size = 0;
}

/* Nobody needs a token for a page, so what comes with the request for it is not kept. */
static void count_body(struct kith_request *request, size_t *size)
{
    request->dropped_size += *size;
    *size = 0;
    if (request->dropped_size > body_size_max(request))
        answer_too_big(request);
}

/* Programs of this user read the reason when they have sent all, as `kith import` does,
 * and then it must be there. A stranger is not waited for that long. */
static bool may_go_on(const struct kith_request *request)
{
    const struct kith_visitor *visitor = kith_visitor_of(request->connection);
    bool is_own = visitor && visitor->door == KITH_DOOR_UNIX && request->endpoint &&
                  request->endpoint->body == KITH_BODY_LINES;
    return is_own || request->dropped_size <= KITH_SERVER_DROP_SIZE_MAX;
}

/* Once the answer is known the rest of the body is read and thrown away, so that the
 * client gets to read it. */
static enum MHD_Result take_body(struct kith_request *request, const char *data,
                                 size_t *size)
{
    if (request->is_answered) {
        request->dropped_size += *size;
        *size = 0;
        return may_go_on(request) ? MHD_YES : MHD_NO;
    }
    if (request->endpoint->body == KITH_BODY_LINES)
        upload_lines(request, data, size);
    else if (request->endpoint->body == KITH_BODY_NONE)
        count_body(request, size);
    else
        keep_body(request, data, size);
    return MHD_YES;
}

static enum MHD_Result finish(struct kith_request *request)
{
    kith_visitor_await_nothing(kith_visitor_of(request->connection));
    if (!request->is_answered && !request->is_handled) {
        request->is_handled = true;
        request->endpoint->handle(request);
    }
    if (request->is_answered)
        return queue(request);
    set_suspended(request, true);
    return MHD_YES;
}

enum MHD_Result kith_request_access(void *ctx, struct MHD_Connection *connection,
                                    const char *url, const char *method,
                                    const char *version, const char *upload,
                                    size_t *upload_size, void **slot)
{
    struct kith_request *request = *slot;
    bool is_new = !request;
    if (is_new)
        request = *slot = request_new(ctx, connection);
    if (!request || request->is_queued)
        return request ? MHD_YES : MHD_NO;
    request->is_suspended = false;
    request->is_in_handler = true;
    enum MHD_Result result = MHD_YES;
    if (is_new)
        result = begin(request, url, method);
    else if (*upload_size > 0)
        result = take_body(request, upload, upload_size);
    else
        result = finish(request);
    request->is_in_handler = false;
    return result;
}

void kith_request_completed(void *ctx, struct MHD_Connection *connection, void **slot,
                            enum MHD_RequestTerminationCode code)
{
    if (*slot)
        request_free(*slot);
    *slot = NULL;
    kith_visitor_await_next(kith_visitor_of(connection));
}
