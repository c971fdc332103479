# SPDX-License-Identifier: MIT
"""Nodes of one network find each other with nothing configured, whatever the network
carries."""

import subprocess
import time

import netns
from discoverylib import (LAN, LOBBY, PORT, Stream, datagrams_out, delivers, find, find_all,
                          meshed, note, talk)
from kithlib import USAGE, case, main, same, wait_until
from netns import Network


def found(scene, *hosts):
    """Nodes on these hosts, linked and talking."""
    nodes = find_all(scene, hosts)
    talk(nodes)
    return nodes


@case("two hosts that were told nothing are linked and talk")
def _(scene):
    alice, bob = found(scene, *Network(scene).hosts(2))
    same(alice.peer(bob)["path"], "lan")
    same(bob.peer(alice)["path"], "lan")


@case("the first word of a node that starts is heard within a second")
def _(scene):
    hosts = Network(scene).hosts(2)
    stream = Stream(scene, find(scene, hosts[0], "alice"))
    taken = []
    for run in range(5):  # the best counts: a loaded machine is no failure
        bob = hosts[1].node(scene, f"bob{run}", env=LAN)
        begin = time.monotonic()
        bob.start()
        bob.say(LOBBY, bob.name)
        taken.append(wait_until("the word comes", lambda b=bob: stream.heard(b.name)) - begin)
        bob.stop()
    note("first words after " + ", ".join(f"{each:.2f} s" for each in taken))
    assert min(taken) < 2, taken  # the sanitizers take their part


@case("three hosts that were told nothing are linked and talk")
def _(scene):
    found(scene, *Network(scene).hosts(3))


@case("ten hosts are linked each to each")
def _(scene):
    nodes = find_all(scene, Network(scene).hosts(10))
    note(f"10 hosts: all linked {meshed(nodes):.2f} s after the last was ready")
    delivers(nodes[0], *nodes[1:])


@case("fifty hosts are linked each to each")
def _(scene):
    net = Network(scene)
    hosts = net.hosts(50)
    net.introduce()
    nodes = find_all(scene, hosts)
    note(f"50 hosts: all linked {meshed(nodes, 120):.2f} s after the last was ready")
    delivers(nodes[0], *nodes[1:])


@case("with IPv4 alone")
def _(scene):
    alice, bob = found(scene, *Network(scene).hosts(2, ipv6=False))
    assert alice.peer(bob)["address"].startswith("10."), alice.peer(bob)


@case("with IPv6 alone")
def _(scene):
    alice, bob = found(scene, *Network(scene).hosts(2, ipv4=False))
    assert alice.peer(bob)["address"].startswith("["), alice.peer(bob)


@case("with IPv6 addresses of the link alone")
def _(scene):
    hosts = Network(scene).hosts(2, ipv4=False)
    for host in hosts:
        host.ip(f"addr del {host.ipv6}/64 dev {netns.INTERFACE}")
        same([a[:5] for a in host.addresses()], ["fe80:"])
    alice, bob = found(scene, *hosts)
    assert f"%{netns.INTERFACE}" in alice.peer(bob)["address"] + bob.peer(alice)["address"]


def forgets(alice, bob):
    """Once both have stopped, she no longer knows where he was."""
    assert alice.peer(bob)["address"], alice.peer(bob)
    bob.stop()
    alice.stop()
    alice.start()
    same(alice.peer(bob)["address"], None)


@case("addresses of the link alone lead to each other, and are not kept")
def _(scene):
    four = Network(scene).hosts(2, ipv6=False)
    for host in four:
        host.ip(f"addr del {host.ipv4}/24 dev {netns.INTERFACE}",
                f"addr add 169.254.7.{host.number}/16 brd + dev {netns.INTERFACE}")
    forgets(*found(scene, *four))
    six = Network(scene).hosts(2, ipv4=False)
    for host in six:
        host.ip(f"addr del {host.ipv6}/64 dev {netns.INTERFACE}")
    forgets(*found(scene, *six))


@case("a host with IPv4 alone and one with both, and one with IPv6 alone and one with both")
def _(scene):
    net = Network(scene)
    both = net.host()
    four = net.host(ipv6=False)
    six = net.host(ipv4=False)
    middle, left, right = find_all(scene, [both, four, six])
    meshed([middle, left])
    meshed([middle, right])
    delivers(left, middle, right)  # those two share no family; what they say gets through


@case("a host on two networks finds the hosts of both")
def _(scene):
    net = Network(scene)
    second = net.bridge()
    middle = net.host(net.bridges[0], second)
    left, right = net.host(), net.host(second)
    nodes = find_all(scene, [middle, left, right])
    meshed(nodes[:2])
    meshed([nodes[0], nodes[2]])
    delivers(nodes[1], *nodes[::2])


@case("two hosts with two networks in common have one link")
def _(scene):
    net = Network(scene)
    second = net.bridge()
    alice, bob = found(scene, *net.hosts(2, net.bridges[0], second))
    same(len(alice.peers()), 1)
    same(len(bob.peers()), 1)


@case("with a default route, and without")
def _(scene):
    net = Network(scene)
    found(scene, net.host(default_route=True), net.host())


@case("where multicast is dropped, broadcast finds")
def _(scene):
    hosts = Network(scene).hosts(2)
    for host in hosts:
        host.drop("multicast")
    found(scene, *hosts)


@case("where broadcast is dropped, multicast finds")
def _(scene):
    hosts = Network(scene).hosts(2)
    for host in hosts:
        host.drop("broadcast")
    found(scene, *hosts)


@case("where both are dropped, an address that is given finds")
def _(scene):
    hosts = Network(scene).hosts(2)
    for host in hosts:
        host.drop("multicast", "broadcast")
    alice, bob = find_all(scene, hosts)
    same((alice.online(), bob.online()), (set(), set()))
    bob.stop()
    bob.start("--peer", f"{hosts[0].ipv4}:{alice.port}")
    talk([alice, bob])


@case("two nodes on every host, linked each to each")
def _(scene):
    hosts = Network(scene).hosts(3)
    nodes = [find(scene, host, f"{host.name}{which}") for host in hosts for which in "ab"]
    talk(nodes)


@case("five nodes with default settings on one host take a port each, and are linked")
def _(scene):
    host = Network(scene).host()
    nodes = [host.node(scene, f"n{number}", env=LAN).start(listen=False) for number in range(5)]
    same([node.port for node in nodes], list(range(PORT, PORT + 5)))
    talk(nodes)


@case("nodes of another discovery port are not found")
def _(scene):
    alice, bob, carol = Network(scene).hosts(3)
    nodes = [find(scene, host, host.name, "--discovery-port", "4848") for host in (alice, bob)]
    alone = find(scene, carol, "carol")
    talk(nodes)
    same(alone.online(), set())


@case("beacons come as often as was set")
def _(scene):
    often, seldom = Network(scene).hosts(2)
    find(scene, often, "often", "--discovery-interval", "1")
    find(scene, seldom, "seldom")
    start = datagrams_out(often)
    wait_until("ten seconds' worth of beacons", lambda: datagrams_out(often) >= start + 24)
    sent = datagrams_out(often), datagrams_out(seldom)
    assert sent[0] > 1.5 * sent[1], sent  # every second; after 2, 4 and 8 s


@case("an interval that is none is refused")
def _(scene):
    for interval in ("0", "3601", "1.5", "soon", ""):
        scene.make("alice").kith("up", "--discovery-interval", interval).expect(
            USAGE, "discovery-interval", "1 to 3600")


HOLD = """
import socket, sys
held = []
for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
    held.append(socket.socket(family, socket.SOCK_DGRAM))
    if family == socket.AF_INET6:
        held[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    held[-1].bind((host, int(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""


@case("a port that another program held at the start is had once it is free")
def _(scene):
    alice, bob = Network(scene).hosts(2)
    holder = alice.popen("python3", "-c", HOLD, str(PORT), stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    scene.at_end(holder.kill)
    same(holder.stdout.readline(), b"held\n")
    early = alice.node(scene, "alice", env=LAN).start()
    assert early.logs("lan", "nobody is found", "EADDRINUSE"), early.log()
    late = find(scene, bob, "bob")
    holder.communicate()
    meshed([early, late])
    assert early.logs("lan", "the LAN is heard now"), early.log()


@case("a node that is told not to look is not found")
def _(scene):
    alice, bob, carol = Network(scene).hosts(3)
    hidden = find(scene, carol, "carol", "--no-lan")
    talk(find_all(scene, [alice, bob]))
    same(hidden.online(), set())


@case("without root's rights")
def _(scene):
    nodes = []
    for host in Network(scene).hosts(2):
        node = host.node(scene, host.name, env={"KITH_LAN": "yes"})
        node.prefix = (*node.prefix, "setpriv", "--bounding-set", "-all", "--inh-caps", "-all")
        nodes.append(node.start())
    talk(nodes)


netns.become_root()
main()
