/* SPDX-License-Identifier: MIT */
#include "door.h"

#include "fuzz.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* RFC 8032 section 7.1, test 1. */
static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const struct kith_id id = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                   0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                   0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                   0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

void door_open(struct door *door, const struct kith_net_handler *handler)
{
    struct kith_address at = {.host = "127.0.0.1"};
    const struct kith_net_config config = {.seed = seed,
                                           .id = id,
                                           .alpn = DOOR_ALPN,
                                           .links_max = 4,
                                           .frame_size_initial = 1000,
                                           .handler = *handler};
    uv_loop_init(&door->loop);
    int error = kith_net_new(&door->loop, &config, &door->net);
    assert(error == 0);
    error = kith_net_listen(door->net, &at, &at);
    assert(error == 0);
    door->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(at.port)};
    door->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

void door_turn(struct door *door)
{
    uv_run(&door->loop, UV_RUN_NOWAIT);
}

int door_knock(const struct door *door)
{
    static const struct linger at_once = {.l_onoff = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once.l_onoff, sizeof(at_once.l_onoff));
    int error = connect(fd, (const struct sockaddr *)&door->at, sizeof(door->at));
    assert(error == 0 || errno == EINTR); /* by libFuzzer's alarm: it goes on */
    return fd;
}

size_t door_hear(int fd, void *out, size_t room)
{
    ssize_t size = recv(fd, out, room, MSG_DONTWAIT);
    return size > 0 ? (size_t)size : 0;
}
