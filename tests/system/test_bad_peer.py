# SPDX-License-Identifier: MIT
"""What peers can send that they should not: each is a named error of that link alone."""

import itertools
import os
import socket
import ssl
import struct
import time

from badpeerlib import *
from kithlib import case, main, same, wait_until


class Good:
    """Two nodes that get on, whatever happens to the first one."""

    def __init__(self, scene):
        self.scene = scene
        self.alice, self.bob = scene.pair("alice", "bob")
        self.sent = 0

    def dial(self, seed=None):
        return BadPeer(self.scene, "dial", self.alice.address, seed)

    def still_serves(self, what):
        """A message passes between the good ones, and both are still linked."""
        self.sent += 1
        text = f"still here {self.sent}"
        self.alice.say("#lobby", text)
        wait_until(f"'{text}' arrives after {what}", lambda: text in self.bob.texts())

    def names(self, error, bad, what):
        wait_until(f"{error} is in the log after {what}",
                   lambda: self.alice.logs(error, id_short(bad.id)))

    def refuses(self, what, bad, error, *frames):
        """These frames cost the sender its link, and nobody else anything."""
        bad.send(*frames)
        bad.wait_down()
        self.names(error, bad, what)
        self.still_serves(what)


def now_ms():
    return int(time.time() * 1000)


@case("a proof that is wrong, replayed, mirrored or cut short is refused")
def _(scene):
    good = Good(scene)
    good.refuses("a wrong proof", bad := good.dial().up(), "EPROOF", frame(PROOF, os.urandom(32)))
    seed = os.urandom(32)
    before = good.dial(seed).up()
    stolen = before.proof()
    good.refuses("a proof of another connection", good.dial(seed).up(), "EPROOF",
                 frame(PROOF, stolen))
    bad = good.dial().up()
    good.refuses("the listener's proof from the dialler", bad, "EPROOF",
                 frame(PROOF, bad.proof(is_dialler=False)))
    good.refuses("half a proof", good.dial().up(), "EPROTO", frame(PROOF, bytes(16)))


@case("a listener that mirrors the dialler's proof is refused")
def _(scene):
    bad = BadPeer(scene, "listen", "127.0.0.1:0")
    where = bad.wait("listening")[0]
    carol = scene.make("carol", "--peer", where).start()
    bad.up()
    theirs = bad.wait_frame(PROOF)
    bad.send(frame(PROOF, theirs))
    bad.wait_down()
    wait_until("EPROOF is in the log", lambda: carol.logs("EPROOF", id_short(bad.id)))


@case("nothing is taken from a stranger before the proof")
def _(scene):
    good = Good(scene)
    for what, early in (("HELLO", hello()), ("PING", ping()), ("ROOMS", rooms()),
                        ("RUN", frame(RUN, bytes(200))), ("an unknown type", frame(0x7f)),
                        ("GRAFT", graft(bytes(16)))):
        good.refuses(f"{what} before the proof", good.dial().up(), "EUNEXPECTED", early)
    good.refuses("a long frame of a stranger", good.dial().up(), "ETOOBIG",
                 struct.pack(">IB", 5000, PROOF) + bytes(4999))
    good.refuses("an empty frame", good.dial().up(), "EPROTO", bytes(4))


@case("a HELLO that is cut short, comes twice or speaks another version is refused")
def _(scene):
    good = Good(scene)
    whole = hello()[5:]
    for size in (0, 1, 17, 21, 22, len(whole) - 1):
        good.refuses(f"HELLO of {size} bytes", good.dial().up().prove(), "EPROTO",
                     frame(HELLO, whole[:size]))
    good.refuses("HELLO twice", good.dial().live(), "EUNEXPECTED", hello())
    good.refuses("PROOF again", good.dial().live(), "EUNEXPECTED", frame(PROOF, bytes(32)))
    good.refuses("a later version", good.dial().up().prove(), "EVERSION", hello(versions=(2, 9)))
    good.refuses("an inverted version", good.dial().up().prove(), "EPROTO", hello(versions=(3, 1)))


@case("a frame beyond the limits or cut short ends the link, an unknown one is skipped")
def _(scene):
    good = Good(scene)
    bad = good.dial().live()
    bad.send(frame(0x7f, b"of a later version"), frame(0xff))
    assert bad.is_served()
    good.refuses("a frame of 1 MiB and 1", bad, "ETOOBIG", struct.pack(">IB", 2 ** 20 + 1, RUN))
    good.refuses("a frame of 4 GiB", good.dial().live(), "ETOOBIG", b"\xff" * 64)
    good.refuses("an empty frame", good.dial().live(), "EPROTO", bytes(4))
    for kind in (PING, PONG, BYE, ROOMS, VECTOR, RUN, HAVE, GRAFT, PRUNE, FORK):
        good.refuses(f"frame {kind:#x} without fields", good.dial().live(), "EPROTO", frame(kind))
    descending = b"\2" * 16 + b"\1" * 16
    good.refuses("tags out of order", good.dial().live(), "EPROTO",
                 frame(ROOMS, struct.pack(">H", 2) + descending))


@case("forged and broken runs are refused, and shown nowhere")
def _(scene):
    good = Good(scene)
    alice = good.alice

    def one(room=LOBBY, text=b"forged", **more):
        bad = good.dial().live()
        return bad, Run(bad, room, now_ms(), text, **more)

    bad, run = one()
    good.refuses("a forged signature", bad, "ESIGNATURE", run.frame(os.urandom(64)))
    bad, run = one(author=id_bytes(good.bob.id))
    good.refuses("another's name under it", bad, "ESIGNATURE", run.frame())
    bad, run = one()
    run.add(hlc(now_ms() + 1), message_body(b"forged"), body_hash=os.urandom(32))
    good.refuses("a body that is not the one signed", bad, "ECHAIN", run.frame())
    bad, run = one()
    run.add(hlc(1), message_body(b"forged"))
    good.refuses("time that runs back", bad, "EPROTO", run.frame())
    bad, run = one(seq=1, prev=os.urandom(32))
    good.refuses("a first event with one before it", bad, "EPROTO", run.frame())
    bad, run = one(seq=2 ** 40)
    good.refuses("a number past the last", bad, "ETOOBIG", run.frame())
    bad = good.dial().live()
    direct = direct_room(bad.id, bad.peer)
    run = Run(bad, direct, now_ms(), b"forged", author=id_bytes(good.bob.id))
    good.refuses("another author in a direct room", bad, "EUNEXPECTED", run.frame())
    bad, run = one()
    raw = bytearray(run.frame())
    raw += b"more"
    raw[:4] = struct.pack(">I", len(raw) - 4)
    good.refuses("bytes after the last event", bad, "EPROTO", bytes(raw))
    bad, run = one()
    whole = run.frame()[5:]
    good.refuses("half a run", bad, "EPROTO", frame(RUN, whole[:len(whole) // 2]))
    for node in (alice, good.bob):
        assert "forged" not in node.texts(), f"{node.name} shows what is forged"


@case("signed well and yet not to be shown: no text, bad text, a broken chain, another room or class")
def _(scene):
    good = Good(scene)
    alice = good.alice
    bad = good.dial().live()

    clock = itertools.count(now_ms())  # two runs of a log never have one time

    def say(*texts_, room=LOBBY, **more):
        run = Run(bad, room, next(clock), *texts_, **more)
        bad.send(run.frame())
        return run

    say(b"the first good one")
    say(b"hidden \xff\xfe")               # no UTF-8
    say(b"hidden \x00 behind a zero")     # an end to C, and to many others
    say(b"")                              # a message has a text
    say(b"hidden " * 9363)                # 65,541 bytes
    run = say(b"base")
    say(b"hidden, the one before is unknown", log=run.log, seq=2, prev=os.urandom(32))
    say(b"hidden, there is a gap", log=run.log, seq=9, prev=os.urandom(32))
    say(b"hidden, for nobody's room", room=os.urandom(32))
    say(b"hidden, of an unknown kind", kind=77)
    say(b"hidden, in a control log", log_class=CONTROL)
    say(b"the last good one", log=run.log, seq=2, prev=run.head)
    bad.is_served()
    wait_until("the last one is shown", lambda: "the last good one" in alice.texts())
    shown = [text for text in alice.texts() if "still here" not in text]
    same(sorted(shown), sorted(["the first good one", "base", "the last good one"]), "shown")
    good.still_serves("unusable messages")
    wait_until("the good ones are passed on", lambda: "the last good one" in good.bob.texts())
    assert not any("hidden" in text for text in good.bob.texts())


@case("vectors and grafts of logs that nobody has cost nobody else anything")
def _(scene):
    good = Good(scene)
    bad = good.dial().live()
    tag = bad.tag(LOBBY)
    good.refuses("event number 0", bad, "EPROTO", vector(tag, entry(seq=0)))
    bad = good.dial().live()
    good.refuses("a number past the last", bad, "ETOOBIG",
                 vector(bad.tag(LOBBY), entry(seq=2 ** 63)))
    bad = good.dial().live()
    good.refuses("a floor above the head", bad, "EPROTO",
                 vector(bad.tag(LOBBY), entry(seq=5, floor=6)))
    bad = good.dial().live()
    good.refuses("601 entries", bad, "ETOOBIG",
                 vector(bad.tag(LOBBY), *(entry() for _ in range(601))))
    bad = good.dial().live()
    good.refuses("more entries announced than sent", bad, "EPROTO",
                 vector(bad.tag(LOBBY), entry(), count=2))
    bad = good.dial().live()
    for _ in range(10):
        bad.send(vector(bad.tag(LOBBY), *(entry(seq=2 ** 40 - 1) for _ in range(600)),
                        is_last=False))
    good.still_serves("6,000 logs that do not exist")
    bad = good.dial().live()
    bad.send(vector(os.urandom(16), entry()), graft(bad.tag(LOBBY)), graft(os.urandom(16)),
             graft(bad.tag(LOBBY), PRUNE), graft(bad.tag(LOBBY), FORK),
             graft(bad.tag(LOBBY), author=bad.peer, seq=2 ** 40 - 1))
    assert bad.is_served()
    good.still_serves("grafts of unknown logs")
    good.refuses("a locator that ascends", bad, "EPROTO",
                 graft(bad.tag(LOBBY), seq=9, have=((1, ZERO), (2, ZERO))))


@case("hearsay of more logs than a room holds leaves place for those who speak")
def _(scene):
    good = Good(scene)
    bad = good.dial().live()
    for _ in range(112):  # 67,200
        bad.send(vector(bad.tag(LOBBY), *(entry(seq=2 ** 30) for _ in range(600)),
                        is_last=False))
    assert bad.is_served()
    good.still_serves("much hearsay")
    carol = scene.node("carol", good.alice)
    carol.say("#lobby", "I am new")
    wait_until("a new author is heard", lambda: "I am new" in good.alice.texts())


@case("a flood of pings that nobody reads the answers of stays that link's own trouble")
def _(scene):
    good = Good(scene)
    bad = good.dial().live()
    bad.order("pause")
    bad.order("flood", "400000", ping().hex())
    for round_ in range(5):
        good.still_serves(f"a flood, round {round_}")
    bad.end()
    good.still_serves("the flood")


@case("a message from tomorrow waits, and stops nothing")
def _(scene):
    good = Good(scene)
    bad = good.dial().live()
    run = Run(bad, LOBBY, now_ms() + 3 * 24 * 3600 * 1000, b"from the future")
    bad.send(run.frame())
    bad.is_served()
    wait_until("the warning", lambda: good.alice.logs("a day ahead", id_short(bad.id)))
    good.still_serves("a message from the future")
    assert "from the future" not in good.alice.texts()


# ---- what does not even come as far as a link ----

def connect(node):
    host, _, port = node.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def client_hello():
    """Of an ordinary TLS 1.3 client, which has no raw key."""
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


@case("garbage, an ordinary TLS client and half a handshake do not disturb a node")
def _(scene):
    good = Good(scene)
    first = client_hello()
    for what, data in (("garbage", os.urandom(4096)), ("a web request", b"GET / HTTP/1.1\r\n\r\n"),
                       ("an ordinary TLS client", first), ("a record too long", b"\x16\3\1\xff\xff" * 9),
                       ("zeroes", bytes(100000))):
        with connect(good.alice) as stranger:
            try:
                stranger.sendall(data)
                while stranger.recv(65536):
                    pass
            except OSError:  # reset: hung up on
                pass
        good.still_serves(what)
    for size in range(1, len(first), 37):
        with connect(good.alice) as stranger:
            stranger.sendall(first[:size])
    good.still_serves("handshakes that were cut short")


@case("a hundred silent and half-open connections keep nobody out")
def _(scene):
    good = Good(scene)
    first = client_hello()
    silent = []
    try:
        for i in range(100):
            silent.append(connect(good.alice))
            if i % 2:
                silent[-1].sendall(first[:-9])
        good.still_serves("a hundred silent connections")
        carol = scene.node("carol", good.alice)
        scene.linked(good.alice, carol)
        good.still_serves("a new peer among them")
    finally:
        for stranger in silent:
            stranger.close()


if __name__ == "__main__":
    main()
