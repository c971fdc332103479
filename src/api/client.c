/* SPDX-License-Identifier: MIT */
#include "api/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/client_state.h"

#define SOCKET_NAME   "control"
#define CONNECT_S_MAX 5 /* while the node takes no connection: it is busy, or stopped */

int kith_client_new(const char *home, struct kith_client **out)
{
    struct kith_client *client = calloc(1, sizeof *client);
    if (!client)
        return KITH_ENOMEM;
    client->http.fd = -1;
    client->http.cancel_fd = -1;
    client->home = strdup(home);
    if (!client->home) {
        free(client);
        return KITH_ENOMEM;
    }
    *out = client;
    return 0;
}

void kith_client_free(struct kith_client *client)
{
    if (!client)
        return;
    kith_http_close(&client->http);
    free(client->request);
    free(client->body);
    free(client->home);
    free(client);
}

void kith_client_cancel_by(struct kith_client *client, int fd, short events)
{
    client->http.cancel_fd = fd;
    client->http.cancel_events = events;
}

void kith_answer_deinit(struct kith_answer *answer)
{
    json_decref(answer->json);
    *answer = (struct kith_answer){0};
}

const char *kith_client_detail(const struct kith_client *client)
{
    return client->detail;
}

/* What was not sent whole was not done. */
static bool may_be_stored(const struct kith_client *client)
{
    return client->is_saying && client->sent == client->request_size;
}

int kith_client_fail(struct kith_client *client, int error)
{
    char *out = client->detail;
    size_t size = sizeof client->detail;
    switch (error) {
    case KITH_ENONODE:
        snprintf(out, size, "no node is running on %s; start one with `kith up`",
                 client->home);
        break;
    case KITH_EACCESS:
        snprintf(out, size,
                 "the node on %s belongs to another user; use that user's account, or "
                 "another home with --home",
                 client->home);
        break;
    case KITH_ETIMEDOUT:
        snprintf(out, size, "the node on %s did not answer in time%s", client->home,
                 may_be_stored(client)
                     ? ", and may have stored the message; look with `kith tail` before "
                       "you send it again"
                     : "; try again");
        break;
    case KITH_ECLOSED:
        snprintf(out, size,
                 "the node on %s went away before it answered%s; see whether it still "
                 "runs%s",
                 client->home,
                 may_be_stored(client) ? ", and may have stored the message" : "",
                 may_be_stored(client)
                     ? ", and look with `kith tail` before you send it again"
                     : "");
        break;
    case KITH_EPROTO:
        snprintf(out, size,
                 "what listens on %s/" SOCKET_NAME " gave no answer of a node; stop it, "
                 "then start one with `kith up`",
                 client->home);
        break;
    default:
        snprintf(out, size, "%s", kith_error_text(error));
        break;
    }
    return error;
}

/* ---- connecting ---- */

static int connect_error(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
        return KITH_ENONODE;
    case EACCES:
    case EPERM:
        return KITH_EACCESS;
    case EAGAIN: /* its queue of connections is full */
        return KITH_ETIMEDOUT;
    default:
        return KITH_EIO;
    }
}

/* A path too long for an address is reached through the directory's descriptor. */
static int fill_address(const char *home, struct sockaddr_un *out, int *out_dir)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    *out_dir = -1;
    int size = snprintf(out->sun_path, sizeof out->sun_path, "%s/" SOCKET_NAME, home);
    if (size >= 0 && (size_t)size < sizeof out->sun_path)
        return 0;
    *out_dir = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*out_dir < 0)
        return connect_error();
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/" SOCKET_NAME,
             *out_dir);
    return 0;
}

int kith_client_connect(struct kith_client *client)
{
    struct sockaddr_un address;
    const struct timeval wait = {.tv_sec = CONNECT_S_MAX};
    int dir;
    int error = fill_address(client->home, &address, &dir);
    if (error)
        return error;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        error = connect_error();
    if (error && fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    if (!error)
        client->http.fd = fd;
    return error;
}

/* ---- asking ---- */

static int compose(struct kith_client *client, const struct kith_client_ask *ask)
{
    const char *body = ask->body ? ask->body : "";
    const char *id = ask->last_event_id;
    char *request = NULL;
    int length;
    if (strcmp(ask->method, "GET") == 0)
        length = asprintf(
            &request, "GET /api/v1%s HTTP/1.1\r\nHost: localhost\r\n%s%s%s\r\n",
            ask->path, id ? "Last-Event-ID: " : "", id ? id : "", id ? "\r\n" : "");
    else
        length = asprintf(&request,
                          "%s /api/v1%s HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                          "\r\n%s",
                          ask->method, ask->path, strlen(body), body);
    if (length < 0)
        return KITH_ENOMEM;
    free(client->request);
    client->request = request;
    client->request_size = (size_t)length;
    client->sent = 0;
    client->is_saying = strcmp(ask->method, "POST") == 0 &&
                        strncmp(ask->path, "/messages", strlen("/messages")) == 0;
    client->body_size = 0;
    client->has_head = false;
    return 0;
}

/* An idle connection may be closed at the very moment it is used again. It is looked at
 * first, because a request that is not a GET must not be sent twice. */
static void drop_if_closed(struct kith_http *http)
{
    char byte;
    if (http->fd < 0 || http->at < http->end)
        return;
    if (recv(http->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        kith_http_close(http);
}

int kith_client_open(struct kith_client *client, const struct kith_client_ask *ask)
{
    drop_if_closed(&client->http);
    int error = compose(client, ask);
    return !error && client->http.fd < 0 ? kith_client_connect(client) : error;
}

int kith_client_exchange(struct kith_client *client)
{
    struct kith_http *http = &client->http;
    int error =
        kith_http_write_on(http, client->request, client->request_size, &client->sent);
    /* A server that refuses a body closes while it is still being written: its answer
     * may be there all the same. */
    if (error == KITH_ECLOSED)
        client->sent = client->request_size;
    if (!error || error == KITH_ECLOSED)
        error = kith_http_read_head(http);
    client->has_head = !error;
    if (error && error != KITH_ETIMEDOUT)
        kith_http_close(http);
    return error;
}

static int try_once(struct kith_client *client, const struct kith_client_ask *ask)
{
    int error = kith_client_open(client, ask);
    if (!error)
        error = kith_client_exchange(client);
    if (error)
        kith_http_close(&client->http);
    return error;
}

int kith_client_begin(struct kith_client *client, const struct kith_client_ask *ask,
                      int timeout_ms)
{
    client->http.deadline_ms =
        timeout_ms < 0 ? INT64_MAX : kith_http_now_ms() + timeout_ms;
    drop_if_closed(&client->http);
    bool was_connected = client->http.fd >= 0;
    int error = try_once(client, ask);
    if (error == KITH_ECLOSED && was_connected && strcmp(ask->method, "GET") == 0)
        error = try_once(client, ask);
    return error ? kith_client_fail(client, error) : 0;
}

static bool make_room(struct kith_client *client)
{
    size_t capacity = client->body_capacity ? client->body_capacity * 2 : 4096;
    if (client->body_size < client->body_capacity)
        return true;
    char *larger =
        capacity <= KITH_CLIENT_ANSWER_SIZE_MAX ? realloc(client->body, capacity) : NULL;
    if (!larger)
        return false;
    client->body = larger;
    client->body_capacity = capacity;
    return true;
}

int kith_client_read(struct kith_client *client)
{
    int error;
    size_t got = 0;
    do {
        error = make_room(client) ? 0 : KITH_ENOMEM;
        if (!error)
            error = kith_http_read_body(&client->http, client->body + client->body_size,
                                        client->body_capacity - client->body_size, &got);
        client->body_size += got;
    } while (!error && got > 0);
    if ((error && error != KITH_ETIMEDOUT) || (!error && client->http.is_last))
        kith_http_close(&client->http);
    return error;
}

static int error_from_name(const char *name)
{
#define X(name_, value, class_, text)                                                    \
    if (strcmp(name, "KITH_" #name_) == 0)                                               \
        return KITH_##name_;
    KITH_ERRORS(X)
#undef X
    return KITH_EIO;
}

static int problem_error(struct kith_client *client, const struct kith_answer *answer)
{
    const char *name = json_string_value(json_object_get(answer->json, "error"));
    const char *detail = json_string_value(json_object_get(answer->json, "detail"));
    const char *title = json_string_value(json_object_get(answer->json, "title"));
    if (!name)
        return kith_client_fail(client, KITH_EPROTO);
    int error = error_from_name(name);
    const char *text = title && title[0] != '\0' ? title : kith_error_text(error);
    if (detail)
        snprintf(client->detail, sizeof client->detail, "%s: %s", text, detail);
    else
        snprintf(client->detail, sizeof client->detail, "%s", text);
    return error;
}

int kith_client_conclude(struct kith_client *client, struct kith_answer *out)
{
    *out = (struct kith_answer){.status = client->http.status};
    if (client->body_size > 0)
        out->json = json_loadb(client->body, client->body_size, 0, NULL);
    if (client->body_size > 0 && !out->json)
        return kith_client_fail(client, KITH_EPROTO);
    return out->status < 300 ? 0 : problem_error(client, out);
}

int kith_client_finish(struct kith_client *client, struct kith_answer *out)
{
    *out = (struct kith_answer){.status = client->http.status};
    int error = kith_client_read(client);
    if (!error)
        return kith_client_conclude(client, out);
    kith_http_close(&client->http);
    return kith_client_fail(client, error);
}

int kith_client_request(struct kith_client *client, const char *method, const char *path,
                        const json_t *body, int timeout_ms, struct kith_answer *out)
{
    *out = (struct kith_answer){0};
    client->detail[0] = '\0';
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text)
        return kith_client_fail(client, KITH_ENOMEM);
    struct kith_client_ask ask = {.method = method, .path = path, .body = text};
    int error = kith_client_begin(client, &ask, timeout_ms);
    free(text);
    return error ? error : kith_client_finish(client, out);
}

void kith_client_escape(const char *text, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        if (strchr(unreserved, *text)) {
            *out++ = *text;
            continue;
        }
        *out++ = '%';
        *out++ = digits[(unsigned char)*text >> 4];
        *out++ = digits[(unsigned char)*text & 15];
    }
    *out = '\0';
}
