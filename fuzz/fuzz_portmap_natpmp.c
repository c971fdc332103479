/* SPDX-License-Identifier: MIT */
/* What a router answers to questions by NAT-PMP. A byte of choice, then datagrams, each
 * with its size in front, sent one for each turn of the loop. A mapping that is read
 * makes sense, and what is refused has a reason. */
#include "fuzz.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reader.h"
#include "net/portmap_natpmp.h"

#define ROUTER_PORT  5351
#define TRY_NEVER_MS 1000000 /* no try follows the first */
#define TURNS_MAX    64

static struct world {
    uv_loop_t loop;
    struct in_addr gateway;
    int router; /* a socket, as the other process on the line */
    struct sockaddr_in client;
    struct kith_natpmp *natpmp;
    bool is_removal;
    bool is_answered;
    bool is_closed;
} w;

/* An address of the loopback of its own, so that more than one can run. */
static void begin(void)
{
    char host[INET_ADDRSTRLEN];
    unsigned pid = (unsigned)getpid();
    snprintf(host, sizeof(host), "127.%u.%u.%u", 64 + (pid >> 16 & 63), pid >> 8 & 255,
             pid & 255);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(ROUTER_PORT)};
    int error = inet_pton(AF_INET, host, &own.sin_addr) == 1 ? 0 : -1;
    w.router = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert(error == 0 && w.router >= 0);
    error = bind(w.router, (struct sockaddr *)&own, sizeof(own));
    assert(error == 0);
    w.gateway = own.sin_addr;
    uv_loop_init(&w.loop);
}

static void on_answered(void *ctx, const struct kith_portmap_answer *answer)
{
    (void)ctx;
    assert(!w.is_answered);
    w.is_answered = true;
    assert((answer->outcome == KITH_PORTMAP_DENIED) == (answer->why != NULL));
    assert(!answer->speaks_pcp || answer->outcome == KITH_PORTMAP_SILENT);
    if (answer->outcome == KITH_PORTMAP_GRANTED)
        assert(w.is_removal || (answer->port != 0 && answer->lifetime_s != 0));
}

static void on_closed(void *ctx)
{
    (void)ctx;
    w.is_closed = true;
}

/* All that was asked, to its last question. */
static bool hear(void)
{
    uint8_t bytes[64];
    bool is_any = false;
    ssize_t size;
    socklen_t room = sizeof(w.client);
    while ((size = recvfrom(w.router, bytes, sizeof(bytes), MSG_DONTWAIT,
                            (struct sockaddr *)&w.client, &room)) >= 0) {
        assert((size == 2 && bytes[1] == 0) || (size == 12 && bytes[1] == 2));
        is_any = true;
    }
    return is_any;
}

static void say(struct kith_reader *in)
{
    size_t size = kith_reader_u8(in);
    size = size < kith_reader_left(in) ? size : kith_reader_left(in);
    sendto(w.router, kith_reader_bytes(in, size), size, MSG_DONTWAIT,
           (struct sockaddr *)&w.client, sizeof(w.client));
}

static void turn(void)
{
    uv_run(&w.loop, UV_RUN_NOWAIT);
}

void fuzz_input(const uint8_t *data, size_t size)
{
    static const struct kith_natpmp_handler handler = {on_answered, on_closed, NULL};
    struct kith_reader in = kith_reader(kith_bytes(data, size));
    if (w.gateway.s_addr == 0)
        begin();
    w.is_removal = kith_reader_u8(&in) & 1;
    w.is_answered = w.is_closed = false;
    const struct kith_portmap_wish wish = {.gateway = w.gateway,
                                           .port = 4747,
                                           .external_port = 4747,
                                           .lifetime_s = 3600,
                                           .try_ms = TRY_NEVER_MS};
    uv_update_time(&w.loop);
    int error = kith_natpmp_start(&w.loop, &wish, w.is_removal, &handler, &w.natpmp);
    assert(error == 0);
    turn();
    bool is_asked = hear();
    assert(is_asked);
    for (int i = 0; i < TURNS_MAX && !w.is_answered && kith_reader_left(&in) > 0; i++) {
        say(&in);
        turn();
        hear();
    }
    if (!w.is_answered)
        kith_natpmp_stop(w.natpmp);
    while (!w.is_closed)
        turn();
}
