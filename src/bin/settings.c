/* SPDX-License-Identifier: MIT */
#include "bin/settings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kith/error.h"
#include "node/http.h"

/* "SOURCE: 'VALUE' REASON" */
static int refuse(const struct kith_settings *settings, const char *knob,
                  const char *value, int error, const char *reason,
                  char why[static KITH_CONFIG_WHY_SIZE])
{
    const char *source = kith_config_source(settings->config, knob);
    snprintf(why, KITH_CONFIG_WHY_SIZE, "%s: '%s': %s", source != NULL ? source : knob,
             value, reason);
    return error;
}

static int read_name(struct kith_settings *settings,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    struct kith_name parsed;
    const char *reason = "";
    const char *name = kith_config_value(settings->config, "name");
    settings->name = name;
    if (name == NULL)
        return 0;
    int error = kith_name_parse(kith_bytes(name, strlen(name)), &parsed, &reason);
    return error == 0 ? 0 : refuse(settings, "name", name, error, reason, why);
}

static int read_network(struct kith_settings *settings,
                        char why[static KITH_CONFIG_WHY_SIZE])
{
    struct kith_name parsed;
    const char *reason = "";
    const char *name = kith_config_value(settings->config, "network");
    settings->network = name;
    settings->passphrase_file =
        kith_config_value(settings->config, "network-passphrase-file");
    if (name == NULL)
        return 0;
    int error = kith_name_parse(kith_bytes(name, strlen(name)), &parsed, &reason);
    return error == 0 ? 0 : refuse(settings, "network", name, error, reason, why);
}

/* A bare number is a port, for those who think of nothing else. */
static int parse_listen(const char *text, uint16_t port_default, struct kith_address *out,
                        const char **reason)
{
    char with_colon[8];
    size_t size = strlen(text);
    if (size > 0 && size <= 5 && strspn(text, "0123456789") == size) {
        snprintf(with_colon, sizeof(with_colon), ":%s", text);
        text = with_colon;
    }
    return kith_address_parse(kith_bytes(text, strlen(text)), port_default, true, out,
                              reason);
}

static int read_listen(struct kith_settings *settings,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    size_t count = kith_config_count(settings->config, "listen");
    for (size_t i = 0; i < count; i++) {
        const char *reason = "";
        const char *text = kith_config_value_at(settings->config, "listen", i);
        if (i == KITH_LISTEN_MAX)
            return refuse(settings, "listen", text, KITH_ELIMIT,
                          "a node listens on at most 8 addresses", why);
        int error = parse_listen(text, KITH_PORT_DEFAULT, &settings->listen[i], &reason);
        if (error != 0)
            return refuse(settings, "listen", text, error, reason, why);
    }
    settings->listen_count = count;
    return 0;
}

static int read_peers(struct kith_settings *settings,
                      char why[static KITH_CONFIG_WHY_SIZE])
{
    size_t count = kith_config_count(settings->config, "peer");
    settings->peers = calloc(count + 1, sizeof(*settings->peers));
    if (settings->peers == NULL)
        return refuse(settings, "peer", "", KITH_ENOMEM, "out of memory", why);
    for (size_t i = 0; i < count; i++) {
        const char *reason = "";
        const char *text = kith_config_value_at(settings->config, "peer", i);
        int error = kith_address_parse(kith_bytes(text, strlen(text)), KITH_PORT_DEFAULT,
                                       false, &settings->peers[i], &reason);
        if (error != 0)
            return refuse(settings, "peer", text, error, reason, why);
    }
    settings->peer_count = count;
    return 0;
}

static int read_trackers(struct kith_settings *settings,
                         char why[static KITH_CONFIG_WHY_SIZE])
{
    size_t count = kith_config_count(settings->config, "tracker");
    for (size_t i = 0; i < count; i++) {
        const char *reason = "";
        const char *text = kith_config_value_at(settings->config, "tracker", i);
        if (i == KITH_TRACKERS_MAX)
            return refuse(settings, "tracker", text, KITH_ELIMIT,
                          "a node registers at no more than 8 trackers", why);
        int error = kith_tracker_address_parse(kith_bytes(text, strlen(text)),
                                               &settings->trackers[i], &reason);
        if (error != 0)
            return refuse(settings, "tracker", text, error, reason, why);
    }
    settings->tracker_count = count;
    return 0;
}

static int read_log(struct kith_settings *settings, char why[static KITH_CONFIG_WHY_SIZE])
{
    const char *text = kith_config_value(settings->config, "log");
    settings->log = KITH_LOGGER_INFO;
    if (text == NULL || kith_logger_level_parse(text, &settings->log))
        return 0;
    return refuse(settings, "log", text, KITH_EINVALID,
                  "the levels are error, warn, info and debug", why);
}

static int read_durability(struct kith_settings *settings,
                           char why[static KITH_CONFIG_WHY_SIZE])
{
    const char *text = kith_config_value(settings->config, "durability");
    settings->is_durable = text != NULL && strcmp(text, "full") == 0;
    if (text == NULL || settings->is_durable || strcmp(text, "process") == 0)
        return 0;
    return refuse(settings, "durability", text, KITH_EINVALID,
                  "it is either process or full", why);
}

/* A decimal number from 1 to `most`. False when it is none. */
static bool parse_number(const char *text, unsigned long most, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out >= 1 && *out <= most;
}

static int read_discovery(struct kith_settings *settings,
                          char why[static KITH_CONFIG_WHY_SIZE])
{
    unsigned long port = KITH_PORT_DEFAULT, seconds = 0;
    const char *text = kith_config_value(settings->config, "discovery-port");
    if (text != NULL && !parse_number(text, UINT16_MAX, &port))
        return refuse(settings, "discovery-port", text, KITH_EINVALID,
                      "a port is a number from 1 to 65535", why);
    text = kith_config_value(settings->config, "discovery-interval");
    if (text != NULL && !parse_number(text, KITH_BEACON_INTERVAL_MOST_S, &seconds))
        return refuse(settings, "discovery-interval", text, KITH_EINVALID,
                      "it is a number of seconds from 1 to 3600", why);
    settings->discovery_port = (uint16_t)port;
    settings->discovery_interval = (kith_time)seconds * KITH_SECOND;
    return 0;
}

/* Yes, unless the knob or the flag says no. */
static int read_default_yes(const struct kith_cli *cli, struct kith_settings *settings,
                            const char *knob, const char *flag, bool *out,
                            char why[static KITH_CONFIG_WHY_SIZE])
{
    const char *text = kith_config_value(settings->config, knob);
    if (text != NULL && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        return refuse(settings, knob, text, KITH_EINVALID, "it is either yes or no", why);
    *out = !kith_cli_has(cli, flag) && (text == NULL || strcmp(text, "yes") == 0);
    return 0;
}

static int read_lan(const struct kith_cli *cli, struct kith_settings *settings,
                    char why[static KITH_CONFIG_WHY_SIZE])
{
    int error = read_default_yes(cli, settings, "lan", "no-lan", &settings->has_lan, why);
    if (error == 0)
        error = read_default_yes(cli, settings, "port-mapping", "no-port-mapping",
                                 &settings->has_mapping, why);
    return error != 0 ? error : read_discovery(settings, why);
}

static int read_switch(struct kith_settings *settings, const char *knob, bool *out,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    const char *text = kith_config_value(settings->config, knob);
    *out = text != NULL && strcmp(text, "yes") == 0;
    if (text == NULL || *out || strcmp(text, "no") == 0)
        return 0;
    return refuse(settings, knob, text, KITH_EINVALID, "it is either yes or no", why);
}

/* Without an address it is this machine alone, unlike what peers are to reach. */
static int read_http(struct kith_settings *settings,
                     char why[static KITH_CONFIG_WHY_SIZE])
{
    bool is_insecure;
    const char *reason = "";
    const char *text = kith_config_value(settings->config, "http");
    settings->has_http = text == NULL || strcmp(text, "no") != 0;
    settings->is_http_given = text != NULL;
    settings->http = (struct kith_address){.host = "127.0.0.1", .port = KITH_HTTP_PORT};
    int error = read_switch(settings, "http-insecure", &is_insecure, why);
    if (error != 0 || text == NULL || !settings->has_http)
        return error;
    error = parse_listen(text, KITH_HTTP_PORT, &settings->http, &reason);
    if (error != 0)
        return refuse(settings, "http", text, error, reason, why);
    if (settings->http.host[0] == '\0' || strcmp(settings->http.host, "localhost") == 0)
        memcpy(settings->http.host, "127.0.0.1", sizeof("127.0.0.1"));
    if (!kith_http_is_ip(settings->http.host))
        return refuse(settings, "http", text, KITH_EINVALID,
                      "give an IP address and a port, a port alone, or no", why);
    if (!kith_http_is_loopback(settings->http.host) && !is_insecure)
        return refuse(settings, "http", text, KITH_EINVALID,
                      "whoever listens on that network would read along, token and all, "
                      "for kith has no TLS for programs yet; use 127.0.0.1, or add "
                      "--http-insecure if you know that network",
                      why);
    return 0;
}

static int read_config(const struct kith_cli *cli, struct kith_settings *out,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    struct kith_config_flag *flags = calloc(cli->given_count + 1, sizeof(*flags));
    if (flags == NULL) {
        snprintf(why, KITH_CONFIG_WHY_SIZE, "out of memory");
        return KITH_ENOMEM;
    }
    for (size_t i = 0; i < cli->given_count; i++)
        flags[i] = (struct kith_config_flag){cli->given[i].name, cli->given[i].value};
    int error = kith_config_new(cli->home, flags, cli->given_count, &out->config, why);
    free(flags);
    return error;
}

int kith_settings_read(const struct kith_cli *cli, struct kith_settings *out,
                       char why[static KITH_CONFIG_WHY_SIZE])
{
    *out = (struct kith_settings){0};
    int error = read_config(cli, out, why);
    if (error == 0)
        error = read_name(out, why);
    if (error == 0)
        error = read_network(out, why);
    if (error == 0)
        error = read_listen(out, why);
    if (error == 0)
        error = read_peers(out, why);
    if (error == 0)
        error = read_trackers(out, why);
    if (error == 0)
        error = read_log(out, why);
    if (error == 0)
        error = read_durability(out, why);
    if (error == 0)
        error = read_lan(cli, out, why);
    if (error == 0)
        error = read_http(out, why);
    if (error == 0)
        error = read_switch(out, "plain-api", &out->has_plain_api, why);
    if (error == 0)
        error = read_switch(out, "relay-for-contacts", &out->relays_for_contacts, why);
    if (error != 0)
        kith_settings_deinit(out);
    return error;
}

struct kith_runtime_config kith_settings_runtime(const struct kith_settings *settings)
{
    return (struct kith_runtime_config){
        .name = settings->name,
        .listen = settings->listen,
        .listen_count = settings->listen_count,
        .peers = settings->peers,
        .peer_count = settings->peer_count,
        .trackers = settings->trackers,
        .tracker_count = settings->tracker_count,
        .relays_for_contacts = settings->relays_for_contacts,
        .network = settings->network,
        .is_durable = settings->is_durable,
        .has_lan = settings->has_lan,
        .discovery_port = settings->discovery_port,
        .discovery_interval = settings->discovery_interval,
        .has_mapping = settings->has_mapping,
    };
}

void kith_settings_deinit(struct kith_settings *settings)
{
    kith_config_free(settings->config);
    free(settings->peers);
    *settings = (struct kith_settings){0};
}
