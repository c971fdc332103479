/* SPDX-License-Identifier: MIT */
/* The network a node belongs to: a name, optionally a passphrase, and the key its members
 * prove they know (DESIGN, "Wire"; docs/PROTOCOL.md section 4).
 *
 * The key is kept in the home, in the file `network` (mode 0600), so that a passphrase is
 * given once and Argon2id is paid for once. The passphrase itself is not kept. */
#ifndef KITH_NODE_NETWORK_H
#define KITH_NODE_NETWORK_H

#include "base/id.h"
#include "base/passphrase.h"
#include "core/node.h"
#include "node/problem.h"

#define KITH_NETWORK_NAME_DEFAULT "home"
#define KITH_HOME_NETWORK         "network"

struct kith_network {
    struct kith_name name;
    bool has_passphrase;
    uint8_t key[KITH_NETWORK_KEY_SIZE]; /* secret if there is a passphrase */
};

/* With a passphrase Argon2id(passphrase, salt = first 16 bytes of H("kith-net" || name),
 * 64 MiB, 3 passes), else H("kith-net" || name); `passphrase` may be NULL. Takes 64 MiB
 * and a tenth of a second or more. Returns 0 or KITH_ENOMEM. */
int kith_network_derive(const struct kith_name *name,
                        const struct kith_passphrase *passphrase,
                        struct kith_network *out);

/* The default network, `home` without a passphrase. */
struct kith_network kith_network_default(void);

/* Tells two keys apart and gives neither away: the first 12 base32 characters of
 * H("kith-net-fp" || key). */
void kith_network_fingerprint(const struct kith_network *network,
                              char out[static KITH_ID_SHORT_SIZE]);

bool kith_network_equal(const struct kith_network *a, const struct kith_network *b);
void kith_network_deinit(struct kith_network *network); /* wipes the key */

/* ---- in the home ---- */

/* KITH_ENOTFOUND when none is kept (`problem` untouched); KITH_EACCESS when others could
 * read it; KITH_ECORRUPT; KITH_EIO. */
int kith_network_load(const char *home, struct kith_network *out,
                      struct kith_problem *problem);

/* Replaces what was kept. KITH_EREADONLY, KITH_EFULL, KITH_EIO, KITH_ENOMEM. */
int kith_network_save(const char *home, const struct kith_network *network,
                      struct kith_problem *problem);

/* What the person asked for. Nothing at all means the network kept, else the default. */
struct kith_network_wish {
    const char *name;                         /* NULL: not given; usable otherwise */
    const struct kith_passphrase *passphrase; /* NULL: not given */
    bool drops_passphrase;                    /* the network is to have none */
};

/* The network wished for, and in `kept` the one before it. A name that is not the kept
 * one means a network without a passphrase, unless one is given. Nothing is written. */
int kith_network_choose(const char *home, const struct kith_network_wish *wish,
                        struct kith_network *out, struct kith_network *kept,
                        struct kith_problem *problem);

#endif
