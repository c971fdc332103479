# SPDX-License-Identifier: MIT
"""`kith doctor` on networks where something keeps nodes from finding each other: it names
that, and what to do."""

import netns
from discoverylib import LAN, PORT, find, find_all, talk
from kithlib import case, main, same, wait_until
from netns import Network


def checks(node):
    return node.kith("doctor", "--json").lines()


def told(node, check, state, *parts):
    """Wait until one of its lines on this is in that state and says all parts, in what is
    wrong or in what to do."""
    def finds():
        return next((line for line in checks(node)
                     if (line["check"], line["state"]) == (check, state) and
                     all(part in f"{line['detail']} -> {line['advice']}" for part in parts)), None)
    return wait_until(f"{node.name} is told of {check}: {', '.join(parts)}", finds)


@case("a linked pair that found each other is well")
def _(scene):
    nodes = find_all(scene, Network(scene).hosts(2))
    talk(nodes)
    for node in nodes:
        told(node, "beacons", "ok", "heard")
        same([line for line in checks(node) if line["state"] != "ok"], [])


@case("no interface is up")
def _(scene):
    host = Network(scene).host()
    host.down()
    node = find(scene, host, "alone")
    told(node, "interfaces", "problem", "none is up", "cable")
    host.up()
    told(node, "interfaces", "ok", host.ipv4)


@case("neither multicast nor broadcast passes between the hosts")
def _(scene):
    hosts = Network(scene).hosts(2)
    for host in hosts:
        host.drop("multicast", "broadcast")
    for node in find_all(scene, hosts):
        told(node, "beacons", "warning", "nobody else", f"UDP port {PORT}", "kith connect")


@case("the host's own firewall lets no beacon in")
def _(scene):
    host = Network(scene).host()
    host.drop(f"udp dport {PORT}")
    told(find(scene, host, "alone"), "beacons", "problem", "not even our own", "firewall")


@case("beacons pass, and the TCP port is closed by firewalls")
def _(scene):
    hosts = Network(scene).hosts(2)
    for host in hosts:
        host.drop(f"meta iifname {netns.INTERFACE} meta l4proto tcp")
    nodes = find_all(scene, hosts)
    for node in nodes:
        told(node, "dial", "warning", "heard of", "no answer", "firewall", "TCP port")
    for host in hosts:
        host.drop_nothing()
    talk(nodes)
    for node in nodes:
        same([line for line in checks(node) if line["check"] == "dial"], [])


@case("which setting differs is told where that can be known")
def _(scene):
    closed, opened, usual = (host.node(scene, host.name, env=LAN)
                             for host in Network(scene).hosts(3))
    closed.env = {**LAN, "KITH_NETWORK_PASSPHRASE": "seven small otters sing"}
    closed.start("--network", "work")
    opened.start("--network", "work")
    usual.start()
    told(closed, "networks", "warning", "from 'work' without a passphrase", "--passphrase")
    for node in closed, opened:
        told(node, "networks", "warning", "the usual network", "is in 'work'", "--network")
    for node in opened, usual:  # what is sealed cannot be known
        told(node, "networks", "warning", "another network, or one with another passphrase")
    same([node.peers() for node in (closed, opened, usual)], [[], [], []])


netns.become_root()
main()
