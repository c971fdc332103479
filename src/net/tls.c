/* SPDX-License-Identifier: MIT */
#include "net/tls.h"
#include <assert.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <stdlib.h>
#include <string.h>
#include "base/ticket.h"
#include "kith/error.h"

#define PRIORITY                                                                         \
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519"              \
    ":+SIGN-EDDSA-ED25519:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK:%DISABLE_TLS13_COMPAT_MODE"

/* Alerts that are no error; TLS 1.3 has but one, user_canceled. */
#define WARNINGS_MAX 4

#define HANDSHAKE_SIZE_MAX 8192 /* of a message; ours have hundreds of bytes */

/* SubjectPublicKeyInfo of an Ed25519 key (RFC 8410 section 4) up to the key itself. */
static const uint8_t spki_prefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                      0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static const gnutls_datum_t relay_alpn = {(unsigned char *)KITH_TICKET_ALPN,
                                          sizeof KITH_TICKET_ALPN - 1};

struct kith_tls_identity {
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    gnutls_datum_t alpn; /* owned */
    bool has_global;
};

static int error_of(int code)
{
    switch (code) {
    case GNUTLS_E_MEMORY_ERROR:
        return KITH_ENOMEM;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        return KITH_EHANDSHAKE;
    default:
        return KITH_EPROTO;
    }
}

/* ---- identity ---- */

static int judge_peer(gnutls_session_t session)
{
    struct kith_tls *tls = gnutls_session_get_ptr(session);
    unsigned count = 0;
    const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);
    if (gnutls_certificate_type_get2(session, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_RAWPK ||
        !list || count != 1 || list[0].size != sizeof spki_prefix + KITH_ID_SIZE ||
        memcmp(list[0].data, spki_prefix, sizeof spki_prefix) != 0)
        return GNUTLS_E_CERTIFICATE_ERROR;
    struct kith_id peer;
    memcpy(peer.bytes, list[0].data + sizeof spki_prefix, KITH_ID_SIZE);
    if (tls->has_expected && !kith_id_equal(&peer, &tls->peer)) {
        tls->is_other = true;
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    tls->peer = peer;
    tls->has_peer = true;
    return 0;
}

static int import_pair(const uint8_t *seed, const struct kith_id *id,
                       gnutls_privkey_t private, gnutls_pubkey_t public)
{
    gnutls_datum_t x = {(unsigned char *)id->bytes, KITH_ID_SIZE};
    gnutls_datum_t k = {(unsigned char *)seed, KITH_TLS_SEED_SIZE};
    int code =
        gnutls_privkey_import_ecc_raw(private, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k);
    if (code >= 0)
        code = gnutls_pubkey_import_ecc_raw(public, GNUTLS_ECC_CURVE_ED25519, &x, NULL);
    return code;
}

/* GnuTLS does not check, and a signature made under a foreign public key betrays the
 * secret one. */
static int check_pair(gnutls_privkey_t private, gnutls_pubkey_t public)
{
    const gnutls_datum_t text = {(unsigned char *)"kith", 4};
    gnutls_datum_t signature = {0};
    int code = gnutls_privkey_sign_data2(private, GNUTLS_SIGN_EDDSA_ED25519, 0, &text,
                                         &signature);
    if (code >= 0)
        code = gnutls_pubkey_verify_data2(public, GNUTLS_SIGN_EDDSA_ED25519, 0, &text,
                                          &signature);
    gnutls_free(signature.data);
    return code;
}

/* The credentials take both keys over when they accept them: the certificate keeps the
 * public one from the moment it is imported. */
static int set_key(struct kith_tls_identity *identity, const uint8_t *seed,
                   const struct kith_id *id)
{
    gnutls_privkey_t private = NULL;
    gnutls_pubkey_t public = NULL;
    gnutls_pcert_st certificate = {0};
    int code = gnutls_privkey_init(&private);
    if (code >= 0)
        code = gnutls_pubkey_init(&public);
    if (code >= 0)
        code = import_pair(seed, id, private, public);
    if (code >= 0)
        code = check_pair(private, public);
    if (code >= 0)
        code = gnutls_pcert_import_rawpk(&certificate, public, 0);
    if (code >= 0)
    public = NULL;
    if (code >= 0)
        code = gnutls_certificate_set_key(identity->credentials, NULL, 0, &certificate, 1,
                                          private);
    if (code >= 0)
        return 0;
    gnutls_pcert_deinit(&certificate);
    if (public)
        gnutls_pubkey_deinit(public);
    if (private)
        gnutls_privkey_deinit(private);
    return code == GNUTLS_E_MEMORY_ERROR ? KITH_ENOMEM : KITH_EINVALID;
}

static int set_up(struct kith_tls_identity *identity, const uint8_t *seed,
                  const struct kith_id *id, const char *alpn)
{
    if (gnutls_global_init() < 0)
        return KITH_ENOMEM;
    identity->has_global = true;
    identity->alpn.data = (unsigned char *)strdup(alpn);
    identity->alpn.size = (unsigned)strlen(alpn);
    if (!identity->alpn.data ||
        gnutls_priority_init2(&identity->priority, PRIORITY, NULL, 0) < 0 ||
        gnutls_certificate_allocate_credentials(&identity->credentials) < 0)
        return KITH_ENOMEM;
    gnutls_certificate_set_verify_function(identity->credentials, judge_peer);
    return set_key(identity, seed, id);
}

int kith_tls_identity_new(const uint8_t seed[static KITH_TLS_SEED_SIZE],
                          const struct kith_id *id, const char *alpn,
                          struct kith_tls_identity **out)
{
    if (alpn[0] == '\0' || strlen(alpn) > 255)
        return KITH_EINVALID;
    struct kith_tls_identity *identity = calloc(1, sizeof *identity);
    if (!identity)
        return KITH_ENOMEM;
    int error = set_up(identity, seed, id, alpn);
    if (error) {
        kith_tls_identity_free(identity);
        return error;
    }
    *out = identity;
    return 0;
}

void kith_tls_identity_free(struct kith_tls_identity *identity)
{
    if (!identity)
        return;
    if (identity->credentials)
        gnutls_certificate_free_credentials(identity->credentials);
    if (identity->priority)
        gnutls_priority_deinit(identity->priority);
    free(identity->alpn.data);
    if (identity->has_global)
        gnutls_global_deinit();
    free(identity);
}

/* ---- memory transport ---- */

static ssize_t pull(gnutls_transport_ptr_t ptr, void *out, size_t size)
{
    struct kith_tls *tls = ptr;
    if (tls->input.size == 0) {
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    if (size > tls->input.size)
        size = tls->input.size;
    memcpy(out, tls->input.data, size);
    tls->input = kith_bytes(tls->input.data + size, tls->input.size - size);
    return (ssize_t)size;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
    const struct kith_tls *tls = ptr;
    return tls->input.size > 0;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t size)
{
    struct kith_tls *tls = ptr;
    struct kith_tls_sink *sink = tls->sink;
    if (sink->capacity - sink->size < size) {
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    memcpy(sink->data + sink->size, data, size);
    sink->size += size;
    return (ssize_t)size;
}

static int set_protocols(gnutls_session_t session, const gnutls_datum_t *link,
                         unsigned protocols)
{
    gnutls_datum_t list[2];
    unsigned count = 0;
    if (protocols & KITH_TLS_LINK)
        list[count++] = *link;
    if (protocols & KITH_TLS_RELAY)
        list[count++] = relay_alpn;
    return gnutls_alpn_set_protocols(session, list, count, GNUTLS_ALPN_MANDATORY);
}

static int configure(struct kith_tls *tls, struct kith_tls_identity *identity,
                     bool is_dialler, unsigned protocols)
{
    gnutls_session_t session = tls->session;
    gnutls_session_set_ptr(session, tls);
    gnutls_transport_set_ptr(session, tls);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_pull_timeout_function(session, pull_timeout);
    gnutls_transport_set_push_function(session, push);
    gnutls_handshake_set_timeout(session, GNUTLS_INDEFINITE_TIMEOUT);
    gnutls_handshake_set_max_packet_length(session, HANDSHAKE_SIZE_MAX);
    if (!is_dialler)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    if (gnutls_priority_set(session, identity->priority) < 0 ||
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials) <
            0 ||
        set_protocols(session, &identity->alpn, protocols) < 0)
        return KITH_ENOMEM;
    return 0;
}

int kith_tls_init(struct kith_tls *tls, struct kith_tls_identity *identity,
                  struct kith_tls_sink *sink, bool is_dialler, unsigned protocols,
                  const struct kith_id *expected)
{
    assert(protocols != 0);
    *tls = (struct kith_tls){.sink = sink, .has_expected = expected != NULL};
    if (expected)
        tls->peer = *expected;
    unsigned flags = (is_dialler ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NONBLOCK |
                     GNUTLS_ENABLE_RAWPK | GNUTLS_NO_TICKETS | GNUTLS_NO_EXTENSIONS;
    if (gnutls_init(&tls->session, flags) < 0) {
        tls->session = NULL;
        return KITH_ENOMEM;
    }
    int error = configure(tls, identity, is_dialler, protocols);
    if (error)
        kith_tls_deinit(tls);
    return error;
}

void kith_tls_deinit(struct kith_tls *tls)
{
    if (tls->session)
        gnutls_deinit(tls->session);
    tls->session = NULL;
}

/* ---- the session ---- */

static bool take_protocol(struct kith_tls *tls)
{
    gnutls_datum_t selected;
    if (gnutls_alpn_get_selected_protocol(tls->session, &selected) < 0)
        return false;
    bool is_relay = selected.size == relay_alpn.size &&
                    memcmp(selected.data, relay_alpn.data, selected.size) == 0;
    tls->protocol = is_relay ? KITH_TLS_RELAY : KITH_TLS_LINK;
    return true;
}

static bool is_passing(int code)
{
    return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

int kith_tls_handshake(struct kith_tls *tls)
{
    int code;
    do
        code = gnutls_handshake(tls->session);
    while (code == GNUTLS_E_INTERRUPTED ||
           (code == GNUTLS_E_WARNING_ALERT_RECEIVED && ++tls->warnings < WARNINGS_MAX));
    if (code == GNUTLS_E_AGAIN)
        return KITH_TLS_AGAIN;
    if (code >= 0 && tls->has_peer && take_protocol(tls))
        return 0;
    if (code >= 0)
        code = GNUTLS_E_NO_APPLICATION_PROTOCOL;
    gnutls_alert_send_appropriate(tls->session, code);
    if (tls->is_other)
        return KITH_EIDENTITY;
    return code == GNUTLS_E_MEMORY_ERROR ? KITH_ENOMEM : KITH_EHANDSHAKE;
}

int kith_tls_read(struct kith_tls *tls, uint8_t out[static KITH_TLS_RECORD_MAX])
{
    for (;;) {
        ssize_t code = gnutls_record_recv(tls->session, out, KITH_TLS_RECORD_MAX);
        if (code > 0)
            return (int)code;
        if (code == 0)
            return KITH_ECLOSED;
        if (code == GNUTLS_E_AGAIN && tls->input.size == 0)
            return 0;
        if (is_passing((int)code))
            continue;
        if (code == GNUTLS_E_WARNING_ALERT_RECEIVED && ++tls->warnings < WARNINGS_MAX)
            continue;
        return error_of((int)code);
    }
}

int kith_tls_write(struct kith_tls *tls, struct kith_bytes plain)
{
    assert(plain.size > 0 && plain.size <= KITH_TLS_RECORD_MAX);
    ssize_t code = gnutls_record_send(tls->session, plain.data, plain.size);
    if (code == (ssize_t)plain.size)
        return 0;
    return code < 0 ? error_of((int)code) : KITH_EIO;
}

void kith_tls_bye(struct kith_tls *tls)
{
    gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}

int kith_tls_export(struct kith_tls *tls, const char *label,
                    uint8_t out[static KITH_TLS_EXPORTER_SIZE])
{
    int code = gnutls_prf_rfc5705(tls->session, strlen(label), label, 0, NULL,
                                  KITH_TLS_EXPORTER_SIZE, (char *)out);
    return code < 0 ? KITH_ENOMEM : 0;
}
