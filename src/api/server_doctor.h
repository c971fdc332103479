/* SPDX-License-Identifier: MIT */
/* What the checks of GET /api/v1/doctor share. A check says how something stands, in
 * plain words, and what to do about it. */
#ifndef KITH_API_SERVER_DOCTOR_H
#define KITH_API_SERVER_DOCTOR_H

#include "api/json.h"
#include "api/server_state.h"

#define KITH_DOCTOR_DIALS_MAX      16 /* further ones fail for the same reasons */
#define KITH_DOCTOR_INTERFACES_MAX 16
#define KITH_DOCTOR_WARNINGS_MAX   10
#define KITH_DOCTOR_DETAIL_SIZE    2048 /* the longest: addresses, or a line of the log */

enum kith_doctor_state { KITH_DOCTOR_OK, KITH_DOCTOR_WARNING, KITH_DOCTOR_PROBLEM };

struct kith_doctor {
    struct kith_writer *w;              /* the list; borrowed */
    const struct kith_runtime *runtime; /* borrowed */
    const struct kith_node *node;       /* borrowed */
    size_t peers_online;
    size_t peers_known;
    size_t dial_count;
};

/* Add to the list. `advice` is NULL when there is nothing to do. */
void kith_doctor_say(struct kith_doctor *doctor, const char *check,
                     enum kith_doctor_state state, const char *advice, const char *format,
                     ...) __attribute__((format(printf, 5, 6)));

/* Addresses, with their ports or without, separated by commas and cut at the end. */
void kith_doctor_list(const struct kith_address *addresses, size_t count,
                      char out[static KITH_DOCTOR_DETAIL_SIZE]);

/* server_doctor_lan.c: interfaces, discovery, beacons. */
void kith_doctor_check_lan(struct kith_doctor *doctor);

/* server_doctor_mapping.c: what the router does for us. */
void kith_doctor_check_mapping(struct kith_doctor *doctor);

/* server_doctor_trackers.c: trackers, and the ways to those they tell of. */
void kith_doctor_check_trackers(struct kith_doctor *doctor);

#endif
