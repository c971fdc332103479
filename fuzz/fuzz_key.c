/* SPDX-License-Identifier: MIT */
/* What a stranger shows as its key: the input, in place of the SubjectPublicKeyInfo. It
 * signs with the key that it has, so a link is up only if it shows that one, in the one
 * way to write it. */
#include "fuzz.h"

#include <gnutls/abstract.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "door.h"
#include "kith/error.h"
#include "net/tls.h"

#define TURNS_MAX 1000

/* Above it a handshake message is too long (tls.c), with what is around the key. */
#define KEY_SIZE_MAX 8000

/* RFC 8410 section 4, up to the key itself. */
static const uint8_t prefix[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static struct world {
    struct door door;
    struct kith_tls_identity *identity; /* whose key is replaced in each session */
    uint8_t right[sizeof(prefix) + KITH_ID_SIZE];
    bool is_up, is_down;
    int error; /* what the node tells of a stranger */
} w;

/* ---- the node ---- */

static void on_up(void *ctx, const struct kith_net_up *up)
{
    (void)ctx;
    assert(!w.is_up && kith_id_equal(&up->peer, &door_strangers[0].id));
    w.is_up = true;
}

static void on_down(void *ctx, kith_link_no link, int error)
{
    (void)ctx, (void)link, (void)error;
    assert(w.is_up && !w.is_down);
    w.is_down = true;
}

static void on_stranger(void *ctx, int error)
{
    (void)ctx;
    assert(w.error == 0 && error < 0);
    w.error = error;
}

static void begin(void)
{
    static const struct kith_net_handler handler = {
        .up = on_up, .down = on_down, .stranger = on_stranger};
    const struct door_stranger *stranger = &door_strangers[0];
    door_open(&w.door, &handler);
    int error =
        kith_tls_identity_new(stranger->seed, &stranger->id, DOOR_ALPN, &w.identity);
    assert(error == 0);
    memcpy(w.right, prefix, sizeof(prefix));
    memcpy(w.right + sizeof(prefix), stranger->id.bytes, KITH_ID_SIZE);
}

/* ---- the stranger ---- */

static int trust(gnutls_session_t session)
{
    (void)session;
    return 0;
}

static gnutls_certificate_credentials_t show(struct kith_bytes shown)
{
    const struct door_stranger *stranger = &door_strangers[0];
    gnutls_datum_t x = {(unsigned char *)stranger->id.bytes, KITH_ID_SIZE};
    gnutls_datum_t k = {(unsigned char *)stranger->seed, KITH_TLS_SEED_SIZE};
    gnutls_certificate_credentials_t credentials;
    gnutls_privkey_t private;
    gnutls_pubkey_t public;
    gnutls_pcert_st certificate;
    gnutls_certificate_allocate_credentials(&credentials);
    gnutls_privkey_init(&private);
    gnutls_pubkey_init(&public);
    gnutls_privkey_import_ecc_raw(private, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k);
    gnutls_pubkey_import_ecc_raw(public, GNUTLS_ECC_CURVE_ED25519, &x, NULL);
    int code = gnutls_pcert_import_rawpk(&certificate, public, 0);
    assert(code == 0);
    gnutls_free(certificate.cert.data);
    certificate.cert.data = gnutls_malloc(shown.size);
    certificate.cert.size = (unsigned)shown.size;
    memcpy(certificate.cert.data, shown.data, shown.size);
    code = gnutls_certificate_set_key(credentials, NULL, 0, &certificate, 1, private);
    assert(code >= 0);
    gnutls_certificate_set_verify_function(credentials, trust);
    return credentials;
}

/* As far as it gets: what counts is what the node makes of it. */
static void shake_hands(struct kith_tls *tls, int fd)
{
    static uint8_t bytes[KITH_TLS_RECORD_MAX];
    int code = GNUTLS_E_AGAIN;
    for (int i = 0; i < TURNS_MAX && code == GNUTLS_E_AGAIN; i++) {
        code = gnutls_handshake(tls->session);
        send(fd, tls->sink->data, tls->sink->size, MSG_DONTWAIT | MSG_NOSIGNAL);
        tls->sink->size = 0;
        door_turn(&w.door);
        tls->input = kith_bytes(bytes, door_hear(fd, bytes, sizeof(bytes)));
    }
    assert(code == 0); /* the node judges after the stranger is done */
}

void fuzz_input(const uint8_t *data, size_t size)
{
    static uint8_t room[KITH_TLS_RECORD_MAX + KITH_TLS_OVERHEAD_MAX];
    struct kith_tls_sink sink = {.data = room, .capacity = sizeof(room)};
    struct kith_tls tls;
    if (size == 0 || size > KEY_SIZE_MAX)
        return;
    if (w.door.net == NULL)
        begin();
    w.is_up = w.is_down = false;
    w.error = 0;
    gnutls_certificate_credentials_t credentials = show(kith_bytes(data, size));
    int error = kith_tls_init(&tls, w.identity, &sink, true, KITH_TLS_LINK, NULL);
    assert(error == 0);
    gnutls_credentials_set(tls.session, GNUTLS_CRD_CERTIFICATE, credentials);
    int fd = door_knock(&w.door);
    shake_hands(&tls, fd);
    for (int i = 0; i < TURNS_MAX && !w.is_up && w.error == 0; i++)
        door_turn(&w.door);
    bool is_right = size == sizeof(w.right) && memcmp(data, w.right, size) == 0;
    assert(w.is_up == is_right && w.error == (is_right ? 0 : KITH_EHANDSHAKE));
    close(fd);
    kith_tls_deinit(&tls);
    gnutls_certificate_free_credentials(credentials);
    for (int i = 0; w.is_up && !w.is_down; i++) {
        assert(i < TURNS_MAX);
        door_turn(&w.door);
    }
}
