/* SPDX-License-Identifier: MIT */
/* How a connection begins, from a socket to the TLS handshake: what conn.c and
 * conn_begin.c need of each other, and nobody else.
 *
 * Happy path: CONNECTING, and then HANDSHAKE. With a ticket: CONNECTING; the ticket is
 * written, TICKET; the relay says 1, HANDSHAKE. Accepted: HANDSHAKE, or, where tickets
 * are taken, KNOCKED until the first bytes are there; then HANDSHAKE with these as its
 * first input, or the descriptor is given away. Accepted and awaited: HANDSHAKE, in the
 * role that was agreed on.
 *
 * Ways to fail: the relay hangs up or says something else; neither TLS nor a whole ticket
 * comes within the handshake time. */
#ifndef KITH_NET_CONN_BEGIN_H
#define KITH_NET_CONN_BEGIN_H

#include "net/conn.h"

/* ---- of conn_begin.c ---- */

/* What arrived before HANDSHAKE. */
void kith_conn_begin_heard(struct kith_conn *conn, struct kith_bytes bytes);

/* No more than this may be read before HANDSHAKE: what comes behind belongs to others. */
size_t kith_conn_begin_wants(const struct kith_conn *conn);

/* It waited for TLS long enough (`silence`). */
void kith_conn_begin_silence_expired(struct kith_expiry_item *item);

/* ---- of conn.c ---- */

struct kith_conn *kith_conn_new(struct kith_conn_env *env, enum kith_conn_state state);
void kith_conn_start_reading(struct kith_conn *conn);

/* The time that its state may last, from now. */
void kith_conn_start_expiry(struct kith_conn *conn);

/* Hand what is in the sink, which stands for `plain` bytes of the queue, to the kernel.
 */
int kith_conn_write_out(struct kith_conn *conn, size_t plain);

/* Go on with the handshake, as far as the input reaches. */
void kith_conn_handshake(struct kith_conn *conn);

/* TLS arrived. */
void kith_conn_hear(struct kith_conn *conn, struct kith_bytes bytes);

#endif
