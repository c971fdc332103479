/* SPDX-License-Identifier: MIT */
/* The configuration as the API tells it, with what holds now where that can change. */
#ifndef KITH_BIN_SETTINGS_KNOBS_H
#define KITH_BIN_SETTINGS_KNOBS_H

#include "api/server_knobs.h"
#include "bin/settings.h"
#include "node/logger.h"

struct kith_settings_desk {
    const struct kith_settings *settings; /* borrowed; may be read anew meanwhile */
    struct kith_logger *log;              /* borrowed */
    struct kith_server_knobs knobs;       /* for the server */
};

void kith_settings_desk_init(struct kith_settings_desk *desk,
                             const struct kith_settings *settings,
                             struct kith_logger *log);

#endif
