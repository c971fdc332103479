# SPDX-License-Identifier: MIT
"""What one node sends to all is heard by the others, whatever the network is like."""

import os
import queue
import signal
import subprocess
import threading
import time

import netns
from kithlib import WAIT_S, case, main, same, wait_until
from netns import Network

PORT = 4747  # of a network that is the test's own
# Root within the namespaces, but with no right to anything.
PLAIN = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")


class Probe:
    """The datagrams of a node on a host. What it heard is kept, changes are counted."""

    def __init__(self, scene, host, port=PORT):
        self.heard = []  # (address without port, port, is_on_link, text)
        self.changes = 0
        self.counted = queue.Queue()
        self.is_ready = threading.Event()
        self.host = host
        self.process = host.popen(*PLAIN, os.environ["KITH_LAN_PROBE"], str(port),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        scene.at_end(self.end)
        assert self.is_ready.wait(WAIT_S), "the probe did not start"

    def _read(self):
        for line in self.process.stdout:
            word, _, rest = line.decode().rstrip("\n").partition(" ")
            if word == "received":
                address, where, text = rest.split(" ", 2)
                host, _, port = address.rpartition(":")
                self.heard.append((host.strip("[]"), int(port), where == "on", text))
            elif word == "changed":
                self.changes += 1
            elif word == "counts":
                self.counted.put(rest.split())
            self.is_ready.set()

    def end(self):
        """By the end of its orders; it has to end cleanly."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
            code = self.process.wait(WAIT_S)
            self.reader.join()
            self.process.stdout.close()
            assert code == 0, f"the probe ended with {code}"

    def order(self, *words):
        self.process.stdin.write(" ".join(words).encode() + b"\n")
        self.process.stdin.flush()

    def announce(self, text):
        self.order("announce", text)

    def counts(self):
        self.order("counts")
        sent, failed, received, too_long, addresses, ipv4, ipv6 = self.counted.get(timeout=WAIT_S)
        return {"sent": int(sent), "failed": int(failed), "received": int(received),
                "too_long": int(too_long), "addresses": int(addresses),
                "ipv4": ipv4, "ipv6": ipv6}

    def copies(self, text):
        """Of where it came from, once for each time it was heard."""
        return [host for host, _ in self.askers(text)]

    def wait_copies(self, text, *hosts):
        """It was heard just so often, from there."""
        wanted = sorted(hosts)
        wait_until(f"'{text}' from {wanted}", lambda: len(self.copies(text)) >= len(wanted))
        same(sorted(self.copies(text)), wanted, f"copies of '{text}'")

    def hears(self, text):
        wait_until(f"'{text}' is heard", lambda: self.copies(text))

    def changed(self):
        """Wait until a change is told, and forget it. On a slow machine one is told as
        several."""
        wait_until("a change is told", lambda: self.changes)
        self.changes = 0

    def askers(self, text):
        """Who said it: host and port, once for each copy."""
        return [(host, port) for host, port, _, heard in list(self.heard) if heard == text]

    def answer(self, asker, text):
        """To the private socket of one of `askers`."""
        host, port = asker
        self.order("send", f"[{host}]:{port}" if ":" in host else f"{host}:{port}", text)


def two(scene, **options):
    net = Network(scene)
    hosts = net.hosts(2, **options)
    return hosts, [Probe(scene, host) for host in hosts]


def sources(host, there="eth0"):
    """Of the copies that reach another host's interface: multicast and broadcast, and IPv6."""
    return ([host.ipv4] * 2 if host.has_ipv4 else []) + (
        [f"{host.link_local()}%{there}"] if host.has_ipv6 else [])


def reaches(speaker, listener, *hosts):
    """Just these copies arrive; at once, or at the latest when all changes are taken in."""
    wanted = sorted(hosts)
    said = []

    def has_come():
        if not said or time.monotonic() > said[-1][1]:
            said.append((f"beacon {os.urandom(4).hex()}", time.monotonic() + 1))
            speaker.announce(said[-1][0])
        return any(sorted(listener.copies(text)) == wanted for text, _ in said)

    wait_until(f"every copy from {wanted}", has_come)


def hear_each_other(a, b):
    reaches(a, b, *sources(a.host))
    reaches(b, a, *sources(b.host))


@case("two hosts hear each other by IPv4 multicast and broadcast and by IPv6, all on-link")
def _(scene):
    (alice, bob), (a, b) = two(scene)
    a.announce("from alice")
    b.wait_copies("from alice", *sources(alice))
    b.announce("from bob")
    a.wait_copies("from bob", *sources(bob))
    assert all(on_link for _, _, on_link, _ in a.heard + b.heard), (a.heard, b.heard)
    same({port for _, port, _, _ in b.heard} & {PORT}, set(), "shared ports sent from")


@case("with IPv4 alone, and with IPv6 alone")
def _(scene):
    for options in {"ipv6": False}, {"ipv4": False}:
        _, (a, b) = two(scene, **options)
        hear_each_other(a, b)


@case("with a default route just as without one")
def _(scene):
    (alice, _), (a, b) = two(scene, default_route=True)
    a.announce("hello")
    b.wait_copies("hello", *sources(alice))


@case("several of a host all hear; an answer reaches only who asked")
def _(scene):
    (alice, bob), (a, b) = two(scene)
    a2, b2 = Probe(scene, alice), Probe(scene, bob)
    a.announce("who is there?")
    for probe in a2, b, b2:
        probe.hears("who is there?")
    b.wait_copies("who is there?", *sources(alice))
    for number, asker in enumerate(b.askers("who is there?")):
        b.answer(asker, f"answer {number}")
        a.hears(f"answer {number}")
    b2.answer(b2.askers("who is there?")[0], "last")
    a.hears("last")
    for probe in a2, b, b2:
        same([t for _, _, _, t in probe.heard if t != "who is there?"], [], "heard besides")
    a.answer(a.askers("last")[0], "thanks")  # answers too come from a private socket
    b2.hears("thanks")
    same(b.copies("thanks"), [], "what is not b's")


@case("where multicast is dropped broadcast is heard, and the other way round")
def _(scene):
    (alice, bob), (a, b) = two(scene)
    bob.drop("multicast")
    a.announce("by broadcast")
    b.wait_copies("by broadcast", alice.ipv4)
    bob.drop_nothing()
    bob.drop("broadcast")
    a.announce("by multicast")
    b.wait_copies("by multicast", alice.ipv4, alice.link_local() + "%eth0")
    bob.drop("multicast")
    a.announce("by nothing")
    b.announce("still there?")
    a.hears("still there?")
    a.answer(a.askers("still there?")[0], "still here")
    b.hears("still here")
    same(b.copies("by nothing"), [], "copies that were dropped")


@case("an interface that goes down and comes up is told, and heard on again")
def _(scene):
    (alice, _), (a, b) = two(scene)
    alice.down()
    a.changed()
    a.announce("nowhere")  # loopback alone hears it
    a.hears("nowhere")
    same(a.counts()["ipv4"], "OK", "IPv4")
    alice.up()
    a.changed()
    hear_each_other(a, b)
    same(b.copies("nowhere"), [], "copies of what was said while down")


@case("a cable that is pulled and plugged in is told, also in one moment")
def _(scene):
    (alice, _), (a, b) = two(scene)
    alice.unplug()
    a.changed()
    alice.plug()
    a.changed()
    hear_each_other(a, b)
    alice.ip("link set eth0 down", "link set eth0 up")
    a.changed()
    hear_each_other(a, b)


@case("a changed address is told, and the new one sent from")
def _(scene):
    (alice, _), (a, b) = two(scene)
    alice.readdress(77)
    a.changed()
    hear_each_other(a, b)


@case("a lease that is renewed is no change")
def _(scene):
    (alice, _), (a, _) = two(scene)
    end = time.monotonic() + 0.5  # longer than it takes to settle
    while time.monotonic() < end:
        alice.ip(f"addr change {alice.ipv6}/64 dev eth0 valid_lft 1000 preferred_lft 500 nodad",
                 f"addr change {alice.ipv4}/24 dev eth0 valid_lft 1000 preferred_lft 500")
    same(a.changes, 0, "changes")
    alice.readdress(77)
    a.changed()


@case("interfaces that come later are heard on, all of them, and one that goes is not missed")
def _(scene):
    net = Network(scene)
    other = net.bridge()
    alice, bob = net.hosts(2)
    carol = net.host(other)
    a, b, c = (Probe(scene, host) for host in (alice, bob, carol))
    hear_each_other(a, b)
    same(c.heard, [], "heard on a network that nobody else is on")
    alice.attach(other)
    a.changed()
    hear_each_other(a, b)
    reaches(c, a, *sources(carol, "eth1"))
    reaches(a, c, *[other.ipv4(alice.number)] * 2, alice.link_local("eth1") + "%eth0")
    alice.run("ip", "link", "del", "eth0")
    a.changed()
    reaches(c, a, *sources(carol, "eth1"))


@case("two networks on one interface, and two addresses of one network")
def _(scene):
    (alice, bob), (a, b) = two(scene)
    alice.ip("addr add 192.168.99.2/24 dev eth0")
    bob.ip("addr add 192.168.99.1/24 dev eth0", f"addr add {bob.bridges[0].ipv4(99)}/24 dev eth0")
    a.changed()
    b.changed()
    reaches(b, a, *sources(bob), *["192.168.99.1"] * 2)


@case("two interfaces on one network, or on two that have the same addresses")
def _(scene):
    net = Network(scene)
    other = net.bridge()
    alice = net.host(net.bridges[0], net.bridges[0], other)
    bob, carol = net.host(), net.host(other, ipv4=False)
    alice.ip(f"addr add {net.bridges[0].ipv4(98)}/24 dev eth2")
    carol.ip(f"addr add {net.bridges[0].ipv4(99)}/24 dev eth0")
    a, b, c = (Probe(scene, host) for host in (alice, bob, carol))
    reaches(a, b, *[alice.ipv4] * 4,
            *[f"{alice.link_local(name)}%eth0" for name in ("eth0", "eth1")])
    # The broadcast of the one network, the multicasts of both.
    reaches(a, c, *[net.bridges[0].ipv4(98)] * 2, other.ipv4(alice.number),
            alice.link_local("eth2") + "%eth0")


@case("an IPv6 address is told when it is found to be nobody else's, and not before")
def _(scene):
    net = Network(scene)
    alice, bob = net.hosts(2, ipv4=False)
    a, b = Probe(scene, alice), Probe(scene, bob)
    alice.run("sh", "-c", "cd /proc/sys/net/ipv6/conf/eth0 && echo 1 >accept_dad && "
                          "echo 1 >dad_transmits")
    alice.down()
    wait_until("loopback alone is left", lambda: a.counts()["addresses"] == 2)
    a.changes = 0
    alice.ip("link set eth0 up")
    a.changed()
    shown = alice.run("ip", "addr", "show", "dev", "eth0")
    assert "fe80:" in shown and "tentative" not in shown, shown
    hear_each_other(a, b)
    alice.ip(f"addr add {alice.ipv6}/64 dev eth0")  # not nodad
    a.changed()
    shown = alice.run("ip", "addr", "show", "dev", "eth0")
    assert alice.ipv6 in shown and "tentative" not in shown, shown


@case("a source beyond a router is said to be off-link")
def _(scene):
    net = Network(scene)
    other = net.bridge()
    alice, router, carol = net.host(), net.host(net.bridges[0], other), net.host(other)
    router.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    carol.ip(f"route add default via {other.ipv4(router.number)}")
    alice.ip(f"route add default via {router.ipv4}")
    a = Probe(scene, alice)
    carol.run("python3", "-c", "import socket; socket.socket(socket.AF_INET, "
              f"socket.SOCK_DGRAM).sendto(b'far', ('{alice.ipv4}', {PORT}))")
    a.hears("far")
    same([(host, on_link) for host, _, on_link, _ in a.heard], [(carol.ipv4, False)], "heard")
    a.announce("near")
    a.answer(a.askers("far")[0], "too far")  # with one hop to live the router does not pass it on
    c = Probe(scene, carol)
    a.order("send", f"{carol.ipv4}:{PORT}", "too far")
    router.run("python3", "-c", "import socket; socket.socket(socket.AF_INET, "
               f"socket.SOCK_DGRAM).sendto(b'near', ('{carol.ipv4}', {PORT}))")
    c.hears("near")
    same(c.copies("too far"), [], "what came through the router")


@case("a kernel whose messages of changes were lost is asked anew")
def _(scene):
    (alice, _), (a, b) = two(scene)
    a.process.send_signal(signal.SIGSTOP)
    alice.ip(*(f"addr {verb} 10.99.{i // 250}.{1 + i % 250}/32 dev lo" for i in range(2000)
               for verb in ("add", "del")))
    alice.readdress(77)
    a.process.send_signal(signal.SIGCONT)
    a.changed()
    hear_each_other(a, b)
    alice.down()
    a.changed()  # it is still listened to


@case("a flood is neither handed up nor in the way of answers, and costs little")
def _(scene):
    net = Network(scene)
    alice, bob, mallory = net.hosts(3)
    a, b = Probe(scene, alice), Probe(scene, bob)
    begin = time.monotonic()
    flood = mallory.popen("python3", "-c", f"""
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
end, sent = time.monotonic() + 3, 0
while time.monotonic() < end:
    for _ in range(100):
        s.sendto(b"flood", ("{alice.bridges[0].ipv4(255)}", {PORT}))
    sent += 100
    time.sleep(0.001)
print(sent)""", stdout=subprocess.PIPE)
    scene.at_end(flood.kill)
    wait_until("the flood has begun", lambda: len(a.copies("flood")) > 200)
    before_s = cpu_s(a)
    a.announce("help")
    b.hears("help")  # by IPv6 at the least, which is not flooded
    b.answer(b.askers("help")[0], "here I am")
    a.hears("here I am")
    sent = int(flood.communicate(timeout=WAIT_S)[0])
    used_s = cpu_s(a) - before_s
    heard = len(a.copies("flood"))
    took = time.monotonic() - begin
    print(f"# of {sent} datagrams {heard} handed up, {used_s:.2f} s of CPU in 3 s")
    assert heard < 256 + 125 * (took + 1), (heard, took)


def cpu_s(probe):
    with open(f"/proc/{probe.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@case("a link-local address with its scope can be dialled")
def _(scene):
    net = Network(scene)
    alice, bob = net.hosts(2, ipv4=False)
    a = alice.node(scene, "alice").start()
    port = a.address.rpartition(":")[2]
    b = bob.node(scene, "bob", "--peer", f"[{alice.link_local()}%eth0]:{port}").start()
    scene.linked(a, b)
    same(b.peer(a)["path"], "lan", "path")


netns.become_root()
main()
