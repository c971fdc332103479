/* SPDX-License-Identifier: MIT */
/* How a peer of the network `home` that dialled begins: for the programs that play peers
 * without a node. */
#ifndef TESTS_SYSTEM_GREETING_H
#define TESTS_SYSTEM_GREETING_H

#include "net/conn.h"

#define GREETING_PROOF 0x01 /* types of frames */
#define GREETING_PING  0x03

/* Queue the PROOF of a dialler with this id. TLS is up. */
void greeting_prove(struct kith_conn *conn, const struct kith_id *id);

#endif
