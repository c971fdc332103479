/* SPDX-License-Identifier: MIT */
/* A node's listener on loopback, and strangers who come to it. */
#ifndef KITH_FUZZ_DOOR_H
#define KITH_FUZZ_DOOR_H

#include <netinet/in.h>
#include <uv.h>

#include "net/net.h"

#define DOOR_ALPN           "kith-test/1"
#define DOOR_FRAME_SIZE_MAX 1000

/* Keys that are not the node's. */
#define DOOR_STRANGERS 2

struct door_stranger {
    uint8_t seed[KITH_NET_SEED_SIZE];
    struct kith_id id;
};
extern const struct door_stranger door_strangers[DOOR_STRANGERS];

struct door {
    uv_loop_t loop;
    struct kith_net *net; /* NULL: not open yet */
    struct sockaddr_in at;
};

/* For as long as the process lives. */
void door_open(struct door *door, const struct kith_net_handler *handler);
void door_turn(struct door *door);

/* What is sent leaves at once, and who closes it hangs up by a reset: no port stays in
 * use. */
void door_set_options(int fd);

/* A socket that is connected to it, with these options. */
int door_knock(const struct door *door);

/* What can be read from `fd` now, at most `room` bytes; how many. */
size_t door_hear(int fd, void *out, size_t room);

/* The frames with which `said` begins, up to one that is not whole, or is none: then this
 * is what the link ends with, else 0. */
int door_frames(struct kith_bytes said, size_t *out_size);

#endif
