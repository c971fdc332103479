#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nodes that know nothing of each other but a tracker, by the real programs."""

import os
import socket
import time

from kithlib import DONE, FAILED, NOT_FOUND, case, main, same, wait_until
from trackerlib import Tracker

TRACKERS_MAX = 8  # KITH_TRACKERS_MAX
SOON_S = 5  # a tracker that is back is used by then; here with a margin for loaded machines


def tracker(scene, *flags, **options):
    return Tracker(scene, "--max-per-address", "1000", *flags, **options).start()


def at(*trackers):
    return [word for t in trackers for word in ("--tracker", f"{t.address}/{t.id}")]


def node(scene, name, *trackers, flags=()):
    return scene.make(name, *at(*trackers), *flags).start()


def states(one):
    status, answer = one.request("GET", "/trackers")
    assert status == 200, (status, answer)
    return [t["state"] for t in answer["trackers"]]


def registered(*nodes):
    for one in nodes:
        wait_until(f"{one.name} is registered everywhere",
                   lambda o=one: set(states(o)) == {"registered"})


def hears(receiver, text):
    wait_until(f"{receiver.name} hears {text!r}", lambda: text in receiver.texts())


@case("two who know only a tracker are linked, and talk")
def two(scene):
    meeting = tracker(scene)
    alice = node(scene, "alice", meeting)
    begun = time.monotonic()
    bob = node(scene, "bob", meeting)
    scene.linked(alice, bob)
    print(f"# linked {time.monotonic() - begun:.2f} s after the second was started")
    alice.kith("send", "bob", "hello", "--wait", "delivered").expect(DONE)
    hears(bob, "hello")
    same(meeting.here(), ["alice", "bob"])


@case("ten are linked each to each, and a late one hears of the earlier ones")
def ten(scene):
    meeting = tracker(scene)
    nodes = [node(scene, f"n{number}", meeting) for number in range(10)]
    scene.linked(*nodes)
    nodes[0].say("#lobby", "before")
    late = node(scene, "late", meeting)
    scene.linked(*nodes, late)
    hears(late, "before")


@case("other networks, and another passphrase, meet nobody at the same tracker")
def networks(scene):
    meeting = tracker(scene)
    secret = {"KITH_NETWORK_PASSPHRASE": "seven small otters sing"}
    alice = node(scene, "alice", meeting)
    bob = node(scene, "bob", meeting, flags=("--network", "work"))
    carol = scene.make("carol", *at(meeting), env=secret).start()
    dave = scene.make("dave", *at(meeting), env=secret).start()
    registered(alice, bob, carol, dave)
    scene.linked(carol, dave)
    same([alice.peers(), bob.peers()], [[], []])
    same(int(meeting.stats()["networks"]), 3)


@case("the tracker stops: the chat goes on, also after both were restarted")
def stopped(scene):
    meeting = tracker(scene)
    alice, bob = (node(scene, name, meeting) for name in ("alice", "bob"))
    scene.linked(alice, bob)
    meeting.kill()
    alice.say("bob", "without it")
    hears(bob, "without it")
    wait_until("it is told that the tracker is gone", lambda: states(alice) == ["failed"])
    assert alice.logs("tracker", "not registered"), alice.log()
    alice.kith("doctor").expect(DONE)
    for one in (alice, bob):
        one.stop()
        one.start()
    scene.linked(alice, bob)
    bob.say("alice", "met again")
    hears(alice, "met again")


@case("a tracker that comes late, and one that was restarted, is used soon")
def late(scene):
    meeting = tracker(scene)
    meeting.stop()
    alice, bob = (node(scene, name, meeting) for name in ("alice", "bob"))
    wait_until("nobody is there", lambda: states(alice) == ["failed"])
    for _ in range(2):
        meeting.start()
        begun = time.monotonic()
        registered(alice, bob)
        took = time.monotonic() - begun
        print(f"# registered {took:.2f} s after it was there")
        assert took < 6 * SOON_S, took
        scene.linked(alice, bob)
        meeting.kill()
        wait_until("it is missed", lambda: states(alice) == ["failed"])


@case("a port that a connection of another program has is no hindrance")
def held(scene):
    meeting = tracker(scene)
    with socket.create_connection((meeting.host, meeting.port)) as other:
        port = other.getsockname()[1]
        alice = scene.make("alice", *at(meeting))
        alice.port = port
        alice.start()
        same(alice.port, port)
        registered(alice)
        assert alice.logs("tracker", "not registered"), alice.log()
        bob = node(scene, "bob", meeting)
        scene.linked(alice, bob)


@case("of two trackers one may go, and lie or be none at all")
def several(scene):
    good, gone = tracker(scene), tracker(scene)
    gone.kill()
    alice = node(scene, "alice", gone, good)
    bob = node(scene, "bob", good, flags=("--tracker", f"{scene.host()}:9"))
    scene.linked(alice, bob)
    wait_until("it is told which is which", lambda: states(alice) == ["failed", "registered"])


@case("a tracker that shows another key is refused, and why is told")
def swapped(scene):
    meeting = tracker(scene)
    alice = scene.make("alice", "--tracker", meeting.address).start()
    registered(alice)
    meeting.kill()
    os.rename(meeting.home, meeting.home + ".old")
    meeting.start()
    wait_until("it is told", lambda: alice.logs("another key than before"))
    same(states(alice), ["failed"])
    alice.stop()
    alice.start()
    wait_until("it is told after a restart", lambda: states(alice) == ["failed"])
    same(meeting.here(), [])
    alice.stop()
    alice.flags = at(meeting)
    alice.start()
    registered(alice)


@case("a look-up finds who is there and who was, by name and by id, and picks none")
def look_up(scene):
    meeting = tracker(scene)
    alice, bob, other = (node(scene, name, meeting) for name in ("alice", "Bob", "bob"))
    registered(alice, bob, other)
    found = alice.kith("lookup", "--json", "BOB").expect(DONE).lines()
    same({f["id"] for f in found}, {bob.id, other.id})
    same({f["state"] for f in found}, {"here"})
    bob.stop()
    wait_until("one has gone", lambda: [f["state"] for f in alice.kith(
        "lookup", "--json", bob.id).expect(DONE).lines()] == ["away"])
    alice.kith("lookup", "nobody").expect(NOT_FOUND, "no tracker knows")
    meeting.kill()
    wait_until("it is missed", lambda: states(alice) == ["failed"])
    meeting.start()
    registered(alice)
    same([f["id"] for f in alice.kith("lookup", "--json", bob.id).expect(DONE).lines()],
         [bob.id])


@case("without a tracker a look-up says what to do")
def no_tracker(scene):
    alice = scene.make("alice").start()
    alice.kith("lookup", "bob").expect(FAILED, "--tracker")


@case("a rename is seen at the tracker; leaving is too, at once")
def rename(scene):
    meeting = tracker(scene)
    alice, bob = (node(scene, name, meeting) for name in ("alice", "bob"))
    registered(alice, bob)
    alice.kith("rename", "alicia").expect(DONE)
    wait_until("it has the new name", lambda: meeting.here() == ["alicia", "bob"])
    alice.stop()
    wait_until("she is gone", lambda: meeting.here() == ["bob"])
    bob.kill()
    wait_until("he is gone", lambda: meeting.here() == [])


@case("an invite is enough: to a person and to a room, through its tracker, and kept")
def invite(scene):
    meeting = tracker(scene)
    alice = node(scene, "alice", meeting)
    registered(alice)
    alice.kith("join", "#garden").expect(DONE)
    link = alice.kith("invite").expect(DONE).out.decode().strip()
    room = alice.kith("invite", "#garden").expect(DONE).out.decode().strip()
    alice.kill()
    bob = scene.make("bob").start()
    # Nobody is there yet; the link is followed on and on, over restarts too.
    bob.kith("connect", link).expect(5, "looked for on and on")
    bob.stop()
    alice.port = 0
    alice.start()
    bob.start()
    scene.linked(alice, bob)
    bob.kith("join", room).expect(DONE)
    bob.say("#garden", "roses")
    hears(alice, "roses")
    bob.kith("connect", "kith:add/nobody").expect(2, "no invite")
    bob.kith("connect", link.replace("net=home", "net=work")).expect(
        FAILED, "the network “work”", "--network")


@case("an invite's tracker for which there is no place is told of, and what else it says is done")
def no_place(scene):
    meeting = tracker(scene)
    alice = node(scene, "alice", meeting)
    registered(alice)
    link = alice.kith("invite").expect(DONE).out.decode().strip()
    dead = [word for number in range(1, TRACKERS_MAX + 1)
            for word in ("--tracker", f"{scene.host()}:{number}")]
    bob = scene.make("bob", *dead).start()
    bob.kith("connect", link).expect(DONE)
    scene.linked(alice, bob)
    wait_until("it is told", lambda: bob.logs("an invite's tracker is not used", "start with"))
    same(len(states(bob)), TRACKERS_MAX)
    assert "is not used" in bob.kith("doctor").out.decode()


main()
