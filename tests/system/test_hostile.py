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
from kithlib import Skip, case, is_soak, main, same, wait_until

HALF_OPEN = 5000 if is_soak else 600
STRANGERS = 5000 if is_soak else 1300  # more than there are places
SOURCES = 200
SOON_S = 30           # who is honest is in by then; as a rule within a tenth of a second
LINK_KB_MAX = 100     # under ASan; a fifth of it is usual
SPARE_KB_MAX = 32 * 1024
HANDSHAKES_MAX = 64   # src/net/net.h
LINKS_MAX = 1024 + 64  # src/core/node.h: those who greeted, and those who are about to
CLOSING_MAX = 256     # and who was told goodbye
OWN_MAX = 8           # descriptors that the node opens for itself meanwhile, for a checkpoint say


def descriptors(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


def memory_kb(node):
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))


# What is freed is to be used again and not kept aside, so that memory tells what is held.
REUSE = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
         ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0"}


class Siege:
    """Alice and Bob talk, whatever happens to Alice."""

    def __init__(self, scene):
        self.scene = scene
        self.alice = scene.node("alice", env=REUSE)
        self.bob = scene.node("bob", self.alice)
        scene.linked(self.alice, self.bob)
        self.said = 0
        self.descriptors, self.memory_kb = descriptors(self.alice), memory_kb(self.alice)

    def talk(self, what):
        """Both ways; how long it took."""
        began = time.monotonic()
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            self.said += 1
            text = f"{what} {self.said}"
            one.say("#lobby", text)
            wait_until(f"'{text}' arrives", lambda o=other, t=text: t in o.texts(room="#lobby"))
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
        assert used <= self.descriptors + OWN_MAX + links_max, used
        assert grown_kb < SPARE_KB_MAX + links_max * LINK_KB_MAX, grown_kb

    def is_over(self, what):
        """Nothing is left of it."""
        wait_until(f"no descriptor is left of {what}",
                   lambda: descriptors(self.alice) <= self.descriptors + OWN_MAX)
        self.talk(f"after {what}")


def join(node, name):
    same(node.request("POST", "/rooms/join", {"room": "#" + name})[0], 200)


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
    soft, hard = has_descriptors(HALF_OPEN)
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


def has_descriptors(count):
    """The limits, if they allow for so many."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < count + 500:
        raise Skip(f"a process may have no more than {limits[1]} descriptors here")
    return limits


def besieged(scene, stage, count, sources, what):
    has_descriptors(count)
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


# ---- slowly ----

class Narrows:
    """A way to a node by which what comes from it passes a byte a second, from the beginning
    or once it is told so."""

    def __init__(self, scene, node, is_slow=False):
        self.is_slow = is_slow
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "%s:%d" % self.listener.getsockname()
        self.onward = socket.socket()
        self.onward.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        host, _, port = node.address.rpartition(":")
        self.onward.connect((host, int(port)))
        self.over = threading.Event()
        scene.at_end(self.close)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        taken = self.listener.accept()[0]
        threading.Thread(target=self._carry, args=(taken, self.onward), daemon=True).start()
        self._carry(self.onward, taken, is_back=True)

    def _carry(self, one, other, is_back=False):
        try:
            while data := one.recv(1 if is_back and self.is_slow else 16384):
                other.sendall(data)
                if is_back and self.is_slow and self.over.wait(1):
                    break
        except OSError:
            pass

    def close(self):
        self.over.set()
        for one in (self.onward, self.listener):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


def slow_reader(siege):
    """Asks for all that Alice ever said, and then reads a byte a second of it."""
    narrows = Narrows(siege.scene, siege.alice)
    bad = BadPeer(siege.scene, "dial", narrows.address).up().prove().greet(b"slow")
    tag = bad.tag(open_room("large"))
    bad.send(rooms(tag))
    for author, _, log, seq, head in entries(bad.wait_frame(VECTOR)):
        bad.send(graft(tag, author=author, log=log, seq=seq, wanted=head))
    bad.wait_frame(RUN)
    narrows.is_slow = True
    return bad, narrows


CLOSED, CLOSE_WAIT = 7, 8  # states of TCP, as Linux numbers them


def is_over(one):
    """Has the other side hung up on this socket?"""
    return one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (CLOSED, CLOSE_WAIT)


@case("a byte a second is too slow to shake hands, to prove, and for a frame; who reads so waits alone")
def _(scene):
    siege = Siege(scene)
    join(siege.alice, "large")
    for _ in range(40):  # 2.4 MB, more than is queued for anybody
        siege.alice.say("#large", "x" * 60000)
    flight = first_flight(scene)
    reader, narrows = slow_reader(siege)
    starts = [time.monotonic()]
    numb = Narrows(scene, siege.alice, is_slow=True)
    BadPeer(scene, "dial", numb.address)
    starts.append(time.monotonic())
    shaking = connect(siege.alice)
    starts.append(time.monotonic())
    proving = BadPeer(scene, "dial", siege.alice.address).up()
    framing = BadPeer(scene, "dial", siege.alice.address).live(b"framing")
    began, over = time.monotonic(), {}
    hearing_at, hello_at, proving_at = starts
    drips = {
        "saying hello to TLS": (shaking.sendall, flight, lambda: is_over(shaking), hello_at, 5),
        "hearing it": (lambda _: None, b"", lambda: is_over(numb.onward), hearing_at, 5),
        "a proof": (proving.send, frame(PROOF, proving.proof()), lambda: is_down(proving),
                    proving_at, 5),
        "a frame": (framing.send, frame(0x7f, bytes(1000)), lambda: is_down(framing), began, 9)}
    for second in range(60):
        for what, (send, data, has_ended, start, _) in drips.items():
            if what not in over and has_ended():
                over[what] = time.monotonic() - start
            elif what not in over:
                send(data[second:second + 1])
        if len(over) == len(drips):
            break
        reader.send(ping())  # it is there, and only reads slowly
        siege.talk("slow ones")
        time.sleep(max(0, began + second + 1 - time.monotonic()))  # the next byte
    grown_kb = memory_kb(siege.alice) - siege.memory_kb
    note(", ".join(f"{what}: over after {s:.1f} s" for what, s in over.items()) +
         f"; {grown_kb} KiB more")
    for what, (*_, due_s) in drips.items():
        # A byte each second would keep it for longer.
        assert due_s / 2 <= over.get(what, 0) <= due_s + 15, (what, over)
    for bad in (proving, framing):
        assert not bad.has_bye, "who is too slow is hung up on without a word"
    assert grown_kb < SPARE_KB_MAX, grown_kb
    for one in (shaking, narrows, numb):
        one.close()
    reader.end()
    siege.is_over("slow ones")


def is_down(bad):
    """Was it hung up on? Whether with a BYE, `has_bye` says."""
    bad.has_bye = getattr(bad, "has_bye", False)
    while not bad.lines.empty():
        line = bad.lines.get()
        if line[0] == "down":
            return True
        bad.has_bye |= line[0] == "frame" and bytes.fromhex(line[1])[0] == BYE
    return False


# ---- as fast as it goes ----

def floods(bad, now_ms):
    """What one peer can say over and over without breaking a rule: (what, frames)."""
    tag, run = bad.tag(LOBBY), Run(bad, LOBBY, now_ms, *[b"again"] * 100)
    own = dict(author=bad.id, log=run.log, seq=100, wanted=run.head)
    yield "a run", run.frame()
    yield "rooms offered and taken back", rooms() + rooms(tag)
    yield "questions for a page", graft(tag, MORE)
    yield "grafts", graft(tag, **own)
    yield "forks", graft(tag, FORK, **own)
    yield "vectors of logs that are not there", b"".join(
        vector(tag, *(entry() for _ in range(600)), is_last=False) for _ in range(4))
    yield "haves of logs that are not there", frame(
        HAVE, tag + struct.pack(">H", 600) + b"".join(entry() for _ in range(600)))
    yield "addresses that have expired", frame(ADDRESSES, b"\1" + struct.pack(">H", 113) + bytes(113))
    yield "calls", frame(CALL, struct.pack(">Q", 1) + os.urandom(32) + b"\1")
    yield "pings", ping()


FLOOD_BYTES = 16 << 20 if is_soak else 4 << 20


@case("a flood of any frame from one peer delays nobody")
def _(scene):
    siege = Siege(scene)
    bad = BadPeer(scene, "dial", siege.alice.address).live()
    bad.send(Run(bad, LOBBY, int(time.time() * 1000), *[b"again"] * 100).frame())
    for what, data in list(floods(bad, int(time.time() * 1000))):
        bad.order("flood", str(FLOOD_BYTES // len(data) + 1), data.hex())
        took_s, used_kb = siege.talk(what), memory_kb(siege.alice) - siege.memory_kb
        note(f"{what}: two messages in {1000 * took_s:.0f} ms, {used_kb} KiB more")
        assert used_kb < 2 * SPARE_KB_MAX, used_kb
        if is_down(bad):  # it did not read what it was told
            bad = BadPeer(scene, "dial", siege.alice.address).live()
    siege.newcomer("floods")
    bad.end()
    siege.is_over("floods")


@case("new keys, asked for without end, end the link")
def _(scene):
    siege = Siege(scene)
    bad = BadPeer(scene, "dial", siege.alice.address).live()
    bad.order("rekey", "5")
    assert bad.is_served()
    bad.order("rekey", "1000")
    wait_until("it is hung up on", lambda: is_down(bad))
    siege.is_over("new keys")


@case("vectors of many rooms, up to the limit and over it, take a bounded memory")
def _(scene):
    siege = Siege(scene)
    names = [f"room{i}" for i in range(30)]
    for name in names:
        join(siege.alice, name)
    bad = BadPeer(scene, "dial", siege.alice.address).up().prove().greet()
    tags = [bad.tag(open_room(name)) for name in names]
    bad.send(rooms(*tags, pad=4096))
    for tag in tags:
        for _ in range(5):
            bad.send(vector(tag, *(entry(seq=2 ** 40 - 1) for _ in range(600)), is_last=False))
    assert bad.is_served()
    grown_kb = memory_kb(siege.alice) - siege.memory_kb
    note(f"{30 * 5 * 600} logs told of in 30 rooms: {grown_kb} KiB more")
    assert grown_kb < 2 * SPARE_KB_MAX, grown_kb
    siege.talk("many logs told of")
    assert bad.is_served()  # it also tells that it is there still
    siege.newcomer("many logs told of")
    assert bad.is_served()
    bad.send(vector(tags[0], *(entry() for _ in range(601))))
    wait_until("the fault ends it", lambda: is_down(bad))
    assert bad.has_bye
    siege.is_over("many logs told of")


main()
