/* SPDX-License-Identifier: MIT */
/* A net that writes down what happens to it, on a loop that is turned until something
 * holds. Every test has a loop of its own; the kernel picks the ports. */
#ifndef TESTS_UNIT_NET_ENDPOINT_H
#define TESTS_UNIT_NET_ENDPOINT_H

#include "lib/unit.h"

#include <uv.h>
#include "kith/error.h"
#include "net/net.h"

#define PATIENCE_MS 60000 /* a test that waits longer fails; nothing waits that long */
#define ALPN        "kith-test/1"

/* RFC 8032 section 7.1, tests 1 and 2. */
extern const uint8_t seed_alice[32];
extern const uint8_t seed_bob[32];
extern const struct kith_id id_alice;
extern const struct kith_id id_bob;

struct endpoint {
    struct kith_net *net;
    struct kith_address at; /* where it listens, on loopback */

    size_t up_count;
    struct kith_net_up up; /* the last one */
    size_t down_count;
    kith_link_no down_link;
    int down_error;
    size_t dial_failed_count;
    uint32_t dial_failed;
    int dial_error;

    size_t frame_count;
    size_t frame_bytes;         /* of all frames */
    uint8_t frame[1024 * 1024]; /* the last one */
    size_t frame_size;
    size_t drained;
    bool is_done;

    size_t stranger_count;
    int stranger_error;
    size_t ticket_count; /* if endpoint_take_ticket is its handler */
    uint8_t ticket[KITH_TICKET_SIZE];
    int ticket_fd; /* the last one; the test's to close */

    bool has_echo;      /* send every frame back */
    uint32_t limit_up;  /* raise the frame limit at up; 0 leaves it */
    size_t close_after; /* close the link inside the nth frame; 0 never */
};

struct endpoint *endpoint_new(uv_loop_t *loop, const uint8_t *seed,
                              const struct kith_id *id,
                              void (*adjust)(struct kith_net_config *config));
void endpoint_listen(struct endpoint *endpoint, const char *host);

/* For config.handler.ticket. */
void endpoint_take_ticket(void *ctx, const uint8_t *ticket, int take_fd);

/* At one address, directly; what kith_net_dial returns. */
int endpoint_dial(struct endpoint *endpoint, uint32_t dial, const struct kith_address *at,
                  const struct kith_id *expected);

/* Stops the net and turns the loop until it is gone. Its notes are kept until free,
 * which stops it if that has not been done. */
void endpoint_begin_stop(struct endpoint *endpoint); /* from within the loop */
void endpoint_stop(uv_loop_t *loop, struct endpoint *endpoint);
void endpoint_free(uv_loop_t *loop, struct endpoint *endpoint);

/* Turn the loop until `*value` is at least `wanted`. Fails after PATIENCE_MS. */
void turn_until(uv_loop_t *loop, struct endpoint *a, struct endpoint *b,
                const size_t *value, size_t wanted);

/* Turn the loop for a time: only to show that something does not happen. */
void turn_for(uv_loop_t *loop, struct endpoint *a, struct endpoint *b, uint64_t ms);

/* `size` bytes of a pattern, with the length in front. */
void send_frame(struct endpoint *from, kith_link_no link, size_t size);
bool is_pattern(const uint8_t *bytes, size_t size);

/* A plain blocking TCP socket connected to `at`. */
int plain_connect(const struct kith_address *at);

/* Is there a ::1? */
bool has_ipv6(void);

/* Descriptors this process has open. */
size_t count_descriptors(void);

void loop_close(uv_loop_t *loop);

#endif
