/* SPDX-License-Identifier: MIT */
#include "bin/tracker_settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kith/error.h"
#include "node/http.h"
#include "tracker/registry.h"
#include "tracker/relaying.h"

#define PEERS_MAX_MAX    1000000
#define LIST_SECONDS_MAX (7 * 24 * 60 * 60)

const struct kith_cli_option kith_tracker_options[] = {
    {"listen", "[ADDR]:PORT", "where peers register (default: every address, port 55555)",
     true},
    {"list", "SECONDS", "print who is here, again and again", false},
    {"once", "N", "end once N peers (2 or more) were introduced to one another", false},
    {"max-peers", "N", "registered at once, here or away (default: 10000)", false},
    {"max-per-address", "N", "links of one IPv4 address or IPv6 /64 (default: 64)",
     false},
    {"relay-rate", "BYTES",
     "a second, of two peers that are relayed; 0 for no limit (default: 1048576)", false},
    {"no-relay", NULL, "pass nothing on between peers that do not reach another", false},
    {"metrics", "ADDR:PORT", "serve figures for Prometheus at /metrics there", false},
    {"log", "LEVEL", "what to log on stderr: error, warn, info or debug", false},
    {0},
};

static int read_number(const struct kith_cli *cli, const char *name, unsigned long min,
                       unsigned long max, unsigned long *out)
{
    const char *text = kith_cli_value(cli, name);
    char *end = NULL;
    if (text == NULL)
        return KITH_EXIT_DONE;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min ||
        value > max)
        return kith_cli_fail(cli, KITH_EXIT_USAGE,
                             "--%s takes a whole number from %lu to %lu, not '%s'", name,
                             min, max, text);
    *out = value;
    return KITH_EXIT_DONE;
}

static int read_listen(const struct kith_cli *cli, struct kith_tracker_settings *out)
{
    const char *text, *why = "";
    for (size_t i = 0; (text = kith_cli_value_at(cli, "listen", i)) != NULL; i++) {
        if (i == KITH_TRACKER_LISTEN_MAX)
            return kith_cli_fail(cli, KITH_EXIT_USAGE, "--listen is taken %d times",
                                 KITH_TRACKER_LISTEN_MAX);
        if (kith_address_parse(kith_bytes(text, strlen(text)), KITH_TRACKER_PORT_DEFAULT,
                               true, &out->listen[i], &why) != 0)
            return kith_cli_fail(cli, KITH_EXIT_USAGE, "--listen %s: %s", text, why);
        out->listen_count++;
    }
    if (out->listen_count == 0)
        out->listen[out->listen_count++].port = KITH_TRACKER_PORT_DEFAULT;
    return KITH_EXIT_DONE;
}

static int read_metrics(const struct kith_cli *cli, struct kith_tracker_settings *out)
{
    const char *text = kith_cli_value(cli, "metrics");
    const char *why = "the host has to be an IP address";
    if (text == NULL)
        return KITH_EXIT_DONE;
    if (kith_address_parse(kith_bytes(text, strlen(text)), 0, true, &out->metrics,
                           &why) != 0 ||
        !kith_http_is_ip(out->metrics.host))
        return kith_cli_fail(cli, KITH_EXIT_USAGE, "--metrics %s: %s", text, why);
    out->has_metrics = true;
    return KITH_EXIT_DONE;
}

static int read_log(const struct kith_cli *cli, struct kith_tracker_settings *out)
{
    const char *text = kith_cli_value(cli, "log");
    if (text == NULL || kith_logger_level_parse(text, &out->log))
        return KITH_EXIT_DONE;
    return kith_cli_fail(cli, KITH_EXIT_USAGE,
                         "--log takes error, warn, info or debug, not '%s'", text);
}

/* Whole numbers, and where they go. */
static int read_numbers(const struct kith_cli *cli, struct kith_tracker_settings *out)
{
    const struct {
        const char *name;
        unsigned long min, max;
        unsigned long *out;
    } numbers[] = {
        {"list", 1, LIST_SECONDS_MAX, &out->list_s},
        {"once", 2, PEERS_MAX_MAX, &out->once},
        {"max-peers", 1, PEERS_MAX_MAX, &out->peers_max},
        {"max-per-address", 1, PEERS_MAX_MAX, &out->per_address_max},
        {"relay-rate", 0, UINT32_MAX, &out->relay_bytes_per_s},
    };
    int exit_code = KITH_EXIT_DONE;
    for (size_t i = 0;
         i < sizeof numbers / sizeof *numbers && exit_code == KITH_EXIT_DONE; i++)
        exit_code = read_number(cli, numbers[i].name, numbers[i].min, numbers[i].max,
                                numbers[i].out);
    return exit_code;
}

int kith_tracker_settings_read(const struct kith_cli *cli,
                               struct kith_tracker_settings *out)
{
    *out = (struct kith_tracker_settings){
        .peers_max = KITH_REGISTRY_PEERS_MAX,
        .per_address_max = KITH_REGISTRY_PER_ADDRESS_MAX,
        .relay_bytes_per_s = KITH_RELAYING_BYTES_PER_S,
        .has_relay = !kith_cli_has(cli, "no-relay"),
        .log = KITH_LOGGER_INFO,
    };
    int exit_code = read_listen(cli, out);
    if (exit_code == KITH_EXIT_DONE)
        exit_code = read_metrics(cli, out);
    if (exit_code == KITH_EXIT_DONE)
        exit_code = read_log(cli, out);
    return exit_code == KITH_EXIT_DONE ? read_numbers(cli, out) : exit_code;
}
