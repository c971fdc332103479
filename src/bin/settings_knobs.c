/* SPDX-License-Identifier: MIT */
#include "bin/settings_knobs.h"

#include <string.h>

static bool is(const struct kith_knob *knob, const char *name)
{
    return strcmp(knob->name, name) == 0;
}

struct refusal {
    const char *flag;
    bool is_on; /* of what its knob configures */
};

/* What a flag of its own turns off, for both have "yes" as their default. */
static struct refusal refusal_of(const struct kith_settings *settings,
                                 const struct kith_knob *knob)
{
    if (is(knob, "lan"))
        return (struct refusal){"--no-lan", settings->has_lan};
    if (is(knob, "port-mapping"))
        return (struct refusal){"--no-port-mapping", settings->has_mapping};
    return (struct refusal){NULL, false};
}

/* The level of now, which the configuration no longer says once it was changed. */
static const char *source_of(const struct kith_settings_desk *desk,
                             const struct kith_knob *knob)
{
    const struct kith_settings *settings = desk->settings;
    const char *value = kith_config_value(settings->config, knob->name);
    struct refusal refusal = refusal_of(settings, knob);
    if (refusal.flag && !refusal.is_on && (!value || strcmp(value, "yes") == 0))
        return refusal.flag;
    if (!value || (is(knob, "log") && desk->log->level != settings->log))
        return NULL;
    return kith_config_source(settings->config, knob->name);
}

static bool knob_at(void *ctx, size_t index, struct kith_server_knob *out)
{
    const struct kith_settings_desk *desk = ctx;
    const struct kith_knob *knob = &kith_knobs[index];
    if (!knob->name)
        return false;
    *out = (struct kith_server_knob){.name = knob->name,
                                     .about = knob->summary,
                                     .fallback = knob->fallback,
                                     .source = source_of(desk, knob),
                                     .is_list = knob->kind == KITH_KNOB_LIST};
    return true;
}

static const char *value_at(void *ctx, size_t index, size_t value_index)
{
    const struct kith_settings_desk *desk = ctx;
    const struct kith_knob *knob = &kith_knobs[index];
    if (is(knob, "log"))
        return value_index == 0 ? kith_logger_level_name(desk->log->level) : NULL;
    struct refusal refusal = refusal_of(desk->settings, knob);
    if (refusal.flag)
        return value_index == 0 ? (refusal.is_on ? "yes" : "no") : NULL;
    return kith_config_value_at(desk->settings->config, knob->name, value_index);
}

static bool set_log(void *ctx, const char *level)
{
    const struct kith_settings_desk *desk = ctx;
    return kith_logger_level_parse(level, &desk->log->level);
}

static int add(void *ctx, const char *name, const char *value)
{
    const struct kith_settings_desk *desk = ctx;
    return kith_config_add(desk->settings->config, name, value);
}

void kith_settings_desk_init(struct kith_settings_desk *desk,
                             const struct kith_settings *settings,
                             struct kith_logger *log)
{
    *desk = (struct kith_settings_desk){
        .settings = settings,
        .log = log,
        .knobs = {
            .knob = knob_at, .value = value_at, .log = set_log, .add = add, .ctx = desk}};
}
