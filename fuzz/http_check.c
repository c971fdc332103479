/* SPDX-License-Identifier: MIT */
#include "http_check.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#define HEAD_SIZE_MAX 8192

static struct kith_bytes after(struct kith_bytes bytes, size_t size)
{
    assert(size <= bytes.size);
    return kith_bytes(bytes.data + size, bytes.size - size);
}

static bool begins_with(struct kith_bytes bytes, const char *text)
{
    size_t size = strlen(text);
    return bytes.size >= size && memcmp(bytes.data, text, size) == 0;
}

/* ---- the head ---- */

static const char *header(const char *head, const char *name)
{
    const char *at = strcasestr(head, name);
    return at != NULL ? at + strlen(name) : NULL;
}

static void check_head(const char *head)
{
    assert(strncmp(head, "HTTP/1.", 7) == 0 && isdigit(head[7]) && head[8] == ' ');
    assert(isdigit(head[9]) && isdigit(head[10]) && isdigit(head[11]) && head[12] == ' ');
    for (const char *line = strstr(head, "\r\n"); line[2] != '\0';
         line = strstr(line + 2, "\r\n")) {
        size_t name = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
        assert(name > 0 && line[2 + name] == ':' && line[3 + name] == ' ');
    }
}

/* False when its end was not heard. */
static bool take_head(struct kith_bytes *rest, char out[static HEAD_SIZE_MAX])
{
    const uint8_t *end =
        rest->size > 0 ? memmem(rest->data, rest->size, "\r\n\r\n", 4) : NULL;
    assert(rest->size < 7 || begins_with(*rest, "HTTP/1."));
    if (end == NULL)
        return false;
    size_t size = (size_t)(end - rest->data) + 2; /* each line with its end */
    assert(size < HEAD_SIZE_MAX && memchr(rest->data, 0, size) == NULL);
    memcpy(out, rest->data, size);
    out[size] = '\0';
    *rest = after(*rest, size + 2);
    check_head(out);
    return true;
}

/* ---- the body ---- */

/* The size of a chunk, and the line that says it taken off; -1 where that is cut. */
static long take_chunk_size(struct kith_bytes *rest)
{
    char text[20] = "";
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
    if (end == NULL)
        return -1;
    size_t size = (size_t)(end - rest->data);
    assert(size >= 2 && size < sizeof(text) && end[-1] == '\r');
    memcpy(text, rest->data, size - 1);
    assert(strspn(text, "0123456789abcdefABCDEF") == size - 1);
    *rest = after(*rest, size + 1);
    return strtol(text, NULL, 16);
}

static bool take_chunks(struct kith_bytes *rest, struct kith_writer *body)
{
    for (;;) {
        long chunk = take_chunk_size(rest);
        size_t size = chunk > 0 ? (size_t)chunk : 0;
        size_t come = size < rest->size ? size : rest->size;
        if (chunk < 0)
            return false;
        kith_writer_bytes(body, rest->data, come);
        *rest = after(*rest, come);
        if (rest->size < 2)
            return false;
        assert(begins_with(*rest, "\r\n")); /* nothing of ours has trailers */
        *rest = after(*rest, 2);
        if (size == 0)
            return true;
    }
}

static bool take_sized(struct kith_bytes *rest, const char *length,
                       struct kith_writer *body)
{
    assert(isdigit(*length) && length[strspn(length, "0123456789")] == '\r');
    size_t size = strtoul(length, NULL, 10);
    size_t come = size < rest->size ? size : rest->size;
    kith_writer_bytes(body, rest->data, come);
    *rest = after(*rest, come);
    return come == size;
}

static void take_body(const char *head, struct kith_bytes *rest, struct http_answer *out)
{
    const char *length = header(head, "\r\nContent-Length: ");
    const char *coding = header(head, "\r\nTransfer-Encoding: ");
    assert(length == NULL || coding == NULL);
    out->is_whole = true;
    if (out->status < 200 || out->status == 204 || out->status == 304)
        return;
    out->is_bare = (coding != NULL || (length != NULL && *length != '0')) &&
                   (rest->size == 0 || begins_with(*rest, "HTTP/1."));
    if (out->is_bare)
        return;
    if (coding != NULL) {
        assert(strncasecmp(coding, "chunked\r", 8) == 0);
        out->is_whole = take_chunks(rest, &out->body);
    } else if (length != NULL) {
        out->is_whole = take_sized(rest, length, &out->body);
    } else { /* until the connection ends, as it has to say */
        assert(out->is_last);
        kith_writer_bytes(&out->body, rest->data, rest->size);
        *rest = after(*rest, rest->size);
        out->is_whole = false;
    }
}

/* ---- what it is ---- */

static json_t *read_json(struct kith_bytes text)
{
    json_t *json = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert(json != NULL);
    return json;
}

static void check_json(const struct http_answer *answer)
{
    json_t *json = read_json(kith_writer_view(&answer->body));
    if (strcmp(answer->type, "application/problem+json") == 0) {
        json_int_t status = json_integer_value(json_object_get(json, "status"));
        assert(status == (json_int_t)answer->status && status >= 400);
    }
    json_decref(json);
}

static void check_export_line(struct kith_bytes line)
{
    json_decref(read_json(line));
}

/* HTML Standard, section 9.2, as far as it is made use of. */
static void check_event_line(struct kith_bytes line)
{
    if (begins_with(line, "data: "))
        json_decref(read_json(after(line, 6)));
    else
        assert(line.size == 0 || begins_with(line, ":") || begins_with(line, "id: ") ||
               begins_with(line, "event: ") || begins_with(line, "retry: "));
}

/* Those that are whole. */
static void check_lines(const struct http_answer *answer,
                        void (*check)(struct kith_bytes line))
{
    struct kith_bytes rest = kith_writer_view(&answer->body);
    const uint8_t *end;
    while (rest.size > 0 && (end = memchr(rest.data, '\n', rest.size)) != NULL) {
        size_t size = (size_t)(end - rest.data);
        check(kith_bytes(rest.data, size));
        rest = after(rest, size + 1);
    }
    assert(!answer->is_whole || rest.size == 0);
}

static void check_body(const struct http_answer *answer)
{
    const char *type = answer->type;
    if (strcmp(type, "application/jsonl") == 0)
        check_lines(answer, check_export_line);
    else if (strcmp(type, "text/event-stream") == 0)
        check_lines(answer, check_event_line);
    else if (answer->is_whole && !answer->is_bare && answer->status != 304 &&
             (strcmp(type, "application/json") == 0 ||
              strcmp(type, "application/problem+json") == 0))
        check_json(answer);
}

/* ---- answers ---- */

bool http_next(struct kith_bytes *rest, struct http_answer *out)
{
    char head[HEAD_SIZE_MAX];
    *out = (struct http_answer){.body = kith_writer(&kith_alloc_heap)};
    if (!take_head(rest, head))
        return false;
    out->status = (unsigned)strtoul(head + 9, NULL, 10);
    assert(out->status >= 100 && out->status < 600 && out->status != 500);
    const char *type = header(head, "\r\nContent-Type: ");
    if (type != NULL)
        snprintf(out->type, sizeof(out->type), "%.*s", (int)strcspn(type, "\r"), type);
    const char *connection = header(head, "\r\nConnection: ");
    out->is_last = connection != NULL && strncasecmp(connection, "close\r", 6) == 0;
    take_body(head, rest, out);
    assert(!out->body.failed);
    check_body(out);
    return true;
}

void http_answer_deinit(struct http_answer *answer)
{
    kith_writer_deinit(&answer->body);
}

void http_check(struct kith_bytes all)
{
    struct http_answer answer;
    while (http_next(&all, &answer))
        http_answer_deinit(&answer);
    http_answer_deinit(&answer);
}
