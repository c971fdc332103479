/* SPDX-License-Identifier: MIT */
/* The options of `kith tracker`. */
#ifndef KITH_BIN_TRACKER_SETTINGS_H
#define KITH_BIN_TRACKER_SETTINGS_H

#include "base/address.h"
#include "cli/command.h"
#include "node/logger.h"

#define KITH_TRACKER_LISTEN_MAX 16 /* as many as a net has listeners */

struct kith_tracker_settings {
    struct kith_address listen[KITH_TRACKER_LISTEN_MAX];
    size_t listen_count;
    struct kith_address metrics;
    bool has_metrics;
    unsigned long list_s; /* 0: never */
    unsigned long once;   /* 0: never */
    unsigned long peers_max;
    unsigned long per_address_max;
    unsigned long relay_bytes_per_s; /* of a pair; 0: no limit */
    bool has_relay;
    enum kith_logger_level log;
};

extern const struct kith_cli_option kith_tracker_options[];

/* Returns KITH_EXIT_DONE, or KITH_EXIT_USAGE after saying why. */
int kith_tracker_settings_read(const struct kith_cli *cli,
                               struct kith_tracker_settings *out);

#endif
