/* SPDX-License-Identifier: MIT */
/* A lone node and a peer on a link with it, who has a log in the lobby to tell it. */
#ifndef TESTS_UNIT_CORE_HEARING_H
#define TESTS_UNIT_CORE_HEARING_H

#include "lone.h"

struct scene {
    struct lone l;
    struct lone_peer peer; /* link 1 */
    struct lone_log log;   /* of the peer, in the lobby */
};

int setup(void **state); /* of a test: `*state` is the scene */
int teardown(void **state);

/* The peer sends this run in the lobby. */
void say_run(struct scene *s, const struct kith_writer *run);

/* The peer writes the next run of this history of its log, of `count` events, and sends
 * it. */
void push_to(struct scene *s, struct lone_log *log, size_t count, char text);
void push(struct scene *s, size_t count);

/* Events of others that are stored. */
size_t messages(const struct scene *s);

/* A page of `count` logs that nobody brings, from number `first` on, of as many authors.
 */
void rumour(struct lone *l, const struct lone_peer *peer, uint32_t first, size_t count,
            bool is_last);

/* The peer may send it. */
void say_again(struct scene *s, const struct kith_writer *run);

/* What this peer tells of its head of a log, to whoever holds less, or another one. */
void say_have(struct scene *s, const struct lone_peer *peer, const struct lone_log *log);
void say_fork(struct scene *s, const struct lone_peer *peer, const struct lone_log *log);

/* Time passes in which the peer and another one are there. */
void pass_alive(struct scene *s, const struct lone_peer *other, kith_time duration);

#endif
