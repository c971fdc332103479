/* SPDX-License-Identifier: MIT */
/* The checks of the local network: interfaces, discovery and what is heard. */
#include <inttypes.h>

#include "api/server_doctor.h"

static void check_interfaces(struct kith_doctor *doctor)
{
    struct kith_address addresses[KITH_DOCTOR_INTERFACES_MAX];
    char list[KITH_DOCTOR_DETAIL_SIZE];
    size_t count =
        kith_runtime_interfaces(doctor->runtime, addresses, KITH_DOCTOR_INTERFACES_MAX);
    kith_doctor_list(addresses, count, list);
    if (count > 0)
        kith_doctor_say(doctor, "interfaces", KITH_DOCTOR_OK, NULL, "%s", list);
    else
        kith_doctor_say(doctor, "interfaces",
                        doctor->peers_online > 0 ? KITH_DOCTOR_WARNING
                                                 : KITH_DOCTOR_PROBLEM,
                        "plug in the cable or join the Wi-Fi; kith notices by itself",
                        "none is up but loopback: nobody is reached beyond this machine");
}

/* True when beacons can come and go. */
static bool check_discovery(struct kith_doctor *doctor, const struct kith_lan_view *lan)
{
    bool has_dials = doctor->dial_count > 0 || doctor->peers_online > 0;
    if (!lan->is_wanted) {
        kith_doctor_say(doctor, "discovery",
                        has_dials ? KITH_DOCTOR_OK : KITH_DOCTOR_WARNING,
                        "start without --no-lan (or `lan = no`, KITH_LAN=no) to find "
                        "people on the local network",
                        "turned off");
        return false;
    }
    if (lan->error != 0) {
        kith_doctor_say(doctor, "discovery", KITH_DOCTOR_PROBLEM,
                        "end the other program, or give all nodes another "
                        "--discovery-port",
                        "UDP port %u cannot be opened: %s", lan->port,
                        kith_error_text(lan->error));
        return false;
    }
    if (lan->error_ipv4 != 0 && lan->error_ipv6 != 0)
        kith_doctor_say(doctor, "discovery", KITH_DOCTOR_PROBLEM,
                        "give all nodes another --discovery-port",
                        "UDP port %u is not heard: %s", lan->port,
                        kith_error_text(lan->error_ipv4));
    else if (lan->error_ipv4 != 0 || lan->error_ipv6 != 0)
        kith_doctor_say(
            doctor, "discovery", KITH_DOCTOR_WARNING,
            "fine where the others have the other kind too; else end the program that "
            "holds the port",
            "UDP port %u is not heard by %s: %s", lan->port,
            lan->error_ipv4 != 0 ? "IPv4" : "IPv6",
            kith_error_text(lan->error_ipv4 != 0 ? lan->error_ipv4 : lan->error_ipv6));
    else if (lan->is_confined)
        kith_doctor_say(doctor, "discovery", KITH_DOCTOR_WARNING,
                        "to be found by other machines, leave out --listen, or give it "
                        "an address of the network, or a port alone: --listen :4747",
                        "on, but on this machine alone, for kith listens on no other "
                        "address than loopback: nobody else could dial it");
    else
        kith_doctor_say(doctor, "discovery", KITH_DOCTOR_OK, NULL,
                        "on, UDP port %u by IPv4 and IPv6", lan->port);
    return true;
}

static void check_passing(struct kith_doctor *doctor, const struct kith_lan_view *lan,
                          const struct kith_beacon_counts *beacons)
{
    if (beacons->sent == 0)
        kith_doctor_say(doctor, "beacons", KITH_DOCTOR_WARNING,
                        "ask again in a moment; see `listening`", "none was sent yet");
    else if (lan->sent == 0)
        kith_doctor_say(doctor, "beacons", KITH_DOCTOR_PROBLEM,
                        "look at the interfaces and at this machine's firewall",
                        "no interface takes them: %" PRIu64 " datagrams were refused",
                        lan->failed);
    else if (beacons->own == 0 && beacons->heard == 0)
        kith_doctor_say(doctor, "beacons", KITH_DOCTOR_PROBLEM,
                        "let UDP of that port in at this machine's firewall; meanwhile "
                        "`kith connect ADDR` does",
                        "%" PRIu64 " sent to UDP port %u, and not even our own came "
                        "back: multicast and broadcast do not pass",
                        beacons->sent, lan->port);
    else if (beacons->heard == 0 && doctor->peers_online == 0)
        kith_doctor_say(doctor, "beacons", KITH_DOCTOR_WARNING,
                        "where another kith does run here: let UDP of that port in at "
                        "both firewalls, and see that the access point does not keep its "
                        "clients apart; `kith connect ADDR` does without",
                        "%" PRIu64 " sent to UDP port %u, and nobody else of this "
                        "network was heard",
                        beacons->sent, lan->port);
    else
        kith_doctor_say(doctor, "beacons", KITH_DOCTOR_OK, NULL,
                        "%" PRIu64 " sent, %" PRIu64 " of others of this network heard",
                        beacons->sent, beacons->heard);
}

/* Which of the settings differs, where their beacons could be opened. */
static void check_foreign(struct kith_doctor *doctor,
                          const struct kith_beacon_counts *beacons)
{
    struct kith_network_view network = kith_runtime_network(doctor->runtime);
    uint64_t other = beacons->foreign - beacons->foreign_open - beacons->foreign_default;
    enum kith_doctor_state state =
        doctor->peers_online > 0 ? KITH_DOCTOR_OK : KITH_DOCTOR_WARNING;
    if (beacons->foreign_open > 0)
        kith_doctor_say(doctor, "networks", state,
                        "if they should be found, give them the passphrase: `kith up "
                        "--passphrase --network NAME` there asks for it",
                        "%" PRIu64 " beacons came from '%s' without a passphrase, while "
                        "this node has one",
                        beacons->foreign_open, network.name);
    if (beacons->foreign_default > 0)
        kith_doctor_say(doctor, "networks", state,
                        "if they should be found, `kith up --network NAME` there, with "
                        "the name that `kith network show` tells here, and --passphrase "
                        "if it has one",
                        "%" PRIu64 " beacons came from the usual network, which kith is "
                        "in that was told no name, while this node is in '%s'",
                        beacons->foreign_default, network.name);
    if (other > 0)
        kith_doctor_say(doctor, "networks", state,
                        "if they should be found, compare `kith network show` on both: "
                        "name, passphrase and fingerprint must be the same",
                        "%" PRIu64 " beacons came from another network, or one with "
                        "another passphrase",
                        other);
}

void kith_doctor_check_lan(struct kith_doctor *doctor)
{
    struct kith_lan_view lan = kith_runtime_lan(doctor->runtime);
    struct kith_beacon_counts beacons;
    kith_node_beacons(doctor->node, &beacons);
    check_interfaces(doctor);
    if (!check_discovery(doctor, &lan))
        return;
    check_passing(doctor, &lan, &beacons);
    check_foreign(doctor, &beacons);
}
