# SPDX-License-Identifier: MIT
"""Whom a node shuts out, and of whom it is sure: block, unblock, verify."""

import contextlib
import os
import pty
import json
import subprocess

from kithlib import (DONE, FAILED, NOT_FOUND, USAGE, WAIT_S, case, kith_path, main, same,
                     wait_until)

LOBBY = "#lobby"


def arrive(node, text):
    wait_until(f"{text!r} arrives at {node.name}", lambda: text in node.texts())


def knock(node, other):
    """It tries, and is shown out: the listener greets before it knows who is there."""
    lines = other.log().count("peer online")
    node.kith("connect", other.address)
    wait_until(f"{node.name} is shown out", lambda: other.id not in node.online())
    same(other.log().count("peer online"), lines, "what the other saw")


@case("a blocked peer is never linked again, over restarts too, until it is unblocked")
def _(scene):
    alice, bob = scene.pair()
    bob.say(LOBBY, "before")
    arrive(alice, "before")
    alice.kith("block", "bob").expect(DONE)
    wait_until("the link is gone", lambda: bob.id not in alice.online())
    wait_until("bob sees it", lambda: alice.id not in bob.online())
    assert "blocked" in alice.kith("peers").expect(DONE).out.decode()
    same(alice.texts(), [], "what alice is shown")
    alice.kith("send", bob.id, "x").expect(FAILED, "kith unblock")
    alice.kith("connect", bob.address).expect(FAILED, "blocked")
    knock(bob, alice)
    alice.stop()
    alice.start()
    knock(bob, alice)
    same((alice.peer(bob)["blocked"], alice.peer(bob)["state"]), (True, "offline"))
    alice.kith("unblock", "bob").expect(DONE)
    bob.kith("connect", alice.address).expect(DONE)
    scene.linked(alice, bob)
    same(alice.texts(), ["before"])


@case("what a blocked peer says in the lobby is passed on, and shown nowhere")
def _(scene):
    alice = scene.node("alice")
    bob = scene.node("bob", alice)
    scene.linked(alice, bob)
    alice.kith("block", bob.id).expect(DONE)
    carol = scene.node("carol", alice, bob)
    scene.linked(carol, alice)
    scene.linked(carol, bob)
    with subprocess.Popen([kith_path(), "tail", "--home", alice.home, "--json"],
                          stdout=subprocess.PIPE) as tail:
        bob.say(LOBBY, "spam")
        arrive(carol, "spam")
        carol.say(LOBBY, "ham")
        arrive(alice, "ham")
        line = tail.stdout.readline()
        tail.terminate()
    assert b"ham" in line and b"spam" not in line, line
    same(alice.texts(), ["ham"])
    dave = scene.node("dave", alice)  # who has it from alice alone
    arrive(dave, "spam")
    arrive(dave, "ham")
    alice.kith("unblock", bob.id).expect(DONE)
    same(alice.texts(), dave.texts(), "after the block")


@case("however much a blocked peer said, pages and searches have what the others did")
def _(scene):
    alice = scene.node("alice")
    bob, carol = scene.node("bob", alice), scene.node("carol", alice)
    scene.linked(alice, bob)
    scene.linked(alice, carol)
    carol.say(LOBBY, "a word before")
    wait_until("all heard it", lambda: alice.texts() == bob.texts() == ["a word before"])
    lines = json.dumps({"to": LOBBY, "text": "a word of many"}).encode() + b"\n"
    same(bob.request("POST", "/messages/batch", lines * 2500)[0], 200)
    wait_until("she has them all", lambda: len(alice.texts()) == 2501)
    alice.kith("block", bob.id).expect(DONE)
    carol.say(LOBBY, "a word after")
    arrive(alice, "a word after")
    words = ["a word before", "a word after"]
    for query, expected in (("limit=2", words), ("limit=2&order=newest", words[::-1]),
                            ("limit=3", words)):
        page = alice.request("GET", f"/messages?{query}")[1]
        same([message["text"] for message in page["messages"]], expected, query)
    found = alice.kith("search", "--json", "word").expect(DONE).lines()
    same(sorted(message["text"] for message in found), sorted(words))
    alice.kith("unblock", bob.id).expect(DONE)
    same(len(alice.texts()), 2502, "after the block")


def codes(node, other):
    out = node.kith("verify", "--json", other.id).expect(DONE).lines()[0]
    same((out["own_id"], out["id"]), (node.id, other.id))
    return out["code"]


@case("both sides see one code; a verified peer is what its name means, until that is undone")
def _(scene):
    alice = scene.node("alice")
    one, other = scene.node("sam", alice), scene.node("sam", alice)
    scene.linked(alice, one)
    scene.linked(alice, other)
    other.say(LOBBY, "known from now on")
    wait_until("she hears it", lambda: alice.texts() == ["known from now on"])
    same(codes(alice, one), codes(one, alice))
    assert codes(alice, one) != codes(alice, other)
    shown = alice.kith("verify", one.id).expect(DONE).out.decode()
    assert codes(alice, one) in shown and one.id in shown and alice.id in shown, shown
    same(alice.peer(one)["verified"], False, "after only looking")
    alice.kith("send", "sam", "which?").expect(NOT_FOUND)
    alice.kith("verify", one.id, "--yes").expect(DONE)
    alice.stop()
    alice.start()
    same((alice.peer(one)["verified"], alice.peer(other)["verified"]), (True, False))
    alice.kith("send", "sam", "to the one I know").expect(DONE)
    alice.kith("verify", one.id, "--undo").expect(DONE)
    same(alice.peer(one)["verified"], False)
    alice.kith("verify", one.id, "--yes", "--undo").expect(USAGE)
    assert b"whole id" in alice.kith("verify", "sam", "--yes").expect(USAGE).err
    alice.kith("verify", LOBBY).expect(USAGE)
    alice.kith("verify", "nobody").expect(NOT_FOUND)


def read_terminal(fd):
    """All that is written there until nobody has it any more."""
    out = b""
    with contextlib.suppress(OSError):  # EIO is its end
        while piece := os.read(fd, 4096):
            out += piece
    return out


@case("where the code goes to a file nothing is asked")
def _(scene):
    alice, bob = scene.pair()
    theirs, ours = pty.openpty()
    with open(os.path.join(scene.path, "code"), "w+b") as file:
        with subprocess.Popen([kith_path(), "verify", "--home", alice.home, "bob"],
                              stdin=ours, stdout=file) as asked:
            os.close(ours)
            same(asked.wait(WAIT_S), DONE)
        file.seek(0)
        assert b"[y/N]" not in file.read()
    os.close(theirs)
    same(alice.peer(bob)["verified"], False)


@case("on a terminal verify asks, and only a yes counts")
def _(scene):
    alice, bob = scene.pair()
    replies = {True: (b"y\n", b"Y\n", b"yes\n", b" Yes \n"),
               False: (b"n\n", b"\n", b"yesterday\n", b"yes, I think so\n", b"\x04")}
    for reply, is_verified in ((r, v) for v, some in replies.items() for r in some):
        alice.kith("verify", "bob", "--undo").expect(DONE)
        theirs, ours = pty.openpty()
        with subprocess.Popen([kith_path(), "verify", "--home", alice.home, "bob"],
                              stdin=ours, stdout=ours) as asked:
            os.close(ours)
            os.write(theirs, reply)
            shown = read_terminal(theirs)
        os.close(theirs)
        same(asked.returncode, DONE)
        same(alice.peer(bob)["verified"], is_verified, repr(reply))
        assert b"[y/N]" in shown, shown
        same(b"nothing was changed" in shown, not is_verified, repr(reply))


@case("who is verified is whose code was shown, whoever has the name by then")
def _(scene):
    alice, bob = scene.pair()
    mallory = scene.node("mallory", alice)
    scene.linked(alice, mallory)
    theirs, ours = pty.openpty()
    with subprocess.Popen([kith_path(), "verify", "--home", alice.home, "bob"],
                          stdin=ours, stdout=ours) as asked:
        os.close(ours)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(theirs, 4096)
        bob.kith("rename", "robert").expect(DONE)
        mallory.kith("rename", "bob").expect(DONE)
        wait_until("she has the name", lambda: alice.peer(mallory)["name"] == "bob")
        os.write(theirs, b"y\n")
        read_terminal(theirs)
    os.close(theirs)
    same((alice.peer(bob)["verified"], alice.peer(mallory)["verified"]), (True, False))


if __name__ == "__main__":
    main()
