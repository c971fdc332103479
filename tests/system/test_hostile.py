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
from kithlib import WAIT_STEP_S, Skip, case, is_soak, main, same, wait_until

HALF_OPEN = 5000 if is_soak else 600
STRANGERS = 5000 if is_soak else 1300  # more than there are places
FLOODERS = 500 if is_soak else 100
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

    def __init__(self, scene, room="#lobby"):
        self.scene, self.room = scene, room
        self.alice = scene.node("alice", env=REUSE)
        self.bob = scene.node("bob", self.alice)
        scene.linked(self.alice, self.bob)
        for node in (self.alice, self.bob):
            join(node, room.removeprefix("#"))
        self.said = 0
        self.descriptors, self.memory_kb = descriptors(self.alice), memory_kb(self.alice)

    def talk(self, what):
        """Both ways; how long it took."""
        began = time.monotonic()
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            self.said += 1
            text = f"{what} {self.said}"
            one.say(self.room, text)
            wait_until(f"'{text}' arrives", lambda o=other, t=text: t in o.texts(room=self.room))
        took_s = time.monotonic() - began
        assert took_s < SOON_S, f"{took_s:.1f} s for two messages, with {what}"
        return took_s

    def linked_since(self):
        """As each has it of the other: the same later on if neither lost the other."""
        return [one.peer(other)["online_since"]
                for one, other in ((self.alice, self.bob), (self.bob, self.alice))]

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

    def __init__(self, scene, node, count, stage, sources=1, frames=b""):
        self.process = subprocess.Popen(
            [os.environ["KITH_HORDE"], node.address, str(count), str(sources), stage, "again",
             hello(b"guest").hex(), *([frames.hex()] if frames else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count, self.told = count, {}
        scene.at_end(self.end)

    def reached(self):
        """So many have come that far by now, whether they are still there or not."""
        same(self.process.stdout.readline(), f"reached {self.count}\n".encode())

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            words = self.process.stdout.readlines()[-1].split()
            self.told = {name.decode(): int(n) for name, n in zip(words[::2], words[1::2])}
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

QUIET = "#quiet"  # where Alice and Bob talk while somebody fills the other rooms


def fresh(bad, room, log_class=CONTENT, kind=MESSAGE, body=message_body(b"fresh" * 20)):
    """The order for one signed event after the other, each in a run of its own."""
    run, now_ms = Run(bad, room, 0), int(time.time() * 1000)
    run.log_class = log_class
    run.add(hlc(now_ms), body, kind)
    return "chain", room.hex(), run.frame().hex()


ASKING = ("rooms offered and taken back", "questions for a page", "grafts", "forks", "pings",
          "a run that is known", "calls")


def floods(bad):
    """What one peer can say over and over without breaking a rule: (what, order)."""
    tag, run = bad.tag(LOBBY), Run(bad, LOBBY, int(time.time() * 1000), *[b"again"] * 100)
    own = dict(author=bad.id, log=run.log, seq=100, wanted=run.head)
    bad.send(run.frame())
    name = b"mallory 00000000"
    yield "fresh messages", fresh(bad, open_room("flooded"))
    yield "fresh messages where all talk", fresh(bad, LOBBY)
    yield "a new name", fresh(bad, LOBBY, CONTROL, PROFILE, bytes([len(name)]) + name)
    for what, frames in (
            ("a run that is known", run.frame()),
            ("rooms offered and taken back", rooms() + rooms(tag)),
            ("questions for a page", graft(tag, MORE)),
            ("grafts", graft(tag, **own)),
            ("grafts of what nobody has", graft(tag)),
            ("prunes", graft(tag, PRUNE, **own) + graft(tag, PRUNE)),
            ("forks", graft(tag, FORK, **own)),
            ("vectors of logs that are not there", b"".join(
                vector(tag, *(entry() for _ in range(600)), is_last=False) for _ in range(4))),
            ("haves of logs that are not there", frame(
                HAVE, tag + struct.pack(">H", 600) + b"".join(entry() for _ in range(600)))),
            ("addresses that have expired",
             frame(ADDRESSES, b"\1" + struct.pack(">H", 113) + bytes(113))),
            ("calls", frame(CALL, struct.pack(">Q", 1) + os.urandom(32) + b"\1")),
            ("rings", frame(RING, bytes(8) + os.urandom(32) + b"\1l\0\x20" + os.urandom(32))),
            ("pings", ping()),
            ("pongs", frame(PONG, bytes(8))),
            ("frames of a later version", frame(0x7f, os.urandom(100)))):
        yield what, ("pour", frames.hex())


class Flood:
    """Somebody who says that without end, and comes back at once when hung up on."""

    def __init__(self, scene, node, what):
        self.scene, self.node, self.what = scene, node, what
        self.poured = self.falls = 0
        self.over = threading.Event()
        scene.at_end(self.over.set)
        self._dial()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.goes_on()

    def _dial(self):
        self.before = self.poured
        self.bad = BadPeer(self.scene, "dial", self.node.address).live()
        self.bad.send(rooms(*(self.bad.tag(open_room(name)) for name in ("lobby", "flooded"))))
        self.bad.order(*dict(floods(self.bad))[self.what])

    def _run(self):
        is_down = False
        while not self.over.wait(WAIT_STEP_S):
            try:
                if is_down:
                    self._dial()
                is_down = False
                self.poured = self.before + self.bad.poured()
            except Down:
                self.falls += 1
                self.bad.end()
                is_down = True

    def goes_on(self):
        """More of it comes."""
        before = self.poured
        wait_until(f"more comes of {self.what}", lambda: self.poured > before)

    def ends(self):
        self.over.set()
        self.thread.join()
        self.bad.end()


@case("a flood of any frame from one peer delays nobody")
def _(scene):
    siege = Siege(scene, QUIET)
    since = siege.linked_since()
    join(siege.alice, "flooded")
    somebody = BadPeer(scene, "dial", siege.alice.address).live()
    for what in dict(floods(somebody)):
        flood = Flood(scene, siege.alice, what)
        took_s, used_kb = siege.talk(what), memory_kb(siege.alice) - siege.memory_kb
        flood.goes_on()  # and so it did all the time
        flood.ends()
        note(f"{what}: two messages in {1000 * took_s:.0f} ms, of {flood.poured >> 10} KiB, "
             f"{used_kb} KiB more" + f", hung up on {flood.falls} times" * (flood.falls > 0))
        assert used_kb < 2 * SPARE_KB_MAX, used_kb
        # Many answers wait for who asks so fast: 8 MiB of them end a link.
        assert what in ASKING or flood.falls == 0, (what, flood.falls)
    same(siege.linked_since(), since, "since when they are linked")
    wait_until("the messages were taken",
               lambda: len(siege.alice.texts(room="#flooded")) > 10)
    wait_until("and so were the names", lambda: any(
        peer["name"].partition("~")[0] > "mallory 00000010" for peer in siege.alice.peers()))
    somebody.end()
    siege.newcomer("floods")
    siege.is_over("floods")


@case(f"a flood from each of {FLOODERS} peers at once delays nobody")
def _(scene):
    has_descriptors(FLOODERS)
    siege = Siege(scene)
    since = siege.linked_since()
    horde = Horde(scene, siege.alice, FLOODERS, "live", SOURCES,
                  (ping() + frame(0x7f, os.urandom(100))) * 100)
    horde.reached()
    for _ in range(5):
        siege.talk("floods from all sides")
    siege.holds(f"{FLOODERS} floods at once", FLOODERS)
    same(siege.linked_since(), since, "since when they are linked")
    horde.end()
    note(f"{horde.told['poured'] >> 20} MiB came")
    same(horde.told["ended"], 0, "of the floods")
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
