# SPDX-License-Identifier: MIT
"""Many at once, and without end: whatever one address or a thousand of them do, who is
linked goes on talking, who is honest gets in, and nothing grows but to its limit.

The long form (make soak) has thousands where the short one has hundreds."""

import os
import resource
import socket
import subprocess
import threading
import time

from badpeerlib import *
from discoverylib import note
from kithlib import case, is_soak, main, same, wait_until

HALF_OPEN = 5000 if is_soak else 600
STRANGERS = 5000 if is_soak else 1300  # more than there are places
SOURCES = 200
SOON_S = 5            # who is honest is in by then; as a rule within a tenth of a second
LINK_KB_MAX = 400     # under ASan; a fifth of it without
SPARE_KB_MAX = 64 * 1024
HANDSHAKES_MAX = 64   # src/net/net.h
LINKS_MAX = 1024 + 64  # src/core/node.h: those who greeted, and those who are about to
CLOSING_MAX = 256     # and who was told goodbye


def descriptors(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def memory_kb(node):
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


class Siege:
    """Alice and Bob talk, whatever happens to Alice."""

    def __init__(self, scene):
        self.scene = scene
        self.alice, self.bob = scene.pair("alice", "bob")
        self.said = 0
        self.descriptors, self.memory_kb = descriptors(self.alice), memory_kb(self.alice)

    def talk(self, what):
        """Both ways; how long it took."""
        began = time.monotonic()
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            self.said += 1
            text = f"{what} {self.said}"
            one.say("#lobby", text)
            wait_until(f"'{text}' arrives", lambda o=other, t=text: t in o.texts())
        took_s = time.monotonic() - began
        assert took_s < SOON_S, f"{took_s:.1f} s for two messages, with {what}"
        return took_s

    def newcomer(self, what):
        """Somebody honest comes, and is linked soon; how long it took from the ready line."""
        carol = self.scene.node("carol", self.alice)
        began = time.monotonic()
        wait_until(f"carol is linked, with {what}", lambda: self.alice.id in carol.online())
        took_s = time.monotonic() - began
        carol.stop()
        assert took_s < SOON_S, f"{took_s:.1f} s to be linked, with {what}"
        return took_s

    def holds(self, what, links_max):
        """All of it, while it lasts."""
        talk_s, link_s = self.talk(what), self.newcomer(what)
        used, grown_kb = descriptors(self.alice), memory_kb(self.alice) - self.memory_kb
        note(f"{what}: two messages in {1000 * talk_s:.0f} ms, a newcomer linked in "
             f"{1000 * link_s:.0f} ms, {used} descriptors, {grown_kb} KiB more")
        assert used <= self.descriptors + links_max, used
        assert grown_kb < SPARE_KB_MAX + links_max * LINK_KB_MAX, grown_kb

    def is_over(self, what):
        """Nothing is left of it."""
        wait_until(f"no descriptor is left of {what}",
                   lambda: descriptors(self.alice) <= self.descriptors)
        self.talk(f"after {what}")


class Horde:
    """So many peers at a time; see horde.c."""

    def __init__(self, scene, node, count, stage, sources=1):
        self.process = subprocess.Popen(
            [os.environ["KITH_HORDE"], node.address, str(count), str(sources), stage, "again",
             hello(b"guest").hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count = count
        scene.at_end(self.end)

    def reached(self):
        """So many have come that far by now, whether they are still there or not."""
        same(self.process.stdout.readline(), f"reached {self.count}\n".encode())

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()


def first_flight(scene):
    """The ClientHello of a peer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        BadPeer(scene, "dial", "%s:%d" % listener.getsockname())
        with listener.accept()[0] as taken:
            return taken.recv(4096)


def connect(node, source=""):
    host, _, port = node.address.rpartition(":")
    return socket.create_connection((host, int(port)), SOON_S, (source, 0))


@case(f"{HALF_OPEN} half-open connections at once, of one address or of many, keep nobody out")
def _(scene):
    siege = Siege(scene)
    flight = first_flight(scene)
    said = (b"", flight[:20], flight)  # nothing, a piece, and all but the last word
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for what, sources in ((f"{HALF_OPEN} half-open of one address", 1),
                          (f"{HALF_OPEN} half-open of many", SOURCES)):
        opened = []
        try:
            for i in range(HALF_OPEN):
                opened.append(connect(siege.alice, f"127.78.0.{1 + i % sources}"))
                opened[-1].sendall(said[i % len(said)])
            siege.holds(what, HANDSHAKES_MAX + 1)
        finally:
            for one in opened:
                one.close()
        siege.is_over(what)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def besieged(scene, stage, count, sources, what):
    siege = Siege(scene)
    horde = Horde(scene, siege.alice, count, stage, sources)
    horde.reached()
    siege.holds(what, LINKS_MAX + CLOSING_MAX + HANDSHAKES_MAX)
    horde.end()
    siege.is_over(what)


@case("strangers who never prove, and come back as often as they are hung up on, keep nobody out")
def _(scene):
    besieged(scene, "up", STRANGERS, SOURCES, f"{STRANGERS} who never prove, of many addresses")


@case("strangers of one address who never say hello keep nobody out")
def _(scene):
    besieged(scene, "proven", STRANGERS // 10, 1, "strangers who never say hello, of one address")


@case("more peers than there are places: the idlest gives way to who comes")
def _(scene):
    besieged(scene, "live", 1150, SOURCES, "more peers than places")


main()
