/* SPDX-License-Identifier: MIT */
/* A relay on a loop, and connections to it whose other ends a test has. */
#ifndef TESTS_UNIT_NET_RELAY_FIXTURE_H
#define TESTS_UNIT_NET_RELAY_FIXTURE_H

#include "endpoint.h"
#include "net/relay.h"

#define RELAY_PAIRS_MAX 8

struct relay_ending {
    uint64_t pair, bytes_a, bytes_b;
    int error;
};

struct relay_stage {
    uv_loop_t loop;
    struct kith_relay *relay;
    struct kith_relay_config config;
    size_t ended_count;
    struct relay_ending ended; /* the last */
    bool is_done;
};

int relay_setup(void **state);
int relay_teardown(void **state);

/* By `config`, which may have been changed since it was closed. */
void relay_open(struct relay_stage *stage);
void relay_close(struct relay_stage *stage);

/* For kith_relay_shutdown, with the stage. */
void relay_done(void *ctx);

void relay_turn(struct relay_stage *stage);
void relay_until_ended(struct relay_stage *stage, size_t count);

/* A TCP connection over loopback: the test's end, not blocking, and the relay's. */
void relay_connect_ends(int *out_own, int *out_other);

/* Each side of each pair has one of its own; valid until the next of that side. */
const uint8_t *relay_ticket_of(uint64_t pair, int side);
void relay_expect(struct relay_stage *stage, uint64_t pair);

/* A connection that shows the ticket of this side. */
int relay_bring(struct relay_stage *stage, uint64_t pair, int side);

/* -1: nothing is there; 0: the other has ended, or broken. */
ssize_t relay_hear(int fd, void *out, size_t size);
size_t relay_hear_some(struct relay_stage *stage, int fd, void *out, size_t size);
void relay_hear_word(struct relay_stage *stage, int fd);
void relay_is_hung_up(struct relay_stage *stage, int fd);

/* Both sides of a new pair, and the word that they are joined. */
void relay_join(struct relay_stage *stage, uint64_t pair, int fds[2]);
void relay_close_both(int fds[2]);

#endif
