/* SPDX-License-Identifier: MIT */
/* One TLS 1.3 session over memory: ciphertext in, plaintext out, and back.
 *
 * Both sides show a raw Ed25519 public key (RFC 7250, RFC 8410) and prove that they hold
 * it; that key is the peer's id. No certificates, no tickets, no resumption, no early
 * data, one cipher pair, one curve.
 *
 * Ciphertext that arrived is lent as `input` and is read to its end, GnuTLS keeping the
 * begun record. Ciphertext to be sent appears in `sink`, which the caller empties after
 * each call. */
#ifndef KITH_NET_TLS_H
#define KITH_NET_TLS_H

#include <gnutls/gnutls.h>
#include "base/bytes.h"
#include "base/id.h"

#define KITH_TLS_SEED_SIZE     32
#define KITH_TLS_EXPORTER_SIZE 32
#define KITH_TLS_RECORD_MAX    16384 /* plaintext of a record, RFC 8446 section 5.1 */
#define KITH_TLS_OVERHEAD_MAX  256   /* ciphertext of a record above its plaintext */
#define KITH_TLS_AGAIN         1     /* needs more input */

/* What a session is for, agreed on in the handshake (RFC 7301). */
enum kith_tls_protocol {
    KITH_TLS_LINK = 1,  /* the identity's own */
    KITH_TLS_RELAY = 2, /* KITH_TICKET_ALPN: a ticket, and what is relayed */
};

/* What all sessions of a node share: key, priorities, protocol name. Opaque. */
struct kith_tls_identity;

/* `alpn` is copied. KITH_ENOMEM, or KITH_EINVALID when seed and key are no pair or `alpn`
 * is not 1 to 255 bytes. */
int kith_tls_identity_new(const uint8_t seed[static KITH_TLS_SEED_SIZE],
                          const struct kith_id *id, const char *alpn,
                          struct kith_tls_identity **out);
void kith_tls_identity_free(struct kith_tls_identity *identity);

struct kith_tls_sink {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

struct kith_tls {
    gnutls_session_t session;
    struct kith_bytes input;         /* borrowed; what is not yet read */
    struct kith_tls_sink *sink;      /* borrowed */
    struct kith_id peer;             /* expected before the handshake, proven after it */
    enum kith_tls_protocol protocol; /* after the handshake */
    bool has_expected;
    bool has_peer;    /* `peer` is proven, once the handshake is done */
    bool is_other;    /* the peer showed another key than expected */
    uint8_t warnings; /* alerts that were no error */
};

/* `tls` stays where it is. `protocols` are those offered or accepted, of enum
 * kith_tls_protocol, or-ed. `expected` may be NULL; either side may insist on it. */
int kith_tls_init(struct kith_tls *tls, struct kith_tls_identity *identity,
                  struct kith_tls_sink *sink, bool is_dialler, unsigned protocols,
                  const struct kith_id *expected);
void kith_tls_deinit(struct kith_tls *tls);

/* 0 when done, KITH_TLS_AGAIN, or KITH_EIDENTITY, KITH_EHANDSHAKE, KITH_ENOMEM, after
 * which `sink` may hold an alert. */
int kith_tls_handshake(struct kith_tls *tls);

/* Plaintext of one record. Returns its size, 0 when more input is needed, KITH_ECLOSED
 * when the peer said so, KITH_EPROTO, KITH_EHANDSHAKE (the peer refuses our key),
 * KITH_ENOMEM. */
int kith_tls_read(struct kith_tls *tls, uint8_t out[static KITH_TLS_RECORD_MAX]);

/* One record of 1 to KITH_TLS_RECORD_MAX bytes into `sink`, which has room for it. */
int kith_tls_write(struct kith_tls *tls, struct kith_bytes plain);

/* The last word: close_notify. */
void kith_tls_bye(struct kith_tls *tls);

/* Keying material bound to this session, the same on both sides (RFC 8446 section 7.5).
 */
int kith_tls_export(struct kith_tls *tls, const char *label,
                    uint8_t out[static KITH_TLS_EXPORTER_SIZE]);

#endif
