/* SPDX-License-Identifier: MIT */
/* GET /api/v1/doctor: why somebody or nobody is found, and what to do. */
#include "api/server_doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/server_request.h"
#include "base/time_format.h"

#define CLOCK_FIRST (1704067200 * KITH_SECOND) /* 2024-01-01 */
#define CLOCK_LAST  (4102444800 * KITH_SECOND) /* 2100-01-01 */

void kith_doctor_say(struct kith_doctor *doctor, const char *check,
                     enum kith_doctor_state state, const char *advice, const char *format,
                     ...)
{
    static const char *const states[] = {"ok", "warning", "problem"};
    char detail[KITH_DOCTOR_DETAIL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    kith_json_open(doctor->w, NULL, '{');
    kith_json_string(doctor->w, "check", check);
    kith_json_string(doctor->w, "state", states[state]);
    kith_json_string(doctor->w, "detail", detail);
    if (advice)
        kith_json_string(doctor->w, "advice", advice);
    else
        kith_json_null(doctor->w, "advice");
    kith_json_close(doctor->w, '}');
}

void kith_doctor_list(const struct kith_address *addresses, size_t count,
                      char out[static KITH_DOCTOR_DETAIL_SIZE])
{
    size_t size = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char text[KITH_ADDRESS_TEXT_SIZE];
        if (addresses[i].port != 0)
            kith_address_format(&addresses[i], text);
        const char *shown = addresses[i].port != 0 ? text : addresses[i].host;
        if (size + strlen(shown) + 3 > KITH_DOCTOR_DETAIL_SIZE / 2)
            return;
        size += (size_t)snprintf(out + size, KITH_DOCTOR_DETAIL_SIZE - size, "%s%s",
                                 i > 0 ? ", " : "", shown);
    }
}

static void check_listening(struct kith_doctor *doctor)
{
    const struct kith_address *addresses = NULL;
    char list[KITH_DOCTOR_DETAIL_SIZE];
    size_t count = kith_runtime_listening(doctor->runtime, &addresses);
    kith_doctor_list(addresses, count, list);
    if (count > 0)
        kith_doctor_say(doctor, "listening", KITH_DOCTOR_OK, NULL, "at %s", list);
    else
        kith_doctor_say(doctor, "listening", KITH_DOCTOR_PROBLEM,
                        "give `kith up` an address with --listen", "nowhere");
}

/* Who is of another one is neither linked nor listed; what is known of it is its beacon.
 */
static void check_version(struct kith_doctor *doctor, const char *version)
{
    struct kith_beacon_counts beacons;
    kith_node_beacons(doctor->node, &beacons);
    kith_doctor_say(doctor, "version", KITH_DOCTOR_OK, NULL, "kith %s", version);
    if (beacons.other_version > 0)
        kith_doctor_say(doctor, "version", KITH_DOCTOR_WARNING,
                        "compare `kith version` on the machines, and update the older",
                        "%" PRIu64 " beacons came from a kith that speaks another "
                        "version of the protocol",
                        beacons.other_version);
}

static void check_network(struct kith_doctor *doctor)
{
    struct kith_network_view network = kith_runtime_network(doctor->runtime);
    kith_doctor_say(doctor, "network", KITH_DOCTOR_OK, NULL,
                    "%s, %s passphrase, fingerprint %s", network.name,
                    network.has_passphrase ? "with a" : "without", network.fingerprint);
}

static void check_peers(struct kith_doctor *doctor)
{
    struct kith_tracker_view tracker;
    bool is_sought = kith_runtime_lan(doctor->runtime).is_wanted ||
                     doctor->dial_count > 0 ||
                     kith_node_tracker(doctor->node, 1, &tracker);
    enum kith_doctor_state state = doctor->peers_online > 0 ? KITH_DOCTOR_OK
                                   : is_sought              ? KITH_DOCTOR_WARNING
                                                            : KITH_DOCTOR_PROBLEM;
    const char *advice =
        doctor->peers_online > 0 ? NULL
        : is_sought ? "start kith on another machine, with the same network name and "
                      "passphrase; beyond a router give its address: `kith connect ADDR`"
                    : "nobody is looked for: leave out --no-lan, or give an address with "
                      "--peer or `kith connect ADDR`";
    kith_doctor_say(doctor, "peers", state, advice, "%zu online of %zu known",
                    doctor->peers_online, doctor->peers_known);
}

static const char *dial_advice(int error)
{
    switch (error) {
    case KITH_EREFUSED:
        return "start kith there, or correct the port: `kith up` there prints it";
    case KITH_ETIMEDOUT:
        return "see that the machine is on, and that its firewall lets the TCP port in";
    case KITH_EUNREACHABLE:
        return "look at the cable or Wi-Fi here, and whether the address is right";
    case KITH_ERESOLVE:
        return "correct the name, or give the number of the address";
    case KITH_EPROOF:
        return "compare `kith network show` on both: the fingerprints must be the same";
    case KITH_EHANDSHAKE:
    case KITH_EPROTO:
        return "something that is no kith listens there: correct the address";
    case KITH_EVERSION:
        return "update the older kith of the two";
    default:
        return "look at the log of the kith there";
    }
}

/* Addresses that do not lead to a link, though they should. */
static void check_dials(struct kith_doctor *doctor)
{
    struct kith_dial_view dial;
    size_t said = 0;
    for (size_t i = 0;
         said < KITH_DOCTOR_DIALS_MAX && kith_node_dial(doctor->node, i, &dial); i++) {
        char address[KITH_ADDRESS_TEXT_SIZE];
        if (dial.is_linked || dial.error == 0)
            continue;
        kith_address_format(&dial.address, address);
        enum kith_doctor_state state = dial.is_suggested || doctor->peers_online > 0
                                           ? KITH_DOCTOR_WARNING
                                           : KITH_DOCTOR_PROBLEM;
        kith_doctor_say(doctor, "dial", state, dial_advice(dial.error),
                        "no link to %s%s: %s; failed %u times, and is tried again",
                        address, dial.is_suggested ? ", which was heard of" : "",
                        kith_error_text(dial.error), dial.failures);
        said++;
    }
}

static void check_clock(struct kith_doctor *doctor)
{
    char now[KITH_TIME_TEXT_SIZE];
    kith_time wall = kith_runtime_now(doctor->runtime).wall;
    size_t parked = kith_node_parked_count(doctor->node);
    kith_time_format(wall, now);
    if (wall < CLOCK_FIRST || wall > CLOCK_LAST)
        kith_doctor_say(doctor, "clock", KITH_DOCTOR_PROBLEM,
                        "set the clock of this machine", "it says %s", now);
    else if (parked > 0)
        kith_doctor_say(doctor, "clock", KITH_DOCTOR_WARNING,
                        "compare the clocks of this machine and of those who wrote",
                        "it says %s; %zu wrote from more than a day ahead, which waits",
                        now, parked);
    else
        kith_doctor_say(doctor, "clock", KITH_DOCTOR_OK, NULL, "it says %s", now);
}

static void check_store(struct kith_doctor *doctor)
{
    int error = kith_runtime_store_error(doctor->runtime);
    int damage = kith_runtime_read_error(doctor->runtime);
    if (damage != 0)
        kith_doctor_say(doctor, "store", KITH_DOCTOR_PROBLEM,
                        "stop the node and restore the home from a backup; what is "
                        "damaged reaches no peer either",
                        "a part of what was said, in %s, cannot be read: %s",
                        kith_runtime_home(doctor->runtime), kith_error_text(damage));
    else if (error != 0)
        kith_doctor_say(doctor, "store", KITH_DOCTOR_PROBLEM,
                        kith_runtime_store_advice(error),
                        "nothing can be stored in %s: %s",
                        kith_runtime_home(doctor->runtime), kith_error_text(error));
    else
        kith_doctor_say(doctor, "store", KITH_DOCTOR_OK, NULL, "in %s",
                        kith_runtime_home(doctor->runtime));
}

static void check_search(struct kith_doctor *doctor)
{
    int error = kith_runtime_index_error(doctor->runtime);
    if (error != 0)
        kith_doctor_say(
            doctor, "search", KITH_DOCTOR_PROBLEM, kith_runtime_store_advice(error),
            "what was said last cannot be searched: %s", kith_error_text(error));
}

static void check_warnings(struct kith_doctor *doctor)
{
    const char *lines[KITH_DOCTOR_WARNINGS_MAX];
    size_t count =
        kith_runtime_warnings(doctor->runtime, lines, KITH_DOCTOR_WARNINGS_MAX);
    for (size_t i = 0; i < count; i++)
        kith_doctor_say(doctor, "log", KITH_DOCTOR_WARNING, NULL, "%s", lines[i]);
}

static void count(struct kith_doctor *doctor)
{
    struct kith_peer_view peer;
    struct kith_dial_view dial;
    doctor->peers_known = kith_node_peer_count(doctor->node);
    for (uint32_t no = 1; no <= doctor->peers_known; no++)
        doctor->peers_online += kith_node_peer(doctor->node, no, &peer) && peer.is_online;
    while (kith_node_dial(doctor->node, doctor->dial_count, &dial) &&
           doctor->dial_count < KITH_DOCTOR_DIALS_MAX)
        doctor->dial_count++;
}

static void handle(struct kith_request *request)
{
    const struct kith_server_config *config = &request->server->config;
    struct kith_writer w = kith_writer(&kith_alloc_heap);
    struct kith_doctor doctor = {
        .w = &w,
        .runtime = config->runtime,
        .node = kith_server_node(request->server),
    };
    count(&doctor);
    kith_json_open(&w, NULL, '{');
    kith_json_open(&w, "checks", '[');
    check_version(&doctor, config->version);
    check_network(&doctor);
    check_listening(&doctor);
    kith_doctor_check_lan(&doctor);
    kith_doctor_check_mapping(&doctor);
    kith_doctor_check_trackers(&doctor);
    check_peers(&doctor);
    check_dials(&doctor);
    check_clock(&doctor);
    check_store(&doctor);
    check_search(&doctor);
    check_warnings(&doctor);
    kith_json_close(&w, ']');
    kith_json_close(&w, '}');
    kith_request_answer(request, MHD_HTTP_OK, &w);
}

const struct kith_endpoint kith_endpoint_doctor = {
    .method = "GET",
    .path = "/api/v1/doctor",
    .handle = handle,
};
