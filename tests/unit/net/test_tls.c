/* SPDX-License-Identifier: MIT */
/* Sessions over memory: between two of ours, with one that is strange, and with one that
 * does all that GnuTLS can. */
#include "endpoint.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include "net/tls.h"

/* Two sessions, and what is on the way between them. */
struct wire {
    struct kith_tls_identity *identities[2];
    struct kith_tls sides[2]; /* 0 dials */
    struct kith_tls_sink sinks[2];
    uint8_t memory[2][100000];
};

static void open_wire(struct wire *wire, const struct kith_id *expected)
{
    *wire = (struct wire){0};
    assert_int_equal(
        kith_tls_identity_new(seed_alice, &id_alice, ALPN, &wire->identities[0]), 0);
    assert_int_equal(kith_tls_identity_new(seed_bob, &id_bob, ALPN, &wire->identities[1]),
                     0);
    for (int i = 0; i < 2; i++) {
        wire->sinks[i] =
            (struct kith_tls_sink){wire->memory[i], 0, sizeof wire->memory[i]};
        assert_int_equal(kith_tls_init(&wire->sides[i], wire->identities[i],
                                       &wire->sinks[i], i == 0, KITH_TLS_LINK,
                                       i ? NULL : expected),
                         0);
    }
}

static void close_wire(struct wire *wire)
{
    for (int i = 0; i < 2; i++) {
        kith_tls_deinit(&wire->sides[i]);
        kith_tls_identity_free(wire->identities[i]);
    }
}

static int setup(void **state)
{
    static struct wire wire;
    open_wire(&wire, &id_bob);
    *state = &wire;
    return 0;
}

static int teardown(void **state)
{
    close_wire(*state);
    return 0;
}

/* Lend what `from` wrote, cut after `size` bytes if there are more. */
static struct kith_bytes carry(struct wire *wire, int from)
{
    struct kith_tls_sink *sink = &wire->sinks[from];
    struct kith_bytes bytes = kith_bytes(sink->data, sink->size);
    sink->size = 0;
    return bytes;
}

static int step(struct wire *wire, int side, struct kith_bytes bytes)
{
    wire->sides[side].input = bytes;
    int code = kith_tls_handshake(&wire->sides[side]);
    return code;
}

static void shake_hands(struct wire *wire)
{
    assert_int_equal(kith_tls_handshake(&wire->sides[0]), KITH_TLS_AGAIN);
    assert_int_equal(step(wire, 1, carry(wire, 0)), KITH_TLS_AGAIN);
    assert_int_equal(step(wire, 0, carry(wire, 1)), 0);
    assert_int_equal(step(wire, 1, carry(wire, 0)), 0);
}

static void a_handshake_takes_one_round_trip_and_proves_both_keys(void **state)
{
    struct wire *wire = *state;
    shake_hands(wire);
    assert_true(wire->sides[0].has_peer && wire->sides[1].has_peer);
    assert_true(kith_id_equal(&wire->sides[0].peer, &id_bob));
    assert_true(kith_id_equal(&wire->sides[1].peer, &id_alice));
    assert_int_equal(wire->sinks[1].size, 0); /* no ticket follows */
}

static void a_handshake_may_arrive_byte_by_byte(void **state)
{
    struct wire *wire = *state;
    assert_int_equal(kith_tls_handshake(&wire->sides[0]), KITH_TLS_AGAIN);
    int codes[2] = {KITH_TLS_AGAIN, KITH_TLS_AGAIN};
    for (int round = 0, side = 1; round < 3; round++, side ^= 1) {
        struct kith_bytes bytes = carry(wire, side ^ 1);
        for (size_t i = 0; i < bytes.size; i++) {
            assert_int_equal(codes[side], KITH_TLS_AGAIN);
            codes[side] = step(wire, side, kith_bytes(bytes.data + i, 1));
        }
    }
    assert_int_equal(codes[0], 0);
    assert_int_equal(codes[1], 0);
}

static void exporters_agree_and_differ_by_label_and_session(void **state)
{
    struct wire *wire = *state;
    uint8_t a[32], b[32], other[32];
    shake_hands(wire);
    assert_int_equal(kith_tls_export(&wire->sides[0], "EXPORTER-kith-net", a), 0);
    assert_int_equal(kith_tls_export(&wire->sides[1], "EXPORTER-kith-net", b), 0);
    assert_memory_equal(a, b, 32);
    assert_int_equal(kith_tls_export(&wire->sides[1], "EXPORTER-kith-room", other), 0);
    assert_memory_not_equal(a, other, 32);
    close_wire(wire);
    open_wire(wire, NULL);
    shake_hands(wire);
    assert_int_equal(kith_tls_export(&wire->sides[0], "EXPORTER-kith-net", other), 0);
    assert_memory_not_equal(a, other, 32);
}

static void another_key_than_expected_ends_the_handshake_before_ours_is_shown(
    void **state)
{
    struct wire *wire = *state;
    close_wire(wire);
    open_wire(wire, &id_alice);
    assert_int_equal(kith_tls_handshake(&wire->sides[0]), KITH_TLS_AGAIN);
    assert_int_equal(step(wire, 1, carry(wire, 0)), KITH_TLS_AGAIN);
    assert_int_equal(step(wire, 0, carry(wire, 1)), KITH_EIDENTITY);
    struct kith_bytes alert = carry(wire, 0);
    assert_true(alert.size > 0 && alert.size < 32);
    assert_int_equal(step(wire, 1, alert), KITH_EHANDSHAKE);
    assert_false(wire->sides[1].has_peer);
}

static void a_listener_insists_on_the_id_it_expects(void **state)
{
    struct wire *wire = *state;
    for (int is_other = 0; is_other < 2; is_other++) {
        kith_tls_deinit(&wire->sides[0]);
        kith_tls_deinit(&wire->sides[1]);
        wire->sinks[0].size = wire->sinks[1].size = 0;
        assert_int_equal(kith_tls_init(&wire->sides[0], wire->identities[0],
                                       &wire->sinks[0], true, KITH_TLS_LINK, &id_bob),
                         0);
        assert_int_equal(kith_tls_init(&wire->sides[1], wire->identities[1],
                                       &wire->sinks[1], false, KITH_TLS_LINK,
                                       is_other ? &id_bob : &id_alice),
                         0);
        assert_int_equal(kith_tls_handshake(&wire->sides[0]), KITH_TLS_AGAIN);
        assert_int_equal(step(wire, 1, carry(wire, 0)), KITH_TLS_AGAIN);
        assert_int_equal(step(wire, 0, carry(wire, 1)), 0);
        assert_int_equal(step(wire, 1, carry(wire, 0)), is_other ? KITH_EIDENTITY : 0);
        assert_int_equal(wire->sides[1].has_peer, !is_other);
    }
    static uint8_t out[KITH_TLS_RECORD_MAX];
    wire->sides[0].input = carry(wire, 1); /* the listener says so */
    assert_int_equal(kith_tls_read(&wire->sides[0], out), KITH_EHANDSHAKE);
}

static int agree(struct wire *wire, unsigned offered, unsigned accepted)
{
    const unsigned protocols[2] = {offered, accepted};
    for (int i = 0; i < 2; i++) {
        kith_tls_deinit(&wire->sides[i]);
        wire->sinks[i].size = 0;
        assert_int_equal(kith_tls_init(&wire->sides[i], wire->identities[i],
                                       &wire->sinks[i], i == 0, protocols[i], NULL),
                         0);
    }
    assert_int_equal(kith_tls_handshake(&wire->sides[0]), KITH_TLS_AGAIN);
    int code = step(wire, 1, carry(wire, 0));
    if (code != KITH_TLS_AGAIN)
        return code;
    assert_int_equal(step(wire, 0, carry(wire, 1)), 0);
    return step(wire, 1, carry(wire, 0));
}

static void both_learn_what_the_session_is_for(void **state)
{
    struct wire *wire = *state;
    static const enum kith_tls_protocol each[] = {KITH_TLS_LINK, KITH_TLS_RELAY};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(agree(wire, each[i], KITH_TLS_LINK | KITH_TLS_RELAY), 0);
        assert_int_equal(wire->sides[0].protocol, each[i]);
        assert_int_equal(wire->sides[1].protocol, each[i]);
        assert_int_equal(agree(wire, each[i], each[1 - i]), KITH_EHANDSHAKE);
    }
}

static void plaintext_goes_through_and_tampering_is_noticed(void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    shake_hands(wire);
    assert_int_equal(kith_tls_write(&wire->sides[0], BYTES("hello")), 0);
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), 5);
    assert_memory_equal(out, "hello", 5);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), 0);

    assert_int_equal(kith_tls_write(&wire->sides[0], BYTES("hello")), 0);
    wire->memory[0][wire->sinks[0].size - 1] ^= 1;
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), KITH_EPROTO);
}

static void the_last_word_is_heard(void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    shake_hands(wire);
    kith_tls_bye(&wire->sides[0]);
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), KITH_ECLOSED);
}

static void empty_records_are_not_the_end(void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    shake_hands(wire);
    for (int i = 0; i < 10; i++)
        gnutls_record_send(wire->sides[0].session, "", 0);
    assert_int_equal(kith_tls_write(&wire->sides[0], BYTES("hello")), 0);
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), 5);
}

/* Key updates cost the one who answers more than the one who asks. */
static void a_flood_of_key_updates_is_refused(void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    shake_hands(wire);
    int code = 0;
    int count = 0;
    for (; count < 100 && code == 0; count++) {
        assert_int_equal(gnutls_session_key_update(wire->sides[0].session, 0), 0);
        wire->sides[1].input = carry(wire, 0);
        code = kith_tls_read(&wire->sides[1], out);
    }
    assert_true(count > 1 && count < 20);
    assert_int_equal(code, KITH_EPROTO);
}

static void a_key_update_keeps_the_session_going(void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    shake_hands(wire);
    assert_int_equal(gnutls_session_key_update(wire->sides[0].session, GNUTLS_KU_PEER),
                     0);
    assert_int_equal(kith_tls_write(&wire->sides[0], BYTES("ping")), 0);
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), 4);
    assert_int_equal(kith_tls_write(&wire->sides[1], BYTES("pong")), 0);
    wire->sides[0].input = carry(wire, 1);
    assert_int_equal(kith_tls_read(&wire->sides[0], out), 4);
    assert_memory_equal(out, "pong", 4);
}

static void seed_and_id_must_be_a_pair(void **state)
{
    struct kith_tls_identity *identity = NULL;
    assert_int_equal(kith_tls_identity_new(seed_alice, &id_bob, ALPN, &identity),
                     KITH_EINVALID);
    assert_int_equal(kith_tls_identity_new(seed_alice, &id_alice, "", &identity),
                     KITH_EINVALID);
    assert_null(identity);
}

/* One of the two is ours but for this, and the other finds out. */
static int meet_strange(int strange, const char *priority, const char *alpn, bool has_key)
{
    static struct wire wire;
    open_wire(&wire, NULL);
    gnutls_session_t session = wire.sides[strange].session;
    gnutls_certificate_credentials_t empty;
    gnutls_datum_t name = {(unsigned char *)alpn, (unsigned)strlen(alpn)};
    gnutls_certificate_allocate_credentials(&empty);
    assert_int_equal(gnutls_priority_set_direct(session, priority, NULL), 0);
    if (!has_key)
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, empty);
    gnutls_alpn_set_protocols(session, &name, 1, 0);
    int codes[2] = {KITH_TLS_AGAIN, KITH_TLS_AGAIN};
    codes[0] = kith_tls_handshake(&wire.sides[0]);
    for (int round = 0, side = 1; round < 5; round++, side ^= 1)
        if (codes[side] == KITH_TLS_AGAIN)
            codes[side] = step(&wire, side, carry(&wire, side ^ 1));
    close_wire(&wire);
    gnutls_certificate_free_credentials(empty);
    return codes[1 - strange];
}

#define SUITE    "+AES-128-GCM:+AEAD"
#define GROUP    ":+GROUP-X25519"
#define SIGN     ":+SIGN-EDDSA-ED25519"
#define RAW_KEYS ":+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK"
#define OURS     "NONE:+VERS-TLS1.3:" SUITE GROUP SIGN RAW_KEYS

static void who_shakes_hands_otherwise_is_refused(void **state)
{
    static const struct {
        const char *priority, *alpn;
        bool has_key;
    } strange[] = {
        {OURS, "h2", true},
        {OURS, ALPN, false}, /* no key */
        {"NORMAL", ALPN, false},
        {"NORMAL:-VERS-TLS1.3", ALPN, false},
        {"NONE:+VERS-TLS1.2:+ECDHE-ECDSA:" SUITE GROUP SIGN RAW_KEYS, ALPN, true},
        {"NONE:+VERS-TLS1.3:+AES-256-GCM:+AEAD" GROUP SIGN RAW_KEYS, ALPN, true},
        {"NONE:+VERS-TLS1.3:" SUITE ":+GROUP-SECP256R1" SIGN RAW_KEYS, ALPN, true},
        {"NONE:+VERS-TLS1.3:" SUITE GROUP ":+SIGN-RSA-PSS-RSAE-SHA256" RAW_KEYS, ALPN,
         true},
        {"NONE:+VERS-TLS1.3:" SUITE GROUP SIGN ":+CTYPE-CLI-X509:+CTYPE-SRV-X509", ALPN,
         true},
    };
    (void)state;
    for (int side = 0; side < 2; side++) {
        assert_int_equal(meet_strange(side, OURS, ALPN, true), 0);
        for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
            assert_int_equal(meet_strange(side, strange[i].priority, strange[i].alpn,
                                          strange[i].has_key),
                             KITH_EHANDSHAKE);
    }
}

/* ---- what TLS 1.3 has and we do without ---- */

static ssize_t take(gnutls_transport_ptr_t ptr, void *out, size_t size)
{
    struct kith_tls *tls = ptr;
    if (size > tls->input.size)
        size = tls->input.size;
    if (size == 0) {
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    memcpy(out, tls->input.data, size);
    tls->input = kith_bytes(tls->input.data + size, tls->input.size - size);
    return (ssize_t)size;
}

static int take_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
    const struct kith_tls *tls = ptr;
    (void)ms;
    return tls->input.size > 0;
}

static ssize_t give(gnutls_transport_ptr_t ptr, const void *data, size_t size)
{
    struct kith_tls_sink *sink = ((struct kith_tls *)ptr)->sink;
    assert_true(sink->capacity - sink->size >= size);
    memcpy(sink->data + sink->size, data, size);
    sink->size += size;
    return (ssize_t)size;
}

static int not_met(void *ctx, time_t until, const gnutls_datum_t *key,
                   const gnutls_datum_t *value)
{
    (void)ctx, (void)until, (void)key, (void)value;
    return 0;
}

/* What makes a listener give out tickets, and take them. */
struct ticketing {
    gnutls_datum_t key;
    gnutls_anti_replay_t seen;
};

static void enable_tickets(gnutls_session_t session, const struct ticketing *ticketing)
{
    assert_int_equal(gnutls_session_ticket_enable_server(session, &ticketing->key), 0);
    gnutls_anti_replay_enable(session, ticketing->seen);
}

/* This side has our key, and does all that it may. */
static void make_able(struct wire *wire, int side, const struct ticketing *ticketing)
{
    static const gnutls_datum_t alpn = {(unsigned char *)ALPN, sizeof ALPN - 1};
    struct kith_tls *tls = &wire->sides[side];
    void *credentials = NULL;
    assert_int_equal(
        gnutls_credentials_get(tls->session, GNUTLS_CRD_CERTIFICATE, &credentials), 0);
    gnutls_deinit(tls->session);
    unsigned flags = GNUTLS_NONBLOCK | GNUTLS_ENABLE_RAWPK | GNUTLS_ENABLE_EARLY_DATA |
                     GNUTLS_POST_HANDSHAKE_AUTH;
    assert_int_equal(
        gnutls_init(&tls->session, flags | (side ? GNUTLS_SERVER : GNUTLS_CLIENT)), 0);
    gnutls_session_set_ptr(tls->session, tls);
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_pull_function(tls->session, take);
    gnutls_transport_set_pull_timeout_function(tls->session, take_timeout);
    gnutls_transport_set_push_function(tls->session, give);
    gnutls_handshake_set_timeout(tls->session, GNUTLS_INDEFINITE_TIMEOUT);
    assert_int_equal(gnutls_priority_set_direct(tls->session, OURS, NULL), 0);
    gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_alpn_set_protocols(tls->session, &alpn, 1, 0);
    if (side == 1) {
        gnutls_certificate_server_set_request(tls->session, GNUTLS_CERT_REQUIRE);
        enable_tickets(tls->session, ticketing);
    }
}

static void ticketing_init(struct ticketing *ticketing)
{
    assert_int_equal(gnutls_session_ticket_key_generate(&ticketing->key), 0);
    assert_int_equal(gnutls_anti_replay_init(&ticketing->seen), 0);
    gnutls_anti_replay_set_add_function(ticketing->seen, not_met);
}

static void ticketing_deinit(struct ticketing *ticketing)
{
    gnutls_free(ticketing->key.data);
    gnutls_anti_replay_deinit(ticketing->seen);
}

static bool has_ticket(struct wire *wire)
{
    static uint8_t out[KITH_TLS_RECORD_MAX];
    wire->sides[0].input = carry(wire, 1);
    assert_int_equal(kith_tls_read(&wire->sides[0], out), 0);
    return gnutls_session_get_flags(wire->sides[0].session) &
           GNUTLS_SFLAGS_SESSION_TICKET;
}

/* To a listener that gives one. */
static gnutls_datum_t get_ticket(struct wire *wire, const struct ticketing *ticketing)
{
    gnutls_datum_t ticket;
    make_able(wire, 0, NULL);
    make_able(wire, 1, ticketing);
    shake_hands(wire);
    assert_true(has_ticket(wire));
    assert_int_equal(gnutls_session_get_data2(wire->sides[0].session, &ticket), 0);
    return ticket;
}

/* The dialler comes back with it, and says something within its first flight. Whether the
 * listener took both. */
static void come_back(struct wire *wire, gnutls_datum_t ticket, int codes[static 2],
                      bool *is_resumed, bool *is_heard)
{
    uint8_t out[8];
    gnutls_session_t session = wire->sides[0].session;
    assert_int_equal(gnutls_session_set_data(session, ticket.data, ticket.size), 0);
    assert_true(gnutls_record_send_early_data(session, "early", 5) >= 0);
    assert_int_equal(kith_tls_handshake(&wire->sides[0]), KITH_TLS_AGAIN);
    assert_int_equal(step(wire, 1, carry(wire, 0)), KITH_TLS_AGAIN);
    codes[0] = step(wire, 0, carry(wire, 1));
    codes[1] = step(wire, 1, carry(wire, 0));
    *is_resumed = gnutls_session_is_resumed(wire->sides[1].session);
    *is_heard =
        gnutls_record_recv_early_data(wire->sides[1].session, out, sizeof out) > 0;
}

static void who_offers_a_ticket_and_early_data_is_met_anew(void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    int codes[2];
    bool is_resumed, is_heard;
    make_able(wire, 0, NULL);
    shake_hands(wire);
    assert_false(has_ticket(wire));
    struct ticketing ticketing;
    ticketing_init(&ticketing);
    close_wire(wire), open_wire(wire, NULL);
    gnutls_datum_t ticket = get_ticket(wire, &ticketing);
    close_wire(wire), open_wire(wire, NULL);
    make_able(wire, 0, NULL);
    come_back(wire, ticket, codes, &is_resumed, &is_heard);
    assert_int_equal(codes[0], 0);
    assert_int_equal(codes[1], 0);
    assert_false(is_resumed || is_heard);
    assert_true(wire->sides[1].has_peer);
    assert_true(kith_id_equal(&wire->sides[1].peer, &id_alice));
    assert_int_equal(kith_tls_write(&wire->sides[0], BYTES("hello")), 0);
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), 5);
    assert_memory_equal(out, "hello", 5);
    gnutls_free(ticket.data);
    ticketing_deinit(&ticketing);
}

/* As if GnuTLS gave tickets on its own: no key is shown with one. */
static void a_session_that_was_resumed_proves_nobody_and_is_refused(void **state)
{
    struct wire *wire = *state;
    struct ticketing ticketing;
    int codes[2];
    bool is_resumed, is_heard;
    ticketing_init(&ticketing);
    gnutls_datum_t ticket = get_ticket(wire, &ticketing);
    for (int takes_early = 0; takes_early < 2; takes_early++) {
        close_wire(wire), open_wire(wire, NULL);
        if (takes_early)
            make_able(wire, 1, &ticketing);
        else /* but for the key it is ours */
            enable_tickets(wire->sides[1].session, &ticketing);
        make_able(wire, 0, NULL);
        come_back(wire, ticket, codes, &is_resumed, &is_heard);
        assert_true(is_resumed);
        assert_int_equal(is_heard, takes_early);
        assert_int_equal(codes[0], KITH_EHANDSHAKE);
        assert_int_equal(codes[1], KITH_EHANDSHAKE);
    }
    gnutls_free(ticket.data);
    ticketing_deinit(&ticketing);
}

/* Tickets are let lie; and as it was not offered, nobody may ask for a key again. */
static void what_a_listener_gives_or_asks_after_the_handshake_changes_nothing(
    void **state)
{
    struct wire *wire = *state;
    static uint8_t out[KITH_TLS_RECORD_MAX];
    struct ticketing ticketing;
    ticketing_init(&ticketing);
    make_able(wire, 1, &ticketing);
    shake_hands(wire);
    assert_true(has_ticket(wire));
    assert_int_equal(gnutls_reauth(wire->sides[1].session, 0), GNUTLS_E_INVALID_REQUEST);
    assert_int_equal(kith_tls_write(&wire->sides[1], BYTES("hello")), 0);
    wire->sides[0].input = carry(wire, 1);
    assert_int_equal(kith_tls_read(&wire->sides[0], out), 5);
    assert_int_equal(kith_tls_write(&wire->sides[0], BYTES("hello")), 0);
    wire->sides[1].input = carry(wire, 0);
    assert_int_equal(kith_tls_read(&wire->sides[1], out), 5);
    ticketing_deinit(&ticketing);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_handshake_takes_one_round_trip_and_proves_both_keys),
        TEST(a_handshake_may_arrive_byte_by_byte),
        TEST(exporters_agree_and_differ_by_label_and_session),
        TEST(another_key_than_expected_ends_the_handshake_before_ours_is_shown),
        TEST(a_listener_insists_on_the_id_it_expects),
        TEST(both_learn_what_the_session_is_for),
        TEST(plaintext_goes_through_and_tampering_is_noticed),
        TEST(the_last_word_is_heard),
        TEST(empty_records_are_not_the_end),
        TEST(a_flood_of_key_updates_is_refused),
        TEST(a_key_update_keeps_the_session_going),
        cmocka_unit_test(seed_and_id_must_be_a_pair),
        cmocka_unit_test(who_shakes_hands_otherwise_is_refused),
        TEST(who_offers_a_ticket_and_early_data_is_met_anew),
        TEST(a_session_that_was_resumed_proves_nobody_and_is_refused),
        TEST(what_a_listener_gives_or_asks_after_the_handshake_changes_nothing),
    };
    return cmocka_run_group_tests_name("net tls", tests, NULL, NULL);
}
