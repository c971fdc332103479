# SPDX-License-Identifier: MIT
"""Beacons go out only where who hears them could dial, whatever a node listens on."""

import netns
from discoverylib import LAN, PORT, delivers, meshed
from kithlib import case, main, same, wait_until
from netns import Network

LISTEN = f"""
import socket, struct, threading
def hear(family, *options):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for option in options:
        s.setsockopt(*option)
    s.bind(("", {PORT}))
    while True:
        data, sender = s.recvfrom(2000)
        if data[:8] == b"kithbcn1":
            print(sender[0], flush=True)
group = socket.inet_pton(socket.AF_INET6, "ff02::4747")
index = struct.pack("@I", socket.if_nametoindex("eth0"))
threading.Thread(target=hear, args=(
    socket.AF_INET6, (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1),
    (socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + index))).start()
hear(socket.AF_INET)
"""


class Ear:
    """Hears on a host what is called into its network, by IPv4 broadcast and by IPv6."""

    def __init__(self, scene, host):
        self.lines, self.host = scene.path + f"/ear-{host.name}", host
        with open(self.lines, "wb") as out:
            self.process = host.popen("python3", "-c", LISTEN, stdout=out)
        scene.at_end(self.end)
        wait_until("it listens by both families", lambda: self._listens("udp")
                   and self._listens("udp6"))

    def _listens(self, table):
        return f":{PORT:04X} " in self.host.run("cat", f"/proc/net/{table}")

    def sources(self):
        with open(self.lines, encoding="ascii") as file:
            return {line.strip().partition("%")[0] for line in file}

    def end(self):
        self.process.kill()
        self.process.wait()


def listening(scene, host, name, *where):
    """A node that listens there alone, and knows nobody."""
    node = host.node(scene, name, *(word for at in where for word in ("--listen", at)),
                     env=LAN)
    return node.start(listen=False)


def discovery(node):
    lines = node.kith("doctor", "--json").lines()
    return next(line for line in lines if line["check"] == "discovery")


@case("who listens on loopback alone calls there alone, is found there, and is told so")
def _(scene):
    host, other = Network(scene).hosts(2)
    ear = Ear(scene, other)
    nodes = [listening(scene, host, name, f"127.0.0.{last}:0")
             for name, last in (("alice", 1), ("bob", 7))]
    meshed(nodes)
    delivers(nodes[0], nodes[1])
    told = discovery(nodes[0])
    same(told["state"], "warning")
    assert "this machine alone" in told["detail"] and "--listen" in told["advice"], told
    same(ear.sources(), set(), "what left the host")
    # It still finds and dials who listens beyond.
    carol = listening(scene, other, "carol", f":{PORT}")
    meshed([carol, *nodes])
    wait_until("carol's beacons are heard", ear.sources)
    assert host.ipv4 not in ear.sources(), ear.sources()
    same(discovery(carol)["state"], "ok")


@case("who listens on one address calls from that one alone")
def _(scene):
    alice, bob, listener = Network(scene).hosts(3)
    second = alice.bridges[0].ipv4(99)
    alice.ip(f"addr add {second}/24 dev eth0")
    ear = Ear(scene, listener)
    first = listening(scene, alice, "alice", f"{second}:{PORT}")
    wait_until("a beacon came", ear.sources)
    other = listening(scene, bob, "bob", f"{bob.ipv4}:{PORT}")
    meshed([first, other])
    wait_until("bob's beacons are heard", lambda: bob.ipv4 in ear.sources())
    same(ear.sources(), {second, bob.ipv4})
    same(discovery(first)["state"], "ok")


@case("who listens on one IPv6 address calls from that one alone")
def _(scene):
    alice, bob, listener = Network(scene).hosts(3)
    ear = Ear(scene, listener)
    first = listening(scene, alice, "alice", f"[{alice.ipv6}]:{PORT}")
    other = listening(scene, bob, "bob", f"[{bob.ipv6}]:{PORT}")
    meshed([first, other])
    wait_until("both were heard", lambda: {alice.ipv6, bob.ipv6} <= ear.sources())
    same(ear.sources(), {alice.ipv6, bob.ipv6})


@case("of several addresses those that others reach are told, whatever comes first")
def _(scene):
    alice, bob = Network(scene).hosts(2)
    first = listening(scene, alice, "alice", "127.0.0.1:5001", f"{alice.ipv4}:5002")
    other = listening(scene, bob, "bob", "127.0.0.1:5003", f"{bob.ipv4}:5004")
    meshed([first, other])


netns.become_root()
main()
