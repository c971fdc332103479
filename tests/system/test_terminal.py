# SPDX-License-Identifier: MIT
"""Nothing that a peer says or calls itself forges a line or reaches the terminal as an order."""

import json
import time

from badpeerlib import LOBBY as LOBBY_ID
from badpeerlib import BadPeer, Run
from kithlib import DONE, case, main, same, wait_until

LOBBY = "#lobby"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
INVISIBLE = "\u200b\u2028\u2029\ufeff\u0085"
NASTY = [
    "clear\x1b[2J\x1b[H", "title\x1b]0;owned\x07", "bell\a\b\b\bback", "\rreturn over", "tab\tin it",
    "del\x7f", "c1\u009b31mred", "vertical\vform\f", "nul-free\x01\x02\x1f",
    "line one\nalice~me: forged line", "line one\r\n12:00:00 alice~me: forged",
    f"bidi {BIDI} end", f"invisible {INVISIBLE} end", "\n\n\n", "\x1b", "ends in a return\r",
    "\u2028alice~me: forged", "\u0085alice~me: forged",
]


def unsafe(out):
    """What of these bytes a terminal would obey, but for line feeds."""
    text = out.decode()  # it has to be UTF-8 in any case
    return [c for c in text if (c < " " and c != "\n") or "\x7f" <= c <= "\x9f"
            or c in BIDI + "\u200b\u2028\u2029\ufeff"]


@case("texts: a message is one line that begins with time and sender, what follows is indented")
def _(scene):
    alice, bob = scene.pair()
    for text in NASTY:
        alice.say(LOBBY, text)
    wait_until("all are there", lambda: len(bob.history()) == len(NASTY))
    same(bob.texts(), NASTY, "the text itself is unchanged")
    for node in (alice, bob):
        out = node.kith("tail", "--no-follow").expect(DONE).out
        assert not unsafe(out), f"reaches the terminal: {unsafe(out)}"
        lines = out.decode().split("\n")[:-1]
        heads = [line for line in lines if not line.startswith("         ")]
        same(len(heads), len(NASTY), f"lines that begin a message: {heads}")
        me = "alice~me: " if node is alice else "alice: "
        for line in heads:
            assert line[2] == line[5] == ":" and line[9:].startswith(me), line
    out = bob.kith("tail", "--no-follow", "--json").expect(DONE).out
    assert not unsafe(out), f"reaches the terminal: {unsafe(out)}"
    same([json.loads(line)["text"] for line in out.split(b"\n")[:-1]], NASTY)


@case("names: one that cannot be a name is not shown, in peers, tail or log")
def _(scene):
    alice = scene.node("alice")
    names = [b"\x1b[2J", b"a\nb", b"bob\x1b]0;x\x07", "\u202egnol".encode(), b"\xff\xfe", b"",
             b"a\rb", b"~me", b"x" * 32 + b"y", "zero\u200bwidth".encode(), b"alice~me: hi"]
    bad = []
    for i, name in enumerate(names):
        peer = BadPeer(scene, "dial", alice.address).live(name)
        peer.send(Run(peer, LOBBY_ID, int(time.time() * 1000), b"text %d" % i).frame())
        bad.append(peer)
    wait_until("all have spoken", lambda: len(alice.texts()) == len(names))
    for words in (("peers",), ("peers", "--json"), ("tail", "--no-follow"), ("rooms",),
                  ("tail", "--no-follow", "--json"), ("rooms", "--json")):
        out = alice.kith(*words).expect(DONE).out
        assert not unsafe(out), f"{words}: {unsafe(out)}"
    table = alice.kith("peers").expect(DONE).out.decode().split("\n")[:-1]
    same(len(table), 1 + len(names), "lines of `kith peers`")
    for line in alice.kith("tail", "--no-follow").out.decode().split("\n")[:-1]:
        assert "~me" not in line, line
    log = alice.log().encode()
    assert not unsafe(log), f"in the log: {unsafe(log)}"


@case("a peer of the same name is told apart, and cannot look like this node itself")
def _(scene):
    alice = scene.node("alice")
    one, other = scene.node("sam", alice), scene.node("sam", alice)
    twin = scene.node("alice", alice)
    for node in (one, other, twin):
        scene.linked(alice, node)
        node.say(LOBBY, f"from {node.id}")
    alice.say(LOBBY, f"from {alice.id}")
    wait_until("all have spoken", lambda: len(alice.texts()) == 4)
    tail = alice.kith("tail", "--no-follow").expect(DONE).out.decode().splitlines()
    for node in (one, other, twin):
        line = next(line for line in tail if node.id in line)
        assert line[9:].startswith(f"{node.name}~{node.id[:12]}: "), line
    mine = next(line for line in tail if alice.id in line)[9:]
    assert mine.startswith(f"alice~{alice.id[:12]}~me: "), mine
    table = alice.kith("peers").expect(DONE).out.decode()
    for node in (one, other):
        assert f"sam~{node.id[:12]}" in table, table


if __name__ == "__main__":
    main()
