/* SPDX-License-Identifier: MIT */
/* The configuration of `kith up`, judged: from texts of any source to values. */
#ifndef KITH_BIN_SETTINGS_H
#define KITH_BIN_SETTINGS_H

#include "cli/command.h"
#include "cli/config.h"
#include "node/runtime.h"

struct kith_settings {
    struct kith_config *config;  /* owned; what the rest was read from */
    const char *name;            /* NULL: none given; usable otherwise (borrowed) */
    const char *network;         /* likewise */
    const char *passphrase_file; /* NULL: none given (borrowed) */
    struct kith_address listen[KITH_LISTEN_MAX];
    size_t listen_count;
    struct kith_address *peers; /* owned */
    size_t peer_count;
    struct kith_tracker_address trackers[KITH_TRACKERS_MAX];
    size_t tracker_count;
    bool relays_for_contacts;
    enum kith_logger_level log;
    bool is_durable;
    bool has_lan;
    bool has_mapping;
    uint16_t discovery_port;
    kith_time discovery_interval;
    bool has_plain_api;
    bool has_http;
    bool is_http_given;       /* `http` is exact, else where to begin looking */
    struct kith_address http; /* an IP address */
};

/* Returns 0, or an error with one sentence that names the source and what to do. */
int kith_settings_read(const struct kith_cli *cli, struct kith_settings *out,
                       char why[static KITH_CONFIG_WHY_SIZE]);
void kith_settings_deinit(struct kith_settings *settings);

/* What the runtime is told of them, by whoever starts one; all else is left empty.
 * Borrows from `settings`. */
struct kith_runtime_config kith_settings_runtime(const struct kith_settings *settings);

#endif
