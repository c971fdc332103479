/* SPDX-License-Identifier: MIT */
/* What a tracker keeps of one peer over its own restarts: a row of its registry. */
#ifndef KITH_PROTO_REGISTRATION_H
#define KITH_PROTO_REGISTRATION_H

#include "base/ip.h"
#include "base/name.h"
#include "proto/tracker.h"

struct kith_registration {
    struct kith_id id;
    uint8_t tag[KITH_NETWORK_TAG_SIZE];
    struct kith_name name;      /* "" when it told no usable one */
    struct kith_ip_port remote; /* where its last link came from */
    bool is_here;    /* when the row was written: seen until the tracker's last mark */
    uint64_t seen_s; /* since 1970, when it was here last */
    uint8_t reached; /* a bit for each address of record_public that was reached */
    uint64_t counters[KITH_TRACKED_RECORDS_MAX]; /* the highest met, of each record */
    struct kith_bytes records[KITH_TRACKED_RECORDS_MAX]; /* public, local; or empty */
};

/* Called for one row after the other; not 0 ends it. */
typedef int kith_registration_visit(void *ctx, const struct kith_registration *row);

#endif
