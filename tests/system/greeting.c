/* SPDX-License-Identifier: MIT */
#include "greeting.h"

#include <sodium.h>

#define MAC_SIZE 32

void greeting_prove(struct kith_conn *conn, const struct kith_id *id)
{
    static const char home[] = "kith-nethome";
    uint8_t key[MAC_SIZE], exported[KITH_TLS_EXPORTER_SIZE];
    uint8_t frame[5 + MAC_SIZE] = {0, 0, 0, 1 + MAC_SIZE, GREETING_PROOF};
    crypto_generichash_state state;
    kith_tls_export(&conn->tls, "EXPORTER-kith-net", exported);
    crypto_generichash(key, sizeof key, (const uint8_t *)home, sizeof home - 1, NULL, 0);
    crypto_generichash_init(&state, key, sizeof key, MAC_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)"kith-net-1d", 11);
    crypto_generichash_update(&state, exported, sizeof exported);
    crypto_generichash_update(&state, id->bytes, sizeof id->bytes);
    crypto_generichash_update(&state, conn->tls.peer.bytes, sizeof conn->tls.peer.bytes);
    crypto_generichash_final(&state, frame + 5, MAC_SIZE);
    kith_conn_send(conn, kith_bytes(frame, sizeof frame));
}
