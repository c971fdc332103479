/* SPDX-License-Identifier: MIT */
/* The port that this node listens on, handed on by the router from outside. */
#ifndef KITH_NODE_MAPPING_H
#define KITH_NODE_MAPPING_H

#include "net/interface_watch.h"
#include "net/portmap.h"

struct kith_runtime;

/* Part of the runtime. Zeroed: not wanted. */
struct kith_mapping {
    bool is_wanted; /* it is not turned off */
    uint16_t port;  /* to be mapped; 0: nobody beyond this host gets there */
    int error;      /* why the router is not even asked; 0: it is */
    struct kith_portmap *portmap;      /* owned; NULL: none, or closed */
    struct kith_interface_watch watch; /* with the portmap */
    unsigned closing;                  /* parts that are */
};

/* Ask the router for the first port that is listened on beyond this host. When that
 * cannot even begin the node goes on without, and the log says so. */
void kith_mapping_start(struct kith_runtime *runtime);

/* Take it back, within a second; kith_runtime_settle is called then. */
void kith_mapping_stop(struct kith_runtime *runtime);

#endif
