# SPDX-License-Identifier: MIT
"""What a neighbour sends can list nobody, is not amplified, and costs little."""

import base64
import os
import random
import threading
import time

import netns
from badbeaconlib import ANSWER, BEACON_SIZE, GOODBYE, MAGIC, Identity, Neighbour, heard, noise
from discoverylib import LAN, PORT, cpu_s, delivers, find, find_all, meshed, note
from kithlib import WAIT_S, case, main, same, wait_until
from netns import Network

FLOOD_S = 3
FLOODED_MIN = 2000  # of what gets through to the socket: far more than is verified
CPU_SHARE_MAX = 0.25  # of a core; far below when it is no sanitizer's build
QUIET_S = 1


def setting(scene, count=1):
    """Nodes on hosts of their own, and a neighbour."""
    hosts = Network(scene).hosts(count + 1)
    return hosts, find_all(scene, hosts[:count]), Neighbour(scene, hosts[-1])


def raw_id(node):
    return base64.b32decode(node.id.upper() + "=" * (-len(node.id) % 8))


def wait_heard(udp):
    """Wait for a datagram; that, and what comes with it."""
    udp.settimeout(WAIT_S)
    first = udp.recv(2048)
    return [first, *heard(udp, QUIET_S)]


def still_finds(scene, host, node):
    """The node finds whoever comes next."""
    late = find(scene, host, "late")
    meshed([node, late])
    delivers(late, node)
    return late


@case("garbage of every size lists nobody")
def _(scene):
    net = Network(scene)
    first, second, last = net.hosts(3)
    alice, bad = find(scene, first, "alice"), Neighbour(scene, last)
    chance = random.Random(1)
    for size in [*range(0, 200), 1199, 1200, 1201, 1472]:
        bad.send(chance.randbytes(size))
        bad.send((MAGIC + chance.randbytes(size))[:size])
    for _ in range(50):
        bad.send(noise())
    same(alice.peers(), [])
    late = still_finds(scene, second, alice)
    same([peer["id"] for peer in alice.peers()], [late.id])


@case("a beacon of one who is nobody is dialled, and lists nobody")
def _(scene):
    _, (alice,), bad = setting(scene)
    tcp = bad.listen()
    bad.send(Identity(tcp.getsockname()[1]).beacon())
    tcp.settimeout(WAIT_S)
    tcp.accept()[0].close()
    same(alice.peers(), [])


@case("a beacon in the name of another is not believed")
def _(scene):
    _, (alice, bob), bad = setting(scene, 2)
    meshed([alice, bob])
    bob.kill()
    wait_until("bob is offline", lambda: not alice.online())
    tcp = bad.listen()
    liar = Identity(tcp.getsockname()[1])
    for flags in (0, ANSWER, GOODBYE):
        bad.send(liar.beacon(flags, as_id=raw_id(bob)))
    tcp.settimeout(QUIET_S)
    try:
        tcp.accept()
        raise AssertionError("the liar was dialled")
    except TimeoutError:
        pass
    same(len(alice.peers()), 1)
    same(alice.online(), set())


@case("a goodbye in the name of one who is linked ends nothing")
def _(scene):
    _, (alice, bob), bad = setting(scene, 2)
    meshed([alice, bob])
    for _ in range(3):
        bad.send(Identity(PORT).beacon(GOODBYE, as_id=raw_id(bob)))
    delivers(alice, bob)
    since = alice.peer(bob)["online_since"]
    delivers(bob, alice)
    same(alice.peer(bob)["online_since"], since)


@case("beacons that are sent again lead nowhere and list nobody")
def _(scene):
    hosts = Network(scene).hosts(3)
    bad = Neighbour(scene, hosts[2])
    ear = bad.new_udp(PORT)
    bob = find(scene, hosts[1], "bob")
    recorded = wait_heard(ear)
    bob.kill()
    carol = find(scene, hosts[0], "carol")  # has met nobody
    for _ in range(20):
        for datagram in recorded:
            bad.send(datagram)
    time.sleep(QUIET_S)
    same(carol.peers(), [])
    bob.start()
    meshed([bob, carol])
    assert hosts[1].ipv4 in carol.peer(bob)["address"] or \
        hosts[1].ipv6 in carol.peer(bob)["address"] or "fe80" in carol.peer(bob)["address"]


@case("beacons of a node that runs, sent again by another, do not lead away from it")
def _(scene):
    hosts = Network(scene).hosts(3)
    bad = Neighbour(scene, hosts[2])
    ear = bad.new_udp(PORT)
    bob = find(scene, hosts[1], "bob")
    recorded = wait_heard(ear)
    carol = find(scene, hosts[0], "carol")
    for datagram in recorded * 20:
        bad.send(datagram)
    meshed([bob, carol])
    delivers(bob, carol)


@case("with a passphrase beacons find those who have it, and are noise to everybody else")
def _(scene):
    hosts = Network(scene).hosts(4)
    ear = Neighbour(scene, hosts[3]).new_udp(PORT)
    outside = find(scene, hosts[2], "outside")
    wait_heard(ear)
    nodes = []
    for host in hosts[:2]:
        node = host.node(scene, host.name,
                         env={**LAN, "KITH_NETWORK_PASSPHRASE": "seven small otters sing"})
        nodes.append(node.start("--network", "work"))
    meshed(nodes)
    delivers(*nodes)
    got = [datagram for datagram in wait_heard(ear) if datagram.startswith(MAGIC)]
    same({len(datagram) for datagram in got}, {BEACON_SIZE})
    # By several ways each comes as it is, and no two of them have anything in common.
    told = {datagram[len(MAGIC):] for datagram in got}
    assert len(told) >= 2, got
    for at in 0, 24, 60:
        same(len({rest[at:at + 16] for rest in told}), len(told), "pieces that differ")
    for node in nodes:
        assert not any(raw_id(node) in datagram for datagram in got), "an id shows"
    same((outside.peers(), [len(node.peers()) for node in nodes]), ([], [1, 1]))


def wait_heard_of(sources):
    """Wait until one of them hears something; that, and what all hear in a while."""
    got = []
    wait_until("an answer", lambda: got.extend(d for s in sources for d in heard(s, 0.001)) or got)
    time.sleep(QUIET_S)
    return got + [datagram for source in sources for datagram in heard(source, 0.001)]


@case("a source draws one answer in five seconds, and all sources together ten a second")
def _(scene):
    _, (alice,), bad = setting(scene)
    heard(bad.udp, 0.1)
    for _ in range(40):
        bad.send(Identity(PORT).beacon())
    got = wait_heard(bad.udp)
    same(len(got), 1, "answers to one source")
    same(len(got[0]), len(Identity(PORT).beacon()), "size of an answer")
    bad.send(Identity(PORT).beacon(ANSWER))
    same(heard(bad.udp, 0.2), [], "answers to an answer")
    sources = [bad.new_udp() for _ in range(40)]
    begin = time.monotonic()
    for source in sources:
        bad.send(Identity(PORT).beacon(), source)
    drawn = len(wait_heard_of(sources))
    took = time.monotonic() - begin
    note(f"40 sources drew {drawn} answers in {took:.1f} s")
    assert drawn <= 10 * (took + 1), drawn
    same(alice.peers(), [])


@case("a source that is not of this network draws no answer")
def _(scene):
    hosts = Network(scene).hosts(2, default_route=True)
    find(scene, hosts[0], "alice")
    bad = Neighbour(scene, hosts[1])
    hosts[0].run("nft", "-f", "-", stdin="""
        add table inet watch
        add chain inet watch output { type filter hook output priority 0; policy accept; }
        add rule inet watch output ip daddr 192.0.2.0/24 udp length > 0 counter
        add rule inet watch output ip daddr 10.47.1.99 udp length > 0 counter
        """)
    hosts[0].ip(f"neigh add 10.47.1.99 lladdr 02:00:00:00:00:63 dev {netns.INTERFACE}")
    for source in ("192.0.2.7", "192.0.2.8", "10.47.1.99"):
        bad.spoof(Identity(PORT).beacon(), (source, 5000), hosts[0].ipv4)
    wait_until("who is of it gets one", lambda: answers(hosts[0])[1] == 1)
    same(answers(hosts[0]), [0, 1])


def answers(host):
    """Packets that each rule of `watch` has counted."""
    return [int(line.partition("packets ")[2].split()[0])
            for line in host.run("nft", "list", "table", "inet", "watch").splitlines()
            if "packets " in line]


def udp_in(host):
    """Datagrams that came, whether there was room for them or not."""
    names, values = [line.split() for line in host.run("cat", "/proc/net/snmp").splitlines()
                     if line.startswith("Udp:")]
    counts = dict(zip(names[1:], values[1:]))
    return int(counts["InDatagrams"]) + int(counts["InErrors"])


def flood(bad, to, datagrams, is_over):
    """From a source of its own each, as fast as it goes. How many."""
    count = 0
    while not is_over.is_set():
        source = (f"10.47.1.{2 + count % 250}", 1024 + count % 60000)
        bad.spoof(datagrams[count % len(datagrams)], source, to)
        count += 1
    return count


def flooded(scene, what, datagrams):
    hosts, (alice, bob), bad = setting(scene, 2)
    late_host = hosts[0].net.host()
    meshed([alice, bob])
    begin_cpu, begin, is_over = cpu_s(alice), time.monotonic(), threading.Event()
    sent = []
    thread = threading.Thread(
        target=lambda: sent.append(flood(bad, hosts[0].ipv4, datagrams, is_over)))
    thread.start()
    try:
        time.sleep(FLOOD_S)
        share = (cpu_s(alice) - begin_cpu) / (time.monotonic() - begin)
        asked = time.monotonic()
        delivers(bob, alice)
        delivers(alice, bob)
        answered_s = time.monotonic() - asked
        late = find(scene, late_host, "late")
        found_s = meshed([alice, late], 2 * WAIT_S)
        took = time.monotonic() - begin
    finally:
        is_over.set()
        thread.join()
    note(f"{what}, {sent[0] / took:.0f}/s: {100 * share:.1f} % of a core; two messages in "
         f"{1000 * answered_s:.0f} ms; a new node linked after {found_s:.1f} s")
    assert udp_in(hosts[0]) > FLOODED_MIN, (udp_in(hosts[0]), sent[0])
    assert share < CPU_SHARE_MAX, share
    same({peer["id"] for peer in alice.peers()}, {bob.id, late.id})


@case("a flood of noise from spoofed sources costs little, and hides nobody")
def _(scene):
    flooded(scene, "noise", [noise() for _ in range(500)])


@case("a flood of signed beacons from spoofed sources costs little, and hides nobody")
def _(scene):
    flooded(scene, "signed beacons", [Identity(9).beacon() for _ in range(2000)])


@case("a flood of forged beacons from spoofed sources costs little, and hides nobody")
def _(scene):
    liar = Identity(9)
    flooded(scene, "forged beacons", [liar.beacon(as_id=os.urandom(32)) for _ in range(2000)])


netns.become_root()
main()
