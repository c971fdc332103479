# SPDX-License-Identifier: MIT
"""Nodes that talk: linking, direct and open rooms, absence and return, by the commands."""

import json
import os
import signal
import socket
import subprocess
import time

from kithlib import (DONE, FAILED, NO_NODE, NOT_FOUND, TIMED_OUT, case, is_soak, kith_path, main,
                     same, wait_until)

LOBBY = "#lobby"
LATE_S = 60 if is_soak else 5


def arrives(node, text, **query):
    return wait_until(f"'{text}' arrives at {node.name}",
                      lambda: next((m for m in node.history(**query) if m["text"] == text), None))


@case("the ready line says where the node can be reached and asked")
def _(scene):
    alice = scene.node("alice")
    ready = alice.ready
    same(ready["name"], "alice")
    same(ready["pid"], alice.process.pid)
    host, _, port = ready["listen"][0].rpartition(":")
    socket.create_connection((host, int(port))).close()
    assert alice.kith("id").expect(DONE).out.decode().split()[0] == ready["id"]
    same(alice.request("GET", "/self")[1]["id"], ready["id"])
    assert alice.kith("down").expect(DONE)
    alice.ended()
    alice.kith("peers").expect(NO_NODE, "kith up")


@case("a node links by --peer, over IPv4, IPv6 and a host name")
def _(scene):
    alice = scene.make("alice", host="127.0.0.1").start()
    bob = scene.node("bob", alice)
    scene.linked(alice, bob)
    port = alice.address.rpartition(":")[2]
    carol = scene.make("carol", "--peer", f"localhost:{port}").start()
    scene.linked(alice, carol)
    if socket.has_ipv6:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            return  # no IPv6 here
        dora = scene.make("dora", host="::1").start()
        assert dora.address.startswith("[::1]:"), dora.address
        erik = scene.node("erik", dora)
        scene.linked(dora, erik)
        dora.say(LOBBY, "over IPv6")
        arrives(erik, "over IPv6")


@case("a direct message reaches its target alone, and is marked as direct")
def _(scene):
    alice = scene.node("alice")
    bob, carol = scene.node("bob", alice), scene.node("carol", alice)
    scene.linked(alice, bob)
    scene.linked(alice, carol)
    alice.kith("send", "bob", "for", "bob", "alone").expect(DONE)
    alice.kith("send", bob.id, "by id").expect(DONE)
    alice.kith("send", bob.id[:16], "by prefix").expect(DONE)
    alice.kith("send", alice.peer(bob)["address"], "by address").expect(DONE)
    alice.kith("send", LOBBY, "for all").expect(DONE)
    for node in (bob, carol):
        got = arrives(node, "for all")
        assert not got["direct"] and not got["mine"] and got["author"] == alice.id, got
    for text in ("for bob alone", "by id", "by prefix", "by address"):
        got = arrives(bob, text)
        assert got["direct"] and not got["mine"] and got["name"] == "alice", got
    same(carol.texts(), ["for all"], "what carol has")
    carol.kith("send", alice.address, "by the address dialled").expect(DONE)
    assert arrives(alice, "by the address dialled")["direct"]
    tail = bob.kith("tail", "--no-follow").expect(DONE).out.decode()
    direct = next(line for line in tail.splitlines() if "for bob alone" in line)
    assert "alice @" in direct, direct
    same([m["text"] for m in bob.messages(LOBBY)], ["for all"])
    same(len(bob.messages("alice")), 4)
    alice.kith("send", "nobody", "x").expect(NOT_FOUND, "nobody")


@case("a target is a name, an id or its beginning, an address or a room; a time bounds what is shown")
def _(scene):
    alice, bob = scene.pair()
    targets = ("bob", bob.id, bob.id[:16], bob.id[:16].upper(),
               alice.peer(bob)["address"], LOBBY)
    for target in targets:
        alice.kith("send", target, f"to {target}").expect(DONE)
    wait_until("all arrive", lambda: len(bob.texts()) == len(targets))
    same([message["direct"] for message in bob.history()], [True] * 5 + [False])
    for target in targets[:5]:
        same([m["text"] for m in bob.messages(alice.id)], [f"to {t}" for t in targets[:5]])
        same(len(alice.messages(target)), 5, target)
    alice.kith("send", "bob", stdin="from a pipe\n\n".encode()).expect(DONE)
    arrives(bob, "from a pipe\n")
    history = alice.history()
    for place, message in enumerate(history):
        shown = alice.messages("--since", message["time"])
        same([m["text"] for m in shown if m["time"] >= message["time"]],
             [m["text"] for m in history if m["time"] >= message["time"]], f"since {place}")
        same(len(shown), sum(m["time"] >= message["time"] for m in history), f"since {place}")
    same(len(alice.messages("--since", "1h")), len(history))
    same(alice.messages("--since", "2199-01-01"), [])


@case("an ambiguous name is refused with the choices, one that is written out is not")
def _(scene):
    alice = scene.node("alice")
    one, other = scene.node("sam", alice), scene.node("sam", alice)
    scene.linked(alice, one)
    scene.linked(alice, other)
    refused = alice.kith("send", "sam", "to which?").expect(NOT_FOUND)
    for sam in (one, other):
        assert f"sam~{sam.id[:12]}" in refused.err.decode(), refused
    alice.kith("send", f"sam~{one.id[:12]}", "to you").expect(DONE)
    arrives(one, "to you")
    same(other.texts(), [])


@case("broadcast and the lobby reach everybody, linked or not")
def _(scene):
    alice = scene.node("alice")
    bob, carol = scene.node("bob", alice), scene.node("carol", alice)
    scene.linked(alice, bob)
    scene.linked(alice, carol)
    bob.kith("broadcast", "from", "bob").expect(DONE)
    alice.kith("broadcast", "from alice").expect(DONE)
    for node in (alice, bob, carol):
        arrives(node, "from bob")
        arrives(node, "from alice")


@case("who starts first does not matter: the dialler waits for its peer")
def _(scene):
    alice = scene.node("alice")
    address = alice.address
    alice.stop()
    bob = scene.make("bob", "--peer", address).start()
    said = bob.say(LOBBY, "is anybody there?")
    same(said["state"], "pending")
    wait_until("bob tried", lambda: bob.logs("no link", "EREFUSED"))
    alice.start()
    scene.linked(alice, bob)
    arrives(alice, "is anybody there?")
    alice.say(LOBBY, "now I am")
    arrives(bob, "now I am")


@case(f"a peer that starts {LATE_S} seconds late is joined at once, and has what was said")
def _(scene):
    alice = scene.node("alice")
    address = alice.address
    alice.stop()
    bob = scene.make("bob", "--peer", address).start()
    begun = time.monotonic()
    bob.say(LOBBY, "is it late?")
    wait_until("bob has tried for so long", lambda: time.monotonic() - begun > LATE_S,
               within_s=2 * LATE_S)
    alice.start()
    arrives(alice, "is it late?")
    assert bob.is_running()
    scene.linked(alice, bob)


@case("history and what was acknowledged survive kill -9 on both sides")
def _(scene):
    alice, bob = scene.pair()
    alice.say("bob", "direct before")
    bob.say(LOBBY, "open before")
    arrives(bob, "direct before")
    arrives(alice, "open before")
    for node in (alice, bob):
        node.kill()
    alice.kith("send", LOBBY, "x").expect(NO_NODE, "kith up")
    for node in (alice, bob):
        node.start()
        same(sorted(node.texts()), ["direct before", "open before"], node.name)
    scene.linked(alice, bob)
    alice.say("bob", "direct after")
    arrives(bob, "direct after")
    same(alice.texts(), bob.texts(), "the order both show")
    wait_until("all is delivered", lambda: all(
        m["state"] == "delivered" for m in alice.history() if m["direct"]))


@case("a message to an absent peer is pending, and delivered when it is back")
def _(scene):
    alice, bob = scene.pair()
    bob.stop()
    wait_until("bob is offline", lambda: alice.peer(bob)["state"] == "offline")
    late = alice.kith("send", "bob", "--json", "--wait", "delivered", "--timeout", "3",
                      "see you").expect(TIMED_OUT, "stored")
    same(late.lines()[0]["state"], "pending")
    said = alice.history()[-1]
    same((said["text"], said["state"], said["direct"]), ("see you", "pending", True))
    waiting = subprocess.Popen(
        [kith_path(), "send", "--home", alice.home, "--wait", "delivered", "--timeout", "60",
         "bob", "and this"], stdout=subprocess.DEVNULL)
    arrives(alice, "and this")
    bob.start()
    same(waiting.wait(120), DONE, "exit code of --wait delivered")
    arrives(bob, "see you")
    wait_until("both are delivered", lambda: all(
        m["state"] == "delivered" for m in alice.history()))
    same(bob.texts(), ["see you", "and this"], "at bob, in order")
    alice.kith("send", "--wait", "delivered", "bob", "at once").expect(DONE)


@case("what was said while a peer was away comes from whoever has it")
def _(scene):
    alice = scene.node("alice")
    bob = scene.node("bob", alice)
    carol = scene.node("carol", bob)
    scene.linked(alice, bob)
    scene.linked(bob, carol)
    alice.say(LOBBY, "one")
    arrives(carol, "one")
    carol.kill()
    alice.say(LOBBY, "two")
    arrives(bob, "two")
    alice.stop()
    carol.start()
    got = arrives(carol, "two")
    same(got["author"], alice.id, "author of what bob passed on")


@case("tail goes on with what is said, each message once, and over a restart")
def _(scene):
    alice, bob = scene.pair()
    alice.say(LOBBY, "before")
    arrives(bob, "before")
    with open(bob.home + ".tail", "wb") as out:
        tail = subprocess.Popen([kith_path(), "tail", "--home", bob.home, "--json"], stdout=out,
                                stderr=subprocess.DEVNULL)
    scene.at_end(lambda: tail.poll() is None and (tail.kill(), tail.wait()))

    def shown():
        with open(bob.home + ".tail", "rb") as file:
            return [json.loads(line)["text"] for line in file.read().split(b"\n")[:-1]]

    wait_until("history is shown", lambda: shown() == ["before"])
    alice.say(LOBBY, "during")
    wait_until("what is said is shown", lambda: shown() == ["before", "during"])
    bob.stop()
    bob.start()
    scene.linked(alice, bob)
    alice.say(LOBBY, "after")
    wait_until("what is said after a restart is shown",
               lambda: shown() == ["before", "during", "after"])
    tail.send_signal(signal.SIGINT)
    assert tail.wait(60) in (0, -signal.SIGINT), tail.returncode


@case("who writes to what is full is told so, and said nothing unseen: tail and chat end with 1")
def _(scene):
    alice, bob = scene.pair()
    alice.say(LOBBY, "before")
    arrives(bob, "before")

    def full(*args, stdin=b""):
        """Standard output takes nothing."""
        with open("/dev/full", "wb") as out:
            return subprocess.run([kith_path(), *args, "--home", bob.home], input=stdin, stdout=out,
                                  stderr=subprocess.PIPE, timeout=60, check=False)

    for done in (full("tail"), full("tail", "--no-follow"), full("chat", stdin=b"unseen\n")):
        same(done.returncode, FAILED, done.args)
        assert b"cannot be written: No space left" in done.stderr, done
    same(bob.texts(), ["before"])
    # A file that may grow by one block of 512 bytes: history fits, what comes then does not.
    with open(bob.home + ".tail", "wb") as out:
        tail = subprocess.Popen(["sh", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "sh", kith_path(),
                                 "tail", "--home", bob.home], stdout=out, stderr=subprocess.PIPE)
    scene.at_end(lambda: tail.poll() is None and (tail.kill(), tail.wait()))
    wait_until("history is shown", lambda: os.path.getsize(bob.home + ".tail") > 0)
    alice.say(LOBBY, "x" * 2000)
    told = tail.communicate(timeout=60)[1]
    same(tail.returncode, FAILED, told)
    assert b"cannot be written: File too large" in told, told


@case("tail and a chat in a pipe end at once when their reader does, whatever is said")
def _(scene):
    alice = scene.node("alice")
    for command in (("tail",), ("chat",)):
        alice.say(LOBBY, "before")
        run = subprocess.Popen([kith_path(), *command, "--home", alice.home],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        scene.at_end(lambda run=run: run.poll() is None and (run.kill(), run.wait()))
        while b"before" not in run.stdout.readline():
            pass
        run.stdout.close()
        assert run.wait(60) in (DONE, -signal.SIGPIPE), (command, run.returncode)
        same(run.stderr.read(), b"")


@case("connect, disconnect and rename are seen on both sides")
def _(scene):
    alice, bob = scene.node("alice"), scene.node("bob")
    alice.kith("connect", bob.address).expect(DONE)
    scene.linked(alice, bob)
    carol = scene.node("carol", alice)
    scene.linked(alice, carol)
    bob.kith("rename", "robert", "the", "2nd").expect(DONE)
    wait_until("the new name", lambda: alice.peer(bob)["name"] == "robert the 2nd")
    alice.kith("send", "robert the 2nd", "by the new name").expect(DONE)
    arrives(bob, "by the new name")
    alice.kith("disconnect", "robert the 2nd").expect(DONE)
    for one, other in ((alice, bob), (bob, alice)):
        wait_until("offline", lambda o=one, p=other: o.peer(p)["state"] == "offline")
    alice.kith("send", "--wait", "delivered", "--timeout", "0.1", "robert the 2nd", "later").expect(
        TIMED_OUT, "disconnected by hand", "kith connect")
    assert carol.id in alice.online()
    alice.kith("connect", bob.address).expect(DONE)
    arrives(bob, "later")
    scene.linked(alice, bob)
    gone = scene.node("gone")
    address = gone.address
    gone.stop()
    alice.kith("connect", address).expect(FAILED, address.rpartition(":")[0])
    alice.kith("disconnect", "nobody").expect(NOT_FOUND, "nobody")


if __name__ == "__main__":
    main()
