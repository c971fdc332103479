/* SPDX-License-Identifier: MIT */
#include "door.h"

#include "fuzz.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/reader.h"
#include "kith/error.h"

/* RFC 8032 section 7.1, test 1. */
static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60,
                                 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
                                 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19,
                                 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const struct kith_id id = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                   0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                   0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                   0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

const struct door_stranger door_strangers[DOOR_STRANGERS] = {
    /* RFC 8032 section 7.1, test 2 */
    {{0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3,
      0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab,
      0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb},
     {{0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a,
       0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4,
       0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c}}},
    /* test 3 */
    {{0xc5, 0xaa, 0x8d, 0xf4, 0x3f, 0x9f, 0x83, 0x7b, 0xed, 0xb7, 0x44,
      0x2f, 0x31, 0xdc, 0xb7, 0xb1, 0x66, 0xd3, 0x85, 0x35, 0x07, 0x6f,
      0x09, 0x4b, 0x85, 0xce, 0x3a, 0x2e, 0x0b, 0x44, 0x58, 0xf7},
     {{0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e,
       0xd0, 0x02, 0x30, 0xf0, 0x58, 0x08, 0x16, 0xed, 0x13, 0xba, 0x33,
       0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90, 0x80, 0x25}}}};

void door_open(struct door *door, const struct kith_net_handler *handler)
{
    struct kith_address at = {.host = "127.0.0.1"};
    const struct kith_net_config config = {.seed = seed,
                                           .id = id,
                                           .alpn = DOOR_ALPN,
                                           .links_max = 4,
                                           .frame_size_initial = DOOR_FRAME_SIZE_MAX,
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

void door_set_options(int fd)
{
    static const struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once.l_onoff, sizeof(at_once.l_onoff));
}

int door_knock(const struct door *door)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd >= 0);
    door_set_options(fd);
    int error = connect(fd, (const struct sockaddr *)&door->at, sizeof(door->at));
    assert(error == 0 || errno == EINTR); /* by libFuzzer's alarm: it goes on */
    return fd;
}

size_t door_hear(int fd, void *out, size_t room)
{
    ssize_t size = recv(fd, out, room, MSG_DONTWAIT);
    return size > 0 ? (size_t)size : 0;
}

int door_frames(struct kith_bytes said, size_t *out_size)
{
    struct kith_reader in = kith_reader(said);
    *out_size = 0;
    while (kith_reader_left(&in) >= KITH_NET_FRAME_PREFIX_SIZE) {
        uint32_t size = kith_reader_u32(&in);
        if (size == 0)
            return KITH_EPROTO;
        if (size > DOOR_FRAME_SIZE_MAX)
            return KITH_ETOOBIG;
        if (size > kith_reader_left(&in))
            break;
        kith_reader_bytes(&in, size);
        *out_size += KITH_NET_FRAME_PREFIX_SIZE + size;
    }
    return 0;
}
