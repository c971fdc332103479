/* SPDX-License-Identifier: MIT */
/* A request that waits for nothing: the caller polls, and hands over when the node's
 * socket is ready. */
#include <poll.h>
#include <stdlib.h>

#include "api/client_state.h"

int kith_client_call(struct kith_client *client, const char *method, const char *path,
                     const json_t *body, int timeout_ms)
{
    client->detail[0] = '\0';
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text)
        return kith_client_fail(client, KITH_ENOMEM);
    struct kith_client_ask ask = {.method = method, .path = path, .body = text};
    int error = kith_client_open(client, &ask);
    free(text);
    client->deadline_ms = kith_http_now_ms() + timeout_ms;
    return error ? kith_client_fail(client, error) : 0;
}

struct kith_client_wait kith_client_call_wait(const struct kith_client *client)
{
    int64_t left_ms = client->deadline_ms - kith_http_now_ms();
    bool is_sending = client->sent < client->request_size;
    return (struct kith_client_wait){
        .fd = client->http.fd,
        .events = is_sending ? POLLOUT : POLLIN,
        .timeout_ms = left_ms < 0 ? 0 : (int)left_ms,
    };
}

int kith_client_call_go_on(struct kith_client *client, struct kith_answer *out)
{
    *out = (struct kith_answer){0};
    client->http.deadline_ms = 0;
    int error = client->has_head ? 0 : kith_client_exchange(client);
    if (!error)
        error = kith_client_read(client);
    if (error == KITH_ETIMEDOUT && kith_http_now_ms() < client->deadline_ms)
        return KITH_CLIENT_WAITS;
    if (!error)
        return kith_client_conclude(client, out);
    kith_http_close(&client->http);
    return kith_client_fail(client, error);
}
