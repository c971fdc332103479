# SPDX-License-Identifier: MIT
"""Without beacons: one contact is enough to meet everybody, and who met once meets again."""

import netns
from discoverylib import delivers, meshed, note
from kithlib import case, main, same, wait_until
from netns import Network

LATER_S = 60  # a loaded machine


def at(host, node):
    """Where it listens, as a person would give it."""
    return f"{host.ipv4}:{node.port}" if host.has_ipv4 else f"[{host.ipv6}]:{node.port}"


def start(scene, host, name, *known, port=4747):
    """A node that sends no beacons; `known` are (host, node)."""
    flags = [word for pair in known for word in ("--peer", at(*pair))]
    node = host.node(scene, name)
    node.port = port
    return node.start(*flags)


def met(*nodes):
    """All are linked, and have heard of each other what makes more than an acquaintance."""
    meshed(nodes, LATER_S)
    for node in nodes:
        delivers(node, *(other for other in nodes if other is not node))


def star(scene, count, **options):
    """The first is known to the others, who know nobody else."""
    hosts = Network(scene).hosts(count, **options)
    nodes = [start(scene, hosts[0], "hub")]
    for number, host in enumerate(hosts[1:], 1):
        nodes.append(start(scene, host, f"n{number}", (hosts[0], nodes[0])))
    return hosts, nodes


@case("two who know the same one are linked to each other")
def _(scene):
    _, nodes = star(scene, 3)
    note(f"linked {meshed(nodes, LATER_S):.1f} s after the last was ready")
    delivers(nodes[1], *nodes[::2])


@case("two who know the same one by IPv6 are linked to each other")
def _(scene):
    _, nodes = star(scene, 3, ipv4=False)
    meshed(nodes, LATER_S)
    assert nodes[1].peer(nodes[2])["address"].startswith("[fd47:"), nodes[1].peer(nodes[2])


@case("ten who know one of them are linked each to each")
def _(scene):
    _, nodes = star(scene, 10)
    note(f"linked {meshed(nodes, 60):.1f} s after the last was ready")
    delivers(nodes[9], *nodes[:9])


@case("a chain of acquaintances becomes a mesh")
def _(scene):
    hosts = Network(scene).hosts(5)
    nodes = [start(scene, hosts[0], "n0")]
    for number in range(1, 5):
        nodes.append(start(scene, hosts[number], f"n{number}",
                           (hosts[number - 1], nodes[number - 1])))
    note(f"linked {meshed(nodes, 60):.1f} s after the last was ready")


@case("who met meet again, with nobody given and the first contact gone")
def _(scene):
    _, (hub, alice, bob) = star(scene, 3)
    met(hub, alice, bob)
    for node in (hub, alice, bob):
        node.stop()
    alice.start()
    bob.start()
    note(f"linked {meshed([alice, bob], LATER_S):.1f} s after the start")
    delivers(alice, bob)


@case("who met meet again when the listener is the one who was dialled, whichever starts first")
def _(scene):
    hosts = Network(scene).hosts(2)
    alice = start(scene, hosts[0], "alice")
    bob = start(scene, hosts[1], "bob", (hosts[0], alice))
    met(alice, bob)
    for first, second in ((alice, bob), (bob, alice)):
        alice.stop()
        bob.stop()
        first.start()
        second.start()
        meshed([alice, bob], LATER_S)


@case("a node that moved is told of by its new address")
def _(scene):
    hosts, (hub, alice, bob) = star(scene, 3, ipv4=False)
    meshed([hub, alice, bob], LATER_S)
    hosts[1].readdress(0x77)
    moved = f"[{hosts[1].ipv6}]:{alice.port}"
    wait_until("the hub has a link from there",
               lambda: hub.peer(alice)["address"] == moved)
    meshed([hub, alice], LATER_S)
    carol_host = hosts[0].net.host(ipv4=False)
    carol = start(scene, carol_host, "carol", (hosts[0], hub))
    meshed([hub, alice, bob, carol], LATER_S)


@case("nodes of one host that know nobody meet nobody")
def _(scene):
    hosts = Network(scene).hosts(2)
    nodes = [start(scene, host, host.name) for host in hosts]
    same([node.peers() for node in nodes], [[], []])


netns.become_root()
main()
