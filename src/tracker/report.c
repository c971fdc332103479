/* SPDX-License-Identifier: MIT */
#include "tracker/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time_format.h"

/* ---- peers ---- */

static int by_name(const void *a, const void *b)
{
    const struct kith_registry_view *left = a, *right = b;
    int order = strcmp(left->row.name.text, right->row.name.text);
    return order != 0 ? order : kith_id_compare(&left->row.id, &right->row.id);
}

static size_t collect(const struct kith_registry *registry,
                      struct kith_registry_view *views)
{
    size_t count = 0;
    for (size_t i = 0; i < kith_registry_slots(registry); i++)
        if (kith_registry_at(registry, i, &views[count]) && views[count].row.is_here)
            count++;
    qsort(views, count, sizeof *views, by_name);
    return count;
}

static json_t *peer(const struct kith_registry_view *view)
{
    char id[KITH_ID_TEXT_SIZE], network[KITH_ID_SHORT_SIZE];
    char address[KITH_ADDRESS_TEXT_SIZE], since[KITH_TIME_TEXT_SIZE];
    struct kith_address remote = kith_ip_port_address(&view->row.remote);
    struct kith_id tag;
    memcpy(tag.bytes, view->row.tag, sizeof tag.bytes);
    kith_id_format(&view->row.id, id);
    kith_id_format_short(&tag, network);
    kith_address_format(&remote, address);
    kith_time_format(view->here_since, since);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "name", view->row.name.text,
                     "network", network, "address", address, "since", since);
}

json_t *kith_tracker_report_peers(const struct kith_tracker *tracker)
{
    const struct kith_registry *registry = kith_tracker_registry(tracker);
    struct kith_registry_view *views =
        calloc(kith_registry_slots(registry) + 1, sizeof *views);
    json_t *peers = json_array();
    json_t *report = views != NULL ? json_pack("{s:o}", "peers", peers) : NULL;
    size_t count = report != NULL ? collect(registry, views) : 0;
    for (size_t i = 0; i < count && report != NULL; i++) {
        if (json_array_append_new(peers, peer(&views[i])) != 0) {
            json_decref(report);
            report = NULL;
        }
    }
    if (views == NULL)
        json_decref(peers);
    free(views);
    return report;
}

/* ---- figures ---- */

struct figure {
    const char *name;
    const char *help;
    bool is_counter; /* it only grows; else it is as things are now */
    uint64_t value;
};

#define FIGURES_MAX 32

static size_t figures_of(const struct kith_tracker *tracker,
                         struct figure out[static FIGURES_MAX])
{
    struct kith_tracker_stats s = kith_tracker_stats(tracker);
    const struct figure figures[] = {
        {"peers_here", "Registered peers whose link stands.", false, s.registry.here},
        {"peers_away", "Peers that were here in the last 24 h.", false, s.registry.away},
        {"networks", "Network tags with a peer, here or away.", false,
         s.registry.networks},
        {"links", "Connections with a proven key.", false, s.registry.links},
        {"handshakes", "Connections that have not proven a key yet.", false,
         s.net.handshakes},
        {"checks_waiting", "Dials back that are not answered yet.", false,
         s.registry.checks},
        {"uptime_seconds", "Since the start.", false, s.uptime_s},
        {"registrations_total", "REGISTER frames accepted.", true, s.registry.registered},
        {"refused_total", "Links closed at a limit.", true, s.registry.refused},
        {"faults_total", "Links closed for what they sent.", true, s.registry.faults},
        {"strangers_total", "Connections that proved no key.", true, s.strangers},
        {"refreshes_total", "PING frames answered.", true, s.registry.pings},
        {"lookups_total", "LOOKUP frames answered.", true, s.registry.lookups},
        {"meetings_total", "Pairs of peers told to meet.", true, s.registry.calls},
        {"relays_total", "Pairs of peers given tickets.", true, s.registry.relays},
        {"relays", "Pairs whose bytes are passed on now.", false, s.relay.joined},
        {"relayed_bytes_total", "Bytes passed on.", true, s.relay.bytes},
        {"entries_sent_total", "Entries told in PEERS frames.", true,
         s.registry.entries_sent},
        {"checks_total", "Dials back begun.", true, s.checks},
        {"checks_reached_total", "Dials back that met the peer.", true, s.reached},
        {"commits_total", "Transactions written.", true, s.commits},
        {"commits_failed_total", "Transactions that could not be.", true,
         s.commits_failed},
    };
    _Static_assert(sizeof figures <= FIGURES_MAX * sizeof *figures, "there is room");
    memcpy(out, figures, sizeof figures);
    return sizeof figures / sizeof *figures;
}

json_t *kith_tracker_report_stats(const struct kith_tracker *tracker)
{
    struct figure figures[FIGURES_MAX];
    size_t count = figures_of(tracker, figures);
    char id[KITH_ID_TEXT_SIZE];
    kith_id_format(kith_tracker_id(tracker), id);
    json_t *report = json_pack("{s:s}", "id", id);
    for (size_t i = 0; i < count && report != NULL; i++) {
        json_t *value = json_integer((json_int_t)figures[i].value);
        if (json_object_set_new(report, figures[i].name, value) != 0) {
            json_decref(report);
            report = NULL;
        }
    }
    return report;
}

void kith_tracker_report_metrics(const struct kith_tracker *tracker,
                                 struct kith_writer *out)
{
    struct figure figures[FIGURES_MAX];
    size_t count = figures_of(tracker, figures);
    for (size_t i = 0; i < count; i++) {
        char text[384];
        const struct figure *f = &figures[i];
        int size =
            snprintf(text, sizeof text,
                     "# HELP kith_tracker_%s %s\n# TYPE kith_tracker_%s %s\n"
                     "kith_tracker_%s %llu\n",
                     f->name, f->help, f->name, f->is_counter ? "counter" : "gauge",
                     f->name, (unsigned long long)f->value);
        kith_writer_bytes(out, text, (size_t)size);
    }
}
