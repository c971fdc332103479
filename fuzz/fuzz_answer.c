/* SPDX-License-Identifier: MIT */
/* What a server answers, as the client reads it off its socket. Two bytes say where the
 * answer is cut: what comes late changes nothing. */
#include "fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/client_state.h"
#include "kith/error.h"

struct outcome {
    int error;
    unsigned status;
    char detail[KITH_CLIENT_DETAIL_SIZE];
};

static void say(int fd, const uint8_t *data, size_t size)
{
    ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    assert(sent == (ssize_t)size || size == 0);
}

static void read_answer(struct kith_client *client, struct outcome *out)
{
    if (!client->has_head)
        out->error = kith_client_exchange(client);
    if (client->has_head)
        out->error = kith_client_read(client);
}

static void ask(const uint8_t *data, size_t size, size_t cut, struct outcome *out)
{
    int ends[2];
    struct kith_client *client;
    struct kith_answer answer = {0};
    int error = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    assert(error == 0);
    error = kith_client_new("/nowhere", &client);
    assert(error == 0);
    client->http.fd = ends[0];
    client->http.deadline_ms = 0; /* nothing waits */
    say(ends[1], data, cut);
    out->error = KITH_ETIMEDOUT;
    if (cut < size)
        read_answer(client, out);
    if (out->error == KITH_ETIMEDOUT) {
        say(ends[1], data + cut, size - cut);
        shutdown(ends[1], SHUT_WR);
        read_answer(client, out);
        assert(out->error != KITH_ETIMEDOUT);
    }
    if (out->error == 0) {
        out->error = kith_client_conclude(client, &answer);
        out->status = answer.status;
        assert(out->status >= 200 && out->status <= 999);
        memcpy(out->detail, kith_client_detail(client), sizeof(out->detail));
    }
    kith_answer_deinit(&answer);
    kith_client_free(client);
    close(ends[1]);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    if (size < 2)
        return;
    struct outcome whole = {0}, parts = {0};
    size_t cut = (size_t)(data[0] << 8 | data[1]) % (size - 1);
    ask(data + 2, size - 2, size - 2, &whole);
    ask(data + 2, size - 2, cut, &parts);
    assert(whole.error == parts.error && whole.status == parts.status);
    assert(strcmp(whole.detail, parts.detail) == 0);
}
