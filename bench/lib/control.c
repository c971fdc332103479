/* SPDX-License-Identifier: MIT */
#include "control.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/socket_path.h"
#include "measure.h"

#define PATIENCE_MS 120000 /* then something hangs */

static void begin(struct bench_control *control, int family)
{
    memset(&control->http, 0, sizeof control->http);
    control->at = control->end = control->line_size = 0;
    control->type[0] = '\0';
    control->http.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    control->http.cancel_fd = -1;
    control->http.deadline_ms = INT64_MAX;
}

void bench_control_open(struct bench_control *control, const char *home)
{
    struct kith_socket_path path;
    begin(control, AF_UNIX);
    snprintf(control->headers, sizeof control->headers, "Host: localhost\r\n");
    bench_must(kith_socket_path_init(&path, home, KITH_CONTROL_NAME) == 0, "a home");
    bench_must(connect(control->http.fd, (const struct sockaddr *)&path.address,
                       path.address_size) == 0,
               "connecting to a node");
    kith_socket_path_deinit(&path);
}

void bench_control_open_tcp(struct bench_control *control, const char *home,
                            uint16_t port)
{
    char path[256], token[64] = "";
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    begin(control, AF_INET);
    snprintf(path, sizeof path, "%s/token", home);
    FILE *file = fopen(path, "re");
    bench_must(file && fscanf(file, "%63s", token) == 1, "reading the token");
    fclose(file);
    snprintf(control->headers, sizeof control->headers,
             "Host: 127.0.0.1:%u\r\nAuthorization: Bearer %s\r\n", (unsigned)port, token);
    bench_must(connect(control->http.fd, (const struct sockaddr *)&to, sizeof to) == 0,
               "connecting to a node over TCP");
}

void bench_control_close(struct bench_control *control)
{
    kith_http_close(&control->http);
}

static void put(struct bench_control *control, const char *text, int size)
{
    bench_must(size > 0 && kith_http_write(&control->http, text, (size_t)size) == 0,
               "asking a node");
}

void bench_control_get(struct bench_control *control, const char *path)
{
    char text[256];
    put(control, text,
        snprintf(text, sizeof text, "GET /api/v1%s HTTP/1.1\r\n%s\r\n", path,
                 control->headers));
}

void bench_control_post(struct bench_control *control, const char *path, const char *body)
{
    char text[2048];
    int size = snprintf(text, sizeof text,
                        "POST /api/v1%s HTTP/1.1\r\n%s"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        path, control->headers, strlen(body), body);
    bench_must((size_t)size < sizeof text, "a short request");
    put(control, text, size);
}

void bench_control_begin_batch(struct bench_control *control, size_t size)
{
    char text[256];
    put(control, text,
        snprintf(text, sizeof text,
                 "POST /api/v1/messages/batch HTTP/1.1\r\n%s"
                 "Content-Type: application/jsonl\r\nContent-Length: %zu\r\n\r\n",
                 control->headers, size));
}

static void read_head(struct bench_control *control)
{
    control->http.deadline_ms = kith_http_now_ms() + PATIENCE_MS;
    bench_must(kith_http_read_head(&control->http) == 0, "a node's answer");
    bench_must(control->http.status < 300, "what was asked of a node");
}

json_t *bench_control_answer(struct bench_control *control)
{
    char body[16384];
    size_t size = 0;
    size_t got;
    read_head(control);
    do {
        bench_must(kith_http_read_body(&control->http, body + size, sizeof body - size,
                                       &got) == 0,
                   "reading an answer");
        size += got;
    } while (got > 0 && size < sizeof body);
    json_t *answer = json_loadb(body, size, 0, NULL);
    bench_must(answer, "an answer in JSON");
    return answer;
}

/* ---- the stream ---- */

void bench_control_stream(struct bench_control *control, const char *path)
{
    bench_control_get(control, path);
    read_head(control);
}

static void read_ahead(struct bench_control *control)
{
    control->http.deadline_ms = kith_http_now_ms() + PATIENCE_MS;
    control->at = 0;
    bench_must(kith_http_read_body(&control->http, control->ahead, sizeof control->ahead,
                                   &control->end) == 0 &&
                   control->end > 0,
               "a stream's next event");
}

static void read_line(struct bench_control *control)
{
    control->line_size = 0;
    for (;;) {
        if (control->at == control->end)
            read_ahead(control);
        char byte = control->ahead[control->at++];
        if (byte == '\n')
            break;
        bench_must(control->line_size + 1 < sizeof control->line, "a short event");
        control->line[control->line_size++] = byte;
    }
    control->line[control->line_size] = '\0';
}

/* Until a data line of an event of this type stands in `line`. */
static void find_event(struct bench_control *control, const char *type)
{
    for (;;) {
        read_line(control);
        if (strncmp(control->line, "event: ", 7) == 0)
            snprintf(control->type, sizeof control->type, "%.31s", control->line + 7);
        else if (strncmp(control->line, "data: ", 6) == 0 &&
                 strcmp(control->type, type) == 0)
            return;
    }
}

json_t *bench_control_event(struct bench_control *control, const char *type)
{
    find_event(control, type);
    json_t *data = json_loads(control->line + 6, 0, NULL);
    bench_must(data, "an event in JSON");
    return data;
}

void bench_control_skip(struct bench_control *control, const char *type)
{
    find_event(control, type);
}
